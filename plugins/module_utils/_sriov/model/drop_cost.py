# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a packet costs that is dropped: who drops it, and the figures that come of what was counted. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter

RAW = "raw"
NFT = "nft"
XDP = "xdp"
XSK = "xsk"
VF = "vf"
CONTENDERS = (RAW, NFT, XDP, XSK, VF)
IN_KERNEL = (RAW, NFT, XDP)

IPTABLES = "iptables-legacy"
NFTABLES = "nft"
XDP_PROGRAM = "XDP"
TESTPMD = "DPDK"
AF_XDP = "AF_XDP"

DROP_TRAFFIC = "drop_traffic"  # the consent without which nothing is dropped

LEAST_PACKETS = 200  # of a sample that counts: what else the CPU does weighs too much in a smaller one
MOSTLY = 0.9  # of what was received has to be dropped by who is measured
UNREAL = ("qemu", "bochs", "uml")  # systemd-detect-virt(1): what emulates the CPU, and with it time


class Request(t.NamedTuple):
    """Whom to measure.

    :param pf: by any of its names.
    :param queues: over so many of the PF's queues the RSS table spreads meanwhile; None: it stays as it is.
    :param vf: of the contender of that name.
    :param queue: of the PF, for xsk.
    :param port: UDP destination of what is dropped.
    :param user, megabytes, program: as module dpdk_proof has them.
    :param allow: words of consent.
    """

    pf: str
    contender: str
    queues: int | None = None
    vf: int = 0
    queue: int = 1
    port: int = 4321
    seconds: float = 10.0
    user: str = "root"
    megabytes: int = 128
    program: str = "dpdk-testpmd"
    allow: tuple[str, ...] = ()


class Before(t.NamedTuple):
    """What a host has to be brought back to: kept before the first change.

    :param pf: the interface's name.
    :param by: what drops.
    :param threaded: whether its NAPI ran in threads, as the kernel's file says it.
    :param table: the RSS table, by hand; none: the driver's own, or it is not changed.
    :param sets_table: whether it is changed.
    :param unloads: whether the module iptable_raw was not there.
    """

    pf: str
    address: str
    label: str
    by: str
    port: int
    threaded: int
    table: tuple[int, ...] = ()
    sets_table: bool = False
    unloads: bool = False


class Sample(t.NamedTuple):
    """What was counted in a part of the time.

    :param busy: nanoseconds of CPU time.
    :param packets: that were received by who is measured.
    :param queues: of them, by queue.
    :param lost: that the NIC had no room for.
    :param user: of busy, what a program spent; 0 where one side alone is counted.
    """

    seconds: float
    busy: float
    packets: int
    queues: t.Mapping[int, int] = {}
    lost: int = 0
    user: float = 0.0

    @property
    def counts(self) -> bool:
        return self.packets >= LEAST_PACKETS

    @property
    def cost(self) -> float:
        return self.busy / self.packets


def figures(samples: t.Sequence[Sample]) -> dict[str, t.Any]:
    """Return values; of samples of which one counts at least.

    The cost is their lower quartile. Whoever else has the CPU meanwhile, or a timer's interrupt, only adds to it, so
    that the median and what is above it say more of them; and what is least of all is luck.
    """
    each = [sample.cost for sample in samples if sample.counts]
    ascending = sorted(each)
    cost = _typical(samples).cost
    seconds = sum(sample.seconds for sample in samples)
    received, lost = sum(sample.packets for sample in samples), sum(sample.lost for sample in samples)
    queues: Counter[int] = Counter()
    for sample in samples:
        queues.update(sample.queues)
    return {
        "ns_per_packet": rounded(cost),
        "ns_per_packet_median": rounded((ascending[(len(each) - 1) // 2] + ascending[len(each) // 2]) / 2),
        "samples": [rounded(cost) for cost in each],
        "packets_per_core_second": rounded(1e9 / cost),
        "packets": received,
        "seconds": round(seconds, 3),
        "received_per_second": rounded(received / seconds),
        "lost_per_second": rounded(lost / seconds),
        "offered_per_second": rounded((received + lost) / seconds),
        "queues": [
            {"queue": queue, "packets_per_second": rounded(count / seconds)}
            for queue, count in sorted(queues.items())
            if count
        ],
    }


def sides(samples: t.Sequence[Sample]) -> dict[str, float]:
    """How the cost is shared, of the sample that figures() takes: the two are the cost together."""
    typical = _typical(samples)
    return {
        "kernel_ns_per_packet": rounded((typical.busy - typical.user) / typical.packets),
        "user_ns_per_packet": rounded(typical.user / typical.packets),
    }


def _typical(samples: t.Sequence[Sample]) -> Sample:
    ascending = sorted((sample for sample in samples if sample.counts), key=lambda sample: sample.cost)
    return ascending[(len(ascending) - 1) // 4]


def rounded(number: float) -> float:
    """To four digits: more does not repeat."""
    return float(f"{number:.4g}")
