# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a driver's ethtool_ops are to net/ethtool/ioctl.c, and where the simulated ones keep their state.

sim/ethtool/ADDRESS (NAME, where several interfaces are one function) has what differs from a driver that was just
loaded, as JSON: no file, nothing differs, and a state that was put back is byte for byte the state before.
sim/statistics/NAME has counters that are not 0: {"rx_packets": 5}.
"""

from __future__ import annotations

import errno
import json
import os
import typing as t

from . import abi as simabi
from . import hosts

STATE = "sim/ethtool"
STATISTICS = "sim/statistics"
ADDRESSES = 1 << 4 | 1 << 5  # RXH_IP_SRC, RXH_IP_DST


def refusal(number):
    return OSError(number, os.strerror(number))


class Feature(t.NamedTuple):
    """:param available: in hw_features: ethtool may change it."""

    available: bool = False
    wanted: bool = False
    active: bool = False


def features(on="", off="", fixed=""):
    """Features that are on, that could be, and that are on and fixed; words of `ethtool -k`."""
    return {
        **{name: Feature(True, True) for name in on.split()},
        **{name: Feature(True, False) for name in off.split()},
        **{name: Feature(False, True) for name in fixed.split()},
    }


class Nic:
    """An interface whose driver has no ethtool_ops but those that every interface has: a VF's, the loopback.

    :param devices: devices.Devices.
    """

    FEATURES = features(on="tx-scatter-gather tx-generic-segmentation rx-gro", off="rx-gro-list", fixed="highdma")
    FIRMWARE = ""
    KEY = b""
    RULES = 0  # locations for flow rules
    PLACES = False  # takes RX_CLS_LOC_ANY
    CONTEXTS = None  # numbers of the RSS contexts that somebody has made; None: the driver has no such thing

    def __init__(self, devices, name):
        self.devices = devices
        self.name = name
        self.address = devices.link("sys/class/net", name, "device")

    # What it is.

    def attribute(self, name):
        return self.devices.read(hosts.DEVICES, self.address or "", name)

    @property
    def entry(self):
        """As `ip` prints it."""
        return json.loads(self.devices.read("sim/interfaces", self.name))

    @property
    def up(self):
        return "UP" in self.entry["flags"]

    @property
    def driver(self):
        return self.devices.driver(self.address) if self.address else None

    @property
    def num_vfs(self):
        return int(self.attribute("sriov_numvfs") or 0)

    @property
    def cpus(self):
        ranges = [part.split("-") for part in self.devices.read("sys/devices/system/cpu/online").split(",")]
        return sum(int(part[-1]) - int(part[0]) + 1 for part in ranges)

    @property
    def classes(self):
        """Traffic classes (DCB)."""
        base = f"sys/class/net/{self.name}/queues"
        classes = (self.devices.read(base, queue, "traffic_class") for queue in self.devices.names(base))
        return len({value for value in classes if value})

    # Its state.

    @property
    def whose(self):
        """Where its state is: ports that share a function have one each."""
        shared = self.address is None or len(self.devices.names(hosts.DEVICES, self.address, "net")) > 1
        return self.name if shared else self.address

    def state(self):
        return json.loads(self.devices.read(STATE, self.whose) or "{}")

    def put(self, **changes):
        """None, and what is empty, is as if it had never been."""
        left = {
            name: value for name, value in {**self.state(), **changes}.items() if value not in (None, [], {}, False)
        }
        path = self.devices.at(STATE, self.whose)
        if left:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self.devices.put(path, json.dumps(left, sort_keys=True))
        elif os.path.exists(path):
            os.unlink(path)

    # Features.

    def all_features(self):
        """Every feature that is not fixed off."""
        wanted = self.state().get("wanted", {})
        asked = {
            name: feature._replace(wanted=wanted.get(name, feature.wanted)) for name, feature in self.FEATURES.items()
        }
        active = self.fix_features({name for name, feature in asked.items() if feature.wanted})
        return {name: feature._replace(active=name in active) for name, feature in asked.items()}

    def desired_vfs(self, desired):
        """ndo_set_features after the desired were noted."""
        before = self.all_features()
        wanted = {**self.state().get("wanted", {}), **desired}
        self.put(wanted={name: on for name, on in wanted.items() if on != self.FEATURES[name].wanted})
        after = self.all_features()
        self.set_features({name for name in after if before[name].active != after[name].active})

    def active(self, name):
        return self.all_features().get(name, Feature()).active

    def fix_features(self, wanted):
        return wanted

    def set_features(self, changed):
        pass

    # Queues: EOPNOTSUPP where a driver has no such operation.

    def channels(self):
        """Members of struct ethtool_channels."""
        raise refusal(errno.EOPNOTSUPP)

    def set_channels(self, wanted):
        raise refusal(errno.EOPNOTSUPP)

    def most_descriptors(self):
        """Of a ring."""
        raise refusal(errno.EOPNOTSUPP)

    def descriptors(self):
        """Of rings that receive, and that send."""
        raise refusal(errno.EOPNOTSUPP)

    def set_descriptors(self, rx, tx):
        raise refusal(errno.EOPNOTSUPP)

    def rings(self):
        raise refusal(errno.EOPNOTSUPP)

    def table(self):
        """The indirection table."""
        raise refusal(errno.EOPNOTSUPP)

    def set_table(self, entries):
        raise refusal(errno.EOPNOTSUPP)

    # The hash of RSS.

    def key(self):
        return bytes.fromhex(self.state().get("hash_key", "")) or self.KEY

    def put_key(self, key):
        if key:
            self.put(hash_key=key.hex() if key != self.KEY else None)

    def set_hash(self, key, function):
        """:param function: ETH_RSS_HASH_*, 0 for the same."""
        raise refusal(errno.EOPNOTSUPP)

    def hash_fields(self, flow_type):
        """RXH_* bits."""
        raise refusal(errno.EOPNOTSUPP)

    def set_hash_fields(self, flow_type, bits):
        raise refusal(errno.EOPNOTSUPP)

    # Flow rules: dictionaries with their location, in its order.

    def listed_size(self):
        """What the list tells as the size of the table."""
        return self.RULES

    def rules(self):
        return self.state().get("rules", [])

    def rule_at(self, location):
        found = [rule for rule in self.rules() if rule["location"] == location]
        if not found:
            raise refusal(errno.EINVAL)
        return found[0]

    def tell_rule(self, rule, request):
        """Fill struct ethtool_rxnfc in."""
        raise refusal(errno.EOPNOTSUPP)

    def insert(self, request):
        raise refusal(errno.EOPNOTSUPP)

    def place(self, rule):
        """Into the list; what was at this location is replaced."""
        others = [other for other in self.rules() if other["location"] != rule["location"]]
        self.put(rules=sorted([*others, rule], key=lambda each: each["location"]))

    def delete(self, location):
        gone = self.rule_at(location)
        self.put(rules=[rule for rule in self.rules() if rule != gone])

    # Counters.

    def counters(self):
        """Names of the driver's statistics; EOPNOTSUPP where it has none."""
        raise refusal(errno.EOPNOTSUPP)

    def statistics(self):
        values = json.loads(self.devices.read(STATISTICS, self.name) or "{}")
        return [values.get(name, 0) for name in self.counters()]

    # XDP.

    def set_xdp(self, attached):
        """ndo_bpf: a native program comes, or goes."""
        raise refusal(errno.EOPNOTSUPP)

    # What happens to it.

    def vfs_changed(self):
        """sriov_numvfs was written, with success."""

    def link_changed(self):
        """`ip link set` has set it up, or down."""

    def mtu_changed(self):
        """`ip link set` has given it another MTU."""


class UnknownNic(Nic):
    """A driver nobody knows, whose VFs take no queues; it takes any flow rule, as it is, and chooses places itself.

    Somebody has made RSS contexts 1 and 2.
    """

    FEATURES = features(
        on="tx-scatter-gather tx-generic-segmentation rx-gro rx-checksum rx-hashing",
        off="rx-gro-list",
        fixed="highdma rx-ntuple-filter",
    )
    KEY = bytes(range(40))
    RULES = 1024
    PLACES = True
    CONTEXTS = (1, 2)

    def channels(self):
        most = min(8, self.cpus)
        return {"max_combined": most, "combined_count": self.state().get("channels", most)}

    def set_channels(self, wanted):
        self.put(channels=wanted.combined_count if wanted.combined_count < min(8, self.cpus) else None)

    def rings(self):
        return self.channels()["combined_count"]

    def default_table(self):
        return [entry % self.rings() for entry in range(128)]

    def table(self):
        return self.state().get("table") or self.default_table()

    def set_table(self, entries):
        self.put(table=entries if entries != self.default_table() else None)

    def set_hash(self, key, function):
        self.put_key(key)
        if function:
            self.put(hfunc=function if function != simabi.ETH_RSS_HASH_TOP else None)

    def hash_fields(self, flow_type):
        return self.state().get("hash_fields", {}).get(str(flow_type), ADDRESSES)

    def set_hash_fields(self, flow_type, bits):
        others = {each: other for each, other in self.state().get("hash_fields", {}).items() if each != str(flow_type)}
        self.put(hash_fields={**others, **({str(flow_type): bits} if bits != ADDRESSES else {})})

    def insert(self, request):
        spec = request.fs
        if spec.flow_type & simabi.FLOW_RSS and request.rule_cnt not in (0, *self.CONTEXTS):
            raise refusal(errno.EINVAL)
        if spec.location == simabi.RX_CLS_LOC_ANY:
            free = set(range(self.RULES)) - {rule["location"] for rule in self.rules()}
            if not free:
                raise refusal(errno.ENOSPC)
            spec.location = min(free)
        elif spec.location >= self.RULES:
            raise refusal(errno.EINVAL)
        self.place({"location": spec.location, "spec": bytes(spec).hex(), "context": request.rule_cnt})

    def tell_rule(self, rule, request):
        request.fs = simabi.RxFlowSpec.from_buffer_copy(bytes.fromhex(rule["spec"]))
        request.rule_cnt = rule["context"]

    def counters(self):
        return ["port_rx_packets", *(f"rx-{ring}.rx_packets" for ring in range(self.rings()))]
