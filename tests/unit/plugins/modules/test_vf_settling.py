# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rates of VFs right after something has reset the PF: it is up, and its link comes some seconds later."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe import links
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, vf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support import two_pfs
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

LABEL = f"enp1s0 ({hosts.IXGBE.address})"
RATE = {"vf": 0, "max_tx_rate": 100}


@pytest.fixture
def without_link(tmp_path, monkeypatch):
    """An ixgbe that is up and has one VF."""
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=16))
    kernel.sysfs.write(f"/sys/bus/pci/devices/{hosts.IXGBE.address}/sriov_numvfs", "1")
    link(tmp_path, False)
    monkeypatch.setattr(links, "SETTLES", 0.5)
    return kernel


def link(root, there, up=True, nic=hosts.IXGBE):
    index = int((root / f"sys/class/net/{nic.name}/ifindex").read_text())
    entry = hosts.interface(nic.name, index, nic.mac, up=up)
    if not there:
        shown = f"sim/interfaces/{nic.name}"
        entry[shown] = entry[shown].replace(', "LOWER_UP"', "")
        entry[f"sys/class/net/{nic.name}/carrier"] = "0"
    build(root, entry)


def coming(kernel, root, monkeypatch, at, nics=(hosts.IXGBE,)):
    """The link of each comes when it is asked for the `at`th time."""
    asked = []

    def carrier(name):
        asked.append(name)
        if asked.count(name) == at:
            link(root, True, nic=next(nic for nic in nics if nic.name == name))
        return asked.count(name) >= at

    monkeypatch.setattr(kernel.interfaces, "carrier", carrier)
    return asked


def run(kernel, *vfs, check=False):
    return run_module(vf, kernel, check, pf="enp1s0", vfs=list(vfs))


@pytest.mark.parametrize("check", [True, False])
def test_a_link_that_comes_is_waited_for(without_link, tmp_path, monkeypatch, check):
    coming(without_link, tmp_path, monkeypatch, at=3)
    result = run(without_link, RATE, check=check)
    assert (result["failed"], result["changed"]) == (False, True), result.get("msg")
    assert result["steps"] == [f"set VF 0 of {LABEL}: max_tx_rate 100 (was 0)"]


def test_without_one_it_is_refused_before_the_first_write(without_link):
    before = written(without_link)
    result = run(without_link, RATE)
    assert result["failed"] and "the PF has no link" in result["msg"]
    assert "plug in the cable" in result["msg"]
    assert written(without_link) == before


@pytest.mark.parametrize("entry", [{"vf": 0, "max_tx_rate": 0}, {"vf": 0, "trust": True}], ids=["has it", "no rate"])
def test_what_needs_no_link_waits_for_none(without_link, tmp_path, monkeypatch, entry):
    asked = coming(without_link, tmp_path, monkeypatch, at=99)
    assert not run(without_link, entry)["failed"]
    assert asked == []


def test_a_pf_that_is_down_gets_none_by_waiting(without_link, tmp_path, monkeypatch):
    link(tmp_path, False, up=False)
    asked = coming(without_link, tmp_path, monkeypatch, at=99)
    assert "set the PF up first" in run(without_link, RATE)["msg"]
    assert asked == []


def test_a_name_that_is_wrong_is_refused_although_a_link_comes(without_link, tmp_path, monkeypatch):
    coming(without_link, tmp_path, monkeypatch, at=1)
    before = written(without_link)
    result = run_module(host, without_link, pfs=[{"pf": "enp1s0", "vfs": [RATE]}, {"pf": "enp9s9"}])
    assert result["failed"] and "enp9s9" in result["msg"]
    assert written(without_link) == before


def test_a_rate_that_goes_back_waits_as_well(without_link, tmp_path, monkeypatch):
    link(tmp_path, True)
    assert not run(without_link, RATE)["failed"]
    link(tmp_path, False)
    coming(without_link, tmp_path, monkeypatch, at=3)
    result = run_module(host, without_link, pfs=[{"pf": "enp1s0", "as_before": True}])
    assert result["steps"] == [f"set VF 0 of {LABEL}: max_tx_rate 0 (was 100)"], result.get("msg")


def test_all_links_are_waited_for(tmp_path, monkeypatch):
    kernel = two_pfs.start(tmp_path)
    for nic in two_pfs.ONE, two_pfs.TWO:
        kernel.sysfs.write(f"/sys/bus/pci/devices/{nic.address}/sriov_numvfs", "1")
        link(tmp_path, False, nic=nic)
    coming(kernel, tmp_path, monkeypatch, at=2, nics=(two_pfs.ONE, two_pfs.TWO))
    result = run_module(host, kernel, pfs=[{"pf": nic.name, "vfs": [RATE]} for nic in (two_pfs.ONE, two_pfs.TWO)])
    assert not result["failed"], result["msg"]
    assert len(result["steps"]) == 2
