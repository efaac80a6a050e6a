"""SSH to a guest: one connection is opened and shared by all later commands, Ansible's too."""

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError


@dataclass(frozen=True)
class Result:
    """How a command in the guest ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Ssh:
    """How to reach one guest."""

    port: int
    private_key: Path
    control: Path

    def options(self) -> list[str]:
        """Options for ``ssh``; no known_hosts for a throw-away guest, no compression: it costs CPU under TCG."""
        pairs = {
            "ControlMaster": "auto",
            "ControlPersist": "600",
            "ControlPath": str(self.control),
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "LogLevel": "ERROR",
            "BatchMode": "yes",
            "ConnectTimeout": "30",
            "Compression": "no",
        }
        return [word for name, value in pairs.items() for word in ("-o", f"{name}={value}")]

    def command(self, remote: Sequence[str] | str, tty: bool = False) -> list[str]:
        """The whole ``ssh`` call. A list is quoted for the guest's shell, a string is given to it as it is."""
        words = ["ssh", "-F", "/dev/null", *self.options(), "-i", str(self.private_key), "-p", str(self.port)]
        words += ["-t"] if tty else []
        line = remote if isinstance(remote, str) else shlex.join(remote)
        return [*words, "root@127.0.0.1", *([line] if line else [])]

    def run(
        self, remote: Sequence[str] | str, check: bool = True, timeout: float | None = 60, stdin: str = ""
    ) -> Result:
        """Runs a command in the guest and returns its output."""
        command = self.command(remote)
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise LabError(f"In the guest, no end within {timeout} s: {command[-1]}") from None
        if check and done.returncode != 0:
            raise LabError(
                f"In the guest, status {done.returncode}: {command[-1]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return Result(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        """Ends the shared connection, if there is one."""
        command = ["ssh", "-F", "/dev/null", "-o", f"ControlPath={self.control}", "-O", "exit", "root@127.0.0.1"]
        if not self.control.exists():
            return
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10)
        except subprocess.TimeoutExpired:
            # Without its socket nobody finds it; it ends when the guest's side does.
            self.control.unlink(missing_ok=True)


def answers(port: int, timeout: float) -> bool:
    """True when an SSH server greets on the port. Cheaper than a log-in, which takes a second under TCG."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            connection.settimeout(timeout)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
