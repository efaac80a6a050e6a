# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of a boot as JSON and back."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.boot import (
    BootHost,
    BootPf,
    from_boot,
    to_boot,
    without_consent,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import BIFURCATED, CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredPf,
    DesiredVfs,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector

PF = DesiredPf("0000:01:00.0", num_vfs=2, vfs=(DesiredVfs(parse_selector("0-1"), {"mac": "auto"}, "vfs[0]"),))
HOST = BootHost((BootPf(PF, "02:00:00:00:01:00", "enp1s0", "ixgbe"), BootPf(PF, None, "", "")), "1.2.3", 180.0, 30.0)


def test_it_comes_back_as_it_was():
    assert to_boot(json.loads(json.dumps(from_boot(HOST)))) == HOST


def test_a_later_one_is_refused_by_its_number():
    with pytest.raises(ValueError, match="its schema is 2, and this version knows 1 and earlier"):
        to_boot({**from_boot(HOST), "schema": 2})


def test_consent_is_of_one_run_but_for_what_a_vf_is_for():
    pf = PF._replace(allow=frozenset(CONSENTS), release=frozenset(("app.service",)), kept=PF.vfs)
    kept = without_consent(Desired((pf,))).pfs[0]
    assert (kept.allow, kept.release, kept.kept, kept.vfs) == ({BIFURCATED}, frozenset(), (), PF.vfs)
