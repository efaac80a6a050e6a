# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin host for every module that changes something, in ansible-playbook (meta/runtime.yml has it so).

Where the playbook wants a task to fail, `failed_when` has made it "ok" in the end.
"""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

LABEL = "enp1s0 (0000:01:00.0)"
RENAMED = "plugin_routing: {modules: {virtual_functions: {redirect: kernel_bypass.sriov.vf}}}"
HOW = 'Remedy: write it as in 3, "0-3,7", [0, 1] or all.'
X = f"'x' names no VFs: 'x' is neither a number nor a range of two. {HOW}"
TIMEOUT = "timeout: 0 is less than a second. Remedy: give 1 or more."
PF = [
    "alow: unknown, did you mean allow?",
    "num_vfs: -1 is negative on enp1s0. Remedy: give a number from 0 on.",
    "up: 'perhaps' is neither true nor false. Remedy: write true or false.",
]
# The task, and all that it is told.
REFUSED = {
    "host": [
        "allow[0]: 'inuse' is none of destroy_vfs, in_use, link_reset, take_pf, bifurcated, generic_xdp; did "
        "you mean in_use?",
        "pfs[0].rules[0].dst_port: 70000: it is not between 0 and 65535. Remedy: give 0 to 65535.",
        "pfs[0].vfs[0].spoofcheck: unknown, did you mean spoofchk?",
        "pfs[0].vfs[0].vf: 0-2 names VF 2 on enp1s0: the PF has 2 VFs. "
        "Remedy: ask for more (num_vfs: 3), or name VFs 0 to 1.",
        "pfs[0].vfs[0].vlan: 5000 is not between 0 and 4094. Remedy: give 0 to 4094.",
        "pfs[0].vfs[1].mac: '02-00-00-00' is no MAC address. "
        'Remedy: write it as in "02:00:00:00:00:01", in quotes, or auto.',
        TIMEOUT,
    ],
    "pf": PF,
    "pf in check mode": PF,
    "pf in the background": PF,
    "boot_state": [
        "boot_timeout: 5 s are too few for the steps of a boot. Remedy: give 10 to 3600.",
        'check_interval: \'often\' is no time. Remedy: write it as in "1h", "30min" or "1d".',
        "managed_vfs[0].pf: 'enp9s0' is none of pfs. Remedy: call it as there.",
        "pfs[0].num_vfs: -1 is negative on enp1s0. Remedy: give a number from 0 on.",
    ],
    "vf": [
        TIMEOUT,
        f"vfs[0].vf: {X}",
        "vfs[0].vlan: 5000 is not between 0 and 4094. Remedy: give 0 to 4094.",
        "vfs[2].vf: missing. Remedy: give it.",
    ],
    "rss": [
        "channels: 'four' is no whole number. Remedy: write it in digits, as in 4.",
        "queues, equal: only one of them can be. Remedy: leave out the others.",
        TIMEOUT,
    ],
    "xsk_queue": [
        "gro_flush_timeout: -1 is not between 0 and 4294967295. Remedy: give one.",
        "mode: 'fast' is none of native, generic. Remedy: give one of them.",
        "queues[0]: -1 is negative. Remedy: queues count from 0 on.",
    ],
    "flow_rule": [
        "exclusive goes with state: present only. Remedy: leave out one of them.",
        "rules[0].dst_port: 70000: it is not between 0 and 65535. Remedy: give 0 to 65535.",
        "rules[1].src_ip: 'here': it is no IP address or network. Remedy: write it as in \"192.0.2.0/24\".",
    ],
    "pci_driver": [
        "assignments[0].driver: there is no driver 'dpdk': it is called 'vfio-pci' here. Remedy: write it 'vfio-pci'.",
        f"assignments[0].vf: {X}",
        'assignments[1].mode: 660 is no octal file mode in quotes. Remedy: write it as in "0660".',
    ],
}
TWO_VFS = [f"set sriov_numvfs of {LABEL} from 0 to 2", f"wait until all 2 VFs of {LABEL} are there"]
# The module, what it does, and the value by which it shows whose defaults it has.
DONE = {
    "pf": (TWO_VFS, 77),
    "vf": ([f"set VF 0 of {LABEL}: trust on (was off)", f"set VF 1 of {LABEL}: vlan 7 (was 0)"], 77),
    "flow_rule": (
        [
            f"turn ntuple filters of {LABEL} on",
            f"add flow rule 2045 of {LABEL}: tcp4 dst-port 80 to VF 0 queue 0",
        ],
        78,
    ),
    "rss": ([f"set the RSS table of {LABEL}: of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43"], 77),
    "host": ([], 5),
}


# By other names; not in the file, in which linters would look for that collection, and want whole names.
REFUSED_BY_ANOTHER_NAME = {
    "name": "Refused by another's name",
    "my.nics.virtual_functions": {"pf": "enp1s0", "vfs": [{"vf": "x"}]},
    "register": "refused",
    "failed_when": "refused is not failed",
}
BY_THEIR_LAST_WORDS = {
    "name": "By their last words",
    "hosts": "here",
    "gather_facts": False,
    "collections": ["kernel_bypass.sriov"],
    "module_defaults": {"kernel_bypass.sriov.pf": {"pf": "enp1s0"}},
    "tasks": [
        {"name": "Short pf", "pf": {"num_vfs": 1}},
        {"name": "Short vf", "vf": {"pf": "enp1s0", "vfs": [{"vf": 0, "trust": True}]}},
        {
            "name": "Short refused",
            "vf": {"pf": "enp1s0", "vfs": [{"vf": "x"}]},
            "register": "refused",
            "failed_when": "refused is not failed",
        },
        {"name": "Renamed", "my.nics.virtual_functions": {"pf": "enp1s0", "vfs": [{"vf": 0, "spoofchk": False}]}},
    ],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Kind and result of each task, by its name."""
    scratch = tmp_path_factory.mktemp("modules")
    playbooks.install(scratch)
    other = scratch / "ansible_collections" / "my" / "nics" / "meta"
    other.mkdir(parents=True)
    (other / "runtime.yml").write_text(RENAMED)
    plays = yaml.safe_load((playbooks.FILES / "modules.yml").read_text())
    plays[0]["tasks"].append(REFUSED_BY_ANOTHER_NAME)
    plays.append(BY_THEIR_LAST_WORDS)
    whole = scratch / "modules.yml"
    whole.write_text(yaml.safe_dump(plays))
    ended = playbooks.run(scratch, "playbook", "-i", str(playbooks.FILES / "inventory.yml"), str(whole))
    assert ended.code == 0, ended.output
    return {each["task"]: (each["kind"], each["result"]) for each in ended.results}


def test_whatever_changes_something_has_the_plugin():
    routing = yaml.safe_load((playbooks.ROOT / "meta" / "runtime.yml").read_text())["plugin_routing"]["modules"]
    assert routing == {name: {"action_plugin": "kernel_bypass.sriov.host"} for name in {*MODULES} - {"host"}}


@pytest.mark.parametrize("task", REFUSED)
def test_all_that_no_host_can_meet_is_refused_without_asking_one(results, task):
    kind, result = results[f"Refused {task}"]
    title, *told = result["msg"].split("\n- ")
    assert (kind, title, sorted(told)) == ("ok", f"{len(told)} things are refused:", REFUSED[task])
    assert (result["changed"], result["done"], result["failure"]) == (False, [], result["failures"][0])
    assert len(result["failures"]) == len(told) and "ansible_job_id" not in result


@pytest.mark.parametrize("module", MODULES)
def test_what_may_be_met_is_asked_of_the_host(results, module):
    assert results[f"Not refused {module}"][0] == "unreachable"


@pytest.mark.parametrize("module", DONE)
def test_each_module_is_run_as_itself_and_with_its_own_defaults(results, module):
    (kind, result), (steps, timeout) = results[f"Done {module}"], DONE[module]
    assert (kind, result["steps"], result["changed"]) == ("ok", steps, bool(steps))
    assert result["invocation"]["module_args"]["timeout"] == timeout
    assert ("pfs" if module == "host" else "pf") in result


def test_defaults_of_a_module_count_on_the_controller_too(results):
    """Its PF is said in module_defaults alone, and those of module host, whose plugin it has, are not its own."""
    assert results["Done pf"][1]["invocation"]["module_args"]["pf"] == "enp1s0"
    assert "pfs" not in results["Done pf"][1]["invocation"]["module_args"]


@pytest.mark.parametrize("module", ["pf", "vf"])
def test_check_mode_says_what_would_be_done(results, module):
    (_kind, planned), (_kind, done) = results[f"Checked {module}"], results[f"Done {module}"]
    assert planned["changed"] and (planned["steps"], planned["diff"]) == (done["steps"], done["diff"])


def test_a_second_run_finds_nothing_to_do(results):
    assert (results["Again pf"][1]["changed"], results["Again pf"][1]["steps"]) == (False, [])


def test_a_job_in_the_background_gives_the_result_of_the_module(results):
    kind, result = results["Done pci_driver"]
    assert (kind, result["finished"], result["changed"]) == ("ok", 1, True)
    assert result["steps"] == ["unbind 0000:01:10.2 (VF 1 of 0000:01:00.0) from ixgbevf"]
    assert [device["driver"] for device in result["devices"]] == [None]


def test_a_refusal_of_the_host_stays_as_it_is(results):
    _kind, result = results["Refused by the module"]
    assert result["msg"] == (
        f"num_vfs: cannot create 64 VFs on {LABEL}: the device supports 63 (sriov_totalvfs). "
        "Remedy: ask for at most 63."
    )
    assert results["Gone pf"][1]["steps"][0].startswith(f"set sriov_numvfs of {LABEL} from 2 to 0")


def test_a_module_is_known_by_its_last_word_where_the_play_says_so(results):
    assert results["Short pf"][1]["pf"]["num_vfs"] == 1
    assert results["Short vf"][1]["steps"] == [f"set VF 0 of {LABEL}: trust on (was off)"]
    assert results["Short refused"][1]["msg"] == f"vfs[0].vf: {X}"


def test_a_module_is_known_by_the_name_that_another_collection_has_for_it(results):
    assert results["Renamed"][1]["steps"] == [f"set VF 0 of {LABEL}: spoofchk off (was on)"]
    assert results["Refused by another's name"][1]["msg"] == f"vfs[0].vf: {X}"
