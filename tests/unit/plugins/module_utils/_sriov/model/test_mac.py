# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses of VFs that nobody has to write down."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.mac import (
    MAC_ADDRESS,
    ZERO,
    auto_mac,
    is_multicast,
    parse_mac,
)
from hypothesis import given
from hypothesis import strategies as st

octets = st.integers(0, 255)
vendors = st.tuples(octets.map(lambda octet: octet & 0xFE), octets, octets)
cards = st.tuples(octets, octets, octets)
indices = st.integers(0, 255)


def address(vendor, card):
    return bytes([*vendor, *card]).hex(":")


@pytest.mark.parametrize(
    ("pf_mac", "vf", "mac"),
    [
        pytest.param("02:00:00:00:01:00", 0, "06:0b:00:00:01:00", id="VF 0"),
        pytest.param("02:00:00:00:01:00", 255, "06:0b:ff:00:01:00", id="the last VF"),
        pytest.param("90:E2:BA:12:34:56", 7, "92:e1:07:12:34:56", id="another vendor, in capitals"),
    ],
)
def test_an_address_is_the_same_for_ever(pf_mac, vf, mac):
    """Written down: hosts have addresses of earlier versions in their switches and neighbours' tables."""
    assert auto_mac(pf_mac, vf) == mac


@given(vendors, cards, indices)
def test_an_address_is_unicast_and_locally_administered_whatever_the_card(vendor, card, vf):
    mac = auto_mac(address(vendor, card), vf)
    first = int(mac[:2], 16)
    assert (first & 1, first & 2) == (0, 2)
    assert not is_multicast(mac) and mac != ZERO
    assert len(bytes.fromhex(mac.replace(":", ""))) == 6 and mac == mac.lower()


@given(vendors, cards, cards, indices, indices)
def test_two_vfs_of_pfs_of_one_vendor_never_share_an_address(vendor, one, other, vf, another):
    first, second = auto_mac(address(vendor, one), vf), auto_mac(address(vendor, other), another)
    assert (first == second) == ((one, vf) == (other, another))


@given(vendors, cards)
def test_all_vfs_of_a_pf_have_addresses_of_their_own_and_none_is_the_pf_s(vendor, card):
    pf = address(vendor, card)
    made = {auto_mac(pf, vf) for vf in range(256)}
    assert len(made) == 256
    if not vendor[0] & 2:
        assert pf not in made


@pytest.mark.parametrize(
    ("mac", "multicast"),
    [("02:00:00:00:00:01", False), ("03:00:00:00:00:01", True), ("ff:ff:ff:ff:ff:ff", True), (ZERO, False)],
)
def test_a_multicast_address_has_the_lowest_bit_of_its_first_octet(mac, multicast):
    assert is_multicast(mac) is multicast


digits = st.text("0123456789abcdefABCDEF", min_size=12, max_size=12)


def parts(text, size):
    return [text[start : start + size] for start in range(0, 12, size)]


@given(digits)
def test_every_usual_notation_means_one_address(text):
    written = [":".join(parts(text, 2)), "-".join(parts(text, 2)), ".".join(parts(text, 4)), text, f" {text} "]
    (address,) = {parse_mac(each) for each in written}
    assert MAC_ADDRESS.fullmatch(address) and address.replace(":", "") == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "auto",
        "enp1s0",
        "02:00:00:00:00",
        "02:00:00:00:00:01:02",
        "02:00:00:00:00:0g",
        "02:00:00-00:00:01",
        "02.00.00.00.00.01",
        "0200-0000-0001",
        "0200.00000001",
        "02000000000",
        "0200000000010",
        "02:00:00:00:00:1",
        "02:00:00:00:00:01:",
        "02 00 00 00 00 01",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="is no MAC address"):
        parse_mac(text)
