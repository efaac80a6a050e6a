"""Chooses KVM or TCG by trial: a /dev/kvm that opens, even one that creates a vCPU, is no proof that a guest runs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import paths, qemu
from lab.image import Image

TRIAL_SECONDS = 20
TRIAL_WORD = "lab-trial-passed"


@dataclass(frozen=True)
class Choice:
    """``kvm`` or ``tcg``, and why."""

    accelerator: str
    reason: str


def device_problem(device: Path = Path("/dev/kvm")) -> str | None:
    """Why KVM cannot even be tried; None when its device opens."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"{device}: {error.strerror}"
    return None


def machine_identity() -> str:
    """What the outcome of a trial depends on: this boot of this kernel, this QEMU."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    version = subprocess.run([qemu.PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return f"{boot} {platform.release()} {version.splitlines()[0]}"


def decide(problem: str | None, identity: str, cache: Path, trial: Callable[[], str | None]) -> Choice:
    """The choice. `trial` boots a small guest with KVM and says what went wrong, None when nothing did.

    The outcome is kept in `cache`, so that a trial is made once for each boot of this machine.
    """
    if problem is not None:
        return Choice("tcg", problem)
    known = _read_cache(cache)
    if known.get("identity") == identity:
        return Choice(known["accelerator"], known["reason"])
    failure = trial()
    choice = Choice("kvm", "a trial guest ran") if failure is None else Choice("tcg", f"KVM trial guest {failure}")
    cache.parent.mkdir(parents=True, exist_ok=True)
    temporary = cache.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps({"identity": identity, **asdict(choice)}, indent=2) + "\n", encoding="utf-8")
    temporary.replace(cache)
    return choice


def _read_cache(cache: Path) -> dict[str, str]:
    try:
        data: dict[str, str] = json.loads(cache.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return data


def boot_trial(image: Image, accelerator: str = "kvm", seconds: float = TRIAL_SECONDS) -> str | None:
    """Boots the lab kernel until its first process prints a word. Says what went wrong, or None."""
    with tempfile.TemporaryDirectory(prefix="kernel-bypass-lab-") as work:
        serial = Path(work) / "serial.log"
        command = qemu.trial_arguments(image, serial, accelerator)
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return f"did not finish within {seconds} s"
        if serial.is_file() and TRIAL_WORD in serial.read_text(encoding="utf-8", errors="replace"):
            return None
        lines = done.stderr.strip().splitlines()
        return f"failed: {lines[0] if lines else f'QEMU ended with status {done.returncode} before the guest ran'}"


def choose(image: Image) -> Choice:
    """KVM if it works on this machine, else TCG."""
    problem = device_problem()
    identity = "" if problem else machine_identity()
    return decide(problem, identity, paths.cache_home() / "accelerator.json", lambda: boot_trial(image))
