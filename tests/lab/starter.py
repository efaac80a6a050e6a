"""Starts a VM: overlay, keeper, QEMU, boot, checks; again from the start when a boot hangs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lab import boot, checks, nics, qemu, qmp
from lab.accel import Choice
from lab.errors import LabError
from lab.image import Image
from lab.progress import Progress
from lab.spec import VmSpec
from lab.ssh import Ssh
from lab.state import Process, StateDirectory, VmState

ATTEMPTS = 3
_QMP_SECONDS = 30


@dataclass(frozen=True)
class Request:
    """Everything that one start needs to know."""

    spec: VmSpec
    image: Image
    choice: Choice
    owner: int | None


class Keeper:
    """Our side of the keeper process (see keeper.py): while its standard input is open, the VM depends on us."""

    def __init__(self, directory: StateDirectory, launch: qemu.Launch, owner: int | None) -> None:
        tests = str(Path(__file__).parents[1])
        with (directory.path / "keeper.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lab.keeper", directory.name, str(directory.home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": tests},
                cwd="/",
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input = self._process.stdin
        order = {**vars(launch), "owner": owner}
        self._input.write(json.dumps(order).encode() + b"\n")
        self._input.flush()
        answer = self._process.stdout.readline()
        self._process.stdout.close()
        if not answer:
            raise LabError(f"QEMU could not be started; see {directory.path}/keeper.log")
        self.qemu = Process(**json.loads(answer)["qemu"])
        self.process = Process.of(self._process.pid)

    def release(self) -> None:
        """The VM is ready: it now lives until ``down``, or until its owner ends."""
        self._tell(b"ready\n")

    def stop(self, keep_logs: bool) -> None:
        """Ends the VM and waits until the keeper has cleaned up."""
        self._tell(b"failed\n" if keep_logs else b"")
        self._process.wait()

    def _tell(self, word: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._input.write(word)
            self._input.close()


def start(request: Request, directory: StateDirectory, progress: Progress) -> VmState:
    """Boots the VM, at most `ATTEMPTS` times."""
    kept: list[Path] = []
    reason = ""
    for attempt in range(1, ATTEMPTS + 1):
        outcome = _attempt(request, directory, progress, first=attempt == 1)
        if isinstance(outcome, VmState):
            return outcome
        reason = outcome.reason
        kept.append(_keep_serial(directory, attempt))
        progress.say(f"boot {attempt} of {ATTEMPTS} given up: {reason}; serial log: {kept[-1]}")
    raise LabError(
        f"The guest did not boot in {ATTEMPTS} attempts ({reason}). "
        f"Serial logs: {', '.join(map(str, kept))}; QEMU's own words: {directory.path}/qemu.log"
    )


def _keep_serial(directory: StateDirectory, attempt: int) -> Path:
    kept = directory.path / f"serial.{attempt}.log"
    with contextlib.suppress(FileNotFoundError):
        directory.files.serial.replace(kept)
    return kept


def _attempt(request: Request, directory: StateDirectory, progress: Progress, first: bool) -> VmState | boot.Stuck:
    """One boot. Whatever ends it early, an interrupt too, takes the VM down with it."""
    with directory.locked():
        if directory.load() is not None:
            raise LabError(f"VM {directory.name!r} is being started by another command: wait for that one.")
        try:
            directory.create(keep_logs=not first)
            keeper = _start_keeper(request, directory)
            current = _initial_state(request, keeper)
            directory.save(current)
        except BaseException:
            directory.remove(keep_logs=True)
            raise
    with _stopped_unless_ready(keeper, directory):
        current = replace(current, ssh_port=_ssh_port(directory, keeper))
        directory.save(current)
        progress.say(f"QEMU runs (pid {keeper.qemu.pid}), SSH will be on 127.0.0.1:{current.ssh_port}")
        watcher = boot.BootWatcher(directory.files.serial, current.ssh_port, keeper.qemu.alive, progress)
        stuck = watcher.wait()
        if stuck:
            keeper.stop(keep_logs=True)
            _raise_if_taken_down(directory, stuck)
            return stuck
        ssh = Ssh(current.ssh_port, directory.files.private_key, directory.files.ssh_control)
        if request.spec.late_cpus:
            progress.say(f"boot: SSH answers, bringing {request.spec.cpus} CPUs online")
            checks.bring_cpus_online(ssh, request.spec.nics, request.spec.cpus)
        progress.say("boot: SSH answers, checking the NICs")
        checks.check_guest(ssh, request.spec.nics, request.spec.iommu)
        current = replace(current, phase="ready")
        directory.save(current)
        keeper.release()
    cards = ", ".join(f"{name} at {nics.pci_address_of(i)}" for i, name in enumerate(request.spec.nics))
    progress.say(f"VM {request.spec.name!r} is ready: {cards}")
    return current


def _start_keeper(request: Request, directory: StateDirectory) -> Keeper:
    _make_overlay(request.image, directory.files)
    # A copy: the image, with its key, may be replaced by a newer one while the VM runs.
    shutil.copy(request.image.private_key, directory.files.private_key)
    launch = qemu.launch(request.spec, request.image, directory.files, request.choice.accelerator)
    return Keeper(directory, launch, request.owner)


@contextlib.contextmanager
def _stopped_unless_ready(keeper: Keeper, directory: StateDirectory) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        keeper.stop(keep_logs=False)
        raise
    except BaseException:
        keeper.stop(keep_logs=True)
        raise


def _raise_if_taken_down(directory: StateDirectory, stuck: boot.Stuck) -> None:
    """A VM that ended in order leaves no directory: ``down`` in the middle of a boot is no reason to boot again."""
    if not directory.path.exists():
        raise LabError(f"VM {directory.name!r} was taken down while it booted ({stuck.reason}).")


def _initial_state(request: Request, keeper: Keeper) -> VmState:
    return VmState(
        spec=request.spec,
        phase="booting",
        keeper=keeper.process,
        qemu=keeper.qemu,
        ssh_port=0,
        accelerator=request.choice.accelerator,
        accelerator_reason=request.choice.reason,
        image=str(request.image.directory),
        started=time.time(),
        owner=request.owner,
    )


def _make_overlay(image: Image, files: qemu.VmFiles) -> None:
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(image.disk), "-F", "raw", str(files.overlay)]
    subprocess.run(command, check=True)


def _ssh_port(directory: StateDirectory, keeper: Keeper) -> int:
    """Waits for QEMU's QMP socket and asks which port the system gave it."""
    end = time.monotonic() + _QMP_SECONDS
    while True:
        try:
            return qmp.forwarded_port(directory.files.qmp)
        except OSError:
            if not keeper.qemu.alive() or time.monotonic() > end:
                log = directory.path / "qemu.log"
                words = log.read_text(encoding="utf-8", errors="replace").strip() if log.is_file() else ""
                raise LabError(f"QEMU did not start: {words or 'no message'}") from None
            time.sleep(0.1)
