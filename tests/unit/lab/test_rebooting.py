"""Reboots of a guest that is a program named ssh, a serial log, and a port that greets."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab import boot, rebooting
from lab.errors import LabError
from lab.progress import Progress
from lab.spec import VmSpec
from lab.ssh import Ssh
from lab.state import Process, StateDirectory, VmState

# The last word is the command; what it is asked comes into file `asked`.
SSH = """#!/bin/sh
cd {home}
for word; do last=$word; done
case "$*" in *" -O exit "*) echo close >> asked; rm ssh.sock; exit ;; esac
echo "$last" >> asked
case $last in
    *boot_id*) cat boot_id ;;
    *"systemctl reboot"*) sh -c {on_reboot}; exit {status} ;;
    *is-system-running*) echo degraded; echo degraded; exit 1 ;;
esac
"""
COMES_BACK = "'echo two > boot_id; echo lab: sshd listens >> {serial}'"


@dataclass
class Guest:
    home: Path
    directory: StateDirectory
    state: VmState
    ssh: Ssh

    def behaves(self, on_reboot: str = COMES_BACK, status: int = 0) -> None:
        program = self.home / "bin" / "ssh"
        act = on_reboot.format(serial=self.directory.files.serial)
        program.write_text(SSH.format(home=self.home, on_reboot=act, status=status), encoding="utf-8")
        program.chmod(0o755)

    def reboot(self, silence: float = 30, hard: bool = False) -> rebooting.Rebooted:
        limits = boot.Limits(silence=silence, total=60)
        return rebooting.reboot(self.directory, self.state, self.ssh, Progress(io.StringIO()), hard, limits)

    def asked(self) -> list[str]:
        return [line for line in (self.home / "asked").read_text(encoding="utf-8").splitlines() if line]


@pytest.fixture
def port():
    """Where somebody greets as an SSH server does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            while True:
                try:
                    connection, _peer = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"SSH-2.0-x\r\n")

        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def guest(tmp_path, port, monkeypatch):
    directory = StateDirectory("a", tmp_path / "vms")
    directory.create()
    directory.files.serial.write_text("the boot before\nlab: sshd listens\n", encoding="utf-8")
    (tmp_path / "boot_id").write_text("one\n", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "ssh.sock").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    me = Process.of(os.getpid())
    state = VmState(VmSpec(name="a"), "ready", me, me, port, "tcg", "x", "/i", 1.5)
    return Guest(tmp_path, directory, state, Ssh(port, tmp_path / "key", tmp_path / "ssh.sock"))


@pytest.mark.parametrize("status", [0, 255])
def test_a_reboot_ends_when_systemd_has_started_all_over_a_fresh_connection(guest, status):
    guest.behaves(status=status)
    done = guest.reboot()
    assert (done.boot_id, done.system) == ("two", "degraded")
    assert done.seconds >= done.ssh_seconds
    words = ["boot_id", "systemctl reboot", "close", "boot_id", "is-system-running"]
    assert [word for word, line in zip(words, guest.asked(), strict=True) if word in line] == words


def test_a_guest_whose_drivers_would_be_loaded_anew_is_not_asked(guest):
    guest.behaves()
    guest.state = VmState(**{**vars(guest.state), "spec": VmSpec(name="a", cpus=4)})
    with pytest.raises(LabError, match="'a' has 4 CPUs.*undo what the guest has set up.*Use a VM with 2"):
        guest.reboot()
    assert not (guest.home / "asked").exists()


@pytest.fixture
def reset_button(guest):
    """QEMU's QMP socket. Each press runs the next of the shell commands in the list; none is left after the last."""
    acts = []

    def serve(server):
        while True:
            try:
                connection, _peer = server.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as lines:
                lines.write(b'{"QMP": {}}\n')
                for line in lines:
                    if json.loads(line)["execute"] == "system_reset":
                        subprocess.run(["sh", "-c", acts.pop(0)], cwd=guest.home, check=True)
                    lines.write(b'{"return": {}}\n')

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(guest.directory.files.qmp))
        server.listen()
        threading.Thread(target=serve, args=[server], daemon=True).start()
        yield acts
        server.shutdown(socket.SHUT_RDWR)


def lost_timer(guest):
    return f"echo Possible timer handling issue | sed p >> {guest.directory.files.serial}"


def test_a_boot_that_has_lost_a_timer_is_reset(guest, reset_button):
    guest.behaves(f"'{lost_timer(guest)}'")
    reset_button += [lost_timer(guest), COMES_BACK.format(serial=guest.directory.files.serial).strip("'")]
    assert (guest.reboot().resets, reset_button) == (2, [])


def test_a_guest_that_loses_its_timer_again_and_again_is_left(guest, reset_button):
    guest.behaves(f"'{lost_timer(guest)}'")
    reset_button += [lost_timer(guest)] * 2
    with pytest.raises(LabError, match="not come back from its reboot: a CPU of the guest has lost"):
        guest.reboot()
    assert reset_button == []


def test_the_reset_button_asks_nobody(guest, reset_button):
    guest.behaves("false", status=1)
    reset_button.append(COMES_BACK.format(serial=guest.directory.files.serial).strip("'"))
    assert guest.reboot(hard=True).boot_id == "two"
    assert not any("systemctl reboot" in line for line in guest.asked())


def test_a_guest_that_goes_on_has_not_rebooted(guest):
    guest.behaves(COMES_BACK.replace("two", "one"))
    with pytest.raises(LabError, match="not come back from its reboot: boot one goes on"):
        guest.reboot()


def test_a_guest_that_refuses_is_told(guest):
    guest.behaves("'echo Access denied >&2'", status=1)
    with pytest.raises(LabError, match="does not want to reboot: Access denied"):
        guest.reboot()


def test_a_guest_that_stays_away_is_left_as_it_is(guest):
    guest.behaves("true")
    with pytest.raises(LabError, match="nothing on the serial port for 0.5 s.*serial.log.*lab down --now --name a"):
        guest.reboot(silence=0.5)
    assert guest.directory.files.serial.exists()
