# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated kernel answers over netlink: net/xdp/xsk_diag.c, net/packet/diag.c, net/sched/{sch,cls}_api.c.

State is in sim/sockets (a list of objects, in the kernel's order: see hosts.xdp_socket() and hosts.capture()),
sim/filters (names of interfaces), and sim/netns/PATH (what namespaces.Links has).
"""

from __future__ import annotations

import errno
import json
import struct

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Netlink
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.namespaces import Links
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sock_diag import SockDiag
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.traffic_control import TrafficControl

AF_PACKET, AF_XDP = 17, 44
XDP_SHOW_STATS, XDP_DIAG_STATS = 16, 9
XDP_SHOW_UMEM, XDP_DIAG_UMEM = 4, 5
UNKNOWN = 63  # an attribute that nobody asks for
QDISC, FILTER, SOCKETS = 38, 46, 20


class Answers:
    """Netlink dumps."""

    def __init__(self, devices, behaviour):
        self._devices = devices
        self._behaviour = behaviour

    def __call__(self, _protocol, kind, payload):
        if kind in self._behaviour.netlink_errors:
            raise KernelRefused("netlink refused a question", errno=self._behaviour.netlink_errors[kind])
        return {QDISC: self._qdiscs, FILTER: self._filters, SOCKETS: self._sockets}[kind](payload)

    def _qdiscs(self, _payload):
        """mq on what has queues, and at the door of all that ever had a filter."""
        found = []
        for name in self._devices.interfaces():
            ifindex = json.loads(self._devices.read("sim/interfaces", name))["ifindex"]
            kinds = ["mq", *(["clsact"] if name in self._json("sim/filters") else [])]
            found += [struct.pack("=BxxxiIII", 0, ifindex, 0, 0, 0) + _attribute(1, k.encode() + b"\0") for k in kinds]
        return found

    def _filters(self, payload):
        """Those of one parent of one interface."""
        _family, ifindex, _handle, parent, _info = struct.unpack_from("=BxxxiIII", payload)
        for name, where in self._json("sim/filters").items():
            if json.loads(self._devices.read("sim/interfaces", name))["ifindex"] == ifindex:
                return [payload] if {"ingress": 0xFFFFFFF2, "egress": 0xFFFFFFF3}.get(where) == parent else []
        return []

    def _sockets(self, payload):
        family, protocol = payload[0], payload[1]
        show = struct.unpack_from("=I", payload, 8)[0]
        assert (protocol, len(payload)) == (0, 20), "else EINVAL"
        found = []
        for each in (each for each in self._json("sim/sockets") or [] if each["family"] == family):
            if family == AF_XDP and each["ifindex"] == 0:
                break  # xsk_diag_fill(): -EMSGSIZE for one that is not bound, and the dump ends
            said = _attribute(1, struct.pack("=II", each["ifindex"], each.get("queue") or 0))
            if family == AF_PACKET:
                said = _attribute(0, struct.pack("=IIIIII", each["ifindex"], 2, 0, 0, 0, 1))
                said += b"".join(_attribute(kind, b"\0" * 28) for kind in each["rings"])
            if family == AF_XDP and show & XDP_SHOW_STATS and "losses" in each:
                said += _attribute(XDP_DIAG_STATS, struct.pack("=6Q", *each["losses"], 0, 0))
            if family == AF_XDP and show & XDP_SHOW_UMEM and "zero_copy" in each:
                umem = struct.pack("=Q8I", 4096, 0, 1, 4096, 0, each["ifindex"], each["queue"], each["zero_copy"], 1)
                said += _attribute(XDP_DIAG_UMEM, umem)
            found.append(
                struct.pack("=BBHIII", family, 3, 0, each["inode"], 7, 0) + said + _attribute(UNKNOWN, b"\0" * 4)
            )
        return found

    def _json(self, name):
        return json.loads(self._devices.read(name) or "{}")


class SimNamespaces:
    """What a look into other namespaces gives."""

    def __init__(self, devices):
        self._devices = devices

    def links(self, paths):
        return {path: self._links(path) for path in paths}

    def _links(self, path):
        text = self._devices.read(f"sim/netns{path}")
        return Links([entry for entry in json.loads(text) if entry]) if text else Links([], "[EPERM: not permitted]")


class SimNetdev:
    """What Linux 6.12 tells of drivers' XDP features."""

    FEATURES = {"ixgbe": {"basic", "redirect", "xsk-zerocopy"}, "igb": {"basic", "redirect"}}

    def __init__(self, devices, behaviour):
        self._devices = devices
        self._behaviour = behaviour

    def xdp_features(self, ifindex):
        if not self._behaviour.tells_xdp_features:
            return None
        for name in self._devices.interfaces():
            if json.loads(self._devices.read("sim/interfaces", name))["ifindex"] == ifindex:
                address = self._devices.link("sys/class/net", name, "device")
                return frozenset(self.FEATURES.get(self._devices.driver(address) if address else None, ()))
        raise KernelRefused("generic netlink refused a question", errno=errno.ENODEV)


def netlink(devices, behaviour):
    ask = Answers(devices, behaviour)
    return Netlink(SockDiag(ask), TrafficControl(ask, ask), SimNamespaces(devices), SimNetdev(devices, behaviour))


def _attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value.ljust((len(value) + 3) & ~3, b"\0")
