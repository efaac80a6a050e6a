# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's line as a list of arguments: quotes, names, what is missing, and what counts."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import kernel_arguments as arguments
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.lists(st.from_regex(r"[a-z_.-]{1,5}(=[a-z0-9,]{0,3})?", fullmatch=True), max_size=8)


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("", ()),
        ("  a  b=1\n", ("a", "b=1")),
        ('dyndbg="file a.c +p" ro', ('dyndbg="file a.c +p"', "ro")),
        ('"x=a b" c', ('"x=a b"', "c")),
        ('x="open to the end', ('x="open to the end',)),
    ],
)
def test_split(line, tokens):
    assert arguments.split(line) == tokens


@given(WORDS)
def test_what_is_joined_is_split_again(words):
    assert arguments.split(" ".join(words)) == tuple(words)


@given(WORDS, WORDS)
def test_what_is_taken_is_missing_and_nothing_else_is(words, more):
    line = (*words, *more)
    assert arguments.without(line, more) == tuple(words) or sorted(arguments.without(line, more)) == sorted(words)
    assert arguments.missing(line, more) == ()
    assert sorted(arguments.missing(words, line)) == sorted(more)


def test_the_last_of_several_is_taken_and_quotes_make_no_difference():
    assert arguments.without(("a", "x", "b", "x"), ["x"]) == ("a", "x", "b")
    assert arguments.missing(('"k=a b"',), ['k="a b"']) == ()


@pytest.mark.parametrize(
    ("token", "name"),
    [("intel_iommu=on", "intel_iommu"), ("intel-iommu=on", "intel_iommu"), ('"a=b c"', "a"), ("ro", "ro")],
)
def test_names(token, name):
    assert arguments.key(token) == name


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("quiet", None),
        ("iommu=on xintel_iommu=on", None),
        ("intel_iommu=on", True),
        ("intel_iommu=off", False),
        ("intel_iommu=off intel_iommu=on", True),
        ("intel_iommu=on intel_iommu=off", False),
        ("intel_iommu=on,sm_on", True),
        ("intel_iommu=off intel_iommu=sm_on", False),
        ("intel_iommu=only", None),
    ],
)
def test_intel_iommu(line, on):
    assert arguments.intel_iommu(line.split()) is on


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("quiet", None),
        ("iommu=pt", True),
        ("iommu=force", None),
        ("iommu=pt,force", True),
        ("iommu=pt iommu=nopt", False),
        ("iommu=pt iommu.passthrough=0", False),
        ("iommu.passthrough=1", True),
        ("xiommu=pt", None),
    ],
)
def test_passthrough(line, on):
    assert arguments.passthrough(line.split()) is on


@pytest.mark.parametrize(
    ("line", "pools"),
    [
        ("hugepages=8", [(None, "8")]),
        ("hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=512", [(1048576, "4"), (2048, "512")]),
        ("default_hugepagesz=1G hugepages=0:4,1:0", [(1048576, "0:4,1:0")]),
        ("hugepagesz=1G quiet hugepages=4 hugepages=2", [(1048576, "4"), (None, "2")]),
        ("default_hugepagesz=1G", []),
    ],
)
def test_hugepages_on_a_line(line, pools):
    assert [(each.size_kb, each.pages) for each in arguments.line_pools(line.split())] == pools


@pytest.mark.parametrize(
    ("text", "size"),
    [("2M", 2048), ("2mb", 2048), ("1G", 1048576), ("64K", 64), ("0M", None), ("2", None), ("M", None)],
)
def test_sizes(text, size):
    assert arguments.size_kb(text) == size
    assert size is None or arguments.size_text(size) == text.upper().rstrip("B")
