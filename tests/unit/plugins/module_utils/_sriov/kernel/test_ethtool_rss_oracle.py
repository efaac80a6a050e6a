# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our indirection tables against those of the ethtool binary: the same weights, the same table, the same refusals.
And our hashes: the same key, function and fields, the same bytes.

These tests fail without gcc or ethtool, on purpose.
"""

from __future__ import annotations

import struct

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import ethtool_abi as abi
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import Ethtool
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import (
    HASHED_FLOWS,
    SETTABLE,
    field_bits,
    field_letters,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_table import (
    equal_table,
    weights_table,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool_binary import EthtoolBinary
from hypothesis import given, settings
from hypothesis import strategies as st

DEVICE = "eth9"  # the recorder answers before the kernel looks for it
SRSSH = 0x47
HEADER = 24  # bytes of struct ethtool_rxfh before the table
sizes = st.sampled_from((128, 512, 64)) | st.integers(1, 600)  # 82599; X550 without and with VFs; any


@pytest.fixture(scope="session")
def ethtool(tmp_path_factory):
    return EthtoolBinary(tmp_path_factory.mktemp("ethtool"))


@st.composite
def weights(draw):
    """Weights in and out of proportion to the table, some of them zero."""
    size = draw(sizes)
    most = draw(st.sampled_from((1, 3, max(1, size // 8), size)))
    return size, draw(st.lists(st.integers(0, most), min_size=1, max_size=16))


def table_of(said):
    """The table in ETHTOOL_SRSSH; None where ethtool refused and sent nothing."""
    if said.status:
        assert not [request for request in said.requests if struct.unpack_from("=I", request)[0] == SRSSH]
        return None
    request = said.last(SRSSH)
    entries = struct.unpack_from("=4I", request)[2]
    return struct.unpack_from(f"={entries}I", request, HEADER)


def ours(size, numbers):
    """Our table; None where we refuse."""
    try:
        return weights_table(size, numbers)
    except ValueError:
        return None


def test_weights_make_the_table_that_ethtool_makes(ethtool):
    outcomes = []

    @settings(max_examples=320)
    @given(weights())
    def same(case):
        size, numbers = case
        theirs = table_of(ethtool("-X", DEVICE, "weight", *map(str, numbers), table=size))
        outcomes.append("refused" if theirs is None else "taken")
        assert ours(size, numbers) == theirs

    same()
    assert min(outcomes.count("refused"), outcomes.count("taken")) >= 40, "both were tried"


@pytest.mark.parametrize(
    ("size", "numbers", "why"),
    [
        pytest.param(128, [0], "At least one weight must be non-zero", id="nothing for anybody"),
        pytest.param(128, [0, 0, 0], "At least one weight must be non-zero", id="many zeros"),
        pytest.param(128, [100, 29], "Total weight exceeds the size of the indirection table", id="one too much"),
        pytest.param(64, [1] * 65, "Total weight exceeds the size of the indirection table", id="too many queues"),
    ],
)
def test_ethtool_refuses_what_we_refuse(ethtool, size, numbers, why):
    said = ethtool("-X", DEVICE, "weight", *map(str, numbers), table=size)
    assert (said.status, said.error, table_of(said)) == (1, f"{why}\n", None)
    with pytest.raises(ValueError):
        weights_table(size, numbers)


@pytest.mark.parametrize("numbers", [[128], [1, 1, 1, 0], [100, 28], [1] * 128, [0, 0, 128]])
def test_weights_may_use_the_whole_table(ethtool, numbers):
    assert weights_table(128, numbers) == table_of(ethtool("-X", DEVICE, "weight", *map(str, numbers)))


def test_equal_queues_make_the_table_that_ethtool_makes(ethtool):
    @settings(max_examples=60)
    @given(sizes, st.integers(1, 64))
    def same(size, queues):
        assert equal_table(size, queues) == table_of(ethtool("-X", DEVICE, "equal", str(queues), table=size))

    same()


def test_a_table_is_sent_as_ethtool_sends_it_to_older_drivers(ethtool):
    """ethtool asks for the table by SRSSH first; ours goes by SRXFHINDIR, which every kernel has."""

    @settings(max_examples=30)
    @given(sizes, st.integers(1, 64))
    def same(size, queues):
        said = ethtool("-X", DEVICE, "equal", str(queues), table=size, old=1)
        assert bytes(abi.indirection_request(equal_table(size, queues))) == said.last(abi.SRXFHINDIR)

    same()


def test_default_is_a_table_without_entries(ethtool):
    said = ethtool("-X", DEVICE, "default", old=1)
    assert said.status == 0, said.error
    assert bytes(abi.indirection_request(None)) == said.last(abi.SRXFHINDIR)


@pytest.mark.parametrize("size", [40, 52, 1])
def test_a_hash_key_is_sent_as_ethtool_sends_it(ethtool, size):
    @settings(max_examples=20)
    @given(st.binary(min_size=size, max_size=size))
    def same(key):
        said = ethtool("-X", DEVICE, "hkey", key.hex(":"), key=size)
        assert (said.status, said.error) == (0, "")
        assert bytes(abi.hash_request(key.hex(":"), None)) == said.last(SRSSH)

    same()


@pytest.mark.parametrize(("function", "number"), [("toeplitz", 1), ("xor", 2), ("crc32", 4), (None, 0)])
def test_a_hash_function_has_a_bit_of_its_own(function, number):
    """include/uapi/linux/ethtool.h ETH_RSS_HASH_*; ethtool 6.1 asks the kernel for the names and sends none here."""
    said = bytes(abi.hash_request("aa:bb", function, 1))
    assert said == struct.pack("=4I2B2xI", SRSSH, 0, 0xFFFFFFFF, 2, number, 1, 0) + b"\xaa\xbb"


class Caught(Ethtool):
    """Keeps what goes to the kernel."""

    def __init__(self):
        self.requests = []

    def _ioctl(self, name, buffer):
        self.requests.append(bytes(buffer))


@pytest.mark.parametrize("flow_type", HASHED_FLOWS)
def test_hash_fields_are_sent_as_ethtool_sends_them(ethtool, flow_type):
    @settings(max_examples=20)
    @given(st.text(SETTABLE, min_size=1, max_size=9))
    def same(letters):
        said = ethtool("-N", DEVICE, "rx-flow-hash", flow_type, letters)
        assert (said.status, said.error) == (0, ""), letters
        theirs = said.last(abi.SRXFH)
        ours = Caught()
        ours.set_hash_fields(DEVICE, flow_type, field_bits(letters))
        # The kernel reads no more than these 16 bytes (ethtool_rxnfc_copy_struct).
        assert ours.requests[-1][: len(theirs)] == theirs
        assert field_bits(field_letters(field_bits(letters))) == field_bits(letters)

    same()
