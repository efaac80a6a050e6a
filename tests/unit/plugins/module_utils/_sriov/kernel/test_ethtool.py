# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each question and order of class Ethtool, on a simulated SIOCETHTOOL that reads and writes bytes by itself."""

from __future__ import annotations

import errno
import json
import tempfile

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import NTUPLE, Ethtool
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import (
    DROP,
    encode_action,
    flow_rule,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import (
    Channels,
    Feature,
    RingSizes,
    RuleTable,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import HASHED_FLOWS
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support import flows
from hypothesis import given
from hypothesis import strategies as st

NAME = "enp1s0"
UNKNOWN = hosts.Nic("mystery", device="abcd")
NUM_VFS = f"/{hosts.DEVICES}/{hosts.IGB.address}/sriov_numvfs"
FULL = {bits: (1 << bits) - 1 for bits in (8, 16, 32, 48)}
WEB = {"dst_ip": (0xC0A8FE1E, FULL[32]), "dst_port": (80, FULL[16])}


@pytest.fixture
def host(tmp_path):
    """A kernel with a NIC, some VFs, and some files that are others."""

    def made(nic=hosts.IXGBE, num_vfs=0, extra=None, **options):
        kernel = simulate(tmp_path, {**hosts.host(nic, **options), **(extra or {})})
        if num_vfs:
            kernel.sysfs.write(NUM_VFS, str(num_vfs))
        return kernel

    return made


def refusal(order, *arguments):
    """The errno of an order."""
    with pytest.raises(KernelRefused) as caught:
        order(*arguments)
    return caught.value.errno


def steered(kernel):
    kernel.ethtool.set_feature(NAME, NTUPLE, True)
    return kernel.ethtool


# Who does not answer.

QUESTIONS = {
    "channels": None,
    "rings": None,
    "ring_sizes": None,
    "rss": None,
    "rules": None,
    "feature": None,
    "features": {},
    "statistics": {},
    "driver_info": {},
    "permanent_mac": None,
}


@pytest.mark.parametrize(("question", "nothing"), QUESTIONS.items())
def test_an_interface_that_is_not_there_has_no_answer(host, question, nothing):
    assert getattr(host().ethtool, question)("enp7s0") == nothing


@pytest.mark.parametrize("question", ["channels", "rings", "ring_sizes", "rss", "rules", "statistics"])
def test_a_driver_without_queues_has_no_answer(host, question):
    """A VF's driver, and an interface that is no device at all."""
    kernel = host(num_vfs=1)
    assert getattr(kernel.ethtool, question)("enp1s0v0") == QUESTIONS[question]
    assert getattr(kernel.ethtool, question)("eth0") == QUESTIONS[question]


ORDERS = {
    "ring sizes": lambda ethtool, name: ethtool.set_ring_sizes(name, RingSizes(rx=64, tx=64)),
    "channels": lambda ethtool, name: ethtool.set_channels(name, Channels(combined=1, other=1)),
    "feature": lambda ethtool, name: ethtool.set_feature(name, NTUPLE, True),
    "table": lambda ethtool, name: ethtool.set_rss(name, (0, 1)),
    "default table": lambda ethtool, name: ethtool.set_rss(name, None),
    "rule": lambda ethtool, name: ethtool.insert_rule(name, flow_rule("tcp4", {}, 0, 0)),
    "rule to delete": lambda ethtool, name: ethtool.delete_rule(name, 0),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_an_order_to_an_interface_that_is_not_there_is_refused(host, order):
    expected = errno.EOPNOTSUPP if order is ORDERS["feature"] else errno.ENODEV  # whose name is looked up before
    assert refusal(order, host().ethtool, "enp7s0") == expected


@pytest.mark.parametrize("name", ["channels", "ring sizes", "table", "default table", "rule", "rule to delete"])
def test_an_order_that_the_driver_does_not_know_is_refused(host, name):
    assert refusal(ORDERS[name], host().ethtool, "eth0") == errno.EOPNOTSUPP


def test_a_refusal_says_what_was_refused(host):
    with pytest.raises(KernelRefused) as caught:
        host().ethtool.insert_rule(NAME, flow_rule("tcp4", WEB, encode_action(0), 5))
    what = "the driver refused the flow rule tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
    assert (caught.value.what, caught.value.errno) == (what, errno.EOPNOTSUPP)


# Channels.


@pytest.mark.parametrize(
    ("nic", "num_vfs", "cpus", "channels"),
    [
        pytest.param(hosts.IXGBE, 0, 8, Channels(max_combined=8, other=1, combined=8), id="82599"),
        pytest.param(hosts.IXGBE, 4, 8, Channels(max_combined=4, other=1, combined=4), id="82599 with VFs"),
        pytest.param(hosts.IGB, 0, 4, Channels(max_combined=8, other=1, combined=4), id="82576 with few CPUs"),
        pytest.param(UNKNOWN, 0, 4, Channels(max_combined=4, combined=4), id="an unknown driver"),
    ],
)
def test_channels_are_read(host, nic, num_vfs, cpus, channels):
    assert host(nic, num_vfs, cpus=cpus).ethtool.channels(NAME) == channels


def test_channels_are_set_and_the_others_given_back_as_they_were(host):
    kernel = host()
    channels = kernel.ethtool.channels(NAME)
    kernel.ethtool.set_channels(NAME, channels._replace(combined=4))
    assert kernel.ethtool.channels(NAME) == channels._replace(combined=4)
    assert written(kernel) == ["ethtool -L enp1s0 combined 4"]


@pytest.mark.parametrize(
    "changes",
    [{"combined": 9}, {"combined": 0}, {"rx": 1}, {"other": 0}],
    ids=["more than there are", "none at all", "of a kind that there is none of", "no other"],
)
def test_channels_that_the_driver_cannot_have_are_refused(host, changes):
    ethtool = host().ethtool
    channels = ethtool.channels(NAME)
    with pytest.raises(KernelRefused) as caught:
        ethtool.set_channels(NAME, channels._replace(**changes))
    assert caught.value.errno == errno.EINVAL
    assert caught.value.what == f"the driver refused `ethtool -L enp1s0 combined {changes.get('combined', 8)}`"
    assert ethtool.channels(NAME) == channels


# Features.


@pytest.mark.parametrize(
    ("nic", "name", "feature"),
    [
        (hosts.IXGBE, NTUPLE, Feature(on=False, changeable=True)),
        (hosts.IXGBE, "rx-checksum", Feature(on=True, changeable=True)),
        (hosts.IXGBE, "highdma", Feature(on=True, changeable=False)),
        (hosts.IXGBE, "vlan-challenged", Feature(on=False, changeable=False)),
        (hosts.IXGBE, "hw-tc-offload", Feature(on=False, changeable=True)),
        (hosts.IXGBE, "no-such-feature", None),
        (hosts.IGB, NTUPLE, Feature(on=False, changeable=False)),
        (hosts.Nic(device="1521"), NTUPLE, Feature(on=False, changeable=True)),
        (UNKNOWN, NTUPLE, Feature(on=True, changeable=False)),
    ],
)
def test_a_feature_is_read_by_the_kernels_name(host, nic, name, feature):
    assert host(nic).ethtool.feature(NAME, name) == feature


def test_features_without_a_name_are_left_out(host):
    features = host().ethtool.features(NAME)
    assert "" not in features and len(features) == 59
    assert features["hsr-dup-offload"] == Feature(on=False, changeable=False)


@pytest.mark.parametrize("feature", [NTUPLE, "rx-checksum", "rx-gro-list"])
def test_a_feature_goes_on_and_off_alone(host, feature):
    kernel = host()
    before = kernel.ethtool.features(NAME)
    was = before[feature].on
    kernel.ethtool.set_feature(NAME, feature, not was)
    assert kernel.ethtool.features(NAME) == {**before, feature: Feature(not was, True)}
    kernel.ethtool.set_feature(NAME, feature, was)
    assert kernel.ethtool.features(NAME) == before
    words = {True: "on", False: "off"}
    assert written(kernel) == [f"ethtool -K enp1s0 {feature} {words[on]}" for on in (not was, was)]


@pytest.mark.parametrize(
    ("nic", "feature"),
    [
        pytest.param(hosts.IGB, NTUPLE, id="fixed"),
        pytest.param(hosts.IXGBE, "rx-lro", id="desired for, and the driver has a reason against it"),
    ],
)
def test_a_feature_that_stays_off_is_no_error(host, nic, feature):
    """The kernel answers success: what came of it is to be read."""
    ethtool = host(nic, num_vfs=1).ethtool
    ethtool.set_feature(NAME, feature, True)
    assert ethtool.feature(NAME, feature).on is False


def test_a_feature_that_no_driver_may_change_is_refused(host):
    assert refusal(host().ethtool.set_feature, NAME, "vlan-challenged", True) == errno.EINVAL


def test_a_feature_that_the_kernel_does_not_know_is_refused(host):
    assert refusal(host().ethtool.set_feature, NAME, "no-such-feature", True) == errno.EOPNOTSUPP


# The indirection table.


def test_a_table_is_read_whole(host):
    rss = host(num_vfs=4).ethtool.rss(NAME)
    assert (rss.rings, rss.hash_function) == (4, "toeplitz")
    assert rss.table == (0, 1, 2, 3) * 32
    assert rss.key.startswith("01:02:03") and len(rss.key) == 40 * 3 - 1


def test_a_key_that_the_driver_does_not_tell_is_empty(host):
    rss = host(hosts.IGB).ethtool.rss(NAME)
    assert (len(rss.table), rss.key, rss.hash_function) == (128, "", "toeplitz")


def test_a_table_is_set_and_forgotten(host):
    kernel = host(num_vfs=4)
    own = (0,) * 32 + (1,) * 64 + (2,) * 32
    kernel.ethtool.set_rss(NAME, own)
    assert kernel.ethtool.rss(NAME).table == own
    kernel.ethtool.set_rss(NAME, None)
    assert kernel.ethtool.rss(NAME).table == (0, 1, 2, 3) * 32
    assert written(kernel)[1:] == ["ethtool -X enp1s0 0:32 1:64 2:32", "ethtool -X enp1s0 default"]


@pytest.mark.parametrize(
    "table", [(4,) * 128, (0,) * 127, (0,) * 64], ids=["a queue too many", "an entry too few", "half of it"]
)
def test_a_table_that_does_not_fit_is_refused(host, table):
    ethtool = host(num_vfs=4).ethtool
    assert refusal(ethtool.set_rss, NAME, table) == errno.EINVAL
    assert ethtool.rss(NAME).table == (0, 1, 2, 3) * 32


# The hash.


def test_a_hash_key_is_set_and_the_table_stays(host):
    kernel = host(num_vfs=4)
    kernel.ethtool.set_rss(NAME, (0,) * 128)
    kernel.ethtool.set_hash(NAME, ":".join(["6d:5a"] * 20), None)
    rss = kernel.ethtool.rss(NAME)
    assert (rss.key, rss.table) == (":".join(["6d:5a"] * 20), (0,) * 128)


@pytest.mark.parametrize(
    ("nic", "key", "function", "expected"),
    [
        pytest.param(hosts.IXGBE, "6d:5a", None, errno.EINVAL, id="a key of another length"),
        pytest.param(hosts.IXGBE, None, "xor", errno.EOPNOTSUPP, id="ixgbe: another function"),
        pytest.param(hosts.IXGBE, None, None, errno.EINVAL, id="nothing at all"),
        pytest.param(hosts.IGB, "6d:5a", None, errno.EINVAL, id="igb has no key"),
        pytest.param(hosts.IGB, None, "xor", errno.EOPNOTSUPP, id="igb: another function"),
    ],
)
def test_a_hash_that_the_driver_does_not_take(host, nic, key, function, expected):
    assert refusal(host(nic).ethtool.set_hash, NAME, key, function) == expected


@pytest.mark.parametrize("nic", [hosts.IXGBE, hosts.IGB], ids=["ixgbe", "igb"])
def test_of_the_hash_fields_those_of_udp_can_be_changed(host, nic):
    ethtool = host(nic).ethtool
    assert [ethtool.hash_fields(NAME, flow) for flow in HASHED_FLOWS] == [0xF0, 0x30, 0x30] * 2
    ethtool.set_hash_fields(NAME, "udp6", 0xF0)
    assert [ethtool.hash_fields(NAME, flow) for flow in HASHED_FLOWS] == [0xF0, 0x30, 0x30, 0xF0, 0xF0, 0x30]
    ethtool.set_hash_fields(NAME, "udp6", 0x30)
    for flow_type, bits in (("tcp4", 0x30), ("udp4", 0x70), ("sctp6", 0xF0), ("udp4", 0xF8), ("udp4", 0)):
        assert refusal(ethtool.set_hash_fields, NAME, flow_type, bits) == errno.EINVAL
    assert ethtool.hash_fields("lo", "tcp4") is None


def test_an_rss_context_is_there_or_not(host):
    ethtool = host(UNKNOWN).ethtool
    assert [ethtool.context(NAME, number) for number in (0, 1, 3)] == [0, 0, errno.ENOENT]


def test_a_driver_without_rss_contexts_says_so(host):
    assert host(hosts.IXGBE).ethtool.context(NAME, 1) == errno.EOPNOTSUPP


# Flow rules.


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


# Names and numbers.


def test_statistics_are_the_drivers_own_in_its_order(host):
    counters = {"rx_packets": 5, "fdir_match": 2**64 - 1, "rx_queue_3_packets": 7}
    statistics = host(extra={f"sim/statistics/{NAME}": json.dumps(counters)}).ethtool.statistics(NAME)
    assert {name: value for name, value in statistics.items() if value} == counters
    assert list(statistics)[:2] == ["rx_packets", "tx_packets"]
    assert "rx_queue_63_packets" in statistics


def test_statistics_of_an_unknown_driver_keep_their_names(host):
    counters = {"rx-0.rx_packets": 3}
    statistics = host(UNKNOWN, cpus=2, extra={f"sim/statistics/{NAME}": json.dumps(counters)}).ethtool.statistics(NAME)
    assert statistics == {"port_rx_packets": 0, "rx-0.rx_packets": 3, "rx-1.rx_packets": 0}


def test_a_driver_introduces_itself(host):
    assert host().ethtool.driver_info(NAME) == {
        "driver": "ixgbe",
        "version": "6.12.0",
        "firmware_version": "0x800003df",
        "bus_info": hosts.IXGBE.address,
    }


@pytest.mark.parametrize(
    ("more", "mac"), [({}, hosts.IXGBE.mac), ({"permaddr": "02:00:00:00:07:07"}, "02:00:00:00:07:07")]
)
def test_the_address_in_the_card_is_reported(host, more, mac):
    extra = hosts.interface(NAME, 3, hosts.IXGBE.mac, up=True, **more)
    assert host(extra=extra).ethtool.permanent_mac(NAME) == mac


# The real ioctl, on the one interface that every machine has.


def test_the_kernel_of_this_machine_tells_the_features_of_its_loopback():
    features = Ethtool().features("lo")
    assert features["loopback"] == Feature(on=True, changeable=False)
    assert features[NTUPLE] == Feature(on=False, changeable=False)
    assert Ethtool().permanent_mac("lo") == "00:00:00:00:00:00"


@pytest.mark.parametrize("name", ["channels", "table", "default table", "rule", "rule to delete"])
def test_the_kernel_of_this_machine_refuses_orders_to_its_loopback(name):
    """EPERM for those who are not root."""
    assert refusal(ORDERS[name], Ethtool(), "lo") in (errno.EOPNOTSUPP, errno.EPERM)


@pytest.mark.parametrize("name", ["lo", "no-such-name", "a-name-longer-than-the-kernel-takes"])
def test_a_driver_that_does_not_say_has_no_channels(name):
    assert Ethtool().channels(name) is None
