"""Boots a running guest once more: what it has on its disk stays."""

from __future__ import annotations

import time
from dataclasses import dataclass

from lab import boot, qmp
from lab.errors import LabError
from lab.progress import Progress
from lab.spec import MAX_BOOT_CPUS
from lab.ssh import Ssh
from lab.state import StateDirectory, VmState

# A guest that goes down may wait for a unit that does not end (90 s), one that comes up for one before the network.
LIMITS = boot.Limits(silence=300, total=600)
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_SSH_ENDED = 255  # ssh's own status: the guest may go down before the command has ended
_STARTED_SECONDS = 300
_MOST_RESETS = 2


@dataclass(frozen=True)
class Rebooted:
    """What came of it: the new boot's id, seconds until SSH answered and until all was started, and systemd's word.

    :ivar resets: boots that the lab has ended by the reset button, as a CPU had lost its timer (`lab.boot`).
    """

    boot_id: str
    ssh_seconds: float
    seconds: float
    system: str  # of `systemctl is-system-running`: "running", "degraded", ...
    resets: int = 0


def reboot(
    directory: StateDirectory,
    current: VmState,
    ssh: Ssh,
    progress: Progress,
    hard: bool = False,
    limits: boot.Limits = LIMITS,
) -> Rebooted:
    """Returns when systemd has started all it starts; a unit that has failed is no error here.

    :param hard: the reset button: the guest writes nothing more.
    :raises LabError: the guest does not come back, and is left as it is; or it has CPUs that do not come by themselves.
    """
    _check(current)
    started = time.monotonic()
    before = boot_id(ssh)

    def watch() -> boot.BootWatcher:
        serial = directory.files.serial
        said = serial.stat().st_size
        return boot.BootWatcher(serial, current.ssh_port, current.qemu.alive, progress, limits, skip=said)

    watcher = watch()
    _ask(directory, ssh, hard)
    # What shares the old connection would wait for an answer from a guest that is no more.
    ssh.close()
    resets = 0
    while stuck := watcher.wait():
        if not stuck.lost_timer or resets == _MOST_RESETS:
            raise _not_back(directory, stuck.reason)
        resets += 1
        progress.say(f"reset {resets} of at most {_MOST_RESETS}: {stuck.reason}")
        watcher = watch()
        _reset(directory)
    ssh_seconds = time.monotonic() - started
    after = boot_id(ssh)
    if after == before:
        raise _not_back(directory, f"boot {before} goes on")
    system = _started(ssh, progress)
    return Rebooted(after, ssh_seconds, time.monotonic() - started, system, resets)


def _check(current: VmState) -> None:
    if current.spec.late_cpus:
        raise LabError(
            f"VM {current.spec.name!r} has {current.spec.cpus} CPUs: the lab brings more than {MAX_BOOT_CPUS} online "
            "by loading the NICs' drivers anew, which would undo what the guest has set up while it booted. Use a VM "
            f"with {MAX_BOOT_CPUS}."
        )


def boot_id(ssh: Ssh) -> str:
    """The kernel's name for this boot of the guest."""
    return ssh.run(["cat", _BOOT_ID]).stdout.strip()


def _ask(directory: StateDirectory, ssh: Ssh, hard: bool) -> None:
    if hard:
        _reset(directory)
        return
    answer = ssh.run(["systemctl", "reboot"], check=False)
    if answer.returncode not in (0, _SSH_ENDED):
        raise LabError(f"The guest of VM {directory.name!r} does not want to reboot: {answer.stderr.strip()}")


def _reset(directory: StateDirectory) -> None:
    with qmp.Qmp(directory.files.qmp) as connection:
        connection.command("system_reset")


def _started(ssh: Ssh, progress: Progress) -> str:
    """Waits until systemd has nothing more to start; its word then, or the one that it had when the time was over."""
    progress.say("boot: SSH answers, waiting for the other units")
    command = f"timeout {_STARTED_SECONDS} systemctl is-system-running --wait || systemctl is-system-running"
    words = ssh.run(command, check=False, timeout=_STARTED_SECONDS + 60).stdout.split()
    return words[-1] if words else "unknown"


def _not_back(directory: StateDirectory, reason: str) -> LabError:
    return LabError(
        f"VM {directory.name!r} has not come back from its reboot: {reason}. It is left as it is: see "
        f"{directory.files.serial}, and end it with 'scripts/lab down --now --name {directory.name}'."
    )
