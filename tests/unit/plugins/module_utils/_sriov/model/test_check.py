# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no host can meet, word for word; all of it is told at once."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest, SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.check import (
    check_desired,
    check_driver_name,
    check_value,
    shared_addresses,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredPf,
    DesiredVfs,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import Selector, parse_selector
from ansible_collections.kernel_bypass.sriov.tests.unit.support.entries import MOST, desired_entries
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import desired_pf, desired_rules, rule
from hypothesis import given
from hypothesis import strategies as st

MAC, OTHER = "02:00:00:00:aa:00", "02:00:00:00:aa:01"
ON = " on enp1s0"
NAME_ONCE = "Remedy: name each VF once; only an entry for fewer of the VFs of an earlier one may say otherwise."
OF_THE_TAG = "it is part of the VLAN tag that the card adds. Remedy: give vlan too, or leave out"
OF_THE_NODE = "it is about the node of a driver for user space. Remedy: give the driver too, as in driver: vfio-pci."
OF_ONE_ADDRESS = "two VFs with one address would share their frames. Remedy: give each its own, or auto."


def entries(*pairs):
    """Pairs of a selector and what is said, as a list of VFs."""
    return tuple(DesiredVfs(parse_selector(vf), said, f"vfs[{number}]") for number, (vf, said) in enumerate(pairs))


def wanted(*pairs, **options):
    return Desired((DesiredPf("enp1s0", vfs=entries(*pairs), **options),))


def refusals(desired):
    try:
        check_desired(desired)
    except SriovError as error:
        return [str(each) for each in error.each()]
    return []


@pytest.mark.parametrize(
    ("desired", "messages"),
    [
        pytest.param(
            Desired((DesiredPf(" ", place="provision_pfs[0]."),)),
            ["provision_pfs[0].pf: it is empty. Remedy: name it by interface name, altname, MAC or PCI address."],
            id="no name",
        ),
        pytest.param(
            wanted(num_vfs=-1, up=False),
            [f"num_vfs: -1 is negative{ON}. Remedy: give a number from 0 on."],
            id="a negative number",
        ),
        pytest.param(
            wanted((9, {"trust": True}), num_vfs=-1),
            [f"num_vfs: -1 is negative{ON}. Remedy: give a number from 0 on."],
            id="a negative number of VFs tells nothing of the VFs",
        ),
        pytest.param(
            wanted(num_vfs=2, up=False),
            [
                f"up: false goes with num_vfs: 0 only{ON}: 2 VFs would be left without link and mailbox. "
                "Remedy: leave out up, or set num_vfs: 0."
            ],
            id="down with VFs",
        ),
        pytest.param(
            wanted((1, {"trust": True}), num_vfs=1),
            [f"vfs[0].vf: 1 names VF 1{ON}: the PF has 1 VF. Remedy: ask for more (num_vfs: 2), or name VF 0."],
            id="a VF beyond the number",
        ),
        pytest.param(
            wanted(("0-7", {"trust": True}), num_vfs=2),
            [
                f"vfs[0].vf: 0-7 names VF 2{ON}: the PF has 2 VFs. "
                "Remedy: ask for more (num_vfs: 3), or name VFs 0 to 1."
            ],
            id="VFs 0-7 of 2",
        ),
        pytest.param(
            Desired((DesiredPf("enp1s0"), DesiredPf("enp2s0"), DesiredPf("enp1s0"))),
            ["pf: 'enp1s0' is also that of another entry. Remedy: make one entry of the two."],
            id="a PF twice",
        ),
        pytest.param(
            wanted(("0-3", {"vlan": 5}), ("2-5", {"vlan": 6})),
            [f"vfs[1].vlan: 6 contradicts 5 in vfs[0]{ON}: both name VF 2 (vf 0-3 and vf 2-5). {NAME_ONCE}"],
            id="two entries that overlap, and neither is part of the other",
        ),
        pytest.param(
            wanted((2, {"trust": True}), ("all", {"trust": False})),
            [f"vfs[1].trust: false contradicts true in vfs[0]{ON}: both name VF 2 (vf 2 and vf all). {NAME_ONCE}"],
            id="the wider entry comes last",
        ),
        pytest.param(
            wanted((2, {"mode": 0o660, "driver": "vfio-pci"}), ("2", {"mode": 0o600})),
            [f"vfs[1].mode: 0600 contradicts 0660 in vfs[0]{ON}: both name VF 2 (vf 2 and vf 2). {NAME_ONCE}"],
            id="one VF twice",
        ),
        *(
            pytest.param(
                wanted(*entries, num_vfs=number),
                [
                    f"mac: auto has no address for {vfs}{ON}: the index is one octet of it, 0 to 255. "
                    "Remedy: give these VFs addresses of your own."
                ],
                id=f"auto for {vfs}",
            )
            for entries, number, vfs in (
                ([("all", {"mac": "auto"})], 258, "VFs 256-257"),
                ([("all", {"mac": "auto"}), ("256", {"mac": MAC})], 258, "VF 257"),
                ([("254-300", {"mac": "auto"}), (400, {"mac": "auto"})], 401, "VFs 256-300,400"),
            )
        ),
        pytest.param(
            wanted(("0-3", {"driver": "vfio-pci"}), ("3-4", {"driver": None})),
            [
                f"vfs[1].driver: null contradicts vfio-pci in vfs[0]{ON}: both name VF 3 (vf 0-3 and vf 3-4). "
                f"{NAME_ONCE}"
            ],
            id="null is a word too",
        ),
        *(
            pytest.param(
                wanted(("all", {word: value, **more})),
                [f"vfs[0].{word}: {value} without a VLAN{ON}: {OF_THE_TAG} {word}."],
                id=f"{word} {name}",
            )
            for word, value in (("qos", 3), ("vlan_proto", "802.1ad"))
            for name, more in (("without vlan", {}), ("with no vlan", {"vlan": 0}))
        ),
        pytest.param(
            wanted(("all", {"vlan": 7, "qos": 3}), (1, {"vlan": None})),
            [
                f"vfs[0].qos: 3 without a VLAN{ON}: it is part of the VLAN tag that the card adds, and a later entry "
                "takes the VLAN of some VFs away. Remedy: say qos: null there too."
            ],
            id="qos whose vlan is taken back",
        ),
        pytest.param(
            wanted((0, {"min_tx_rate": 200, "max_tx_rate": 100})),
            [f"vfs[0].min_tx_rate: 200 is more than max_tx_rate 100{ON}. Remedy: give a smaller one."],
            id="a least rate above the greatest",
        ),
        pytest.param(
            wanted(("all", {"max_tx_rate": 100}), (3, {"min_tx_rate": 200})),
            [f"vfs[1].min_tx_rate: 200 is more than max_tx_rate 100 in vfs[0]{ON}. Remedy: give a smaller one."],
            id="a least rate above the greatest, of another entry",
        ),
        *(
            pytest.param(
                wanted((0, {word: value})),
                [f"vfs[0].{word}: without a driver{ON}: {OF_THE_NODE}"],
                id=f"{word} without a driver",
            )
            for word, value in (("owner", "root"), ("group", "dpdk"), ("mode", 0o660), ("no_iommu", True))
        ),
        pytest.param(
            wanted(("0-1", {"mac": MAC})),
            [f"mac: {MAC} for VF 0 of enp1s0 and VF 1 of enp1s0: {OF_ONE_ADDRESS}"],
            id="one address for two VFs",
        ),
        pytest.param(
            wanted(("all", {"mac": MAC}), num_vfs=5),
            [f"mac: {MAC} for VF 0 of enp1s0, VF 1 of enp1s0 and 3 more: {OF_ONE_ADDRESS}"],
            id="one address for all VFs",
        ),
        pytest.param(
            Desired((DesiredPf("a", vfs=entries((0, {"mac": MAC}))), DesiredPf("b", vfs=entries((4, {"mac": MAC}))))),
            [f"mac: {MAC} for VF 0 of a and VF 4 of b: {OF_ONE_ADDRESS}"],
            id="one address for VFs of two PFs",
        ),
        pytest.param(
            Desired((desired_pf("enp1s0", num_vfs=1, rules=desired_rules(rule(vf=1), rule(vf=0, dst_port=9))),)),
            [
                f"rules[0]: cannot send to VF 1 queue 0{ON}: the PF has 1 VF. "
                "Remedy: ask for more (num_vfs: 2), or name VF 0."
            ],
            id="a rule for a VF that there will not be",
        ),
        pytest.param(
            Desired((desired_pf("enp1s0", rules=desired_rules(rule(cookie=1 << 40), rule(cookie=2**64 - 2, vlan=1))),)),
            [
                f"rules[0]: action {1 << 40} leads nowhere{ON}: bits 63:40 are set, which no driver reads. "
                "Remedy: give vf and queue, queue, or drop.",
                f"rules[1]: action {2**64 - 2} leads nowhere{ON}: it is for wake-on-LAN. "
                "Remedy: give vf and queue, queue, or drop.",
            ],
            id="actions that lead nowhere",
        ),
    ],
)
def test_a_refusal_says_what_why_and_what_to_do(desired, messages):
    assert refusals(desired) == messages


@pytest.mark.parametrize(
    "desired",
    [
        pytest.param(wanted(("all", {"vlan": 7, "trust": True}), (1, {"vlan": 8})), id="an exception"),
        pytest.param(wanted(("0-3,7", {"vlan": 7}), ("1,7", {"vlan": None})), id="an exception that takes back"),
        pytest.param(
            wanted(("all", {"vlan": 1}), ("0-4", {"vlan": 2}), ("1-2", {"vlan": 3}), (2, {"vlan": 4})),
            id="in each other",
        ),
        pytest.param(wanted(("0-3", {"vlan": 5}), ("2-5", {"vlan": 5})), id="an overlap that says the same"),
        pytest.param(wanted(("0-3", {"vlan": 5}), ("2-5", {"trust": True})), id="an overlap that says something else"),
        pytest.param(wanted(("0-3", {"vlan": 5}), ("4-5", {"vlan": 6})), id="no overlap"),
        pytest.param(wanted((0, {"trust": True}), ("0", {"mtu": 1500})), id="one VF in two entries"),
        pytest.param(wanted(("all", {"vlan": 7}), (0, {"qos": 3})), id="qos with the VLAN of a wider entry"),
        pytest.param(wanted((0, {"qos": 0, "vlan_proto": "802.1Q"})), id="no priority without a VLAN"),
        pytest.param(wanted((0, {"vlan": 0, "qos": 0})), id="no VLAN any more"),
        pytest.param(wanted(("all", {"vlan": 7, "qos": 3}), (1, {"vlan": None, "qos": None})), id="both taken back"),
        pytest.param(wanted((0, {"min_tx_rate": 200, "max_tx_rate": 0})), id="a least rate, and no greatest"),
        pytest.param(
            wanted(("all", {"driver": "vfio-pci"}), (0, {"group": "dpdk"})), id="a node of a wider entry's driver"
        ),
        pytest.param(
            wanted(("all", {"driver": "vfio-pci", "group": "dpdk"}), (0, {"driver": None}), (1, {"driver": "default"})),
            id="a driver of its own, without the node of the wider entry's",
        ),
        pytest.param(wanted((0, {"no_iommu": False})), id="no word about the IOMMU"),
        pytest.param(wanted(("all", {"mac": "auto"}), num_vfs=9), id="an address from the card for each"),
        pytest.param(wanted(("all", {"mac": "auto"}), num_vfs=256), id="for as many as there are addresses"),
        pytest.param(wanted(("0-255", {"mac": "auto"}), ("all", {"trust": True}), num_vfs=300), id="for these alone"),
        pytest.param(wanted(("0-300", {"mac": "auto"})), id="for VFs of which the host knows whether they are there"),
        pytest.param(wanted((0, {"mac": MAC}), (1, {"mac": OTHER})), id="an address for each"),
        pytest.param(wanted(("all", {"mac": "auto"}), (0, {"mac": MAC}), num_vfs=4), id="a fixed address as exception"),
        pytest.param(wanted(("0-1", {"mac": MAC}), (0, {"mac": "auto"})), id="an address that is left to one VF"),
        pytest.param(wanted(("all", {"mac": MAC})), id="one address for VFs whose number is not known here"),
        pytest.param(wanted((9, {"trust": True})), id="a VF of a number that is not known here"),
        pytest.param(wanted(num_vfs=0, up=False), id="down without VFs"),
        pytest.param(wanted(up=False), id="down with VFs of a number that is not known here"),
        pytest.param(
            Desired((desired_pf("enp1s0", num_vfs=0, rules=desired_rules(rule(vf=3), absent=True)),)), id="gone"
        ),
    ],
)
def test_what_some_host_can_meet_is_not_refused(desired):
    assert refusals(desired) == []


def test_all_is_told_at_once():
    first = wanted(("0-3", {"vlan": 5}), ("2-5", {"vlan": 6, "trust": True}), (0, {"qos": 1, "vlan": None}), num_vfs=5)
    second = desired_pf("enp2s0", num_vfs=1, up=False, place="pfs[1].", rules=desired_rules(rule(vf=7)))
    assert [text.partition(" on ")[0] for text in refusals(first._replace(pfs=(*first.pfs, second)))] == [
        "vfs[1].vlan: 6 contradicts 5 in vfs[0]",
        "vfs[1].vf: 2-5 names VF 5",
        "vfs[2].qos: 1 without a VLAN",
        "pfs[1].up: false goes with num_vfs: 0 only",
        "rules[0]: cannot send to VF 7 queue 0",
    ]


def test_a_slip_of_many_digits_takes_neither_time_nor_memory():
    tracemalloc.start()
    try:
        refusals(wanted(("all", {"mac": "auto"}), (f"0-{10**12}", {"trust": True}), num_vfs=10**12))
        assert tracemalloc.get_traced_memory()[1] < 50 * 1024 * 1024
    finally:
        tracemalloc.stop()


CONTRADICTION = re.compile(r"(\S+)\.(\w+): \S+ contradicts \S+ in (\S+) on enp1s0: both name VF (\d+) ")


def indices(entry):
    return set(entry.vf.indices(MOST + 4))  # the last ones are of "all" alone


@given(desired_entries)
def test_entries_contradict_each_other_where_the_later_one_is_no_part_of_the_earlier(given_entries):
    found = set()
    for number, later in enumerate(given_entries):
        for earlier in given_entries[:number]:
            common = indices(earlier) & indices(later)
            if not common or indices(later) < indices(earlier):
                continue
            differing = [w for w in later.said if w in earlier.said and earlier.said[w] != later.said[w]]
            found |= {(later.name, word, earlier.name, str(min(common))) for word in differing}
    messages = refusals(Desired((DesiredPf("enp1s0", vfs=tuple(given_entries)),)))
    told = [match.groups() for match in map(CONTRADICTION.match, messages) if match]
    assert (set(told), len(told)) == (found, len(found))


def alone(given_entries, index):
    """The entries as if there were this VF alone, each with the words that count in the end."""
    last, driver = {}, set()
    for entry in given_entries:
        if index in indices(entry):
            if driver - {None, "default", "none"} and "driver" in entry.said and driver != {entry.said["driver"]}:
                last = {word: name for word, name in last.items() if word not in ("owner", "group", "mode", "no_iommu")}
            driver = {entry.said["driver"]} if "driver" in entry.said else driver
            last.update(dict.fromkeys(entry.said, entry.name))
    return [
        entry._replace(
            vf=Selector(((index, index),)), said={w: v for w, v in entry.said.items() if last.get(w) == entry.name}
        )
        for entry in given_entries
        if index in indices(entry)
    ]


@given(desired_entries, st.none() | st.integers(0, MOST + 3))
def test_what_is_refused_is_what_is_refused_vf_by_vf(given_entries, num_vfs):
    """Only few VFs are looked at, those where entries begin and end."""
    one_by_one = set()
    for index in range(MOST + 4 if num_vfs is None else num_vfs):
        one_by_one |= what_is_refused(alone(given_entries, index))
    assert what_is_refused(given_entries, num_vfs) == one_by_one


def what_is_refused(given_entries, num_vfs=None):
    """Beside contradictions and VFs that are not there. The reason may name other entries."""
    messages = refusals(Desired((DesiredPf("enp1s0", num_vfs=num_vfs, vfs=tuple(given_entries)),)))
    told = [text for text in messages if " contradicts " not in text and " names VF " not in text]
    return {text.partition(" on enp1s0")[0] for text in told}


@pytest.mark.parametrize(
    ("word", "value", "message"),
    [
        *(
            (word, value, f"vfs[0].{word}: {value} is not between {least} and {most}. Remedy: give {least} to {most}.")
            for word, value, least, most in (
                ("vlan", 4095, 0, 4094),
                ("vlan", -1, 0, 4094),
                ("qos", 8, 0, 7),
                ("qos", -1, 0, 7),
                ("min_tx_rate", -1, 0, 2147483648),
                ("max_tx_rate", -5, 0, 2147483648),
                ("max_tx_rate", (1 << 31) + 1, 0, 2147483648),
            )
        ),
        (
            "mac",
            "00:00:00:00:00:00",
            "vfs[0].mac: 00:00:00:00:00:00 is no address at all. Remedy: give a unicast address, or auto.",
        ),
        (
            "mac",
            "03:00:00:00:00:01",
            "vfs[0].mac: 03:00:00:00:00:01 is a multicast address. Remedy: give a unicast address, or auto.",
        ),
    ],
)
def test_a_value_that_no_driver_takes_is_refused(word, value, message):
    with pytest.raises(InvalidRequest) as refused:
        check_value("vfs[0].", word, value)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *(("vlan", value) for value in (0, 1, 4094)),
        *(("qos", value) for value in (0, 7)),
        *((word, value) for word in ("min_tx_rate", "max_tx_rate") for value in (0, 1 << 31)),
        *(("mac", value) for value in ("auto", MAC, "fe:ff:ff:ff:ff:ff")),
        ("trust", True),
        ("link_state", "auto"),
    ],
)
def test_a_value_that_some_driver_takes_is_taken(word, value):
    check_value("vfs[0].", word, value)


def test_each_address_is_refused_once_and_has_all_who_would_share_it():
    found = shared_addresses({"a": {0: MAC, 1: OTHER, 2: MAC}, "b": {0: OTHER, 1: "02:00:00:00:aa:02", 5: MAC}})
    assert [str(each) for each in found] == [
        f"mac: {MAC} for VF 0 of a, VF 2 of a and VF 5 of b: {OF_ONE_ADDRESS}",
        f"mac: {OTHER} for VF 1 of a and VF 0 of b: {OF_ONE_ADDRESS}",
    ]


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        (
            "dpdk",
            {},
            "driver: there is no driver 'dpdk': it is called 'vfio-pci' here. Remedy: write it 'vfio-pci'.",
        ),
        (
            "off",
            {"place": "vfs[2].driver"},
            "vfs[2].driver: there is no driver 'off': it is called 'none' here. Remedy: write it 'none'.",
        ),
    ],
)
def test_a_driver_by_another_name_is_told_its_own(name, place, message):
    with pytest.raises(InvalidRequest) as refused:
        check_driver_name(name, **place)
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["vfio-pci", "default", "none", "ixgbevf"])
def test_the_right_names_are_taken(name):
    check_driver_name(name)
