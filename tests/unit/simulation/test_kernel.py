# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated kernel itself: it answers as drivers/pci/iov.c, drivers/base/bus.c and vfio do, in their order."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written

PF = hosts.IGB.address
VF0 = hosts.IGB.vf(0)
NUM_VFS = f"/sys/bus/pci/devices/{PF}/sriov_numvfs"
AUTOPROBE = f"/sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe"
OVERRIDE = f"/sys/bus/pci/devices/{VF0}/driver_override"
UNBIND = f"/sys/bus/pci/devices/{VF0}/driver/unbind"
PROBE = "/sys/bus/pci/drivers_probe"
LOADED = (*hosts.LOADED, "vfio-pci")


def answer(kernel, path, value):
    try:
        kernel.sysfs.write(path, value)
    except KernelRefused as refused:
        return errno.errorcode[refused.errno]
    return "ok"


def driver(kernel, address=VF0):
    return kernel.sysfs.link_name(f"/sys/bus/pci/devices/{address}/driver")


@pytest.mark.parametrize(
    ("present", "value", "expected"),
    [
        (0, "x", "EINVAL"),
        (0, "", "EINVAL"),
        (0, "-1", "EINVAL"),
        (0, "65536", "EINVAL"),
        (0, "8", "ERANGE"),
        (2, "8", "ERANGE"),
        (2, "2", "ok"),
        (2, "3", "EBUSY"),
        (2, "0", "ok"),
        (0, "0x3", "ok"),
        (0, "010", "ERANGE"),
        (0, "5", "ENOMEM"),
    ],
)
def test_a_number_of_vfs_is_checked_in_the_kernels_order(tmp_path, present, value, expected):
    kernel = simulate(tmp_path, hosts.host(), Behaviour(refuses={5: errno.ENOMEM}))
    if present:
        kernel.sysfs.write(NUM_VFS, str(present))
    assert answer(kernel, NUM_VFS, value) == expected


def test_without_its_driver_a_pf_has_no_vfs(tmp_path):
    files = hosts.host()
    del files[f"{hosts.DEVICES}/{PF}/driver"]
    kernel = simulate(tmp_path, files)
    assert answer(kernel, NUM_VFS, "8") == "ERANGE"
    assert answer(kernel, NUM_VFS, "0") == "ok"
    assert answer(kernel, NUM_VFS, "2") == "ENOENT"


def test_vfs_come_and_go(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    before = set(kernel.sysfs.names("/sys/bus/pci/devices"))
    kernel.sysfs.write(NUM_VFS, "2")
    assert set(kernel.sysfs.names("/sys/bus/pci/devices")) - before == {"0000:01:10.0", "0000:01:10.2"}
    assert kernel.sysfs.link_name(f"/sys/bus/pci/devices/{VF0}/net/../physfn") == PF
    kernel.sysfs.write(NUM_VFS, "0")
    assert set(kernel.sysfs.names("/sys/bus/pci/devices")) == before
    assert kernel.sysfs.names("/sys/kernel/iommu_groups") == ["0", "1"]


def test_a_change_from_a_child_process_is_seen(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    kernel.sysfs.write(NUM_VFS, "2", timeout=5)
    assert (kernel.sysfs.read(NUM_VFS), driver(kernel)) == ("2", "igbvf")
    assert written(kernel) == [f"{NUM_VFS} 2"]


def test_without_autoprobe_a_vf_needs_an_override(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    kernel.sysfs.write(AUTOPROBE, "0")
    kernel.sysfs.write(NUM_VFS, "1")
    assert driver(kernel) is None
    assert (answer(kernel, PROBE, VF0), driver(kernel)) == ("ok", None)
    kernel.sysfs.write(OVERRIDE, "igbvf\n")
    assert (answer(kernel, PROBE, VF0), driver(kernel)) == ("ok", "igbvf")


def test_an_override_is_cleared_by_a_newline_and_not_by_nothing(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    kernel.sysfs.write(NUM_VFS, "1")
    kernel.sysfs.write(OVERRIDE, "none\n")
    kernel.sysfs.write(OVERRIDE, "")
    assert kernel.sysfs.read(OVERRIDE) == "none"
    kernel.sysfs.write(OVERRIDE, "\n")
    assert kernel.sysfs.read(OVERRIDE) == "(null)"


def test_unbind_and_probe_want_a_device_that_is_theirs(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    kernel.sysfs.write(NUM_VFS, "1")
    assert answer(kernel, UNBIND, "0000:01:10.2") == "ENODEV"
    assert answer(kernel, UNBIND, VF0) == "ok"
    assert answer(kernel, UNBIND, VF0) == "ENOENT"
    assert answer(kernel, PROBE, "0000:09:00.0") == "ENODEV"
    assert kernel.sysfs.names("/sys/class/net") == ["enp1s0", "eth0", "lo"]


def test_vfio_pci_takes_only_what_it_is_reported_to(tmp_path):
    kernel = simulate(tmp_path, hosts.host(loaded=LOADED))
    kernel.sysfs.write(NUM_VFS, "1")
    kernel.sysfs.write(OVERRIDE, "vfio-pci\n")
    kernel.sysfs.write(UNBIND, VF0)
    assert (answer(kernel, PROBE, VF0), driver(kernel)) == ("ok", "vfio-pci")
    assert kernel.sysfs.names("/dev/vfio") == ["2"]
    kernel.sysfs.write(UNBIND, VF0)
    assert kernel.sysfs.names("/dev/vfio") == []


def test_vfio_pci_without_iommu_wants_its_unsafe_mode(tmp_path):
    kernel = simulate(tmp_path, hosts.host(iommu=False, loaded=LOADED))
    kernel.sysfs.write(AUTOPROBE, "0")
    kernel.sysfs.write(NUM_VFS, "1")
    kernel.sysfs.write(OVERRIDE, "vfio-pci\n")
    assert answer(kernel, PROBE, VF0) == "EINVAL"
    kernel.sysfs.write(f"/{hosts.NO_IOMMU}", "Y")
    assert answer(kernel, PROBE, VF0) == "ok"
    assert kernel.sysfs.names("/dev/vfio") == ["noiommu-0"]
    kernel.sysfs.write(UNBIND, VF0)
    assert (kernel.sysfs.names("/dev/vfio"), kernel.sysfs.names("/sys/kernel/iommu_groups")) == ([], [])


def test_udev_loads_the_module_of_a_new_device(tmp_path):
    kernel = simulate(tmp_path, hosts.host(loaded=("igb",)))
    kernel.sysfs.write(NUM_VFS, "1")
    assert driver(kernel) is None
    kernel.settle(1)
    assert driver(kernel) == "igbvf"
    assert os.path.isdir(kernel.sysfs.path(f"/sys/bus/pci/devices/{VF0}/net/enp1s0v0"))


@pytest.mark.parametrize(
    ("nic", "cpus", "num_vfs", "channels"),
    [
        (hosts.IGB, 16, 0, 8),
        (hosts.IGB, 16, 1, 2),
        (hosts.IXGBE, 32, 0, 32),
        (hosts.IXGBE, 32, 31, 4),
        (hosts.IXGBE, 32, 32, 2),
    ],
)
def test_channels_follow_the_driver(tmp_path, nic, cpus, num_vfs, channels):
    kernel = simulate(tmp_path, hosts.host(nic, cpus=cpus))
    kernel.sysfs.write(NUM_VFS, str(num_vfs))
    assert kernel.ethtool.channels("enp1s0").combined == channels
    assert kernel.ethtool.channels("eth0") is None
