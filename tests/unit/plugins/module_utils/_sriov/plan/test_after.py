# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What steps lead to. That it is also what is read after them is a property (test_properties_host.py)."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import PERFORMERS, TOGETHER
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Node
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import NETNS, Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import State
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import AFTER, after, after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import net, pci
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.units import StartUnit
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    LABEL,
    PF,
    RULE,
    host_state,
    ixgbe,
    netdev,
    pf,
    vf,
)

OWN_TABLE = tuple(queue % 4 for queue in range(128))
IGB_TABLE = tuple(queue // 32 for queue in range(128))
BY_HAND = (0, 1) * 64


def with_rule(kind, **changes):
    return kind(**{"combined_channels": 4, "online_cpus": 4, "table": BY_HAND, "rules": (RULE,), **changes})


def on_vf(step, *rest, **changes):
    return step(vf().address, "VF 0", *rest, physfn=PF, vf=0, **changes)


def queues_after(state, *steps):
    queues = after_all(host_state(state), steps).pfs[PF].queues
    return queues.rss.table, queues.rules.rules


def vf_after(state, *steps):
    return after_all(host_state(pf(1, vfs=(state,))), steps).pfs[PF].vfs[0]


def test_every_step_has_what_it_leads_to_and_who_performs_it():
    steps = set(t.get_args(pci.Step))
    assert steps == set(AFTER) == {*PERFORMERS, *TOGETHER, StartUnit}
    assert not set(PERFORMERS) & set(TOGETHER)


@pytest.mark.parametrize(
    ("state", "steps", "table", "rules"),
    [
        pytest.param(with_rule(ixgbe), [pci.SetLink(PF, "enp1s0", False)], BY_HAND, (), id="ixgbe goes down: no rules"),
        pytest.param(
            with_rule(ixgbe, up=False),
            [pci.SetLink(PF, "enp1s0", True)],
            OWN_TABLE,
            (RULE,),
            id="ixgbe goes up: own table",
        ),
        pytest.param(
            with_rule(pf),
            [pci.SetLink(PF, "enp1s0", False), pci.SetLink(PF, "enp1s0", True)],
            BY_HAND,
            (RULE,),
            id="igb",
        ),
        pytest.param(
            with_rule(pf, up=False, table=(0,) * 128),
            [pci.SetLink(PF, "enp1s0", True)],
            IGB_TABLE,
            (RULE,),
            id="igb goes up with a table that it has still to fill in",
        ),
        pytest.param(
            with_rule(ixgbe, up=False),
            [pci.SetNumVfs(PF, LABEL, 0, 2)],
            BY_HAND,
            (RULE,),
            id="VFs of ixgbe that is down: nothing is closed and opened",
        ),
        pytest.param(
            with_rule(ixgbe, up=False, table=(2, 3) * 64),
            [pci.SetNumVfs(PF, LABEL, 0, 40)],
            BY_HAND,
            (RULE,),
            id="so many that a group has two queues: the same table, shown by these",
        ),
        pytest.param(
            with_rule(ixgbe, up=False),
            [pci.SetNumVfs(PF, LABEL, 0, 2), pci.SetLink(PF, "enp1s0", True)],
            OWN_TABLE,
            (RULE,),
            id="and it goes up",
        ),
        pytest.param(with_rule(ixgbe), [pci.SetLink(PF, "enp1s0", True)], BY_HAND, (RULE,), id="it is up already"),
        pytest.param(
            with_rule(ixgbe), [net.SetNtuple(PF, "enp1s0", LABEL, True)], OWN_TABLE, (RULE,), id="ntuple resets ixgbe"
        ),
        pytest.param(with_rule(pf), [net.SetNtuple(PF, "enp1s0", LABEL, True)], BY_HAND, (RULE,), id="and not igb"),
        pytest.param(
            with_rule(ixgbe), [net.SetRss(PF, "enp1s0", LABEL, None)], OWN_TABLE, (RULE,), id="the default table"
        ),
        pytest.param(
            with_rule(ixgbe), [net.DeleteRule(PF, "enp1s0", LABEL, RULE)], BY_HAND, (), id="a rule goes by its place"
        ),
        pytest.param(
            with_rule(ixgbe),
            [net.InsertRule(PF, "enp1s0", LABEL, RULE.at(7), replaces=RULE)],
            BY_HAND,
            (RULE.at(7),),
            id="a rule takes another's place",
        ),
    ],
)
def test_what_a_driver_drops_in_silence(state, steps, table, rules):
    assert queues_after(state, *steps) == (table, rules)


def test_a_device_that_is_bound_to_vfio_has_a_node_of_root_s_no_interface_and_no_user():
    bound = vf_after(vf(holders=(BUSY,), driver_override="x"), on_vf(pci.Bind, "igbvf", "vfio-pci"))
    assert bound == vf(driver="vfio-pci")
    assert vf_after(bound, on_vf(pci.Unbind, "vfio-pci")) == vf(driver=None)


def test_two_devices_of_a_group_share_its_node():
    members = tuple(vf(index, driver="vfio-pci", iommu_group=5, dev_node="/dev/vfio/5") for index in (0, 1))
    unbound = replace(members[1], driver="igbvf", dev_node=None, dev_owner=None, dev_group=None, dev_mode=None)
    state = host_state(pf(2, vfs=(members[0], unbound)))
    steps = [
        on_vf(pci.SetNode, Node(owner=7, mode=0o660)),
        pci.Bind(members[1].address, "VF 1", "igbvf", "vfio-pci", PF, 1),
    ]
    found = after_all(state, steps).pfs[PF].vfs
    assert [(device.dev_owner, device.dev_group, device.dev_mode) for device in found] == [(7, 0, 0o660)] * 2


@pytest.mark.parametrize(
    ("member", "autoprobe", "driver"),
    [
        pytest.param(vf(driver=None), True, "igbvf", id="it knows the device"),
        pytest.param(vf(driver=None), False, None, id="the kernel does not probe"),
        pytest.param(vf(driver=None, driver_override="igbvf"), False, "igbvf", id="unless it is named"),
        pytest.param(vf(driver=None, driver_override="vfio-pci"), True, None, id="another is named"),
        pytest.param(vf(driver="vfio-pci"), True, "vfio-pci", id="another has it"),
    ],
)
def test_a_driver_that_is_loaded_takes_what_is_free_for_it(member, autoprobe, driver):
    state = after(host_state(pf(1, vfs=(member,), drivers_autoprobe=autoprobe)), pci.LoadModule("igbvf"))
    assert "igbvf" in state.host.drivers
    assert state.pfs[PF].vfs[0].driver == driver


def test_an_interface_comes_back_from_another_namespace_with_the_address_that_the_pf_has_for_it():
    attributes = replace(vf().attributes, mac="02:00:00:00:aa:00")
    elsewhere = vf(netdevs=(), holders=(Holder(NETNS, "its interface is in red"), BUSY), attributes=attributes)
    device = vf_after(elsewhere, on_vf(pci.Reload, "igbvf", "its address"))
    assert (device.netdev.mac, device.holders) == ("02:00:00:00:aa:00", (BUSY,))


def test_a_device_is_changed_wherever_the_host_shows_it():
    member = vf()
    before = State({PF: pf(1, vfs=(member,))}, host_state().host, {member.address: member})
    found = after(before, on_vf(pci.Bind, "igbvf", "vfio-pci"))
    assert found.devices[member.address] == found.pfs[PF].vfs[0] == vf(driver="vfio-pci")


def test_a_group_that_vfio_made_up_goes_with_it():
    made_up = vf(driver="vfio-pci", iommu_group=0, dev_node="/dev/vfio/noiommu-0")
    assert vf_after(made_up, on_vf(pci.Unbind, "vfio-pci")).iommu_group is None
    assert vf_after(made_up, on_vf(pci.Bind, "vfio-pci", "igbvf")).iommu_group is None
    assert vf_after(vf(driver="vfio-pci"), on_vf(pci.Unbind, "vfio-pci")).iommu_group == 10


def test_each_of_two_interfaces_of_a_vf_is_there_again_after_a_reload():
    """Which of them has the address is not known."""
    two = (netdev("vf0p1", mtu=1400), netdev("vf0p2", ifindex=4, up=False))
    found = vf_after(vf(netdevs=two), on_vf(pci.Reload, "mlx4_core", "its address")).netdevs
    assert [(each.name, each.mtu, each.up, each.mac) for each in found] == [
        ("vf0p1", 1400, True, ""),
        ("vf0p2", 0, False, ""),
    ]


def test_a_step_on_a_port_leaves_the_other_as_it_is():
    ports = (netdev("one"), netdev("two", ifindex=4))
    state = pf(netdevs=ports, port="two")
    found = after_all(host_state(state), [pci.SetLink(PF, "two", False)]).pfs[PF].device
    assert [(each.name, each.up) for each in found.netdevs] == [("one", True), ("two", False)]
    assert (found.netdev.name, found.label) == ("two", f"two ({PF})")


@pytest.mark.parametrize("port", ["", "mgmtpf0,0"])
def test_an_interface_comes_and_goes_with_the_vfs_of_a_pf_without_a_port(port):
    before = pf(driver="cxgb4", netdevs=(), port=port)
    made = after_all(host_state(before), [pci.SetNumVfs(PF, PF, 0, 2)])
    assert [each.name for each in made.pfs[PF].device.netdevs] == [port]
    assert after(made, pci.SetNumVfs(PF, PF, 2, 0)).pfs[PF].device.netdevs == ()
