# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals for what a driver's source says of whole fields, of masks and of locations, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.drivers import LENIENT
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    desired_pf,
    desired_rules,
    pf,
    refusals,
    rule,
    sentences,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import ON, to, with_rules


def nic(driver, *rules, device="0001", **changes):
    """Another driver's PF, with rules in force."""
    return with_rules(*rules, driver=driver, device=device, **changes)


def queue_rule(flow_type="tcp4", location=None, masks=(), **fields):
    """A rule to queue 1, some fields of it with a mask."""
    made = rule(flow_type, cookie=1, location=location, **fields)
    match = tuple(
        (name, value & dict(masks).get(name, mask), dict(masks).get(name, mask)) for name, value, mask in made.match
    )
    return replace(made, match=match)


PAIR = queue_rule(dst_ip=1, dst_port=80), queue_rule(dst_port=81)
PAIR_WORDS = "tcp4 dst-port 81 to queue 1 has another mask than tcp4 dst-ip 0.0.0.1 dst-port 80 to queue 1"
ONE_MASK = (
    "has one mask for all rules of flow type tcp4: every rule must compare the same fields and bits. "
    "Remedy: write all tcp4 rules with the same fields, or remove the others first (exclusive: true)."
)


@pytest.mark.usefixtures("lenient")
def test_masks_do_not_matter_where_each_rule_has_its_own():
    changes = {"driver": LENIENT.name, "device": "9999", "rules": (rule(dst_ip=1, location=9),)}
    state = pf(4, combined_channels=4, ntuple="on", **changes)
    assert sentences(state, desired_pf(rules=desired_rules(to(0))))


@pytest.mark.parametrize("driver", ["i40e", "ice"])
def test_one_set_of_fields_for_a_flow_type_is_judged_before_the_first_write(driver):
    """They answer the second one with EOPNOTSUPP, and the first one is in."""
    (refused,) = refusals(nic(driver), desired_pf(rules=desired_rules(*PAIR)))
    first, second = PAIR
    assert str(refused) == f"rules[0]: {first} has another mask than {second}{ON}driver {driver} {ONE_MASK}"


@pytest.mark.parametrize("driver", ["i40e", "ice"])
def test_a_rule_that_is_there_has_its_flow_type_s_fields(driver):
    state = nic(driver, PAIR[0].at(9))
    (refused,) = refusals(state, desired_pf(rules=desired_rules(PAIR[1])))
    assert str(refused) == f"rules[0]: {PAIR_WORDS}{ON}driver {driver} {ONE_MASK}"
    assert sentences(state, desired_pf(rules=desired_rules(PAIR[1], exclusive=True)))[-1].startswith("add flow rule")
    assert sentences(state, desired_pf(rules=desired_rules(queue_rule("udp4", dst_port=9)))), "another flow type"


def test_the_words_of_i40e_s_payload_are_compared_by_where_they_are():
    words = [queue_rule("udp4", user_def=offset << 16 | 7) for offset in (2, 4)]
    words = [
        replace(each, match=(("user_def", offset << 16 | 7, (1 << 64) - 1),)) for each, offset in zip(words, (2, 4))
    ]
    assert len(refusals(nic("i40e"), desired_pf(rules=desired_rules(*words)))) == 1
    same = [replace(each, match=(("user_def", 2 << 16 | word, (1 << 64) - 1),)) for word, each in enumerate(words)]
    assert refusals(nic("i40e"), desired_pf(rules=desired_rules(*same))) == []


@pytest.mark.parametrize("driver", ["i40e", "ice", "sfc", "qede", "mlx4_core"])
@pytest.mark.parametrize(
    ("partial", "field", "bits"),
    [
        pytest.param(queue_rule(dst_ip=1, masks={"dst_ip": 0xFFFFFF00}), "dst_ip", 32, id="a network"),
        pytest.param(queue_rule(src_port=1, masks={"src_port": 0xFF00}), "src_port", 16, id="ports"),
    ],
)
def test_drivers_that_compare_whole_fields_get_no_part_of_one(driver, partial, field, bits):
    (refused,) = refusals(nic(driver), desired_pf(rules=desired_rules(partial)))
    assert str(refused) == (
        f"rules[0]: cannot match a part of {field}{ON}driver {driver} compares all {bits} bits of it or none. "
        f"Remedy: name one whole {field}, or leave it out."
    )


def test_ixgbe_gets_no_part_of_the_bytes_that_it_calls_flexible():
    """ixgbe_82599.c ixgbe_fdir_set_input_mask_82599: EIO, which becomes EINVAL."""
    partial = queue_rule(vlan_etype=0x88, masks={"vlan_etype": 0xFF})
    (refused,) = refusals(nic("ixgbe"), desired_pf(rules=desired_rules(partial)))
    assert str(refused) == (
        f"rules[0]: cannot match a part of vlan_etype{ON}driver ixgbe compares all 16 bits of it or none. "
        "Remedy: name one whole vlan_etype, or leave it out."
    )
    assert refusals(nic("ixgbe"), desired_pf(rules=desired_rules(queue_rule(vlan_etype=0x88)))) == []


def test_a_vlan_without_its_priority_is_ignored_by_i40e_and_refused():
    (refused,) = refusals(nic("i40e"), desired_pf(rules=desired_rules(queue_rule(vlan=100))))
    assert str(refused) == (
        f"rules[0]: cannot match vlan with mask 0xfff{ON}driver i40e takes 0xffff for it. Remedy: give such a mask "
        "(masks), or leave out the field."
    )
    assert refusals(nic("i40e"), desired_pf(rules=desired_rules(queue_rule(vlan=100, masks={"vlan": 0xFFFF})))) == []


@pytest.mark.parametrize("driver", ["bnxt_en", "sfc"])
def test_a_location_is_not_named_where_the_driver_picks_it(driver):
    state = nic(driver, driver_places=True)
    (refused,) = refusals(state, desired_pf(rules=desired_rules(queue_rule(dst_ip=1, location=5))))
    assert str(refused) == (
        f"rules[0]: location 5 cannot be named{ON}driver {driver} picks the locations of all rules itself. "
        "Remedy: leave out location."
    )
    assert refusals(state, desired_pf(rules=desired_rules(queue_rule(dst_ip=1)))) == []


def test_hns3_does_not_compare_a_field_of_zero():
    (refused,) = refusals(nic("hns3"), desired_pf(rules=desired_rules(queue_rule(dst_ip=1, src_port=0))))
    assert str(refused) == (
        f"rules[0]: cannot match src_port 0{ON}driver hns3 does not compare a field of zero. Remedy: leave out "
        "src_port, or name another."
    )
    assert refusals(nic("ice"), desired_pf(rules=desired_rules(queue_rule(dst_ip=1, src_port=0)))) == []


def test_mlx5_takes_the_id_of_a_vlan_alone():
    assert refusals(nic("mlx5_core"), desired_pf(rules=desired_rules(queue_rule(vlan=100)))) == []
    (refused,) = refusals(
        nic("mlx5_core"), desired_pf(rules=desired_rules(queue_rule(vlan=100, masks={"vlan": 0xFFFF})))
    )
    assert refused.why == "driver mlx5_core takes 0xfff for it"


def test_bnxt_takes_no_rule_for_all_of_ip():
    state = nic("bnxt_en", driver_places=True)
    for wanted, which in ((queue_rule("ip4", dst_ip=1), "any"), (queue_rule("ip6", proto=47), "this")):
        (refused,) = refusals(state, desired_pf(rules=desired_rules(wanted)))
        assert str(refused) == (
            f"rules[0]: cannot match {wanted.flow_type} with {which} L4 protocol{ON}driver bnxt_en takes proto 1, 58, "
            "255 only. Remedy: name one of these, or write a rule for each of TCP and UDP."
        )
    assert refusals(state, desired_pf(rules=desired_rules(queue_rule("ip4", dst_ip=1, proto=1)))) == []
