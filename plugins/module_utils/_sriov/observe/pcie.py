# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""PCI Express between a function and the root: width and speed of each hop, and which is the narrowest."""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.pci import Pci

SPEED = re.compile(r"(\d+(?:\.\d+)?) GT/s")
ENCODED_8_10 = 5.0  # GT/s; up to it, ten bits carry eight (drivers/pci/pci.h PCIE_SPEED2MBS_ENC)
FLIT = 64.0  # GT/s; from it on, frames of fixed size, of which the kernel counts every bit
UNKNOWN_WIDTHS = (0, 255)  # no link, or a port that does not tell (virtual machines, VFs)


class Hop(t.NamedTuple):
    """A port's link, or a function's. None: it does not tell.

    :param speed: GT/s for each lane.
    :param width: lanes.
    """

    address: str
    speed: float | None
    width: int | None
    max_speed: float | None
    max_width: int | None

    @property
    def gigabits(self) -> float | None:
        """Gbit/s that it carries in each direction, the headers of packets included."""
        return _gigabits(self.speed, self.width)

    def __str__(self) -> str:
        return f"{self.speed:g} GT/s x{self.width}"


def pcie_result(pci: Pci, address: str) -> dict[str, t.Any]:
    """The return value `pcie` of module info.

    What a hop cannot do is no fault of the host: only a link below what both its ends can do is told as degraded.
    """
    hops = [_hop(pci, each) for each in pci.hops(address)]
    known = [hop for hop in hops if hop.gigabits is not None]
    # Both ends of a link tell the same: the lower one is named.
    narrowest = min(reversed(known), key=lambda hop: t.cast(float, hop.gigabits), default=None)
    own = hops[-1]
    return {
        "speed": own.speed,
        "width": own.width,
        "max_speed": own.max_speed,
        "max_width": own.max_width,
        "narrowest": narrowest.address if narrowest else None,
        "gigabits": narrowest.gigabits if narrowest else None,
        "degraded": list(_degraded(hops)),
    }


def _hop(pci: Pci, address: str) -> Hop:
    speeds, widths = (_of(pci, address, word) for word in ("link_speed", "link_width"))
    (speed, max_speed), (width, max_width) = map(_speeds, speeds), map(_widths, widths)
    return Hop(address, speed, width, max_speed, max_width)


def _of(pci: Pci, address: str, word: str) -> tuple[str, str]:
    return pci.attribute(address, f"current_{word}") or "", pci.attribute(address, f"max_{word}") or ""


def _speeds(text: str) -> float | None:
    """8.0 of "8.0 GT/s PCIe"; None of "Unknown"."""
    match = SPEED.match(text)
    return float(match.group(1)) if match else None


def _widths(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() else 0
    return None if number in UNKNOWN_WIDTHS else number


def _gigabits(speed: float | None, width: int | None) -> float | None:
    if speed is None or width is None:
        return None
    share = 8 / 10 if speed <= ENCODED_8_10 else 1.0 if speed >= FLIT else 128 / 130
    return round(speed * width * share, 1)


def _degraded(hops: Sequence[Hop]) -> t.Iterator[str]:
    """Links, each from its lower end: a function or a switch's upper port, and the port above it."""
    for place in range(len(hops) - 1, 0, -2):
        lower, upper = hops[place], hops[place - 1]
        speeds, widths = (lower.max_speed, upper.max_speed), (lower.max_width, upper.max_width)
        if lower.speed is None or lower.width is None or None in speeds or None in widths:
            continue
        least_speed, least_width = min(t.cast("tuple[float, ...]", speeds)), min(t.cast("tuple[int, ...]", widths))
        best = lower._replace(speed=least_speed, width=least_width)
        if t.cast(float, best.gigabits) > t.cast(float, lower.gigabits):
            yield f"{upper.address} to {lower.address}: {lower}, and both ends can do {best}"
