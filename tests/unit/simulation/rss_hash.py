# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hash of RSS: what net/ethtool/ioctl.c of Linux 6.12 answers, and what ixgbe and igb make of it."""

from __future__ import annotations

import ctypes
import errno

from . import abi as simabi
from .nics import ADDRESSES, refusal

LETTERS = {"m": 1, "v": 2, "t": 3, "s": 4, "d": 5, "f": 6, "n": 7, "r": 31}  # ethtool(8) and bits of RXH_*
PORTS = 1 << 6 | 1 << 7  # RXH_L4_B_0_1, RXH_L4_B_2_3
TCP, UDP = (simabi.TCP_V4, simabi.TCP_V6), (simabi.UDP_V4, simabi.UDP_V6)
OTHERS = (simabi.SCTP_V4, simabi.SCTP_V6, 4, 8, 9, 10, 11, 12)  # AH and ESP
READ_ONLY = (16, 17)  # IPV4_FLOW, IPV6_FLOW
NAMES = {1: "tcp4", 2: "udp4", 3: "sctp4", 5: "tcp6", 6: "udp6", 7: "sctp6"}


def set_rxfh(interface, buffer):
    """ethtool_set_rxfh(), of which only the hash is asked here."""
    head = simabi.Rxfh.from_buffer(buffer)
    if any(head.rsvd8) or head.rsvd32 or head.input_xfrm not in (0, 0xFF):
        raise refusal(errno.EINVAL)
    if head.rss_context and interface.CONTEXTS is None:
        raise refusal(errno.EOPNOTSUPP)
    size = len(interface.key())
    if head.indir_size != simabi.INDIR_NO_CHANGE or head.key_size not in (0, size):
        raise refusal(errno.EINVAL)
    if not head.key_size and not head.hfunc:
        raise refusal(errno.EINVAL)
    interface.rings()
    interface.set_hash(given_key(buffer), head.hfunc)


def given_key(buffer):
    head = simabi.Rxfh.from_buffer(buffer)
    return bytes((ctypes.c_uint8 * head.key_size).from_buffer(buffer, ctypes.sizeof(head)))


def hash_orders(name, buffer):
    head, key = simabi.Rxfh.from_buffer(buffer), given_key(buffer)
    words = f"{f' hkey {key.hex(chr(58))}' if key else ''}{f' hfunc {head.hfunc}' if head.hfunc else ''}"
    return [f"ethtool -X {name}{words}"]


def get_fields(interface, buffer):
    """The kernel takes no more than the first 16 bytes of it."""
    request = simabi.Rxnfc.from_buffer(buffer)
    interface.rings()
    request.data = interface.hash_fields(request.flow_type)


def set_fields(interface, buffer):
    request = simabi.Rxnfc.from_buffer(buffer)
    interface.rings()
    interface.set_hash_fields(request.flow_type, request.data)


def field_orders(name, buffer):
    request = simabi.Rxnfc.from_buffer(buffer)
    letters = "".join(letter for letter, bit in LETTERS.items() if request.data >> bit & 1)
    return [f"ethtool -N {name} rx-flow-hash {NAMES[request.flow_type]} {letters}"]


class IntelHash:
    """ixgbe_get_rss_hash_opts(), ixgbe_set_rss_hash_opt() and igb's of the same names; sim state: udp_ports."""

    def hash_fields(self, flow_type):
        ports = flow_type in TCP or flow_type in self.state().get("udp_ports", [])
        if flow_type not in (*TCP, *UDP, *OTHERS, *READ_ONLY):
            raise refusal(errno.EINVAL)
        return ADDRESSES | (PORTS if ports else 0)

    def set_hash_fields(self, flow_type, bits):
        """UDP with its ports or without them; all else only as it is."""
        taken = {ADDRESSES: UDP + OTHERS, ADDRESSES | PORTS: TCP + UDP}.get(bits, ())
        if flow_type not in taken:
            raise refusal(errno.EINVAL)
        if flow_type in UDP:
            others = {*self.state().get("udp_ports", [])} - {flow_type}
            self.put(udp_ports=sorted(others | ({flow_type} if bits & PORTS else set())))

    def set_hash(self, key, function):
        """ixgbe_set_rxfh(), igb_set_rxfh()."""
        if function not in (0, simabi.ETH_RSS_HASH_TOP) or (key and not self.key()):
            raise refusal(errno.EOPNOTSUPP)
        self.put_key(key)
