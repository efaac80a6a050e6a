# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ip` prints of VFs, and what it is given for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import (
    VfAttributes,
    attribute_words,
    ip_words,
    parse_vf,
    with_companions,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import FRESH
from hypothesis import given
from hypothesis import strategies as st

MAC = "02:00:00:00:aa:00"
# `ip -j -d link show` (iproute2 6.1) on ixgbe.
ENTRY = {
    "vf": 0,
    "link_type": "ether",
    "address": MAC,
    "broadcast": "ff:ff:ff:ff:ff:ff",
    "vlan_list": [{}],
    "rate": {"max_tx": 0, "min_tx": 0},
    "spoofchk": True,
    "link_state": "auto",
    "trust": False,
    "query_rss_en": False,
}
REPORTED = replace(FRESH, mac=MAC)


def entry(*without, **changes):
    return {name: value for name, value in {**ENTRY, **changes}.items() if name not in without}


@pytest.mark.parametrize(
    ("printed", "attributes"),
    [
        pytest.param(entry(), REPORTED, id="iproute2 6.1, nothing set"),
        pytest.param(
            entry(vlan_list=[{"vlan": 100, "qos": 3}]), replace(REPORTED, vlan=100, qos=3), id="VLAN and priority"
        ),
        pytest.param(entry(vlan_list=[{"qos": 3}]), replace(REPORTED, qos=3), id="a priority alone"),
        pytest.param(
            entry(vlan_list=[{"vlan": 5, "protocol": "802.1ad"}]),
            replace(REPORTED, vlan=5, vlan_proto="802.1ad"),
            id="another protocol",
        ),
        pytest.param(
            entry(tx_rate=500, rate={"max_tx": 500, "min_tx": 100}),
            replace(REPORTED, max_tx_rate=500, min_tx_rate=100),
            id="rates",
        ),
        pytest.param(
            entry("address", "broadcast", "link_type", mac=MAC), REPORTED, id="iproute2 5.2: the address is called mac"
        ),
        pytest.param(
            entry("vlan_list", vlan=7, qos=1), replace(REPORTED, vlan=7, qos=1), id="a kernel without VLAN list"
        ),
        pytest.param(entry("vlan_list"), REPORTED, id="a kernel without VLAN list, and no VLAN"),
        pytest.param(entry("rate", tx_rate=500), replace(REPORTED, max_tx_rate=500), id="a kernel without least rates"),
        pytest.param(
            entry("query_rss_en", "trust", "spoofchk"),
            replace(REPORTED, query_rss=None, trust=None, spoofchk=None),
            id="what the driver does not tell",
        ),
        pytest.param(entry(link_state="disable"), replace(REPORTED, link_state="disable"), id="a link that is off"),
    ],
)
def test_all_shapes_of_iproute2_are_read(printed, attributes):
    assert parse_vf(printed) == attributes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(VfAttributes(mac=MAC), f"mac {MAC}", id="mac"),
        pytest.param(VfAttributes(vlan=5, qos=1, vlan_proto="802.1ad"), "vlan 5 qos 1 proto 802.1ad", id="vlan"),
        pytest.param(VfAttributes(vlan=0, qos=0, vlan_proto="802.1Q"), "vlan 0 qos 0 proto 802.1Q", id="no vlan"),
        pytest.param(VfAttributes(min_tx_rate=0, max_tx_rate=500), "max_tx_rate 500 min_tx_rate 0", id="rates"),
        pytest.param(VfAttributes(spoofchk=False, trust=True), "spoofchk off trust on", id="switches"),
        pytest.param(VfAttributes(link_state="auto", query_rss=True), "state auto query_rss on", id="state, query_rss"),
    ],
)
def test_ip_is_reported_in_its_own_words(change, words):
    assert ip_words(3, change) == ["vf", "3", *words.split()]


@pytest.mark.parametrize(
    ("change", "whole"),
    [
        pytest.param(VfAttributes(qos=5), VfAttributes(vlan=100, qos=5, vlan_proto="802.1Q"), id="priority with VLAN"),
        pytest.param(VfAttributes(max_tx_rate=9), VfAttributes(max_tx_rate=9, min_tx_rate=3), id="both rates"),
        pytest.param(VfAttributes(mac=MAC, trust=True), VfAttributes(mac=MAC, trust=True), id="the others alone"),
    ],
)
def test_a_change_has_what_iproute2_writes_along_with_it(change, whole):
    before = replace(FRESH, vlan=100, qos=3, min_tx_rate=3)
    assert with_companions(change, before.merged(change)) == whole


def test_a_sentence_has_what_changes_and_what_was():
    change = VfAttributes(mac=MAC, vlan=100, qos=0, vlan_proto="802.1Q", spoofchk=False, trust=True)
    assert attribute_words(change, replace(FRESH, trust=None)) == (
        f"mac {MAC} (was 00:00:00:00:00:00), vlan 100 (was 0), spoofchk off (was on), trust on"
    )


values = st.builds(
    VfAttributes,
    mac=st.sampled_from((None, MAC)),
    vlan=st.sampled_from((None, 0, 7)),
    qos=st.sampled_from((None, 0, 3)),
    vlan_proto=st.sampled_from((None, "802.1Q", "802.1ad")),
    spoofchk=st.sampled_from((None, False, True)),
    trust=st.sampled_from((None, False, True)),
    min_tx_rate=st.sampled_from((None, 0, 5)),
    max_tx_rate=st.sampled_from((None, 0, 500)),
    link_state=st.sampled_from((None, "auto", "disable")),
    query_rss=st.sampled_from((None, False, True)),
)


@given(values, values)
def test_what_is_missing_is_what_a_change_brings(desired, observed):
    missing = desired.missing(observed)
    assert observed.merged(missing) == observed.merged(desired)
    assert desired.missing(observed.merged(missing)) == VfAttributes()
    assert missing.words().items() <= desired.words().items()
