# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VFs whose links (virtfnN) are not those of VFs 0 to n-1: which VF is which is not known, so none is touched."""

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import flow_rule, host, info, pci_driver, pf, rss, vf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

NIC = hosts.IXGBE
PF = NIC.address
LABEL = f"enp1s0 ({PF})"
BASE = f"/sys/bus/pci/devices/{PF}"
GONE = "virtfn{} leads to no device, as where a VF was removed by itself"
RULE = {"flow_type": "tcp4", "dst_port": 5001, "vf": 0, "queue": 0}
EVERYTHING = {"allow": ["destroy_vfs", "in_use"]}

RUNS = {
    "another number of VFs": (pf, {"pf": "enp1s0", "num_vfs": 4, **EVERYTHING}),
    "as many VFs": (pf, {"pf": "enp1s0", "num_vfs": 3}),
    "no VFs": (pf, {"pf": "enp1s0", "num_vfs": 0, **EVERYTHING}),
    "the PF up": (pf, {"pf": "enp1s0", "up": True}),
    "attributes": (vf, {"pf": "enp1s0", "vfs": [{"vf": "0", "vlan": 7}]}),
    "queues": (rss, {"pf": "enp1s0", "queues": 2}),
    "a rule": (flow_rule, {"pf": "enp1s0", "rules": [RULE]}),
    "all of it": (host, {"pfs": [{"pf": "enp1s0", "num_vfs": 3, "vfs": [{"vf": "0", "driver": "vfio-pci"}]}]}),
}


def dangling(root, index):
    """`echo 1 > virtfnN/remove`: the device goes, and its link stays."""
    shutil.rmtree(os.path.join(root, hosts.DEVICES, NIC.vf(index)))


def missing(root, index):
    os.unlink(os.path.join(root, hosts.DEVICES, PF, f"virtfn{index}"))


def beyond(root, index):
    """One more than sriov_numvfs says, that leads to nothing."""
    os.symlink(f"../{NIC.vf(index)}", os.path.join(root, hosts.DEVICES, PF, f"virtfn{index}"))


STATES = {
    "the first dangles": (dangling, 0, GONE.format(0)),
    "one dangles": (dangling, 1, GONE.format(1)),
    "the last dangles": (dangling, 2, GONE.format(2)),
    "the first is missing": (missing, 0, "there are only virtfn1, virtfn2"),
    "one is missing": (missing, 1, "there are only virtfn0, virtfn2"),
    "one more than there are": (beyond, 3, GONE.format(3) + "; sriov_numvfs says 3, and there are 4 virtfnN"),
    "one far beyond": (beyond, 7, GONE.format(7) + "; there are only virtfn0, virtfn1, virtfn2, virtfn7"),
}


@pytest.fixture
def kernel(tmp_path):
    made = simulate(tmp_path, hosts.host(NIC, cpus=16))
    made.sysfs.write(f"{BASE}/sriov_numvfs", "3")
    return made


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_changed_of_a_pf_of_whose_vfs_it_is_not_known_which_is_which(kernel, state, run):
    change, index, why = STATES[state]
    change(kernel.root, index)
    before = written(kernel)
    module, options = RUNS[run]
    result = run_module(module, kernel, **options)
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["failure"]["kind"] == "not_known"
    told = why.partition("; sriov")[0] if "sriov_numvfs" in why else why
    assert result["msg"] == (
        f"cannot tell which VFs there are on {LABEL}: {told}. Remedy: run it again, and see dmesg."
    )
    assert written(kernel) == before


@pytest.mark.parametrize("state", STATES)
def test_a_vf_that_is_named_by_its_number_is_refused(kernel, state):
    change, index, why = STATES[state]
    change(kernel.root, index)
    before = written(kernel)
    result = run_module(pci_driver, kernel, pf="enp1s0", vf="0", driver="vfio-pci")
    assert result["failed"]
    assert result["msg"] == (
        f"vf: cannot tell which VFs there are on {LABEL}: {why.partition('; sriov')[0]}. "
        "Remedy: run it again, and see dmesg."
    )
    assert written(kernel) == before


@pytest.mark.parametrize("state", STATES)
def test_info_shows_each_vf_under_its_own_number(kernel, state):
    change, index, _why = STATES[state]
    change(kernel.root, index)
    result = run_module(info, kernel, pf="enp1s0")
    assert not result["failed"], result
    there = [each for each in range(3) if each != index]
    assert [(each["vf"], each["pci_address"]) for each in result["pfs"][0]["vfs"]] == [
        (each, NIC.vf(each)) for each in there
    ]


@pytest.mark.parametrize("index", range(3))
def test_a_link_that_cannot_be_read_is_refused_too(kernel, index):
    changed = behaving(kernel.root, Behaviour(unreadable=f"{BASE}/virtfn{index}"))
    module, options = RUNS["all of it"]
    before = written(changed)
    result = run_module(module, changed, **options)
    assert (result["failed"], result["failure"]["kind"], written(changed)) == (True, "not_known", before)


def test_a_rule_into_a_vf_needs_all_of_them(kernel):
    """sriov_numvfs says more than there are links: where another run is half-way, for instance."""
    missing(kernel.root, 2)
    result = run_module(flow_rule, kernel, pf="enp1s0", rules=[{**RULE, "vf": 2}])
    assert result["msg"] == (
        f"vfs: cannot tell which VFs there are on {LABEL}: sriov_numvfs says 3, and there are 2 virtfnN. "
        "Remedy: run it again, and see dmesg."
    )
