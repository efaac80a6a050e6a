# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module boot_state, killed at a system call: whatever is half done, the next run completes it.

A boot finds a whole generation, the old one or the new.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import boot_state, host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.faulty import Killed
from ansible_collections.kernel_bypass.sriov.tests.unit.support.installing import (
    OTHER,
    PFS,
    again,
    current,
    install,
    installed,
    is_whole,
    names,
    start,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.writes import Writes, watched

EVERY = {"check_interval": "1h"}
EACH = 4  # calls by the seed


def first(root):
    return install(again(root), PFS, **EVERY)


def second(root):
    return install(again(root), OTHER, boot_timeout=90)


def back(root):
    return run_module(boot_state, again(root), state="rollback")


def absent(root):
    return run_module(boot_state, again(root), state="absent")


def fresh(root):
    start(root)


def with_one(root):
    start(root)
    assert not first(root)["failed"]
    assert not run_module(host, again(root), pfs=OTHER)["failed"]


def with_two(root):
    with_one(root)
    assert not second(root)["failed"]


def with_two_others(root):
    """The next generation drops the first."""
    with_two(root)
    assert not install(again(root), OTHER, boot_timeout=95)["failed"]


RUNS = {"the first": (fresh, first), "the second": (with_one, second), "the third": (with_two_others, second)}
RUNS.update({"absent": (with_two, absent)})


def points(made, seed):
    """Numbers of calls: each by which a link is turned, and some of the others by chance."""
    turned = [
        n for n, call in enumerate(made) if call.startswith("os.rename") and "/.current" in call or "/.prev" in call
    ]
    many = [number for number, call in enumerate(made) if "/engine/" in call]
    rest = sorted({*range(len(made))} - {*turned, *many})
    chosen = random.Random(seed)
    return [*turned, *chosen.sample(rest, min(len(rest), EACH)), *chosen.sample(many, min(len(many), 1))]


@pytest.mark.parametrize("name", RUNS)
def test_killed_anywhere_the_next_run_completes_it(roots, name):
    prepare, run = RUNS[name]
    folder, seed = Path(roots()), random.SystemRandom().getrandbits(32)
    base, whole = folder / "base", folder / "whole"
    prepare(base)
    shutil.copytree(base, whole, symlinks=True)
    with watched(Writes(str(whole))) as writes:
        assert not run(whole)["failed"]
    wanted = installed(whole)
    assert len(writes.made) > 8
    for number in points(writes.made, seed):
        root, where = folder / str(number), f"seed {seed}: {writes.made[number]}"
        shutil.copytree(base, root, symlinks=True)
        with contextlib.suppress(Killed), watched(Writes(str(root), number)):
            raise AssertionError(run(root))
        there = current(root)
        assert there is None or is_whole(root, there) or run is absent, where
        result = run(root)
        assert not result["failed"], (where, result["msg"])
        assert installed(root) == wanted, where
        assert run(root)["steps"] == [], where
        shutil.rmtree(root)


def test_a_rollback_that_was_killed_is_done_by_the_next(roots):
    """Also between its two links, where both lead to the generation that was current; present loses none either."""
    folder = Path(roots())
    base, whole = folder / "base", folder / "whole"
    with_two(base)
    wanted, before = current(base, "previous"), current(base)
    shutil.copytree(base, whole, symlinks=True)
    with watched(Writes(str(whole))) as writes:
        assert not back(whole)["failed"]
    for number, call in enumerate(writes.made):
        root = folder / str(number)
        shutil.copytree(base, root, symlinks=True)
        with contextlib.suppress(Killed), watched(Writes(str(root), number)):
            raise AssertionError(back(root))
        if current(root) != wanted:
            shutil.copytree(root, folder / "again", symlinks=True)
            assert not second(folder / "again")["failed"], call
            assert names(folder / "again", "generations") == sorted((wanted, before)), call
            shutil.rmtree(folder / "again")
            result = back(root)
            assert not result["failed"], (call, result["msg"])
        assert current(root) == wanted, call
        assert names(root, "generations") == sorted((wanted, before)), call
        shutil.rmtree(root)


def test_killed_before_systemd_was_told_it_is_told_later(tmp_path):
    """What is on the disk is right then: nothing but the note says that systemd has other texts."""
    start(tmp_path)
    kernel = again(tmp_path)
    run = kernel.run

    def killed(argv, stdin=""):
        if "daemon-reload" in argv:
            raise Killed
        return run(argv, stdin)

    kernel.managers._run = killed
    with contextlib.suppress(Killed):
        raise AssertionError(install(kernel))
    assert os.path.exists(tmp_path / "run/kernel-bypass-sriov/due.json")
    result = install(again(tmp_path))
    assert "let systemd read its units again (systemctl daemon-reload)" in result["steps"]
    assert not os.path.exists(tmp_path / "run/kernel-bypass-sriov/due.json")
