# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps on the simulated kernel: what is done, what is put back when one fails, and what is said then."""

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
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import pci as steps
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import perform

PF = hosts.IGB.address
LABEL = f"enp1s0 ({PF})"
VF0 = hosts.IGB.vf(0)
VF_LABEL = f"{VF0} (VF 0 of {PF})"
DEVICE = f"/sys/bus/pci/devices/{VF0}"
NUM_VFS = f"/sys/bus/pci/devices/{PF}/sriov_numvfs"
LOADED = (*hosts.LOADED, "vfio-pci")
BIND = steps.Bind(VF0, VF_LABEL, "igbvf", "vfio-pci")
LONG, SHORT = 10, 0.2


@pytest.fixture
def kernel_with(tmp_path):
    """A simulated kernel that behaves so, with this many VFs."""

    def make(num_vfs=1, extra=None, loaded=LOADED, host=None, **behaviour):
        files = {**hosts.host(loaded=loaded, **(host or {})), **(extra or {})}
        kernel = simulate(tmp_path, files, Behaviour(**behaviour))
        if num_vfs:
            kernel.sysfs.write(NUM_VFS, str(num_vfs))
        return kernel

    return make


def number_of_vfs(kernel):
    return int(kernel.sysfs.read(NUM_VFS)), len(kernel.pci.virtual_functions(PF))


def driver(kernel):
    return kernel.sysfs.link_name(f"{DEVICE}/driver")


def override(kernel):
    return kernel.sysfs.read(f"{DEVICE}/driver_override")


def failure(kernel, step, kind, timeout=LONG):
    with pytest.raises(kind) as failed:
        perform(step, kernel, timeout)
    return str(failed.value)


def recreate(count):
    return (
        steps.SetNumVfs(PF, LABEL, 2, 0, ("VF 0",)),
        steps.SetNumVfs(PF, LABEL, 0, count, fallback=2),
        steps.WaitForVfs(PF, LABEL, count),
    )


def test_what_was_done_is_reported_in_words(kernel_with):
    kernel = kernel_with(2)
    plan = recreate(4)
    assert apply_steps(kernel, plan, LONG) == [str(step) for step in plan]
    assert number_of_vfs(kernel) == (4, 4)
    assert kernel.run.calls[-1] == "udevadm settle --timeout=10"


def test_an_empty_plan_waits_for_nothing(kernel_with):
    kernel = kernel_with(0)
    assert apply_steps(kernel, (), LONG) == []
    assert kernel.run.calls == []


def test_a_number_that_is_refused_puts_the_old_one_back(kernel_with):
    kernel = kernel_with(2, refuses={7: errno.ENOMEM})
    plan = recreate(7)
    with pytest.raises(KernelRefused) as failed:
        apply_steps(kernel, plan, LONG)
    assert str(failed.value) == (
        f"cannot set sriov_numvfs to 7 on {LABEL}: the kernel refused '7' for {NUM_VFS}; there are 2 VFs again, new "
        "ones [ENOMEM: Cannot allocate memory]. Remedy: no room for the VFs' registers: turn on SR-IOV and above 4G "
        "decoding in the firmware setup, or boot with pci=realloc."
    )
    assert (failed.value.done, failed.value.step) == ([str(plan[0])], str(plan[1]))
    assert number_of_vfs(kernel) == (2, 2)


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
        (errno.EXDEV, "look at dmesg"),
    ],
)
def test_each_refusal_of_a_number_has_its_remedy(kernel_with, number, remedy):
    kernel = kernel_with(0, refuses={3: number})
    assert failure(kernel, steps.SetNumVfs(PF, LABEL, 0, 3), KernelRefused) == (
        f"cannot set sriov_numvfs to 3 on {LABEL}: the kernel refused '3' for {NUM_VFS} "
        f"[{errno.errorcode[number]}: {os.strerror(number)}]. Remedy: {remedy}."
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


def test_an_interface_that_never_appears_is_reported(kernel_with):
    kernel = kernel_with(1, no_interface={"igbvf": 9})
    assert failure(kernel, steps.WaitForVfs(PF, LABEL, 1), TookTooLong, 2 * SHORT) == (
        f"igbvf gave no interface, twice on {VF0}: waited 0.5 s. Remedy: look at dmesg; give more time (timeout)."
    )


def test_vfs_of_a_pf_without_autoprobe_are_there_without_drivers(kernel_with):
    kernel = kernel_with(0, loaded=("igb",))
    plan = (steps.SetAutoprobe(PF, LABEL, False), steps.SetNumVfs(PF, LABEL, 0, 2), steps.WaitForVfs(PF, LABEL, 2))
    apply_steps(kernel, plan, LONG)
    assert (number_of_vfs(kernel), driver(kernel)) == ((2, 2), None)
    assert kernel.sysfs.exists("/sys/bus/pci/drivers/igbvf")


def test_vfs_get_the_driver_that_udev_loads(kernel_with):
    kernel = kernel_with(0, loaded=("igb",))
    apply_steps(kernel, (steps.SetNumVfs(PF, LABEL, 0, 2), steps.WaitForVfs(PF, LABEL, 2)), LONG)
    assert kernel.sysfs.names(f"{DEVICE}/net") == ["enp1s0v0"]


def test_a_link_is_set(kernel_with):
    kernel = kernel_with(0)
    perform(steps.SetLink(PF, "enp1s0", False), kernel, LONG)
    assert '"UP", "LOWER_UP"' not in kernel.sysfs.read("/sim/interfaces/enp1s0")
    assert failure(kernel, steps.SetLink(PF, "enp9s0", True), KernelRefused) == (
        '`ip link set dev enp9s0 up` failed: Cannot find device "enp9s0".'
    )


def test_a_bind_takes_one_device_and_leaves_no_override(kernel_with):
    kernel = kernel_with(2)
    perform(BIND, kernel, LONG)
    assert (driver(kernel), override(kernel)) == ("vfio-pci", "(null)")
    assert kernel.sysfs.link_name(f"/sys/bus/pci/devices/{hosts.IGB.vf(1)}/driver") == "igbvf"
    assert [line.rpartition("/")[2] for line in written(kernel)[1:]] == [
        f"unbind {VF0}",
        "driver_override vfio-pci",
        f"bind {VF0}",
        "driver_override ",
    ]


def test_a_bind_to_a_network_driver_works_without_autoprobe_and_waits_for_the_interface(kernel_with):
    kernel = kernel_with(0, loaded=LOADED)
    perform(steps.SetAutoprobe(PF, LABEL, False), kernel, LONG)
    perform(steps.SetNumVfs(PF, LABEL, 0, 1), kernel, LONG)
    perform(steps.Bind(VF0, VF_LABEL, None, "igbvf"), kernel, LONG)
    assert (driver(kernel), kernel.sysfs.names(f"{DEVICE}/net")) == ("igbvf", ["enp1s0v0"])


NOT_THERE = "Remedy: look at dmesg."
NO_GROUP = "Remedy: for vfio-pci: no usable IOMMU group, boot with the IOMMU on (dmesg says)."
PROBE_REFUSED = f"the kernel refused '{VF0}' for /sys/bus/pci/drivers/vfio-pci/bind"


@pytest.mark.parametrize(
    ("behaviour", "host", "why", "after"),
    [
        pytest.param(
            {"declines": ("vfio-pci",)},
            {},
            f"the kernel bound no driver instead; it is back with igbvf. {NOT_THERE}",
            "igbvf",
            id="success, and nothing bound",
        ),
        pytest.param(
            {},
            {"iommu": False},
            f"{PROBE_REFUSED}; it is back with igbvf [EINVAL: Invalid argument]. {NO_GROUP}",
            "igbvf",
            id="no IOMMU group",
        ),
        pytest.param(
            {"probe_errors": {"vfio-pci": errno.EBUSY}},
            {},
            f"{PROBE_REFUSED}; it is back with igbvf [EBUSY: Device or resource busy]. "
            "Remedy: another device of its IOMMU group is used by the kernel.",
            "igbvf",
            id="an errno",
        ),
    ],
)
def test_a_bind_that_fails_returns_the_device_to_its_driver(kernel_with, behaviour, host, why, after):
    kernel = kernel_with(1, host=host, **behaviour)
    assert failure(kernel, BIND, KernelRefused) == f"cannot bind to vfio-pci on {VF_LABEL}: {why}"
    assert (driver(kernel), override(kernel)) == (after, "(null)")


def test_a_bind_that_fails_leaves_a_device_without_driver_as_it_was(kernel_with):
    kernel = kernel_with(0, declines=("vfio-pci",))
    perform(steps.SetAutoprobe(PF, LABEL, False), kernel, LONG)
    perform(steps.SetNumVfs(PF, LABEL, 0, 1), kernel, LONG)
    assert failure(kernel, steps.Bind(VF0, VF_LABEL, None, "vfio-pci"), KernelRefused) == (
        f"cannot bind to vfio-pci on {VF_LABEL}: the kernel bound no driver instead; it still has no driver. "
        f"{NOT_THERE}"
    )
    assert (driver(kernel), override(kernel)) == (None, "(null)")


def test_a_driver_that_cannot_be_put_back_is_reported(kernel_with):
    kernel = behaving(kernel_with(1).sysfs.root, Behaviour(declines=("vfio-pci", "igbvf")))
    assert failure(kernel, BIND, KernelRefused) == (
        f"cannot bind to vfio-pci on {VF_LABEL}: the kernel bound no driver instead; putting igbvf back failed too "
        f"(the kernel bound no driver instead.). {NOT_THERE}"
    )
    assert (driver(kernel), override(kernel)) == (None, "(null)")


def test_an_unbind_that_blocks_is_given_up_and_the_override_is_gone(kernel_with):
    kernel = kernel_with(1, blocks=("igbvf",))
    message = failure(kernel, BIND, TookTooLong, SHORT)
    assert message.startswith(f"cannot bind to vfio-pci on {VF_LABEL}: the kernel is still at it; it may end later")
    assert override(kernel) == "(null)"


def test_a_device_is_unbound_once(kernel_with):
    kernel = kernel_with(1)
    for _time in range(2):
        perform(steps.Unbind(VF0, VF_LABEL, "igbvf"), kernel, LONG)
    assert driver(kernel) is None


def test_an_override_left_behind_is_cleared(kernel_with):
    kernel = kernel_with(1)
    kernel.sysfs.write(f"{DEVICE}/driver_override", "vfio-pci\n")
    perform(steps.ClearOverride(VF0, VF_LABEL, "vfio-pci"), kernel, LONG)
    assert (driver(kernel), override(kernel)) == ("igbvf", "(null)")
