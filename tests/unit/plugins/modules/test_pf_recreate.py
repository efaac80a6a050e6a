# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VFs that are created again, through main(), on a simulated kernel: what they had comes back, or is told as lost."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, pf, vf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module, warned

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
MAC, OTHER = "02:00:00:00:aa:00", "02:00:00:00:aa:01"
RULE = {"flow_type": "tcp4", "dst_ip": "192.0.2.30", "dst_port": 80, "vf": 0, "queue": 0}
VF0 = f"{hosts.IXGBE.vf(0)} (VF 0 of {PF})"


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=16, loaded=(*hosts.LOADED, "vfio-pci")))


def provision(kernel, *vfs, num_vfs=2, **options):
    entry = {"pf": "enp1s0", "num_vfs": num_vfs, "vfs": list(vfs), "drivers_autoprobe": True}
    result = run_module(host, kernel, pfs=[{**entry, **options}])
    assert not result["failed"], result
    return result["pfs"][0]


def recreate(kernel, num_vfs, check=False, **options):
    """Another number of VFs, by module pf."""
    options = {"allow": ["destroy_vfs"], **options}
    return run_module(pf, kernel, check, pf="enp1s0", num_vfs=num_vfs, **options)


def seen(result, index=0):
    return result["pf"]["vfs"][index]


def test_a_vf_of_user_space_comes_back_whole(kernel):

    said = {"vf": 0, "mac": MAC, "vlan": 7, "qos": 2, "trust": True, "spoofchk": False, "max_tx_rate": 1000}
    provision(kernel, {**said, "driver": "vfio-pci", "mode": "0660"}, rules=[RULE])
    before = seen({"pf": run_module(pf, kernel, pf="enp1s0")["pf"]})
    planned = recreate(kernel, 4, check=True)
    result = recreate(kernel, 4)
    assert (
        result["steps"]
        == planned["steps"]
        == [
            f"set sriov_numvfs of {LABEL} from 2 to 0: destroys VF 0 (0000:01:10.0, vfio-pci), VF 1 (0000:01:10.2, "
            "ixgbevf, enp1s0v1)",
            f"set sriov_numvfs of {LABEL} from 0 to 4",
            f"wait until all 4 VFs of {LABEL} are there",
            f"wait until {LABEL} has a link: the driver takes rates only then",
            f"set VF 0 of {LABEL}: mac {MAC}, vlan 7 (was 0), qos 2 (was 0), spoofchk off, trust on, max_tx_rate 1000 "
            "(was 0)",
            f"bind {VF0} to vfio-pci (now ixgbevf)",
            f"give the vfio node of {VF0} owner 0, group 0, mode 0660",
            f"put back flow rule 2045 of {LABEL}: tcp4 dst-ip 192.0.2.30 dst-port 80 to VF 0 queue 0",
        ]
    )
    assert (result["failed"], warned(result)) == (False, [])
    words = ("driver", "attributes", "mode", "owner", "group")
    assert {word: seen(result)[word] for word in words} == {word: before[word] for word in words}
    assert result["diff"]["after"] == planned["diff"]["after"]
    assert result["diff"]["after"]["vfs"]["0"]["driver"] == "vfio-pci", "what comes back is compared as well"
    again = recreate(kernel, 4)
    assert (again["changed"], again["diff"]["after"]) == (
        False,
        {"num_vfs": 4, "rules": result["diff"]["after"]["rules"]},
    )


def test_the_interface_of_a_kernel_vf_keeps_mtu_and_link(kernel):
    provision(kernel, {"vf": 0, "mac": MAC, "mtu": 1400})
    kernel.run(["ip", "link", "set", "dev", "enp1s0v0", "up"])
    result = recreate(kernel, 3)
    assert (result["steps"][3:], warned(result)) == (
        [
            f"set VF 0 of {LABEL}: mac {MAC}",
            f"reload ixgbevf of {VF0}: it has its MAC address from the time it was loaded",
            f"set the MTU of {VF0} to 1400 (was 1500)",
            f"set the interface of {VF0} up",
        ],
        [],
    )
    assert {word: seen(result)[word] for word in ("mac", "mtu", "up")} == {"mac": MAC, "mtu": 1400, "up": True}
    assert result["diff"]["after"]["vfs"]["0"] == {"mac": MAC, "mtu": 1400, "up": True, "interface_mac": MAC}


def test_an_address_that_a_driver_made_up_is_not_written_back(kernel):
    """The PF's driver tells it like one that was set; the interface's permanent address is none."""
    provision(kernel)
    assert run_module(pf, kernel, pf="enp1s0")["pf"]["vfs"][0]["attributes"]["mac"] == "02:00:00:00:02:00"
    assert [step.split(" of ")[0] for step in recreate(kernel, 3)["steps"]] == [
        *["set sriov_numvfs"] * 2,
        "wait until all 3 VFs",
    ]


@pytest.mark.parametrize(
    ("interface", "kept"),
    [
        pytest.param({"random": True}, OTHER, id="set beside a random one, and not taken yet"),
        pytest.param({"address": OTHER, "permaddr": MAC}, MAC, id="its user has changed it"),
        pytest.param({"address": MAC}, OTHER, id="set anew, and not taken yet"),
    ],
)
def test_the_address_that_was_given(tmp_path, kernel, interface, kept):
    provision(kernel, {"vf": 0, "mac": OTHER})
    entry = {"address": "02:00:00:00:02:00", **interface}
    build(tmp_path, hosts.interface("enp1s0v0", 4, entry.pop("address"), **entry))
    assert f"set VF 0 of {LABEL}: mac {kept}" in recreate(kernel, 3)["steps"]


@pytest.mark.parametrize("autoprobe", [True, False])
def test_a_vf_without_a_driver_stays_without(kernel, autoprobe):
    provision(kernel, {"vf": 0, "driver": "none"})
    run_module(pf, kernel, pf="enp1s0", drivers_autoprobe=autoprobe)
    result = recreate(kernel, 3)
    assert [seen(result, index)["driver"] for index in range(2)] == [None, "ixgbevf"]
    assert seen(result, 2)["driver"] == ("ixgbevf" if autoprobe else None), "a new one is as the PF says"


def test_whether_the_kernel_binds_vfs_may_be_said(kernel):
    provision(kernel, {"vf": 0, "driver": "none"})
    assert seen(recreate(kernel, 3, drivers_autoprobe=True))["driver"] == "ixgbevf"
    result = recreate(kernel, 1, drivers_autoprobe=False)
    assert seen(result)["driver"] is None
    assert warned(result)[0] == (
        f"VF 0 of {LABEL} does not get back driver ixgbevf: drivers_autoprobe is false, and no entry of vfs gives it a "
        "driver"
    )


def test_what_is_said_counts(kernel):
    provision(kernel, {"vf": 0, "mac": MAC, "vlan": 7, "qos": 3, "driver": "vfio-pci", "mode": "0660"})
    said = {"vf": 0, "vlan": 0, "mac": OTHER, "driver": "default", "trust": None}
    entry = {"pf": "enp1s0", "num_vfs": 3, "vfs": [said], "allow": ["destroy_vfs"]}
    result = run_module(host, kernel, pfs=[entry])
    found = result["pfs"][0]["vfs"][0]
    assert (found["driver"], found["mac"], found["attributes"]["vlan"], found["attributes"]["qos"]) == (
        "ixgbevf",
        OTHER,
        0,
        0,
    )
    assert warned(result) == [
        f"VF 1 of {LABEL} does not get back driver ixgbevf: drivers_autoprobe is false, and no entry of vfs gives it a "
        "driver"
    ]


def test_an_address_goes_to_the_vf_that_is_given_it(kernel):
    provision(kernel, {"vf": 0, "mac": MAC, "driver": "vfio-pci"})
    entry = {"pf": "enp1s0", "num_vfs": 3, "vfs": [{"vf": 1, "mac": MAC}], "allow": ["destroy_vfs"]}
    result = run_module(host, kernel, pfs=[entry])
    assert not result["failed"] and result["pfs"][0]["vfs"][1]["attributes"]["mac"] == MAC
    assert warned(result) == [f"VF 0 of {LABEL} does not get back mac {MAC}: the address is given to another"]


def test_an_address_that_two_have_they_get_back(kernel):
    provision(kernel, {"vf": "0-1", "driver": "vfio-pci"})
    for index in "01":
        kernel.run(["ip", "link", "set", "dev", "enp1s0", "vf", index, "mac", MAC])
    result = recreate(kernel, 3)
    assert not result["failed"], result
    assert [seen(result, index)["attributes"]["mac"] for index in range(2)] == [MAC, MAC]


def test_vfs_whose_index_does_not_survive_are_named(kernel):
    rules = [RULE, {**RULE, "dst_port": 81, "vf": 2}]
    provision(kernel, {"vf": 2, "mac": MAC, "vlan": 7, "driver": "vfio-pci"}, num_vfs=4, rules=rules)
    result = recreate(kernel, 2)
    assert warned(result) == [
        f"VF 2 (0000:01:10.4, vfio-pci) of {LABEL} does not come back: mac {MAC}, vlan 7",
        f"VF 3 (0000:01:10.6, ixgbevf, enp1s0v3) of {LABEL} does not come back",
        f"flow rule 2044 of {LABEL} is not put back (tcp4 dst-ip 192.0.2.30 dst-port 81 to VF 2 queue 0): the PF has 2 "
        "VFs",
    ]
    assert list(warned(recreate(kernel, 0))) == [
        f"flow rule 2045 of {LABEL} is not put back (tcp4 dst-ip 192.0.2.30 dst-port 80 to VF 0 queue 0): the PF has 0 "
        "VFs"
    ], "0 names all of them"


def test_what_used_a_vf_is_named(tmp_path, kernel):
    provision(kernel)
    build(tmp_path, hosts.interface("enp1s0v0", 4, "02:00:00:00:02:00", addresses=["192.0.2.77"], random=True))
    result = recreate(kernel, 3, allow=["destroy_vfs", "in_use"])
    assert warned(result) == [f"VF 0 of {LABEL} comes back as a new device: enp1s0v0 has address 192.0.2.77/24"]


@pytest.mark.parametrize(
    ("before", "lost"),
    [
        pytest.param(
            {"max_tx_rate": 1000},
            "max_tx_rate 1000: the PF has no link, and the driver takes rates only while it has one",
            id="a rate",
        ),
        pytest.param({"up": True}, "up on: the PF is down", id="the link of its interface"),
    ],
)
def test_what_cannot_come_back_is_told(kernel, before, lost):
    up = before.pop("up", False)
    provision(kernel, {"vf": 0, **before})
    if up:
        kernel.run(["ip", "link", "set", "dev", "enp1s0v0", "up"])
    kernel.run(["ip", "link", "set", "dev", "enp1s0", "down"])
    result = recreate(kernel, 3)
    assert not result["failed"] and f"VF 0 of {LABEL} does not get back {lost}" in warned(result)


def test_a_driver_that_cannot_have_it_any_more_is_told(tmp_path, kernel):
    provision(kernel, {"vf": 0, "driver": "vfio-pci"})
    entry = {"vf": 0, "driver": "igb_uio"}
    kernel.run(["modprobe", "igb_uio"])
    assert not run_module(vf, kernel, pf="enp1s0", vfs=[{"vf": 0, "trust": True}])["failed"]
    assert provision(kernel, entry)["vfs"][0]["driver"] == "igb_uio"
    build(tmp_path, {"sys/kernel/security/lockdown": "none [integrity] confidentiality"})
    result = recreate(kernel, 3)
    assert warned(result) == [
        f"VF 0 of {LABEL} does not get back driver igb_uio: the kernel is locked down (integrity)"
    ]
    assert (seen(result)["driver"], seen(result)["attributes"]["trust"]) == ("ixgbevf", True)


def test_check_mode_writes_nothing(tmp_path, kernel):
    provision(kernel, {"vf": 0, "mac": MAC, "trust": True, "driver": "vfio-pci"})
    before, writes = snapshot(tmp_path), written(kernel)
    planned = recreate(kernel, 1, check=True)
    assert (snapshot(tmp_path), written(kernel)) == (before, writes)
    done = recreate(kernel, 1)
    for word in ("steps", "diff", "changed", "allowed"):
        assert planned[word] == done[word]
    assert warned(planned) == warned(done)


def reloaded(index):
    return f"reload ixgbevf of {hosts.IXGBE.vf(index)} (VF {index} of {PF}): it did not reach its PF when it was loaded"


def test_a_vf_that_missed_its_pf_is_loaded_anew(tmp_path):
    """A random address, of which the PF knows nothing, and no jumbo frames."""
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=16), Behaviour(misses_pf={1: 1}))
    result = recreate(kernel, 3)
    assert (result["failed"], result["steps"][2:], warned(result)) == (False, [reloaded(1)], [])
    assert seen(result, 1)["mac"] == seen(result, 1)["attributes"]["mac"] == "02:00:00:00:02:01"
    assert not recreate(kernel, 3)["changed"]


def test_one_that_misses_it_again_is_told(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=16), Behaviour(misses_pf={1: 9}))
    result = recreate(kernel, 3)
    assert result["msg"] == f"a step was done, and is to be done again: {reloaded(1)}. Remedy: look at dmesg."
    assert (result["failure"]["kind"], result["done"][-1]) == ("not_reached", reloaded(1))


def test_one_that_somebody_uses_is_left_alone(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=16), Behaviour(misses_pf={0: 1}))
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "1")
    entry = {"addresses": ["192.0.2.77"], "max_mtu": 1504, "random": True}
    build(tmp_path, hosts.interface("enp1s0v0", 4, "02:00:00:00:02:00", **entry))
    result = recreate(kernel, 1)
    assert (result["changed"], warned(result)) == (
        False,
        [
            f"ixgbevf of VF 0 of {LABEL} did not reach the PF when it was loaded: release the VF, and load the driver "
            "anew (enp1s0v0 has address 192.0.2.77/24)"
        ],
    )


def test_a_vf_whose_driver_fails_is_told(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=16), Behaviour(declines=("ixgbevf",)))
    result = recreate(kernel, 1)
    assert (result["failed"], seen(result)["driver"]) == (False, None)
    assert warned(result) == [
        f"VF 0 of {LABEL} has no driver, though the kernel gives ixgbevf to new VFs: look at dmesg; a driver may be "
        "kept from loading (modprobe.d)"
    ]
    assert warned(recreate(kernel, 1)) == []


@pytest.mark.parametrize(
    "reset", [["ip", "link", "set", "dev", "enp1s0", "mtu", "9000"], None], ids=["an MTU of the PF", "ntuple on"]
)
def test_the_mtu_of_a_vf_that_is_down_after_a_reset_of_its_pf(kernel, reset):
    """It has to greet its PF again, which its driver does when the interface goes up."""
    provision(kernel)
    kernel.run(reset) if reset else kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
    assert kernel.run(["ip", "link", "set", "dev", "enp1s0v0", "mtu", "1400"])[0] == 2
    result = run_module(vf, kernel, pf="enp1s0", vfs=[{"vf": 0, "mtu": 1400}])
    assert (result["failed"], result["steps"]) == (False, [f"set the MTU of {VF0} to 1400 (was 1500)"])
    assert (seen(result)["mtu"], seen(result)["up"]) == (1400, False), "down again, as it was"
