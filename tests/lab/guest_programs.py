"""What a guest's own programs tell of a PF and its VFs, in the words of module info: lspci, ip, ethtool, sysfs.

Read as text, by code that shares nothing with the collection's own.
"""

from __future__ import annotations

import re
from typing import Any

from lab.vm import Vm

DEVICES = "/sys/bus/pci/devices"
HASH_WORDS = {"IP SA": "s", "IP DA": "d", "L4 bytes 0 & 1": "f", "L4 bytes 2 & 3": "n"}
# ethtool(8) has older names for some of the kernel's.
FEATURES = {
    "rx-checksumming": "rx-checksum",
    "generic-segmentation-offload": "tx-generic-segmentation",
    "generic-receive-offload": "rx-gro",
    "large-receive-offload": "rx-lro",
    "rx-vlan-offload": "rx-vlan-hw-parse",
    "tx-vlan-offload": "tx-vlan-hw-insert",
    "ntuple-filters": "rx-ntuple-filter",
    "receive-hashing": "rx-hashing",
}
FEATURE_GROUPS = ("tx-checksumming", "scatter-gather", "tcp-segmentation-offload")
RULE_TYPES = {"TCP over IPv4": "tcp4", "UDP over IPv4": "udp4", "SCTP over IPv4": "sctp4", "Raw IPv4": "ip4"}
_VF = re.compile(
    r"^ +vf (?P<vf>\d+) +link/ether (?P<mac>\S+) brd \S+?,(?: vlan (?P<vlan>\d+),)?(?: qos (?P<qos>\d+),)?"
    r"(?: vlan protocol (?P<proto>\S+),)?(?: tx rate \d+ \(Mbps\),)?(?: max_tx_rate (?P<most>\d+)Mbps,)?"
    r"(?: min_tx_rate (?P<least>\d+)Mbps,)? spoof checking (?P<spoof>on|off), link-state (?P<state>\w+),"
    r" trust (?P<trust>on|off)(?:, query_rss (?P<query>on|off))?",
    re.MULTILINE,
)


class GuestPrograms:
    """Asks one guest."""

    def __init__(self, vm: Vm) -> None:
        self._vm = vm

    def pf(self, address: str) -> dict[str, Any]:
        """All that info has of a PF but for its judgements: bypass, rss_limit, rss_queues, locations, holders."""
        base = f"{DEVICES}/{address}"
        name = self._say(f"ls {base}/net")
        vfs = self._say(f"cd {base}; for link in $(ls -dv virtfn* 2>/dev/null); do readlink $link; done").split()
        attributes = self.attributes(name)
        functions = [self._vf(vf.removeprefix("../"), address, n, attributes[n]) for n, vf in enumerate(vfs)]
        return {
            **self._card(address),
            **self._interface(name),
            **self._settings(base),
            **self._queues(name),
            "name": name,
            "pci_address": address,
            "altnames": re.findall(r"^ +altname (\S+)", self._say(f"ip link show {name}"), re.MULTILINE),
            "perm_mac": self._say(f"ethtool -P {name}").split()[-1],
            "vfs": functions,
            "xsk": self._say(f"ip -d link show {name} | grep -o prog/xdp || true") or None,  # no more of it
        }

    def host(self) -> dict[str, Any]:
        """The same for the host, but for no_iommu_mode and the nodes."""
        pools = self._say("cd /sys/devices/system/node; grep -H . node*/hugepages/*/*_hugepages").splitlines()
        return {
            "kernel": self._say("uname -r"),
            "online_cpus": int(self._say("nproc")),
            "iommu_groups": int(self._say("ls /sys/kernel/iommu_groups | wc -l")),
            "hugepages": _hugepages(pools),
            "vfio_pci": bool(self._say("lsmod | grep '^vfio_pci ' || true")),
        }

    def _say(self, command: str) -> str:
        return self._vm.ssh(command).stdout.strip()

    def _card(self, address: str) -> dict[str, Any]:
        lines = self._say(f"lspci -Dvmmnk -s {address}").splitlines()
        card = {key: value.strip() for key, _colon, value in (line.partition(":") for line in lines)}
        group = card["IOMMUGroup"]
        return {
            "vendor": card["Vendor"],
            "device": card["Device"],
            "driver": card.get("Driver"),
            "iommu_group": int(group),
            "iommu_group_members": self._say(f"ls /sys/kernel/iommu_groups/{group}/devices").split(),
        }

    def _interface(self, name: str) -> dict[str, Any]:
        if not name:
            return {"name": None, "mac": None, "up": None, "mtu": None}
        mac, mtu, flags, carrier = self._say(
            f"cd /sys/class/net/{name}; cat address mtu flags; cat carrier 2>/dev/null || echo 0"
        ).split()
        up = bool(int(flags, 16) & 1)
        return {"name": name, "mac": mac, "up": up, "mtu": int(mtu), "carrier": up and carrier == "1"}

    def _settings(self, base: str) -> dict[str, Any]:
        words = ("sriov_numvfs", "sriov_totalvfs", "sriov_drivers_autoprobe", "numa_node")
        num, total, autoprobe, node = self._say(f"cd {base}; cat {' '.join(words)}").split()
        return {
            "num_vfs": int(num),
            "total_vfs": int(total),
            "drivers_autoprobe": autoprobe == "1",
            "numa_node": int(node),
        }

    def _queues(self, name: str) -> dict[str, Any]:
        info = dict(re.findall(r"^([\w-]+): ?(.*)$", self._say(f"ethtool -i {name}"), re.MULTILINE))
        features = _features(self._say(f"ethtool -k {name}"))
        return {
            "driver_info": {
                "driver": info["driver"],
                "version": info["version"],
                "firmware_version": info["firmware-version"],
                "bus_info": info["bus-info"],
            },
            "features": features,
            "ntuple": features["rx-ntuple-filter"],
            "channels": _channels(self._say(f"ethtool -l {name}")),
            "vf_total_msix": int(self._say(f"cat /sys/class/net/{name}/device/sriov_vf_total_msix")),
            "ring_sizes": _ring_sizes(self._say(f"ethtool -g {name}")),
            "rss": {**_rss(self._say(f"ethtool -x {name}")), "hash_fields": self._hash_fields(name)},
            "rules": _rules(self._say(f"ethtool -n {name}")),
        }

    def _hash_fields(self, name: str) -> dict[str, str]:
        flows = ("tcp4", "udp4", "sctp4", "tcp6", "udp6", "sctp6")
        return {flow: _hash_letters(self._say(f"ethtool -n {name} rx-flow-hash {flow}")) for flow in flows}

    def attributes(self, name: str) -> dict[int, dict[str, Any]]:
        """What `ip link` tells of each VF."""
        found = _VF.finditer(self._vm.ssh(f"ip link show {name}").stdout)
        return {int(match["vf"]): _attributes(match) for match in found}

    def _vf(self, address: str, pf: str, index: int, attributes: dict[str, Any]) -> dict[str, Any]:
        base = f"{DEVICES}/{address}"
        name = self._say(f"ls {base}/net 2>/dev/null || true")
        override = self._say(f"cat {base}/driver_override")
        interface = self._interface(name)
        interface.pop("carrier", None)
        card = self._card(address)
        return {
            **{key: card[key] for key in ("driver", "iommu_group", "iommu_group_members")},
            **interface,
            **self._node(card),
            "interface": "here" if name else "none",
            "cdev": self._cdev(base),
            "pci_address": address,
            "pf": pf,
            "vf": index,
            "driver_override": None if override == "(null)" else override,
            "default_driver": self._say(f"modprobe -R $(cat {base}/modalias)"),
            "numa_node": int(self._say(f"cat {base}/numa_node")),
            "attributes": attributes,
        }

    def _node(self, card: dict[str, Any]) -> dict[str, Any]:
        if card["driver"] != "vfio-pci":
            return dict.fromkeys(("dev_node", "owner", "group", "mode"))
        node = f"/dev/vfio/{card['iommu_group']}"
        owner, group, mode = self._say(f"stat -c '%u %g %a' {node}").split()
        return {"dev_node": node, "owner": int(owner), "group": int(group), "mode": f"{int(mode, 8):04o}"}

    def _cdev(self, base: str) -> dict[str, Any] | None:
        """Debian's kernels have none (CONFIG_VFIO_DEVICE_CDEV)."""
        node = f"/dev/vfio/devices/$(ls {base}/vfio-dev 2>/dev/null)"
        found = self._say(f"test -c {node} && stat -c '%n %u %g %a' {node} || true").split()
        if not found:
            return None
        path, owner, group, mode = found
        return {"path": path, "owner": int(owner), "group": int(group), "mode": f"{int(mode, 8):04o}"}


def _attributes(match: re.Match[str]) -> dict[str, Any]:
    return {
        "mac": match["mac"],
        "vlan": int(match["vlan"] or 0),
        "qos": int(match["qos"] or 0),
        "vlan_proto": match["proto"] or "802.1Q",
        "spoofchk": match["spoof"] == "on",
        "trust": match["trust"] == "on",
        "min_tx_rate": int(match["least"] or 0),
        "max_tx_rate": int(match["most"] or 0),
        "link_state": match["state"],
        "query_rss": None if match["query"] is None else match["query"] == "on",
    }


def _hash_letters(text: str) -> str:
    """Of `ethtool -n NAME rx-flow-hash FLOW`, as letters of the option."""
    return "".join(letter for words, letter in HASH_WORDS.items() if words in text)


def _features(text: str) -> dict[str, Any]:
    lines = re.findall(r"^\s*([\w-]+): (on|off)( \[fixed\])?", text, re.MULTILINE)
    named = {FEATURES.get(name, name): {"on": state == "on", "changeable": not fixed} for name, state, fixed in lines}
    return {name: feature for name, feature in named.items() if name not in FEATURE_GROUPS}


def _channels(text: str) -> dict[str, int]:
    most, present = (dict(re.findall(r"^(\w+):\s+(\S+)$", part, re.MULTILINE)) for part in text.split("Current"))
    numbers = {f"max_{key.lower()}": value for key, value in most.items() if key != "Other"}
    numbers |= {key.lower(): value for key, value in present.items()}
    return {key: 0 if value == "n/a" else int(value) for key, value in numbers.items()}


def _ring_sizes(text: str) -> dict[str, int]:
    """Pre-set maximums, then what is set now; "RX" and "TX" are lines of both."""
    most, present = (dict(re.findall(r"^([RT]X):\s+(\d+)$", part, re.MULTILINE)) for part in text.split("Current"))
    return {
        **{key.lower(): int(value) for key, value in present.items()},
        **{f"max_{key.lower()}": int(value) for key, value in most.items()},
    }


def _rss(text: str) -> dict[str, Any]:
    rows = re.findall(r"^\s+\d+:((?:\s+\d+)+)$", text, re.MULTILINE)
    table = [int(queue) for row in rows for queue in row.split()]
    rings = re.search(r"with (\d+) RX ring", text)
    key = re.search(r"^RSS hash key:\n([0-9a-f:]+)$", text, re.MULTILINE)
    function = re.search(r"^\s+(\w+): on$", text, re.MULTILINE)
    return {
        "rings": int(rings[1]) if rings else None,
        "table": table,
        "entries": {str(queue): table.count(queue) for queue in sorted(set(table))},
        "key": key[1] if key else "",
        "hash_function": function[1] if function else None,
    }


def _rules(text: str) -> list[tuple[int, str, str]]:
    """(location, flow type, the words behind "Action:")."""
    pattern = r"^Filter: (\d+)\n\tRule Type: (.*)\n(?:\t.*\n)*?\tAction: (.*)$"
    return [(int(number), RULE_TYPES[kind], action) for number, kind, action in re.findall(pattern, text, re.MULTILINE)]


def _hugepages(lines: list[str]) -> list[dict[str, int]]:
    pools: dict[tuple[int, int], dict[str, int]] = {}
    for line in lines:
        match = re.fullmatch(r"node(\d+)/hugepages/hugepages-(\d+)kB/(nr|free|surplus)_hugepages:(\d+)", line)
        if match:
            pools.setdefault((int(match[1]), int(match[2])), {})[match[3]] = int(match[4])
    # The kernel's directory order is that of the names.
    order = sorted(pools, key=lambda pool: (pool[0], f"hugepages-{pool[1]}kB"))
    return [{"node": node, "size_kb": size, **pools[node, size]} for node, size in order]
