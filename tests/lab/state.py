"""What is known about a VM, on disk, so that every command finds it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import LabError
from lab.qemu import VmFiles
from lab.spec import VmSpec

# A Unix socket's path has 108 bytes; ssh adds 17 to the name of a control socket while it creates it.
_LONGEST_SOCKET_DIRECTORY = 108 - len("/ssh.sock") - 18
STATE_FILE = "vm.json"


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(pid, _start_time(pid) or 0)

    def alive(self) -> bool:
        return self.start != 0 and _start_time(self.pid) == self.start


def _start_time(pid: int) -> int | None:
    """Field 22 of ``/proc/PID/stat``; None when there is no such process, or only its zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


@dataclass(frozen=True)
class VmState:
    """The content of ``vm.json``."""

    spec: VmSpec
    phase: str  # "booting" or "ready"
    keeper: Process
    qemu: Process
    ssh_port: int
    accelerator: str
    accelerator_reason: str
    image: str
    started: float
    owner: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> VmState:
        # A VM that was started by another version of the lab may have written other fields as well.
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        processes = {name: Process(**data[name]) for name in ("keeper", "qemu")}
        return cls(**{**known, **processes, "spec": VmSpec.from_json(data["spec"])})


class StateDirectory:
    """The directory of one VM: its state file, lock, logs, overlay and sockets."""

    def __init__(self, name: str, home: Path | None = None) -> None:
        self.name = name
        self.home = paths.vms_home() if home is None else home
        self.path = self.home / name
        self.files = VmFiles(self.path, socket_directory(self.path))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Held while the state changes hands, never during a boot: ``down`` must be able to end one."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / f".{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def load(self) -> VmState | None:
        """The state of a VM whose QEMU lives; None otherwise."""
        try:
            text = (self.path / STATE_FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        state = VmState.from_json(json.loads(text))
        return state if state.qemu.alive() else None

    def save(self, state: VmState) -> None:
        """Replaces the file in one step: a reader sees the old or the new one."""
        temporary = self.path / f".{STATE_FILE}"
        temporary.write_text(json.dumps(state.to_json(), indent=2) + "\n", encoding="utf-8")
        temporary.replace(self.path / STATE_FILE)

    def create(self, keep_logs: bool = False) -> None:
        """An empty directory, also for the sockets; `keep_logs` keeps those of an earlier attempt."""
        self.remove(keep_logs)
        self.path.mkdir(parents=True, mode=0o700, exist_ok=True)
        make_private_directory(self.files.sockets)

    def remove(self, keep_logs: bool = False) -> None:
        """Removes the VM's files; `keep_logs` leaves its serial and QEMU logs for whoever looks for the cause."""
        if self.files.sockets != self.path:
            shutil.rmtree(self.files.sockets, ignore_errors=True)
        if not keep_logs:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        for path in list(self.path.glob("*")) + list(self.path.glob(".*")):
            if path.suffix != ".log":
                path.unlink(missing_ok=True)


def all_names(home: Path | None = None) -> list[str]:
    """Names of all VMs with a state file, running or not."""
    home = paths.vms_home() if home is None else home
    return sorted(path.parent.name for path in home.glob(f"*/{STATE_FILE}"))


def socket_directory(directory: Path) -> Path:
    """`directory` itself, or a short one below /tmp when a socket's path there would be too long for the kernel."""
    if len(os.fsencode(directory)) <= _LONGEST_SOCKET_DIRECTORY:
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"kernel-bypass-lab-{os.getuid()}-{digest}"


def make_private_directory(path: Path) -> None:
    """Creates it for this user only; one that another user placed there is refused."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if path.is_symlink() or status.st_uid != os.getuid():
        raise LabError(f"{path} belongs to another user (uid {status.st_uid}): remove it, or set XDG_CACHE_HOME.")
