# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a step leads to: the pure twin of performing it, one branch a step. Pure: no I/O, no clock.

What a driver drops in silence is part of it. What cannot be known before a step is done is None, "" or 0.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import replace

from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..knowledge.queues import driver_of, own_table, predict_combined, queues_after_reopening
from ..model.attributes import VfAttributes
from ..model.holders import NETNS
from ..model.host import Device, Netdev
from ..model.mac import ZERO
from ..model.paths import no_iommu_node, vfio_node
from ..model.queues import RuleTable
from ..model.rss_table import default_table
from ..steps import net, pci

if t.TYPE_CHECKING:
    from ..model.host import Pf, State
    from ..model.queues import Queues, Rss

DEFAULT_MTU = 1500  # ETH_DATA_LEN, what an interface starts with
DEFAULT_ACCESS = {"dev_owner": 0, "dev_group": 0, "dev_mode": 0o600}  # of a node that vfio makes; udev may differ


def after_all(state: State, steps: t.Iterable[pci.Step]) -> State:
    """The host after a plan."""
    return functools.reduce(after, steps, state)


def after(state: State, step: pci.Step) -> State:
    """The host after one step that was done."""
    return AFTER[type(step)](state, step)


# --- PFs -----------------------------------------------------------------------------------------------------------


def _set_autoprobe(state: State, step: pci.SetAutoprobe) -> State:
    return state.with_pf(replace(state.pfs[step.address], drivers_autoprobe=step.value))


def _set_link(state: State, step: pci.SetLink) -> State:
    """ixgbe drops the rules on the way down, and writes its own table on the way up.

    A table of zeros is one that the driver has still to fill in (igb_main.c igb_setup_mrqc, when it goes up).
    """
    pf = state.pfs[step.address]
    netdev = pf.device.netdev
    if netdev is None or netdev.up == step.up:
        return state
    queues, driver = pf.queues, driver_of(pf)
    if step.up and queues.rss and (driver.reopens or not any(queues.rss.table)):
        queues = _with_own_table(pf, queues)
    if not step.up and driver.reopens:
        queues = _without_rules(queues)
    # Of a link that is to come, the best is assumed.
    return state.with_pf(replace(_with_netdev(pf, replace(netdev, up=step.up, carrier=step.up)), queues=queues))


def _set_num_vfs(state: State, step: pci.SetNumVfs) -> State:
    pf = state.pfs[step.address]
    queues = queues_after_reopening(pf, step.num_vfs, predict_combined(pf, step.num_vfs))
    changed = replace(pf, num_vfs=step.num_vfs, device=replace(pf.device, num_vfs=step.num_vfs), queues=queues, vfs=())
    return state.with_pf(replace(changed, vfs=tuple(planned_vf(changed, index) for index in range(step.num_vfs))))


def planned_vf(pf: Pf, index: int) -> Device:
    """A VF that is not there yet: of its attributes those are known that start at zero with every driver."""
    new = Device(
        address=pf.vf_address(index),
        vendor=pf.device.vendor,
        device=pf.vf_device,
        default_driver=pf.vf_default_driver,
        possible_drivers=pf.vf_possible_drivers,
        numa_node=pf.device.numa_node,
        physfn=pf.device.address,
        vf=index,
        attributes=VfAttributes(vlan=0, qos=0, vlan_proto="802.1Q", min_tx_rate=0, max_tx_rate=0),
        planned=True,
    )
    return _bound(new, pf.vf_default_driver) if pf.drivers_autoprobe and pf.vf_default_driver else new


# --- Drivers -------------------------------------------------------------------------------------------------------


def _load_module(state: State, step: pci.LoadModule) -> State:
    """A driver that comes takes the devices that it knows and nobody has (pci_device_can_probe)."""
    state = state._replace(host=replace(state.host, drivers=state.host.drivers | {step.name}))
    for pf in state.pfs.values():
        for vf in pf.vfs:
            allowed = pf.drivers_autoprobe or vf.driver_override
            if vf.driver is None and allowed and (vf.driver_override or vf.default_driver) == step.name:
                state = state.with_device(_bound(vf, step.name))
    return state


def _allow_no_iommu(state: State, _step: pci.AllowNoIommu) -> State:
    return state._replace(host=replace(state.host, noiommu_mode=True))


def _bind(state: State, step: pci.Bind) -> State:
    free = replace(_released(state.device(step.address)), holders=())
    return state.with_device(_sharing_node(state, _bound(free, step.driver)))


def _unbind(state: State, step: pci.Unbind) -> State:
    return state.with_device(
        replace(_released(state.device(step.address)), driver=None, netdevs=(), holders=(), **NO_NODE)
    )


def _clear_override(state: State, step: pci.ClearOverride) -> State:
    return state.with_device(replace(state.device(step.address), driver_override=None))


def _set_node(state: State, step: pci.SetNode) -> State:
    device = state.device(step.address)
    words = {"dev_owner": step.node.owner, "dev_group": step.node.group, "dev_mode": step.node.mode}
    changes: dict[str, t.Any] = {name: value for name, value in words.items() if value is not None}
    for other in state.every_device():
        if other.address == device.address or (device.dev_node and other.dev_node == device.dev_node):
            state = state.with_device(replace(other, **changes))
    return state


def _reload(state: State, step: pci.Reload) -> State:
    """A new interface in the place of the old one, whose name, MTU and link it gets (apply.drivers.reload)."""
    device = state.device(step.address)
    new = _new_netdev(device)
    old = device.netdev or new
    netdev = replace(new, name=old.name, mtu=old.mtu, up=old.up, carrier=old.carrier, num_tc=old.num_tc)
    holders = tuple(holder for holder in device.holders if holder.kind != NETNS)  # it comes back to this namespace
    changes: dict[str, t.Any] = {"driver_override": None, "netdevs": (netdev, *device.netdevs[1:]), "holders": holders}
    return state.with_device(replace(device, **changes))


NO_NODE: dict[str, t.Any] = {"dev_node": None, "dev_owner": None, "dev_group": None, "dev_mode": None}


def _released(device: Device) -> Device:
    """A group that vfio made up in its no-IOMMU mode goes with it."""
    made_up = device.iommu_group is not None and device.dev_node == no_iommu_node(device.iommu_group)
    return replace(device, iommu_group=None) if made_up else device


def _bound(device: Device, driver: str) -> Device:
    """What a driver makes of a device: a node, an interface whose name is not known yet, or neither."""
    bypass = BYPASS_DRIVERS.get(driver)
    node: dict[str, t.Any] = dict(NO_NODE)
    if bypass and bypass.iommu:
        path = None if device.iommu_group is None else vfio_node(device.iommu_group)
        node = {"dev_node": path, **DEFAULT_ACCESS}
    bound = replace(device, driver=driver, driver_override=None, netdevs=(), **node)
    if bypass is not None or device.physfn is None:
        return bound
    return replace(bound, netdevs=(_new_netdev(device),), attributes=_attributes_once_probed(device))


def _attributes_once_probed(vf: Device) -> VfAttributes | None:
    """A kernel driver that finds no address makes one up, and asks the PF's driver for it."""
    told = vf.attributes
    return replace(told, mac=None) if told and told.mac == ZERO else told


def _new_netdev(vf: Device) -> Netdev:
    return Netdev(name="", ifindex=0, mac=_told_mac(vf), mtu=DEFAULT_MTU)


def _told_mac(vf: Device) -> str:
    """A VF's driver takes the address that the PF's driver tells it; one of its own where that is none."""
    mac = vf.attributes.mac if vf.attributes else None
    return "" if mac in (None, ZERO) else str(mac)


def _sharing_node(state: State, device: Device) -> Device:
    """The node of an IOMMU group that is there already stays as it is."""
    if device.dev_node is None:
        return device
    others = [d for d in state.every_device() if d.dev_node == device.dev_node and d.address != device.address]
    return replace(device, **{name: getattr(others[0], name) for name in DEFAULT_ACCESS}) if others else device


# --- Through the PF's interface ------------------------------------------------------------------------------------


def _wait_for_carrier(state: State, step: net.WaitForCarrier) -> State:
    pf = state.pfs[step.address]
    return state.with_pf(_with_netdev(pf, replace(t.cast(Netdev, pf.device.netdev), carrier=True)))


def _set_vf(state: State, step: net.SetVf) -> State:
    vf = state.pfs[step.address].vfs[step.vf]
    return state.with_device(replace(vf, attributes=(vf.attributes or VfAttributes()).merged(step.change)))


def _set_mtu(state: State, step: net.SetMtu) -> State:
    device = state.device(step.address)
    netdev = replace(device.netdev or _new_netdev(device), mtu=step.mtu)
    return state.with_device(replace(device, netdevs=(netdev, *device.netdevs[1:])))


def _set_channels(state: State, step: net.SetChannels) -> State:
    pf = state.pfs[step.address]
    return _with_queues(state, step.address, queues_after_reopening(pf, pf.num_vfs, step.combined))


def _set_rings(state: State, step: net.SetRings) -> State:
    """ixgbe_set_ringparam() takes the PF down and up again: rules are written again, the table is the driver's."""
    pf = state.pfs[step.address]
    netdev, queues = pf.device.netdev, pf.queues._replace(ring_sizes=step.after)
    if driver_of(pf).reopens and netdev and netdev.up:
        queues = _with_own_table(pf, queues)
    return _with_queues(state, step.address, queues)


def _set_ntuple(state: State, step: net.SetNtuple) -> State:
    """Drivers that reset the PF for it write their own table; others write the same again."""
    pf = state.pfs[step.address]
    queues = pf.queues._replace(ntuple=pf.queues.ntuple._replace(on=step.on)) if pf.queues.ntuple else pf.queues
    if driver_of(pf).ntuple_resets and driver_of(pf).reopens:
        queues = _with_own_table(pf, queues)
    return _with_queues(state, step.address, queues)


def _set_rss(state: State, step: net.SetRss) -> State:
    queues = state.pfs[step.address].queues
    rss = t.cast("Rss", queues.rss)
    table = default_table(len(rss.table), rss.rings) if step.table is None else step.table
    return _with_queues(state, step.address, queues._replace(rss=rss._replace(table=table)))


def _set_hash(state: State, step: net.SetHash) -> State:
    queues, change = state.pfs[step.address].queues, step.change
    rss = queues.rss
    if rss is not None:
        rss = rss._replace(key=change.key or rss.key, hash_function=change.function or rss.hash_function)
    fields = {**queues.hash_fields, **change.fields}
    return _with_queues(state, step.address, queues._replace(rss=rss, hash_fields=fields))


def _delete_rule(state: State, step: net.DeleteRule) -> State:
    queues = state.pfs[step.address].queues
    table = t.cast(RuleTable, queues.rules)
    place = [rule.location for rule in table.rules].index(step.rule.location)
    rules = (*table.rules[:place], *table.rules[place + 1 :])
    return _with_queues(state, step.address, queues._replace(rules=table._replace(rules=rules)))


def _insert_rule(state: State, step: net.InsertRule) -> State:
    """At the end: results list rules by location."""
    queues = state.pfs[step.address].queues
    table = t.cast(RuleTable, queues.rules)
    rules = table.rules
    if step.replaces is not None:
        rules = tuple(rule for rule in rules if rule.location != step.replaces.location)
    return _with_queues(state, step.address, queues._replace(rules=table._replace(rules=(*rules, step.rule))))


def _nothing(state: State, _step: pci.Step) -> State:
    return state


AFTER: dict[type, t.Callable[[State, t.Any], State]] = {
    pci.SetAutoprobe: _set_autoprobe,
    pci.SetLink: _set_link,
    pci.SetNumVfs: _set_num_vfs,
    pci.WaitForVfs: _nothing,
    pci.LoadModule: _load_module,
    pci.AllowNoIommu: _allow_no_iommu,
    pci.Bind: _bind,
    pci.Unbind: _unbind,
    pci.ClearOverride: _clear_override,
    pci.SetNode: _set_node,
    pci.Reload: _reload,
    net.WaitForCarrier: _wait_for_carrier,
    net.SetVf: _set_vf,
    net.SetMtu: _set_mtu,
    net.SetChannels: _set_channels,
    net.SetRings: _set_rings,
    net.SetNtuple: _set_ntuple,
    net.SetRss: _set_rss,
    net.SetHash: _set_hash,
    net.DeleteRule: _delete_rule,
    net.InsertRule: _insert_rule,
}


def _with_queues(state: State, address: str, queues: Queues) -> State:
    return state.with_pf(replace(state.pfs[address], queues=queues))


def _with_netdev(pf: Pf, netdev: Netdev) -> Pf:
    return replace(pf, device=replace(pf.device, netdevs=(netdev, *pf.device.netdevs[1:])))


def _with_own_table(pf: Pf, queues: Queues) -> Queues:
    return queues._replace(rss=queues.rss._replace(table=own_table(pf))) if queues.rss else queues


def _without_rules(queues: Queues) -> Queues:
    return queues._replace(rules=queues.rules._replace(rules=())) if queues.rules else queues
