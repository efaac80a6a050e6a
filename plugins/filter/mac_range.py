# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MAC addresses in a row, for VFs."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._sriov.errors import InvalidRequest
from ..plugin_utils._filters import integer, refusing

MAX_COUNT = 65535  # PCIe's TotalVFs has 16 bits
LAST_ADDRESS = (1 << 48) - 1
MULTICAST = 1 << 40  # the lowest bit of the first byte


@refusing
def mac_range(first: t.Any, count: t.Any = None, last: t.Any = None) -> list[str]:
    """Addresses from the first on: so many, or up to the last."""
    if (count is None) == (last is None):
        raise InvalidRequest(
            "mac_range: count and last are both given" if last is not None else "mac_range: where it ends is not said",
            remedy="give either a count or a last address",
        )
    start = _address(first)
    end = start + _count(count) - 1 if last is None else _address(last)
    _check(first, start, end)
    return [_text(number) for number in range(start, end + 1)]


def _check(first: t.Any, start: int, end: int) -> None:
    if end < start:
        raise InvalidRequest(f"mac_range: {_text(end)} is before {first!r}", remedy="give the lower address first")
    if end - start >= MAX_COUNT:
        raise InvalidRequest(
            f"mac_range: {end - start + 1} addresses are wanted",
            why=f"no device has more than {MAX_COUNT} VFs",
            remedy="give a smaller count or a nearer last address",
        )
    if end > LAST_ADDRESS:
        raise InvalidRequest(
            f"mac_range: {end - start + 1} addresses from {first!r} on are too many",
            why=f"{LAST_ADDRESS - start + 1} are left up to ff:ff:ff:ff:ff:ff",
            remedy="begin lower, or give a smaller count",
        )
    # A range so short crosses one such border at most: what is in between shows at its ends.
    unfit = next((number for number in (start, end) if number & MULTICAST or not number), None)
    if unfit is not None:
        raise InvalidRequest(
            f"mac_range: {_text(unfit)} is no address of an interface",
            why="the lowest bit of its first byte is set: it is a multicast address" if unfit else "it is all zeros",
            remedy='begin with a locally administered one, such as "02:00:00:00:01:00"',
        )


def _count(count: t.Any) -> int:
    number = integer(count, "mac_range: count")
    if number < 1:
        raise InvalidRequest(f"mac_range: count {number} is less than 1", remedy="give 1 or more")
    return number


def _address(text: t.Any) -> int:
    netaddr = _netaddr()
    if not isinstance(text, str):
        raise InvalidRequest(
            f"mac_range: {text!r} is no text",
            why="YAML reads digits between colons as one number",
            remedy='write the address in quotes: "02:00:00:00:01:00"',
        )
    try:
        return int(netaddr.EUI(text.strip(), version=48))
    except (netaddr.AddrFormatError, ValueError):
        raise InvalidRequest(
            f"mac_range: {text!r} is no MAC address", remedy='write it as in "02:00:00:00:01:00"'
        ) from None


def _text(number: int) -> str:
    netaddr = _netaddr()
    return str(netaddr.EUI(number, version=48, dialect=netaddr.mac_unix_expanded))


def _netaddr() -> t.Any:
    try:
        import netaddr
    except ImportError:
        raise AnsibleFilterError(
            "mac_range: the Python library netaddr is not installed on the controller. Remedy: install it where "
            "ansible-core is, with `python3 -m pip install netaddr` or the package python3-netaddr."
        ) from None
    return netaddr


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mac_range": mac_range}
