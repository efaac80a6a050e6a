# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Indirection tables, with the arithmetic of `ethtool -X`; against the binary itself in test_rss_oracle."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_table import (
    block_table,
    default_table,
    equal_table,
    spread,
    table_words,
    weights_table,
)
from hypothesis import given
from hypothesis import strategies as st

sizes = st.sampled_from((64, 128, 512))


@pytest.mark.parametrize(
    ("weights", "blocks"),
    [
        pytest.param([1], [128], id="one queue"),
        pytest.param([1, 1, 1, 1], [32, 32, 32, 32], id="all the same"),
        pytest.param([1, 1, 1], [42, 43, 43], id="what does not divide"),
        pytest.param([1, 1, 1, 0], [42, 43, 43, 0], id="a queue that gets nothing"),
        pytest.param([0, 0, 5], [0, 0, 128], id="only the last"),
        pytest.param([3, 1], [96, 32], id="in proportion"),
        pytest.param([127, 1], [127, 1], id="one entry"),
    ],
)
def test_weights_are_blocks_in_proportion(weights, blocks):
    table = weights_table(128, weights)
    assert table == tuple(queue for queue, number in enumerate(blocks) for _entry in range(number))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], "at least one weight must not be zero"),
        ([0, 0], "at least one weight must not be zero"),
        ([1, -1], "a weight is negative"),
        ([64, 65], "the weights add up to 129, more than the table's 128 entries"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        weights_table(128, weights)


@given(sizes, st.lists(st.integers(0, 8), min_size=1, max_size=8).filter(any))
def test_every_entry_is_given_and_no_queue_gets_more_than_its_share(size, weights):
    """fill_indir_table(): entry i goes to the first queue j with i < floor(size * (w0 + … + wj) / sum)."""
    table = weights_table(size, weights)
    total = sum(weights)
    for entry, queue in enumerate(table):
        partial = [sum(weights[: number + 1]) for number in range(len(weights))]
        assert queue == next(number for number, part in enumerate(partial) if entry < size * part // total)
    assert len(table) == size


@given(sizes, st.integers(1, 63))
def test_equal_takes_turns_and_the_default_is_equal_over_all(size, queues):
    table = equal_table(size, queues)
    assert table[: queues + 1] == (*range(queues), 0)[: queues + 1]
    counts = Counter(table)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert default_table(size, queues) == table


@given(sizes, st.integers(1, 63))
def test_blocks_are_the_same_queues_in_order(size, queues):
    table = block_table(size, queues)
    assert list(table) == sorted(table)
    assert set(table) == set(range(queues))


def test_igb_beside_vfs_has_two_blocks():
    assert block_table(128, 2) == (0,) * 64 + (1,) * 64


def test_the_spread_names_the_queues_that_have_entries():
    assert spread((3, 1, 3, 3)) == {1: 1, 3: 3}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param(equal_table(128, 4), "equal 4", id="in turn"),
        pytest.param((0,) * 128, "equal 1", id="one queue"),
        pytest.param(weights_table(128, [1, 1, 1]), "0*42 1*43 2*43", id="blocks"),
        pytest.param((0, 0, 1, 0), "0*2 1*1 0*1", id="as it comes"),
        pytest.param((), "", id="none"),
    ],
)
def test_a_table_in_words_tells_it_to_the_entry(table, words):
    assert table_words(table) == words
