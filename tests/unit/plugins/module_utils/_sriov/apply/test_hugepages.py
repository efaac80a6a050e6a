# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hugepages as the program of a boot takes them: what is kept of the host is wanted, and what is short is told."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.hugepages import (
    Shortage,
    allocate,
    lower,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.platform import Pages
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import GIB, kernel_on, machine, pool


def numbers(kernel):
    return {(each.node, each.size_kb): each.nr for each in kernel.platform.pools()}


def test_what_is_there_is_not_touched_and_what_is_more_stays(tmp_path):
    kernel = kernel_on(tmp_path, {**machine(nodes=2), **pool(0, 2048, 64), **pool(1, 2048, 8)})
    assert allocate(kernel, [Pages(0, 2048, 32), Pages(1, 2048, 16)], Deadline(5)) == []
    assert (numbers(kernel)[0, 2048], numbers(kernel)[1, 2048]) == (64, 16)
    assert len((tmp_path / "sim/writes").read_text().splitlines()) == 1


def test_what_is_short_is_told_by_node_with_what_is_free(tmp_path):
    files = {**machine(nodes=2), "sim/most/node1-hugepages-1048576kB": "1"}
    kernel = kernel_on(tmp_path, files)
    short = allocate(kernel, [Pages(0, GIB, 1), Pages(1, GIB, 4)], Deadline(5))
    assert short == [Shortage(Pages(1, GIB, 4), 1, 11 * GIB)]
    assert str(short[0]) == "node 1: 1 of 4 pages of 1G, with 11264 MiB free"


def test_a_node_that_is_not_there_at_this_boot_is_an_error_and_not_enough(tmp_path):
    kernel = kernel_on(tmp_path, machine())
    with pytest.raises(Exception, match="node7"):
        allocate(kernel, [Pages(7, 2048, 1)], Deadline(5))


def test_what_came_into_use_meanwhile_is_not_taken(tmp_path):
    kernel = kernel_on(tmp_path, {**machine(), **pool(0, 2048, 64, free=24)})
    with pytest.raises(InUse, match="39 are fewer than are in use: 40 of 64 are in use by now"):
        lower(kernel, Pages(0, 2048, 39), Deadline(5))
    lower(kernel, Pages(0, 2048, 40), Deadline(5))
    assert numbers(kernel)[0, 2048] == 40
