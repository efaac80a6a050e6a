# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps on the drivers of devices on the simulated kernel: what is done, and what is put back when one fails."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.drivers import bind_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    KernelRefused,
    NotSupported,
    SriovError,
    TookTooLong,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Node
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import pci as steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.net import SetMtu, SetVfLink
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import (
    BIND,
    DEVICE,
    LABEL,
    LONG,
    PF,
    SHORT,
    VF0,
    VF_LABEL,
    failure,
    perform,
)

LOADED = (*hosts.LOADED, "vfio-pci")
NO_DRIVER = "module vfio-pci gave no PCI driver of that name"
SIGNED = "Remedy: look at dmesg: a locked-down kernel takes signed modules only."


def driver(kernel):
    return kernel.sysfs.link_name(f"{DEVICE}/driver")


def override(kernel):
    return kernel.sysfs.read(f"{DEVICE}/driver_override")


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


def test_of_several_binds_those_before_the_refused_one_stay_done(kernel_with):
    kernel = kernel_with(3, loaded=(*LOADED, "uio_pci_generic"), probe_errors={"uio_pci_generic": errno.EBUSY})
    targets = ("vfio-pci", "uio_pci_generic", "vfio-pci")
    binds = [steps.Bind(hosts.IGB.vf(index), f"VF {index}", "igbvf", target) for index, target in enumerate(targets)]
    done = []
    with pytest.raises(KernelRefused, match="it is back with igbvf") as refused:
        bind_all(binds, kernel, LONG, done)
    assert (done, refused.value.step) == ([str(binds[0])], str(binds[1]))
    assert [kernel.pci.driver(bind.address) for bind in binds] == ["vfio-pci", "igbvf", "igbvf"]


def test_a_driver_that_cannot_be_put_back_is_told_as_commands(kernel_with):
    kernel = behaving(kernel_with(1).sysfs.root, Behaviour(declines=("vfio-pci", "igbvf")))
    with pytest.raises(KernelRefused) as refused:
        bind_all([BIND], kernel, LONG, [])
    assert refused.value.lost == [
        f"echo igbvf > {DEVICE}/driver_override",
        f"echo {VF0} > /sys/bus/pci/drivers/igbvf/bind",
        f"echo > {DEVICE}/driver_override",
    ]


def test_of_a_driver_that_is_back_no_command_is_told(kernel_with):
    kernel = kernel_with(1, probe_errors={"vfio-pci": errno.EBUSY})
    with pytest.raises(KernelRefused) as refused:
        bind_all([BIND], kernel, LONG, [])
    assert refused.value.lost == []


def test_a_driver_that_cannot_be_put_back_is_reported(kernel_with):
    kernel = behaving(kernel_with(1).sysfs.root, Behaviour(declines=("vfio-pci", "igbvf")))
    assert failure(kernel, BIND, KernelRefused) == (
        f"cannot bind to vfio-pci on {VF_LABEL}: the kernel bound no driver instead; returning it to igbvf failed too "
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


def test_a_module_is_loaded(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    perform(steps.LoadModule("vfio-pci"), kernel, LONG)
    assert kernel.sysfs.exists("/sys/bus/pci/drivers/vfio-pci")
    assert written(kernel) == ["modprobe -- vfio-pci"]


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        pytest.param({"empty_modules": ("vfio_pci",)}, "it was loaded, but registered none", id="no driver in it"),
        pytest.param(
            {
                "modprobe_errors": {
                    "vfio_pci": "modprobe: ERROR: could not insert 'vfio_pci': Key was rejected by service"
                }
            },
            "modprobe: ERROR: could not insert 'vfio_pci': Key was rejected by service",
            id="refused",
        ),
    ],
)
def test_a_module_that_gives_no_driver_is_reported(tmp_path, behaviour, why):
    kernel = simulate(tmp_path, hosts.host(), Behaviour(**behaviour))
    assert failure(kernel, steps.LoadModule("vfio-pci"), KernelRefused) == f"{NO_DRIVER}: {why}. {SIGNED}"


def vfio_kernel(tmp_path, **options):
    kernel = simulate(tmp_path, hosts.host(loaded=(*hosts.LOADED, "vfio-pci"), **options))
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "1")
    return kernel


def test_a_device_without_iommu_is_bound_in_the_unsafe_mode(tmp_path):
    kernel = vfio_kernel(tmp_path, iommu=False)
    perform(steps.AllowNoIommu(), kernel, LONG)
    perform(steps.Bind(VF0, VF_LABEL, "igbvf", "vfio-pci"), kernel, LONG)
    perform(steps.SetNode(VF0, VF_LABEL, Node(mode=0o666)), kernel, LONG)
    status = os.stat(kernel.sysfs.path("/dev/vfio/noiommu-0"))
    assert stat.S_IMODE(status.st_mode) == 0o666


def test_a_kernel_without_the_unsafe_mode_refuses(tmp_path):
    assert failure(vfio_kernel(tmp_path, noiommu=None), steps.AllowNoIommu(), NotSupported) == (
        "no_iommu: this kernel has no such mode: it was built without CONFIG_VFIO_NOIOMMU. Remedy: turn the IOMMU on."
    )


def test_a_node_gets_owner_group_and_mode_after_udev(tmp_path):
    kernel = vfio_kernel(tmp_path)
    perform(steps.Bind(VF0, VF_LABEL, "igbvf", "vfio-pci"), kernel, LONG)
    kernel.run.calls.clear()
    node = Node(os.getuid(), os.getgid(), 0o640)
    perform(steps.SetNode(VF0, VF_LABEL, node), kernel, LONG)
    status = os.stat(kernel.sysfs.path("/dev/vfio/2"))
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (os.getuid(), os.getgid(), 0o640)
    assert kernel.run.calls == ["udevadm settle --timeout=10"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(
    ("node", "expected"),
    [(Node(owner=7), (7, 0, 0o600)), (Node(group=8), (0, 8, 0o600)), (Node(mode=0o660), (0, 0, 0o660))],
)
def test_what_is_not_asked_of_a_node_stays(tmp_path, node, expected):
    kernel = vfio_kernel(tmp_path)
    perform(steps.Bind(VF0, VF_LABEL, "igbvf", "vfio-pci"), kernel, LONG)
    perform(steps.SetNode(VF0, VF_LABEL, node), kernel, LONG)
    status = os.stat(kernel.sysfs.path("/dev/vfio/2"))
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == expected


def test_a_node_that_has_not_come_is_reported(tmp_path):
    assert failure(vfio_kernel(tmp_path), steps.SetNode(VF0, VF_LABEL, Node(mode=0o660)), TookTooLong) == (
        f"the vfio node did not appear on {VF_LABEL}: there is no /dev/vfio/2."
    )


def test_a_kernel_driver_that_gives_no_interface_is_reported(kernel_with):
    kernel = kernel_with(1, no_interface={VF0: 99})
    perform(BIND, kernel, LONG)
    assert failure(kernel, steps.Bind(VF0, VF_LABEL, "vfio-pci", "igbvf"), TookTooLong, 4) == (
        f"igbvf gave no interface, twice on {VF0}: waited 2 s. Remedy: look at dmesg; give more time (timeout)."
    )


def test_before_the_second_probe_the_function_is_reset(kernel_with):
    kernel = kernel_with(1, stale=(VF0,))
    perform(BIND, kernel, LONG)
    perform(steps.Bind(VF0, VF_LABEL, "vfio-pci", "igbvf"), kernel, 2)
    assert kernel.sysfs.names(f"{DEVICE}/net") == ["enp1s0v0"]


@pytest.mark.parametrize("can_reset", [True, False])
def test_a_vf_is_healed_by_a_reset_where_the_kernel_can(kernel_with, can_reset):
    kernel = kernel_with(1, no_interface={VF0: 1})
    if not can_reset:
        os.unlink(kernel.sysfs.path(f"{DEVICE}/reset"))
    before = len(written(kernel))
    perform(steps.Reload(VF0, VF_LABEL, "igbvf", "it has none", PF, 0, heals=True), kernel, LONG)
    assert kernel.sysfs.names(f"{DEVICE}/net") == ["enp1s0v0"]
    assert [line.rpartition("/")[2] for line in written(kernel)[before:]] == [
        f"unbind {VF0}",
        *(["reset 1"] if can_reset else []),
        "driver_override igbvf",
        f"bind {VF0}",
        "driver_override ",
    ]


def test_a_vf_whose_interface_was_only_late_is_left_alone(kernel_with):
    kernel = kernel_with(1)
    before = written(kernel)
    perform(steps.Reload(VF0, VF_LABEL, "igbvf", "it has none", PF, 0, heals=True), kernel, LONG)
    assert written(kernel) == before


@pytest.mark.parametrize(
    "files",
    [
        {"vdpa0": None},
        {"mlx5_core.vnet.3": None, "mlx5_core.rdma.3": None},
        {"virtio3/net/ens2": None},
        {"vfio-dev/vfio0": None},
    ],
    ids=["vDPA", "parts none of which is Ethernet", "virtio", "vfio"],
)
def test_a_driver_that_makes_something_else_of_a_vf_is_not_asked_twice(kernel_with, files):
    kernel = kernel_with(1, {f"{DEVICE[1:]}/{name}": value for name, value in files.items()}, no_interface={VF0: 99})
    before = written(kernel)
    perform(steps.WaitForVfs(PF, LABEL, 1), kernel, 2)
    assert written(kernel) == before


SLOW = {
    "a driver": steps.Bind(VF0, VF_LABEL, "vfio-pci", "igbvf"),
    "the driver anew": steps.Reload(VF0, VF_LABEL, "igbvf", "a test"),
    "one that has to be healed": steps.Reload(VF0, VF_LABEL, "igbvf", "a test", heals=True),
    "an MTU": SetMtu(VF0, VF_LABEL, None, 1400),
    "a link": SetVfLink(VF0, VF_LABEL, True),
    "VFs": steps.WaitForVfs(PF, LABEL, 2),
}


@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
def test_the_waits_of_one_step_share_its_time(kernel_with, step):
    """Interfaces never come, though each way to get one is tried."""
    kernel = kernel_with(2, no_interface={VF0: 99, hosts.IGB.vf(1): 99})
    begun = time.monotonic()
    with contextlib.suppress(SriovError):
        perform(step, kernel, 1.0)
    assert time.monotonic() - begun < 3
