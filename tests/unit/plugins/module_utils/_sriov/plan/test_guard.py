# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may take away what: each act with the consent that it needs, under every consent that can be given."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse, WouldDestroy
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Consent
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan import guard
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    ROUTE,
    RULE,
    SSH,
    desired_vfs,
    pf,
    pf_device,
    vf,
)

RECREATE, FORCE, RESET = "recreate", "force", "allow_link_reset"
NEVER = "never"
ALL_CONSENTS = [Consent(*given) for given in itertools.product((False, True), repeat=3)]
MAC = "02:00:00:00:aa:00"


def of(*holders):
    """A PF with a VF that these hold."""
    return pf(1, vfs=(vf(holders=holders),))


def vfs(state, count):
    return lambda consent: guard.check_num_vfs(state, count, "num_vfs", consent)


def down(state):
    return lambda _consent: guard.check_down(state)


def reset(state):
    return lambda consent: guard.check_reset(state, "channels", consent)


def driver(device, target="vfio-pci"):
    return lambda consent: guard.check_driver_change(device, target, consent.force)


def attributes(member, change=None, **desired):
    wanted = desired_vfs(**desired)
    written = wanted.attributes if change is None else change
    return lambda consent: guard.check_vf_change(pf(1, vfs=(member,)), member, wanted, written, consent.force)


def channels(*kept):
    return lambda _consent: guard.check_channels(pf(), "channels", kept)


@pytest.mark.parametrize(
    ("act", "needed"),
    [
        pytest.param(vfs(pf(), 4), set(), id="first VFs"),
        pytest.param(vfs(pf(holders=(BUSY,)), 4), set(), id="first VFs of a PF that a program uses"),
        pytest.param(vfs(pf(holders=(SSH,)), 4), {RESET}, id="first VFs of the PF that carries SSH"),
        pytest.param(vfs(pf(holders=(ROUTE,)), 4), {RESET}, id="first VFs of the PF of a default route"),
        pytest.param(vfs(pf(2), 0), set(), id="no VFs: that names them all"),
        pytest.param(vfs(pf(2), 4), {RECREATE}, id="more VFs destroy those that are there"),
        pytest.param(vfs(of(BUSY), 0), {FORCE}, id="a VF that a program uses"),
        pytest.param(vfs(of(BUSY), 4), {RECREATE, FORCE}, id="the same, for more VFs"),
        pytest.param(vfs(of(ROUTE), 0), {FORCE, RESET}, id="a VF of a default route"),
        pytest.param(vfs(of(SSH), 0), NEVER, id="the VF that carries SSH"),
        pytest.param(vfs(of(BUSY, SSH), 4), NEVER, id="the same, whoever else uses it"),
        pytest.param(down(pf(holders=(BUSY,))), set(), id="down"),
        pytest.param(down(pf(holders=(ROUTE,))), NEVER, id="down, with a default route"),
        pytest.param(down(of(SSH)), NEVER, id="down, with a VF that carries SSH"),
        pytest.param(reset(pf(2)), set(), id="a reset"),
        pytest.param(reset(pf(holders=(SSH,))), {RESET}, id="a reset under SSH"),
        pytest.param(reset(of(ROUTE)), {RESET}, id="a reset under a VF's default route"),
        pytest.param(reset(of(BUSY)), {FORCE}, id="a reset under a program"),
        pytest.param(reset(of(BUSY, SSH)), {FORCE, RESET}, id="a reset under both"),
        pytest.param(driver(vf()), set(), id="another driver"),
        pytest.param(driver(vf(holders=(BUSY,))), {FORCE}, id="another driver for a device in use"),
        pytest.param(driver(vf(holders=(ROUTE,)), None), {FORCE}, id="no driver for a default route's device"),
        pytest.param(driver(vf(holders=(SSH,))), NEVER, id="another driver for what carries SSH"),
        pytest.param(driver(pf_device()), {FORCE}, id="the PF itself"),
        pytest.param(driver(pf_device(driver="vfio-pci"), "igb"), set(), id="the PF back to the kernel"),
        pytest.param(driver(pf_device(num_vfs=2)), NEVER, id="a PF whose VFs live on its driver"),
        pytest.param(attributes(vf(holders=(BUSY,)), trust=True), set(), id="an attribute of a VF in use"),
        pytest.param(attributes(vf(), mac=MAC), set(), id="an address of a free VF"),
        pytest.param(attributes(vf(holders=(BUSY,)), mac=MAC), {FORCE}, id="an address of a VF in use"),
        pytest.param(
            attributes(vf(holders=(BUSY,)), VfAttributes(), mac=MAC), {FORCE}, id="written already, not yet taken"
        ),
        pytest.param(attributes(vf(holders=(SSH,)), trust=True), NEVER, id="an attribute of the VF that carries SSH"),
        pytest.param(attributes(vf(holders=(SSH,)), mtu=1400), NEVER, id="its MTU"),
        pytest.param(attributes(vf(holders=(SSH,)), VfAttributes(), mac=MAC), NEVER, id="its address, written already"),
        pytest.param(attributes(vf(holders=(SSH,)), VfAttributes(), mtu=0), set(), id="nothing of it"),
        pytest.param(channels(), set(), id="fewer channels"),
        pytest.param(channels(RULE), NEVER, id="fewer channels than a rule needs"),
    ],
)
def test_an_act_needs_its_consent_and_no_other(act, needed):
    for consent in ALL_CONSENTS:
        given = {name for name, value in consent._asdict().items() if value}
        if needed != NEVER and needed <= given:
            act(consent)
            continue
        with pytest.raises((InUse, WouldDestroy)) as refused:
            act(consent)
        assert refused.value.remedy
        if needed != NEVER:
            assert any(f"{name}: true" in refused.value.remedy for name in needed - given), "it names what is missing"


def test_what_carries_the_operator_is_told_from_what_does_not():
    assert guard.carries_ssh(pf(holders=(SSH,))) and guard.carries_ssh(of(SSH))
    assert not guard.carries_ssh(pf(holders=(ROUTE,))) and not guard.carries_ssh(of(BUSY))
