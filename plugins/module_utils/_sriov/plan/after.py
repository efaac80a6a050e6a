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

from ..knowledge.bypass_drivers import WITHOUT_INTERFACE, bypass_driver, bypass_to
from ..knowledge.queues import driver_of, predict_combined, queues_after_reopening
from ..model.attributes import VfAttributes
from ..model.holders import NETNS, UNPLACED
from ..model.host import Device, Netdev
from ..model.mac import ZERO
from ..model.paths import no_iommu_node, vfio_node
from ..steps import net, pci, units, xsk
from . import after_queues, after_xsk
from .after_queues import with_own_table, without_rules

if t.TYPE_CHECKING:
    from ..knowledge.bypass_drivers import BypassDriver
    from ..model.host import Pf, State

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
        queues = with_own_table(pf, queues)
    if not step.up and driver.reopens:
        queues = without_rules(queues)
    # Of a link that is to come, the best is assumed.
    return state.with_pf(replace(_with_netdev(pf, replace(netdev, up=step.up, carrier=step.up)), queues=queues))


def _set_num_vfs(state: State, step: pci.SetNumVfs) -> State:
    pf = state.pfs[step.address]
    queues = queues_after_reopening(pf, step.num_vfs, predict_combined(pf, step.num_vfs))
    device = replace(pf.device, num_vfs=step.num_vfs)
    if driver_of(pf).interface_with_vfs:
        device = replace(device, netdevs=(_interface_of_vfs(device),) if step.num_vfs else ())
    changed = replace(pf, num_vfs=step.num_vfs, device=device, queues=queues, vfs=())
    return state.with_pf(replace(changed, vfs=tuple(planned_vf(changed, index) for index in range(step.num_vfs))))


def _interface_of_vfs(pf: Device) -> Netdev:
    """It is called as before (cxgb4: mgmtpfN,M); where nobody has said how, that is not known."""
    return Netdev(name=pf.port, ifindex=0, mac="")


def planned_vf(pf: Pf, index: int) -> Device:
    """A VF that is not there yet: of its attributes those are known that start at zero with every driver
    (VfSupport.absent: whatever it tells for that)."""
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
    if not pf.drivers_autoprobe or not pf.vf_default_driver:
        return new
    return _bound(new, pf.vf_default_driver, bypass_driver(pf.vf_default_driver))


# --- Drivers -------------------------------------------------------------------------------------------------------


def _load_module(state: State, step: pci.LoadModule) -> State:
    """A driver that comes takes the devices that it knows and nobody has (pci_device_can_probe)."""
    state = state._replace(host=replace(state.host, drivers=state.host.drivers | {step.name}))
    for pf in state.pfs.values():
        for vf in pf.vfs:
            allowed = pf.drivers_autoprobe or vf.driver_override
            if vf.driver is None and allowed and (vf.driver_override or vf.default_driver) == step.name:
                state = state.with_device(_bound(vf, step.name, bypass_to(vf, step.name, state.host)))
    return state


def _allow_no_iommu(state: State, _step: pci.AllowNoIommu) -> State:
    return state._replace(host=replace(state.host, noiommu_mode=True))


def _bind(state: State, step: pci.Bind) -> State:
    free = replace(_released(state.device(step.address)), holders=())
    bypass = bypass_to(free, step.driver, state.host)
    return state.with_device(_sharing_node(state, _bound(free, step.driver, bypass)))


def _unbind(state: State, step: pci.Unbind) -> State:
    free = _released(state.device(step.address))
    return state.with_device(replace(free, driver=None, netdevs=(), holders=(), **PLAIN))


def _clear_override(state: State, step: pci.ClearOverride) -> State:
    return state.with_device(replace(state.device(step.address), driver_override=None))


def _set_node(state: State, step: pci.SetNode) -> State:
    device = state.device(step.address)
    words = {"dev_owner": step.node.owner, "dev_group": step.node.group, "dev_mode": step.node.mode}
    changes: dict[str, t.Any] = {name: value for name, value in words.items() if value is not None}
    if device.cdev:  # no other device has that one
        access = {name[len("dev_") :]: value for name, value in changes.items()}
        device = replace(device, cdev=device.cdev._replace(**access))
        state = state.with_device(device)
        if device.dev_mode is None:  # and its group has none
            return state
    for other in state.every_device():
        if other.address == device.address or (device.dev_node and other.dev_node == device.dev_node):
            state = state.with_device(replace(other, **changes))
    return state


def _reload(state: State, step: pci.Reload) -> State:
    """A new interface in the place of the old one, whose name, MTU and link it gets (apply.drivers.reload)."""
    device = state.device(step.address)
    netdevs = tuple(_born_again(device, old) for old in device.netdevs or (_new_netdev(device),))
    # It comes back to this namespace.
    holders = tuple(holder for holder in device.holders if holder.kind not in (NETNS, UNPLACED))
    changes: dict[str, t.Any] = {"driver_override": None, "netdevs": netdevs, "holders": holders}
    return state.with_device(replace(device, orphan=False, away=None, **changes))


def _born_again(device: Device, old: Netdev) -> Netdev:
    """Of two ports it is not known which has the address that the VF is told to have."""
    new = replace(old, ifindex=0, mac="", perm_mac="") if len(device.netdevs) > 1 else _new_netdev(device)
    return replace(new, name=old.name, mtu=old.mtu, up=old.up, carrier=old.carrier, num_tc=old.num_tc)


# What is of a driver that a device has no more.
PLAIN: dict[str, t.Any] = {
    **{"dev_node": None, "dev_owner": None, "dev_group": None, "dev_mode": None},
    **{"cdev": None, "vfio": False, "orphan": False, "away": None},
}


def _released(device: Device) -> Device:
    """A group that vfio made up in its no-IOMMU mode goes with it."""
    made_up = device.iommu_group is not None and device.dev_node == no_iommu_node(device.iommu_group)
    return replace(device, iommu_group=None) if made_up else device


def _bound(device: Device, driver: str, bypass: BypassDriver | None) -> Device:
    """What a driver makes of a device: a node, an interface whose name is not known yet, or neither.

    Whether a driver of vfio gives the device a node of its own as well (cdev) is up to the kernel.
    """
    node: dict[str, t.Any] = dict(PLAIN)
    if bypass and bypass.iommu:
        path = None if device.iommu_group is None else vfio_node(device.iommu_group)
        node.update(dev_node=path, vfio=True, **DEFAULT_ACCESS)
    bound = replace(device, driver=driver, driver_override=None, netdevs=(), **node)
    if bypass is not None or driver in WITHOUT_INTERFACE or device.physfn is None:
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
    """What the driver never tells is nothing that will be read."""
    pf = state.pfs[step.address]
    attributes = (pf.vfs[step.vf].attributes or VfAttributes()).merged(step.change)
    seen = replace(attributes, **dict.fromkeys(driver_of(pf).vf_support.untold))
    return state.with_device(replace(pf.vfs[step.vf], attributes=seen))


def _set_mtu(state: State, step: net.SetMtu) -> State:
    device = state.device(step.address)
    return state.with_device(device.with_netdev(replace(device.netdev or _new_netdev(device), mtu=step.mtu)))


def _set_vf_link(state: State, step: net.SetVfLink) -> State:
    """Of a link that is to come, the best is assumed."""
    device = state.device(step.address)
    netdev = replace(device.netdev or _new_netdev(device), up=step.up, carrier=step.up)
    return state.with_device(device.with_netdev(netdev))


# --- Services ------------------------------------------------------------------------------------------------------


def _stop_unit(state: State, step: units.StopUnit) -> State:
    for device in list(state.every_device()):
        state = state.with_device(without_unit(device, step.unit))
    return state


def without_unit(device: Device, unit: str) -> Device:
    """As it is while none of the unit's programs runs."""
    return replace(device, holders=tuple(holder for holder in device.holders if holder.unit != unit))


def _nothing(state: State, _step: pci.Step) -> State:
    return state


AFTER: dict[type, t.Callable[[State, t.Any], State]] = {
    units.StopUnit: _stop_unit,
    units.StartUnit: _nothing,
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
    net.SetVfLink: _set_vf_link,
    net.SetChannels: after_queues.set_channels,
    net.SetRings: after_queues.set_rings,
    net.SetNtuple: after_queues.set_ntuple,
    net.SetRss: after_queues.set_rss,
    net.SetHash: after_queues.set_hash,
    net.DeleteRule: after_queues.delete_rule,
    net.InsertRule: after_queues.insert_rule,
    xsk.PinProgram: after_xsk.pin_program,
    xsk.Unpin: after_xsk.unpin,
    xsk.SetMapGroup: after_xsk.set_map_group,
    xsk.AttachXdp: after_xsk.attach,
    xsk.DetachXdp: after_xsk.detach,
    xsk.SetNapi: after_xsk.set_napi,
}


def _with_netdev(pf: Pf, netdev: Netdev) -> Pf:
    return replace(pf, device=pf.device.with_netdev(netdev))
