# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that prepare user space's way in: modules, no-IOMMU mode, the node of a vfio device."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    KernelRefused,
    NotSupported,
    SriovError,
    TookTooLong,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Node
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import pci as steps
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import perform

PF = hosts.IGB.address
VF0 = hosts.IGB.vf(0)
VF_LABEL = f"{VF0} (VF 0 of {PF})"
LONG = 10
NO_DRIVER = "module vfio-pci gave no PCI driver of that name"
SIGNED = "Remedy: look at dmesg: a locked-down kernel takes signed modules only."


def refusal(kernel, step, kind=KernelRefused):
    with pytest.raises(kind) as refused:
        perform(step, kernel, LONG)
    return str(refused.value)


def test_a_module_is_loaded(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    perform(steps.LoadModule("vfio-pci"), kernel, LONG)
    assert kernel.sysfs.exists("/sys/bus/pci/drivers/vfio-pci")
    assert written(kernel) == ["modprobe vfio-pci"]


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
    assert refusal(kernel, steps.LoadModule("vfio-pci")) == f"{NO_DRIVER}: {why}. {SIGNED}"


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
    assert refusal(vfio_kernel(tmp_path, noiommu=None), steps.AllowNoIommu(), NotSupported) == (
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
    assert refusal(vfio_kernel(tmp_path), steps.SetNode(VF0, VF_LABEL, Node(mode=0o660)), TookTooLong) == (
        f"the vfio node did not appear on {VF_LABEL}: there is no /dev/vfio/2."
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SriovError("what"), "what."),
        (SriovError("what", device="eth0", why="why"), "what on eth0: why."),
        (SriovError("what", remedy="do this"), "what. Remedy: do this."),
        (
            SriovError("what", device="eth0", why="why", errno=16, remedy="do this"),
            "what on eth0: why [EBUSY: Device or resource busy]. Remedy: do this.",
        ),
        (SriovError("what", errno=9999), "what [9999: Unknown error 9999]."),
    ],
)
def test_an_error_is_one_sentence_and_its_remedy(error, text):
    assert str(error) == text
    assert error.details()["kind"] == "error"
