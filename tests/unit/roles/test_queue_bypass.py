# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role queue_bypass: what it asks of the modules, in which order, and what it refuses before any host is asked."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.modules import xsk_proof, xsk_queue
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROLE = RoleFiles("queue_bypass")
RULES = [{"flow_type": "udp4", "dst_ip": "192.0.2.30", "dst_port": 4321, "queue": 1}]
ALL = {
    "queue_bypass_pf": "enp1s0",
    "queue_bypass_rules": RULES,
    "queue_bypass_user": "capture",
    "queue_bypass_units": ["capture.service"],
}
ANSWERS = {
    "dpdk": {"changed": False, "steps": [], "group": "dpdk", "creates_group": False},
    "host": {"changed": False, "steps": []},
    "flow_rule": {"changed": False, "steps": []},
    "xsk_proof": {"changed": False, "mode": "zerocopy", "frames": 0},
}
PREPARED, STEERED, READ = "Have the group", "Give the queues to sockets", "Read from the queue"
COMMON = {"allow": [], "release": [], "timeout": 300}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Modules that only answer; without the controller's part of module host, which knows the real ones."""
    directory = tmp_path_factory.mktemp("queue_bypass")
    playbooks.install(directory, ANSWERS)
    return directory


def play(installed, *arguments, **variables):
    inventory = installed / "hosts.yml"
    members = {"here": {**playbooks.STAND_IN_HOST, **variables}}
    inventory.write_text(json.dumps({"sriov": {"hosts": members}}))
    return playbooks.run(installed, "playbook", "-i", str(inventory), "kernel_bypass.sriov.queue_bypass", *arguments)


def asked_of(ended, module):
    return [asked for name, asked in ended.visits if name == module]


def test_words_are_those_of_the_modules():
    modes = {name: option["choices"] for name, option in ROLE.options().items() if "choices" in option}
    assert modes["queue_bypass_mode"] == xsk_queue.ARGUMENT_SPEC["mode"]["choices"]
    assert modes["queue_bypass_proof_mode"] == xsk_proof.ARGUMENT_SPEC["mode"]["choices"]
    assert modes["queue_bypass_proof"] == ["none", *xsk_proof.ARGUMENT_SPEC["by"]["choices"]]


def test_accounts_come_first_and_queues_and_rules_are_one_plan(installed):
    ended = play(installed, **ALL)
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["dpdk", "host"]
    assert asked_of(ended, "dpdk") == [
        {
            **{"group": "dpdk", "users": ["capture"], "create_users": False, "memlock": False, "mask_service": False},
            **{"queue_units": ["capture.service"], "after_boot_unit": False, "timeout": 300},
        }
    ]
    (asked,) = asked_of(ended, "host")
    xsk = {"queues": [1], "group": "dpdk", "mode": "native"}
    assert asked == {"pfs": [{"pf": "enp1s0", "up": True, "xsk": xsk, "rules": RULES}], **COMMON}


def test_what_is_left_out_stays_and_a_zero_is_something(installed):
    ended = play(
        installed,
        queue_bypass_pf="enp1s0",
        queue_bypass_queues=[1, 3],
        queue_bypass_napi_defer_hard_irqs=0,
        queue_bypass_mode="generic",
        queue_bypass_allow=["generic_xdp"],
        queue_bypass_persisted=True,
    )
    assert ended.code == 0, ended.output
    (asked,) = asked_of(ended, "host")
    xsk = {"queues": [1, 3], "group": "dpdk", "mode": "generic", "napi_defer_hard_irqs": 0}
    assert asked["pfs"] == [{"pf": "enp1s0", "up": True, "xsk": xsk}]
    assert asked["allow"] == ["generic_xdp"]
    (asked,) = asked_of(ended, "dpdk")
    assert (asked["users"], asked["queue_units"], asked["after_boot_unit"]) == ([], [], True)


def test_each_queue_is_read_as_the_user(installed):
    proof = {"queue_bypass_proof": "reader", "queue_bypass_queues": [1, 2], "queue_bypass_frames": 2000}
    ended = play(installed, **ALL, **proof, queue_bypass_seconds=30, queue_bypass_proof_mode="zerocopy")
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["dpdk", "host", "xsk_proof", "xsk_proof"]
    first, second = asked_of(ended, "xsk_proof")
    assert first == {
        **{"pf": "enp1s0", "queue": 1, "user": "capture", "by": "reader", "mode": "zerocopy"},
        **{"frames": 2000, "seconds": 30.0, "timeout": 300},
    }
    assert second == {**first, "queue": 2}


def test_without_frames_the_socket_has_to_get_into_its_place(installed):
    ended = play(installed, **ALL, queue_bypass_proof="reader")
    assert ended.code == 0, ended.output
    (asked,) = asked_of(ended, "xsk_proof")
    assert not {"frames", "seconds"} & {*asked}


def test_check_mode_reads_nothing(installed):
    ended = play(installed, "--check", **ALL, queue_bypass_proof="reader")
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["dpdk", "host"]


def test_in_check_mode_a_group_that_would_be_created_is_left_out(tmp_path):
    playbooks.install(tmp_path, {**ANSWERS, "dpdk": {**ANSWERS["dpdk"], "changed": True, "creates_group": True}})
    ended = play(tmp_path, "--check", **ALL)
    assert ended.code == 0, ended.output
    assert "group" not in asked_of(ended, "host")[0]["pfs"][0]["xsk"]
    assert asked_of(play(tmp_path, **ALL), "host")[0]["pfs"][0]["xsk"]["group"] == "dpdk"


def test_rules_go_before_the_program_and_drop_ins_last(installed):
    ended = play(installed, **ALL, queue_bypass_state="absent", queue_bypass_proof="reader")
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["flow_rule", "host", "dpdk"]
    assert asked_of(ended, "flow_rule") == [{"pf": "enp1s0", "rules": RULES, "state": "absent", **COMMON}]
    assert asked_of(ended, "host") == [{"pfs": [{"pf": "enp1s0", "xsk": {"state": "absent"}}], **COMMON}]
    assert asked_of(ended, "dpdk") == [{"state": "absent", "queue_units": ["capture.service"], "timeout": 300}]


def test_nothing_else_of_services_goes_where_none_is_named(installed):
    ended = play(installed, queue_bypass_pf="enp1s0", queue_bypass_state="absent")
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["host"]


HERE = {
    "Debian 12": (
        "queue_bypass_proof: dpdk: Debian 12 has DPDK 22.11, whose net_af_xdp has no use_pinned_map, which came with "
        "DPDK 24.07: it loads a program of its own, which needs root, and which drops flow rules and RSS tables on "
        "some NICs. Remedy: queue_bypass_proof: reader; or a newer DPDK (Debian 13 has 24.11)."
    ),
    "Debian 13": None,
    "Fedora 41": None,
}


@pytest.fixture(scope="module")
def refusals(installed):
    """What the role's own task says of each distribution, in a play of its own: facts of a host are not ours to set."""
    (task,) = (each for each in ROLE.read("tasks", "preflight") if each["name"].startswith("Refuse a DPDK"))
    tasks = []
    for name in HERE:
        distribution, version = name.split()
        facts = {"distribution": distribution, "distribution_major_version": version}
        asked = {"queue_bypass_proof": "dpdk", "queue_bypass_state": "present", "ansible_facts": facts}
        given = {**task["vars"], **ROLE.read("vars"), **asked}
        tasks.append({**task, "name": f"Refuse {name}", "vars": given, "ignore_errors": True})
    (installed / "dpdk.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    return playbooks.run(installed, "playbook", "-i", "here,", str(installed / "dpdk.yml"))


@pytest.mark.parametrize("name", HERE)
def test_dpdk_without_pinned_maps_is_refused_with_the_reason(refusals, name):
    assert "failed=0" in refusals.output
    assert refusals.of(f"Refuse {name}").get("here", {}).get("msg") == HERE[name]


def test_that_is_found_before_anything_is_done():
    """The refusal is in the file that comes first, behind the question what distribution it is."""
    names = [task["name"] for task in ROLE.read("tasks", "preflight")]
    assert names.index("Ask what distribution it is") < names.index(
        "Refuse a DPDK that cannot use a map that is pinned"
    )
    assert ROLE.read("tasks", "main")[0]["ansible.builtin.include_tasks"]["file"] == "preflight.yml"


REFUSED = {
    "no PF": ({}, "queue_bypass_pf: no PF is named. Remedy: name it, as in enp1s0 or 0000:01:00.0."),
    "nobody to read": (
        {"queue_bypass_pf": "enp1s0", "queue_bypass_proof": "reader"},
        "queue_bypass_user: there is nobody as whom the proof could be run. Remedy: name the user of the program, or "
        "leave out the proof (queue_bypass_proof: none).",
    ),
    "misspelt": ({"queue_bypass_queus": [1]}, "queue_bypass_queus: unknown, did you mean queue_bypass_queues?"),
}


@pytest.mark.parametrize(("variables", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_before_any_host_is_asked(installed, variables, told):
    ended = play(installed, **variables)
    assert ended.code != 0 and not ended.visits
    assert told in json.dumps(ended.results)
