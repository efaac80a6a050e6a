# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Class Ethtool on a simulated SIOCETHTOOL that reads and writes bytes by itself: interfaces and drivers that do not
answer, features, statistics and names. And the real ioctl, on the loopback interface.
"""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import NTUPLE, Ethtool
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import encode_action, flow_rule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import (
    Channels,
    Feature,
    RingSizes,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import NAME, UNKNOWN, WEB, refusal

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
