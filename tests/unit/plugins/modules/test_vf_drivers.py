# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VFs of drivers that tell an attribute otherwise than it was set, or not at all: a second run finds nothing to do."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, vf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour, Devices
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"


def kernel_of(root, driver, num_vfs=1, speed="25000"):
    """Its VFs have no driver; those of mlx4_core came with its module."""
    nic = hosts.Nic(driver, driver, "0001", "0002", 63)
    files = {**hosts.host(nic), f"sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe": "0"}
    if speed:
        files["sys/class/net/enp1s0/speed"] = speed
    kernel = simulate(root, files)
    if num_vfs:
        devices = Devices(str(root), Behaviour())
        devices.add_vfs(PF, num_vfs)
        devices.put(f"{hosts.DEVICES}/{PF}/sriov_numvfs", num_vfs)
    return kernel


def run(kernel, check=False, **said):
    return run_module(vf, kernel, check, pf="enp1s0", vfs=[{"vf": "0", **said}])


def done(result):
    return (result["failed"], result["changed"], result["steps"])


NOTHING = (False, False, [])


@pytest.mark.parametrize(("driver", "said"), [("mlx4_core", {"vlan": 0}), ("qede", {"max_tx_rate": 0, "vlan": 0})])
def test_what_is_not_there_is_known_as_that(tmp_path, driver, said):
    """mlx4 tells VLAN 4095, qede the speed of the link."""
    kernel = kernel_of(tmp_path, driver)
    assert done(run(kernel, **said)) == NOTHING


@pytest.mark.parametrize(("driver", "name", "value"), [("mlx4_core", "vlan", 7), ("qede", "max_tx_rate", 10000)])
def test_what_is_set_and_taken_away_is_found_again(tmp_path, driver, name, value):
    kernel = kernel_of(tmp_path, driver)
    for wanted, before in ((value, 0), (0, value)):
        first = run(kernel, **{name: wanted})
        assert done(first) == (False, True, [f"set VF 0 of {LABEL}: {name} {wanted} (was {before})"])
        assert done(run(kernel, **{name: wanted})) == NOTHING


def test_a_new_vf_of_sfc_gets_what_is_never_told_and_a_second_run_is_empty(tmp_path):
    kernel = kernel_of(tmp_path, "sfc", num_vfs=0)
    wanted = {
        "pf": "enp1s0",
        "num_vfs": 1,
        "drivers_autoprobe": False,
        "vfs": [{"vf": "0", "spoofchk": True, "vlan": 7}],
    }
    first = run_module(host, kernel, pfs=[wanted])
    assert not first["failed"], first
    assert first["steps"][-1] == f"set VF 0 of {LABEL}: vlan 7 (was 0), spoofchk on"
    second = run_module(host, kernel, pfs=[wanted])
    assert done(second) == NOTHING
    assert any("spoofchk of VF 0" in str(each) for each in second["warnings"]), second["warnings"]


@pytest.mark.parametrize(("speed", "refused"), [("1000", True), ("10000", False), ("-1", False)])
def test_the_speed_of_the_link_is_read(tmp_path, speed, refused):
    kernel = kernel_of(tmp_path, "ixgbe", speed=speed)
    result = run(kernel, max_tx_rate=100)
    assert result["failed"] == refused
    if refused:
        assert f"the link of the PF has {speed} Mbit/s, and driver ixgbe takes rates, 0 too, only" in result["msg"]
