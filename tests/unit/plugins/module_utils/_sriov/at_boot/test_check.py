# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host differs from what is installed: what is printed, and that nothing is changed."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.lock import Lock
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import (
    LABEL,
    LABEL_2,
    ONE,
    TWO,
    generation,
    run,
    start,
    wish,
)

BOTH = (wish(), wish(TWO, 1, ()))
TRUSTED = wish(vfs=({"vf": 0, "driver": "vfio-pci"}, {"vf": 1, "trust": True}))


def check(kernel, capfd):
    capfd.readouterr()
    before = written(kernel)
    code, _result = run(kernel, "check")
    assert written(kernel) == before
    return code, capfd.readouterr().out.splitlines()


def test_a_host_that_was_just_booted_differs_in_all(tmp_path, capfd):
    kernel = start(tmp_path, *BOTH)
    code, told = check(kernel, capfd)
    assert code == 2
    assert told[:4] == [
        f"{LABEL}: differs",
        "  num_vfs: wanted 2, found 0",
        f"{LABEL_2}: differs",
        "  num_vfs: wanted 1, found 0",
    ]
    assert told[4] == f"apply would: set sriov_numvfs of {LABEL} from 0 to 2"
    assert not os.path.exists(tmp_path / "run/kernel-bypass-sriov/result.json")


def test_one_that_was_reached_does_not_until_somebody_changes_it(tmp_path, capfd):
    kernel = start(tmp_path, TRUSTED)
    assert run(kernel, "boot")[0] == 0
    assert check(kernel, capfd) == (0, [f"{LABEL}: is as wanted"])
    kernel.run(["ip", "link", "set", "dev", "enp1s0", "vf", "1", "trust", "off"])
    kernel.pci.rebind(ONE.vf(0), "ixgbevf", 5)
    code, told = check(kernel, capfd)
    assert code == 2
    assert {
        f"{LABEL}: differs",
        "  VF 0 driver: wanted vfio-pci, found ixgbevf",
        "  VF 1 trust: wanted on, found off",
    } <= set(told)
    assert [line for line in told if line.startswith("apply would: ")]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        pytest.param(
            wish(TWO, 1, (), perm_mac="02:00:00:00:00:99"), "the card at 0000:02:00.0 is another one", id="card"
        ),
        pytest.param(wish(TWO, 8, ()), "cannot create 8 VFs", id="refused by the planner"),
    ],
)
def test_of_one_that_cannot_be_told_the_others_are_told_all_the_same(tmp_path, capfd, second, said):
    kernel = start(tmp_path, wish(), second)
    code, told = check(kernel, capfd)
    assert code == 1
    assert f"{LABEL}: differs" in told
    assert [line for line in told if line.startswith(f"{LABEL_2}: ") and said in line]


def test_an_absent_one_is_looked_for_once(tmp_path, capfd):
    kernel = start(tmp_path, *BOTH, pf_timeout=30.0)
    os.rename(tmp_path / f"sys/bus/pci/devices/{TWO.address}", tmp_path / "gone")
    code, told = check(kernel, capfd)
    assert code == 1
    assert f"{LABEL_2}: {LABEL_2} is not there: there is no such PCI device. " in "\n".join(told)


def test_who_is_at_work_is_told_and_not_waited_for(tmp_path, capfd):
    kernel = start(tmp_path, *BOTH)
    with Lock(Files(kernel.root), kernel.processes).held(1):
        inode = os.stat(tmp_path / "run/kernel-bypass-sriov/lock").st_ino
        (tmp_path / "proc/locks").write_text(f"1: FLOCK  ADVISORY  WRITE {os.getpid()} 00:1a:{inode} 0 EOF\n")
        code, told = check(kernel, capfd)
    assert code == 2
    assert told[0].startswith("warning: another run of this collection changes this host now: process ")


@pytest.mark.parametrize(("text", "code"), [("{", 1), (None, 2)])
def test_without_anything_that_can_be_read_nothing_is_told(tmp_path, capfd, text, code):
    kernel = start(tmp_path, files=generation(text or "{"))
    if text is None:
        os.unlink(tmp_path / "usr/local/lib/kernel-bypass-sriov/current")
    assert check(kernel, capfd)[0] == code
