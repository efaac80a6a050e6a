"""Watches a guest boot until its SSH server answers, and notices when it will not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import ssh
from lab.progress import Progress

_REPORT_SECONDS = 10
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # of GRUB's screen and systemd's colours
_BANNER_SECONDS = 3.0
# After this line of ssh.service the server listens; before it, trying to connect only takes time from the guest.
_SSHD_LINE = b"lab: sshd listens"
_MILESTONES = (
    (b"Linux version", "kernel started"),
    (b"Run /init", "initramfs"),
    (b"systemd[1]: systemd 2", "systemd"),
    (_SSHD_LINE, "sshd listens"),
)
# Under TCG a CPU may lose the interrupt of its timer, seen with two CPUs at a load of 8 (QEMU 10.0: `info lapic` shows
# it in service for ever). Once may be a busy machine; twice, 21 s apart, the kernel waits for what does not come.
_LOST_TIMER = (b"Possible timer handling issue", 2)
_FATAL = (b"Kernel panic", b"Failed to execute /init", b"You are in emergency mode")


@dataclass(frozen=True)
class Limits:
    """Seconds without a sign of life, and seconds in all, after which a boot is given up."""

    silence: float = 60
    total: float = 300


@dataclass(frozen=True)
class Stuck:
    """Why a boot was given up; `lost_timer`: it is no fault of the guest, and the next boot may well succeed."""

    reason: str
    lost_timer: bool = False


class BootWatcher:
    """Follows the serial log of one boot; `skip` bytes of it are of boots before."""

    def __init__(
        self,
        serial: Path,
        port: int,
        alive: Callable[[], bool],
        progress: Progress,
        limits: Limits | None = None,
        skip: int = 0,
    ) -> None:
        self._limits = limits or Limits()
        self._serial = serial
        self._skip = skip
        self._port = port
        self._alive = alive
        self._progress = progress
        self._text = b""
        self._reached = 0
        self._started = self._grown = self._reported = time.monotonic()

    def wait(self) -> Stuck | None:
        """None when SSH answers."""
        while True:
            self._read_serial()
            if self._sshd_is_up() and ssh.answers(self._port, _BANNER_SECONDS):
                return None
            if self._text.count(_LOST_TIMER[0]) >= _LOST_TIMER[1]:
                return Stuck("a CPU of the guest has lost the interrupt of its timer, as CPUs do under TCG", True)
            problem = self._problem()
            if problem:
                return Stuck(problem)
            self._report()
            time.sleep(0.1)

    def _sshd_is_up(self) -> bool:
        return _SSHD_LINE in self._text

    def _read_serial(self) -> None:
        try:
            text = self._serial.read_bytes()[self._skip :]
        except FileNotFoundError:
            return
        if len(text) != len(self._text):
            self._grown = time.monotonic()
            self._text = text

    def _problem(self) -> str | None:
        now = time.monotonic()
        if not self._alive():
            return "QEMU ended"
        fatal = next((word for word in _FATAL if word in self._text), None)
        if fatal:
            return f"the guest says '{fatal.decode()}'"
        if now - self._grown > self._limits.silence:
            return f"nothing on the serial port for {self._limits.silence} s, and no SSH"
        if now - self._started > self._limits.total:
            return f"no SSH after {self._limits.total} s"
        return None

    def _report(self) -> None:
        while self._reached < len(_MILESTONES) and _MILESTONES[self._reached][0] in self._text:
            self._say(_MILESTONES[self._reached][1])
            self._reached += 1
        if time.monotonic() - self._reported > _REPORT_SECONDS:
            text = _CONTROL.sub("", self._text.decode("utf-8", "replace"))
            lines = [line for line in map(str.strip, text.splitlines()) if line]
            self._say(f"still booting; last line: {lines[-1][:90] if lines else '(none)'}")

    def _say(self, text: str) -> None:
        self._reported = time.monotonic()
        self._progress.say(f"boot: {text}")
