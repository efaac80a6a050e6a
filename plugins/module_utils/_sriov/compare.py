# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The part of a host that a desired state speaks of: what a diff shows, and what is compared after the steps. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .errors import NotReached
from .knowledge.index import without_port
from .knowledge.queues import is_set_by_hand, present_rss
from .model.attributes import DEFAULTS
from .model.desired import AUTO
from .model.host import ORPHAN
from .model.mac import LAST_AUTO, MAC_ADDRESS, auto_mac
from .model.rss_hash import field_letters, present_hash
from .model.rss_table import table_words
from .model.user_changes import has_own_mac, has_own_mtu, is_driven_by_program
from .model.vfs import desired_by_vf
from .results import device_result

if t.TYPE_CHECKING:
    from .model.desired import Desired, DesiredDevice, DesiredPf, DesiredVf
    from .model.flow import FlowRule
    from .model.host import Device, Pf, State
    from .model.rss_hash import Hash

Part = t.Dict[str, t.Any]


def spoken_of(state: State, desired: Desired) -> Part:
    """Each PF's and each device's part, by PCI address.

    :param desired: located.
    """
    pfs = {each.pf: of_pf(state.pfs[each.pf], each) for each in desired.pfs}
    return {**pfs, **{each.device: of_driver(state.devices[each.device], each) for each in desired.devices}}


def of_pf(pf: Pf, desired: DesiredPf) -> Part:
    """Only words that the desired state has; VFs that are not there are left out."""
    found = _functions(pf, desired)
    vfs = _vfs(pf, desired)
    if vfs:
        found["vfs"] = vfs
    return {**found, **_rss(pf, desired), **_rules(pf, desired), **_xsk(pf, desired)}


def of_driver(device: Device, desired: DesiredVf | DesiredDevice) -> Part:
    """Its driver with its override, what of its nodes is named, and that it should have an interface and has not."""
    result = device_result(device)
    of_node = [word for word in ("owner", "group", "mode") if getattr(desired.node, word) is not None]
    found = {word: result[word] for word in ["driver", "driver_override", *of_node]}
    if result["cdev"] and of_node:
        own = {word: result["cdev"][word] for word in of_node}
        found.update({"cdev": own} if result["mode"] else own)  # kernels without nodes of groups have that alone
    if device.interface == ORPHAN:
        found["interface"] = ORPHAN
    return found


def check_reached(planned: Part, observed: Part) -> None:
    """Compare what was predicted with what is.

    :raises NotReached: they differ, though every step was accepted.
    """
    differing = differences(planned, observed)
    if differing:
        raise NotReached(
            "the steps were done, but the host is not as planned",
            why="; ".join(differing),
            remedy="look at dmesg; something else (NetworkManager, a udev rule) may manage the device too",
        )


def differences(planned: Part, observed: Part, path: str = "") -> list[str]:
    """ "0000:01:00.0.vfs.0.trust: planned True, found False" for everything planned that is observed otherwise."""
    found: list[str] = []
    for key, value in planned.items():
        other = observed.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            found += differences(value, other, f"{path}{key}.")
        elif value != other:
            found.append(f"{path}{key}: planned {value}, found {other}")
    return found


def same_host(before: State, now: State) -> bool:
    """Whether two looks at what a desired state names have seen the same, but for what changes by itself."""
    return _lasting(before) == _lasting(now)


def _lasting(state: State) -> Part:
    pfs = {
        address: replace(pf, device=_lasting_device(pf.device), vfs=tuple(map(_lasting_device, pf.vfs)), claims=())
        for address, pf in state.pfs.items()
    }
    devices = {address: _lasting_device(device) for address, device in state.devices.items()}
    return {"pfs": pfs, "devices": devices, "host": (state.host.drivers, state.host.noiommu_mode)}


def _lasting_device(device: Device) -> Device:
    """Without its users, the number of its interface and its link."""
    netdevs = tuple(replace(netdev, ifindex=0, carrier=False, speed=0) for netdev in device.netdevs)
    return replace(device, holders=(), netdevs=netdevs)


def left_unbound(planned: State, observed: State) -> list[str]:
    """VFs that the kernel was to bind by itself and has not, in words: their driver's probe failed, or it is kept away.

    :param planned: as the steps should have led to.
    """
    return [
        f"VF {vf.vf} of {observed.pfs[address].label} has no driver, though the kernel gives {expected.driver} to new "
        "VFs: look at dmesg; a driver may be kept from loading (modprobe.d)"
        for address, pf in planned.pfs.items()
        for index, vf in observed.pfs[address].by_index.items()
        for expected in filter(None, [pf.by_index.get(index)])
        if expected.planned and expected.driver == expected.default_driver and expected.driver and vf.driver is None
    ]


def _functions(pf: Pf, desired: DesiredPf) -> Part:
    netdev = pf.device.netdev
    found: Part = {}
    if desired.num_vfs is not None:
        found["num_vfs"] = pf.num_vfs
    if desired.drivers_autoprobe is not None:
        found["drivers_autoprobe"] = pf.drivers_autoprobe
    if desired.up is not None and not without_port(pf.device.driver):
        found["up"] = netdev.up if netdev else None
    if desired.min_rss_queues is not None:
        # A larger group than the least is as good.
        found["min_rss_queues"] = min(desired.min_rss_queues, present_rss(pf) or 0)
    return found


def _vfs(pf: Pf, desired: DesiredPf) -> dict[str, Part]:
    """One that is not there is left out, and so is found missing."""
    found: dict[str, Part] = {}
    there = pf.by_index
    for index, each in desired_by_vf(desired.every_vfs, pf.num_vfs).items():
        if index in there:
            found[str(index)] = _attributes(there[index], _with_address(pf, index, each))
            if each.driver is not None:
                found[str(index)].update(of_driver(there[index], each))
    return found


def _with_address(pf: Pf, index: int, desired: DesiredVf) -> DesiredVf:
    """`auto` made the address that it means, where there is one."""
    if desired.attributes.mac != AUTO or index > LAST_AUTO or not MAC_ADDRESS.fullmatch(pf.perm_mac or ""):
        return desired
    return desired._replace(attributes=replace(desired.attributes, mac=auto_mac(pf.perm_mac or "", index)))


def _attributes(vf: Device, desired: DesiredVf) -> Part:
    """What the user of a VF has changed on it is left out: it is as desired beneath that."""
    words = desired.attributes.words()
    found = {name: getattr(vf.attributes, name, None) for name in words}
    # What the driver does not tell is as it starts: who wants that has it.
    found.update({name: value for name, value in DEFAULTS.items() if name in words and found[name] is None})
    if desired.mtu is not None:
        present = vf.netdev.mtu if vf.netdev else None
        found["mtu"] = desired.mtu if has_own_mtu(vf, desired) else present
    if desired.up is not None:
        found["up"] = vf.netdev.up if vf.netdev else None
    if "mac" in words and vf.netdev:
        found["interface_mac"] = vf.netdev.mac
    if has_own_mac(vf, desired) and not is_driven_by_program(vf):  # of a program's nobody knows
        found.update({word: words["mac"] for word in ("mac", "interface_mac") if word in found})
    return found


def _rss(pf: Pf, desired: DesiredPf) -> Part:
    found: Part = {}
    rss = pf.queues.rss
    if desired.rss and desired.rss.channels is not None:
        found["channels"] = pf.combined
    if desired.rss and desired.rss.rings:
        found["rings"] = str(pf.queues.ring_sizes)
    if desired.ntuple is not None:
        found["ntuple"] = bool(pf.queues.ntuple and pf.queues.ntuple.on)
    if desired.rss and desired.rss.min_queues is not None:
        found["min_queues"] = min(desired.rss.min_queues, present_rss(pf) or 0)
    if (desired.rss and desired.rss.verb) or (_refills(desired) and is_set_by_hand(pf)) or desired.xsk:
        found["rss_table"] = table_words(rss.table) if rss else None
    return {**found, **_hash(pf, desired.rss.hash)} if desired.rss else found


def _xsk(pf: Pf, desired: DesiredPf) -> Part:
    """Flat, so that a difference is told word by word."""
    wanted, present = desired.xsk, pf.xsk
    if wanted is None or present is None:
        return {}
    attached = present.attached
    ours = f"that of this collection ({attached.mode})" if attached and attached.ours else ""
    found: Part = {"xdp_program": ours or (str(attached) if attached else None)}
    if not wanted.absent:
        found["xsk_map"] = "attached" if present.is_ready else None
        found["xsk_group"] = present.pins.group if present.pins else None
    return {**found, **{word: present.napi.get(word) for word in (*wanted.napi, *wanted.napi_to_zero)}}


def _hash(pf: Pf, desired: Hash) -> Part:
    present = present_hash(pf.queues)
    found: Part = {} if desired.key is None else {"hash_key": present.key}
    if desired.function is not None:
        found["hash_function"] = present.function
    if desired.fields:
        told = present.fields
        found["hash_fields"] = {flow: field_letters(told[flow]) if flow in told else None for flow in desired.fields}
    return found


def _refills(desired: DesiredPf) -> bool:
    """Whether it may make the driver write its own RSS table."""
    return desired.reopens or desired.ntuple is not None or bool(desired.rss and desired.rss.rings)


def _rules(pf: Pf, desired: DesiredPf) -> Part:
    """All rules where some may be lost, or no others are wanted; else those of the flows that are named."""
    present = pf.queues.rules.rules if pf.queues.rules else ()
    if desired.rules is None:
        shown = present if desired.reopens else ()
        return {"rules": sorted(map(str, shown))} if shown else {}
    if desired.rules.exclusive or desired.reopens:
        return {"rules": sorted(map(str, present))}
    of_rules = (*desired.rules.unwanted, *desired.rules.rules, *desired.rules.leftover)
    flows = {rule.flow: rule.location for rule in of_rules}
    return {"rules": sorted(_rule_words(rule, flows[rule.flow]) for rule in present if rule.flow in flows)}


def _rule_words(rule: FlowRule, location: int | None) -> str:
    return str(rule) if location is None else f"{rule.location}: {rule}"
