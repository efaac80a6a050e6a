# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""SIOCETHTOOL by ioctl: no ethtool binary is needed, and its text never has to be parsed.

Flow rules have no other interface: generic netlink's "ethtool" family does not know them, not even in Linux 7.2.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import socket
import struct
import typing as t
from shlex import quote

from ..errors import KernelRefused
from ..model.queues import Channels, Feature, RingSizes, Rss, RuleTable
from ..model.rss_hash import field_letters
from . import ethtool_abi as abi
from .flow_spec import FLOW_TYPES, decode, encode
from .sysfs import REFUSALS

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.flow import FlowRule

NTUPLE = "rx-ntuple-filter"  # NETIF_F_NTUPLE_BIT in net/ethtool/common.c; `ethtool -k` calls it ntuple-filters
MACVLANS = "l2-fwd-offload"  # NETIF_F_HW_L2FW_DOFFLOAD_BIT: macvlans may have queues of the card
PERMANENT_MAC = abi.ABOUT[abi.GPERMADDR]
ATTEMPTS = 3  # rules may come and go while they are listed
ENOTSUPP = 524  # include/linux/errno.h; some drivers say it for EOPNOTSUPP
NONE = (errno.EOPNOTSUPP, ENOTSUPP)  # the driver has no such thing
# As their get_rxnfc is answered by drivers that have no rules (mlx4_en, bnx2x and be2net), or no hash of a flow type.
NO_RULES = (*NONE, errno.EINVAL)
GONE = (errno.EINVAL, errno.ENOENT, errno.EMSGSIZE, errno.ENOSPC)  # the rule, or their number is another by now


class Ethtool:
    """Questions and orders to a driver, by interface name. A question that the driver cannot answer gives None.

    So does one that failed, which is kept in failed: there may be something. One that this user may not ask is in
    refused too. The kernel lets everybody ask all that is asked here (net/ethtool/ioctl.c, "Allow some commands to be
    done by anyone"), but what is around us may not.
    """

    @functools.cached_property
    def failed(self) -> dict[str, int]:
        """ "the flow rules of enp1s0" -> errno of the last answer."""
        return {}

    @functools.cached_property
    def refused(self) -> dict[str, int]:
        """Interface -> errno."""
        return {}

    def channels(self, name: str) -> Channels | None:
        """`ethtool -l NAME`."""
        answer = self._ask(name, bytearray(abi.CHANNELS.pack(abi.GCHANNELS, *[0] * 8)))
        if answer is None:
            return None
        _cmd, max_rx, max_tx, _max_other, max_combined, rx, tx, other, combined = abi.CHANNELS.unpack(answer)
        return Channels(max_rx, max_tx, max_combined, rx, tx, other, combined)

    def set_channels(self, name: str, channels: Channels) -> None:
        """`ethtool -L NAME combined N`, the other numbers as given.

        :raises KernelRefused: with the errno.
        """
        rx, tx, other, combined = channels.rx, channels.tx, channels.other, channels.combined
        request = abi.CHANNELS.pack(abi.SCHANNELS, 0, 0, 0, 0, rx, tx, other, combined)
        self._tell(name, bytearray(request), f"`ethtool -L {quote(name)} combined {combined}`")

    def ring_sizes(self, name: str) -> RingSizes | None:
        """`ethtool -g NAME`."""
        answer = self._ask(name, bytearray(abi.RINGPARAM.pack(abi.GRINGPARAM, *[0] * 8)))
        return None if answer is None else RingSizes(*abi.RINGPARAM.unpack(answer)[1:])

    def set_ring_sizes(self, name: str, sizes: RingSizes) -> None:
        """`ethtool -G NAME rx N tx N`.

        :raises KernelRefused: with the errno.
        """
        request = abi.RINGPARAM.pack(abi.SRINGPARAM, *sizes)
        self._tell(name, bytearray(request), f"`ethtool -G {quote(name)} {sizes}`")

    def feature(self, name: str, feature: str = NTUPLE) -> Feature | None:
        """`ethtool -k NAME`, one line of it."""
        return self.features(name).get(feature)

    def features(self, name: str) -> dict[str, Feature]:
        """`ethtool -k NAME`, by the kernel's names."""
        names = self._strings(name, abi.SS_FEATURES)
        blocks = -(-len(names) // 32)
        request = struct.pack("=2I", abi.GFEATURES, blocks).ljust(8 + blocks * abi.FEATURE_BLOCK.size, b"\0")
        answer = self._ask(name, bytearray(request)) if names else None
        if answer is None:
            return {}
        words = [abi.FEATURE_BLOCK.unpack_from(answer, 8 + i * abi.FEATURE_BLOCK.size) for i in range(blocks)]
        return {feature: _feature(words[bit // 32], bit % 32) for bit, feature in enumerate(names) if feature}

    def set_feature(self, name: str, feature: str, on: bool) -> None:
        """`ethtool -K NAME FEATURE on`; what came of it is to be read.

        :raises KernelRefused: with the errno.
        """
        what = f"`ethtool -K {quote(name)} {feature} {'on' if on else 'off'}`"
        names = self._strings(name, abi.SS_FEATURES)
        if feature not in names:
            raise KernelRefused(f"the driver refused {what}", why="no such feature", errno=errno.EOPNOTSUPP)
        bit = names.index(feature)
        words = [[0, 0] for _block in range(-(-len(names) // 32))]
        words[bit // 32] = [1 << bit % 32, int(on) << bit % 32]
        flat = [number for word in words for number in word]
        request = struct.pack(f"={2 + len(flat)}I", abi.SFEATURES, len(words), *flat)
        self._tell(name, bytearray(request), what)

    def rings(self, name: str) -> int | None:
        """How many RX rings the indirection table may name: the first line of `ethtool -n NAME`."""
        answer = self._ask(name, abi.RXNFC.pack(abi.Rxnfc(abi.GRXRINGS)))
        return None if answer is None else abi.RXNFC.unpack(answer).data

    def rss(self, name: str) -> Rss | None:
        """`ethtool -x NAME`."""
        sizes = self._ask(name, bytearray(abi.RXFH.pack(abi.GRSSH, 0, 0, 0, 0, 0, 0)))
        rings = self.rings(name)
        if sizes is None or rings is None:
            return None
        entries, key = abi.RXFH.unpack(sizes)[2:4]
        request = abi.RXFH.pack(abi.GRSSH, 0, entries, key, 0, 0, 0)
        answer = self._ask(name, bytearray(request.ljust(abi.RXFH.size + 4 * entries + key, b"\0")))
        if answer is None:
            return None
        functions = abi.RXFH.unpack_from(answer)[4]
        table = struct.unpack_from(f"={entries}I", answer, abi.RXFH.size)
        first = next((word for bit, word in enumerate(abi.HASH_FUNCTIONS) if functions >> bit & 1), None)
        return Rss(rings, table, bytes(answer[abi.RXFH.size + 4 * entries :]).hex(":"), first)

    def set_rss(self, name: str, table: Sequence[int] | None) -> None:
        """`ethtool -X NAME`; None is `default`, which also forgets that the table was ever set.

        :raises KernelRefused: with the errno.
        """
        self._tell(name, abi.indirection_request(table), f"`ethtool -X {quote(name)}{'' if table else ' default'}`")

    def set_hash(self, name: str, key: str | None, function: str | None) -> None:
        """`ethtool -X NAME hkey KEY hfunc FUNCTION`; None stays.

        :raises KernelRefused: with the errno.
        """
        present = self._ask(name, bytearray(abi.RXFH.pack(abi.GRSSH, 0, 0, 0, 0, 0, 0)))
        words = f"{f' hkey {key}' if key else ''}{f' hfunc {function}' if function else ''}"
        transformation = abi.RXFH.unpack(present)[5] if present else 0
        self._tell(name, abi.hash_request(key, function, transformation), f"`ethtool -X {quote(name)}{words}`")

    def hash_fields(self, name: str, flow_type: str) -> int | None:
        """`ethtool -n NAME rx-flow-hash FLOW_TYPE`, as RXH_* bits."""
        answer = self._ask(name, abi.RXNFC.pack(abi.Rxnfc(abi.GRXFH, FLOW_TYPES[flow_type])), NO_RULES)
        return None if answer is None else abi.RXNFC.unpack(answer).data

    def set_hash_fields(self, name: str, flow_type: str, bits: int) -> None:
        """`ethtool -N NAME rx-flow-hash FLOW_TYPE …`.

        :raises KernelRefused: with the errno.
        """
        request = abi.RXNFC.pack(abi.Rxnfc(abi.SRXFH, FLOW_TYPES[flow_type], bits))
        self._tell(name, request, f"`ethtool -N {quote(name)} rx-flow-hash {flow_type} {field_letters(bits)}`")

    def context(self, name: str, number: int) -> int:
        """Whether an RSS context is there, as `ethtool -x NAME context NUMBER` asks.

        :returns: the errno of the answer: 0 if it is, EOPNOTSUPP where the driver has none, another if it is not there.
        """
        try:
            self._ioctl(name, bytearray(abi.RXFH.pack(abi.GRSSH, number, 0, 0, 0, 0, 0)))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def rules(self, name: str, masks_told: bool = True) -> RuleTable | None:
        """`ethtool -n NAME`.

        :param masks_told: the driver tells the masks of its rules; if not, as flow_spec.decode() says.
        """
        for _attempt in range(ATTEMPTS):
            count = self._ask(name, abi.RXNFC.pack(abi.Rxnfc(abi.GRXCLSRLCNT)), NO_RULES)
            if count is None:
                return None
            number, special = abi.RXNFC.unpack(count).rule_cnt, abi.RXNFC.unpack(count).data
            request = abi.Rxnfc(abi.GRXCLSRLALL, rule_cnt=number, rule_locs=(0,) * number)
            listed = self._ask(name, abi.RXNFC.pack(request), GONE)
            if listed is None:
                continue
            table = abi.RXNFC.unpack(listed, number)
            rules = [self._rule(name, location, masks_told) for location in sorted(table.rule_locs)]
            if None not in rules:
                # Some tell the size with the count, as the flag does; bnxt_en then tells the number of rules here.
                size = special & ~abi.LOC_SPECIAL or table.data
                return RuleTable(size, bool(special & abi.LOC_SPECIAL), tuple(rule for rule in rules if rule))
        self._keep(name, abi.ABOUT[abi.GRXCLSRLALL], errno.EAGAIN)  # they come and go all the time, or it failed
        return None

    def _rule(self, name: str, location: int, masks_told: bool) -> FlowRule | None:
        spec = abi.Rxnfc(abi.GRXCLSRULE).fs._replace(location=location)
        answer = self._ask(name, abi.RXNFC.pack(abi.Rxnfc(abi.GRXCLSRULE, fs=spec)), GONE)
        if answer is None:
            return None
        read = abi.RXNFC.unpack(answer)
        return decode(read.fs, read.rule_cnt, masks_told)

    def insert_rule(self, name: str, rule: FlowRule) -> int:
        """`ethtool -N NAME flow-type …`: where the rule went; a rule without location goes where the driver likes.

        :raises KernelRefused: with the errno.
        """
        request = rule_request(rule)
        self._tell(name, request, f"the flow rule {rule}")
        return abi.RXNFC.unpack(request).fs.location

    def delete_rule(self, name: str, location: int) -> None:
        """`ethtool -N NAME delete LOCATION`.

        :raises KernelRefused: with the errno.
        """
        spec = abi.Rxnfc(abi.SRXCLSRLDEL).fs._replace(location=location)
        request = abi.RXNFC.pack(abi.Rxnfc(abi.SRXCLSRLDEL, fs=spec))
        self._tell(name, request, f"`ethtool -N {quote(name)} delete {location}`")

    def statistics(self, name: str) -> dict[str, int]:
        """`ethtool -S NAME`: the driver's own counters, in the driver's order.

        A driver may give one name to several (vmxnet3 to those of all queues): they are added up.
        """
        names = self._strings(name, abi.SS_STATS)
        request = struct.pack("=2I", abi.GSTATS, len(names)).ljust(8 + 8 * len(names), b"\0")
        answer = self._ask(name, bytearray(request)) if names else None
        values = struct.unpack_from(f"={len(names)}Q", answer, 8) if answer else ()
        found: dict[str, int] = {}
        for counter, value in zip(names, values):
            found[counter] = found.get(counter, 0) + value
        return found

    def driver_info(self, name: str) -> dict[str, str]:
        """`ethtool -i NAME`: driver, version, firmware_version, bus_info; empty where there is no answer."""
        answer = self._ask(name, bytearray(struct.pack("=I", abi.GDRVINFO).ljust(abi.DRVINFO.size, b"\0")))
        if answer is None:
            return {}
        words = [abi.text(word) for word in abi.DRVINFO.unpack(answer)[1:5]]
        return dict(zip(("driver", "version", "firmware_version", "bus_info"), words))

    def permanent_mac(self, name: str) -> str | None:
        """`ethtool -P NAME`: the address in the card, whatever a bond has made of it."""
        request = struct.pack("=2I", abi.GPERMADDR, abi.MAX_ADDRESS).ljust(8 + abi.MAX_ADDRESS, b"\0")
        answer = self._ask(name, bytearray(request))
        size = struct.unpack_from("=I", answer, 4)[0] if answer else 0
        return bytes(answer[8:14]).hex(":") if answer and size == 6 else None

    def _strings(self, name: str, string_set: int) -> list[str]:
        """A string set; the kernel tells its length first (ETHTOOL_GSSET_INFO)."""
        answer = self._ask(name, bytearray(struct.pack("=IIQI", abi.GSSET_INFO, 0, 1 << string_set, 0)))
        mask, count = struct.unpack_from("=QI", answer, 8) if answer else (0, 0)
        if not mask or not count:
            return []
        strings = self._ask(name, abi.strings_request(string_set, count))
        return abi.strings_answer(strings, count) if strings else []

    def _ask(self, name: str, buffer: bytearray, none: Sequence[int] = NONE) -> bytearray | None:
        """:param none: errnos by which the driver says that there is no such thing."""
        try:
            self._ioctl(name, buffer)
        except OSError as error:
            if error.errno not in none:
                self._keep(name, _about(buffer), error.errno or errno.EIO)
            return None
        return buffer

    def _keep(self, name: str, about: str, number: int) -> None:
        self.failed.setdefault(f"the {about} of {name}", number)
        if number in REFUSALS:
            self.refused[name] = number

    def _tell(self, name: str, buffer: bytearray, what: str) -> None:
        try:
            self._ioctl(name, buffer)
        except OSError as error:
            raise KernelRefused(f"the driver refused {what}", errno=error.errno or errno.EIO) from None

    def _ioctl(self, name: str, buffer: bytearray) -> None:
        """ioctl(SIOCETHTOOL) with struct ifreq: 16 bytes for the name, a pointer to the buffer, changed in place."""
        area = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        ifreq = struct.pack("16sP", name.encode(), ctypes.addressof(area))
        fcntl.ioctl(self._channel, abi.SIOCETHTOOL, ifreq)

    @functools.cached_property
    def _channel(self) -> socket.socket:
        """Any socket will do, and one for all: reading a table of rules is an ioctl for each."""
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _about(request: bytearray) -> str:
    command, string_set = struct.unpack_from("=2I", request)
    return abi.ABOUT_STRINGS[string_set] if command == abi.GSTRINGS else abi.ABOUT.get(command, "features")


def rule_request(rule: FlowRule) -> bytearray:
    """struct ethtool_rxnfc of ETHTOOL_SRXCLSRLINS."""
    spec = encode(rule.at(abi.LOC_ANY) if rule.location is None else rule)
    return abi.RXNFC.pack(abi.Rxnfc(abi.SRXCLSRLINS, fs=spec, rule_cnt=rule.context or 0))


def _feature(words: tuple[int, int, int, int], bit: int) -> Feature:
    available, _requested, active, never_changed = (bool(word >> bit & 1) for word in words)
    return Feature(active, available and not never_changed)
