# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""MAC addresses: how they are written, and those of VFs that nobody has to write down. Pure."""

from __future__ import annotations

import hashlib
import re

MAC_ADDRESS = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")  # in lower case
ZERO = "00:00:00:00:00:00"
INFINIBAND_OCTETS = 20
LAST_AUTO = 255  # the last VF that auto_mac() has an address for
# 02:00:00:00:00:01, 02-00-00-00-00-01, 0200.0000.0001 (Cisco), 020000000001
NOTATIONS = re.compile(r"[0-9a-f]{2}(:|-)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}|[0-9a-f]{12}")


def parse_mac(text: str) -> str:
    """An address in any of the usual notations, in lower case with colons.

    :raises ValueError: it is none.
    """
    written = text.strip().lower()
    if not NOTATIONS.fullmatch(written):
        raise ValueError(f"{text!r} is no MAC address")
    return bytes.fromhex(re.sub("[:.-]", "", written)).hex(":")


def auto_mac(pf_mac: str, vf: int) -> str:
    """The address that `mac: auto` gives VF N of the PF with this permanent address.

    Locally administered and unicast; the same whenever the VF is created again, on whatever host the card is. Its last
    three octets are the PF's, the third is the VF's index, and the first two keep 14 bits of a hash of the PF's vendor
    prefix. So PFs of one vendor prefix never share an address; PFs of two prefixes only if both hash to the same 14
    bits and the rest of their addresses is the same.

    :param pf_mac: six octets in hexadecimal, separated by colons.
    :param vf: 0 to LAST_AUTO.
    """
    octets = bytes.fromhex(pf_mac.replace(":", ""))
    digest = hashlib.sha256(octets[:3]).digest()
    first = (digest[0] & 0xFC) | 0x02  # bit 1: locally administered; bit 0 clear: unicast
    return bytes([first, digest[1], vf, *octets[3:]]).hex(":")


def is_infiniband(address: str) -> bool:
    """Whether it is the hardware address of an InfiniBand port, which has no MAC address."""
    return len(address.split(":")) == INFINIBAND_OCTETS


def is_multicast(mac: str) -> bool:
    """The lowest bit of the first octet."""
    return bool(int(mac[:2], 16) & 1)
