# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated PF drivers keep of their VFs, and how `ip` shows and sets it.

net/core/rtnetlink.c do_setvfinfo (order, one by one, no undoing), ixgbe_sriov.c, igb_main.c; iproute2's print_vfinfo.
State is in sim/vfs/PF, one object for each VF.
"""

from __future__ import annotations

import json

from . import hosts
from .atlas.index import row_of
from .atlas.vfs import change, fresh, listed
from .tree import build

FRESH = {
    "mac": "00:00:00:00:00:00",
    **{"vlan": 0, "qos": 0, "proto": "802.1Q", "max_tx_rate": 0, "min_tx_rate": 0},
    **{"spoofchk": True, "state": "auto", "query_rss": False, "trust": False, "admin": False, "greeted": False},
}
# The order in which the kernel applies them.
ORDER = ("mac", "vlan", "rate", "spoofchk", "state", "query_rss", "trust")
ERRORS = {22: "Invalid argument", 93: "Protocol not supported", 95: "Operation not supported"}


class VirtualFunctions:
    """The VFs of all PFs of a tree."""

    def __init__(self, devices):
        self._devices = devices

    def load(self, pf):
        text = self._devices.read("sim/vfs", pf)
        return json.loads(text) if text else []

    def store(self, pf, vfs):
        build(self._devices.root, {f"sim/vfs/{pf}": json.dumps(vfs)})

    def create(self, pf, count):
        row = row_of(self._devices, pf)
        self.store(pf, [fresh(row, dict(FRESH)) if row else dict(FRESH) for _vf in range(count)])

    def address_at_probe(self, pf, index, random):
        """The VF driver asks its PF: the address that was set, else one that it makes up and tells the PF."""
        vfs = self.load(pf)
        if index >= len(vfs):
            return random
        vfs[index]["greeted"] = True
        if not vfs[index]["admin"]:
            vfs[index]["mac"] = random
        self.store(pf, vfs)
        return vfs[index]["mac"]

    def pf_was_reset(self, pf):
        """ixgbe_main.c ixgbe_down(): nothing is taken from a VF (clear_to_send) until it has greeted the PF again."""
        vfs = self.load(pf)
        if vfs:
            self.store(pf, [{**vf, "greeted": self._is_up(pf, index)} for index, vf in enumerate(vfs)])

    def interface_up(self, pf, index):
        """ixgbevf_main.c ixgbevf_open()."""
        vfs = self.load(pf)
        vfs[index]["greeted"] = True
        self.store(pf, vfs)

    def takes_mtu(self, pf, index):
        """ixgbe_sriov.c ixgbe_rcv_msg_from_vf(), ixgbevf_main.c ixgbevf_change_mtu()."""
        return self._devices.driver(pf) != "ixgbe" or self.load(pf)[index]["greeted"]

    def _is_up(self, pf, index):
        """Its watchdog greets the PF by itself then."""
        vf = self._devices.link(hosts.DEVICES, pf, f"virtfn{index}")
        names = self._devices.names(hosts.DEVICES, vf or "", "net")
        return bool(names) and "UP" in json.loads(self._devices.read("sim/interfaces", names[0]))["flags"]

    def user_takes_address(self, vf, mac):
        """Whether the PF's driver lets a VF have it; from then on it tells that as the VF's."""
        pf = self._devices.link(hosts.DEVICES, vf, "physfn")
        if pf is None:
            return True
        index, vfs = self._devices.index(pf, vf), self.load(pf)
        if vfs[index]["admin"] and not vfs[index]["trust"] and vfs[index]["mac"] != mac:
            return False
        vfs[index]["mac"] = mac
        self.store(pf, vfs)
        return True

    def show(self, pf):
        """vfinfo_list of iproute2 6.1."""
        row = row_of(self._devices, pf)
        if row:
            return listed(row, self._devices, pf, self.load(pf))
        driver, speed = self._devices.driver(pf), self._speed(pf)
        return [_shown(index, _told(vf, driver, speed), driver) for index, vf in enumerate(self.load(pf))]

    def set(self, pf, words):
        """`ip link set dev PF vf N WORDS`: None, or what the kernel answers."""
        vfs, (index, *rest) = self.load(pf), words
        desired = dict(zip(rest[::2], rest[1::2], strict=True))
        if int(index) >= len(vfs):
            return ERRORS[22]
        vf, row = vfs[int(index)], row_of(self._devices, pf)
        if row:
            refused = change(row, self._devices, pf, vf, desired)
            self.store(pf, vfs)
            return refused
        for name in ORDER:
            error = _apply(vf, name, desired, self._devices.driver(pf), self._carrier(pf))
            if error:
                self.store(pf, vfs)
                return ERRORS[error]
        self.store(pf, vfs)
        return None

    def _speed(self, pf):
        names = self._devices.names(hosts.DEVICES, pf, "net")
        return int(self._devices.read("sys/class/net", names[0], "speed") or 0) if names else 0

    def _carrier(self, pf):
        names = self._devices.names(hosts.DEVICES, pf, "net")
        return bool(names) and "LOWER_UP" in json.loads(self._devices.read("sim/interfaces", names[0]))["flags"]


def _told(vf, driver, speed):
    """As drivers tell that there is none: mlx4/cmd.c mlx4_get_vf_config (MLX4_VGT), qed_sriov.c qed_get_vf_config."""
    if driver == "mlx4_core":
        return {**vf, "vlan": vf["vlan"] or 4095}
    return {**vf, "max_tx_rate": vf["max_tx_rate"] or speed} if driver == "qede" else vf


def _shown(index, vf, driver):
    vlan = {name: vf[name] for name in ("vlan", "qos") if vf[name]}
    if vf["proto"] != "802.1Q":
        vlan["protocol"] = vf["proto"]
    shown = {"vf": index, "link_type": "ether", "address": vf["mac"], "broadcast": "ff:ff:ff:ff:ff:ff"}
    shown["vlan_list"] = [vlan]
    if vf["max_tx_rate"]:
        shown["tx_rate"] = vf["max_tx_rate"]
    shown["rate"] = {"max_tx": vf["max_tx_rate"], "min_tx": vf["min_tx_rate"]}
    shown.update(spoofchk=vf["spoofchk"], link_state=vf["state"], trust=vf["trust"])
    if driver == "sfc":  # sfc/ef10_sriov.c efx_ef10_sriov_get_vf_config
        del shown["spoofchk"], shown["trust"]
    return shown if driver in ("igb", "sfc") else {**shown, "query_rss_en": vf["query_rss"]}


def _apply(vf, name, desired, driver, carrier):
    if name == "mac" and "mac" in desired:
        if int(desired["mac"][:2], 16) & 1:
            return 22
        vf.update(mac=desired["mac"], admin=desired["mac"] != FRESH["mac"])
    elif name == "vlan" and "vlan" in desired:
        vlan, qos = int(desired["vlan"]), int(desired.get("qos", "0"))
        if vlan > 4095 or qos > 7:
            return 22
        if desired.get("proto", "802.1Q") != "802.1Q":
            return 93
        vf.update(vlan=vlan, qos=qos)
    elif name == "rate" and {"max_tx_rate", "min_tx_rate"} & set(desired):
        most, least = (
            int(desired.get("max_tx_rate", vf["max_tx_rate"])),
            int(desired.get("min_tx_rate", vf["min_tx_rate"])),
        )
        low, high = (10, 10000) if driver == "ixgbe" else (0, 1000) if driver == "igb" else (0, 1 << 31)
        needs_link = driver in ("ixgbe", "igb")
        if (needs_link and not carrier) or least or (most and not low < most <= high):
            return 22
        vf.update(max_tx_rate=most)
    elif name == "state" and "state" in desired:
        if driver == "igb":
            return 95
        if desired["state"] != "enable":  # ixgbe answers 0 and does not keep it
            vf["state"] = desired["state"]
    elif name in desired:
        if (driver, name) == ("igb", "query_rss"):
            return 95
        vf[name] = desired[name] == "on"
    return 0
