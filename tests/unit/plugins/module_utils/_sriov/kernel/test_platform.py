# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel and the firmware tell of a host that is prepared; what cannot be read is not absent."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import NotKnown
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.platform import cpu_set
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import (
    ACPI,
    CPUS,
    NODES,
    PF,
    kernel_on,
    machine,
    variable,
)

READS = {
    f"{ACPI}/DMAR": lambda found: found.iommu_table(),
    "proc/cmdline": lambda found: found.line(),
    f"{CPUS}/online": lambda found: found.cpus(),
    f"{NODES}/node0/meminfo": lambda found: found.nodes(),
    f"{NODES}/node0/hugepages/hugepages-2048kB/nr_hugepages": lambda found: found.pools(),
    f"sys/bus/pci/devices/{PF.address}/iommu_group": lambda found: found.group(PF.address),
    "sys/kernel/iommu_groups/1/name": lambda found: found.group(PF.address),
}


@pytest.mark.parametrize("path", READS)
def test_what_cannot_be_read_is_not_absent(tmp_path, path):
    READS[path](kernel_on(tmp_path, machine()).platform)
    unreadable = kernel_on(tmp_path, unreadable=f"/{path}").platform
    with pytest.raises(NotKnown, match="cannot read /"):
        READS[path](unreadable)


def test_the_boot_loader_as_the_firmware_keeps_it(tmp_path):
    found = kernel_on(tmp_path, {**machine(), **variable("LoaderInfo", "systemd-boot 257-1")}).platform
    assert (found.firmware_says("LoaderInfo"), found.firmware_says("StubInfo")) == ("systemd-boot 257-1", "")


@pytest.mark.parametrize(
    ("mounts", "read_only"),
    [("/dev/a / ext4 rw 0 0", False), ("/dev/a / btrfs ro,x 0 0", True), ("a / ext4 ro 0 0\nb / ext4 rw 0 0", False)],
)
def test_whether_the_system_is_read_only(tmp_path, mounts, read_only):
    assert kernel_on(tmp_path, {**machine(), "proc/mounts": mounts}).platform.root_is_read_only() is read_only


@pytest.mark.parametrize(("text", "cpus"), [("", set()), ("(null)", set()), ("0-2,5", {0, 1, 2, 5}), (" 7\n", {7})])
def test_cpus(text, cpus):
    assert cpu_set(text) == cpus


def test_memory_of_a_node(tmp_path):
    (node,) = kernel_on(tmp_path, machine()).platform.nodes()
    assert (node.number, node.total, node.available) == (0, 16 << 20, 12 << 20)
