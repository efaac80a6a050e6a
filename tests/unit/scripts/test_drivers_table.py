# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/drivers.md is what scripts/lib/drivers_table.py makes of the drivers' files."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge import index
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.driver import (
    BY_MAC,
    NO_CHANGE,
    QUEUE,
    VF_RSS,
    Driver,
    RssStep,
    Steering,
    VfDriver,
    Xdp,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import rss_explanation
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.vf_support import (
    A_LIMIT,
    Rates,
    VfSupport,
)

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts/lib/drivers_table.py"


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("drivers_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(table):
    wanted = table.page(index.all_drivers(), rss_explanation)
    assert (ROOT / "docs/drivers.md").read_text(encoding="utf-8") == wanted, f"run python3 {SCRIPT.relative_to(ROOT)}"


def test_the_script_needs_nothing_but_the_checkout(tmp_path):
    """Isolated: neither PYTHONPATH nor what is installed. It says nothing, and changes nothing that is up to date."""
    code = f"import runpy, pathlib; table = runpy.run_path({str(SCRIPT)!r}); main = table['main']; "
    code += f"main.__globals__['PAGE'] = pathlib.Path({str(tmp_path / 'drivers.md')!r}); main()"
    ran = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
    assert (tmp_path / "drivers.md").read_bytes() == (ROOT / "docs/drivers.md").read_bytes()


@pytest.mark.parametrize(
    ("driver", "row"),
    [
        pytest.param(Driver("new"), "| new |  |  |  |  |  |  |  |  |  |", id="nothing is known"),
        pytest.param(
            Driver(
                "new",
                rss=(RssStep(0, 8), RssStep(1, 3)),
                steering=Steering(to_vf=QUEUE),
                vf_driver=VfDriver("newvf", dpdk="net_newvf"),
                vf_change=NO_CHANGE,
                needs_up=True,
                vf_support=VfSupport({"trust": "", "qos": ""}, rates=Rates(50, 900, 50, A_LIMIT, 1000)),
                xdp=Xdp((5, 1), (5, 3), ""),
                dpdk="net_new",
                queue_counters=("in {}", "xsk {}"),
                packet_counters=("  others",),
            ),
            "| new | newvf | 0 VFs: 8, from 1 VF on: 3 | yes | 5.1, zero-copy 5.3 | net_new, in place of it; VFs: "
            "net_newvf | `in N`, `xsk N`, `  others` | nothing; only while the PF is up | trust, qos | 50 to 900, "
            "multiples of 50, a limit needs a link, of exactly 1000 |",
            id="all is known",
        ),
        pytest.param(
            Driver("new", rss=(), steering=Steering(no_vf="why"), xdp=Xdp((5, 1), None, ""), dpdk="a", bifurcated=True),
            "| new |  | VFs take nothing | no: why | 5.1 | a, beside it |  |  |  |  |",
            id="what VFs cannot have",
        ),
    ],
)
def test_a_driver_is_a_row(table, driver, row):
    assert table.page([driver], rss_explanation).splitlines()[-1] == row


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        (Driver("new", creates_vfs=False, how_else="ask"), "| not while it runs: ask |  |  |"),
        (Driver("new", vf_support=VfSupport(rates=Rates(within_link=True))), "|  |  | 1 to the link |"),
        (Driver("new", vf_support=VfSupport(rates=Rates(needs_vlan=True))), "|  |  | from 1 on, only with a VLAN |"),
        (Driver("new", steering=Steering(to_vf=VF_RSS)), "| yes, to its RSS, whatever the queue |"),
        (Driver("new", steering=Steering(to_vf=BY_MAC)), "| yes, by destination MAC only, whatever the queue |"),
        (Driver("new", steering=Steering(to_vf=QUEUE, unproven="they say")), "| yes; unproven: they say |"),
    ],
)
def test_how_a_driver_does_it_is_said(table, driver, words):
    assert words in table.page([driver], rss_explanation).splitlines()[-1]


def test_a_chip_that_differs_is_a_row_of_its_own(table):
    driver = Driver("new", chips={"1:2": Driver("new", chip="X2"), "1:3": Driver("new", chip="X2")})
    rows = table.page([driver], rss_explanation).splitlines()[-2:]
    assert [row.split(" | ")[0] for row in rows] == ["| new", "| new, X2"]
