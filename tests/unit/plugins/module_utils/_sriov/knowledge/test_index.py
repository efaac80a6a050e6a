# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A driver is its file and its line in the index: nothing else knows it, and no host reads another driver's file."""

from __future__ import annotations

import ast
import importlib
import json
import os
import runpy
import subprocess
import sys
import types
from pathlib import Path

import pytest
from ansible.executor.module_common import ModuleDepFinder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import knowledge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import Ethtool
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge import index
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.driver import (
    Driver,
    RssStep,
    VfDriver,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import rss_explanation
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, info, pf, rx_rate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

FOLDER = Path(knowledge.__file__).parent
INVENTED = Driver(
    "invented-nic",
    rss=(RssStep(0, 8), RssStep(1, 3)),
    vf_limits=((8, 5),),
    vf_driver=VfDriver("inventedvf", queues=1, queue_counters=("vf {} in",)),
    dpdk="net_invented",
    queue_counters=("in {}",),
)
NIC = hosts.Nic("invented-nic", "inventedvf", "9999", "999a", 63)


def file_of(name):
    return name.replace("-", "_").lower()


def files():
    """Modules beside the index that define a driver."""
    found = {path.stem: importlib.import_module(f"{knowledge.__name__}.{path.stem}") for path in FOLDER.glob("*.py")}
    return {name: file for name, file in found.items() if hasattr(file, "DRIVER")}


def forget():
    index.driver.cache_clear()
    index.vf_driver.cache_clear()


@pytest.fixture
def invented(monkeypatch):
    """The file of a driver, and its lines in the index."""
    file = types.ModuleType("invented_nic")
    file.DRIVER = INVENTED
    monkeypatch.setitem(sys.modules, f"{knowledge.__name__}.invented_nic", file)
    monkeypatch.setattr(index, "DRIVERS", (*index.DRIVERS, INVENTED.name))
    monkeypatch.setitem(index.VF_DRIVERS, "inventedvf", INVENTED.name)
    forget()
    yield
    forget()


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, hosts.host(NIC))


# A driver that is added.


@pytest.mark.usefixtures("invented")
def test_info_knows_an_added_driver(kernel):
    [pf] = run_module(info, kernel, pf="enp1s0")["pfs"]
    assert pf["rss_limit"]["cause"] == "invented-nic: 0 VFs: 8, from 1 VF on: 3; online CPUs: 8"
    [dpdk] = [row for row in pf["bypass"] if row["name"] == "DPDK on the PF"]
    assert "no DPDK driver is known" not in dpdk["why"]


def test_info_knows_no_other(kernel):
    [pf] = run_module(info, kernel, pf="enp1s0")["pfs"]
    assert pf["rss_limit"]["cause"] == "nothing is known of driver invented-nic"
    [dpdk] = [row for row in pf["bypass"] if row["name"] == "DPDK on the PF"]
    assert "no DPDK driver is known in place of invented-nic" in dpdk["why"]


@pytest.mark.usefixtures("invented")
@pytest.mark.parametrize(
    ("module", "options"),
    [
        pytest.param(pf, {"pf": "enp1s0", "num_vfs": 6}, id="pf"),
        pytest.param(host, {"pfs": [{"pf": "enp1s0", "num_vfs": 6}]}, id="host"),
    ],
)
def test_the_plan_knows_an_added_driver(kernel, module, options):
    refused = run_module(module, kernel, check=True, **options)
    assert refused["failed"]
    assert "invented-nic gives 5 with the 1 traffic classes (DCB) configured" in refused["msg"]


class Counters(Ethtool):
    """A clock that goes on while somebody sleeps, and statistics that grow with it, under names of nobody else's."""

    def __init__(self):
        self._now = 0

    def time(self):
        return self._now

    def sleep(self, seconds):
        self._now += seconds

    def statistics(self, name):
        return {"in 0": int(100 * self._now), "vf 0 in": int(500 * self._now)}


def sampled(kernel):
    kernel.ethtool = counters = Counters()
    module = types.SimpleNamespace(main=lambda outside: rx_rate.main(outside, counters.time, counters.sleep))
    return run_module(module, kernel, pf="enp1s0", pattern="in")["queues"]


@pytest.mark.usefixtures("invented")
def test_rx_rate_knows_an_added_driver(kernel):
    assert sampled(kernel) == [{"queue": 0, "packets_per_second": 100.0}]


def test_rx_rate_knows_no_other(kernel):
    assert sampled(kernel) == []


@pytest.mark.usefixtures("invented")
def test_the_counters_of_an_added_driver_are_tried_on_unknown_drivers():
    assert index.all_queue_counters()[-2:] == (("in {}",), ("vf {} in",))
    assert (index.queue_counters("invented-nic"), index.queue_counters("inventedvf")) == (("in {}",), ("vf {} in",))
    assert index.vf_driver("inventedvf").queues == 1


@pytest.mark.usefixtures("invented")
def test_the_docs_know_an_added_driver():
    script = runpy.run_path(str(Path(__file__).resolve().parents[6] / "scripts/lib/hardware_page.py"))
    lines = script["page"](index.all_drivers(), rss_explanation).splitlines()
    assert "| invented-nic |  |  |  | 0 VFs: 8, from 1 VF on: 3 |  |" in lines
    at = lines.index("### invented-nic")
    assert lines[at + 2 : at + 5] == [
        "- VFs: driver inventedvf; at most 5 with up to 8 traffic classes (DCB)",
        "- DPDK: net_invented, in place of it",
        "- Counters of a queue: `in N`",
    ]


# What is imported.

REPORT = """
import json, sys
from pathlib import Path
def files():
    loaded = [name for name in sys.modules if ".module_utils._sriov.knowledge." in name]
    return sorted(name.rpartition(".")[2] for name in loaded if hasattr(sys.modules[name], "DRIVER"))
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import rss_explanation
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, info, pf, rx_rate, vf
imported = files()
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
kernel = simulate(Path(sys.argv[1]), hosts.host(getattr(hosts, sys.argv[2])))
assert not run_module(info, kernel)["failed"]
observed = files()
vfs = [{"vf": "all", "mac": "auto"}]
assert run_module(host, kernel, pfs=[{"pf": "enp1s0", "num_vfs": 2, "vfs": vfs}])["changed"]
print(json.dumps([imported, observed, files()]))
"""


@pytest.mark.parametrize("nic", ["IGB", "IXGBE"])
def test_only_the_files_of_drivers_that_are_there_are_imported(tmp_path, nic):
    """Nor do VFs with a driver of their own need another file."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run(
        [sys.executable, "-c", REPORT, str(tmp_path), nic], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == [[], [nic.lower()], [nic.lower()]]


def test_ansible_sends_every_file_along():
    """ModuleDepFinder is what AnsiballZ packs by: it reads import statements, and runs nothing."""
    source = (FOLDER / "index.py").read_text(encoding="utf-8")
    seen = ModuleDepFinder(index.__name__, ast.parse(source)).submodules
    below = tuple(knowledge.__name__.split("."))
    assert {name[-1] for name in seen if name[:-1] == below} == {file_of(name) for name in index.DRIVERS}


# The index and the files.


def test_every_file_has_a_line_and_every_line_a_file():
    assert sorted(files()) == sorted(file_of(name) for name in index.DRIVERS)


@pytest.mark.parametrize("name", index.DRIVERS)
def test_a_driver_is_called_as_in_the_index(name):
    known = index.driver(name)
    assert {known.name, *(chip.name for chip in known.chips.values())} == {name}
    assert all(chip.chip and not chip.chips for chip in known.chips.values())


def test_every_vf_driver_leads_to_a_file_that_knows_it():
    have = [known.vf_driver for known in index.all_drivers() if known.vf_driver]
    assert {vf_driver.name for vf_driver in have} == set(index.VF_DRIVERS)
    assert all(vf_driver == index.vf_driver(vf_driver.name) for vf_driver in have)  # i40e and ice share iavf


def test_drivers_of_ef_vi_are_those_whose_files_say_so():
    assert tuple(known.name for known in index.all_drivers() if known.ef_vi) == index.EF_VI_DRIVERS


@pytest.mark.parametrize(
    ("name", "device", "rss_known"),
    [
        pytest.param("ixgbe", "10fb", True, id="a driver whose chips are alike"),
        pytest.param("igb", "1533", False, id="a chip that is not listed"),
        pytest.param("vfio-pci", "10c9", False, id="a known chip under another driver"),
        pytest.param("ixgbevf", "10ed", False, id="a driver of VFs is none of PFs"),
        pytest.param("index", "10c9", False, id="a driver that is called as a file that is none's"),
        pytest.param(None, "10c9", False, id="no driver"),
    ],
)
def test_an_unknown_driver_gets_an_entry_that_knows_nothing(name, device, rss_known):
    known = index.driver(name, "8086", device)
    assert (known.name, known.rss is not None) == (name or "none", rss_known)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        pytest.param("igb", ("igb",), id="a known driver"),
        pytest.param("mystery", index.DRIVERS, id="an unknown driver"),
        pytest.param(None, index.DRIVERS, id="no driver"),
    ],
)
def test_an_unknown_driver_s_card_may_be_any_driver_s(name, asked):
    assert tuple(known.name for known in index.driver_or_all(name)) == asked


@pytest.mark.parametrize(
    ("driver", "dpdk"),
    [
        ("ixgbe", "net_ixgbe_vf"),
        ("igb", "net_e1000_igb_vf"),
        ("i40e", "net_iavf"),
        ("ice", "net_iavf"),
        ("cxgb4", "net_cxgbevf"),
        ("nfp", "net_nfp_vf"),
        ("rvu_nicpf", "net_cnxk"),
        ("hinic", "net_hinic"),
        ("idpf", "net_idpf"),
        ("fsl_enetc", "net_enetc"),
        ("sfc_ef100", "net_sfc_efx"),
        ("mlx5_core", "net_mlx5"),
    ],
)
def test_what_dpdk_drives_its_vfs_with(driver, dpdk):
    known = index.driver(driver)
    assert (known.vf_driver.dpdk if known.vf_driver else known.dpdk) == dpdk
