# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and answers of SIOCETHTOOL as bytes, against ctypes structures and the numbers of the kernel's header."""

from __future__ import annotations

import ctypes

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import ethtool_abi as abi
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.flow_spec import RawSpec, encode
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.support import flows
from hypothesis import given
from hypothesis import strategies as st

u32 = flows.numbers(32)


class Spec32(ctypes.Structure):
    """i386 aligns 64-bit numbers to 4 bytes."""

    _pack_ = 4
    _fields_ = simabi.RxFlowSpec._fields_


class Rxnfc32(ctypes.Structure):
    _pack_ = 4
    _fields_ = [(name, Spec32 if name == "fs" else kind) for name, kind in simabi.Rxnfc._fields_]


SHARED = [name for name in vars(abi) if name.isupper() and isinstance(getattr(simabi, name, None), int)]


@pytest.mark.parametrize("name", SHARED)
def test_a_number_is_the_headers(name):
    assert getattr(abi, name) == getattr(simabi, name)


def test_every_command_that_is_used_is_known_twice():
    commands = {
        name for name, value in vars(abi).items() if name.isupper() and name[0] in "GS" and isinstance(value, int)
    }
    assert commands - set(SHARED) == {"STRING_LENGTH", "SIOCETHTOOL"}
    assert (abi.STRING_LENGTH, abi.SIOCETHTOOL) == (simabi.GSTRING_LEN, 0x8946)
    assert (abi.LOC_SPECIAL, abi.LOC_ANY) == (simabi.RX_CLS_LOC_SPECIAL, simabi.RX_CLS_LOC_ANY)


@pytest.mark.parametrize(
    ("ours", "structure", "size"),
    [
        pytest.param(abi.CHANNELS, simabi.Channels, 36, id="ethtool_channels"),
        pytest.param(abi.RXFH, simabi.Rxfh, 24, id="ethtool_rxfh"),
        pytest.param(abi.DRVINFO, simabi.Drvinfo, 196, id="ethtool_drvinfo"),
        pytest.param(abi.FEATURE_BLOCK, simabi.GetFeatures, 16, id="ethtool_get_features_block"),
    ],
)
def test_a_structure_has_the_kernels_size(ours, structure, size):
    assert ours.size == ctypes.sizeof(structure) == size


def test_channels_lie_where_the_kernel_puts_them():
    view = simabi.Channels.from_buffer_copy(abi.CHANNELS.pack(*range(9)))
    assert [getattr(view, name) for name, _kind in view._fields_] == list(range(9))
    assert (view.max_combined, view.combined_count) == (4, 8)


def test_rxfh_lies_where_the_kernel_puts_it():
    view = simabi.Rxfh.from_buffer_copy(abi.RXFH.pack(1, 2, 3, 4, 5, 6, 7))
    assert (view.cmd, view.rss_context, view.indir_size, view.key_size) == (1, 2, 3, 4)
    assert (view.hfunc, view.input_xfrm, bytes(view.rsvd8), view.rsvd32) == (5, 6, b"\0\0", 7)


@pytest.mark.parametrize(
    ("alignment", "structure", "count", "locations", "size"),
    [
        # The array begins before the padding at the end: a flexible array, not what follows sizeof().
        pytest.param(8, simabi.Rxnfc, 184, 188, 192, id="64 bits"),
        pytest.param(4, Rxnfc32, 176, 180, 180, id="i386"),
    ],
)
def test_rxnfc_has_the_kernels_places(alignment, structure, count, locations, size):
    layout = abi.RxnfcLayout(alignment)
    assert (layout.count_offset, layout.locs_offset, layout.size) == (count, locations, size)
    assert structure.fs.offset == layout.head.size == 16
    assert (structure.rule_cnt.offset, structure.rule_locs.offset, ctypes.sizeof(structure)) == (count, locations, size)


@st.composite
def rxnfc(draw):
    fs = encode(draw(flows.rules(locations=u32)))
    locs = draw(st.lists(u32, max_size=5))
    return abi.Rxnfc(draw(u32), draw(u32), draw(flows.numbers(64)), fs, len(locs), tuple(locs))


@pytest.mark.parametrize(("alignment", "structure"), [(8, simabi.Rxnfc), (4, Rxnfc32)], ids=["64 bits", "i386"])
def test_rxnfc_is_what_the_compiler_makes_of_it(alignment, structure):
    layout = abi.RxnfcLayout(alignment)

    @given(rxnfc())
    def same(request):
        packed = layout.pack(request)
        assert len(packed) == layout.size + 4 * len(request.rule_locs)
        view = structure.from_buffer_copy(packed)
        assert (view.cmd, view.flow_type, view.data, view.rule_cnt) == (*request[:3], request.rule_cnt)
        fs = view.fs
        unions = bytes(fs.h_u), bytes(fs.h_ext), bytes(fs.m_u), bytes(fs.m_ext)
        assert RawSpec(fs.flow_type, *unions, fs.ring_cookie, fs.location) == request.fs
        at = structure.rule_locs.offset
        array = (ctypes.c_uint32 * len(request.rule_locs)).from_buffer_copy(packed, at)
        assert tuple(array) == request.rule_locs
        assert layout.unpack(packed, len(request.rule_locs)) == request

    same()


def test_the_layout_in_use_is_this_machines():
    assert abi.RXNFC.size == ctypes.sizeof(simabi.Rxnfc)


@pytest.mark.parametrize(("room", "count", "read"), [(3, 3, (5, 6, 7)), (3, 2, (5, 6)), (2, 3, (5, 6)), (0, 3, ())])
def test_only_locations_that_are_there_are_read(room, count, read):
    packed = abi.RXNFC.pack(abi.Rxnfc(abi.GRXCLSRLALL, rule_cnt=count, rule_locs=(5, 6, 7)))
    assert abi.RXNFC.unpack(packed, room).rule_locs == read


def test_strings_have_room_for_their_answer():
    request = abi.strings_request(abi.SS_STATS, 3)
    view = simabi.Gstrings.from_buffer_copy(request)
    assert (view.cmd, view.string_set, view.len, len(request)) == (0x1B, 1, 3, 12 + 3 * 32)


def test_strings_end_at_their_first_zero():
    answer = bytes(12) + b"rx_packets".ljust(32, b"\0") + b"x" * 32 + b"tx\0junk".ljust(32, b"\0")
    assert abi.strings_answer(answer, 3) == ["rx_packets", "x" * 32, "tx"]


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"ixgbe\0\0", "ixgbe"), (b"\0ixgbe", ""), (b"ixgbe", "ixgbe"), (b"\xff\0", "\N{REPLACEMENT CHARACTER}")],
)
def test_text_is_whatever_the_driver_wrote(data, text):
    assert abi.text(data) == text


@given(st.lists(u32, min_size=1, max_size=600))
def test_a_table_follows_its_size(table):
    request = abi.indirection_request(table)
    head = simabi.Sized.from_buffer_copy(request)
    assert (head.cmd, head.size) == (simabi.SRXFHINDIR, len(table))
    assert list((ctypes.c_uint32 * len(table)).from_buffer_copy(request, 8)) == table


@pytest.mark.parametrize("table", [None, ()])
def test_no_table_is_the_drivers_own(table):
    assert abi.indirection_request(table) == bytearray(b"\x39\0\0\0\0\0\0\0")
