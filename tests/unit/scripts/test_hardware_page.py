# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/hardware.md is what scripts/lib/hardware_page.py makes of the drivers' files."""

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
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.judge import LAB, USER, Judge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import rss_explanation
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.vf_support import (
    A_LIMIT,
    Rates,
    VfSupport,
)
from lab.nics import KINDS

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts/lib/hardware_page.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("hardware_page", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(script, driver):
    """Those of the table, without its two lines of titles."""
    return [line for line in script.page([driver], rss_explanation).splitlines() if line.startswith("| ")][2:]


def details(script, driver):
    """What is listed below the driver's name."""
    section = script.page([driver], rss_explanation).split(f"### {driver.name}\n\n")[1]
    return section.split("\n## ")[0].rstrip("\n").splitlines()


def test_the_page_is_up_to_date(script):
    wanted = script.page(index.all_drivers(), rss_explanation)
    assert (ROOT / "docs/hardware.md").read_text(encoding="utf-8") == wanted, f"run python3 {SCRIPT.relative_to(ROOT)}"


def test_the_script_needs_nothing_but_the_checkout(tmp_path):
    """Isolated: neither PYTHONPATH nor what is installed. It says nothing, and changes nothing that is up to date."""
    code = f"import runpy, pathlib; script = runpy.run_path({str(SCRIPT)!r}); main = script['main']; "
    code += f"main.__globals__['PAGE'] = pathlib.Path({str(tmp_path / 'hardware.md')!r}); main()"
    ran = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
    assert (tmp_path / "hardware.md").read_bytes() == (ROOT / "docs/hardware.md").read_bytes()


FULL = Driver(
    "new",
    folders=("drivers/net/new",),
    cards="New 1",
    rss=(RssStep(0, 8), RssStep(1, 3)),
    steering=Steering(("ip4",), to_vf=QUEUE),
    vf_driver=VfDriver("newvf", dpdk="net_newvf", snabb=("1:3",)),
    vf_change=NO_CHANGE,
    vf_limits=((1, 63), (4, 31)),
    needs_up=True,
    ntuple_resets=False,
    vf_support=VfSupport(
        {"trust": "why", "qos": "why"}, {"vlan_proto": ("802.1Q",)}, rates=Rates(50, 900, 50, A_LIMIT, 1000)
    ),
    xdp=Xdp((5, 1), (5, 3), "", 3000, refuses_lro=True),
    dpdk="net_new",
    snabb=("1:2",),
    queue_counters=("in {}", "xsk {}"),
    packet_counters=("  others",),
)


def test_nothing_is_said_where_nothing_is_known(script):
    assert rows(script, Driver("new")) == ["| new |  |  |  |  |  |"]
    assert details(script, Driver("new")) == ["- Nothing else is known."]


def test_all_that_is_known_is_said(script):
    assert rows(script, FULL) == ["| new | New 1 | source: 6.12 | yes | 0 VFs: 8, from 1 VF on: 3 | nothing |"]
    assert details(script, FULL) == [
        "- VFs: driver newvf; at most 63 with no traffic classes (DCB); at most 31 with up to 4 traffic classes (DCB); "
        "only while the PF is up",
        "- Works, attributes of VFs: mac, vlan, vlan_proto (only 802.1Q), spoofchk, min_tx_rate, "
        "max_tx_rate (50 to 900, multiples of 50, a limit needs a link, of exactly 1000), link_state, query_rss",
        "- Works, flow rules: ip4",
        "- Refused: trust, qos: why",
        "- XDP: 5.1, zero-copy 5.3, MTU up to 3000, not with large-receive-offload",
        "- DPDK: net_new, in place of it; VFs: net_newvf",
        "- Also past the kernel: Snabb (PF, VFs)",
        "- Counters of a queue: `in N`, `xsk N`, `  others`",
    ]


@pytest.mark.parametrize(
    ("driver", "line"),
    [
        (Driver("new", creates_vfs=False, how_else="ask"), "- Refused: VFs while it runs: ask"),
        (Driver("new", steering=Steering(no_vf="so")), "- Refused: rules to VFs: so"),
        (Driver("new", xdp_excludes_vfs=True), "- Refused: VFs while an XDP program is attached to the PF"),
        (Driver("new", steering=Steering(to_vf=QUEUE, unproven="they say")), "- Unproven: rules to VFs: they say"),
        (
            Driver("new", gives_fewer="look"),
            "- VFs: may be fewer than asked for, without an error: look",
        ),
        (Driver("new", dpdk="a", bifurcated=True), "- DPDK: a, beside it"),
        (
            Driver("new", vf_support=VfSupport(dict.fromkeys(index.driver("ena").vf_support.refuses, "no"))),
            "- Refused: mac, vlan, qos, vlan_proto, spoofchk, trust, min_tx_rate, max_tx_rate, link_state, "
            "query_rss: no",
        ),
        (
            Driver("new", macvlans_cost_vfs=True, rss_with_classes=1, table="shared"),
            "- Price: each macvlan that the card carries is one VF less; with traffic classes (DCB) RSS beside VFs "
            "has 1; one RSS table and key for the PF and all VFs",
        ),
    ],
)
def test_what_is_refused_and_what_it_costs_is_listed(script, driver, line):
    assert line in details(script, driver)


@pytest.mark.parametrize(
    ("rates", "said"),
    [(Rates(within_link=True), "1 to the link"), (Rates(needs_vlan=True), "from 1 on, only with a VLAN")],
)
def test_rates_are_said(script, rates, said):
    assert f"max_tx_rate ({said})" in details(script, Driver("new", vf_support=VfSupport(rates=rates)))[0]


@pytest.mark.parametrize(
    ("steering", "cell"),
    [
        (Steering(to_vf=VF_RSS), "to its RSS, whatever the queue"),
        (Steering(to_vf=BY_MAC), "by destination MAC, whatever the queue"),
        (Steering(to_vf=QUEUE), "yes"),
        (Steering(to_vf=QUEUE, unproven="they say"), "unproven"),
        (Steering(no_vf="so"), "no"),
    ],
)
def test_where_rules_to_vfs_lead_is_a_cell(script, steering, cell):
    assert rows(script, Driver("new", steering=steering)) == [f"| new |  |  | {cell} |  |  |"]


def test_who_has_judged_is_a_cell(script):
    judges = (Judge(LAB, "X1", ((6, 1), (6, 12))), Judge(USER, "X3", ((6, 8),), "https://example.com/7"))
    driver = Driver("new", ("drivers/net/new",), read_in=(6, 15), judged=judges)
    said = "lab: X1, Linux 6.1 and 6.12; [user](https://example.com/7): X3, Linux 6.8; source: 6.15"
    assert rows(script, driver) == [f"| new |  | {said} |  |  |  |"]


def test_of_a_chip_only_what_differs_is_listed(script):
    chip = FULL._replace(chip="X2", cards="New 2", dpdk="net_x2", rss=())
    driver = FULL._replace(chips={"1:2": chip, "1:3": chip})
    assert [row.split(" | ")[:2] for row in rows(script, driver)] == [["| new", "New 1"], ["| new, X2", "New 2"]]
    assert details(script, driver)[-3:] == ["new, X2:", "", "- DPDK: net_x2, in place of it; VFs: net_newvf"]


# --- What the data say of themselves ---

CHIPS = [
    each for driver in index.all_drivers() for each in (driver, *{id(c): c for c in driver.chips.values()}.values())
]
IDS = [f"{each.name} {each.chip}".strip() for each in CHIPS]


@pytest.mark.parametrize("driver", CHIPS, ids=IDS)
def test_each_driver_and_chip_names_its_cards_and_its_judges(driver):
    assert driver.cards
    for judge in driver.judged:
        assert judge.how in (LAB, USER) and judge.kernels and (judge.how == LAB) != bool(judge.where)


def test_the_lab_judges_the_drivers_of_its_nics_and_no_others():
    ran = {(driver.name, judge.card) for driver in CHIPS for judge in driver.judged if judge.how == LAB}
    assert ran == {(kind.driver, kind.name) for kind in KINDS.values() if kind.ports == 1}


def test_chips_differ_in_who_judged_them():
    """A chip is made of another's columns: what ran on that one did not run on this."""
    judged = [(driver.name, judge) for driver in CHIPS for judge in driver.judged]
    assert len({*judged}) == len(judged)
