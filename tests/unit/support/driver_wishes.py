# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be wished of the NIC of any driver, each by itself, and whether a simulated driver really does it."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.rules import desired_rules
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults

from ..simulation import hosts
from ..simulation.atlas import index
from ..simulation.atlas.row import ToVf
from ..simulation.kernel import simulate

PF, VFS = index.NAME, 2
NUM_VFS = f"/{hosts.DEVICES}/{hosts.IGB.address}/sriov_numvfs"
ALLOWED = {"allow": ["in_use", "link_reset", "destroy_vfs"]}
ENDS = {"4": {"dst_ip": "192.0.2.30"}, "6": {"dst_ip": "2001:db8::30"}}
PORTS = {"src_port": 1024, "dst_port": 80}

ATTRIBUTES: dict[str, dict[str, t.Any]] = {
    "mac": {"mac": "02:00:00:00:aa:01"},
    "no mac": {"mac": "00:00:00:00:00:00"},
    "vlan": {"vlan": 7},
    "no vlan": {"vlan": 0},
    "qos": {"vlan": 7, "qos": 3},
    "qos without vlan": {"vlan": 0, "qos": 3},
    "802.1ad": {"vlan": 7, "vlan_proto": "802.1ad"},
    **{f"spoofchk {on}": {"spoofchk": on} for on in (True, False)},
    **{f"trust {on}": {"trust": on} for on in (True, False)},
    **{f"query_rss {on}": {"query_rss": on} for on in (True, False)},
    **{f"link_state {state}": {"link_state": state} for state in ("auto", "enable", "disable")},
    **{f"max_tx_rate {rate}": {"max_tx_rate": rate} for rate in (0, 30, 1000, 1234, 70000, 200000)},
    **{f"min_tx_rate {rate}": {"min_tx_rate": rate, "max_tx_rate": 2000} for rate in (0, 500)},
}


def flow(kind):
    """A rule of this type that every driver that has the type would take."""
    if kind == "ether":
        return {"flow_type": kind, "dst_mac": "02:00:00:00:bb:01"}
    return {"flow_type": kind, **ENDS[kind[-1]], **({} if kind.startswith("ip") else {"dst_port": 80})}


def alone(kind):
    """A rule of four fields, which qede takes too."""
    ends = {word: address for word, address in zip(("src_ip", "dst_ip"), 2 * [ENDS[kind[-1]]["dst_ip"]])}
    return {"flow_type": kind, **ends, **PORTS}


KINDS = ("tcp4", "udp4", "sctp4", "ip4", "tcp6", "udp6", "sctp6", "ip6", "ether")
TCP = flow("tcp4")
ICMP = {**flow("ip4"), "proto": 1}
RULES: dict[str, list[dict[str, t.Any]]] = {
    **{f"{kind} to queue 1": [{**flow(kind), "queue": 1}] for kind in KINDS},
    **{f"{kind} to VF 0": [{**flow(kind), "vf": 0, "queue": 0}] for kind in KINDS},
    **{f"{kind}, four fields": [{**alone(kind), "queue": 1}] for kind in ("tcp4", "udp6")},
    "dst port": [{"flow_type": "udp4", "dst_port": 80, "queue": 1}],
    "four fields to VF 1": [{**alone("tcp4"), "vf": 1, "queue": 0}],
    "four fields to VF 1 queue 1": [{**alone("tcp4"), "vf": 1, "queue": 1}],
    "four fields to VF 1 queue 9": [{**alone("tcp4"), "vf": 1, "queue": 9}],
    "four fields to VF 5": [{**alone("tcp4"), "vf": 5, "queue": 0}],
    "four fields, drop": [{**alone("tcp4"), "drop": True}],
    "four fields at 3": [{**alone("tcp4"), "queue": 1, "location": 3}],
    "four fields at 100000": [{**alone("tcp4"), "queue": 1, "location": 100000}],
    "four fields to queue 64": [{**alone("tcp4"), "queue": 64}],
    "two alike": [{**alone("tcp4"), "queue": 1}, {**alone("tcp4"), "dst_port": 81, "queue": 2}],
    "two of different fields": [{**alone("tcp4"), "queue": 1}, {"flow_type": "tcp4", "dst_port": 81, "queue": 2}],
    "ICMP": [{**ICMP, "queue": 1}],
    "a network": [{**alone("tcp4"), "src_ip": "192.0.2.0/24", "queue": 1}],
    "vlan": [{**alone("tcp4"), "vlan": 7, "queue": 1}],
    "user_def": [{**alone("tcp4"), "user_def": 7, "queue": 1}],
    "tos": [{**alone("tcp4"), "tos": 4, "queue": 1}],
    "ether type": [{"flow_type": "ether", "ether_type": 0x88F7, "queue": 1}],
    "ether type to VF 0": [{**flow("ether"), "ether_type": 0x88F7, "vf": 0, "queue": 0}],
    "ether to VF 0 queue 1": [{**flow("ether"), "vf": 0, "queue": 1}],
}
TABLES: dict[str, dict[str, t.Any]] = {
    "channels 4": {"channels": 4},
    "equal 2": {"equal": 2},
    "equal 3": {"equal": 3},
    "weights": {"weights": [3, 1]},
    "default": {"default": True},
}
NUMBERS = {f"num_vfs {number}": number for number in (0, 1, 2, 14, 17)}

WISHES: dict[str, dict[str, t.Any]] = {
    **{f"VF: {name}": {"vfs": [{"vf": 0, **words}]} for name, words in ATTRIBUTES.items()},
    **{f"rule: {name}": {"rules": rules} for name, rules in RULES.items()},
    **{f"rss: {name}": {"rss": words} for name, words in TABLES.items()},
    **{name: {"num_vfs": number} for name, number in NUMBERS.items()},
    **{f"{name}, down": {"num_vfs": number} for name, number in NUMBERS.items() if number in (1, 14)},
    "VF: mac, down": {"vfs": [{"vf": 0, **ATTRIBUTES["mac"]}]},
    "VF: max_tx_rate 1000, down": {"vfs": [{"vf": 0, **ATTRIBUTES["max_tx_rate 1000"]}]},
    "rule: four fields, down": {"rules": [{**alone("tcp4"), "queue": 1}]},
}
