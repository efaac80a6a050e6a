# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps on PFs on the simulated kernel: what is done, what is put back when one fails, and what is said then."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    KernelRefused,
    NotSupported,
    TookTooLong,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import pci as steps
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import (
    BIND,
    DEVICE,
    LABEL,
    LONG,
    NUM_VFS,
    PF,
    SHORT,
    VF0,
    failure,
    number_of_vfs,
    perform,
    recreate,
)

CHANNELS = "give the PF fewer channels (ethtool -L): its VFs have what it leaves of rings, and look at dmesg"
LOADED = (*hosts.LOADED, "vfio-pci")


def driver(kernel):
    return kernel.sysfs.link_name(f"{DEVICE}/driver")


def override(kernel):
    return kernel.sysfs.read(f"{DEVICE}/driver_override")


def test_a_number_that_is_refused_puts_the_old_one_back(kernel_with):
    kernel = kernel_with(2, refuses={7: errno.ENOMEM})
    plan = recreate(7)
    with pytest.raises(KernelRefused) as failed:
        apply_steps(kernel, plan, Deadline(LONG))
    assert str(failed.value) == (
        f"cannot set sriov_numvfs to 7 on {LABEL}: the kernel refused '7' for {NUM_VFS}; there are 2 VFs again, new "
        "ones [ENOMEM: Cannot allocate memory]. Remedy: no room for the VFs' registers: turn on SR-IOV and above 4G "
        "decoding in the firmware setup, or boot with pci=realloc; where dmesg says that a bus is out of range, with "
        "pci=assign-busses."
    )
    assert (failed.value.done, failed.value.step) == ([str(plan[0])], str(plan[1]))
    assert number_of_vfs(kernel) == (2, 2)


def test_a_number_that_cannot_be_put_back_is_told_as_a_command(kernel_with):
    kernel = kernel_with(0, refuses={7: errno.ENOMEM, 2: errno.EAGAIN})
    with pytest.raises(KernelRefused) as failed:
        apply_steps(kernel, (steps.SetNumVfs(PF, LABEL, 0, 7, fallback=2),), Deadline(LONG))
    assert failed.value.lost == [f"echo 2 > {NUM_VFS}"]


def test_a_number_that_cannot_be_put_back_is_reported(kernel_with):
    kernel = kernel_with(0, refuses={7: errno.ENOMEM, 2: errno.EAGAIN})
    message = failure(kernel, steps.SetNumVfs(PF, LABEL, 0, 7, fallback=2), KernelRefused)
    assert message.startswith(
        f"cannot set sriov_numvfs to 7 on {LABEL}: the kernel refused '7' for {NUM_VFS}; putting 2 back failed too "
        f"(the kernel refused '2' for {NUM_VFS} [EAGAIN: Resource temporarily unavailable].) [ENOMEM"
    )


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EPERM, "the driver refuses the number: DCB or macvlan offload has its queues, or a guest holds VFs"),
        (
            errno.EINVAL,
            "the driver refuses VFs in its present mode, with an XDP program attached for instance (dmesg says)",
        ),
        (errno.EIO, "the device reports a bad number of VFs: update its firmware"),
        (errno.EAGAIN, "the device is in reset: run again"),
        (
            errno.ENOSPC,
            "there are too few interrupts (MSI-X) or queues for so many VFs: ask for fewer, or take some from the PF "
            "(module rss, channels)",
        ),
        (
            errno.ENOSYS,
            "this kernel was built without SR-IOV (CONFIG_PCI_IOV), or the driver without VFs: boot another",
        ),
        (errno.ENODEV, "the device or its driver is going away, or did not start: look at dmesg"),
        (errno.EXDEV, "look at dmesg"),
    ],
)
def test_each_refusal_of_a_number_has_its_remedy(kernel_with, number, remedy):
    kernel = kernel_with(0, refuses={3: number})
    assert failure(kernel, steps.SetNumVfs(PF, LABEL, 0, 3), KernelRefused) == (
        f"cannot set sriov_numvfs to 3 on {LABEL}: the kernel refused '3' for {NUM_VFS} "
        f"[{errno.errorcode[number]}: {os.strerror(number)}]. Remedy: {remedy}."
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (
            524,
            "[ENOTSUPP, 524: the kernel's own, without words]. Remedy: the bridge above the device cannot route to so "
            "many functions (no ARI), or its firmware has no VFs: put it into another slot, or update its firmware.",
        ),
        (712, "[712: the driver's own]. Remedy: look at dmesg."),
    ],
)
def test_a_refusal_for_which_libc_has_no_words_has_its_number(kernel_with, number, words):
    kernel = kernel_with(0, refuses={3: number})
    assert failure(kernel, steps.SetNumVfs(PF, LABEL, 0, 3), KernelRefused) == (
        f"cannot set sriov_numvfs to 3 on {LABEL}: the kernel refused '3' for {NUM_VFS} {words}"
    )


@pytest.mark.parametrize(("given", "remedy"), [(3, "ask for 3"), (0, "look at dmesg")])
def test_fewer_vfs_than_asked_are_noticed(kernel_with, given, remedy):
    kernel = kernel_with(0, gives={5: given})
    assert failure(kernel, steps.SetNumVfs(PF, LABEL, 0, 5), NotSupported) == (
        f"sriov_numvfs was {given} after 5 was written on {LABEL}: the driver gave fewer VFs than asked; they were "
        f"removed. Remedy: {remedy}."
    )


def test_vfs_that_never_appear_are_not_waited_for_endlessly(kernel_with):
    kernel = kernel_with(0, hides_vfs=True)
    perform(steps.SetNumVfs(PF, LABEL, 0, 2), kernel, LONG)
    assert failure(kernel, steps.WaitForVfs(PF, LABEL, 2), TookTooLong, SHORT) == (
        f"not all 2 VFs appeared on {LABEL}: waited 0.2 s. Remedy: look at dmesg; give more time (timeout)."
    )


def test_removing_a_vf_that_is_held_does_not_block_us(kernel_with):
    kernel = kernel_with(1)
    perform(BIND, kernel, LONG)
    node = f"/dev/vfio/{kernel.sysfs.link_name(f'{DEVICE}/iommu_group')}"
    os.makedirs(kernel.sysfs.path("/proc/4711/fd"))
    os.symlink(node, kernel.sysfs.path("/proc/4711/fd/3"))
    assert failure(kernel, steps.SetNumVfs(PF, LABEL, 1, 0), TookTooLong, SHORT) == (
        f"writing '0' to {NUM_VFS} did not end in 0.2 s: the kernel is still at it; it may end later. Remedy: see "
        "dmesg for the driver's messages; a VF held open through vfio must be released first."
    )


def test_an_interface_that_fails_to_appear_comes_with_a_second_probe(kernel_with):
    kernel = kernel_with(1, no_interface={"igbvf": 1})
    assert kernel.sysfs.names(f"{DEVICE}/net") == []
    perform(steps.WaitForVfs(PF, LABEL, 1), kernel, 2 * SHORT)
    assert (kernel.sysfs.names(f"{DEVICE}/net"), override(kernel)) == (["enp1s0v0"], "(null)")


def test_an_interface_that_never_appears_leaves_the_others_theirs(kernel_with):
    """The next look at the host finds the VF without one."""
    kernel = kernel_with(2, no_interface={VF0: 9})
    perform(steps.WaitForVfs(PF, LABEL, 2), kernel, 2)
    second = f"/sys/bus/pci/devices/{hosts.IGB.vf(1)}/net"
    assert (kernel.sysfs.names(f"{DEVICE}/net"), kernel.sysfs.names(second)) == ([], ["enp1s0v1"])


def test_vfs_of_a_pf_without_autoprobe_are_there_without_drivers(kernel_with):
    kernel = kernel_with(0, loaded=("igb",))
    plan = (steps.SetAutoprobe(PF, LABEL, False), steps.SetNumVfs(PF, LABEL, 0, 2), steps.WaitForVfs(PF, LABEL, 2))
    apply_steps(kernel, plan, Deadline(LONG))
    assert (number_of_vfs(kernel), driver(kernel)) == ((2, 2), None)
    assert kernel.sysfs.exists("/sys/bus/pci/drivers/igbvf")


def test_vfs_get_the_driver_that_udev_loads(kernel_with):
    kernel = kernel_with(0, loaded=("igb",))
    apply_steps(kernel, (steps.SetNumVfs(PF, LABEL, 0, 2), steps.WaitForVfs(PF, LABEL, 2)), Deadline(LONG))
    assert kernel.sysfs.names(f"{DEVICE}/net") == ["enp1s0v0"]


def test_a_link_is_set(kernel_with):
    kernel = kernel_with(0)
    perform(steps.SetLink(PF, "enp1s0", False), kernel, LONG)
    assert '"UP", "LOWER_UP"' not in kernel.sysfs.read("/sim/interfaces/enp1s0")
    assert failure(kernel, steps.SetLink(PF, "enp9s0", True), KernelRefused) == (
        '`ip link set dev enp9s0 up` failed: Cannot find device "enp9s0".'
    )


@pytest.mark.parametrize(
    ("driver", "given", "remedy"),
    [
        ("bnxt_en", 0, CHANNELS),
        ("bnxt_en", 3, f"ask for 3, or {CHANNELS}"),
        ("be2net", 0, "look at dmesg: be_vf_setup may have failed"),
    ],
)
def test_why_a_driver_gives_fewer_and_answers_success_is_said(kernel_with, driver, given, remedy):
    nic = hosts.Nic(driver, driver, "0001", "0002")
    kernel = kernel_with(0, host={"nic": nic}, gives={5: given})
    message = failure(kernel, steps.SetNumVfs(PF, LABEL, 0, 5), NotSupported)
    assert message.endswith(f"the driver gave fewer VFs than asked; they were removed. Remedy: {remedy}.")
    assert number_of_vfs(kernel) == (0, 0)


def test_vfs_that_stay_though_the_driver_answers_success_are_noticed(kernel_with):
    """hns3, cxgb4, fm10k: where Xen's pciback has one (pci_vfs_assigned())."""
    kernel = kernel_with(4, gives={0: 4})
    assert failure(kernel, steps.SetNumVfs(PF, LABEL, 4, 0), NotSupported) == (
        f"sriov_numvfs was 4 after 0 was written on {LABEL}: the driver kept the VFs, and answered success. "
        "Remedy: end the guests that hold them (Xen's pciback), and look at dmesg."
    )
    assert number_of_vfs(kernel) == (4, 4)
