# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""mac_range, against netaddr's own arithmetic and against plain numbers."""

from __future__ import annotations

import re
import sys

import netaddr
import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.kernel_bypass.sriov.plugins.filter.mac_range import mac_range
from hypothesis import event, given
from hypothesis import strategies as st

SPELLINGS = (netaddr.mac_unix_expanded, netaddr.mac_eui48, netaddr.mac_cisco, netaddr.mac_bare, netaddr.mac_unix)

# Unicast, and far enough from where multicast begins for the longest range below.
unicast = st.integers(1, 2**48 - 300).filter(lambda number: not (number >> 40 | number + 300 >> 40) & 1)


@pytest.mark.parametrize(
    ("first", "options", "addresses"),
    [
        pytest.param("02:00:00:00:01:00", {"count": 1}, ["02:00:00:00:01:00"], id="one"),
        pytest.param(
            "02:00:00:00:ff:fe",
            {"count": 3},
            ["02:00:00:00:ff:fe", "02:00:00:00:ff:ff", "02:00:00:01:00:00"],
            id="carried over two bytes",
        ),
        pytest.param(
            "A0-36-9F-00-00-09", {"last": "a036.9f00.000a"}, ["a0:36:9f:00:00:09", "a0:36:9f:00:00:0a"], id="to a last"
        ),
        pytest.param("02:00:00:00:01:00", {"last": "02:00:00:00:01:00"}, ["02:00:00:00:01:00"], id="to itself"),
        pytest.param(" 2:0:0:0:1:0 ", {"count": "2"}, ["02:00:00:00:01:00", "02:00:00:00:01:01"], id="texts"),
        pytest.param("fe:ff:ff:ff:ff:ff", {"count": 1}, ["fe:ff:ff:ff:ff:ff"], id="the last of all"),
    ],
)
def test_addresses_follow_each_other(first, options, addresses):
    assert mac_range(first, **options) == addresses


@given(unicast, st.integers(1, 300), st.sampled_from(SPELLINGS))
def test_a_range_is_what_netaddr_counts(first, count, spelling):
    start = netaddr.EUI(first, version=48, dialect=spelling)
    expected = [netaddr.EUI(int(start) + step, version=48) for step in range(count)]
    assert [netaddr.EUI(address) for address in mac_range(str(start), count)] == expected


@given(unicast, st.integers(1, 300))
def test_a_range_is_what_numbers_count(first, count):
    addresses = mac_range(first.to_bytes(6, "big").hex(":"), count)
    assert [int(address.replace(":", ""), 16) for address in addresses] == list(range(first, first + count))
    assert all(re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", address) for address in addresses)
    assert mac_range(addresses[0], last=addresses[-1]) == addresses


borders = st.builds(lambda byte, offset: (byte << 40) + offset, st.integers(0, 256), st.integers(-300, 300))


@given(borders.filter(lambda number: 0 <= number < 2**48), st.integers(1, 300))
def test_no_range_has_an_address_that_no_interface_may_have(first, count):
    numbers = range(first, first + count)
    text = first.to_bytes(6, "big").hex(":")
    if 0 in numbers or numbers[-1] >= 2**48 or any(number >> 40 & 1 for number in numbers):
        event("refused")
        with pytest.raises(AnsibleFilterError):
            mac_range(text, count)
    else:
        assert len(mac_range(text, count)) == count


MULTICAST = "the lowest bit of its first byte is set: it is a multicast address"
BEGIN = 'Remedy: begin with a locally administered one, such as "02:00:00:00:01:00".'


@pytest.mark.parametrize(
    ("first", "options", "message"),
    [
        pytest.param(
            "01:00:5e:00:00:01",
            {"count": 1},
            f"mac_range: 01:00:5e:00:00:01 is no address of an interface: {MULTICAST}. {BEGIN}",
            id="multicast",
        ),
        pytest.param(
            "02:ff:ff:ff:ff:ff",
            {"count": 2},
            f"mac_range: 03:00:00:00:00:00 is no address of an interface: {MULTICAST}. {BEGIN}",
            id="runs into multicast",
        ),
        pytest.param(
            "00:00:00:00:00:00",
            {"count": 1},
            f"mac_range: 00:00:00:00:00:00 is no address of an interface: it is all zeros. {BEGIN}",
            id="zero",
        ),
        pytest.param(
            "ff:ff:ff:ff:ff:ff",
            {"count": 2},
            "mac_range: 2 addresses from 'ff:ff:ff:ff:ff:ff' on are too many: 1 are left up to ff:ff:ff:ff:ff:ff. "
            "Remedy: begin lower, or give a smaller count.",
            id="more than 48 bits",
        ),
        pytest.param(
            "02:00:00:00:01:00",
            {"last": "02:00:00:00:00:ff"},
            "mac_range: 02:00:00:00:00:ff is before '02:00:00:00:01:00'. Remedy: give the lower address first.",
            id="backwards",
        ),
        pytest.param(
            "02:00:00:00:00:00",
            {"last": "02:00:00:00:ff:ff"},
            "mac_range: 65536 addresses are wanted: no device has more than 65535 VFs. Remedy: give a smaller count or "
            "a nearer last address.",
            id="more than there are VFs",
        ),
        pytest.param(
            "02:00:00:00:01:00",
            {"count": 0},
            "mac_range: count 0 is less than 1. Remedy: give 1 or more.",
            id="none",
        ),
        pytest.param(
            "02:00:00:00:01:00",
            {"count": "four"},
            "mac_range: count: 'four' is no number. Remedy: give a whole number, such as 3.",
            id="a word",
        ),
        pytest.param(
            "02:00:00:00:01:00",
            {},
            "mac_range: where it ends is not said. Remedy: give either a count or a last address.",
            id="without end",
        ),
        pytest.param(
            "02:00:00:00:01:00",
            {"count": 1, "last": "02:00:00:00:01:00"},
            "mac_range: count and last are both given. Remedy: give either a count or a last address.",
            id="two ends",
        ),
        *(
            pytest.param(
                text,
                {"count": 1},
                f'mac_range: {text!r} is no MAC address. Remedy: write it as in "02:00:00:00:01:00".',
                id=f"no address: {text}",
            )
            for text in ("", "enp1s0", "02:00:00:00:01", "02:00:00:00:01:0g", "02:00:00:00:00:00:01:00")
        ),
        pytest.param(
            yaml.safe_load("12:02:41:41:41:01"),
            {"count": 1},
            "mac_range: 9366126061 is no text: YAML reads digits between colons as one number. Remedy: write the "
            'address in quotes: "02:00:00:00:01:00".',
            id="no quotes",
        ),
    ],
)
def test_what_is_no_range_is_refused(first, options, message):
    with pytest.raises(AnsibleFilterError) as refused:
        mac_range(first, **options)
    assert str(refused.value) == message


def test_without_netaddr_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "netaddr", None)  # what makes Python's import fail
    with pytest.raises(AnsibleFilterError) as refused:
        mac_range("02:00:00:00:01:00", 1)
    assert str(refused.value) == (
        "mac_range: the Python library netaddr is not installed on the controller. Remedy: install it where "
        "ansible-core is, with `python3 -m pip install netaddr` or the package python3-netaddr."
    )
