# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What dpdk-testpmd prints: whether its port is up, and what it received. Pure."""

from __future__ import annotations

import re
import typing as t

PORT = re.compile(r"^Port 0: ([0-9A-Fa-f:]{17})\s*$", re.MULTILINE)
VERSION = re.compile(r"RTE Version: 'DPDK (\d+)\.(\d+)")
FRAMES = re.compile(r"RX-packets:\s*(\d+)")
ERROR = re.compile(
    r"^(?:EAL|VFIO|TELEMETRY|testpmd|[A-Z]+(?:_[A-Z]+)*): .*|^Failed to .*|^No cores .*|^.*Cause: .*", re.MULTILINE
)
FAULT = re.compile(r"error|cannot|can't|fail|denied|invalid|no such|cause|no free|no cores", re.IGNORECASE)
CYCLES = re.compile(r"CPU cycles/packet=\S+ \((?:busy|total) cycles=(\d+) / total \S+ packets=(\d+)\) at (\d+) MHz")
DROPPED = re.compile(r"RX-dropped:\s*(\d+)")
MOST = 5  # lines of its own that a refusal quotes


class Cause(t.NamedTuple):
    """Why there is no port.

    :param said: a part of what is printed then.
    :param why: what that means.
    """

    said: str
    why: str
    remedy: str


# DPDK 22.11 and 24.11: drivers/bus/pci/linux/pci_vfio.c, lib/eal/linux/eal_vfio.c, eal_memory.c.
CAUSES = (
    Cause(
        "annot set up DMA remapping, error 12",
        "it may not lock its memory (RLIMIT_MEMLOCK)",
        "LimitMEMLOCK=infinity for the service, or a limit of its group for log-ins; role dpdk sets both",
    ),
    Cause("Failed to find executable", "it is not installed", "have role dpdk install it (dpdk_packages)"),
    Cause(
        "rtemap_0' failed: Permission denied",
        "it may not write to the file system of hugepages",
        "give it --in-memory, which needs none",
    ),
    Cause(
        "Permission denied",
        "the user may not open the VF's node",
        "give the VF a group that the user is in, and mode 0660 (role provision)",
    ),
    Cause("Device or resource busy", "somebody else has the VF open", "end who has it"),
    Cause(
        "No cores defined",
        "it needs two CPUs, and may not run on so many",
        "let it run on more (isolated ones are not among those that a program has by itself: CPUAffinity=)",
    ),
    Cause(  # behind the others: it is also said of sizes that nobody needs
        "No free",
        "there are no free hugepages",
        "reserve more (role prepare, prepare_hugepages), or end who has them",
    ),
    Cause("Cannot get hugepage information", "the host has no hugepages", "reserve some (role prepare)"),
    Cause(
        "Cannot init memory",
        "there are too few hugepages, or it may not use them",
        "reserve more (role prepare, prepare_hugepages)",
    ),
)


class Testpmd(t.NamedTuple):
    """What it has told.

    :param mac: of port 0; None where it has no port. It then starts all the same, and counts no frames.
    :param frames: that it received, by its last count.
    :param lines: what it says of faults.
    :param version: of DPDK, (24, 11); None where it does not tell: it does with -v.
    """

    mac: str | None
    frames: int
    lines: tuple[str, ...]
    version: tuple[int, int] | None = None

    @property
    def cause(self) -> Cause | None:
        """The first that is known of what it says."""
        text = "\n".join(self.lines)
        return next((cause for cause in CAUSES if cause.said in text), None)


def told_by_testpmd(text: str) -> Testpmd:
    port, frames = PORT.search(text), FRAMES.findall(text)
    lines = [line.strip() for line in ERROR.findall(text) if FAULT.search(line)]
    version = VERSION.search(text)
    return Testpmd(
        port.group(1).lower() if port else None,
        int(frames[-1]) if frames else 0,
        tuple(lines[:MOST]),
        (int(version.group(1)), int(version.group(2))) if version else None,
    )


class Busy(t.NamedTuple):
    """What it has told of its work since it last forgot (`show fwd stats all`, with --record-core-cycles).

    :param nanoseconds: of polls that found something, by the CPU's cycles.
    :param lost: frames that came while it had no buffers, as far as its port counts them.
    """

    nanoseconds: float
    packets: int
    lost: int


def busy_time(text: str) -> Busy:
    """Without packets it says nothing of cycles."""
    told, dropped = CYCLES.search(text), DROPPED.findall(text)
    lost = int(dropped[-1]) if dropped else 0
    if told is None:
        return Busy(0.0, 0, lost)
    cycles, packets, megahertz = map(int, told.groups())
    return Busy(cycles * 1000 / megahertz, packets, lost)
