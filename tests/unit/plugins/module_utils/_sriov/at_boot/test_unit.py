# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the boot unit on simulated kernels: what is reached, what is refused, and the result that is left."""

from __future__ import annotations

import errno
import json
import os
import signal
import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import program
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import unit as boot_unit
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot.status import status
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.blocked import Blocked
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.journal import Journal
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.pending import Pending, Waiting
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired, DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Taken
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import (
    BOOT_ID,
    LABEL,
    LABEL_2,
    ONE,
    OURS,
    RESULT,
    TWO,
    generation,
    num_vfs,
    outcomes,
    result_of,
    run,
    start,
    wish,
    wished,
)

BOTH = (wish(), wish(TWO, 1, ()))
STEPS = [
    f"set sriov_numvfs of {LABEL} from 0 to 2",
    f"wait until all 2 VFs of {LABEL} are there",
    f"set sriov_numvfs of {LABEL_2} from 0 to 1",
    f"wait until the VF of {LABEL_2} is there",
    "load kernel module vfio-pci",
    f"bind {ONE.vf(0)} (VF 0 of {ONE.address}) to vfio-pci (now ixgbevf)",
]
ANOTHER = "02:00:00:00:00:99"
IF_MEANT = "Remedy: if that is meant, run the playbook again for what is there now (module boot_state)."


def test_all_pfs_are_brought_to_what_was_saved_and_a_second_run_does_nothing(tmp_path, capfd):
    kernel = start(tmp_path, *BOTH)
    code, result = run(kernel, "boot")
    assert (code, num_vfs(kernel), num_vfs(kernel, TWO)) == (0, 2, 1)
    assert capfd.readouterr().out.splitlines() == [*STEPS, f"changed: 6 steps in {result['seconds']:.1f} s"]
    of_pfs = [told["steps"] for told in result["pfs"].values()]
    assert of_pfs == [[*STEPS[:2], STEPS[5]], STEPS[2:4]]
    same = {"schema": 1, "boot": BOOT_ID, "uptime": 12.5, "verb": "boot", "outcome": "changed", "steps": STEPS}
    same.update(generation="aaaaaaaaaaaa", collection="0.1.0", failure=None, warnings=[])
    assert {word: result[word] for word in same} == same
    assert outcomes(result) == {ONE.address: "changed", TWO.address: "changed"}

    code, result = run(kernel, "apply")
    assert (code, result["outcome"], result["verb"], result["steps"]) == (0, "ok", "apply", [])
    assert outcomes(result) == {ONE.address: "ok", TWO.address: "ok"}


def test_the_result_outlives_the_boot_elsewhere(tmp_path):
    kernel = start(tmp_path, *BOTH)
    _code, result = run(kernel, "boot")
    assert json.loads((tmp_path / "var/lib/kernel-bypass-sriov/last.json").read_text()) == result


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("{", "it is no JSON (", id="damaged"),
        pytest.param("[]", "it is none that this collection has written", id="something else"),
        pytest.param(
            json.dumps({**wished(), "schema": 9}),
            "it was written by a later version of this collection: its schema is 9, and this version ",
            id="newer",
        ),
        pytest.param(
            json.dumps({**wished(), "timeout": None}),
            "it is not of this version of the collection (TypeError: ",
            id="of no version",
        ),
        pytest.param(
            json.dumps({word: value for word, value in wished().items() if word != "pfs"}),
            "it is not of this version of the collection (KeyError: 'pfs')",
            id="a part is missing",
        ),
    ],
)
def test_what_cannot_be_understood_is_a_failure_with_a_result(tmp_path, capfd, text, why):
    kernel = start(tmp_path, files=generation(text))
    code, result = run(kernel, "boot")
    path = "/usr/local/lib/kernel-bypass-sriov/current/desired.json"
    assert (code, result["outcome"], result["pfs"]) == (1, "failed", {})
    assert result["failure"]["msg"].startswith(f"cannot read {path}: {why}")
    assert capfd.readouterr().out.startswith(f"cannot read {path}: {why}")
    assert num_vfs(kernel) == 0


def test_nothing_installed_is_a_failure_too(tmp_path):
    kernel = start(tmp_path)
    os.unlink(tmp_path / "usr/local/lib/kernel-bypass-sriov/current")
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], result["generation"]) == (1, "failed", "")
    assert result["failure"]["why"] == "nothing is installed for the boot"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        pytest.param(
            wish(),
            wish(TWO, 1, (), perm_mac=ANOTHER),
            f"the card at {TWO.address} is another one: permanent MAC {TWO.mac}, saved {ANOTHER}; that one is not on "
            f"this host. {IF_MEANT}",
            id="another card",
        ),
        pytest.param(
            wish(),
            wish(TWO, 1, (), perm_mac=ONE.mac),
            f"the card at {TWO.address} is another one: permanent MAC {TWO.mac}, saved {ONE.mac}; that one is now at "
            f"{LABEL}. {IF_MEANT}",
            id="another card, and the one that was saved is elsewhere",
        ),
        pytest.param(wish(), wish(TWO, 8, ()), "", id="more VFs than it has"),
    ],
)
def test_one_pf_that_is_refused_does_not_cost_the_other_its_own(tmp_path, capfd, first, second, what):
    kernel = start(tmp_path, first, second)
    code, result = run(kernel, "boot")
    assert (code, result["outcome"]) == (1, "partial")
    assert outcomes(result) == {ONE.address: "changed", TWO.address: "refused"}
    assert (num_vfs(kernel), num_vfs(kernel, TWO)) == (2, 0)
    told = result["pfs"][TWO.address]["failure"]
    assert not what or told["msg"] == what
    assert told["msg"] in capfd.readouterr().out


def test_one_that_fails_on_the_way_does_not_either(tmp_path):
    """Joint plan: the second PF's driver refuses when the first has its VFs; then each by itself."""
    kernel = start(tmp_path, *BOTH, behaviour=Behaviour(refuses={1: errno.EIO}))
    code, result = run(kernel, "boot")
    assert (code, result["outcome"]) == (1, "partial")
    assert outcomes(result) == {ONE.address: "changed", TWO.address: "failed"}
    assert (num_vfs(kernel), num_vfs(kernel, TWO)) == (2, 0)
    assert result["pfs"][TWO.address]["failure"]["errno"] == "EIO"


@pytest.mark.parametrize(
    ("refused", "code", "outcome"),
    [
        pytest.param(wish(TWO, 8, ()), 2, "refused", id="refused"),
        pytest.param(wish(TWO, 1, ()), 1, "failed", id="failed"),
    ],
)
def test_none_that_is_reached(tmp_path, refused, code, outcome):
    kernel = start(tmp_path, refused, behaviour=Behaviour(refuses={1: errno.EIO}))
    assert (run(kernel, "boot")[0], result_of(kernel)["outcome"]) == (code, outcome)


def test_a_pf_that_never_comes_is_refused_and_the_other_is_reached(tmp_path, capfd):
    kernel = start(tmp_path, wish(), wish(TWO, 1, ()))
    os.rename(tmp_path / "sys/bus/pci/devices/0000:02:00.0", tmp_path / "gone")
    code, result = run(kernel, "boot")
    assert (code, outcomes(result)) == (1, {ONE.address: "changed", TWO.address: "refused"})
    assert result["pfs"][TWO.address]["failure"]["msg"] == (
        f"{LABEL_2} is not there after 0.2 s: there is no such PCI device. "
        "Remedy: see dmesg and lspci for the card and its driver."
    )
    assert capfd.readouterr().out.startswith(
        f"waiting for {LABEL_2}, 0.2 s at most: there is no such PCI device\n{STEPS[0]}\n"
    )


def test_whatever_its_limit_the_others_have_their_time(tmp_path):
    kernel = start(tmp_path, wish(), wish(TWO, 1, ()), timeout=6.0, pf_timeout=60.0)
    os.rename(tmp_path / f"sys/bus/pci/devices/{TWO.address}", tmp_path / "gone")
    begin = time.monotonic()
    code, result = run(kernel, "boot")
    assert (code, outcomes(result)) == (1, {ONE.address: "changed", TWO.address: "refused"})
    assert time.monotonic() - begin < 6 + 3
    assert "is not there after 3 s: " in result["pfs"][TWO.address]["failure"]["msg"]


def test_no_consent_is_taken_from_what_is_saved(tmp_path):
    kernel = start(tmp_path, wish(num_vfs=4, vfs=()))
    assert run(kernel, "boot")[0] == 0
    build(
        tmp_path,
        {
            "usr/local/lib/kernel-bypass-sriov/generations/aaaaaaaaaaaa/desired.json": json.dumps(
                wished(wish(num_vfs=2, vfs=(), allow=frozenset({"destroy_vfs"})))
            )
        },
    )
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], num_vfs(kernel)) == (2, "refused", 4)
    assert result["pfs"][ONE.address]["failure"]["kind"] == "would_destroy"


def test_an_interface_that_is_called_otherwise_by_now_is_the_same(tmp_path):
    kernel = start(tmp_path, wish(port="eth7"))
    code, result = run(kernel, "boot")
    assert (code, num_vfs(kernel)) == (0, 2)
    renamed = f"eth7 is called enp1s0 now: {ONE.address} is meant"
    assert renamed in result["warnings"] and renamed in result["pfs"][ONE.address]["warnings"]


def test_what_a_run_that_was_killed_has_taken_is_put_back(tmp_path):
    """As every run does."""
    kernel = start(tmp_path, wish(vfs=()))
    assert run(kernel, "boot")[0] == 0
    Journal(Files(kernel.root)).write(Taken(ONE.address, ONE.mac, vfs=(KeptVf(1, {"trust": True}),)))
    code, result = run(kernel, "apply")
    assert (code, result["outcome"]) == (0, "changed")
    assert [step for step in result["steps"] if "VF 1" in step and "trust on" in step]
    assert Journal(Files(kernel.root)).read(ONE.address) is None


def test_while_a_run_waits_for_its_confirmation_nothing_is_done(tmp_path):
    kernel = start(tmp_path, *BOTH)
    Pending(Files(kernel.root)).write(Waiting("name", time.monotonic() + 60, 120.0, Desired()))
    code, result = run(kernel, "apply")
    assert (code, result["outcome"], num_vfs(kernel)) == (2, "refused", 0)
    assert result["pfs"][ONE.address]["failure"]["what"].endswith("waits for its confirmation")


def test_the_connection_of_whoever_restarts_the_unit_is_kept(tmp_path):
    """Its link would go down for more channels; at a boot nobody is there."""
    rss = DesiredRss(channels=2)
    login = {
        "proc/net/tcp": b"head\n 0: 027100CB:0016 076433C6:C738 01 0:0 02:0 0 0 0 7001 4 0\n",
        **hosts.process(81, "sshd: root", ["socket:[7001]"]),
        **hosts.routes(towards={"198.51.100.7": "enp1s0"}),
    }
    kernel = start(tmp_path, wish(num_vfs=None, vfs=(), rss=rss), files=login)
    code, result = run(kernel, "boot")
    assert (code, result["outcome"]) == (2, "refused")
    assert "carries the SSH connection from 198.51.100.7" in result["pfs"][ONE.address]["failure"]["msg"]
    os.unlink(tmp_path / "proc/net/tcp")
    assert run(kernel, "boot")[0] == 0


class Hangs:
    """A PF that does not answer."""

    def __init__(self, kernel, nic):
        self._kernel, self._path = kernel, f"/sys/bus/pci/devices/{nic.address}/sriov_numvfs"
        self._write = kernel.sysfs._write
        kernel.sysfs._write = self

    def __call__(self, path, value):
        if path == self._path:
            time.sleep(60)
        self._write(path, value)


def test_a_nic_that_hangs_costs_the_other_nothing_but_time(tmp_path):
    kernel = start(tmp_path, wish(), wish(TWO, 1, ()), timeout=12.0)
    Hangs(kernel, TWO)
    begin = time.monotonic()
    code, result = run(kernel, "boot")
    assert time.monotonic() - begin < 12 + 3
    assert (code, result["outcome"]) == (1, "partial")
    assert outcomes(result)[ONE.address] in ("ok", "changed") and num_vfs(kernel) == 2
    assert outcomes(result)[TWO.address] == "failed"
    assert "the kernel has not ended a step of an earlier run" in result["pfs"][TWO.address]["failure"]["why"]


def test_a_fault_of_ours_has_its_result_as_well(tmp_path, monkeypatch):
    kernel = start(tmp_path, *BOTH)
    monkeypatch.setattr(kernel.pci, "exists", lambda _address: 1 // 0)
    code, result = run(kernel, "boot")
    assert (code, result["outcome"]) == (1, "failed")
    assert "ZeroDivisionError" in result["failure"]["why"]


def test_a_result_that_cannot_be_written_is_told_and_changes_nothing_else(tmp_path, capfd):
    kernel = start(tmp_path, *BOTH)
    os.makedirs(tmp_path / RESULT)
    assert program.main(["boot"], kernel) == 0
    assert num_vfs(kernel) == 2
    assert f"warning: cannot write /{RESULT} [EISDIR: " in capfd.readouterr().out


@pytest.mark.parametrize(
    ("ended", "notes", "outcome", "said"),
    [
        pytest.param(
            {"SERVICE_RESULT": "timeout", "EXIT_CODE": "killed", "EXIT_STATUS": "TERM"},
            {"70": ["set sriov_numvfs of enp1s0 (0000:01:00.0) from 0 to 2", "another"]},
            "timeout",
            "the boot unit did not end in its time: it was at: set sriov_numvfs of enp1s0 (0000:01:00.0) from 0 to 2",
            id="at a step",
        ),
        pytest.param(
            {"SERVICE_RESULT": "timeout"},
            {"70": []},
            "timeout",
            "the boot unit did not end in its time: it was at: reading the host",
            id="while it looked",
        ),
        pytest.param(
            {"SERVICE_RESULT": "timeout"},
            {},
            "timeout",
            "the boot unit did not end in its time: it was at: not known",
            id="before",
        ),
        pytest.param(
            {"SERVICE_RESULT": "oom-kill", "EXIT_CODE": "killed", "EXIT_STATUS": "KILL"},
            {},
            "failed",
            "the boot unit ended without a result: it was at: not known; "
            "SERVICE_RESULT=oom-kill, EXIT_CODE=killed, EXIT_STATUS=KILL",
            id="killed",
        ),
    ],
)
def test_one_that_was_ended_has_a_result_all_the_same(tmp_path, capfd, monkeypatch, ended, notes, outcome, said):
    kernel = start(tmp_path, *BOTH)
    bounds = {"module": "60", "start": 500, "end": 900, "devices": []}
    build(tmp_path, {f"{OURS}/blocked/{of}.json": json.dumps({**bounds, "steps": at}) for of, at in notes.items()})
    for name in ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ended.items():
        monkeypatch.setenv(name, value)
    code, result = run(kernel, "record-timeout")
    assert (code, result["outcome"], result["seconds"], result["pfs"]) == (0, outcome, None, {})
    remedy = "Remedy: look at dmesg, and at `kernel-bypass-sriov status`."
    assert result["failure"]["msg"] == f"{said}. {remedy}"
    assert capfd.readouterr().out == f"{said}. {remedy}\n"
    assert status(kernel)[1].startswith("boot: " if notes and notes["70"] else f"boot: {outcome}, 0 steps, ")


def test_one_that_is_ended_at_a_step_has_it_in_its_result(tmp_path, monkeypatch):
    """As systemd does it: SIGTERM, then ExecStopPost=."""
    kernel = start(tmp_path, *BOTH)
    kernel.processes = Processes(Sysfs())
    Hangs(kernel, TWO)
    engine = os.fork()
    if engine == 0:
        try:
            program.main(["boot"], kernel)
        finally:
            os._exit(0)
    notes = Blocked(Files(kernel.root), kernel.processes)
    at_it = Deadline(30).reached(lambda: "enp2s0" in str(notes.last()) and "from 0 to 1" in str(notes.last()))
    os.kill(engine, signal.SIGTERM)
    os.waitpid(engine, 0)
    assert at_it and result_of(kernel) is None
    monkeypatch.setenv("SERVICE_RESULT", "timeout")
    assert run(kernel, "record-timeout")[1]["failure"]["step"] == STEPS[2]


@pytest.mark.parametrize("ended", [{}, {"SERVICE_RESULT": "success"}])
def test_one_that_has_ended_by_itself_needs_none(tmp_path, monkeypatch, ended):
    kernel = start(tmp_path, *BOTH)
    for name, value in ended.items():
        monkeypatch.setenv(name, value)
    assert run(kernel, "record-timeout") == (0, None)


def test_the_result_that_there_is_stays(tmp_path, monkeypatch):
    kernel = start(tmp_path, wish(TWO, 8, ()))
    _code, result = run(kernel, "boot")
    monkeypatch.setenv("SERVICE_RESULT", "exit-code")
    assert run(kernel, "record-timeout") == (0, result)
    build(tmp_path, {"proc/sys/kernel/random/boot_id": "another"})
    assert run(kernel, "record-timeout")[1]["outcome"] == "failed"


def test_a_run_that_begins_takes_the_last_result_away(tmp_path, monkeypatch):
    """Else one that is killed would leave what an earlier one has reached."""
    kernel = start(tmp_path, *BOTH)
    assert run(kernel, "boot")[1]["outcome"] == "changed"
    seen = []
    monkeypatch.setattr(boot_unit, "installed", lambda kernel: seen.append(result_of(kernel)) or 1 // 0)
    assert run(kernel, "apply")[1]["outcome"] == "failed"
    assert seen == [None]
