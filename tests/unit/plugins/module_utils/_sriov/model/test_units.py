# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of services."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.units import unit_name


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("dpdk-app", "dpdk-app.service"),
        ("dpdk-app.service", "dpdk-app.service"),
        ("dpdk.app", "dpdk.app.service"),
        ("dpdk@0", "dpdk@0.service"),
        (r"a\x2db", r"a\x2db.service"),
    ],
)
def test_a_service_is_named_with_or_without_its_kind(text, whole):
    assert unit_name("release[0]", text) == whole


@pytest.mark.parametrize(
    "text",
    ["", "-f", "--now", "a b", "a/b", "a\nb", "a*", "\u0661", "dpdk@", "dpdk@.service", ".service", "a" * 256, "a\0"],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(InvalidRequest) as raised:
        unit_name("release[0]", text)
    assert str(raised.value) == (f"release[0]: {text!r} is no name of a unit. Remedy: write it as in dpdk-app.service.")


@pytest.mark.parametrize("text", ["session-3.scope", "system.slice", "multi-user.target", "app.socket"])
def test_only_services_are(text):
    with pytest.raises(InvalidRequest, match=f"{text} is no service: only a service is stopped and started again"):
        unit_name("release[0]", text)
