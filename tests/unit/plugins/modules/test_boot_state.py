# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module boot_state through main(): what is installed, when, and what is left where it is refused or removed."""

from __future__ import annotations

import grp
import json
import os
import stat
import subprocess
import sys

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import copies
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import program
from ansible_collections.kernel_bypass.sriov.plugins.modules import boot_state, host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link, build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.units import service
from ansible_collections.kernel_bypass.sriov.tests.unit.support.installing import (
    COMMAND,
    INSTALLED,
    LINK,
    NETWORK,
    OTHER,
    PFS,
    RULES,
    UNIT,
    again,
    current,
    desired,
    files_of,
    install,
    installed,
    is_whole,
    start,
    to,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import ONE, STEPS, TWO

ABOVE = os.path.dirname(os.path.dirname(copies.__file__))


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def test_what_is_reached_is_installed_and_a_second_run_changes_nothing(tmp_path, kernel):
    first = install(kernel)
    name = first["generation"]
    count = len(files_of(tmp_path, name))
    assert first["steps"] == [
        f"write /{INSTALLED}/generations/{name} ({count} files: what runs at boot)",
        f"write /{UNIT}",
        f"write /{COMMAND}",
        f"write /{RULES}",
        f"write /{NETWORK}",
        f"link /{LINK} to /{UNIT}",
        "let systemd read its units again (systemctl daemon-reload)",
        "let udev read its rules again, and look at the VFs' interfaces (udevadm control --reload, udevadm trigger)",
        f"link /{INSTALLED}/current to generations/{name}",
    ]
    assert (first["changed"], first["previous"], first["reached"]) == (True, None, True)
    assert first["unit"] == {"enabled": True, "active": "inactive", "result": "success"}
    assert (current(tmp_path), is_whole(tmp_path, name)) == (name, True)
    before = snapshot(tmp_path)
    second = install(again(tmp_path))
    assert (second["changed"], second["steps"], second["generation"]) == (False, [], name)
    assert second["diff"]["before"] == second["diff"]["after"] == first["diff"]["after"]
    assert snapshot(tmp_path) == before


def test_the_network_is_not_touched(kernel):
    before = written(kernel)
    install(kernel)
    assert written(kernel) == before


def test_check_mode_tells_the_same_and_writes_nothing(tmp_path, kernel):
    before = snapshot(tmp_path)
    planned = install(kernel, check=True)
    assert snapshot(tmp_path) == before
    done = install(kernel)
    for word in ("changed", "steps", "diff", "generation", "previous", "reached"):
        assert planned[word] == done[word], word


def test_the_unit_is_before_the_network_and_bounded(tmp_path, kernel):
    install(kernel, boot_timeout=120)
    lines = (tmp_path / UNIT).read_text().splitlines()
    run = f"{sys.executable} -I /{INSTALLED}/current/engine"
    for line in (
        "DefaultDependencies=no",
        "Wants=network-pre.target",
        "Before=network-pre.target shutdown.target",
        f"ExecStart={run} boot",
        f"ExecStopPost={run} record-timeout",
        "TimeoutStartSec=135",
        "KillMode=process",
        "RemainAfterExit=yes",
        f"ConditionPathExists=/{INSTALLED}/current/desired.json",
    ):
        assert line in lines
    assert desired(tmp_path)["timeout"] == 120
    assert stat.S_IMODE(os.stat(tmp_path / COMMAND).st_mode) == 0o755


def test_a_group_is_kept_by_its_number_as_one_of_ldap_has_no_name_before_the_network(tmp_path):
    kernel = start(tmp_path, reached=False)
    named = grp.getgrgid(os.getgid()).gr_name
    pfs = [{"pf": ONE.name, "num_vfs": 1, "vfs": [{"vf": 0, "driver": "vfio-pci", "group": named}]}]
    assert not run_module(host, kernel, pfs=pfs)["failed"]
    assert not install(again(tmp_path), pfs=pfs)["failed"]
    (kept,) = desired(tmp_path)["pfs"]
    (vfs,) = kept["desired"]["vfs"]
    assert isinstance(vfs["said"]["group"], int) and vfs["said"]["group"] == os.getgid()
    assert f'"{named}"' not in json.dumps(kept)


def test_the_files_are_those_that_it_runs_from(tmp_path, kernel):
    files = files_of(tmp_path, install(kernel)["generation"])
    sources = {path: text for path, text in files.items() if path.startswith("engine/_sriov/")}
    assert "engine/_sriov/at_boot/program.py" in sources and "engine/_sriov/apply/run.py" in sources
    for path, text in sources.items():
        with open(os.path.join(ABOVE, path[len("engine/") :]), encoding="utf-8") as file:
            assert text == file.read()
    assert files[f"files/{UNIT}"] == (tmp_path / UNIT).read_text()


def test_the_copy_runs_without_ansible(tmp_path, kernel):
    install(kernel)
    engine = tmp_path / INSTALLED / "current" / "engine"
    command = [sys.executable, "-I", engine, "--root", tmp_path, "status"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env={}, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"current: {current(tmp_path)}, of collection" in ended.stdout


def test_it_is_compiled_so_that_a_boot_need_not_be_able_to_write(tmp_path, kernel):
    install(kernel)
    engine = tmp_path / INSTALLED / "current" / "engine"
    compiled = {path.name.partition(".")[0] for path in engine.rglob("__pycache__/*.pyc")}
    assert compiled == {path.stem for path in engine.rglob("*.py")}


def test_consent_is_not_kept_but_for_what_a_vf_is_for(tmp_path, kernel):
    first = {**PFS[0], "allow": ["destroy_vfs", "bifurcated"], "release": ["app.service"]}
    install(kernel, [first, PFS[1]], allow=["in_use"])
    kept = [pf["desired"] for pf in desired(tmp_path)["pfs"]]
    assert [(pf["allow"], pf["release"], pf["kept"]) for pf in kept] == [(["bifurcated"], [], []), ([], [], [])]


def test_pfs_are_known_again_by_address_and_mac(tmp_path, kernel):
    install(kernel)
    found = [(pf["desired"]["pf"], pf["perm_mac"], pf["name"], pf["driver"]) for pf in desired(tmp_path)["pfs"]]
    assert found == [(each.address, each.mac, each.name, each.driver) for each in (ONE, TWO)]


def test_what_is_not_reached_is_not_installed(tmp_path):
    kernel = start(tmp_path, reached=False)
    before = snapshot(tmp_path)
    result = install(kernel)
    assert (result["failed"], result["failure"]["kind"], result["changed"]) == (True, "not_reached", False)
    missing = f"to be done: {'; '.join(STEPS[:10])}; and 8 more"
    assert result["msg"].startswith(f"what runs at boot is not changed: this host is not as desired: {missing}")
    assert snapshot(tmp_path) == before


def test_the_old_generation_stays_where_the_new_one_is_not_reached(tmp_path, kernel):
    install(kernel)
    before = installed(tmp_path)
    assert install(again(tmp_path), OTHER)["failed"]
    assert installed(tmp_path) == before


def test_in_check_mode_a_host_that_is_to_be_changed_first_is_told_what_would_come_of_it(tmp_path):
    kernel = start(tmp_path, reached=False)
    planned = install(kernel, check=True)
    assert (planned["failed"], planned["reached"], planned["differences"]) == (False, False, STEPS)
    to(tmp_path, PFS)
    assert install(again(tmp_path))["generation"] == planned["generation"]


def test_what_would_need_consent_is_no_reason_to_fail_in_check_mode(kernel):
    fewer = [{**PFS[0], "num_vfs": 1, "vfs": [], "rules": []}, PFS[1]]
    assert run_module(host, kernel, check=True, pfs=fewer)["failed"]
    planned = install(kernel, fewer, check=True)
    assert (planned["failed"], planned["reached"]) == (False, False)


def test_a_run_that_is_not_confirmed_yet_is_not_installed(tmp_path, kernel):
    install(kernel)
    waiting = run_module(host, again(tmp_path), pfs=OTHER, confirm=60)
    assert waiting["pending"]
    before = installed(tmp_path)
    for check in (True, False):
        result = install(again(tmp_path), OTHER, check=check)
        assert (result["failed"], result["failure"]["kind"]) == (True, "in_use")
        assert "waits for its confirmation" in result["msg"]
    assert installed(tmp_path) == before


def test_absent_leaves_the_records_alone_and_marks_of_vfs_that_are_there(tmp_path):
    kernel = start(tmp_path)
    before = installed(tmp_path)
    vfs = written(kernel)
    assert any(path.endswith("before.json") for path in before)
    install(kernel, check_interval="1h")
    planned = run_module(boot_state, again(tmp_path), check=True, state="absent")
    result = run_module(boot_state, kernel, state="absent")
    assert planned["steps"] == result["steps"]
    left = {path: state for path, state in installed(tmp_path).items() if not stat.S_ISDIR(state[0])}
    assert left.pop(RULES) and left.pop(NETWORK)
    assert left == {path: state for path, state in before.items() if not stat.S_ISDIR(state[0])}
    assert not (tmp_path / INSTALLED).exists()
    assert written(kernel) == vfs
    again_absent = run_module(boot_state, again(tmp_path), state="absent")
    assert (again_absent["changed"], again_absent["steps"]) == (False, [])


def test_absent_takes_results_and_metrics_along_and_tells_who_needs_the_unit(tmp_path):
    app = service("dpdk-app.service", 900, "dpdk-app", [])
    kernel = start(tmp_path, **{"srv/metrics": DIRECTORY, **app})
    install(kernel, metrics_directory="/srv/metrics")
    assert program.main(["boot"], again(tmp_path)) == 0
    left = ("run/kernel-bypass-sriov/result.json", "var/lib/kernel-bypass-sriov/last.json")
    left += ("srv/metrics/kernel-bypass-sriov.prom",)
    assert all((tmp_path / path).exists() for path in left)
    build(tmp_path, {"sim/required/kernel-bypass-sriov.service": "dpdk-app.service"})
    result = run_module(boot_state, again(tmp_path), state="absent")
    assert not any((tmp_path / path).exists() for path in left)
    assert "dpdk-app.service needs kernel-bypass-sriov.service, and will not start" in str(result["warnings"])


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("path", [UNIT, COMMAND])
def test_what_is_not_ours_stays(tmp_path, kernel, state, path):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("[Service]\nExecStart=/bin/true\n")
    before = installed(tmp_path)
    result = run_module(boot_state, kernel, state=state, pfs=PFS)
    assert (result["failed"], result["failure"]["kind"]) == (True, "would_destroy")
    assert result["msg"].startswith(f"/{path} is not of this collection")
    assert installed(tmp_path) == before


def test_a_masked_unit_is_somebodys_decision(tmp_path):
    kernel = start(tmp_path, **{UNIT: Link("/dev/null")})
    result = install(kernel)
    assert result["failed"] and "(systemctl unmask)" in result["msg"]


def test_a_unit_that_was_disabled_is_enabled_again(tmp_path, kernel):
    install(kernel)
    (tmp_path / LINK).unlink()
    result = install(again(tmp_path))
    assert result["steps"] == [f"link /{LINK} to /{UNIT}"]


def test_a_host_without_systemd_is_refused(tmp_path, kernel):
    os.rmdir(tmp_path / "run/systemd/system")
    result = install(kernel)
    assert result["failed"] and "this host is not run by systemd" in result["msg"]


def test_a_python_below_home_is_refused(kernel, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/home/somebody/venv/bin/python3")
    result = install(kernel)
    assert result["failed"] and result["msg"].startswith("cannot run /home/somebody/venv/bin/python3 at boot: ")


def test_systemd_that_does_not_reload_takes_all_of_it_back(tmp_path, kernel):
    before = installed(tmp_path)
    run = kernel.run

    def failing(argv, stdin=""):
        return (1, "", "Failed to reload daemon: no memory") if "daemon-reload" in argv else run(argv, stdin)

    kernel.managers._run = failing
    result = install(kernel)
    assert result["failed"] and "no memory" in result["msg"]
    assert (result["changed"], result["done"]) == (False, [])
    after = {path: state for path, state in installed(tmp_path).items() if not stat.S_ISDIR(state[0])}
    assert after == {path: state for path, state in before.items() if not stat.S_ISDIR(state[0])}


def test_the_timer_looks_and_is_gone_when_it_is_not_asked_for(tmp_path, kernel):
    result = install(kernel, check_interval="1h")
    timer = "kernel-bypass-sriov-check.timer"
    assert f"start {timer}" in result["steps"]
    assert "OnUnitActiveSec=1h" in (tmp_path / f"etc/systemd/system/{timer}").read_text()
    assert not install(again(tmp_path), check_interval="1h")["changed"]
    other = install(again(tmp_path), check_interval="30min")
    assert f"start {timer}" in other["steps"]
    gone = install(again(tmp_path))
    assert f"stop {timer}" in gone["steps"]
    assert not (tmp_path / f"etc/systemd/system/{timer}").exists()
    assert not install(again(tmp_path))["changed"]


@pytest.mark.parametrize(
    ("given", "there", "found"),
    [
        ("auto", "var/lib/node_exporter", "/var/lib/node_exporter"),
        ("auto", "var/lib/something", ""),
        ("", "var/lib/node_exporter", ""),
        ("/srv/metrics", "var/lib/node_exporter", "/srv/metrics"),
    ],
)
def test_metrics_go_where_they_are_read(tmp_path, given, there, found):
    kernel = start(tmp_path, **{there: DIRECTORY})
    install(kernel, metrics_directory=given)
    assert desired(tmp_path)["metrics"] == found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"boot_timeout": 5}, "boot_timeout: 5 s are too few for the steps of a boot"),
        ({"pf_timeout": 180}, "pf_timeout: 180 is not less than boot_timeout"),
        ({"check_interval": "sometimes"}, "check_interval: 'sometimes' is no time"),
        ({"metrics_directory": "metrics"}, "metrics_directory: 'metrics' is no absolute path"),
        ({"managed_vfs": [{"pf": "enp9s0", "vf": 0}]}, "managed_vfs[0].pf: 'enp9s0' is none of pfs"),
        ({"managed_vfs": [{"pf": "enp1s0", "vf": "x"}]}, "managed_vfs[0].vf: 'x' names no VFs"),
    ],
)
def test_bad_options_are_refused_before_the_host_is_looked_at(tmp_path, kernel, options, said):
    before = snapshot(tmp_path)
    result = install(kernel, **options)
    assert result["failed"] and result["msg"].startswith(said)
    assert snapshot(tmp_path) == before


def test_all_that_is_wrong_is_told_at_once(kernel):
    result = install(kernel, [{"pf": "enp1s0", "num_vfs": -1}], boot_timeout=5, check_interval="x")
    assert len(result["failures"]) == 3


@pytest.mark.parametrize("state", ["present", "marked"])
def test_a_pf_that_goes_back_is_nothing_for_a_boot(tmp_path, kernel, state):
    before = snapshot(tmp_path)
    result = install(kernel, [{"pf": "enp1s0", "as_before": True}], state=state, boot_timeout=5)
    assert [failure["what"] for failure in result["failures"]] == [
        "boot_timeout: 5 s are too few for the steps of a boot",
        "pfs[0].as_before: such a state is not kept for a boot",
    ]
    assert "state: absent" in result["msg"] and snapshot(tmp_path) == before


def test_pfs_are_needed(kernel):
    result = run_module(boot_state, kernel)
    assert result["msg"].startswith("pfs: not set, and state: present is about PFs")
