# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of the filters, mac_range alone needs netaddr, and not before it is used: the README says so."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.filter import flow, mac_range, vf_list
from ansible_collections.kernel_bypass.sriov.plugins.plugin_utils import _filters


def anew(module):
    """A second one from the same file, which nobody else meets."""
    spec = importlib.util.spec_from_file_location(module.__name__, Path(module.__file__))
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    return again


@pytest.fixture
def filters(monkeypatch):
    monkeypatch.setitem(sys.modules, "netaddr", None)  # what makes Python's import fail
    anew(_filters)
    modules = [anew(module) for module in (flow, mac_range, vf_list)]
    return {name: function for module in modules for name, function in module.FilterModule().filters().items()}


def test_every_filter_loads(filters):
    assert sorted(filters) == ["flow_action", "flow_destination", "mac_range", "vf_list"]


def test_the_others_answer(filters):
    assert filters["flow_action"](0, 1) == 4294967297
    assert filters["flow_destination"](4294967297)["text"] == "VF 0 queue 1"
    assert filters["vf_list"]("0-2,7") == [0, 1, 2, 7]


def test_mac_range_asks_for_it(filters):
    with pytest.raises(Exception, match="^mac_range: the Python library netaddr is not installed"):
        filters["mac_range"]("02:00:00:00:01:00", 2)
