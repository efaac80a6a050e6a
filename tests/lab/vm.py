"""Starts, finds and ends lab VMs."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import accel, control, image, nics, qemu, qmp, rebooting, starter
from lab.errors import LabError
from lab.inventory import Host, render
from lab.progress import Progress
from lab.recipe import recipe_for
from lab.spec import VmSpec
from lab.ssh import Result, Ssh
from lab.state import Process, StateDirectory, VmState
from lab.wire import Wire

_POWERDOWN_SECONDS = 40


class Vm:
    """A running VM."""

    def __init__(self, directory: StateDirectory, current: VmState) -> None:
        self.directory = directory
        self.state = current

    @classmethod
    def attach(cls, name: str = "lab") -> Vm:
        """The running VM of that name."""
        directory = StateDirectory(name)
        current = directory.load()
        if current is None:
            raise LabError(f"No lab VM {name!r} is running: start it with 'scripts/lab up --name {name}'.")
        return cls(directory, current)

    @classmethod
    def up(cls, spec: VmSpec | None = None, owner: int | None = None, progress: Progress | None = None) -> Vm:
        """Boots a VM and returns when commands can be run in it; a running one with equal parameters will do."""
        spec = spec or VmSpec()
        spec.check()
        progress = progress or Progress()
        running = _running_equal(spec)
        if running:
            progress.say(f"VM {spec.name!r} is already running")
            return running
        image.require_tools(("qemu-system-x86_64", "qemu-img"))
        built = image.ensure(recipe_for(spec.release), progress)
        choice = accel.Choice("icount", "as asked for") if spec.icount else accel.choose(built)
        progress.say(f"acceleration: {choice.accelerator} ({choice.reason})")
        directory = StateDirectory(spec.name)
        request = starter.Request(spec, built, choice, owner)
        return cls(directory, starter.start(request, directory, progress))

    @property
    def name(self) -> str:
        return self.state.spec.name

    @property
    def _ssh(self) -> Ssh:
        return ssh_of(self.directory, self.state)

    def ssh(
        self, remote: Sequence[str] | str, check: bool = True, timeout: float | None = 60, stdin: str = ""
    ) -> Result:
        """Runs a command in the guest as root: a list is quoted, a string goes to the guest's shell as it is."""
        return self._ssh.run(remote, check=check, timeout=timeout, stdin=stdin)

    def ssh_command(self, remote: Sequence[str] | str, tty: bool = False) -> list[str]:
        """The local command line that `ssh` would run."""
        return self._ssh.command(remote, tty)

    def wire(self, index: int = 0, pcap: Path | None = None) -> Wire:
        """The far end of the cable of test NIC `index`."""
        return Wire(self.wire_path(index), pcap)

    def wire_path(self, index: int = 0) -> Path:
        """The socket of that wire: what `joining.Join` takes two of."""
        self._nic(index)
        return self.directory.files.wire(index)

    def control(self, index: int, request: dict[str, Any]) -> dict[str, Any]:
        """A request to the model of test NIC `index`, an 82599: ``{"cmd": "link", "up": False}``."""
        return control.ask(qemu.place(self._nic(index), self.directory.files).control, request)

    def _nic(self, index: int) -> nics.Nic:
        found = self.state.spec.test_nics
        if not 0 <= index < len(found):
            raise LabError(f"VM {self.name!r} has no wire {index}: it has {len(found)} test NIC(s).")
        return found[index]

    def inventory(self) -> str:
        """An Ansible inventory (YAML) with this VM."""
        return render([self.inventory_host()])

    def inventory_host(self) -> Host:
        return Host(f"lab-{self.name}", self._ssh)

    def facts(self) -> dict[str, Any]:
        """What ``status --json`` tells about a VM."""
        current = self.state
        cards = [
            {
                "index": nic.index,
                "kind": nic.kind.name,
                "pci_address": nic.pci_address,
                "mac": nic.mac,
                "wire": str(self.directory.files.wire(nic.index)),
            }
            for nic in current.spec.test_nics
        ]
        return {
            "name": self.name,
            "phase": current.phase,
            "release": current.spec.release,
            "accelerator": current.accelerator,
            "accelerator_reason": current.accelerator_reason,
            "pid": current.qemu.pid,
            "owner": current.owner,
            "ssh_port": current.ssh_port,
            "mgmt": current.spec.mgmt,
            "boot": current.spec.boot,
            "cpus": current.spec.cpus,
            "numa": current.spec.numa,
            "memory": current.spec.memory,
            "uptime": round(time.time() - current.started),
            "serial_log": str(self.directory.files.serial),
            "nics": cards,
        }

    def reboot(self, hard: bool = False, progress: Progress | None = None) -> rebooting.Rebooted:
        """Boots the guest again and waits until it has started everything; `hard`: by the reset button.

        What runs in the guest ends, and what is below its /run goes: open a `GuestModules` anew. NICs keep what
        `control` has told them.
        """
        return rebooting.reboot(self.directory, self.state, self._ssh, progress or Progress(), hard)

    def down(self, now: bool = False) -> None:
        """Ends the VM: power button, then QMP ``quit``, then signals. `now` leaves the power button out."""
        down(self.name, now)


def ssh_of(directory: StateDirectory, current: VmState) -> Ssh:
    """How to reach a running VM."""
    return Ssh(current.ssh_port, directory.files.private_key, directory.files.ssh_control)


def down(name: str, now: bool = False) -> bool:
    """Ends the VM of that name and removes its files; False when there was none."""
    directory = StateDirectory(name)
    with directory.locked():
        current = directory.load()
        if current is not None:
            _end(directory, current, now)
        directory.remove()
    return current is not None


def _running_equal(spec: VmSpec) -> Vm | None:
    current = StateDirectory(spec.name).load()
    if current is None:
        return None
    differences = current.spec.differences(spec)
    if differences:
        raise LabError(
            f"VM {spec.name!r} is running with other parameters ({'; '.join(differences)}): "
            f"end it with 'scripts/lab down --name {spec.name}', or give the new one another --name."
        )
    if current.phase != "ready":
        raise LabError(f"VM {spec.name!r} is being started by another command: wait for that one.")
    return Vm.attach(spec.name)


def _end(directory: StateDirectory, current: VmState, now: bool) -> None:
    ssh_of(directory, current).close()
    steps = [] if now or current.phase != "ready" else [("system_powerdown", _POWERDOWN_SECONDS)]
    for command, seconds in [*steps, ("quit", 5)]:
        with contextlib.suppress(OSError, LabError), qmp.Qmp(directory.files.qmp) as connection:
            connection.command(command)
        if _wait_gone(current.qemu, seconds):
            break
    else:
        with contextlib.suppress(ProcessLookupError):
            os.kill(current.qemu.pid, 9)
    # The keeper removes the files; whoever starts the next VM of this name must not meet it at work.
    _wait_gone(current.keeper, 15)


def _wait_gone(process: Process, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while process.alive() and time.monotonic() < end:
        time.sleep(0.05)
    return not process.alive()
