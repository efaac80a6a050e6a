# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""anonymous: no address of a report is in what comes out, and what it needs is."""

from __future__ import annotations

import ipaddress
import json
import re

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.kernel_bypass.sriov.plugins.filter.anonymous import anonymous
from hypothesis import given, settings
from hypothesis import strategies as st

MAC = "a0:36:9f:00:00:01"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (MAC, "<mac-1>"),
        (
            f"{MAC.upper()} is a0-36-9f-00-00-01, a036.9f00.0001 and a0369f000001",
            "<mac-1> is <mac-1>, <mac-1> and <mac-1>",
        ),
        ("enxa0369f000001, a0:36:9f:00:00:02", "enx<mac-1>, <mac-2>"),
        ("serial a0-36-9f-ff-ff-00-00-01, or a0369fffff000001", "serial <serial-1>, or <serial-1>"),
        ("key 6d:5a:56:da:25:5b:0e:c2:41", "key <bytes-1>"),
        ("192.0.2.1/24, 192.0.2.1:80.", "<ip-1>/24, <ip-1>:80."),
        ("2001:db8::1%enp1s0 is 2001:0DB8:0:0:0:0:0:1.", "<ip-1>%enp1s0 is <ip-1>."),
        ("from fe80::1: none; ::ffff:192.0.2.1, 192.0.2.1", "from <ip-1>: none; <ip-2>, <ip-2>"),
        ("2001:db8::/32", "<ip-1>/32"),
        ("1.2.3.4.5", "<ip-1>"),
    ],
)
def test_an_address_has_a_number_however_it_is_written(text, hidden):
    assert anonymous(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "0000:01:10.2 and 10000:e1:00.0, 8086:10fb",
        "src-ip m 255.255.255.0 dst m ff:ff:ff:ff:ff:ff, 00:00:00:00:00:00, 0.0.0.0, ::, ffff:ffff::",
        "bound to 127.0.0.1 and ::1",
        "12:30:45, 6.12.5, 0x80017784, 4294967296",
        "",
    ],
)
def test_what_is_nobodys_address_stays(text):
    assert anonymous(text) == text


def test_a_version_stays_one_and_an_address_beside_it_does_not():
    told = {"firmware_version": f"214.0.253.1/pkg 21.40.25.31 {MAC}", "ip": "214.0.253.1"}
    assert anonymous(told) == {"firmware_version": "214.0.253.1/pkg 21.40.25.31 <mac-1>", "ip": "<ip-1>"}


@pytest.mark.parametrize(
    ("names", "text", "hidden"),
    [
        (["packet1"], "PACKET1, packet10, packet1_x", "<host-1>, packet10, <host-1>_x"),
        (["web1.example.com"], "web1 of example.com is web1.example.com", "<host-1> of <domain-1> is <host-1>"),
        (["web1.a.org", "web1.b.org"], "web1.a.org web1.b.org", "<host-1> <host-2>"),
        (["7.example.com"], "VF 7 of 7.example.com", "VF 7 of <host-1>"),
        (["192.0.2.1"], "192.0.2.1 192.0.2.10", "<ip-1> <ip-2>"),
        (["a.b", ""], "axb", "axb"),
    ],
)
def test_a_name_is_hidden_as_a_whole_word(names, text, hidden):
    assert anonymous(text, names) == hidden


def test_a_word_of_a_report_stays_where_a_host_has_that_name():
    assert anonymous({"pfs": ["pfs"], MAC: None}, ["pfs"]) == {"pfs": ["<host-1>"], "<mac-1>": None}


@pytest.mark.parametrize("names", ["packet1", {"packet1": 1}, [1]])
def test_names_are_a_list_of_texts(names):
    with pytest.raises(AnsibleFilterError) as refused:
        anonymous("", names)
    assert str(refused.value) == (
        f'anonymous: names {names!r} is no list of texts. Remedy: write it as in ["packet1"].'
    )


# --- Whatever a report is ---

macs = st.integers(1, (1 << 48) - 2).map("{:012x}".format)
ip4s = st.integers(1 << 24, (126 << 24) - 1).map(ipaddress.IPv4Address)
ip6s = st.integers(1 << 64, 0xFE << 120).map(ipaddress.IPv6Address)


def pairs(digits, between):
    return between.join(digits[at : at + 2] for at in range(0, len(digits), 2))


def spellings(secret):
    """All ways in which it may be written; MAC addresses are digits."""
    if isinstance(secret, str):
        dotted = ".".join(secret[at : at + 4] for at in (0, 4, 8))
        return [pairs(secret, ":"), pairs(secret, "-"), pairs(secret, ":").upper(), dotted, secret]
    return (
        [str(secret), secret.exploded] if secret.version == 4 else [str(secret), secret.exploded, str(secret).upper()]
    )


secrets = st.one_of(macs, ip4s, ip6s)
written = secrets.flatmap(lambda secret: st.tuples(st.just(secret), st.sampled_from(spellings(secret))))
around = st.text(st.sampled_from("abcdefg0123456789:.-/ _%[]\n\u00e4"), max_size=6)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False))


@st.composite
def reports(draw):
    """A nest of lists and dictionaries, and what is hidden in it, each with other characters around it."""
    hidden = draw(st.lists(written, min_size=1, max_size=6))
    texts = st.sampled_from(hidden).flatmap(lambda one: st.tuples(around, st.just(one[1]), around).map("".join))
    report = draw(
        st.recursive(
            st.one_of(texts, PLAIN),
            lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(texts, below, max_size=4)),
            max_leaves=12,
        )
    )
    once = [f"{draw(around)}{spelling}{draw(around)}" for _secret, spelling in hidden]
    return [report, *once], {secret for secret, _spelling in hidden}


MANY = settings(max_examples=300)


@MANY
@given(reports())
def test_no_address_of_a_report_is_in_what_comes_out(given_report):
    report, hidden = given_report
    told = json.dumps(anonymous(report), ensure_ascii=False).lower()
    assert not [spelling for secret in hidden for spelling in spellings(secret) if spelling.lower() in told]


@MANY
@given(st.lists(written, max_size=8))
def test_the_same_has_the_same_number_and_another_another(found):
    told = anonymous([spelling for _secret, spelling in found])
    assert len({*zip((secret for secret, _spelling in found), told)}) == len({*told}) == len({one for one, _ in found})


@MANY
@given(reports())
def test_what_is_hidden_stays_as_it_is_a_second_time(given_report):
    once = anonymous(given_report[0])
    assert anonymous(once) == once


def shape(value):
    if isinstance(value, dict):
        return [shape(below) for below in value.values()]
    return [shape(below) for below in value] if isinstance(value, list) else None if isinstance(value, str) else value


@MANY
@given(st.recursive(PLAIN | st.text(), lambda below: st.lists(below) | st.dictionaries(st.text("xyz"), below)))
def test_the_rest_of_a_report_stays(report):
    assert shape(anonymous(report)) == shape(report)


words = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True)
names = st.builds(".".join, st.lists(words, min_size=1, max_size=3))


@MANY
@given(st.lists(names, min_size=1, max_size=4), st.lists(st.sampled_from([" ", "/", ": ", ", ", "\n"]), min_size=4))
def test_no_name_of_a_report_is_in_what_comes_out(hosts, between):
    text = "".join(f"{space}{name}" for space, name in zip(between, [*hosts, *(name.upper() for name in hosts)]))
    assert re.fullmatch(r"(?:(?: |/|: |, |\n)<(?:host|mac|serial|bytes)-\d+>)+", anonymous(text, hosts))
