# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Has dpdk-testpmd read from a queue by AF_XDP (net_af_xdp), as an ordinary user, and reads what it says."""

from __future__ import annotations

import typing as t

from .errors import NotReached, NotSupported
from .model.paths import RUN
from .model.testpmd import told_by_testpmd
from .transient import Unit, run_to_its_end

if t.TYPE_CHECKING:
    from .kernel.kernel import Kernel
    from .model.testpmd import Testpmd

STARTS = 60  # seconds that it may take to start and to end
PINNED = (24, 7)  # the first DPDK whose net_af_xdp knows use_pinned_map
NO_BUSY_POLL = ",busy_budget=0"
OLDER = "it loads a program of its own, which an ordinary user may not, and which drops rules and tables on some NICs"


class Run(t.NamedTuple):
    """What dpdk-testpmd is to do.

    :param unit: its name.
    :param mac: of the interface, which its port has to have.
    :param path: of the pinned map.
    :param frames: that have to come in so many seconds; 0: the port has to be up.
    :param copies: frames are copied even where that need not be.
    :param megabytes: of hugepages that it takes.
    :param own: options with which it is asked what it spends, for at most so many seconds.
    """

    unit: str
    user: str
    interface: str
    queue: int
    mac: str
    path: str
    frames: int
    seconds: float
    copies: bool
    megabytes: int
    program: str
    own: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"queue {self.queue} of {self.interface}"


def received(kernel: Kernel, run: Run) -> int:
    """The frames that it has received.

    :raises SriovError: it has no port, or another one, or too few frames; with what it said.
    """
    out, error = run_to_its_end(kernel, unit(run, kernel.system.cpus_text()), command(run))
    seen = told_by_testpmd(f"{out}\n{error}")
    check_port(run, seen, error.strip() or out.strip()[-400:])
    if seen.frames < run.frames:
        why = f"{seen.frames} of {run.frames} frames came in {run.seconds:g} s"
        remedy = "look at the flow rules, and at who sends; rx_rate tells what the queue receives"
        raise NotReached(f"{_who(run)} received too few frames", device=run.label, why=why, remedy=remedy)
    return seen.frames


def _who(run: Run) -> str:
    return f"{run.program} as user {run.user}"


def check_port(run: Run, seen: Testpmd, said: str) -> None:
    """:raises SriovError: it is too old, or has no port, or another one.

    :param said: what it printed, where nothing of it was understood.
    """
    what = _who(run)
    if seen.version and seen.version < PINNED:
        version = f"{seen.version[0]}.{seen.version[1]:02}"
        why = f"DPDK {version} cannot use a map that is pinned, as DPDK 24.07 and later can: {OLDER}"
        remedy = "take a newer one (Debian 13 has 24.11), or the reader of this collection"
        raise NotSupported(f"{what} cannot read", device=run.label, why=why, remedy=remedy)
    if seen.mac is None:
        cause = seen.cause
        lines = "; ".join(seen.lines) or said or "it said nothing"
        why, remedy = (f"{cause.why}: {lines}", cause.remedy) if cause else (lines, "look at dmesg too")
        raise NotReached(f"{what} has no port", device=run.label, why=why, remedy=remedy)
    if seen.mac != run.mac.lower():
        why = f"its port has MAC address {seen.mac}, and {run.interface} has {run.mac}"
        raise NotReached(f"{what} has another port", device=run.label, why=why, remedy="look at dmesg too")


def command(run: Run) -> list[str]:
    """Without frames to wait for it reads its input, which is empty, and ends once its port is up.

    Where it tells what it spends it must not poll the driver itself: its empty polls would do the kernel's work, and
    nobody would count that (drivers/net/af_xdp/rte_eth_af_xdp.c, busy_budget).
    """
    pinned = f"use_pinned_map=1,dp_path={run.path}"
    device = f"net_af_xdp0,iface={run.interface},start_queue={run.queue},{pinned}{',force_copy=1' * run.copies}"
    device += NO_BUSY_POLL if run.own else ""
    eal = [run.program, "-v", "-m", str(run.megabytes), "--in-memory", "--no-telemetry", "--no-pci", f"--vdev={device}"]
    period = ["--stats-period=1"] if run.frames else []
    return [*eal, "--", "--total-num-mbufs=8192", "--no-mlockall", "--forward-mode=rxonly", *period, *run.own]


def unit(run: Run, cpus: str) -> Unit:
    """CAP_NET_RAW, and no more. See proof.unit() for the rest."""
    limits = (
        *("CapabilityBoundingSet=CAP_NET_RAW", "AmbientCapabilities=CAP_NET_RAW", "LimitMEMLOCK=infinity"),
        f"RuntimeMaxSec={int(run.seconds) if run.frames or run.own else STARTS}",
        *([f"CPUAffinity={cpus}"] if cpus else []),
        *(f"RuntimeDirectory={run.unit}", f"Environment=XDG_RUNTIME_DIR={RUN.rpartition('/')[0]}/{run.unit}"),
    )
    return Unit(run.unit, run.user, limits)
