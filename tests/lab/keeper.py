"""The process that starts a VM's QEMU, waits for it, and never lets it outlive those who want it.

``python3 -m lab.keeper NAME HOME`` reads what to start from standard input (one JSON line), answers with QEMU's pid,
and then waits for whichever comes first: QEMU ends; the owner ends, in whatever way; a signal asks it to stop; or,
while the VM still boots, its standard input closes because ``up`` has ended. On standard input, "ready" ends the boot;
"failed" stops the VM and leaves its logs.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.state import Process, StateDirectory

_PR_SET_PDEATHSIG = 1
_SECONDS_TO_QUIT = 5


def _die_with_parent() -> None:
    """In the child before exec: prctl(PR_SET_PDEATHSIG), so that even a killed keeper takes its processes along."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(argv: list[str], log: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own: Ctrl-C in the terminal is for ``up``, not for it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | (environment or {}),
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )


def start_all(order: dict[str, Any], logs: Path) -> tuple[subprocess.Popen[bytes], list[subprocess.Popen[bytes]]]:
    """QEMU, and before it the models of its NICs: it waits five seconds for them, not longer."""
    models = [start(argv, logs / f"model{number}.log") for number, argv in enumerate(order["processes"])]
    return start(order["argv"], logs / "qemu.log", order["environment"]), models


def wait_for_end(qemu: subprocess.Popen[bytes], owner: int | None) -> str:
    """Blocks until the VM has to go; says why: "qemu", "owner", "signal", "failed" or "interrupted"."""
    poll = select.poll()
    reasons = {os.pidfd_open(qemu.pid): "qemu", _signal_pipe(): "signal"}
    if owner is not None:
        try:
            reasons[os.pidfd_open(owner)] = "owner"
        except ProcessLookupError:
            return "owner"
    for descriptor in (*reasons, 0):
        poll.register(descriptor, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _event in poll.poll()]
        for descriptor in ready:
            if descriptor in reasons:
                return reasons[descriptor]
        word = os.read(0, 64)
        if b"ready" not in word:
            return "failed" if b"failed" in word else "interrupted"
        poll.unregister(0)


def _signal_pipe() -> int:
    """A descriptor that becomes readable when SIGTERM arrives."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    return reader


def stop_qemu(qemu: subprocess.Popen[bytes]) -> int:
    """SIGTERM lets QEMU quit in order; SIGKILL after a while."""
    qemu.terminate()
    try:
        return qemu.wait(_SECONDS_TO_QUIT)
    except subprocess.TimeoutExpired:
        qemu.kill()
        return qemu.wait()


def main(arguments: list[str]) -> int:
    """Exit status 0: the VM ended in order; 1: QEMU failed, its logs are left in the state directory."""
    name, home = arguments
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    directory = StateDirectory(name, Path(home))
    line = sys.stdin.buffer.raw.readline()  # type: ignore[union-attr]
    if not line:  # ``up`` ended before it could say what to start
        directory.remove()
        return 0
    order = json.loads(line)
    qemu, models = start_all(order, directory.path)
    print(json.dumps({"qemu": vars(Process.of(qemu.pid))}), flush=True)
    reason = wait_for_end(qemu, order["owner"])
    status = qemu.wait() if reason == "qemu" else stop_qemu(qemu)
    for model in models:  # they end when QEMU does; this is for one that hangs
        model.kill()
        model.wait()
    failed = reason == "failed" or (reason == "qemu" and status != 0)
    directory.remove(keep_logs=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
