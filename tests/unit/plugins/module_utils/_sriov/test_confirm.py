# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dead-man's switch, on the simulated kernel: a run, and what becomes of it with a confirmation and without one."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import back
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply import run as apply_run
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.since import Since
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.confirm import UNIT, Switch
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.journal import Journal
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.pending import Pending
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.records import Records
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Taken
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, pf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.units import service
from ansible_collections.kernel_bypass.sriov.tests.unit.support import campaign, modules, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

SYSTEMD = {"run/systemd/system": DIRECTORY}
APP = "dpdk-app.service"
TWO = [{"pf": "enp1s0", "num_vfs": 2, "vfs": [{"vf": 0, "driver": "vfio-pci"}]}]
LABEL = "enp1s0 (0000:01:00.0)"
CONFIRM = "run/kernel-bypass-sriov/confirm"
WENT_BACK = "/run/kernel-bypass-sriov/went-back.json"
IN_60 = "the host goes back to the state before it in 60 s (kernel-bypass-sriov-confirm.timer)"


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, {**hosts.host(hosts.IXGBE), **SYSTEMD})


def timer(kernel):
    path = kernel.sysfs.path(f"sim/timers/{UNIT}")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def timeless(text):
    return re.sub(r"in \d+ s", "in 60 s", text)


def warned(result):
    return [timeless(each) for each in modules.warned(result)]


def ours(kernel):
    path = kernel.sysfs.path(CONFIRM)
    return sorted(os.listdir(path)) if os.path.exists(path) else []


def go_back(kernel):
    """What the timer's program does, under the lock."""
    missed = back.go_back(kernel, Deadline(60), [].append)
    if missed is not None:
        kernel.timers.stop(UNIT)  # it has run
    return missed


def test_the_timer_is_there_before_the_first_write(kernel):
    result = run_module(host, kernel, pfs=TWO, confirm=60)
    assert (result["changed"], result["confirmed"]) == (True, False)
    assert (result["pending"]["unit"], result["pending"]["seconds"]) == (f"{UNIT}.timer", 60)
    calls = kernel.run.calls
    (start,) = [number for number, call in enumerate(calls) if call.startswith("systemd-run")]
    first = next(number for number, call in enumerate(calls) if call.startswith(("modprobe -- ", "ip link set")))
    assert start < first
    program = kernel.sysfs.path(f"{CONFIRM}/program")
    assert timer(kernel)["command"] == [sys.executable, "-I", "-B", program]
    assert f"--unit={UNIT}" in timer(kernel)["options"] and "--on-active=60s" in timer(kernel)["options"]
    assert ours(kernel) == ["pending.json", "program"]


def test_confirmed_it_stays(kernel):
    name = run_module(host, kernel, pfs=TWO, confirm=60)["pending"]["name"]
    result = run_module(host, kernel, pfs=TWO, confirm=60, _confirm=name)
    assert (result["failed"], result["changed"], result["confirmed"]) == (False, False, True)
    assert (timer(kernel), ours(kernel)) == (None, [])
    assert go_back(kernel) is None
    again = run_module(host, kernel, pfs=TWO)
    assert (again["failed"], again["changed"]) == (False, False)
    assert "confirmed" not in again and "pending" not in again


def test_a_run_that_changes_nothing_needs_no_timer(kernel):
    run_module(host, kernel, pfs=TWO)
    result = run_module(host, kernel, pfs=TWO, confirm=60)
    assert (result["changed"], result["confirmed"], result["pending"]) == (False, False, None)
    assert timer(kernel) is None and ours(kernel) == []


def test_while_one_waits_others_are_refused_and_those_that_look_are_told(kernel):
    run_module(host, kernel, pfs=TWO, confirm=60)
    before = written(kernel)
    for module, options in ((host, {"pfs": TWO}), (host, {"pfs": TWO, "confirm": 90}), (pf, {"pf": "enp1s0"})):
        refused = run_module(module, kernel, **options)
        assert (refused["failed"], refused["failure"]["kind"]) == (True, "in_use")
        assert timeless(refused["msg"]) == (
            f"another run of this collection waits for its confirmation: {IN_60}. Remedy: wait until then. "
            f"Go back now: systemctl start {UNIT}.service. "
            f"Keep what it did: rm -r /{CONFIRM}; systemctl stop {UNIT}.timer."
        )
        assert "confirmed" not in refused
    assert written(kernel) == before
    looked = run_module(host, kernel, check=True, pfs=TWO)
    assert not looked["failed"] and f"a run of this collection waits for its confirmation: {IN_60}" in warned(looked)


def test_the_wrong_run_or_one_that_went_back_cannot_be_confirmed(kernel):
    name = run_module(host, kernel, pfs=TWO, confirm=60)["pending"]["name"]
    other = run_module(host, kernel, pfs=TWO, _confirm="another")
    assert other["msg"] == (
        "the run cannot be confirmed: it does not wait for that any more. "
        "Remedy: give it more time: confirm counts from the first write on."
    )
    assert timer(kernel) is not None
    assert go_back(kernel) == []
    late = run_module(host, kernel, pfs=TWO, _confirm=name)
    assert late["msg"] == (
        "the run cannot be confirmed: an earlier run was not confirmed, and the host went back to the state before it. "
        "Remedy: give it more time: confirm counts from the first write on."
    )


def test_that_it_went_back_is_told_once_to_who_changes_something(kernel):
    run_module(host, kernel, pfs=TWO, confirm=60)
    go_back(kernel)
    said = "an earlier run was not confirmed, and the host went back to the state before it"
    assert said in warned(run_module(host, kernel, check=True, pfs=TWO))
    assert said in warned(run_module(host, kernel, pfs=TWO))
    assert said not in warned(run_module(host, kernel, pfs=TWO))


def test_where_that_cannot_be_read_what_was_done_is_told_all_the_same(kernel):
    os.makedirs(kernel.sysfs.path("run/kernel-bypass-sriov"), 0o700)
    with open(kernel.sysfs.path(WENT_BACK), "w", encoding="utf-8") as file:
        file.write("half")
    result = run_module(host, kernel, pfs=TWO)
    assert (result["failed"], result["changed"]) == (False, True)
    assert any("went back, is not known: cannot read" in text for text in warned(result))


@pytest.mark.parametrize("name", ["create", "rebind", "rules", "table"])
def test_after_the_way_back_the_host_is_as_it_was(tmp_path, name):
    run = campaign.RUNS[name]
    kernel = campaign.scenes.start(str(tmp_path), run.state)
    build(tmp_path, SYSTEMD)
    before = campaign.seen(str(tmp_path))
    result = run_module(host, kernel, **run.options, confirm=60)
    assert not result["failed"] and campaign.seen(str(tmp_path)) != before
    assert go_back(kernel) == []
    assert campaign.seen(str(tmp_path)) == before
    files = Files(kernel.root)
    assert (Journal(files).all(), Records(files).read()) == ([], {}), "nothing is missing, and nothing is ours any more"


ENTRY = {"pf": "enp1s0", "allow": campaign.CONSENT}
KEY = ":".join(["6d:5a"] * 20)
# A PF, what is asked of it, and a word that the steps must have: else nothing is tried.
QUEUES = {
    "hash": ({}, {"rss": {"hash_key": KEY, "hash_fields": {"udp4": "sdfn"}}}, "RSS hash"),
    "rings": ({}, {"rss": {"rings": {"rx": 1024, "tx": 256}}}, "rings"),
    "ntuple off": ({}, {"rules": [], "exclusive_rules": True, "ntuple": False}, "ntuple"),
    "channels": ({"num_vfs": 0}, {"num_vfs": 2, "rss": {"channels": 2}}, "channels"),
    "a PF that was down with VFs": ({"weights": None, "up": False}, {"up": True}, "up"),
}


@pytest.mark.parametrize("name", QUEUES)
def test_all_of_the_queues_comes_back(tmp_path, name):
    state, options, word = QUEUES[name]
    nic = replace(campaign.nic("82599"), up=state.get("up", True))
    state = {word: value for word, value in state.items() if word != "up"}
    pf = campaign.somebodys("82599", **state, rules=() if not nic.up else (scenes.a_rule(80, 1, 3),))._replace(nic=nic)
    kernel = scenes.start(str(tmp_path), scenes.HostState((pf,), 8, True, None))
    build(tmp_path, SYSTEMD)
    before = campaign.seen(str(tmp_path))
    result = run_module(host, kernel, pfs=[{**ENTRY, **options}], confirm=60)
    assert not result["failed"] and any(word in step for step in result["steps"]), result
    assert go_back(kernel) == []
    assert campaign.seen(str(tmp_path)) == before


@pytest.mark.parametrize("name", ["create again", "teardown"])
@pytest.mark.parametrize("check", [False, True])
def test_what_has_no_way_back_is_refused_before_the_first_write(tmp_path, name, check):
    run = campaign.RUNS[name]
    kernel = campaign.scenes.start(str(tmp_path), run.state)
    build(tmp_path, SYSTEMD)
    before = written(kernel)
    result = run_module(host, kernel, check=check, **run.options, confirm=60)
    assert written(kernel) == before and timer(kernel) is None
    assert result["failed"] and result["msg"].startswith(f"confirm: there is no way back on {LABEL}: VFs would be des")


def test_without_systemd_it_is_refused(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    result = run_module(host, kernel, pfs=TWO, confirm=60)
    assert result["msg"] == (
        "confirm: cannot start a timer: this host is not run by systemd (/run/systemd/system is not there). "
        "Remedy: leave out confirm."
    )
    assert written(kernel) == []


def test_without_a_timer_nothing_is_done(tmp_path):
    files = {**hosts.host(hosts.IXGBE), **SYSTEMD}
    kernel = simulate(tmp_path, files, Behaviour(no_timers="Failed to connect to bus"))
    result = run_module(host, kernel, pfs=TWO, confirm=60)
    assert result["msg"] == (
        f"cannot start timer {UNIT}: Failed to connect to bus. Remedy: see `systemctl status {UNIT}.timer`."
    )
    assert written(kernel) == [] and ours(kernel) == []


def nothing_waits(kernel, result):
    assert (result["failed"], result["changed"], result.get("pending")) == (True, False, None), result
    assert written(kernel) == [] and (timer(kernel), ours(kernel)) == (None, [])
    assert Pending(Files(kernel.root)).read() is None


def refuse(*_words):
    raise KernelRefused("it is refused", errno=errno.ENOSPC)


def test_what_cannot_be_noted_leaves_no_timer(kernel, monkeypatch):
    monkeypatch.setattr(Records, "write", refuse)
    nothing_waits(kernel, run_module(host, kernel, pfs=TWO, confirm=60))


def test_nor_does_what_the_second_look_finds(kernel, monkeypatch):
    monkeypatch.setattr(Since, "check", refuse)
    nothing_waits(kernel, run_module(host, kernel, pfs=TWO, confirm=60))


def test_nor_a_step_without_an_effect(kernel, monkeypatch):
    seen = []
    monkeypatch.setattr(apply_run, "_perform", lambda *_words: [seen.append(timer(kernel)), refuse()])
    nothing_waits(kernel, run_module(host, kernel, pfs=TWO, confirm=60))
    assert seen[0]


def test_in_check_mode_a_damaged_file_of_it_is_a_warning(kernel, tmp_path):
    build(tmp_path, {f"{CONFIRM}/pending.json": "{"})
    result = run_module(host, kernel, check=True, pfs=TWO, confirm=60)
    assert (result["failed"], result["confirmed"], result["pending"]) == (False, False, None)
    assert any(f"cannot read /{CONFIRM}/pending.json" in text for text in warned(result))


def test_what_does_not_wait_any_more_is_not_told_as_done(kernel, monkeypatch):
    """Somebody has removed it, or it is taken back."""
    monkeypatch.setattr(Switch, "arm", lambda *_words: Pending(Files(kernel.root)).note_way_back([]))
    result = run_module(host, kernel, pfs=TWO, confirm=60)
    assert (result["failed"], result["changed"], result["failure"]["kind"]) == (True, True, "not_reached")
    assert result["done"] and result["msg"].startswith(
        "what was done is not confirmed, and does not wait for that any more: an earlier run was not confirmed, and"
    )


def test_a_run_that_fails_says_that_the_host_goes_back(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **SYSTEMD}, Behaviour(probe_errors={"vfio-pci": 12}))
    result = run_module(host, kernel, pfs=TWO, confirm=60)
    assert result["failed"] and result["confirmed"] is False
    assert timeless(result["msg"]).endswith(f" Of what was done nothing is confirmed: {IN_60}.")
    assert timer(kernel) is not None
    assert go_back(kernel) == []
    assert kernel.sysfs.read("/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs") == "0"


def test_a_vfio_node_that_is_open_is_not_touched_and_the_rest_goes_back(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **SYSTEMD})
    wanted = [{**TWO[0], "rules": [{"flow_type": "tcp4", "dst_port": 80, "vf": 0}]}]
    run_module(host, kernel, pfs=wanted, confirm=60)
    group = kernel.sysfs.link_name(f"/sys/bus/pci/devices/{hosts.IXGBE.vf(0)}/iommu_group")
    build(tmp_path, hosts.process(4711, "testpmd", [f"/dev/vfio/{group}"]))
    (missed,) = go_back(behaving(str(tmp_path), Behaviour()))
    assert missed.startswith(f"num_vfs: cannot remove VFs 0 to 1 on {LABEL}") and "testpmd" in missed
    assert kernel.sysfs.read("/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs") == "2"
    assert kernel.ethtool.rules("enp1s0").rules == ()
    (said,) = Pending(Files(kernel.root)).way_back()
    gone = "an earlier run was not confirmed, and the host went back to the state before it"
    assert said == f"{gone}, but for: {missed}"


def released(tmp_path, **state):
    """A service has VF 0 open."""
    pf = campaign.somebodys("82599", vfio=True)
    kernel = scenes.start(str(tmp_path), scenes.HostState((pf,), 8, True, None))
    group = kernel.sysfs.link_name(f"/sys/bus/pci/devices/{hosts.IXGBE.vf(0)}/iommu_group")
    build(tmp_path, service(APP, 4711, "/usr/bin/dpdk-app", [f"/dev/vfio/{group}"], **state))
    options = {"pfs": [{**ENTRY, "vfs": [{"vf": 0, "driver": "default"}]}], "release": [APP], "confirm": 60}
    return kernel, options


def test_a_unit_that_handed_over_does_so_on_the_way_back(tmp_path):
    kernel, options = released(tmp_path)
    before = campaign.seen(str(tmp_path))
    result = run_module(host, kernel, **options)
    assert not result["failed"] and result["steps"][-1] == f"start unit {APP} again"
    assert go_back(kernel) == []
    assert campaign.seen(str(tmp_path)) == before
    assert kernel.units.now(APP).is_active


def test_a_unit_that_did_not_start_again_is_started_by_the_way_back(tmp_path):
    kernel, options = released(tmp_path, fails=True)
    result = run_module(host, kernel, **options)
    assert result["failed"] and result["pending"]
    mended = json.loads((tmp_path / "sim" / "units" / APP).read_text())
    (tmp_path / "sim" / "units" / APP).write_text(json.dumps({**mended, "fails": False}))
    assert go_back(kernel) == []
    assert kernel.units.now(APP).is_active
    assert not run_module(host, kernel, pfs=[ENTRY])["changed"]


def test_what_an_earlier_run_had_taken_stays_put_back(tmp_path):
    run = campaign.RUNS["rules"]
    kernel = campaign.scenes.start(str(tmp_path), run.state)
    build(tmp_path, SYSTEMD)
    lost = kernel.ethtool.rules("enp1s0").rules[0]
    Journal(Files(kernel.root)).write(Taken("0000:01:00.0", "02:00:00:00:01:00", (lost,), None, ()))
    before = campaign.seen(str(tmp_path))
    kernel.ethtool.delete_rule("enp1s0", lost.location)
    trusting = [{**ENTRY, "vfs": [{"vf": 0, "trust": True}]}]
    result = run_module(host, kernel, pfs=trusting, confirm=60)
    assert not result["failed"] and any("put back flow rule" in step for step in result["steps"])
    assert go_back(kernel) == []
    assert campaign.seen(str(tmp_path)) == before


def test_vfs_that_an_earlier_run_had_taken_are_not_created_for_a_while(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **SYSTEMD})
    Journal(Files(kernel.root)).write(Taken("0000:01:00.0", hosts.IXGBE.mac, (), None, (KeptVf(0, {"vlan": 7}),)))
    result = run_module(host, kernel, pfs=[{"pf": "enp1s0", "num_vfs": 2}], confirm=60)
    assert result["msg"] == (
        f"confirm: there is no way back on {LABEL}: an earlier run did not come to its end, and VFs are put back: 0. "
        "Remedy: leave out confirm once."
    )
    assert written(kernel) == []


def test_what_cannot_be_read_once_is_read_the_next_time(kernel):
    run_module(host, kernel, pfs=TWO, confirm=60)
    kernel.ethtool.failed["the flow rules of enp1s0"] = 12
    assert go_back(kernel) == []


def test_a_way_back_that_is_cut_off_is_told(kernel, monkeypatch):
    run_module(host, kernel, pfs=TWO, confirm=60)
    monkeypatch.setattr(back, "_pf_back", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back.go_back(kernel, Deadline(60), [].append)
    said = "an earlier run was not confirmed, and the host went back to the state before it, but for: it did not come "
    assert any(text.startswith(said) for text in warned(run_module(host, kernel, check=True, pfs=TWO)))
