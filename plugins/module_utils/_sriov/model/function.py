# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""PCI addresses of VFs, reckoned from that of their PF. Pure."""

from __future__ import annotations

from ..errors import NotKnown
from .paths import PCI_DEVICES

LAST = 0xFFFF  # the routing id of the last function in a PCI domain: bus 255, device 31, function 7


def vf_address(pf: str, offset: int, stride: int, index: int) -> str:
    """Where VF N is, or would be (PCI Express base specification, SR-IOV: First VF Offset, VF Stride).

    It may be on a later bus than its PF, never in another domain.
    """
    domain = pf.partition(":")[0]
    number = _routing_id(pf) + offset + stride * index
    return f"{domain}:{number >> 8:02x}:{number >> 3 & 31:02x}.{number & 7}"


def vf_addresses(pf: str, offset: int, stride: int, count: int) -> list[str]:
    """Where the first VFs would be, for what has to know before they are there.

    A card may have another offset and stride for another number of VFs (SR-IOV 1.1, 3.3.9 and 3.3.10), and sysfs has
    those for the number that is set now: once the VFs are there, what their links say counts.

    :param pf: its PCI address.
    :param offset: as in its sriov_offset.
    :param stride: as in its sriov_stride.
    :raises NotKnown: no VF can be there, so that is not where they will be. With an offset of 0 VF 0 would be the PF.
    """
    last = _routing_id(pf) + offset + stride * (count - 1)
    if count > 0 and (offset <= 0 or stride < (count > 1) or last > LAST):
        raise NotKnown(
            f"where {count} VFs would be is not known",
            device=pf,
            why=f"its sriov_offset says {offset} and its sriov_stride {stride}, and no VF can be there",
            remedy=f"look at {PCI_DEVICES}/{pf}; create the VFs first, then their addresses are known",
        )
    return [vf_address(pf, offset, stride, index) for index in range(count)]


def _routing_id(address: str) -> int:
    _domain, bus, slot = address.split(":")
    device, function = slot.split(".")
    return (int(bus, 16) << 8) + (int(device, 16) << 3) + int(function)
