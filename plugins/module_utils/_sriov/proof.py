# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Shows that a user without privileges can use a VF with DPDK: runs dpdk-testpmd so, and reads what it says."""

from __future__ import annotations

import typing as t

from .alone import check_user
from .errors import InUse, InvalidRequest, NotReached
from .info import read_info
from .model.mac import ZERO
from .model.paths import RUNTIME
from .model.testpmd import told_by_testpmd
from .others import blocked_as_far_as_known
from .transient import Unit, run_to_its_end

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .kernel.kernel import Kernel
    from .model.testpmd import Testpmd

UNIT = "kernel-bypass-sriov-proof"
VFIO = "vfio-pci"
STARTS = 60  # seconds that it may take to start and to end

Found = t.Dict[str, t.Any]


class Proof(t.NamedTuple):
    """What is to be shown.

    :param pf: by any of its names.
    :param user: whom the program runs as.
    :param frames: that have to be received in so many seconds; 0: the port has to be up.
    :param megabytes: of hugepages that it takes.
    """

    pf: str
    vf: int
    user: str
    frames: int = 0
    seconds: int = 20
    megabytes: int = 128
    program: str = "dpdk-testpmd"


class Shown(t.NamedTuple):
    """What was shown: values for people and tasks."""

    values: Found
    warnings: tuple[str, ...] = ()


def prove(kernel: Kernel, proof: Proof, timeout: float, check: bool) -> Shown:
    """:raises SriovError: the VF cannot be used so; with what the program said."""
    check_user(kernel)
    vf, not_seen = vf_for_programs(kernel, proof, timeout)
    wanted = vf["attributes"]["mac"]
    known = wanted not in (None, ZERO)
    warnings = () if known else (f"VF {proof.vf}: the PF does not tell its MAC address, so that any was taken",)
    values = {"pci_address": vf["pci_address"], "mac": wanted if known else None, "frames": 0, "not_seen": not_seen}
    if check:
        return Shown(values, warnings)
    # Without frames to wait for it reads its input, which is empty, and ends once its port is up.
    seconds, own = (proof.seconds, ["--stats-period=1"]) if proof.frames else (STARTS, [])
    argv = command(proof, vf["pci_address"], own)
    out, error = run_to_its_end(kernel, unit(proof, kernel.system.cpus_text(), UNIT, seconds), argv)
    seen = told_by_testpmd(f"{out}\n{error}")
    check_told(proof, vf["pci_address"], wanted if known else None, seen, error.strip() or out.strip()[-400:])
    return Shown({**values, "mac": seen.mac, "frames": seen.frames}, warnings)


def unit(proof: Proof, cpus: str, name: str, seconds: int) -> Unit:
    """Without any capability.

    :param cpus: that are online, "0-3": it needs two, and by itself a program has none of those that are isolated.
    :param seconds: after which it is ended.
    """
    limits = (
        *("CapabilityBoundingSet=", "LimitMEMLOCK=infinity", f"RuntimeMaxSec={seconds}"),
        *([f"CPUAffinity={cpus}"] if cpus else []),
        *(f"RuntimeDirectory={name}", f"Environment=XDG_RUNTIME_DIR={RUNTIME}/{name}"),
    )
    return Unit(name, proof.user, limits)


def command(proof: Proof, address: str, own: Sequence[str]) -> list[str]:
    """The program on a VF.

    :param own: options of its own beside those that it always has.
    """
    eal = [proof.program, "-m", str(proof.megabytes), "--in-memory", "--no-telemetry", "-a", address]
    return [*eal, "--", "--total-num-mbufs=8192", "--no-mlockall", "--forward-mode=rxonly", *own]


def vf_for_programs(kernel: Kernel, proof: Proof, timeout: float) -> tuple[Found, list[str]]:
    """With what could not be seen.

    :raises SriovError: there is none, or it is not for user space, or somebody has it.
    """
    info = read_info(kernel, proof.pf, timeout, blocked_as_far_as_known(kernel))
    pf = info["pfs"][0]
    label = f"{pf['name']} ({pf['pci_address']})"
    found = next((each for each in pf["vfs"] if each["vf"] == proof.vf), None)
    if found is None:
        raise InvalidRequest(f"vf: there is no VF {proof.vf}", device=label, why=f"it has {pf['num_vfs']} VFs")
    if found["driver"] != VFIO:
        raise InvalidRequest(
            f"vf: VF {proof.vf} is not for programs with DPDK",
            device=label,
            why=f"its driver is {found['driver'] or 'none'}, not {VFIO}",
            remedy=f"give it that (role provision, driver: {VFIO})",
        )
    if found["holders"]:
        remedy = "end it, or name another VF: nothing is taken away for a proof"
        raise InUse(f"VF {proof.vf} is in use", device=label, why="; ".join(found["holders"]), remedy=remedy)
    return found, info["not_seen"]


def check_told(proof: Proof, address: str, mac: str | None, seen: Testpmd, said: str) -> None:
    """:raises NotReached: it has no port, or another, or received too little."""
    what = f"{proof.program} as user {proof.user}"
    if seen.mac is None:
        cause = seen.cause
        lines = "; ".join(seen.lines) or said or "it said nothing"
        why, remedy = (f"{cause.why}: {lines}", cause.remedy) if cause else (lines, "look at dmesg too")
        raise NotReached(f"{what} has no port", device=address, why=why, remedy=remedy)
    if mac is not None and seen.mac != mac.lower():
        why = f"its port has MAC address {seen.mac}, and VF {proof.vf} has {mac}"
        raise NotReached(f"{what} has another port", device=address, why=why, remedy="look at who else gives addresses")
    if seen.frames < proof.frames:
        why = f"{seen.frames} of {proof.frames} frames came in {proof.seconds} s"
        remedy = "look at the flow rules, and at who sends; rx_rate tells what the PF receives"
        raise NotReached(f"{what} received too few frames", device=address, why=why, remedy=remedy)
