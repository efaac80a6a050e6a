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
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_table import weights_table

from ..simulation import ethtool, hosts
from ..simulation.atlas import index, nic
from ..simulation.kernel import simulate
from ..simulation.tree import build

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


def kernel_of(root, row, up=True, num_vfs=VFS):
    """A simulated kernel with this driver's PF and its VFs."""
    kernel = simulate(root, index.files(row))
    if num_vfs and row.total_vfs and row.numvfs.sysfs:
        kernel.sysfs.write(NUM_VFS, str(num_vfs))
    elif num_vfs and row.attributes is not None:
        kernel.run.devices.add_vfs(hosts.IGB.address, num_vfs)
        kernel.run.devices.put(NUM_VFS.lstrip("/"), num_vfs)
    if not up:
        kernel.run(["ip", "link", "set", "dev", PF, "down"])
        build(root, {f"sys/class/net/{PF}/speed": "-1"})
    return kernel


def wishes_of(row):
    """Where a driver takes no rules one or two say as much as all."""
    some = ("rule: tcp4 to queue 1", "rule: ether to VF 0")
    return [wish for wish, words in WISHES.items() if row.rules or "rules" not in words or wish in some]


def options_of(wish):
    """Those of module host."""
    return {"pfs": [{"pf": PF, **WISHES[wish], **ALLOWED}]}


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
    "vlan, all of the tag": [{**alone("tcp4"), "vlan": 7, "masks": {"vlan": 0xFFFF}, "queue": 1}],
    "ether type and vlan": [{"flow_type": "ether", "proto": 0x88F7, "vlan": 7, "queue": 1}],
    "ether type": [{"flow_type": "ether", "proto": 0x88F7, "queue": 1}],
    "ether type to VF 0": [{**flow("ether"), "proto": 0x88F7, "vf": 0, "queue": 0}],
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


def refusal(kernel, row, wish):
    """Why the driver does not do it, whoever asks: an errno's words, or what it does instead; "" if it does it."""
    words = WISHES[wish]
    try:
        if "vfs" in words:
            return _set_attributes(kernel, row, words["vfs"][0])
        if "rules" in words:
            return _insert(kernel, row, words["rules"])
        return _set_table(kernel, words["rss"]) if "rss" in words else _write(kernel, words["num_vfs"])
    except KernelRefused as error:
        return str(error)


def _set_attributes(kernel, row, said):
    words = {name: value for name, value in said.items() if name != "vf"}
    if "vlan" in words:
        words = {"qos": 0, "vlan_proto": "802.1Q", **words}
    given = []
    for name, value in words.items():
        word = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
        given += [IPROUTE2.get(name, name), word]
    code, _out, error = kernel.run(["ip", "link", "set", "dev", PF, "vf", "0", *given])
    return error if code else ignored_words(row, said)


def ignored_words(row, said):
    """What the driver takes and does not do, or does otherwise."""
    found = []
    for name, value in said.items():
        attribute = (row.attributes or {}).get(name)
        if attribute and value and not attribute.kept:
            found.append(f"{name} is ignored")
        elif attribute and attribute.rounds > 1 and value % attribute.rounds:
            found.append(f"{name} is rounded")
        elif attribute and value and attribute.told == "in a VLAN" and not said.get("vlan"):
            found.append(f"{name} is not in force")
    return ", ".join(found)


def done_wrongly(kernel, row, wish):
    """What the driver has taken and does otherwise, in words."""
    words = WISHES[wish]
    rules = ethtool.nic(kernel.run.devices, PF).rules() if "rules" in words else []
    said = [ignored_words(row, each) for each in words.get("vfs", ())]
    return ", ".join(filter(None, [*said, *(rule["wrong"] for rule in rules)]))


IPROUTE2 = {"vlan_proto": "proto", "link_state": "state"}


def _insert(kernel, row, rules):
    if row.rules is None:
        return "no rules"
    with contextlib.suppress(KernelRefused):
        kernel.ethtool.set_feature(PF, nic.NTUPLE, True)
    for number, rule in enumerate(desired_rules(rules, "", Faults()).rules):
        place = None if row.rules.any_only else row.rules.size - 1 - number
        kernel.ethtool.insert_rule(PF, rule.at(place if rule.location is None else rule.location))
    return ", ".join(rule["wrong"] for rule in ethtool.nic(kernel.run.devices, PF).rules() if rule["wrong"])


def _set_table(kernel, words):
    channels, table = kernel.ethtool.channels(PF), kernel.ethtool.rss(PF).table
    if "channels" in words:
        if channels is None or not channels.combined:
            return "no combined channels"
        kernel.ethtool.set_channels(PF, channels._replace(combined=words["channels"]))
    elif "default" not in words:
        kernel.ethtool.set_rss(PF, weights_table(len(table), tuple(words.get("weights") or [1] * words["equal"])))
    return ""


def _write(kernel, number):
    if number != kernel.sysfs.read_int(NUM_VFS):
        kernel.sysfs.write(NUM_VFS, str(number))
    given = kernel.sysfs.read_int(NUM_VFS)
    return "" if given == number else f"{given} came"
