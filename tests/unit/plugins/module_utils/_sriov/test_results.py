# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Model objects as module results. Which values there are is compared with the documentation in test_returns.py."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import (
    Channels,
    Feature,
    Queues,
    Rss,
    RuleTable,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.results import (
    device_result,
    pf_result,
    queues_result,
    rule_result,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    RULE,
    ixgbe,
    netdev,
    pf,
    pf_device,
    rule,
    vf,
)


def test_what_a_driver_does_not_tell_is_null():
    assert queues_result(Queues()) == {
        "channels": None,
        "rss": None,
        "ring_sizes": None,
        "ntuple": None,
        "locations": None,
        "rules": [],
    }
    assert queues_result(Queues(rss=Rss(4, ())))["rss"] is None, "a table of no entries is none"


def test_queues_are_shown_whole():
    table = RuleTable(2046, rules=(RULE, rule(location=None, dst_port=1), rule(location=7, dst_port=2)))
    shown = queues_result(
        Queues(Channels(combined=2), Rss(2, (0, 1, 1), "aa:bb", "toeplitz"), Feature(True, False), table)._replace(
            hash_fields={"tcp4": 0xF0, "udp4": 0x30, "udp6": 1 << 31, "tcp6": 0x330}
        )
    )
    assert shown["channels"]["combined"] == 2
    assert shown["rss"] == {
        "rings": 2,
        "table": [0, 1, 1],
        "entries": {"0": 1, "1": 2},
        "key": "aa:bb",
        "hash_function": "toeplitz",
        "hash_fields": {"tcp4": "sdfn", "udp4": "sd", "udp6": "r", "tcp6": "sd+0x300"},
    }
    assert (shown["ntuple"], shown["locations"]) == ({"on": True, "changeable": False}, 2046)
    assert [each["location"] for each in shown["rules"]] == [7, 2045, None], "one without a place comes last"


@pytest.mark.parametrize(
    ("cookie", "vf_index", "queue", "drop"),
    [
        pytest.param(1 << 32, 0, 0, False, id="VF 0, queue 0: 4294967296"),
        pytest.param(3 << 32 | 1, 2, 1, False, id="VF 2, queue 1"),
        pytest.param(5, None, 5, False, id="a queue of the PF"),
        pytest.param(2**64 - 1, None, None, True, id="drop"),
        pytest.param(1 << 40, None, None, False, id="bits that lead nowhere"),
    ],
)
def test_the_action_of_a_rule_is_decoded(cookie, vf_index, queue, drop):
    shown = rule_result(rule(cookie=cookie, dst_port=80))
    assert (shown["action"], shown["vf"], shown["queue"], shown["drop"]) == (cookie, vf_index, queue, drop)


def test_a_device_has_the_mode_of_its_node_in_octal_and_its_users_in_words():
    shown = device_result(vf(driver="vfio-pci", holders=(BUSY,)))
    assert (shown["dev_node"], shown["owner"], shown["mode"]) == ("/dev/vfio/10", 0, "0600")
    assert (shown["name"], shown["holders"]) == (None, [BUSY.text])
    assert device_result(vf())["mode"] is None


def test_an_interface_that_has_no_name_yet_has_none_and_its_address_is_not_known():
    shown = device_result(vf(netdevs=(netdev("", mac="", ifindex=0),)))
    assert (shown["name"], shown["mac"]) == (None, None)


def test_only_a_vf_has_attributes_and_those_that_are_not_told_are_null():
    assert "attributes" not in device_result(pf_device())
    assert set(device_result(vf(attributes=None))["attributes"].values()) == {None}
    assert device_result(vf())["attributes"]["spoofchk"] is True


def test_a_pf_has_its_vfs_its_queues_and_the_size_of_its_rss_group():
    shown = pf_result(ixgbe(2, combined_channels=4, online_cpus=16, rules=(RULE,)))
    assert (shown["num_vfs"], [each["vf"] for each in shown["vfs"]]) == (2, [0, 1])
    assert (shown["rss_queues"], shown["channels"]["combined"], len(shown["rules"])) == (4, 4, 1)


def test_a_pf_without_interface_has_no_rss_group():
    shown = pf_result(pf(netdevs=()))
    assert [shown[word] for word in ("name", "mac", "up", "carrier", "mtu", "rss_queues")] == [None] * 6
