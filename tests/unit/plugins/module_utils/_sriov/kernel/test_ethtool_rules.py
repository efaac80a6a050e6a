# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules as class Ethtool inserts, reads and deletes them, on a simulated SIOCETHTOOL."""

from __future__ import annotations

import errno
import tempfile

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import NTUPLE
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import (
    DROP,
    encode_action,
    flow_rule,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import RuleTable
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support import flows
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import NAME, NUM_VFS, UNKNOWN, WEB, refusal
from hypothesis import given
from hypothesis import strategies as st

FULL = {bits: (1 << bits) - 1 for bits in (8, 16)}


def steered(kernel):
    kernel.ethtool.set_feature(NAME, NTUPLE, True)
    return kernel.ethtool


def test_rules_are_inserted_read_and_deleted(host):
    ethtool = steered(host(num_vfs=2))
    web = flow_rule("tcp4", WEB, encode_action(0), 2045)
    dns = flow_rule("udp4", {**WEB, "dst_port": (53, FULL[16])}, DROP, 0)
    assert [ethtool.insert_rule(NAME, rule) for rule in (web, dns)] == [2045, 0]
    assert ethtool.rules(NAME) == RuleTable(2046, False, (dns, web))
    ethtool.delete_rule(NAME, 0)
    assert ethtool.rules(NAME) == RuleTable(2046, False, (web,))
    assert refusal(ethtool.delete_rule, NAME, 0) == errno.EINVAL
    ethtool.delete_rule(NAME, 2045)
    assert ethtool.rules(NAME) == RuleTable(2046, False, ())


def test_orders_for_rules_are_reported_one_by_one(host):
    kernel = host(num_vfs=2)
    steered(kernel).insert_rule(NAME, flow_rule("tcp4", WEB, encode_action(0), 5))
    kernel.ethtool.delete_rule(NAME, 5)
    assert written(kernel) == [
        f"{NUM_VFS} 2",
        "ethtool -K enp1s0 rx-ntuple-filter on",
        "ethtool -N enp1s0 flow-type tcp4 action 4294967296 loc 5",
        "ethtool -N enp1s0 delete 5",
    ]


def test_a_driver_that_chooses_the_place_tells_it(host):
    ethtool = host(UNKNOWN).ethtool
    assert ethtool.rules(NAME) == RuleTable(1024, True, ())
    rules = [flow_rule("tcp4", {"dst_port": (port, FULL[16])}, 1) for port in (80, 81)]
    assert [ethtool.insert_rule(NAME, rule) for rule in rules] == [0, 1]
    assert ethtool.rules(NAME).rules == (rules[0].at(0), rules[1].at(1))


class LikeI40e(SimEthtool):
    """i40e_get_rxnfc() tells how many rules there can be, which is no word on who chooses."""

    def _ioctl(self, name, buffer):
        super()._ioctl(name, buffer)
        if buffer[0] == simabi.GRXCLSRLCNT:
            simabi.Rxnfc.from_buffer(buffer).data = 8192


def test_a_driver_that_counts_its_places_does_not_choose(host):
    assert LikeI40e(host().sysfs.path("/")).rules(NAME).driver_places is False


def test_a_driver_that_does_not_choose_refuses_a_rule_without_a_place(host):
    assert refusal(steered(host()).insert_rule, NAME, flow_rule("tcp4", WEB, 1)) == errno.EINVAL


def test_any_rule_comes_back_from_a_driver_that_takes_any(host):
    root = host(UNKNOWN).sysfs.path("/")

    @given(st.lists(flows.rules(locations=st.integers(0, 1023)), max_size=4, unique_by=lambda rule: rule.location))
    def same(rules):
        ethtool = SimEthtool(root)
        for rule in rules:
            assert ethtool.insert_rule(NAME, rule) == rule.location
        assert ethtool.rules(NAME) == RuleTable(1024, True, tuple(sorted(rules, key=lambda rule: rule.location)))
        for rule in rules:
            ethtool.delete_rule(NAME, rule.location)

    same()


def test_a_rule_of_an_rss_context_keeps_it(host):
    ethtool = host(UNKNOWN).ethtool
    rule = flow_rule("tcp4", WEB, 0, 3, context=2)
    ethtool.insert_rule(NAME, rule)
    assert ethtool.rules(NAME).rules == (rule,)
    assert refusal(ethtool.insert_rule, NAME, flow_rule("tcp4", WEB, 1, 4, context=7)) == errno.EINVAL


ixgbe_fields = st.fixed_dictionaries(
    {},
    optional={
        "src_ip": st.tuples(flows.numbers(32), flows.masks(32)),
        "dst_ip": st.tuples(flows.numbers(32), flows.masks(32)),
        "vlan": st.tuples(flows.numbers(16), st.sampled_from((0x0FFF, 0xE000, 0xEFFF, 0xFFFF))),
        "vlan_etype": st.tuples(flows.numbers(16), st.just(FULL[16])),
    },
)
ixgbe_actions = st.sampled_from((0, 3, DROP, encode_action(0), encode_action(3, 3)))


def test_any_rule_that_ixgbe_takes_comes_back_in_the_same_form(tmp_path):
    """Read through ixgbe's own memory of it: FLOW_EXT, the port's mask, TCP under its other name."""
    rule_types = st.sampled_from(("tcp4", "udp4", "sctp4", 6, 17, 132, "ip4"))

    @given(rule_types, ixgbe_fields, ixgbe_actions, st.integers(0, 2045))
    def same(flow_type, fields, cookie, location):
        root = tempfile.mkdtemp(dir=tmp_path)
        kernel = simulate(root, hosts.host(hosts.IXGBE))
        kernel.sysfs.write(NUM_VFS, "4")
        named = isinstance(flow_type, str)
        more = {} if named else {"proto": (flow_type, FULL[8])}
        rule = flow_rule(flow_type if named else "ip4", {**fields, **more}, cookie, location)
        ethtool = steered(kernel)
        ethtool.insert_rule(NAME, rule)
        assert ethtool.rules(NAME).rules == (rule,)

    same()


class Restless(SimEthtool):
    """Somebody inserts or deletes a rule while they are listed.

    :param moments: how often, after so many questions each.
    """

    def __init__(self, root, change, command, moments):
        super().__init__(root)
        self.change, self.command, self.moments = change, command, moments

    def _ioctl(self, name, buffer):
        super()._ioctl(name, buffer)
        if buffer[0] == self.command and self.moments:
            self.moments -= 1
            self.change(SimEthtool(self._devices.root))


def move(other):
    other.delete_rule(NAME, 5)
    other.insert_rule(NAME, RULE.at(7))


RULE = flow_rule("tcp4", WEB, 1, 9)
CHANGES = [
    pytest.param(lambda other: other.insert_rule(NAME, RULE), simabi.GRXCLSRLCNT, (5, 9), id="one more (EMSGSIZE)"),
    pytest.param(move, simabi.GRXCLSRLALL, (7,), id="one at another place (EINVAL)"),
]


@pytest.mark.parametrize(("change", "command", "locations"), CHANGES)
def test_rules_that_change_while_they_are_listed_are_listed_again(host, change, command, locations):
    kernel = host()
    steered(kernel).insert_rule(NAME, RULE.at(5))
    table = Restless(kernel.sysfs.path("/"), change, command, 1).rules(NAME)
    assert tuple(rule.location for rule in table.rules) == locations


def test_rules_that_never_stop_changing_are_not_known(host):
    kernel = host()
    steered(kernel)
    places = iter(range(100))
    restless = Restless(
        kernel.sysfs.path("/"), lambda other: other.insert_rule(NAME, RULE.at(next(places))), simabi.GRXCLSRLCNT, 100
    )
    assert restless.rules(NAME) is None
    assert next(places) == 3, "it gives up"
