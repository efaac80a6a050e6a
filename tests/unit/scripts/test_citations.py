# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a source is cited, and that all of knowledge/ cites so: scripts/check_drivers finds nothing else."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import knowledge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge import index
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.__main__ import cited_by_file
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.citations import citations
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.known import FOLDER, KNOWN
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.operations import OPERATIONS
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.source import Releases

FILES = Path(knowledge.__file__).parent
EVER = Releases()
OTHER_MODULES = {"mana_ib"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("x = 1  # a.c a_b", [("a.c", ("a_b",), EVER)], id="a comment"),
        pytest.param('"""Sees (net/core/a.c a_b)."""', [("net/core/a.c", ("a_b",), EVER)], id="a docstring"),
        pytest.param('Xdp("a-b/a.c a_b")', [("a-b/a.c", ("a_b",), EVER)], id="a string"),
        pytest.param("# a.h A_B, A_C*, c_d: why, as e_f", [("a.h", ("A_B", "A_C*", "c_d"), EVER)], id="names"),
        pytest.param("# a.c a_b, word", [("a.c", ("a_b",), EVER)], id="a word after a name"),
        pytest.param("# a.c a_b, b_c.c c_d", [("a.c", ("a_b",), EVER), ("b_c.c", ("c_d",), EVER)], id="two files"),
        pytest.param("# a.c a_b; b_c.c c_d", [("a.c", ("a_b",), EVER), ("b_c.c", ("c_d",), EVER)], id="apart"),
        pytest.param(
            "# a.c a_b, net/core/b.c b_c", [("a.c", ("a_b",), EVER), ("net/core/b.c", ("b_c",), EVER)], id="path"
        ),
        pytest.param("    # a.c\n    # a_b,\n    # c_d", [("a.c", ("a_b", "c_d"), EVER)], id="over lines"),
        pytest.param("# a.c a_b [from 6.7 on]", [("a.c", ("a_b",), Releases((6, 7)))], id="from a release on"),
        pytest.param("# a.c a_b\n# [before 6.12].", [("a.c", ("a_b",), Releases(before=(6, 12)))], id="before one"),
        pytest.param("# a.c a_b [from 5.4 on, before 6.1]", [("a.c", ("a_b",), Releases((5, 4), (6, 1)))], id="both"),
        pytest.param('folders=("drivers/net/a.c",)', [], id="a file of a driver's folders"),
        pytest.param("# nothing of a.conf or of a_b", [], id="none"),
    ],
)
def test_a_citation_is_a_file_and_names(text, found):
    cited, faults = citations(text, "new.py")
    assert ([each[1:] for each in cited], faults) == (found, [])


def test_a_citation_knows_its_line():
    cited, _faults = citations("\n\n# a.c a_b\n# b.c b_c", "new.py")
    assert [each.where for each in cited] == ["new.py:3", "new.py:4"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("# see a.c", "a.c without a name that it defines", id="no name"),
        pytest.param("# a.c: a_b", "a.c without a name that it defines", id="a colon"),
        pytest.param("# a.c word", "a.c without a name that it defines", id="a word"),
        pytest.param("# a.c a_b and c_d", "a.c: not understood: and c_d", id="and"),
        pytest.param("# a.c a_b; c_d", "a.c: not understood: ; c_d", id="a semicolon"),
        pytest.param("# a.c a_b()", "a.c: not understood: ()", id="parentheses"),
        pytest.param("# a.c a_b [since 6.7]", "a.c: not understood: [", id="releases"),
    ],
)
def test_what_would_be_left_out_in_silence_is_a_fault(text, fault):
    assert citations(f"\n{text}", "new.py")[1] == [f"new.py:2: {fault}"]


# Ours.


def test_every_source_that_knowledge_cites_is_a_citation():
    cited, faults = cited_by_file(FILES)
    assert faults == []
    assert sum(map(len, cited.values())) > 80  # of more than nothing


@pytest.mark.parametrize("name", index.DRIVERS)
def test_every_function_in_the_comments_of_a_driver_is_cited(name):
    """A word that begins as the files of the driver do, and is no file, would not be looked for."""
    path = FILES / f"{name.replace('-', '_').lower()}.py"
    text = path.read_text(encoding="utf-8")
    cited, _faults = citations(text, path.name)
    begins = {Path(each.file).name.partition(".")[0].partition("_")[0] for each in cited if "_" in each.file}
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT or token.string.startswith('"""')
    ]
    words = re.findall(r"(?<![\w./-])_{0,2}[a-z0-9]+_\w+\b(?!\.[ch]\b)", " ".join(comments))
    named = {word for word in words if word.lstrip("_").partition("_")[0] in begins - {"en"}}
    assert named <= {*index.DRIVERS, *OTHER_MODULES, *(each for citation in cited for each in citation.names)}


@pytest.mark.parametrize("name", index.DRIVERS)
def test_every_driver_of_the_kernel_has_its_folders(name):
    driver = index.driver(name)
    outside = {"xilinx_efct"}  # comes from AMD
    assert bool(driver.folders) == (name not in outside)
    vf_folders = driver.vf_driver.folders if driver.vf_driver else ()
    assert all(re.fullmatch(r"drivers/[\w/]+(\.c)?", folder) for folder in (*driver.folders, *vf_folders))
    assert all(chip.folders == driver.folders for chip in driver.chips.values())


@pytest.mark.parametrize("name", [name for name in index.DRIVERS if index.driver(name).xdp])
def test_the_source_of_what_is_known_of_xdp_is_a_citation(name):
    xdp = index.driver(name).xdp
    [cited], faults = citations(xdp.source, name)
    assert (f"{cited.file} {', '.join(cited.names)}", faults) == (xdp.source, [])


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.driver} {known.what}")
def test_a_known_difference_is_about_a_driver_and_what_it_may_have(known):
    assert known.driver in index.DRIVERS
    assert known.what in (FOLDER, *OPERATIONS, *index.driver(known.driver).chips)
