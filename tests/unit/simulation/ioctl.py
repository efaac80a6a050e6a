# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What net/ethtool/ioctl.c of Linux 6.12 answers to SIOCETHTOOL, down to the bytes; its order of checks, its errnos.

What is the driver's business is in ixgbe.py, igb.py and nics.py. The structures are those of abi.py, written from the
kernel's header: a second opinion on what the code under test sends.
"""

from __future__ import annotations

import ctypes
import errno

from . import abi as simabi
from . import rss_hash
from .nics import Feature, refusal

FLOW_NAMES = {
    1: "tcp4",
    2: "udp4",
    3: "sctp4",
    5: "tcp6",
    6: "udp6",
    7: "sctp6",
    0x0D: "ip4",
    0x0E: "ip6",
    0x12: "ether",
}
BLOCKS = 2  # ETHTOOL_DEV_FEATURE_WORDS
ETOOSMALL = 525  # include/linux/errno.h: not meant for user space, and yet told


def array(buffer, offset, kind, count):
    """An array inside a request; ValueError where the kernel would write past its end."""
    return (kind * count).from_buffer(buffer, offset)


# Names and numbers.


def drvinfo(interface, buffer):
    if interface.driver is None:
        raise refusal(errno.EOPNOTSUPP)
    info = simabi.Drvinfo.from_buffer(buffer)
    info.driver, info.version = interface.driver.encode(), b"6.12.0"
    info.fw_version, info.bus_info = interface.FIRMWARE.encode(), interface.address.encode()


def permanent_address(interface, buffer):
    head = simabi.Sized.from_buffer(buffer)
    address = interface.entry.get("permaddr", interface.entry["address"])
    if interface.entry.get("random"):  # net/core/dev.c register_netdevice: only NET_ADDR_PERM is kept
        address = "00:00:00:00:00:00"
    if head.size < 6:
        raise refusal(ETOOSMALL)
    octets = bytes.fromhex(address.replace(":", ""))
    head.size = len(octets)  # addr_len: 0 of ARPHRD_NONE
    array(buffer, 8, ctypes.c_uint8, head.size)[:] = octets


def names_of(interface, string_set):
    if string_set == simabi.SS_FEATURES:
        return simabi.FEATURES
    if string_set == simabi.SS_STATS:
        return interface.counters()
    raise AssertionError(f"string set {string_set}")


def string_set_info(interface, buffer):
    info = simabi.SsetInfo.from_buffer(buffer)
    asked, found = info.sset_mask, {}
    for string_set in (bit for bit in range(64) if asked >> bit & 1):
        try:
            found[string_set] = len(names_of(interface, string_set))
        except OSError:
            continue
    info.sset_mask = sum(1 << string_set for string_set in found)
    array(buffer, ctypes.sizeof(info), ctypes.c_uint32, len(found))[:] = tuple(found.values())


def strings(interface, buffer):
    head = simabi.Gstrings.from_buffer(buffer)
    names = names_of(interface, head.string_set)
    head.len = 0 if head.len and head.len != len(names) else len(names)
    rows = array(buffer, ctypes.sizeof(head), ctypes.c_char * simabi.GSTRING_LEN, head.len)
    for index in range(head.len):
        rows[index].value = names[index].encode()


def statistics(interface, buffer):
    head = simabi.Sized.from_buffer(buffer)
    values = interface.statistics()
    head.size = 0 if head.size and head.size != len(values) else len(values)
    array(buffer, ctypes.sizeof(head), ctypes.c_uint64, head.size)[:] = values[: head.size]


# Features.


def bits(names):
    number = sum(1 << bit for bit, name in enumerate(simabi.FEATURES) if name in names)
    return [number >> 32 * block & 0xFFFFFFFF for block in range(BLOCKS)]


def get_features(interface, buffer):
    head = simabi.Sized.from_buffer(buffer)
    blocks = array(buffer, ctypes.sizeof(head), simabi.GetFeatures, min(head.size, BLOCKS))
    head.size = BLOCKS
    present = interface.all_features()
    for member in ("available", "wanted", "active"):
        for block, value in zip(blocks, bits({n for n, f in present.items() if getattr(f, member)}), strict=False):
            setattr(block, {"wanted": "requested"}.get(member, member), value)
    for block, value in zip(blocks, bits({simabi.NEVER_CHANGED}), strict=False):
        block.never_changed = value


def desired(buffer):
    """Feature -> on, as a request says it."""
    blocks = array(buffer, 8, simabi.SetFeatures, simabi.Sized.from_buffer(buffer).size)
    valid = sum(block.valid << 32 * index for index, block in enumerate(blocks))
    requested = sum(block.requested << 32 * index for index, block in enumerate(blocks))
    return {name: bool(requested >> bit & 1) for bit, name in enumerate(simabi.FEATURES) if valid >> bit & 1}


def set_features(interface, buffer):
    """Where a feature may not be changed the kernel answers success, with a flag."""
    if simabi.Sized.from_buffer(buffer).size != BLOCKS:
        raise refusal(errno.EINVAL)
    wanted = desired(buffer)
    if simabi.NEVER_CHANGED in wanted:
        raise refusal(errno.EINVAL)
    present = interface.all_features()
    interface.desired_vfs({name: on for name, on in wanted.items() if present.get(name, Feature()).available})


def feature_orders(name, buffer):
    return [f"ethtool -K {name} {feature} {'on' if on else 'off'}" for feature, on in desired(buffer).items()]


# Channels.


def get_channels(interface, buffer):
    answer = simabi.Channels.from_buffer(buffer)
    for member, value in {**dict.fromkeys(MEMBERS, 0), **interface.channels()}.items():
        setattr(answer, member, value)


def set_channels(interface, buffer):
    wanted = simabi.Channels.from_buffer(buffer)
    present = {**dict.fromkeys(MEMBERS, 0), **interface.channels()}
    counts = ("rx", "tx", "other", "combined")
    if all(getattr(wanted, f"{name}_count") == present[f"{name}_count"] for name in counts):
        return
    if any(getattr(wanted, f"{name}_count") > present[f"max_{name}"] for name in counts):
        raise refusal(errno.EINVAL)
    if not wanted.combined_count and not (wanted.rx_count and wanted.tx_count):
        raise refusal(errno.EINVAL)
    # ethtool_check_max_channel(): the table, if it was ever set by hand, and rules for queues of the PF.
    used = [max(interface.table())] if interface.state().get("rxfh_configured") else []
    used += [cookie for cookie in map(interface_cookie, rule_requests(interface)) if cookie is not None]
    if wanted.combined_count + wanted.rx_count <= max(used, default=0):
        raise refusal(errno.EINVAL)
    interface.set_channels(wanted)


def rule_requests(interface):
    for rule in interface.rules():
        request = simabi.Rxnfc()
        interface.tell_rule(rule, request)
        yield request


def interface_cookie(request):
    """ethtool_get_max_rxnfc_channel(): None where the rule does not end in a queue of the PF."""
    cookie = request.fs.ring_cookie
    elsewhere = cookie in (simabi.RX_CLS_FLOW_DISC, simabi.RX_CLS_FLOW_WAKE) or simabi.ring_vf(cookie)
    return None if elsewhere else cookie


def channel_orders(name, buffer):
    wanted = simabi.Channels.from_buffer(buffer)
    counts = {"combined": wanted.combined_count, "rx": wanted.rx_count, "tx": wanted.tx_count}
    return [f"ethtool -L {name} " + " ".join(f"{word} {count}" for word, count in counts.items() if count)]


MEMBERS = [name for name, _kind in simabi.Channels._fields_ if name != "cmd"]


# Sizes of rings: net/ethtool/ioctl.c ethtool_set_ringparam().


def get_ringparam(interface, buffer):
    answer = simabi.Ringparam.from_buffer(buffer)
    answer.rx_max_pending = answer.tx_max_pending = interface.most_descriptors()
    answer.rx_pending, answer.tx_pending = interface.descriptors()


def set_ringparam(interface, buffer):
    wanted, most = simabi.Ringparam.from_buffer(buffer), interface.most_descriptors()
    if max(wanted.rx_pending, wanted.tx_pending) > most or wanted.rx_mini_pending or wanted.rx_jumbo_pending:
        raise refusal(errno.EINVAL)
    interface.set_descriptors(wanted.rx_pending, wanted.tx_pending)


def ring_orders(name, buffer):
    wanted = simabi.Ringparam.from_buffer(buffer)
    return [f"ethtool -G {name} rx {wanted.rx_pending} tx {wanted.tx_pending}"]


# The indirection table.


def get_rxfh(interface, buffer):
    head = simabi.Rxfh.from_buffer(buffer)
    table = interface.table()
    asked = head.indir_size, head.key_size
    if any(head.rsvd8) or head.rsvd32:
        raise refusal(errno.EINVAL)
    if head.rss_context and interface.CONTEXTS is None:
        raise refusal(errno.EOPNOTSUPP)
    if head.rss_context and head.rss_context not in interface.CONTEXTS:
        raise refusal(errno.ENOENT)
    key = interface.key()
    head.indir_size, head.key_size = len(table), len(key)
    if asked[0] not in (0, len(table)) or asked[1] not in (0, len(key)):
        raise refusal(errno.EINVAL)
    offset = ctypes.sizeof(head)
    array(buffer, offset, ctypes.c_uint32, asked[0])[:] = table[: asked[0]]
    array(buffer, offset + 4 * asked[0], ctypes.c_uint8, asked[1])[:] = key[: asked[1]]
    head.hfunc, head.input_xfrm = interface.state().get("hfunc", simabi.ETH_RSS_HASH_TOP), 0


def set_rxfh_indir(interface, buffer):
    size, given = len(interface.table()), given_table(buffer)
    if len(given) not in (0, size):
        raise refusal(errno.EINVAL)
    rings = interface.rings()
    if any(entry >= rings for entry in given):
        raise refusal(errno.EINVAL)
    interface.set_table(given or [entry % rings for entry in range(size)])
    interface.put(rxfh_configured=bool(given))


def given_table(buffer):
    head = simabi.Sized.from_buffer(buffer)
    return list(array(buffer, ctypes.sizeof(head), ctypes.c_uint32, head.size))


def table_orders(name, buffer):
    """As queue:entries; `default` where there is no table."""
    table = given_table(buffer)
    spread = [f"{queue}:{table.count(queue)}" for queue in sorted(set(table))]
    return [f"ethtool -X {name} {' '.join(spread) or 'default'}"]


# Flow rules.


def get_rxnfc(interface, buffer):
    """Nothing is copied back on failure; a driver without rules has no get_rxnfc() at all."""
    request = simabi.Rxnfc.from_buffer_copy(buffer)
    rings, rules, locations = interface.rings(), interface.rules(), []
    if request.cmd == simabi.GRXRINGS:
        request.data = rings
    elif request.cmd == simabi.GRXCLSRLCNT:
        request.rule_cnt = len(rules)
        if interface.PLACES:
            request.data = interface.RULES | simabi.RX_CLS_LOC_SPECIAL
    elif request.cmd == simabi.GRXCLSRULE:
        request.data = interface.RULES
        interface.tell_rule(interface.rule_at(request.fs.location), request)
    else:
        if len(rules) > request.rule_cnt:
            raise refusal(errno.EMSGSIZE)
        request.data, request.rule_cnt = interface.listed_size(), len(rules)
        locations = [rule["location"] for rule in rules]
    buffer[: ctypes.sizeof(request)] = bytes(request)
    array(buffer, simabi.Rxnfc.rule_locs.offset, ctypes.c_uint32, len(locations))[:] = locations


def set_rxnfc(interface, buffer):
    request = simabi.Rxnfc.from_buffer(buffer)
    insert = request.cmd == simabi.SRXCLSRLINS
    if insert and request.fs.flow_type & simabi.FLOW_RSS and simabi.ring(request.fs.ring_cookie):
        raise refusal(errno.EINVAL)
    interface.rings()  # EOPNOTSUPP without such operations
    if insert:
        interface.insert(request)
    else:
        interface.delete(request.fs.location)


def rule_orders(name, buffer):
    request = simabi.Rxnfc.from_buffer(buffer)
    spec = request.fs
    if request.cmd == simabi.SRXCLSRLDEL:
        return [f"ethtool -N {name} delete {spec.location}"]
    number = spec.flow_type & ~(simabi.FLOW_EXT | simabi.FLOW_MAC_EXT | simabi.FLOW_RSS)
    place = "" if spec.location == simabi.RX_CLS_LOC_ANY else f" loc {spec.location}"
    return [f"ethtool -N {name} flow-type {FLOW_NAMES.get(number, number)} action {spec.ring_cookie}{place}"]


COMMANDS = {
    simabi.GDRVINFO: (None, drvinfo),
    simabi.GPERMADDR: (None, permanent_address),
    simabi.GSSET_INFO: (None, string_set_info),
    simabi.GSTRINGS: (None, strings),
    simabi.GSTATS: (None, statistics),
    simabi.GFEATURES: (None, get_features),
    simabi.SFEATURES: (feature_orders, set_features),
    simabi.GCHANNELS: (None, get_channels),
    simabi.SCHANNELS: (channel_orders, set_channels),
    simabi.GRINGPARAM: (None, get_ringparam),
    simabi.SRINGPARAM: (ring_orders, set_ringparam),
    simabi.GRSSH: (None, get_rxfh),
    simabi.SRSSH: (rss_hash.hash_orders, rss_hash.set_rxfh),
    simabi.GRXFH: (None, rss_hash.get_fields),
    simabi.SRXFH: (rss_hash.field_orders, rss_hash.set_fields),
    simabi.SRXFHINDIR: (table_orders, set_rxfh_indir),
    **dict.fromkeys((simabi.GRXRINGS, simabi.GRXCLSRLCNT, simabi.GRXCLSRULE, simabi.GRXCLSRLALL), (None, get_rxnfc)),
    **dict.fromkeys((simabi.SRXCLSRLINS, simabi.SRXCLSRLDEL), (rule_orders, set_rxnfc)),
}
