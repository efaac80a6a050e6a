from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from lab import paths
from lab.errors import LabError
from lab.spec import VmSpec
from lab.state import Process, StateDirectory, VmState, all_names, make_private_directory, socket_directory

DEAD = Process(pid=os.getpid(), start=1)


@pytest.fixture
def state():
    me = Process.of(os.getpid())
    return VmState(
        spec=VmSpec(name="a", nics=("82576", "82576")),
        phase="ready",
        keeper=me,
        qemu=me,
        ssh_port=2222,
        accelerator="tcg",
        accelerator_reason="x",
        image="/i",
        started=1.5,
        owner=7,
    )


@pytest.fixture
def directory(tmp_path):
    directory = StateDirectory("a", tmp_path)
    directory.create()
    return directory


def test_round_trip(directory, state):
    directory.save(state)
    assert directory.load() == state
    assert all_names(directory.home) == ["a"]


def test_a_dead_vm_is_none(directory, state):
    assert directory.load() is None
    directory.save(replace(state, qemu=DEAD))
    assert directory.load() is None


def test_a_process_number_that_was_used_again_is_not_the_process():
    assert Process.of(os.getpid()).alive()
    assert not DEAD.alive()


def test_a_zombie_is_not_alive():
    child = subprocess.Popen(["true"])
    process = Process.of(child.pid)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.alive()
    child.wait()
    assert not process.alive()


def test_logs_can_be_kept(directory, state):
    directory.save(state)
    for name in ("serial.log", "serial.1.log", "qemu.log", "overlay.qcow2", "wire0.sock"):
        (directory.path / name).touch()
    directory.remove(keep_logs=True)
    assert sorted(path.name for path in directory.path.iterdir()) == ["qemu.log", "serial.1.log", "serial.log"]
    directory.create(keep_logs=True)
    assert (directory.path / "serial.1.log").exists()
    directory.create()
    assert list(directory.path.iterdir()) == []


def test_remove_can_be_repeated(directory):
    directory.remove()
    directory.remove()
    directory.remove(keep_logs=True)
    assert not directory.path.exists()


def test_sockets_of_a_deep_directory_move_to_a_short_one(tmp_path):
    short = tmp_path.parents[-1] / "s"
    assert socket_directory(short) == short
    deep = short / ("d" * 100)
    moved = socket_directory(deep)
    assert len(str(moved)) < 70
    assert moved != socket_directory(short / ("e" * 100))
    assert moved == socket_directory(deep)


def test_deep_directory_loses_its_sockets_too(tmp_path):
    directory = StateDirectory("a", tmp_path / ("d" * 100))
    directory.create()
    sockets = directory.files.sockets
    assert sockets.stat().st_mode & 0o777 == 0o700
    directory.remove(keep_logs=True)
    assert not sockets.exists()


def test_a_link_in_place_of_the_socket_directory_is_refused(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(LabError, match="belongs to another user"):
        make_private_directory(tmp_path / "link")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"memory": 1024}, ["memory: 1536, not 1024"]),
        ({"nics": ("82576", "82576")}, ["nics: ('82599',), not ('82576', '82576')"]),
    ],
)
def test_differences(change, expected):
    assert VmSpec().differences(replace(VmSpec(), **change)) == expected


def test_cache_home():
    assert str(paths.cache_home({"XDG_CACHE_HOME": "/c"})) == "/c/kernel-bypass-sriov"
    assert paths.cache_home({"XDG_CACHE_HOME": ""}) == paths.cache_home({})
