# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ip_json import (
    Garbled,
    interfaces,
    routes,
)

ERSPAN = '[{"ifindex":1,"ifname":"lo","linkinfo":{"info_kind":"ip6erspan","info_data":{erspan_ver 1 "ttl":0}}}]'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("[ ]\n", [], id="an empty list"),
        pytest.param('[{},{"ifname":"lo"},{}]', [{"ifname": "lo"}], id="what iproute2 skips"),
        pytest.param(r'[{"ifname":"a\'b\"c\\"}]', [{"ifname": "a'b\"c\\"}], id="quotes, which iproute2 escapes"),
        pytest.param(r'[{"ifname":"a\\"}]', [{"ifname": "a\\"}], id="a backslash before the end"),
        pytest.param('[{"ifname":"a\x01\x7f"}]', [{"ifname": "a\x01\x7f"}], id="control characters, which it does not"),
        pytest.param('[{"ifname":"\ufffd"}]', [{"ifname": "\ufffd"}], id="what was no UTF-8"),
        pytest.param('[{"ifname":"t","link":null}]', [{"ifname": "t"}], id="null"),
        pytest.param('[{"ifname":"t","mtu":5,"mtu":5}]', [{"ifname": "t", "mtu": 5}], id="the same twice"),
        pytest.param('[{"ifname":"t","x":1,"x":2}]', [{"ifname": "t", "x": 2}], id="twice, and nobody reads it"),
    ],
)
def test_what_is_read_of_interfaces(text, found):
    assert interfaces(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(ERSPAN, "Expecting property name enclosed in double quotes", id="ip6erspan of iproute2 5.9"),
        pytest.param('[{"ifname":"lo"},{"ifna', "Unterminated string", id="truncated"),
        pytest.param('[{"ifname":"lo"}', "Expecting ',' delimiter", id="truncated between objects"),
        pytest.param("[" * 100000, "", id="nested without end"),
        pytest.param('{"ifname":"lo"}', "it is no list of objects", id="no list"),
        pytest.param('["lo"]', "it is no list of objects", id="no objects"),
        pytest.param('[{"mtu":5}]', "an interface has no name", id="no name"),
        pytest.param('[{"ifname":5}]', "ifname is '5'", id="a number for a name"),
        pytest.param('[{"ifname":"lo","ifindex":true}]', "ifindex is 'True'", id="true for a number"),
        pytest.param('[{"ifname":"lo","ifname":"eth0"}]', "ifname is there twice", id="two names"),
        pytest.param('[{"ifname":"lo","addr_info":[5]}]', "addr_info is no list of objects", id="no address"),
        pytest.param(
            '[{"ifname":"lo","addr_info":[{"scope":"global"}]}]', "an address of lo is missing", id="half an address"
        ),
        pytest.param('[{"ifname":"lo","vfinfo_list":[{"vf":"0"}]}]', "vf is '0'", id="a VF without number"),
        pytest.param('[{"ifname":"lo","flags":[1]}]', "flags of lo are no words", id="flags that are numbers"),
    ],
)
def test_what_cannot_be_read_is_told(text, why):
    with pytest.raises(Garbled) as garbled:
        interfaces(text)
    assert why in str(garbled.value)


def test_routes_have_hops():
    assert routes('[{"dev":"a"},{"nexthops":[{"dev":"b"},{}]}]') == [
        {"dev": "a", "nexthops": []},
        {"nexthops": [{"dev": "b"}, {}]},
    ]
    with pytest.raises(Garbled):
        routes('[{"dev":["a"]}]')
