# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role and playbook kernel_vs_bypass, on a simulated host, where module drop_cost gives one answer for all."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import drop_cost
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROLE = RoleFiles("kernel_vs_bypass")
LAB = {"real": False, "virtualization": "qemu", "clock_source": "tsc"}
COST = {
    "changed": False,
    "dropped_by": "iptables-legacy",
    "time_of": "threads of NAPI",
    "clock": {"real": True, "virtualization": "none", "clock_source": "tsc"},
    **{"ns_per_packet": 208.3, "ns_per_packet_median": 211.0, "packets_per_core_second": 4801000.0},
    **{"offered_per_second": 14880000.0, "received_per_second": 4781000.0, "lost_per_second": 10099000.0},
    "queues": [{"queue": 0, "packets_per_second": 4781000.0}],
}
ALL = [
    "drop_cost",
    "drop_cost",
    "drop_cost",
    "drop_cost",
    "info",
    "host",
    "flow_rule",
    "drop_cost",
    "flow_rule",
    "host",
]
SAY, FIGURES = "Say what a packet", "Put the figures"


@pytest.fixture
def installed(tmp_path):
    playbooks.install(tmp_path, {"drop_cost": COST})
    return tmp_path


def play(installed, *arguments, **variables):
    own = {"kernel_vs_bypass_pf": "enp1s0", "kernel_vs_bypass_allow": ["drop_traffic"], **variables}
    hosts = installed / "hosts.yml"
    hosts.write_text(json.dumps({"sriov": {"hosts": {"here": {**playbooks.STAND_IN_HOST, **own}}}}))
    return playbooks.run(installed, "playbook", "-i", str(hosts), "kernel_bypass.sriov.kernel_vs_bypass", *arguments)


def test_a_contender_is_one_that_the_module_has():
    known = ROLE.read("vars")["kernel_vs_bypass_known"]
    assert list(known) == ROLE.options()["kernel_vs_bypass_contenders"]["choices"]
    assert {each["contender"] for each in known.values()} == set(drop_cost.CONTENDERS)


def test_each_is_measured_and_the_vf_is_there_only_meanwhile(installed):
    ended = play(installed, kernel_vs_bypass_port=5000)
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ALL
    asked = [(each["contender"], each.get("queues")) for module, each in ended.visits if module == "drop_cost"]
    assert asked == [("raw", 1), ("raw", 4), ("nft", 1), ("xdp", 1), ("vf", None)]
    costs = [each for module, each in ended.visits if module == "drop_cost"]
    assert all(each["allow"] == ["drop_traffic"] and each["port"] == 5000 for each in costs)
    again = play(installed, kernel_vs_bypass_contenders=["vf"])
    before = again.of("Look at the PF")["here"]["pfs"][0]
    assert (before["num_vfs"], before["rules"], before["ntuple"]["on"]) == (0, [], False)


def test_the_figures_are_a_table_a_file_and_a_plot(installed, tmp_path):
    directory = tmp_path / "figures"
    ended = play(installed, kernel_vs_bypass_contenders=["raw1", "xdp"], kernel_vs_bypass_directory=str(directory))
    assert ended.code == 0, ended.output
    lines = ended.of(SAY)["here"]["msg"]
    assert lines[1].split()[-8:] == ["208.3", "4801000", "1.0", ":", "1", "14880000", "4781000", "10099000"]
    assert lines[-1] == "clock: tsc, virtualization: none"
    told = json.loads((directory / "here.json").read_text())
    assert [each["name"] for each in told["contenders"]] == ["raw1", "xdp"] and told["note"] == ""
    assert told["contenders"][1]["ns_per_packet"] == 208.3 and told["contenders"][1]["ratio"] == 1.0
    plot = ElementTree.parse(directory / "here.svg").getroot()
    texts = [text.text for text in plot.findall("{*}text")]
    assert len(plot.findall("{*}rect")) == 3 and "4.80 M (1.0 : 1)" in texts
    assert not any("overstates" in text for text in texts)


def test_a_clock_that_is_none_is_told_beside_the_ratios(tmp_path):
    playbooks.install(tmp_path, {"drop_cost": {**COST, "clock": LAB}})
    directory = tmp_path / "figures"
    ended = play(tmp_path, kernel_vs_bypass_contenders=["raw1"], kernel_vs_bypass_directory=str(directory))
    said = ended.of(SAY)["here"]["msg"][-1]
    assert "virtualization: qemu. This is not the time of a CPU" in said and "by 2.3 to 2.6 times" in said
    assert "9.1 : 1" in json.loads((directory / "here.json").read_text())["note"]
    assert "overstates bypass" in (directory / "here.svg").read_text()


def test_a_vf_that_is_there_stays(installed):
    vfs = [{"vf": 0, "driver": "vfio-pci"}]
    playbooks.run(
        installed,
        *("adhoc", "localhost", "-m", "kernel_bypass.sriov.host"),
        *("-e", json.dumps(playbooks.STAND_IN_HOST)),
        *("-a", json.dumps({"pfs": [{"pf": "enp1s0", "num_vfs": 2, "vfs": vfs}]})),
    )
    ended = play(installed, kernel_vs_bypass_contenders=["vf"])
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["info", "flow_rule", "drop_cost", "flow_rule"]
    assert ended.of("Look at the PF")["here"]["pfs"][0]["num_vfs"] == 2


QUEUE = {**COST, "dropped_by": "AF_XDP", "mode": "zerocopy", "kernel_ns_per_packet": 150.3, "user_ns_per_packet": 58.0}
GIVEN_AND_BACK = ["info", "xsk_queue", "flow_rule", "drop_cost", "flow_rule", "xsk_queue"]


def test_a_queue_is_given_only_for_as_long_as_it_is_measured(tmp_path):
    playbooks.install(tmp_path, {"drop_cost": QUEUE})
    ended = play(tmp_path, kernel_vs_bypass_contenders=["xsk"], kernel_vs_bypass_queue=2)
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == GIVEN_AND_BACK
    given, led, measured, back = (ended.visits[number][1] for number in (1, 2, 3, 5))
    assert (given["queues"], measured["queue"], back["state"]) == ([2], 2, "absent")
    assert led["rules"] == [{"flow_type": "udp4", "dst_port": 4321, "queue": 2}]
    said = ended.of(SAY)["here"]["msg"][-2]
    assert said == "AF_XDP, NAPI and DPDK (zerocopy): 150.3 ns of it the kernel, 58.0 the program"
    again = play(tmp_path, kernel_vs_bypass_contenders=["xsk"]).of("Look at the PF before")["here"]["pfs"][0]
    assert (again["xsk"], again["rules"], again["ntuple"]["on"]) == (None, [], False)


def test_a_queue_that_was_given_stays_given(tmp_path):
    playbooks.install(tmp_path, {"drop_cost": QUEUE})
    playbooks.run(
        tmp_path,
        *("adhoc", "localhost", "-m", "kernel_bypass.sriov.xsk_queue", "-e", json.dumps(playbooks.STAND_IN_HOST)),
        *("-a", json.dumps({"pf": "enp1s0", "queues": [1]})),
    )
    ended = play(tmp_path, kernel_vs_bypass_contenders=["xsk"])
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["info", "flow_rule", "drop_cost", "flow_rule"]


def test_what_fails_leaves_no_queue(tmp_path):
    playbooks.install(tmp_path, {"drop_cost": {"failed": True, "msg": "too little was received"}})
    ended = play(tmp_path, kernel_vs_bypass_contenders=["xsk"])
    assert ended.code != 0 and [module for module, _asked in ended.visits] == GIVEN_AND_BACK


def test_what_fails_leaves_no_vf(tmp_path):
    playbooks.install(tmp_path, {"drop_cost": {"failed": True, "msg": "too little was received"}})
    ended = play(tmp_path, kernel_vs_bypass_contenders=["vf"])
    assert ended.code != 0 and [module for module, _asked in ended.visits][-3:] == ["drop_cost", "flow_rule", "host"]


def test_in_check_mode_nothing_is_made(installed):
    ended = play(installed, "--check")
    assert ended.code == 0, ended.output
    assert [module for module, _asked in ended.visits] == ["drop_cost"] * 4


def test_a_contender_that_is_none_is_refused_before_any_host_is_asked(installed):
    ended = play(installed, kernel_vs_bypass_contenders=["raw2"])
    assert ended.code != 0 and not ended.visits
