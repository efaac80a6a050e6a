# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States as model objects, for the tables: an igb PF and its VFs, with what a row is about changed."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredPf,
    DesiredRules,
    DesiredVfs,
    Node,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import encode_action, flow_rule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import (
    Device,
    Host,
    Netdev,
    Pf,
    State,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import (
    Channels,
    Feature,
    Queues,
    Rss,
    RuleTable,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.pf import plan_pf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import Plan

from ..simulation.hosts import IGB, Nic

PF = IGB.address
LABEL = "enp1s0 (0000:01:00.0)"
SSH = Holder("ssh", "carries the SSH connection from 192.0.2.1")
ROUTE = Holder("route", "carries a default route")
PROGRAM = Holder("process", "process 4712 (l2fwd) has /dev/uio0 open")
BUSY = Holder("vfio", "process 4711 (dpdk-testpmd) has /dev/vfio/10 open")


NO_NODE = Node()
# What drivers give a VF to begin with.
FRESH = VfAttributes("00:00:00:00:00:00", 0, 0, "802.1Q", True, False, 0, 0, "auto", False)


def rule(flow_type="tcp4", vf=0, queue=0, location=2045, cookie=None, **fields):
    """A rule by its exact fields; addresses as numbers."""
    bits = {"src_ip": 32, "dst_ip": 32, "src_port": 16, "dst_port": 16, "vlan": 12, "proto": 8}
    match = {name: (value, (1 << bits.get(name, 16)) - 1) for name, value in fields.items()}
    return flow_rule(flow_type, match, encode_action(vf, queue) if cookie is None else cookie, location)


RULE = rule(dst_ip=0xC0A8FE1E, dst_port=80)


def netdev(name="enp1s0", **changes):
    return Netdev(**{"name": name, "ifindex": 3, "mac": "02:00:00:00:01:00", "up": True, **changes})


def pf_device(**changes):
    state = {"address": PF, "vendor": "8086", "device": "10c9", "driver": "igb", "default_driver": "igb"}
    return Device(**{**state, "iommu_group": 1, "num_vfs": 0, "netdevs": (netdev(),), **changes})


def vf(index=0, driver="igbvf", **changes):
    interface = (netdev(f"enp1s0v{index}", ifindex=10 + index),) if driver == "igbvf" else ()
    state = {"address": IGB.vf(index), "vendor": "8086", "device": "10ca", "driver": driver, "netdevs": interface}
    state.update(default_driver="igbvf", iommu_group=10 + index, physfn=PF, vf=index)
    state["attributes"] = FRESH
    if driver == "vfio-pci":
        state.update(dev_node=f"/dev/vfio/{10 + index}", dev_owner=0, dev_group=0, dev_mode=0o600, vfio=True)
    return Device(**{**state, **changes})


def pf(num_vfs=0, vfs=None, **changes):
    """A PF; what Pf has no field for goes to its device, what Device has none for to its interface."""
    of_pf = {
        name: changes.pop(name)
        for name in ("total_vfs", "drivers_autoprobe", "online_cpus", "claims")
        if name in changes
    }
    of_netdev = {n: changes.pop(n) for n in ("up", "xdp", "num_tc", "carrier", "mtu", "speed") if n in changes}
    queues = queues_of(**{n: changes.pop(n) for n in QUEUE_OPTIONS if n in changes})
    if of_netdev:
        changes["netdevs"] = (netdev(**of_netdev),)
    members = tuple(vf(index) for index in range(num_vfs)) if vfs is None else vfs
    state = {"total_vfs": 7, "num_vfs": num_vfs, "drivers_autoprobe": True, "vfs": members, "online_cpus": 8}
    state.update(queues=queues, perm_mac="02:00:00:00:01:00", vf_offset=128, vf_stride=2)
    state.update(vf_device="10ca", vf_default_driver="igbvf")
    return Pf(device=pf_device(num_vfs=num_vfs, **changes), **{**state, **of_pf})


QUEUE_OPTIONS = ("combined_channels", "max_channels", "rules", "table", "ntuple", "size", "driver_places")


def queues_of(
    combined_channels=None,
    max_channels=None,
    rules=(),
    table=None,
    ntuple="off",
    size=2046,
    driver_places=False,
):
    """Queues as a driver tells them; nothing at all unless the number of channels is given.

    :param ntuple: on | off | fixed.
    """
    if combined_channels is None:
        return Queues()
    most = combined_channels if max_channels is None else max_channels
    default = tuple(entry % combined_channels for entry in range(128))
    return Queues(
        Channels(max_combined=most, other=1, combined=combined_channels),
        Rss(combined_channels, default if table is None else table),
        Feature(ntuple == "on", ntuple != "fixed"),
        RuleTable(size, driver_places, tuple(rules)),
    )


def mlx4(num_vfs=0, rings=4, channels=None, **changes):
    """A PF whose channels receive or send, and do not do both.

    :param channels: another answer to `ethtool -l`.
    """
    told = Channels(max_rx=16, max_tx=16, rx=4, tx=4) if channels is None else channels
    table = tuple(entry % rings for entry in range(128))
    queues = Queues(told, Rss(rings, table), Feature(True, True), RuleTable(4096))
    words = {"driver": "mlx4_core", "vendor": "15b3", "device": "1003", "default_driver": "mlx4_core"}
    return replace(pf(num_vfs, **{**words, **changes}), queues=queues)


def ixgbe(num_vfs=0, **changes):
    return pf(num_vfs, **{"driver": "ixgbe", "device": "10fb", "default_driver": "ixgbe", "total_vfs": 63, **changes})


def x550(num_vfs=0, **changes):
    return ixgbe(num_vfs, **{"device": "1563", **changes})


def i350(num_vfs=0, **changes):
    return pf(num_vfs, **{"device": "1521", **changes})


SECOND = "0000:01:00.1"
SECOND_LABEL = f"enp1s1 ({SECOND})"


def second(num_vfs=0, kind=pf, **changes):
    """The other port of the card, or another card: whatever the kind of its driver makes."""
    nic = Nic(address=SECOND)
    of_netdev = {
        name: changes.pop(name) for name in ("up", "xdp", "num_tc", "carrier", "mtu", "speed") if name in changes
    }
    interface = netdev("enp1s1", ifindex=4, mac="02:00:00:00:01:01", **of_netdev)
    state = {"address": SECOND, "netdevs": (interface,), **changes}
    members = [vf(index, physfn=SECOND, address=nic.vf(index), netdevs=()) for index in range(num_vfs)]
    made = kind(num_vfs, **{"vfs": tuple(members), **state})
    return replace(made, perm_mac="02:00:00:00:01:01")


def host_state(*pfs, **host):
    """Several PFs, and facts of the host."""
    return State({each.device.address: each for each in pfs}, Host(**{"drivers": DRIVERS, **host}))


DRIVERS = frozenset({"igb", "igbvf", "ixgbe", "ixgbevf", "vfio-pci"})


def desired_vfs(vf="0", **said):
    """What is desired of some VFs, by the words of the options."""
    return DesiredVfs(parse_selector(vf), said, "vfs[0]")


def desired_driver(vf, driver, node=NO_NODE, no_iommu=False):
    """Which driver some VFs shall have."""
    words = {"owner": node.owner, "group": node.group, "mode": node.mode, "no_iommu": no_iommu or None}
    said = {word: value for word, value in words.items() if value is not None}
    return DesiredVfs(parse_selector(vf), {"driver": driver, **said}, "vfs[0]")


def desired_rules(*rules, **changes):
    """Rules, named as the options name them."""
    return DesiredRules(rules, tuple(f"rules[{number}]" for number in range(len(rules))), **changes)


def desired_pf(address=PF, rss=None, rules=None, vfs=(), allow=(), **options):
    """What is desired of one PF."""
    return DesiredPf(address, vfs=tuple(vfs), rss=rss, rules=rules, allow=frozenset(allow), **options)


class Outcome(t.NamedTuple):
    plan: Plan
    after: State


def planned(state, *pfs, devices=()):
    """The plan, and the host after it; a lone PF is a host of its own."""
    before = state if isinstance(state, State) else host_state(state)
    plan = plan_host(before, Desired(pfs, devices))
    return Outcome(plan, after_all(before, plan.steps))


def refusals(state, *pfs, devices=()):
    """What is refused, one by one; nothing where a plan can be made."""
    try:
        planned(state, *pfs, devices=devices)
    except SriovError as error:
        return error.each()
    return []


def sentences(state, *desired):
    return [str(step) for step in planned(state, *desired).plan.steps]


def pf_after(state, desired):
    """A PF after the plan for its functions alone."""
    before = host_state(state)
    return after_all(before, plan_pf(state, desired).steps).pfs[PF]
