# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of docs/kernel-bypass-2015.md are what scripts/lib/bypass_tables.py makes of the hosts of the tests."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support import bypass as support

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts/lib/bypass_tables.py"
PAGE = ROOT / "docs/kernel-bypass-2015.md"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("bypass_tables", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables(script):
    return script.tables(support)


def cells(table):
    """Rows by their first cell; each the others by their column's title."""
    titles, _line, *rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()]
    return {row[0]: dict(zip(titles[1:], row[1:])) for row in rows}


def test_the_page_is_up_to_date(script, tables):
    text = PAGE.read_text(encoding="utf-8")
    assert script.page(text, tables) == text, f"run python3 {SCRIPT.relative_to(ROOT)}"


def test_the_page_has_no_other_table_of_the_script(script, tables):
    begun = re.findall(r"<!-- table (\S+): written by", PAGE.read_text(encoding="utf-8"))
    assert sorted(begun) == sorted(tables)


def test_the_script_needs_nothing_but_the_checkout(tmp_path):
    """Isolated: neither PYTHONPATH nor what is installed. It says nothing, and changes nothing that is up to date."""
    copy = tmp_path / "page.md"
    copy.write_bytes(PAGE.read_bytes())
    code = f"import runpy, pathlib; script = runpy.run_path({str(SCRIPT)!r}); main = script['main']; "
    code += f"main.__globals__['PAGE'] = pathlib.Path({str(copy)!r}); main()"
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'scripts/lib')!r}); {code}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert copy.read_bytes() == PAGE.read_bytes()


@pytest.mark.parametrize(
    ("table", "technique", "answers"),
    [
        pytest.param(
            "stock", "Snabb", {"82599": "takes it", "82599, a VF": "no", "X710, a VF": "takes it"}, id="Snabb"
        ),
        pytest.param("outside", "netmap", {"82599, a VF": "yes", "82576, a VF": "takes it"}, id="netmap"),
        pytest.param("stock", "DPDK", {"82599": "takes it", "ConnectX-5": "yes", "ConnectX-5, a VF": "yes"}, id="DPDK"),
        pytest.param("stock", "VF", {"82599": "yes", "82599, a VF": ""}, id="a VF has no VFs"),
    ],
)
def test_an_answer_is_that_of_info(tables, table, technique, answers):
    row = cells(tables[table])[technique]
    assert {title: row[title] for title in answers} == answers


def test_details_have_the_words_of_info(tables):
    row = cells(tables["X710"])["Snabb"]
    found = support.vf_technique("Snabb", support.X710)
    assert found.price in row["On a VF"] and "Snabb lists 8086:154c" in row["On a VF"]


def test_only_what_stands_between_the_marks_is_written(script):
    begin, end = script.BEGIN.format("new"), script.END.format("new")
    assert (
        script.page(f"above\n{begin}old\n{end}below\n", {"new": "table\n"}) == f"above\n{begin}\ntable\n\n{end}below\n"
    )


def test_a_page_without_the_place_of_a_table_is_refused(script):
    with pytest.raises(ValueError, match="no place for table new"):
        script.page("by hand\n", {"new": "table\n"})
