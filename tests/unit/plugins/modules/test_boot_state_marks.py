# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module boot_state: VFs are kept from network managers, and whoever else sets them is named."""

from __future__ import annotations

import re

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import boot_state, host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link, build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.units import service
from ansible_collections.kernel_bypass.sriov.tests.unit.support.installing import (
    NETWORK,
    PFS,
    RULES,
    UNIT,
    again,
    install,
    installed,
    start,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module, warned
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import ONE, TWO

EVERY = [ONE.vf(0), ONE.vf(1), TWO.vf(0)]
OWNER = {"etc/sysfs.d/vfs.conf": "class/net/enp1s0/device/sriov_numvfs = 2"}
ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


def mark(kernel, pfs=None, **options):
    return run_module(boot_state, kernel, state="marked", pfs=PFS if pfs is None else pfs, **options)


def marked(root, path=RULES):
    """PCI addresses in a file; None where there is none."""
    return sorted(ADDRESS.findall((root / path).read_text())) if (root / path).exists() else None


def test_vfs_are_marked_before_they_are_there(tmp_path):
    kernel = start(tmp_path, reached=False)
    result = mark(kernel)
    assert result["steps"] == [
        f"write /{RULES}",
        f"write /{NETWORK}",
        "let udev read its rules again, and look at the VFs' interfaces (udevadm control --reload, udevadm trigger)",
    ]
    assert (marked(tmp_path), marked(tmp_path, NETWORK)) == (EVERY, EVERY)
    assert not (tmp_path / UNIT).exists()
    second = mark(again(tmp_path))
    assert (second["changed"], second["steps"]) == (False, [])
    assert "udevadm control --reload" in kernel.run.calls and "trigger" not in " ".join(kernel.run.calls)


def test_in_check_mode_nothing_is_written(tmp_path):
    kernel = start(tmp_path, reached=False)
    before = snapshot(tmp_path)
    planned = mark(kernel, check=True)
    assert snapshot(tmp_path) == before
    done = mark(kernel)
    assert (planned["steps"], planned["diff"]) == (done["steps"], done["diff"])


def test_what_was_marked_before_is_as_it_shall_be_afterwards(tmp_path):
    mark(start(tmp_path, reached=False))
    before = {path: state for path, state in snapshot(tmp_path).items() if path in (RULES, NETWORK)}
    assert not run_module(host, again(tmp_path), pfs=PFS)["failed"]
    result = install(again(tmp_path))
    assert not [step for step in result["steps"] if RULES in step or NETWORK in step]
    assert {path: state for path, state in snapshot(tmp_path).items() if path in (RULES, NETWORK)} == before


def test_interfaces_that_are_there_are_looked_at_again(tmp_path):
    kernel = start(tmp_path)
    install(kernel)
    triggered = [call for call in kernel.run.calls if call.startswith("udevadm trigger")]
    assert triggered == [
        "udevadm trigger --action=change --settle "
        + " ".join(f"/sys/class/net/{name}" for name in sorted(("enp1s0v1", "enp2s0v0")))
    ]


def test_networkd_is_told_where_it_runs(tmp_path):
    kernel = start(tmp_path, **service("systemd-networkd.service", 900, "systemd-networkd", []))
    result = install(kernel)
    assert "let systemd-networkd read its files again (networkctl reload)" in result["steps"]
    assert "networkctl reload" in kernel.run.calls
    assert not install(again(tmp_path))["changed"]


@pytest.mark.parametrize(
    ("managed", "left"),
    [
        ([{"pf": "enp1s0", "vf": 1}], [EVERY[0], EVERY[2]]),
        ([{"pf": "enp1s0", "vf": "all"}, {"pf": "enp2s0", "vf": [0]}], None),
    ],
)
def test_a_manager_may_have_some(tmp_path, managed, left):
    install(start(tmp_path), managed_vfs=managed)
    assert marked(tmp_path) == left


def test_marks_go_when_they_are_not_asked_for(tmp_path):
    install(start(tmp_path))
    result = install(again(tmp_path), unmanaged=False)
    assert {f"remove /{RULES}", f"remove /{NETWORK}"} <= {*result["steps"]}
    assert marked(tmp_path) is None
    assert not install(again(tmp_path), unmanaged=False)["changed"]


@pytest.mark.parametrize("state", ["present", "marked", "absent"])
def test_marks_that_somebody_has_switched_off_stay_so(tmp_path, state):
    kernel = start(tmp_path, **{RULES: Link("/dev/null")})
    result = run_module(boot_state, kernel, state=state, pfs=PFS)
    assert not result["failed"]
    assert (tmp_path / RULES).is_symlink()
    told = [text for text in warned(result) if "it is a link to /dev/null" in text]
    assert len(told) == (0 if state == "absent" else 1)
    assert not run_module(boot_state, again(tmp_path), state=state, pfs=PFS)["changed"]


def test_of_a_pf_that_does_not_tell_where_its_vfs_will_be(tmp_path):
    start(tmp_path, reached=False)
    build(tmp_path, {f"sys/bus/pci/devices/{ONE.address}/sriov_offset": "0"})
    result = mark(again(tmp_path))
    assert not result["failed"] and marked(tmp_path) == [EVERY[2]]
    assert [text for text in warned(result) if text.startswith("network managers may see VFs of enp1s0 (")]


def test_absent_takes_marks_away_too(tmp_path):
    before = installed(tmp_path / "x")
    mark(start(tmp_path, reached=False))
    run_module(boot_state, again(tmp_path), state="absent")
    assert (before, marked(tmp_path), marked(tmp_path, NETWORK)) == ({}, None, None)


def test_marks_come_back_with_their_generation(tmp_path):
    install(start(tmp_path))
    install(again(tmp_path), managed_vfs=[{"pf": "enp1s0", "vf": 0}])
    assert EVERY[0] not in marked(tmp_path)
    kernel = again(tmp_path)
    run_module(boot_state, kernel, state="rollback")
    assert marked(tmp_path) == EVERY
    assert [call for call in kernel.run.calls if call.startswith("udevadm trigger") and "enp1s0v1" in call]


def test_who_else_sets_the_vfs_is_named_and_refused(tmp_path):
    kernel = start(tmp_path, **OWNER)
    before = installed(tmp_path)
    for check in (True, False):
        result = install(kernel, check=check)
        assert (result["failed"], result["failure"]["kind"]) == (True, "in_use")
        assert "/etc/sysfs.d/vfs.conf, line 1" in result["msg"] and "override: true" in result["msg"]
    assert installed(tmp_path) == before


def test_override_installs_it_all_the_same_and_warns(tmp_path):
    result = install(start(tmp_path, **OWNER), override=True)
    assert not result["failed"] and result["changed"]
    assert len(result["owners"]) == 1 and result["owners"][0] in warned(result)


def test_who_may_set_them_is_warned_of(tmp_path):
    script = {"etc/rc.local": "#!/bin/sh\necho 4 > /sys/class/net/$1/device/sriov_numvfs"}
    result = install(start(tmp_path, **script))
    assert not result["failed"] and [text for text in warned(result) if "/etc/rc.local" in text]


CARRIED = {
    "ssh": (hosts.ssh_from("198.51.100.7", "enp1s0v1"), "it carries the SSH connection from 198.51.100.7"),
    "route": (hosts.routes({"dst": "default", "dev": "enp1s0v1"}), "it carries a default route"),
}


@pytest.mark.parametrize("state", ["present", "marked"])
@pytest.mark.parametrize(("files", "why"), CARRIED.values(), ids=CARRIED)
def test_a_vf_that_carries_the_operator_is_not_taken_from_its_manager(tmp_path, state, files, why):
    kernel = start(tmp_path)
    build(tmp_path, files)
    before = installed(tmp_path)
    result = run_module(boot_state, kernel, state=state, pfs=PFS)
    assert (result["failed"], result["failure"]["kind"]) == (True, "in_use")
    assert why in result["msg"]
    assert result["msg"].startswith("cannot keep network managers away from VF 1 on enp1s0 (0000:01:00.0): it carries ")
    assert result["msg"].endswith("Remedy: leave it to them: managed_vfs: [{pf: enp1s0, vf: 1}].")
    assert len(result["failure"]["holders"]) == 1 and installed(tmp_path) == before
    managed = run_module(boot_state, again(tmp_path), state=state, pfs=PFS, managed_vfs=[{"pf": "enp1s0", "vf": 1}])
    assert not managed["failed"] and EVERY[1] not in marked(tmp_path)


def test_one_that_is_marked_already_has_no_manager_to_lose(tmp_path):
    install(start(tmp_path))
    build(tmp_path, hosts.ssh_from("198.51.100.7", "enp1s0v1"))
    result = install(again(tmp_path), check_interval="1h")
    assert not result["failed"] and marked(tmp_path) == EVERY


def test_nor_is_it_by_a_generation_that_comes_back(tmp_path):
    install(start(tmp_path))
    install(again(tmp_path), managed_vfs=[{"pf": "enp1s0", "vf": 1}])
    build(tmp_path, hosts.ssh_from("198.51.100.7", "enp1s0v1"))
    result = run_module(boot_state, again(tmp_path), state="rollback")
    assert (result["failed"], result["failure"]["kind"]) == (True, "in_use")
    assert EVERY[1] not in marked(tmp_path)


@pytest.mark.parametrize("state", ["present", "marked"])
@pytest.mark.parametrize(
    ("vfs", "left"),
    [([{"vf": 0, "trust": False}], [EVERY[0]]), ([{"vf": "all", "trust": False}], EVERY[:2]), ([], None)],
)
def test_of_vfs_that_others_have_made_only_those_that_are_named(tmp_path, state, vfs, left):
    result = run_module(boot_state, start(tmp_path), state=state, pfs=[{"pf": "enp1s0", "vfs": vfs, "rss": {}}])
    assert not result["failed"], result["msg"]
    assert marked(tmp_path) == left


def test_marks_stay_as_long_as_vfs_are_there_that_they_name(tmp_path):
    """Without them networkd and NetworkManager would set up VFs that are about to go."""
    install(start(tmp_path, **service("systemd-networkd.service", 900, "systemd-networkd", [])))
    kernel = again(tmp_path)
    planned = run_module(boot_state, kernel, check=True, state="absent")
    result = run_module(boot_state, kernel, state="absent")
    assert not result["failed"] and not (tmp_path / UNIT).exists()
    assert (planned["steps"], planned["diff"]) == (result["steps"], result["diff"])
    assert (marked(tmp_path), marked(tmp_path, NETWORK)) == (EVERY, EVERY)
    assert {*result["diff"]["after"]["files"]} == {f"/{RULES}", f"/{NETWORK}"}
    assert [call for call in kernel.run.calls if "networkctl" in call or "udevadm" in call] == []
    told = [text for text in warned(result) if text.startswith("marks that keep network managers away stay: ")]
    assert len(told) == 1 and all(address in told[0] for address in EVERY)
    second = run_module(boot_state, again(tmp_path), state="absent")
    assert (second["changed"], second["steps"]) == (False, [])
    none = [{"pf": name, "num_vfs": 0} for name in ("enp1s0", "enp2s0")]
    assert not run_module(host, again(tmp_path), pfs=none, allow=["destroy_vfs", "in_use"])["failed"]
    third = run_module(boot_state, again(tmp_path), state="absent")
    assert {f"remove /{RULES}", f"remove /{NETWORK}"} <= {*third["steps"]}
    assert (marked(tmp_path), marked(tmp_path, NETWORK), warned(third)) == (None, None, [])
