# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What goes to and fro with SIOCETHTOOL, as bytes: include/uapi/linux/ethtool.h. Pure."""

from __future__ import annotations

import struct
import typing as t

from .flow_spec import U64_ALIGNMENT, RawSpec, spec_struct

if t.TYPE_CHECKING:
    from collections.abc import Sequence

SIOCETHTOOL = 0x8946  # include/uapi/linux/sockios.h
GRINGPARAM, SRINGPARAM = 0x10, 0x11
GDRVINFO, GSTRINGS, GSTATS, GPERMADDR, GRXFH, SRXFH = 0x03, 0x1B, 0x1D, 0x20, 0x29, 0x2A
GRXRINGS, GRXCLSRLCNT, GRXCLSRULE, GRXCLSRLALL, SRXCLSRLDEL, SRXCLSRLINS = 0x2D, 0x2E, 0x2F, 0x30, 0x31, 0x32
GSSET_INFO, SRXFHINDIR, GFEATURES, SFEATURES, GCHANNELS, SCHANNELS = 0x37, 0x39, 0x3A, 0x3B, 0x3C, 0x3D
GRSSH, SRSSH, TABLE_STAYS = 0x46, 0x47, 0xFFFFFFFF  # ETH_RXFH_INDIR_NO_CHANGE
SS_STATS, SS_FEATURES = 1, 4  # enum ethtool_stringset
# What a question is about, in words.
ABOUT = {
    GDRVINFO: "driver information",
    GPERMADDR: "permanent address",
    GSTATS: "statistics",
    GFEATURES: "features",
    GCHANNELS: "channels",
    GRINGPARAM: "ring sizes",
    GRSSH: "RSS table",
    GRXRINGS: "RSS table",
    GRXFH: "hash fields",
    GRXCLSRLCNT: "flow rules",
    GRXCLSRULE: "flow rules",
    GRXCLSRLALL: "flow rules",
}
ABOUT_STRINGS = {SS_STATS: "statistics", SS_FEATURES: "features"}
STRING_LENGTH = 32  # ETH_GSTRING_LEN
LOC_SPECIAL, LOC_ANY = 0x80000000, 0xFFFFFFFF  # RX_CLS_LOC_*
HASH_FUNCTIONS = ("toeplitz", "xor", "crc32")  # ETH_RSS_HASH_*_BIT
MAX_ADDRESS = 32  # MAX_ADDR_LEN

CHANNELS = struct.Struct("=9I")  # struct ethtool_channels: cmd; max_rx, _tx, _other, _combined; the same as _count
RINGPARAM = struct.Struct("=9I")  # struct ethtool_ringparam: cmd; rx_, rx_mini_, rx_jumbo_, tx_max_pending; _pending
RXFH = struct.Struct("=4I2B2xI")  # struct ethtool_rxfh: cmd, rss_context, indir_size, key_size, hfunc, input_xfrm
FEATURE_BLOCK = struct.Struct("=4I")  # struct ethtool_get_features_block: available, requested, active, never_changed
DRVINFO = struct.Struct("=I32s32s32s32s32s12s5I")  # struct ethtool_drvinfo


class Rxnfc(t.NamedTuple):
    """struct ethtool_rxnfc.

    :param rule_cnt: also rss_context, which shares its place.
    :param rule_locs: the array at its end.
    """

    cmd: int
    flow_type: int = 0
    data: int = 0
    fs: RawSpec = RawSpec(0, b"", b"", b"", b"", 0, 0)
    rule_cnt: int = 0
    rule_locs: tuple[int, ...] = ()


class RxnfcLayout:
    """Packs and unpacks struct ethtool_rxnfc for one alignment of 64-bit numbers.

    The array begins right behind rule_cnt, before the padding at the structure's end: 188 of 192 bytes, 180 on i386.
    """

    def __init__(self, u64_alignment: int = U64_ALIGNMENT) -> None:
        self.head = struct.Struct("=IIQ")
        self.spec = spec_struct(u64_alignment)
        self.count_offset = self.head.size + self.spec.size
        self.locs_offset = self.count_offset + 4
        self.size = -(-self.locs_offset // u64_alignment) * u64_alignment

    def pack(self, request: Rxnfc) -> bytearray:
        packed = self.head.pack(request.cmd, request.flow_type, request.data) + self.spec.pack(*request.fs)
        packed += struct.pack(f"={1 + len(request.rule_locs)}I", request.rule_cnt, *request.rule_locs)
        return bytearray(packed.ljust(self.size + 4 * len(request.rule_locs), b"\0"))

    def unpack(self, answer: bytes | bytearray, locations: int = 0) -> Rxnfc:
        cmd, flow_type, data = self.head.unpack_from(answer)
        spec = RawSpec(*self.spec.unpack_from(answer, self.head.size))
        (count,) = struct.unpack_from("=I", answer, self.count_offset)
        locs = struct.unpack_from(f"={min(locations, count)}I", answer, self.locs_offset)
        return Rxnfc(cmd, flow_type, data, spec, count, locs)


RXNFC = RxnfcLayout()


def strings_request(string_set: int, count: int) -> bytearray:
    """struct ethtool_gstrings with room for the answer."""
    return bytearray(struct.pack("=3I", GSTRINGS, string_set, count).ljust(12 + count * STRING_LENGTH, b"\0"))


def strings_answer(answer: bytes | bytearray, count: int) -> list[str]:
    return [text(answer[12 + i * STRING_LENGTH : 12 + (i + 1) * STRING_LENGTH]) for i in range(count)]


def indirection_request(table: Sequence[int] | None) -> bytearray:
    """struct ethtool_rxfh_indir; no entries mean "as the driver would have it"."""
    entries = table or ()
    return bytearray(struct.pack(f"={2 + len(entries)}I", SRXFHINDIR, len(entries), *entries))


def hash_request(key: str | None, function: str | None, transformation: int = 0) -> bytearray:
    """struct ethtool_rxfh of ETHTOOL_SRSSH that leaves the table as it is, and what is None too.

    :param transformation: input_xfrm as ETHTOOL_GRSSH tells it, to be left; 0 before Linux 6.8, which reserves it.
    """
    data = bytes.fromhex((key or "").replace(":", ""))
    number = 1 << HASH_FUNCTIONS.index(function) if function else 0  # ETH_RSS_HASH_NO_CHANGE
    return bytearray(RXFH.pack(SRSSH, 0, TABLE_STAYS, len(data), number, transformation, 0) + data)


def text(data: bytes | bytearray) -> str:
    """A string that ends at its first zero byte."""
    return data.partition(b"\0")[0].decode(errors="replace")
