# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module flow_rule through main(), on a simulated kernel."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import flow_rule as flow_rule_of
from ansible_collections.kernel_bypass.sriov.plugins.modules import flow_rule
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import RULE, rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
FLOW = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80}
WEB = {**FLOW, "action": 4294967296}
TO_VF_1 = {**FLOW, "vf": 1, "queue": 1}
OTHER = {**FLOW, "dst_port": 81, "vf": 2}
WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
WORDS_1 = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 1 queue 1"
OTHER_WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 81 to VF 2 queue 0"
NTUPLE = f"turn ntuple filters of {LABEL} on"


def start(root, nic=hosts.IXGBE, num_vfs=4, cpus=16, **extra):
    kernel = simulate(root, {**hosts.host(nic, cpus=cpus), **extra})
    kernel.sysfs.write(f"/sys/bus/pci/devices/{nic.address}/sriov_numvfs", str(num_vfs))
    return kernel


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def run(kernel, *rules, check=False, **options):
    return run_module(flow_rule, kernel, check, **{"pf": "enp1s0", "rules": list(rules), **options})


def present(kernel):
    """Locations and words of the rules, read past the modules."""
    return {each.location: str(each) for each in kernel.ethtool.rules("enp1s0").rules}


def test_the_rule_of_an_encoded_action_is_set_and_found_again(kernel):
    first = run(kernel, WEB)
    assert (first["failed"], first["changed"]) == (False, True)
    assert first["steps"] == [NTUPLE, f"add flow rule 2045 of {LABEL}: {WORDS}"]
    assert first["diff"] == {"before": {"rules": []}, "after": {"rules": [WORDS]}}
    assert present(kernel) == {2045: WORDS}
    (shown,) = first["pf"]["rules"]
    assert (shown["location"], shown["vf"], shown["queue"], shown["action"]) == (2045, 0, 0, 4294967296)
    writes = written(kernel)
    second = run(kernel, WEB)
    assert (second["changed"], second["steps"], written(kernel)) == (False, [], writes)
    assert second["diff"]["before"] == second["diff"]["after"] == {"rules": [WORDS]}
    assert second["pf"] == first["pf"]


def test_one_port_is_spread_over_queues_by_bits_of_the_source_port(kernel):
    spread = [
        {"flow_type": "udp4", "dst_port": 4789, "src_port": bits, "masks": {"src_port": 3}, "queue": bits}
        for bits in range(4)
    ]
    first = run(kernel, *spread)
    words = {2045 - bits: f"udp4 src-port {bits} m 0xfffc dst-port 4789 to queue {bits}" for bits in range(4)}
    assert present(kernel) == words
    assert first["steps"] == [NTUPLE, *(f"add flow rule {place} of {LABEL}: {text}" for place, text in words.items())]
    assert [each["masks"] for each in first["pf"]["rules"]] == [{"src_port": 3}] * 4
    assert not run(kernel, *spread)["changed"]


def test_a_vlan_that_the_ethtool_program_has_written_is_adopted(kernel):
    kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
    kernel.ethtool.insert_rule("enp1s0", flow_rule_of("udp4", {"vlan": (100, 0xFFFF)}, 1, 7))
    before = written(kernel)
    mine = {"flow_type": "udp4", "vlan": 100, "masks": {"vlan": 0xFFFF}, "queue": 1}
    adopted = run(kernel, mine)
    assert (adopted["changed"], written(kernel)) == (False, before)
    assert [each["masks"] for each in adopted["pf"]["rules"]] == [{"vlan": 0xFFFF}]
    assert run(kernel, {**mine, "queue": 2})["steps"] == [
        f"replace flow rule 7 of {LABEL}: udp4 vlan 100 to queue 2 (was: udp4 vlan 100 to queue 1)"
    ]
    assert run(kernel, mine, state="absent")["changed"] is False
    assert run(kernel, {"flow_type": "udp4", "vlan": 100, "masks": {"vlan": 0xFFFF}}, state="absent")["changed"]
    assert present(kernel) == {}


def test_rules_of_check_mode_are_in_the_order_of_the_real_run(kernel):
    kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
    for port, location in ((9, 2040), (10, 3)):
        kernel.ethtool.insert_rule("enp1s0", rule(dst_ip=0xC0A8FE1E, dst_port=port, location=location))
    wanted = [{**FLOW, "dst_port": 9, "vf": 2}, {**FLOW, "dst_port": 81, "vf": 0, "location": 5}, WEB]
    planned = run(kernel, *wanted, check=True)
    done = run(kernel, *wanted)
    assert planned["pf"]["rules"] == done["pf"]["rules"]
    assert [each["location"] for each in done["pf"]["rules"]] == [3, 5, 2040, 2045]
    assert planned["diff"] == done["diff"]


def test_a_rule_to_an_rss_context_is_set_found_again_and_replaced(tmp_path):
    kernel = start(tmp_path, hosts.Nic("mystery", device="abcd"))
    first = run(kernel, {**FLOW, "context": 1})
    words = "tcp4 dst-ip 192.168.254.30 dst-port 80 to RSS context 1"
    assert (first["failed"], first["steps"]) == (False, [f"add flow rule of {LABEL}: {words}"])
    assert present(kernel) == {0: words}
    (shown,) = first["pf"]["rules"]
    assert (shown["rss_context"], shown["action"], shown["text"]) == (1, 0, words)
    assert shown["ethtool"] == "tcp4 dst-ip 192.168.254.30 dst-port 80 context 1 action 0 loc 0"
    assert not run(kernel, {**FLOW, "context": 1})["changed"]
    assert run(kernel, {**FLOW, "queue": 0})["changed"]
    assert present(kernel) == {0: "tcp4 dst-ip 192.168.254.30 dst-port 80 to queue 0"}
    assert not run(kernel, {**FLOW, "context": 1}, state="absent")["changed"]


def test_a_rule_to_an_rss_context_comes_back_where_the_one_for_it_is_refused(tmp_path):
    kernel = start(tmp_path, hosts.Nic("mystery", device="abcd"))
    run(kernel, {**FLOW, "context": 1})
    before = present(kernel)
    kernel.ethtool = SimEthtool(tmp_path, refuses={"ethtool -N enp1s0 flow-type tcp4 action 3": errno.EINVAL})
    result = run(kernel, {**FLOW, "queue": 3})
    assert (result["failed"], result["failure"]["why"]) == (
        True,
        "the driver refused the flow rule tcp4 dst-ip 192.168.254.30 dst-port 80 to queue 3; flow rule 0 of "
        f"{LABEL} is back: tcp4 dst-ip 192.168.254.30 dst-port 80 to RSS context 1",
    )
    assert present(kernel) == before


def test_an_rss_context_that_cannot_be_asked_for_is_not_taken_for_absent(tmp_path):
    class Failing(SimEthtool):
        def context(self, name, number):
            return errno.EIO

    kernel = start(tmp_path, hosts.Nic("mystery", device="abcd"))
    kernel.ethtool = Failing(tmp_path)
    assert run(kernel, {**FLOW, "context": 1})["changed"]


def test_an_rss_context_that_is_not_there_is_refused_before_the_first_write(tmp_path):
    kernel = start(tmp_path, hosts.Nic("mystery", device="abcd"))
    before = written(kernel)
    result = run(kernel, {**FLOW, "context": 3})
    assert result["msg"] == (
        f"rules[0]: cannot send to RSS context 3 on {LABEL}: there is none of this number (ENOENT). Remedy: create it "
        "first (ethtool -X … context new, which says its number), or name one that is there."
    )
    assert written(kernel) == before


@pytest.mark.parametrize(
    "same",
    [
        pytest.param({**FLOW, "vf": 0, "queue": 0}, id="VF and queue"),
        pytest.param({**FLOW, "vf": 0}, id="VF alone"),
        pytest.param({**WEB, "location": 2045}, id="with its location"),
        pytest.param({**WEB, "dst_ip": "192.168.254.30/32"}, id="as a network of one"),
    ],
)
def test_other_words_for_the_same_rule_change_nothing(kernel, same):
    run(kernel, WEB)
    before = written(kernel)
    assert (run(kernel, same)["changed"], written(kernel)) == (False, before)


def test_a_rule_that_the_driver_tells_otherwise_is_the_same(kernel):
    """ixgbe gives ip4 with protocol 6 back as tcp4."""
    desired = {"flow_type": "ip4", "proto": 6, "src_ip": "192.0.2.0/24", "vf": 3}
    assert run(kernel, desired)["changed"]
    assert not run(kernel, desired)["changed"]
    assert not run(kernel, {"flow_type": "tcp4", "src_ip": "192.0.2.0/24", "vf": 3})["changed"]


def test_a_rule_that_goes_elsewhere_takes_the_place_of_the_old_one(kernel):
    run(kernel, WEB, OTHER)
    before = written(kernel)
    result = run(kernel, TO_VF_1)
    assert result["steps"] == [f"replace flow rule 2045 of {LABEL}: {WORDS_1} (was: {WORDS})"]
    assert result["diff"] == {"before": {"rules": [WORDS]}, "after": {"rules": [WORDS_1]}}
    assert present(kernel) == {2044: OTHER_WORDS, 2045: WORDS_1}
    assert written(kernel)[len(before) :] == ["ethtool -N enp1s0 flow-type tcp4 action 8589934593 loc 2045"]


def test_rules_that_are_not_listed_stay_unless_exclusive(kernel):
    run(kernel, WEB, OTHER)
    assert not run(kernel, WEB)["changed"]
    result = run(kernel, WEB, exclusive=True)
    assert result["steps"] == [f"delete flow rule 2044 of {LABEL}: {OTHER_WORDS}"]
    assert present(kernel) == {2045: WORDS}
    assert not run(kernel, WEB, exclusive=True)["changed"]


def test_exclusive_and_no_rules_removes_all(kernel):
    run(kernel, WEB, OTHER)
    assert run(kernel, exclusive=True)["diff"]["after"] == {"rules": []}
    assert present(kernel) == {}
    assert not run(kernel, exclusive=True)["changed"]


def test_exclusive_may_change_the_mask_of_the_port(kernel):
    run(kernel, WEB, OTHER)
    assert run(kernel, {"flow_type": "udp4", "dst_port": 53, "vf": 1}, exclusive=True)["changed"]
    assert list(present(kernel).values()) == ["udp4 dst-port 53 to VF 1 queue 0"]


@pytest.mark.parametrize("desired", [WEB, FLOW, {**FLOW, "vf": 0}], ids=["action", "flow alone", "VF"])
def test_absent_removes_what_is_listed(kernel, desired):
    run(kernel, WEB, OTHER)
    result = run(kernel, desired, state="absent")
    assert result["steps"] == [f"delete flow rule 2045 of {LABEL}: {WORDS}"]
    assert present(kernel) == {2044: OTHER_WORDS}
    before = written(kernel)
    again = run(kernel, desired, state="absent")
    assert (again["changed"], again["diff"]["before"], written(kernel)) == (False, {"rules": []}, before)


def test_absent_leaves_ntuple_as_it_is(kernel):
    assert run(kernel, WEB, state="absent")["steps"] == []
    assert not kernel.ethtool.feature("enp1s0").on


def test_a_table_that_was_set_by_hand_outlives_the_reset(kernel):
    kernel.ethtool.set_rss("enp1s0", (1,) * 128)
    result = run(kernel, WEB)
    assert result["steps"][1] == f"put back the RSS table of {LABEL}: of 128 entries queue 1 has 128"
    assert kernel.ethtool.rss("enp1s0").table == (1,) * 128


@pytest.mark.parametrize(
    ("rules", "options"),
    [
        pytest.param([WEB, OTHER], {}, id="present"),
        pytest.param([TO_VF_1], {"exclusive": True}, id="exclusive"),
        pytest.param([FLOW], {"state": "absent"}, id="absent"),
        pytest.param([{**FLOW, "drop": True, "location": 5}], {}, id="moved, and dropping"),
    ],
)
@pytest.mark.parametrize("before", [[], [WEB], [OTHER, {**WEB, "location": 9}]], ids=["none", "one", "two"])
def test_check_mode_tells_the_same_and_writes_nothing(tmp_path, kernel, before, rules, options):
    run(kernel, *before)
    state, writes = snapshot(tmp_path), written(kernel)
    planned = run(kernel, *rules, check=True, **options)
    assert (snapshot(tmp_path), written(kernel)) == (state, writes)
    done = run(kernel, *rules, **options)
    assert (planned["changed"], planned["steps"], planned["diff"]) == (
        done["changed"],
        done["steps"],
        done["diff"],
    )
    assert not done["failed"]


REFUSALS = [
    ({**FLOW, "vf": 4}, "invalid", "rules[1]: cannot send to VF 4 queue 0"),
    ({**FLOW, "vf": 0, "queue": 4}, "invalid", "rules[1]: cannot send to VF 0 queue 4"),
    ({**FLOW, "vf": 255}, "invalid", "rules[1].vf: 255"),
    ({**FLOW, "action": 1 << 40}, "invalid", "rules[1].action: 1099511627776"),
    ({**FLOW, "queue": 4}, "invalid", "rules[1]: cannot send to queue 4"),
    ({**WEB, "location": 2046}, "invalid", "rules[1]: location 2046 is out of range"),
    ({**WEB, "location": 9}, "invalid", "rules[1]: location 9 is occupied"),
    ({**WEB, "src_port": 7}, "unsupported", None),
    ({"flow_type": "ip4", "dst_ip": "192.168.254.31", "vf": 0}, "unsupported", None),
    ({"flow_type": "tcp6", "dst_port": 80, "vf": 0}, "unsupported", "rules[1]: flow type tcp6"),
    (FLOW, "invalid", "rules[1]: where its frames shall go is not said"),
    ({**OTHER, "vf": 1}, "invalid", "rules[1]: the same flow as rules[0]"),
]


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
@pytest.mark.parametrize(("desired", "kind", "what"), REFUSALS, ids=[str(row[0]) for row in REFUSALS])
def test_what_cannot_be_is_refused_before_the_first_write(tmp_path, kernel, desired, kind, what, check):
    run(kernel, {**OTHER, "location": 2045}, {**OTHER, "dst_port": 82, "location": 9})
    kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", False)
    before, writes = snapshot(tmp_path), written(kernel)
    result = run(kernel, OTHER, desired, check=check)
    assert (result["failed"], result["changed"], result["done"]) == (True, False, [])
    assert result["failure"]["kind"] == kind
    assert what is None and "has another mask than" in result["msg"] or result["failure"]["what"] == what
    assert (snapshot(tmp_path), written(kernel)) == (before, writes)


def test_all_that_is_wrong_is_told_at_once(tmp_path, kernel):
    rules = [{**FLOW, "vf": 4}, {**OTHER, "queue": 4}, {"flow_type": "tcp6", "dst_port": 80, "vf": 0}, OTHER]
    before = snapshot(tmp_path)
    result = run(kernel, *rules[:3], check=True)
    assert [each["what"] for each in result["failures"]] == [
        "rules[0]: cannot send to VF 4 queue 0",
        "rules[1]: cannot send to VF 2 queue 4",
        "rules[2]: flow type tcp6",
    ]
    assert result["failure"] == result["failures"][0]
    assert result["msg"].startswith("3 things are refused:\n- rules[0]: cannot send to VF 4 queue 0 on ")
    assert snapshot(tmp_path) == before
    told = run(kernel, {**FLOW, "vf": 0, "dst_ip": "x"}, rules[3], {**OTHER, "vf": 1})["failures"]
    assert [each["what"] for each in told] == ["rules[0].dst_ip: 'x'", "rules[2]: the same flow as rules[1]"]


def test_exclusive_is_of_rules_that_shall_be_there(kernel):
    result = run(kernel, WEB, state="absent", exclusive=True)
    assert result["msg"] == "exclusive goes with state: present only. Remedy: leave out one of them."


@pytest.mark.parametrize(
    ("num_vfs", "cpus", "desired", "why"),
    [
        pytest.param(31, 16, {**FLOW, "queue": 3}, "beside 31 VFs it is queue 127 of the card", id="31 VFs, queue 3"),
        pytest.param(63, 16, {**FLOW, "queue": 1}, "beside 63 VFs it is queue 127 of the card", id="63 VFs, queue 1"),
        pytest.param(4, 2, {**FLOW, "vf": 1}, "it would reach VF 0 queue 2", id="two CPUs"),
    ],
)
def test_what_the_driver_would_take_and_do_otherwise_is_refused(tmp_path, num_vfs, cpus, desired, why):
    kernel = start(tmp_path, num_vfs=num_vfs, cpus=cpus)
    before = snapshot(tmp_path)
    result = run(kernel, desired)
    assert result["failure"]["kind"] == "unsupported"
    assert result["failure"]["why"].startswith(why)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("queue", [2, 0])
def test_its_neighbours_are_taken(tmp_path, queue):
    """Of 31 VFs queue 3 of the PF is the card's queue for dropping; queue 2 is not, nor is queue 3 beside 30."""
    assert run(start(tmp_path, num_vfs=31), {**FLOW, "queue": queue})["changed"]


def test_a_rule_that_would_cut_the_operator_off_is_refused(tmp_path):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp1s0"))
    before = snapshot(tmp_path)
    result = run(kernel, {"flow_type": "tcp4", "dst_port": 22, "vf": 0}, allow=["in_use", "link_reset"])
    assert result["failure"]["holders"] == ["the SSH connection from 198.51.100.7"]
    assert snapshot(tmp_path) == before


def test_ntuple_is_not_turned_on_under_the_operator_s_feet_unless_accepted(tmp_path):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp1s0"))
    before = snapshot(tmp_path)
    assert run(kernel, WEB)["failure"]["what"] == "rules: cannot turn ntuple filters on"
    assert snapshot(tmp_path) == before
    result = run(kernel, WEB, allow=["link_reset"])
    assert result["changed"]
    assert result["allowed"] == [
        f"link_reset for {LABEL}: the PF is reset by it, and carries the SSH connection from 198.51.100.7"
    ]
    assert run(kernel, OTHER, allow=["link_reset"])["allowed"] == [], "it is on: no consent is needed"


def test_ntuple_is_not_turned_on_while_a_program_has_a_vf(tmp_path, kernel):
    base = f"/sys/bus/pci/devices/{hosts.IXGBE.vf(0)}"
    kernel.run(["modprobe", "vfio-pci"])
    kernel.sysfs.write(f"{base}/driver/unbind", hosts.IXGBE.vf(0))
    kernel.sysfs.write(f"{base}/driver_override", "vfio-pci\n")
    kernel.sysfs.write("/sys/bus/pci/drivers_probe", hosts.IXGBE.vf(0))
    build(tmp_path, hosts.process(4711, "dpdk-testpmd", ["/dev/vfio/2"]))
    before = snapshot(tmp_path)
    result = run(kernel, WEB)
    assert result["failure"]["holders"] == ["VF 0: process 4711 (dpdk-testpmd) has /dev/vfio/2 open"]
    assert run(kernel, WEB, allow=["in_use", "destroy_vfs"])["failure"] == result["failure"]
    assert snapshot(tmp_path) == before


def test_a_driver_without_vf_steering_is_named(tmp_path):
    result = run(start(tmp_path, hosts.Nic("mystery", device="abcd")), WEB)
    assert result["failure"]["kind"] == "unsupported"
    assert result["failure"]["why"] == "driver mystery does not steer into VFs: nothing is known of its flow rules"


def test_a_driver_that_chooses_the_places_itself_is_let_to(tmp_path):
    kernel = start(tmp_path, hosts.Nic("mystery", device="abcd"))
    first = run(kernel, {**FLOW, "queue": 1})
    assert first["steps"] == [f"add flow rule of enp1s0 ({hosts.IGB.address}): {FLOW_TO_1}"]
    assert [each["location"] for each in first["pf"]["rules"]] == [0]
    assert not run(kernel, {**FLOW, "queue": 1})["changed"]


FLOW_TO_1 = "tcp4 dst-ip 192.168.254.30 dst-port 80 to queue 1"


def test_a_rule_that_the_driver_refuses_leaves_what_was_there(tmp_path, kernel):
    run(kernel, WEB)
    kernel.ethtool = SimEthtool(tmp_path, {"ethtool -N enp1s0 flow-type tcp4 action 8589934593": errno.EINVAL})
    result = run(kernel, OTHER, {**TO_VF_1, "location": 5})
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["done"] == [
        f"delete flow rule 2045 of {LABEL}: {WORDS}",
        f"add flow rule 2044 of {LABEL}: {OTHER_WORDS}",
        f"delete flow rule 2044 of {LABEL}: {OTHER_WORDS}",
        f"put back flow rule 2045 of {LABEL}: {WORDS}",
    ]
    assert (result["failure"]["errno"], result["lost"]) == ("EINVAL", [])
    assert result["failure"]["why"].endswith(
        f"; flow rule 2044 of {LABEL}, added before it, is out again: {OTHER_WORDS}; flow rule 2045 of {LABEL} is "
        f"back: {WORDS}"
    )
    assert present(kernel) == {2045: WORDS}


def test_builders_and_modules_mean_the_same_rule(kernel):
    run(kernel, WEB)
    (found,) = kernel.ethtool.rules("enp1s0").rules
    assert found == RULE and found != rule(dst_port=80)


# Drivers that refuse what others take: simulation/others.py.


def other_nic(tmp_path, driver, refuses=None):
    nic = hosts.Nic(driver, driver, "0001", "0002", 63)
    kernel = simulate(tmp_path, hosts.host(nic, cpus=8))
    kernel.ethtool = SimEthtool(tmp_path, refuses)
    return kernel


@pytest.mark.parametrize("driver", ["bnxt_en", "sfc"])
def test_a_driver_that_places_rules_keeps_the_old_one_where_the_new_one_is_refused(tmp_path, driver):
    """Its location is the driver's choice: naming it would be EINVAL, and both rules gone."""
    kernel = other_nic(tmp_path, driver)
    assert run(kernel, {**FLOW, "queue": 1}, {**FLOW, "dst_port": 81, "queue": 1})["changed"]
    kernel.ethtool = SimEthtool(tmp_path, {"ethtool -N enp1s0 flow-type tcp4 action 2": errno.EINVAL})
    result = run(kernel, {**FLOW, "queue": 2})
    assert (result["failed"], result["lost"]) == (True, [])
    assert sorted(present(kernel).values()) == [FLOW_TO_1, FLOW_TO_1.replace("port 80", "port 81")]
    kernel.ethtool = SimEthtool(tmp_path)
    moved = run(kernel, {**FLOW, "queue": 2})
    assert (moved["failed"], moved["changed"]) == (False, True), moved
    assert FLOW_TO_1.replace("queue 1", "queue 2") in present(kernel).values()
    assert not run(kernel, {**FLOW, "queue": 2})["changed"]


def test_a_size_that_the_list_does_not_tell_is_taken_from_the_count(tmp_path):
    """bnxt_en: the list tells the number of rules, 0 at first, and every location would be out of range."""
    assert other_nic(tmp_path, "bnxt_en").ethtool.rules("enp1s0").size == 1024


def test_two_sets_of_fields_are_refused_before_the_first_rule_is_in(tmp_path):
    """i40e takes the first one, and answers the second one with EOPNOTSUPP."""
    kernel = other_nic(tmp_path, "i40e")
    both = {**FLOW, "queue": 1}, {"flow_type": "tcp4", "dst_port": 81, "queue": 1}
    result = run(kernel, *both)
    assert (result["failed"], result["changed"], written(kernel)) == (True, False, [])
    assert "driver i40e has one mask for all rules of flow type tcp4" in result["msg"]
    kernel.ethtool.insert_rule("enp1s0", rule(dst_ip=1, dst_port=80, cookie=1, location=3))
    with pytest.raises(KernelRefused):
        kernel.ethtool.insert_rule("enp1s0", rule(dst_port=81, cookie=1, location=4))
    assert run(kernel, both[0])["changed"], "the fields that are there"


V6 = {"flow_type": "tcp6", "dst_ip": "2001:db8::1"}


@pytest.mark.parametrize(
    ("driver", "wanted"),
    [
        pytest.param(driver, wanted, id=f"{driver}: {name}")
        for driver in ("i40e", "qede")
        for name, wanted in {
            "IPv6 and a port": {**V6, "dst_port": 80},
            "IPv6 and all that a connection has": {**V6, "src_ip": "2001:db8::2", "src_port": 9, "dst_port": 80},
            "IPv6 alone": V6,
            "IPv4 and all that a connection has": {**FLOW, "src_ip": "192.0.2.1", "src_port": 9},
            "an IPv4 source": {"flow_type": "udp4", "src_ip": "192.0.2.1"},
            "a port": {"flow_type": "udp6", "dst_port": 53},
        }.items()
    ],
)
def test_a_rule_is_known_again_whatever_masks_the_driver_tells(tmp_path, driver, wanted):
    """qede tells none, i40e those of IPv4 for IPv6 and more than there are."""
    kernel = other_nic(tmp_path, driver)
    assert run(kernel, {**wanted, "queue": 1})["changed"]
    again = run(kernel, {**wanted, "queue": 1})
    assert (again["changed"], again["steps"]) == (False, []), again
    assert run(kernel, {**wanted, "queue": 1}, state="absent")["changed"]
    assert kernel.ethtool.rules("enp1s0").rules == ()


@pytest.mark.parametrize("driver", ["i40e", "qede"])
def test_a_field_of_zero_is_not_seen_again_and_refused(tmp_path, driver):
    result = run(other_nic(tmp_path, driver), {**FLOW, "dst_port": 0, "queue": 1})
    assert result["msg"] == (
        f"rules[0]: cannot match dst_port 0 on {LABEL}: driver {driver} tells no masks: it lists such a rule as one "
        "without dst_port. Remedy: leave out dst_port, or name another."
    )


@pytest.mark.parametrize(("driver", "warned"), [("hinic", True), ("i40e", False)])
def test_what_is_not_known_of_a_driver_s_rules_is_said(tmp_path, driver, warned):
    result = run(other_nic(tmp_path, driver), {**FLOW, "queue": 1}, check=True)
    words = f"which flow rules driver {driver} of {LABEL} takes is not known: it may refuse one, and then"
    assert any(words in str(each) for each in result.get("warnings", [])) == warned, result
