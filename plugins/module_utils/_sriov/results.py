# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Model objects as module results: plain dictionaries, with the kernel's words."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from .knowledge.queues import present_rss
from .model.attributes import VfAttributes
from .model.flow import ethtool_words, number_words, own_masks
from .model.holders import XSK
from .model.paths import queue_map
from .model.rss_hash import field_letters
from .model.rss_table import spread
from .model.xsk import NAPI

if t.TYPE_CHECKING:
    from .model.flow import FlowRule
    from .model.host import Cdev, Device, Pf
    from .model.kept import Record
    from .model.queues import Queues


def pf_result(pf: Pf) -> dict[str, t.Any]:
    """A PF with its queues, its rules and its VFs."""
    netdev = pf.device.netdev
    return {
        "name": netdev.name or None if netdev else None,
        "pci_address": pf.device.address,
        "driver": pf.device.driver,
        "mac": netdev.mac if netdev else None,
        "up": netdev.up if netdev else None,
        "carrier": netdev.carrier if netdev else None,
        "mtu": netdev.mtu if netdev else None,
        "num_vfs": pf.num_vfs,
        "total_vfs": pf.total_vfs,
        "drivers_autoprobe": None if pf.device.num_vfs is None else pf.drivers_autoprobe,
        "rss_queues": present_rss(pf) if netdev else None,
        **queues_result(pf.queues),
        "xsk": xsk_result(pf),
        "iommu_group": pf.device.iommu_group,
        "numa_node": pf.device.numa_node,
        "holders": [holder.text for holder in pf.device.holders],
        "vfs": [device_result(vf) for vf in pf.vfs],
    }


def xsk_result(pf: Pf) -> dict[str, t.Any] | None:
    """Its queues for AF_XDP; None where nothing is attached or pinned, or nobody looked."""
    xsk, netdev = pf.xsk, pf.device.netdev
    if xsk is None or netdev is None or not (xsk.attached or xsk.pins):
        return None
    attached, table = xsk.attached, pf.queues.rss.table if pf.queues.rss else ()
    sockets = [holder for holder in pf.device.at_port().holders if holder.kind == XSK]
    return {
        "queues": [queue for queue in range(pf.rx_queues or 0) if queue not in table],
        "mode": attached.mode if attached else None,
        "program": (attached.name or None) if attached else None,
        "program_id": (attached.number or None) if attached else None,
        "ours": bool(xsk.ours),
        "map": queue_map(netdev.name) if xsk.pins else None,
        "group": xsk.pins.group if xsk.pins else None,
        "ready": xsk.is_ready,
        "sockets": [holder.text for holder in sockets],
        **{word: xsk.napi.get(word) for word in NAPI},
    }


def queues_result(queues: Queues) -> dict[str, t.Any]:
    """Channels, RSS table, ntuple feature and flow rules; None where the driver does not tell."""
    rss = queues.rss if queues.rss and queues.rss.table else None
    return {
        "channels": queues.channels._asdict() if queues.channels else None,
        "rss": {
            "rings": rss.rings,
            "table": list(rss.table),
            "entries": {str(queue): entries for queue, entries in spread(rss.table).items()},
            "key": rss.key,
            "hash_function": rss.hash_function,
            "hash_fields": {flow_type: field_letters(bits) for flow_type, bits in queues.hash_fields.items()},
        }
        if rss
        else None,
        "ring_sizes": _ring_sizes(queues),
        "ntuple": {"on": queues.ntuple.on, "changeable": queues.ntuple.changeable} if queues.ntuple else None,
        "locations": queues.rules.size if queues.rules else None,
        "rules": [rule_result(rule) for rule in sorted(queues.rules.rules, key=_place)] if queues.rules else [],
    }


def _ring_sizes(queues: Queues) -> dict[str, int] | None:
    sizes = queues.ring_sizes
    return sizes and {word: getattr(sizes, word) for word in ("max_rx", "max_tx", "rx", "tx")}


def _place(rule: FlowRule) -> int:
    """One whose place the driver is to choose comes last."""
    return 1 << 32 if rule.location is None else rule.location


def rule_result(rule: FlowRule) -> dict[str, t.Any]:
    """A flow rule, its cookie decoded, and what ethtool(8) would be told."""
    destination = rule.destination
    return {
        "location": rule.location,
        "flow_type": rule.flow_type,
        "masks": masks_result(rule),
        "action": rule.cookie,
        "vf": destination.vf if destination else None,
        "queue": destination.queue if destination else None,
        "drop": bool(destination and destination.kind == "drop"),
        "rss_context": rule.context,
        "ethtool": ethtool_words(rule),
        "text": str(rule),
    }


def record_result(record: Record) -> dict[str, t.Any]:
    """What a PF was before the first change."""
    said = {kept.vf: kept.said for kept in record.vfs}
    vfs = [{"vf": index, "mac": mac, **said.get(index, {})} for index, mac in enumerate(record.macs)]
    return {
        "perm_mac": record.perm_mac,
        "num_vfs": record.num_vfs,
        "drivers_autoprobe": record.drivers_autoprobe,
        "up": record.up,
        "channels": record.channels,
        "ntuple": record.ntuple,
        "table": None if record.table is None else list(record.table),
        "rules": [f"{rule.location}: {rule}" for rule in record.rules],
        "added_rules": list(map(str, record.ours)),
        "xsk": {"mode": record.xsk[0], "group": record.xsk[1]} if record.xsk else None,
        "napi": dict(record.napi),
        "vfs": [{**vf, "mode": _mode(vf["mode"])} if "mode" in vf else vf for vf in vfs],
    }


def cdev_result(node: Cdev) -> dict[str, t.Any]:
    """The node that a vfio device has beside that of its group."""
    return {"path": node.path, "owner": node.owner, "group": node.group, "mode": _mode(node.mode)}


def _mode(mode: int | None) -> str | None:
    return None if mode is None else f"{mode:04o}"


def masks_result(rule: FlowRule) -> dict[str, int | str]:
    """As option `masks` takes them: addresses as text, all else as numbers."""
    return {
        {"ether_type": "proto"}.get(name, name): number_words(rule.flow_type, name, mask)
        if name in ("src_ip", "dst_ip", "src_mac", "dst_mac")
        else mask
        for name, mask in own_masks(rule).items()
    }


def device_result(device: Device) -> dict[str, t.Any]:
    """One PCI function; attributes are there for a VF."""
    netdev = device.netdev
    seen: dict[str, t.Any] = {
        "pci_address": device.address,
        "pf": device.physfn,
        "vf": device.vf,
        "driver": device.driver,
        "driver_override": device.driver_override,
        "default_driver": device.default_driver,
        "interface": device.interface,
        "name": netdev.name or None if netdev else None,
        "mac": netdev.mac or None if netdev else None,
        "up": netdev.up if netdev else None,
        "mtu": netdev.mtu if netdev else None,
        "iommu_group": device.iommu_group,
        "numa_node": device.numa_node,
        "dev_node": device.dev_node,
        "owner": device.dev_owner,
        "group": device.dev_group,
        "mode": _mode(device.dev_mode),
        "cdev": cdev_result(device.cdev) if device.cdev else None,
        "holders": [holder.text for holder in device.holders],
    }
    if device.physfn is not None:
        seen["attributes"] = asdict(device.attributes or VfAttributes())
    return seen
