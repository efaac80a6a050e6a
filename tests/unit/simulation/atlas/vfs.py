# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ip link set dev PF vf N` and its vfinfo_list, as a row says.

net/core/rtnetlink.c do_setvfinfo (order, one by one, no undoing), rtnl_fill_vfinfo (presets); iproute2's print_vfinfo.
"""

from __future__ import annotations

import errno
import os

from .numvfs import is_up
from .row import AS_SET, ZERO

USUAL = {
    **{"mac": ZERO, "vlan": 0, "qos": 0, "vlan_proto": "802.1Q", "max_tx_rate": 0, "min_tx_rate": 0},
    **{"spoofchk": False, "link_state": "auto", "query_rss": False, "trust": False},
}
KEYS = {"vlan_proto": "proto", "link_state": "state"}  # as vfs.FRESH calls them
GROUPS = (
    *(("mac",), ("vlan", "qos", "vlan_proto"), ("max_tx_rate", "min_tx_rate")),
    *(("spoofchk",), ("link_state",), ("query_rss",), ("trust",)),
)


def fresh(row, vf):
    """A new VF, with what its driver gives it."""
    for name, attribute in (row.attributes or {}).items():
        vf[KEYS.get(name, name)] = USUAL[name] if attribute.starts is None else attribute.starts
    return vf


def change(row, devices, pf, vf, desired):
    """What is desired of one VF, until the first error.

    :return: None, or what `ip` says.
    """
    asked = {name: _value(name, desired.get(KEYS.get(name, name))) for name in USUAL}
    for group in GROUPS:
        named = [name for name in group if asked[name] is not None]
        whole = {name: asked[name] if name in named else vf[KEYS.get(name, name)] for name in group}
        number = _refusal(row, devices, pf, {**vf, **whole}, group) if named else 0
        if number:
            return os.strerror(number)
        for name, value in whole.items() if named else ():
            if row.attributes[name].kept:
                vf[KEYS.get(name, name)] = value
        if "mac" in named:
            vf["admin"] = whole["mac"] != ZERO
    return None


def _value(name, word):
    if word is None:
        return None
    if isinstance(USUAL[name], bool):
        return word == "on"
    return int(word) if isinstance(USUAL[name], int) else word


def _refusal(row, devices, pf, vf, group):
    """The errno of the operation that sets a group together, of a VF as it would be."""
    if row.attributes is None:
        return errno.EOPNOTSUPP
    if "max_tx_rate" in group and 0 < vf["max_tx_rate"] < vf["min_tx_rate"]:
        return errno.EINVAL  # rtnl_set_vf_rate()
    if "mac" in group and int(vf["mac"][:2], 16) & 1:
        return errno.EINVAL
    return next(filter(None, (_judged(row, devices, pf, name, vf) for name in group)), 0)


def _judged(row, devices, pf, name, vf):
    attribute, value = row.attributes[name], vf[name]
    if attribute.refuses or value in attribute.never:
        return attribute.refuses or attribute.never[value]
    up = is_up(devices, pf)
    if attribute.needs in ("vlan", "mac"):
        return attribute.lacking if value and vf[attribute.needs] in (0, ZERO) else 0
    if attribute.needs and not up and not (attribute.without_zero and not value):
        return attribute.lacking
    return attribute.otherwise if not _takes(attribute, value, row.speed if up else None) else 0


def _takes(attribute, value, speed):
    if attribute.values is not None:
        return value in attribute.values
    if not isinstance(value, int) or isinstance(value, bool) or not value:
        return True
    most = speed if attribute.link_most else attribute.most
    return attribute.least <= value <= (value if most is None else most) and not value % attribute.step


def listed(row, devices, pf, vfs):
    """vfinfo_list."""
    if row.attributes is None or row.hides_vfs or (row.hidden_while_down and not is_up(devices, pf)):
        return []
    speed = row.speed if is_up(devices, pf) else 0
    return [_shown(index, {name: _told(row, name, vf, speed) for name in USUAL}) for index, vf in enumerate(vfs)]


def _told(row, name, vf, speed):
    attribute, value = row.attributes[name], vf[KEYS.get(name, name)]
    if attribute.told == "administrator's":
        return value if vf["admin"] else USUAL[name]
    if attribute.told == "in a VLAN":
        return value if vf["vlan"] else 0
    if attribute.none is not None and not value:
        return speed if attribute.none == "speed" else attribute.none
    told = value if attribute.told is AS_SET else attribute.told
    return speed if told == "speed" else told


def _shown(index, told):
    """Presets: -1 of spoofchk, query_rss_en and trusted is not printed, all else is 0 or auto."""
    told = {name: USUAL[name] if value is None and name not in SILENT else value for name, value in told.items()}
    vlan = {name: told[name] for name in ("vlan", "qos") if told[name]}
    if told["vlan_proto"] != "802.1Q":
        vlan["protocol"] = told["vlan_proto"]
    shown = {"vf": index, "link_type": "ether", "address": told["mac"], "broadcast": "ff:ff:ff:ff:ff:ff"}
    shown.update({"vlan_list": [vlan], "rate": {"max_tx": told["max_tx_rate"], "min_tx": told["min_tx_rate"]}})
    shown["link_state"] = told["link_state"]
    return {**shown, **{word: told[name] for name, word in SILENT.items() if told[name] is not None}}


SILENT = {"spoofchk": "spoofchk", "query_rss": "query_rss_en", "trust": "trust"}
