# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VFs whose interface is in no network namespace: they are told from those that somebody has, and healed."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired, DesiredDevice
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import LABEL, PF, desired_pf, desired_vfs

TIMEOUT = 4
VF1 = hosts.IGB.vf(1)
LABEL1 = f"{VF1} (VF 1 of {PF})"
HEALED = f"reset and reload igbvf of {LABEL1}: it has no interface in any network namespace"
LEFT = (
    f"{LABEL1} has no interface in any network namespace, though igbvf has it: a probe that ended half-way (dmesg). "
    "Name its driver, mac or mtu, and it is reset and loaded anew"
)


@pytest.fixture
def kernel(tmp_path):
    return make(tmp_path)


def make(root, files=None, **behaviour):
    """Three VFs; VF 1 gets no interface before it was reset."""
    kernel = simulate(root, {**hosts.host(), **(files or {})}, Behaviour(**{"stale": (VF1,), **behaviour}))
    kernel.pci.set_num_vfs(PF, 3, 10)
    return kernel


def desired(*vfs, **options):
    return Desired((desired_pf("enp1s0", vfs=vfs, **options),))


def steps(kernel, wanted):
    return [str(step) for step in converge(kernel, wanted, TIMEOUT).plan.steps]


@pytest.mark.parametrize(
    ("wanted", "more"),
    [
        pytest.param(desired(desired_vfs("1", driver="default")), [], id="its driver"),
        pytest.param(desired(desired_vfs("all", driver="igbvf")), [], id="the driver of all"),
        pytest.param(Desired(devices=(DesiredDevice(VF1, "default"),)), [], id="its driver, by itself"),
        pytest.param(
            desired(desired_vfs("1", mtu=1400)), [f"set the MTU of {LABEL1} to 1400 (was 1500)"], id="its MTU"
        ),
    ],
)
def test_a_vf_without_an_interface_is_healed_without_a_consent(kernel, wanted, more):
    assert steps(kernel, wanted) == [HEALED, *more]
    assert kernel.pci.interfaces(VF1) == ["enp1s0v1"]
    assert [line for line in written(kernel) if VF1 in line and "driver_override" not in line] == [
        f"/sys/bus/pci/devices/{VF1}/driver/unbind {VF1}",
        f"/sys/bus/pci/devices/{VF1}/reset 1",
        f"/sys/bus/pci/drivers/igbvf/bind {VF1}",
    ]
    assert steps(kernel, wanted) == []


def test_its_address_is_set_before_it_is_loaded_anew(kernel):
    mac = "02:00:00:00:aa:01"
    wanted = desired(desired_vfs("1", mac=mac))
    assert steps(kernel, wanted) == [f"set VF 1 of {LABEL}: mac {mac} (was 00:00:00:00:00:00)", HEALED]
    assert steps(kernel, wanted) == []


def test_one_that_is_not_asked_for_is_told_and_stops_nothing(kernel):
    outcome = converge(kernel, desired(desired_vfs("0,2", trust=True), allow=["in_use"]), TIMEOUT)
    assert (len(outcome.plan.steps), outcome.plan.warnings) == (2, (LEFT,))
    assert outcome.after.pfs[PF].vfs[1].interface == "orphan"
    gone = converge(kernel, desired(num_vfs=0), TIMEOUT)
    assert (gone.after.pfs[PF].num_vfs, gone.plan.allowed) == (0, ()), "nobody has it"


def test_what_is_not_about_vfs_does_not_mention_it(kernel):
    assert converge(kernel, desired(up=True), TIMEOUT).plan.warnings == ()


def test_one_that_goes_to_user_space_needs_no_healing(kernel):
    assert steps(kernel, desired(desired_vfs("1", driver="vfio-pci"))) == [
        "load kernel module vfio-pci",
        f"bind {LABEL1} to vfio-pci (now igbvf)",
    ]


def test_one_whose_rdma_device_is_open_is_not_taken_from_its_program(tmp_path):
    files = {
        **hosts.rdma("igb_1", "uverbs0", (), VF1),
        **hosts.process(4711, "ib_write_bw", ["/dev/infiniband/uverbs0"]),
    }
    kernel = make(tmp_path, files)
    with pytest.raises(InUse) as refused:
        converge(kernel, desired(desired_vfs("1", driver="default")), TIMEOUT)
    assert str(refused.value) == (
        f"driver: cannot load igbvf anew on {VF1}: process 4711 (ib_write_bw) has /dev/infiniband/uverbs0 open. "
        "Remedy: release the device, or accept that its user loses it: allow: [in_use]."
    )
    assert steps(kernel, desired(desired_vfs("1", driver="default"), allow=["in_use"])) == [HEALED]


def test_where_namespaces_cannot_be_looked_at_it_is_not_known_to_be_free(tmp_path):
    kernel = make(tmp_path, {"run/netns/blue": "net:[3]"})
    with pytest.raises(InUse) as refused:
        converge(kernel, desired(num_vfs=0), TIMEOUT)
    assert (
        "VF 1: its interface is not in this network namespace, and not every other one could be looked at; VF 1: it "
        "cannot be seen whether it is in use: the interfaces of network namespace /run/netns/blue: [EPERM: not "
        "permitted]"
    ) in str(refused.value)
    assert converge(kernel, desired(), TIMEOUT).before.pfs[PF].vfs[1].interface == "unknown"


def test_one_whose_interface_is_somewhere_else_is_where_that_is(tmp_path):
    inside = json.dumps([{"ifname": "net1", "parentdev": VF1}])
    kernel = make(tmp_path, {"run/netns/pod": "net:[3]", "sim/netns/run/netns/pod": inside})
    vf = converge(kernel, desired(), TIMEOUT).before.pfs[PF].vfs[1]
    assert (vf.interface, [holder.text for holder in vf.holders]) == (
        "elsewhere",
        ["its interface net1 is in network namespace pod"],
    )
    with pytest.raises(InUse):
        converge(kernel, desired(num_vfs=0), TIMEOUT)


def test_new_vfs_without_an_interface_leave_the_others_theirs(tmp_path):
    kernel = simulate(tmp_path, hosts.host(), Behaviour(no_interface={VF1: 99}))
    outcome = converge(kernel, desired(num_vfs=3), TIMEOUT)
    assert outcome.plan.warnings == (LEFT,)
    assert [vf.interface for vf in outcome.after.pfs[PF].vfs] == ["here", "orphan", "here"]


def test_a_pf_without_an_interface_anywhere_is_no_orphan(tmp_path):
    """cxgb4 has PFs that only own VFs."""
    kernel = simulate(tmp_path, hosts.host(), Behaviour(no_interface={"igb": 99}))
    kernel.pci.rebind(PF, "igb", TIMEOUT)
    assert converge(kernel, Desired((desired_pf(PF),)), TIMEOUT).before.pfs[PF].device.interface == "none"
