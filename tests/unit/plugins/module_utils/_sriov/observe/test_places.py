# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the interface of a function is, by what its driver and the network namespaces show."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.observer import Observer
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link

VF = hosts.IGB.vf(0)
BASE = f"{hosts.DEVICES}/{VF}"
POD = {"run/netns/pod": "net:[3]"}


def inside(*entries):
    return {**POD, "sim/netns/run/netns/pod": json.dumps([{"ifname": "lo", "loopback": True}, *entries])}


VETH = {"ifname": "eth0", "kind": "veth"}
MOUNTED = {
    "proc/1/mountinfo": "36 35 0:4 net:[7] /run/docker/netns/abc rw shared:1 - nsfs nsfs rw",
    "proc/1/root/run/docker/netns/abc": "net:[7]",
    "sim/netns/proc/1/root/run/docker/netns/abc": json.dumps([{"ifname": "net1", "parentdev": VF}]),
}
OPEN = {
    "proc/7/net": "net:[8]",
    **hosts.process(7, "cni"),
    "proc/7/fd/3": Link("net:[8]"),
    "proc/7/fd/net:[8]": "net:[8]",
    "sim/netns/proc/7/fd/3": json.dumps([{"ifname": "net1", "parentdev": VF}]),
}
NOT_SEEN = "its interface is not in this network namespace, and not every other one could be looked at"


@pytest.mark.parametrize(
    ("files", "place", "holders"),
    [
        pytest.param({}, "orphan", [], id="nowhere"),
        pytest.param({**hosts.behind(VF, "v0"), **hosts.interface("v0", 9, "")}, "here", [], id="here"),
        pytest.param(inside(VETH), "orphan", [], id="nowhere, with another namespace"),
        pytest.param(
            inside({"ifname": "net1", "parentdev": VF}),
            "elsewhere",
            ["its interface net1 is in network namespace pod"],
            id="in another namespace",
        ),
        pytest.param(
            MOUNTED,
            "elsewhere",
            ["its interface net1 is in network namespace /run/docker/netns/abc"],
            id="in one that is mounted somewhere else",
        ),
        pytest.param(
            OPEN, "elsewhere", ["its interface net1 is in network namespace of process 7 (cni)"], id="in one held open"
        ),
        pytest.param(POD, "unknown", [NOT_SEEN], id="a namespace that cannot be entered"),
        pytest.param(
            inside({"ifname": "net1"}),
            "unknown",
            [NOT_SEEN],
            id="a kernel that does not tell whose an interface is",
        ),
        pytest.param({f"{BASE}/uio/uio0": DIRECTORY}, "none", [], id="user space"),
        pytest.param(
            {f"{BASE}/vfio-dev/vfio0": DIRECTORY, **POD}, "none", [], id="vfio, whatever its driver is called"
        ),
        pytest.param(
            {f"{BASE}/driver/module": Link("../../../../module/x_vfio"), **hosts.vfio_module("x", "x_vfio"), **POD},
            "none",
            [],
            id="vfio before Linux 6.1",
        ),
        pytest.param({f"{BASE}/vdpa0": DIRECTORY, **POD}, "none", [], id="vDPA"),
        pytest.param({f"{BASE}/virtio3/net/ens2": DIRECTORY, **POD}, "none", [], id="virtio has it"),
        pytest.param({f"{BASE}/mlx5_core.vnet.2": DIRECTORY}, "none", [], id="parts, and none is Ethernet"),
        pytest.param({f"{BASE}/mlx5_core.eth.2": DIRECTORY}, "orphan", [], id="a part that should be"),
        pytest.param({f"{BASE}/mlx5_core.vnet.2": DIRECTORY, **POD}, "unknown", [NOT_SEEN], id="parts, not all seen"),
        pytest.param({f"{BASE}/class": "0x0b4000", **POD}, "none", [], id="no network function"),
    ],
)
def test_an_interface_is_somewhere_or_nowhere_for_a_reason(tmp_path, files, place, holders):
    vf = {
        **hosts.function(VF, "8086", "10ca", None if f"{BASE}/driver/module" in files else "igbvf"),
        f"{BASE}/physfn": Link(f"../{hosts.IGB.address}"),
    }
    if f"{BASE}/driver/module" in files:
        files = {name: value for name, value in files.items() if name != f"{BASE}/driver/module"}
        vf[f"{BASE}/driver"] = Link("../../drivers/x")
    device = Observer(simulate(tmp_path, {**hosts.host(), **vf, **files})).device(VF)
    assert (device.interface, [holder.text for holder in device.holders]) == (place, holders)


@pytest.mark.parametrize("driver", [None, "vfio-pci", "uio_pci_generic", "pci-stub", "pci-pf-stub", "pciback"])
def test_without_a_driver_for_interfaces_nobody_is_asked(tmp_path, driver):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.function(VF, "8086", "10ca", driver), **POD})
    kernel.namespace_interfaces = None
    assert Observer(kernel).device(VF).interface == "none"


def test_a_process_that_does_not_tell_its_namespace_may_have_it(tmp_path):
    files = {**hosts.function(VF, "8086", "10ca", "igbvf"), f"{BASE}/physfn": Link(f"../{hosts.IGB.address}")}
    kernel = simulate(tmp_path, {**hosts.host(), **files, **hosts.process(7, "hidden")})
    kernel.sysfs.refused["/proc/7/ns/net"] = 13
    assert Observer(kernel).device(VF).interface == "unknown"
    kernel.sysfs.refused.clear()
    kernel.sysfs.refused["/proc/8/ns/net"] = 13  # it has ended since
    assert Observer(kernel).device(VF).interface == "orphan"
