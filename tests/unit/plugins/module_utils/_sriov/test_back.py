# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of the timer, with the lock, a process of its own, and notes; and what may be in its way."""

from __future__ import annotations

import errno
import fcntl
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import back
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.lock import Lock
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.pending import Pending
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

OURS = "run/kernel-bypass-sriov"
SAID = "an earlier run was not confirmed, and the host went back to the state before it"
PF = hosts.IXGBE.address
WISH = [{"pf": "enp1s0", "num_vfs": 2, "vfs": [{"vf": 0, "driver": "vfio-pci"}]}]


@pytest.fixture
def armed(tmp_path, monkeypatch):
    """A host after a run that waits for its confirmation."""
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), "run/systemd/system": DIRECTORY})
    monkeypatch.setattr(back, "Kernel", lambda **_words: kernel)
    monkeypatch.setattr(back, "PAUSE", 0.01)
    assert run_module(host, kernel, pfs=WISH, confirm=60)["pending"]


@pytest.fixture
def pending(tmp_path):
    return Pending(Files(str(tmp_path)))


def num_vfs(tmp_path):
    return int((tmp_path / f"sys/bus/pci/devices/{PF}/sriov_numvfs").read_text())


def refuse(*_words):
    raise KernelRefused("cannot write it", errno=errno.ENOSPC)


def test_a_run_that_waits_is_taken_back(armed, tmp_path, pending, capfd):
    assert back.main([str(tmp_path)]) == 0
    assert capfd.readouterr().out == f"{SAID}\n"
    assert num_vfs(tmp_path) == 0
    assert (pending.read(), pending.way_back()) == (None, [SAID])
    assert not (tmp_path / OURS / "confirm").exists()
    assert list((tmp_path / OURS / "blocked").iterdir()) == []


def test_one_that_was_confirmed_is_not(armed, tmp_path, pending, capfd, monkeypatch):
    waiting = pending.read()
    pending.remove()
    assert back.main([str(tmp_path)]) == 0
    monkeypatch.setattr(Pending, "read", lambda _self, found=[waiting]: found.pop() if found else None)
    assert back.main([str(tmp_path)]) == 0
    assert capfd.readouterr().out == "no run waits for its confirmation\nthe run was confirmed\n"
    assert num_vfs(tmp_path) == 2 and pending.way_back() == []


def test_it_needs_no_notice_of_its_own(armed, tmp_path, pending, monkeypatch):
    monkeypatch.setattr(Pending, "note_way_back", refuse)
    assert back.main([str(tmp_path)]) == 0
    assert num_vfs(tmp_path) == 0
    assert pending.read() is None and not (tmp_path / OURS / "confirm").exists()


def test_nor_a_note_of_its_steps(armed, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.alone.Blocked.note", refuse
    )
    assert back.main([str(tmp_path)]) == 0
    assert num_vfs(tmp_path) == 0


def test_its_steps_are_told_before_they_are_done(armed):
    """One that is stuck is noted by that, and its PF is refused to later runs (alone)."""
    told = []
    assert back.go_back(back.Kernel(), Deadline(60), told.append) == []
    assert [PF] in [each.devices for each in told if any("VFs" in step for step in each.steps)]


def test_what_hinders_its_beginning_for_a_while_does_not_end_it(armed, tmp_path, monkeypatch, capfd):
    sign, times = Lock._sign, [1, 2]
    monkeypatch.setattr(Lock, "_sign", lambda *words: refuse() if times and times.pop() else sign(*words))
    assert back.main([str(tmp_path)]) == 0
    assert capfd.readouterr().out.count("cannot write it") == 2
    assert num_vfs(tmp_path) == 0


def test_nor_does_a_damaged_note_that_somebody_removes(armed, tmp_path, monkeypatch):
    damaged = f"{OURS}/blocked/70.json"
    build(tmp_path, {damaged: "{"})
    monkeypatch.setattr(back.time, "sleep", lambda _seconds: os.unlink(tmp_path / damaged))
    assert back.main([str(tmp_path)]) == 0
    assert num_vfs(tmp_path) == 0


def test_what_could_not_be_begun_in_all_its_time_is_told_and_is_over(armed, tmp_path, pending, monkeypatch):
    monkeypatch.setattr(back, "ENOUGH", 0.3 - 300)
    monkeypatch.setattr(Lock, "_sign", refuse)
    assert back.main([str(tmp_path)]) == 1
    assert num_vfs(tmp_path) == 2
    (told,) = pending.way_back()
    assert told.startswith(f"{SAID}, but for: it could not be begun: cannot write it [ENOSPC")
    assert pending.read() is None


def test_one_that_is_cut_off_stays_told_and_removes_nothing_without_the_lock(armed, tmp_path, pending, monkeypatch):
    monkeypatch.setattr(back, "_units_back", lambda *_words: 1 // 0)
    assert back.main([str(tmp_path)]) == 1
    (told,) = pending.way_back()
    assert told.startswith(f"{SAID}, but for: it did not come to its end: see `journalctl -u ")
    assert sorted(os.listdir(tmp_path / OURS / "confirm")) == ["going-back.json", "program"]


def test_all_of_it_is_done_under_the_lock(armed, tmp_path, monkeypatch):
    remove, note, free = Pending.remove, Pending.note_way_back, tmp_path / "free"

    def look():
        with open(tmp_path / OURS / "lock", "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            free.touch()

    monkeypatch.setattr(Pending, "remove", lambda self: [look(), remove(self)])
    monkeypatch.setattr(Pending, "note_way_back", lambda self, missed: [look(), note(self, missed)])
    assert back.main([str(tmp_path)]) == 0
    assert not free.exists()


def test_a_damaged_file_is_told(tmp_path, capfd, monkeypatch):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    monkeypatch.setattr(back, "Kernel", lambda **_words: kernel)
    build(tmp_path, {f"{OURS}/confirm/pending.json": "{"})
    assert back.main([str(tmp_path)]) == 1
    assert capfd.readouterr().out.startswith("cannot read /run/kernel-bypass-sriov/confirm/pending.json: ")
