# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example inventory, playbook provision with it and with a reviewed plan, and playbooks of the user's own."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.merge import SOURCES, merge
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.playbooks import EXAMPLE, PLAYBOOK, SAY, VISIT

MERGE = "Merge what site"
ALL = {"vf": "all", "mac": "auto", "spoofchk": False}
DPDK = {"vf": "0-2", "driver": "vfio-pci", "mode": "0660"}
KERNEL = {"vf": 3, "driver": "default", "vlan": 100}
RULE = {"flow_type": "tcp4", "dst_ip": "192.0.2.30", "dst_port": 80, "vf": 0, "queue": 0}
PACKET = {"pf": "enp1s0", "num_vfs": 4, "min_rss_queues": 4, "vfs": [ALL, DPDK, KERNEL], "rules": [RULE]}
WANTED = {
    "packet1": PACKET,
    "packet2": {
        **PACKET,
        "pf": "enp3s0",
        "vfs": [ALL, DPDK, {**KERNEL, "vlan": 200}],
        "rules": [RULE, {**RULE, "dst_ip": "192.0.2.31", "vf": 1}],
    },
    "packet3": {**PACKET, "num_vfs": 0},
    "capture1": {
        "pf": "enp1s0",
        "num_vfs": 1,
        "vfs": [{"vf": "all", "mac": "auto", "driver": "vfio-pci", "trust": True}],
    },
}


# --- The example ---


@pytest.fixture(scope="module")
def hostvars(installed):
    """Variables of the example by host, as Ansible has them."""
    return json.loads(playbooks.run(installed, "inventory", "-i", str(EXAMPLE), "--list").output)["_meta"]["hostvars"]


@pytest.fixture(scope="module")
def check(installed):
    """The example in check mode, on hosts that are simulated."""
    more = json.dumps({**playbooks.STAND_IN_HOST, "provision_allow": ["in_use"]})
    return playbooks.run(installed, "playbook", "-i", str(EXAMPLE), PLAYBOOK, "--check", "-e", more)


def test_the_hosts_are_the_example_s(hostvars):
    assert set(hostvars) == set(WANTED)


@pytest.mark.parametrize("host", WANTED)
def test_what_a_host_wants_is_merged_of_its_variables(hostvars, host):
    found = merge([(name, hostvars[host].get(name)) for name in SOURCES])
    assert (found.pfs, found.faults) == ([WANTED[host]], [])


@pytest.mark.parametrize("host", WANTED)
def test_the_role_merges_the_same(check, host):
    result = check.of(MERGE)[host]
    assert (result["pfs"], result["changed"]) == ([WANTED[host]], False)


def test_one_host_alone_shows_its_variables(installed):
    found = json.loads(playbooks.run(installed, "inventory", "-i", str(EXAMPLE), "--host", "packet3").output)
    assert found["provision_pfs_host"] == {"fast": {"num_vfs": 0}}


def test_a_run_in_check_mode_says_what_each_host_would_become(check):
    assert check.code == 0, check.output
    last = {host: result["msg"][-1].partition(";")[0] for host, result in check.of(SAY).items()}
    assert last == {
        "packet1": "enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 1 rule, RSS 4",
        "packet2": "enp3s0: 4 VFs, vfio-pci 3, ixgbevf 1, 2 rules, RSS 4",
        "packet3": "enp1s0: no VFs, RSS 16",
        "capture1": "enp1s0: 1 VF, vfio-pci 1, RSS 4",
    }


def test_consent_for_one_run_reaches_the_module(check):
    assert check.of(VISIT)["packet1"]["invocation"]["module_args"]["allow"] == ["in_use"]


def test_the_files_that_the_documentation_shows_are_the_example_s():
    text = (playbooks.ROOT / "docs" / "fleets.md").read_text()
    for path in EXAMPLE.glob("*/*.yml"):
        body = path.read_text().partition("---\n")[2].strip()
        assert body in text, path


# --- A playbook of the user's own ---

OWN = [
    {
        "hosts": "sriov",
        "gather_facts": False,
        "roles": [{"role": "kernel_bypass.sriov.provision", "tags": ["provision_nics"]}],
        "tasks": [{"name": "Own", "ansible.builtin.debug": {"msg": "own"}, "tags": ["own"]}],
    },
    {"import_playbook": PLAYBOOK},
]
WANTED_PFS = {"provision_pfs": {"enp1s0": {"num_vfs": 0}}}


def own(installed, variables, *arguments):
    hosts, site = installed / "hosts.yml", installed / "site.yml"
    members = {"here": {**playbooks.STAND_IN_HOST, **variables}}
    hosts.write_text(json.dumps({"sriov": {"hosts": members}, "others": {"hosts": {"other": {}}}}))
    site.write_text(yaml.safe_dump(OWN))
    return playbooks.run(installed, "playbook", "-i", str(hosts), str(site), *arguments)


def test_the_merge_needs_no_more_than_pfs(installed):
    """In a playbook of one's own, without the role."""
    task = {"name": "Merge alone", "kernel_bypass.sriov.merged_pfs": {"provision_pfs": {"enp1s0": {"num_vfs": 1}}}}
    (installed / "merge.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    ended = playbooks.run(installed, "playbook", "-i", "away,", str(installed / "merge.yml"))
    assert ended.of("Merge alone")["away"]["pfs"] == [{"pf": "enp1s0", "num_vfs": 1}], ended.output


def test_tags_of_others_run_nothing_of_the_role_and_check_nothing(installed):
    ended = own(installed, {"provision_pfs": 7, "provision_x": 1}, "--tags", "own")
    assert ended.code == 0 and ended.of("Own") and not ended.of(MERGE) and not ended.of(VISIT), ended.output


@pytest.mark.parametrize("tags", ["provision", "own,provision", "provision_nics", "all"])
def test_the_role_runs_with_its_tag_and_with_the_one_it_was_given(installed, tags):
    ended = own(installed, WANTED_PFS, "--tags", tags)
    assert ended.code == 0 and ended.of(VISIT), ended.output


@pytest.mark.parametrize("tags", ["provision_verify", "own,provision_verify", "provision,provision_verify"])
def test_a_tag_that_the_role_does_not_have_is_an_error(installed, tags):
    ended = own(installed, WANTED_PFS, "--tags", tags)
    assert ended.code != 0 and not ended.of(VISIT)
    assert ended.told() == {
        "here": "--tags provision_verify: role provision has no such tag. "
        "Remedy: leave it out; the tags of the role are: provision."
    }


def test_a_limit_to_other_hosts_is_well_where_other_plays_are_meant(installed):
    assert own(installed, WANTED_PFS, "--limit", "other").code == 0


# --- A plan that is reviewed ---


def test_a_fleet_is_changed_as_it_was_reviewed_and_not_otherwise(tmp_path):
    playbooks.install(tmp_path)
    file = "plans/{{ inventory_hostname }}.json"
    more = {**playbooks.STAND_IN_HOST, "provision_plan_file": file, "provision_hosts": "packet1"}

    def run(*arguments, **changed):
        extra = json.dumps({**more, **changed})
        return playbooks.run(tmp_path, "playbook", "-i", str(EXAMPLE), PLAYBOOK, "-e", extra, *arguments)

    missing = run()
    assert missing.told() == {
        "packet1": f"plan_file: there is no file {tmp_path}/plans/packet1.json. "
        "Remedy: run it in check mode (--check), and review the plan that this writes."
    }
    checked = run("--check")
    assert checked.code == 0, checked.output
    plan = json.loads((tmp_path / "plans" / "packet1.json").read_text())
    assert plan["steps"] == checked.of(VISIT)["packet1"]["steps"] and plan["host"] == "packet1"
    other = run(provision_pfs_host={"fast": {"min_rss_queues": 2}})
    assert other.told() == {
        "packet1": "plan_file: the plan is not the saved one:\n"
        "- desired: 0000:01:00.0.min_rss_queues was 4, is 2\n"
        "Remedy: run it in check mode (--check), and review the plan that this writes."
    }
    done = run()
    assert done.code == 0, done.output
    assert done.of(VISIT)["packet1"]["steps"] == plan["steps"]
    assert done.of(VISIT)["packet1"]["plan_file"] == str(tmp_path / "plans" / "packet1.json")
