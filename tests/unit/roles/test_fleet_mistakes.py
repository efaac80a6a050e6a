# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook provision with mistakes, by Ansible's own programs: in how it is run, and in the variables of hosts."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.playbooks import EXAMPLE, PLAYBOOK, SAY, VISIT

NOT_SET = (
    "provision_pfs: not set, nor provision_pfs_group or provision_pfs_host: nothing would be done. "
    "Remedy: say what the host shall have in group_vars or host_vars, which must lie beside the inventory file, or "
    "beside a playbook of your own; beside the working directory nobody reads them."
)
GROUPS = "nothing would be done; its groups are: capture_hosts, packet_hosts, sriov"
NAME_ONE = "Remedy: name a group or hosts of the inventory: -e provision_hosts=GROUP."
TAGS = "no task is left: nothing would be done. Remedy: leave it out; the tags here are: provision."
# Arguments, and what is said before the play begins.
NO_RUN = {
    "a tag that is not there": (["--tags", "provision_verify"], f"--tags provision_verify: {TAGS}"),
    "tags of others": (["--tags", "foo,bar"], f"--tags bar,foo: {TAGS}"),
    "all tags skipped": (
        ["--skip-tags", "provision"],
        "--skip-tags provision: no task is left: nothing would be done. Remedy: leave it out.",
    ),
    "a group that is not there": (
        ["-e", "provision_hosts=packets"],
        f"provision_hosts: 'packets' matches no host of the inventory: {GROUPS}. {NAME_ONE}",
    ),
    "no group": (
        ["-e", "provision_hosts="],
        f"provision_hosts: '' matches no host of the inventory: {GROUPS}. {NAME_ONE}",
    ),
    "a limit that leaves none": (
        ["-e", "provision_hosts=packet_hosts", "--limit", "capture1"],
        "--limit capture1: none of the 3 hosts of provision_hosts, 'packet_hosts', is left: nothing would be done. "
        "Remedy: leave it out, or name hosts that are among them.",
    ),
    "a misspelt variable": (
        ["-e", "provision_host=packet1"],
        "provision_host: unknown, did you mean provision_hosts?",
    ),
    "several": (
        ["-e", "provision_hosts=packets", "-e", "provison_pfs={}", "--tags", "foo"],
        "3 things are refused:\n- provison_pfs: unknown, did you mean provision_pfs?\n"
        f"- provision_hosts: 'packets' matches no host of the inventory: {GROUPS}. {NAME_ONE}\n- --tags foo: {TAGS}",
    ),
}


@pytest.mark.parametrize(("arguments", "wanted"), NO_RUN.values(), ids=NO_RUN)
def test_a_run_that_would_do_nothing_is_an_error(installed, arguments, wanted):
    ended = playbooks.run(installed, "playbook", "-i", str(EXAMPLE), PLAYBOOK, *arguments)
    assert ended.code != 0 and wanted in ended.output and not ended.results, ended.output


def test_an_inventory_without_hosts_is_an_error(installed):
    ended = playbooks.run(installed, "playbook", PLAYBOOK)
    wanted = "the inventory has no hosts: nothing would be done. Remedy: name the inventory file or its folder: -i "
    assert ended.code != 0 and wanted in ended.output


def test_an_inventory_without_the_group_is_an_error(installed):
    ended = playbooks.run(installed, "playbook", "-i", "packet1,", PLAYBOOK)
    wanted = (
        "provision_hosts: not set, and its default 'sriov' matches no host of the inventory: nothing would be done; "
        f"its groups are: none. {NAME_ONE}"
    )
    assert ended.code != 0 and wanted in ended.output


@pytest.mark.parametrize("look", ["--syntax-check", "--list-hosts", "--list-tags", "--list-tasks"])
def test_whoever_only_looks_is_told_no_errors(installed, look):
    assert playbooks.run(installed, "playbook", "-i", "packet1,", PLAYBOOK, look).code == 0


WRITE = "Remedy: write it as in provision_pfs: {fast: {pf: enp1s0, num_vfs: 4}}."
ON = "on enp1s0 (0000:01:00.0)"
PFS = "the host's SR-IOV devices are enp1s0 (0000:01:00.0), enp3s0 (0000:03:00.0)"
NAME_A_PF = "Remedy: name a PF by interface name, altname, MAC or PCI address."
TCP = {"flow_type": "tcp4", "dst_port": 80, "vf": 0}


def wants(**state):
    """Variables for one PF."""
    return {"provision_pfs": {"enp1s0": state}}


# Variables of a host, and what it is told on the controller.
FAULTS = {
    "nothing is set": ({}, NOT_SET),
    "all is empty": ({"provision_pfs": {}, "provision_pfs_host": None}, NOT_SET),
    "a list": (
        {"provision_pfs": [{"pf": "enp1s0"}]},
        f"provision_pfs: a list, where a dictionary by label is expected. {WRITE}",
    ),
    "a misspelt variable": (
        {"provision_pfs": {"enp1s0": {}}, "provision_pfs_hosts": {"enp1s0": {"num_vfs": 1}}},
        "provision_pfs_hosts: unknown, did you mean provision_pfs_host?",
    ),
    "a variable of somebody else": (
        {"provision_pfs": {"enp1s0": {}}, "provision_date": "today"},
        "provision_date: unknown: variables that begin with provision_ are those of role provision. "
        "Remedy: use one of provision_pfs, provision_pfs_group, provision_pfs_host, provision_allow, "
        "provision_release, provision_timeout, provision_plan_file, provision_confirm, provision_hosts, "
        "provision_serial, provision_max_fail_percentage, or "
        "another name.",
    ),
    "a misspelt one and nothing else": (
        {"provision_pf": {"enp1s0": {}}},
        f"2 things are refused:\n- provision_pf: unknown, did you mean provision_pfs?\n- {NOT_SET}",
    ),
    "a misspelt key, where it was written": (
        {
            "provision_pfs": {"fast": {"pf": "enp1s0", "num_vfs": 4, "vfs": [{"vf": "all", "mac": "auto"}]}},
            "provision_pfs_host": {"fast": {"vfs": [{"vf": 1, "spoofcheck": False}]}},
        },
        "provision_pfs_host.fast.vfs[0].spoofcheck: unknown, did you mean spoofchk?",
    ),
    "consent that is none": (
        {"provision_pfs": {"enp1s0": {}}, "provision_allow": ["in-use"]},
        "provision_allow[0]: 'in-use' is none of destroy_vfs, in_use, link_reset, take_pf, bifurcated, "
        "generic_xdp; did you mean in_use?",
    ),
    "a timeout in words": (
        {"provision_pfs": {"enp1s0": {}}, "provision_timeout": "four"},
        "provision_timeout: 'four' is no whole number. Remedy: write it in digits, as in 4.",
    ),
    "a plan file that is none": (
        {"provision_pfs": {"enp1s0": {}}, "provision_plan_file": {"a": 1}},
        "provision_plan_file: a dictionary, where the name of a file is expected. "
        "Remedy: write it as in plan_file: plans/{{ inventory_hostname }}.json.",
    ),
    "a driver by another name": (
        wants(num_vfs=1, vfs=[{"vf": 0, "driver": "dpdk"}]),
        "provision_pfs.enp1s0.vfs[0].driver: there is no driver 'dpdk': it is called 'vfio-pci' here. "
        "Remedy: write it 'vfio-pci'.",
    ),
    "its module": (
        wants(num_vfs=1, vfs=[{"vf": 0, "driver": "vfio"}]),
        "provision_pfs.enp1s0.vfs[0].driver: there is no driver 'vfio': it is called 'vfio-pci' here. "
        "Remedy: write it 'vfio-pci'.",
    ),
    "more VFs than there will be": (
        wants(num_vfs=2, vfs=[{"vf": "0-7", "mac": "auto"}]),
        "provision_pfs.enp1s0.vfs[0].vf: 0-7 names VF 2 on enp1s0: the PF has 2 VFs. "
        "Remedy: ask for more (num_vfs: 3), or name VFs 0 to 1.",
    ),
    "a number in words": (
        wants(num_vfs="four"),
        "provision_pfs.enp1s0.num_vfs: 'four' is no whole number. Remedy: write it in digits, as in 4.",
    ),
    "a dictionary for a list": (
        wants(vfs={"vf": 0}),
        "provision_pfs.enp1s0.vfs: a dictionary, where a list of dictionaries is expected. "
        "Remedy: write it as in vfs: [{vf: 0, mac: auto}].",
    ),
    "a priority without a VLAN": (
        wants(num_vfs=1, vfs=[{"vf": 0, "qos": 3}]),
        "provision_pfs.enp1s0.vfs[0].qos: 3 without a VLAN on enp1s0: it is part of the VLAN tag that the card adds. "
        "Remedy: give vlan too, or leave out qos.",
    ),
    "VLAN, MAC and port": (
        wants(num_vfs=1, vfs=[{"vf": 0, "vlan": 5000, "mac": "02:00:00:00:01"}], rules=[{**TCP, "dst_port": 99999}]),
        "3 things are refused:\n"
        "- provision_pfs.enp1s0.vfs[0].vlan: 5000 is not between 0 and 4094. Remedy: give 0 to 4094.\n"
        "- provision_pfs.enp1s0.vfs[0].mac: '02:00:00:00:01' is no MAC address. "
        'Remedy: write it as in "02:00:00:00:00:01", in quotes, or auto.\n'
        "- provision_pfs.enp1s0.rules[0].dst_port: 99999: it is not between 0 and 65535. Remedy: give 0 to 65535.",
    ),
    "two records that contradict each other": (
        {
            **wants(num_vfs=4, vfs=[{"vf": "0-2", "vlan": 100}]),
            "provision_pfs_host": {"enp1s0": {"vfs": [{"vf": "2-3", "vlan": 200}]}},
        },
        "provision_pfs_host.enp1s0.vfs[0].vlan: 200 contradicts 100 in provision_pfs.enp1s0.vfs[0] on enp1s0: both "
        "name VF 2 (vf 0-2 and vf 2-3). Remedy: name each VF once; only an entry for fewer of the VFs of an earlier "
        "one may say otherwise.",
    ),
    "all of it at once": (
        {
            "provision_pfs": {"fast": {"pf": "enp1s0", "num_vfs": 2, "vfs": [{"vf": "0-2", "vlan": 5000}], "rules": 1}},
            "provision_pfs_host": {"slow": {"vfs": [{"vf": 0, "mac": "x"}]}},
        },
        "4 things are refused:\n"
        "- provision_pfs.fast.rules: 1 (a number), where a list of dictionaries is expected. "
        "Remedy: write it as in rules: [{flow_type: tcp4, dst_port: 80, vf: 0}].\n"
        "- provision_pfs.fast.vfs[0].vlan: 5000 is not between 0 and 4094. Remedy: give 0 to 4094.\n"
        "- provision_pfs_host.slow.vfs[0].mac: 'x' is no MAC address. "
        'Remedy: write it as in "02:00:00:00:00:01", in quotes, or auto.\n'
        "- provision_pfs.fast.vfs[0].vf: 0-2 names VF 2 on enp1s0: the PF has 2 VFs. "
        "Remedy: ask for more (num_vfs: 3), or name VFs 0 to 1.",
    ),
}


# The same, and what the host itself says.
REFUSED_BY_THE_HOST = {
    "a bridge": (
        {"provision_pfs": {"br77": {"num_vfs": 1}}},
        f"pf: 'br77' is a bridge with port enp1s0, not a PF: {PFS}. Remedy: name what is below it: enp1s0.",
    ),
    "the loopback": (
        {"provision_pfs": {"fast": {"pf": "lo"}}},
        f"pf: 'lo' is the loopback interface, not a PF: {PFS}. {NAME_A_PF}",
    ),
    "a NIC without SR-IOV": (
        {"provision_pfs": {"enp0s2": {"num_vfs": 1}}},
        f"pf: 'enp0s2' is a NIC without SR-IOV (driver e1000e, 0000:00:02.0), not a PF: {PFS}. {NAME_A_PF[:-1]}; if "
        "this NIC has SR-IOV, turn it on in the firmware setup of host and NIC.",
    ),
    "an interface that is not there": (
        {"provision_pfs": {"enp9s9": {"num_vfs": 1}}},
        f"pf: nothing on this host is called 'enp9s9': its SR-IOV devices are {PFS[30:]}. {NAME_A_PF}",
    ),
    "VFs that there are not, and a queue": (
        {
            "provision_pfs": {"fast": {"pf": "enp1s0", "rules": [{**TCP, "vf": None, "queue": 99}]}},
            "provision_pfs_host": {"fast": {"vfs": [{"vf": "0-7", "trust": True}]}},
        },
        "2 things are refused:\n"
        f"- provision_pfs_host.fast.vfs[0].vf: 0-7 names VF 0 {ON}: the PF has 0 VFs. "
        "Remedy: ask for more (num_vfs: 1).\n"
        f"- provision_pfs.fast.rules[0]: cannot send to queue 99 {ON}: the PF has 16 queues, 0 to 15. "
        "Remedy: name one of them.",
    ),
}
TAKEN = {
    "a MAC with dashes": wants(num_vfs=1, vfs=[{"vf": 0, "mac": "02-00-00-00-AA-01"}]),
    "a MAC with dots": wants(num_vfs=1, vfs=[{"vf": 0, "mac": "0200.0000.aa01"}]),
    "no VFs beside what is left over": wants(num_vfs=0, vfs=[{"vf": "0-3", "driver": "vfio-pci"}], rules=[TCP]),
}


@pytest.fixture(scope="module")
def rows(installed):
    """All of them in one run, a host each; in check mode, so that each finds the same."""
    variables = {**{row: given for row, (given, _told) in {**FAULTS, **REFUSED_BY_THE_HOST}.items()}, **TAKEN}
    members = {row: {**playbooks.STAND_IN_HOST, **given} for row, given in variables.items()}
    hosts = installed / "rows.yml"
    hosts.write_text(json.dumps({"sriov": {"hosts": members}}))
    at_once = json.dumps({"provision_serial": "100%", "provision_max_fail_percentage": 100})
    return playbooks.run(installed, "playbook", "-i", str(hosts), PLAYBOOK, "--check", "--forks=1", "-e", at_once)


@pytest.mark.parametrize(("row", "wanted"), [(row, told) for row, (_given, told) in FAULTS.items()], ids=FAULTS)
def test_what_is_wrong_with_variables_is_told_before_the_host_is_asked(rows, row, wanted):
    assert rows.told()[row] == wanted
    assert row not in rows.of(VISIT)


@pytest.mark.parametrize("row", REFUSED_BY_THE_HOST)
def test_what_the_host_refuses_is_told_where_it_is_written(rows, row):
    assert rows.told()[row] == REFUSED_BY_THE_HOST[row][1]


@pytest.mark.parametrize("row", TAKEN)
def test_what_is_right_is_taken(rows, row):
    assert row not in rows.told() and row in rows.of(SAY)


def test_without_become_nothing_is_read_or_planned(installed):
    hosts = installed / "user.yml"
    hosts.write_text(json.dumps({"sriov": {"hosts": {"here": {**playbooks.STAND_IN_HOST, **wants(num_vfs=1)}}}}))
    ended = playbooks.run(installed, "playbook", "-i", str(hosts), PLAYBOOK, "--check", user="54321")
    (told,) = ended.told().values()
    assert told == (
        "this runs as user 54321, and needs root: what others' processes have open is hidden from it, and nothing may "
        "be written. Remedy: become: true."
    )


def test_group_vars_beside_the_working_directory_are_nobody_s(installed, tmp_path):
    variables = tmp_path / "group_vars" / "sriov.yml"
    variables.parent.mkdir()
    variables.write_text(yaml.safe_dump({"provision_pfs": {"enp1s0": {"num_vfs": 1}}}))
    hosts = tmp_path / "inventory" / "hosts.yml"
    hosts.parent.mkdir()
    hosts.write_text(json.dumps({"sriov": {"hosts": {"here": playbooks.STAND_IN_HOST}}}))
    ended = playbooks.run(installed, "playbook", "-i", str(hosts), PLAYBOOK, where=tmp_path)
    assert ended.code != 0 and ended.told() == {"here": NOT_SET}
