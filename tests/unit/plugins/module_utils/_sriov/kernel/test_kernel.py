# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands beside `ip`: modprobe, udevadm."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.tests.unit.support.commands import Answers


@pytest.mark.parametrize(
    ("answer", "module"),
    [
        ((0, "vfio_pci\n", ""), "vfio_pci"),
        ((0, "igbvf\nother\n", ""), "igbvf"),
        ((0, "", ""), None),
        ((127, "", ""), None),
    ],
)
def test_a_module_is_found_by_its_alias(answer, module):
    run = Answers(modprobe=answer)
    assert Kernel(run).resolve_module("pci:v8086") == module
    assert Kernel(run).resolve_modules("pci:v8086") == (answer[1].split() if module else [])
    assert set(run.calls) == {"modprobe --resolve-alias -- pci:v8086"}


def test_no_name_is_taken_for_an_option():
    run = Answers(modprobe=(1, "", "modprobe: FATAL: Module -c not found"))
    assert Kernel(run).resolve_module("-c") is None
    assert Kernel(run).load_module("-c") == "modprobe: FATAL: Module -c not found"
    assert run.calls == ["modprobe --resolve-alias -- -c", "modprobe -- -c"]


def test_udev_gets_whole_seconds_and_no_more_than_there_are():
    run = Answers(udevadm=(127, "", "no such command"))
    Kernel(run).settle(0.2)
    Kernel(run).settle(9.9)
    assert run.calls == ["udevadm settle --timeout=0", "udevadm settle --timeout=9"]
