# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module vf through main(), on a simulated kernel."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.modules import vf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
MAC, OTHER = "02:00:00:00:aa:00", "02:00:00:00:aa:01"
AUTO = "06:0b:{:02x}:00:01:00"
LOADED = "reload ixgbevf of {} (VF {} of {}): it has its MAC address from the time it was loaded, 02:00:00:00:02:0{}"


def start(root, nic=hosts.IXGBE, num_vfs=3, autoprobe="1", **extra):
    """A kernel with VFs, which it binds to their driver."""
    kernel = simulate(root, {**hosts.host(nic, cpus=16), **extra})
    base = f"/sys/bus/pci/devices/{PF}"
    kernel.sysfs.write(f"{base}/sriov_drivers_autoprobe", autoprobe)
    kernel.sysfs.write(f"{base}/sriov_numvfs", str(num_vfs))
    return kernel


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


@pytest.fixture
def bare(tmp_path):
    """VFs without a driver."""
    return start(tmp_path, autoprobe="0")


def run(kernel, *vfs, check=False, **options):
    return run_module(vf, kernel, check, **{"pf": "enp1s0", "vfs": list(vfs), **options})


def seen(result, index):
    return result["pf"]["vfs"][index]


def test_attributes_are_set_and_found_again(bare):
    desired = {"vf": "0", "mac": MAC, "vlan": 100, "qos": 3, "spoofchk": False, "trust": True, "max_tx_rate": 1000}
    first = run(bare, desired)
    assert (first["failed"], first["changed"]) == (False, True)
    assert first["steps"] == [
        f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00), vlan 100 (was 0), qos 3 (was 0), spoofchk off (was "
        "on), trust on (was off), max_tx_rate 1000 (was 0)"
    ]
    assert first["diff"]["before"] == {
        "vfs": {
            "0": {
                **{"mac": "00:00:00:00:00:00", "vlan": 0, "qos": 0, "spoofchk": True, "trust": False},
                "max_tx_rate": 0,
            }
        }
    }
    assert first["diff"]["after"] == {"vfs": {"0": {k: v for k, v in desired.items() if k != "vf"}}}
    assert seen(first, 0)["attributes"] == {
        **{"mac": MAC, "vlan": 100, "qos": 3, "vlan_proto": "802.1Q", "spoofchk": False, "trust": True},
        **{"min_tx_rate": 0, "max_tx_rate": 1000, "link_state": "auto", "query_rss": False},
    }
    writes = written(bare)
    second = run(bare, desired)
    assert (second["changed"], second["steps"], written(bare)) == (False, [], writes)
    assert second["diff"]["before"] == second["diff"]["after"] == first["diff"]["after"]
    assert second["pf"] == first["pf"]


def test_only_what_differs_is_written(bare):
    run(bare, {"vf": "all", "trust": True})
    before = written(bare)
    result = run(bare, {"vf": "0-1", "trust": True}, {"vf": "2", "trust": True, "spoofchk": False})
    assert result["steps"] == [f"set VF 2 of {LABEL}: spoofchk off (was on)"]
    assert written(bare)[len(before) :] == ["ip link set dev enp1s0 vf 2 spoofchk off"]


def test_all_vfs_are_one_read_and_one_batch(bare):
    run(bare, {"vf": "all", "mac": "auto", "trust": True}, check=False)
    calls = bare.run.calls
    assert calls.count("ip -batch -") == 1
    assert [call for call in calls if "vf " in call] == [
        f"ip link set dev enp1s0 vf {index} mac {AUTO.format(index)} trust on" for index in range(3)
    ]


def test_auto_addresses_stay_when_vfs_come_anew(bare):
    first = run(bare, {"vf": "all", "mac": "auto"})
    base = f"/sys/bus/pci/devices/{PF}"
    bare.sysfs.write(f"{base}/sriov_numvfs", "0")
    bare.sysfs.write(f"{base}/sriov_numvfs", "2")
    second = run(bare, {"vf": "all", "mac": "auto"})
    assert second["changed"]
    assert [seen(second, index)["attributes"]["mac"] for index in range(2)] == [AUTO.format(0), AUTO.format(1)]
    assert seen(first, 1)["attributes"]["mac"] == AUTO.format(1)


def test_a_kernel_driver_is_reloaded_for_its_new_address_and_no_other(kernel):
    before = kernel.sysfs.inode("/sys/class/net/enp1s0v1")
    result = run(kernel, {"vf": "0", "mac": MAC})
    assert result["steps"] == [
        f"set VF 0 of {LABEL}: mac {MAC} (was 02:00:00:00:02:00)",
        LOADED.format(hosts.IXGBE.vf(0), 0, PF, 0),
    ]
    assert (seen(result, 0)["mac"], seen(result, 0)["driver"]) == (MAC, "ixgbevf")
    assert result["diff"]["after"] == {"vfs": {"0": {"mac": MAC, "interface_mac": MAC}}}
    assert kernel.sysfs.inode("/sys/class/net/enp1s0v1") == before
    assert not run(kernel, {"vf": "0", "mac": MAC})["changed"]


def test_the_mtu_is_that_of_the_vf_s_interface(kernel):
    result = run(kernel, {"vf": "1", "mtu": 1400})
    assert result["steps"] == [f"set the MTU of {hosts.IXGBE.vf(1)} (VF 1 of {PF}) to 1400 (was 1500)"]
    assert [seen(result, index)["mtu"] for index in range(3)] == [1500, 1400, 1500]
    assert not run(kernel, {"vf": "1", "mtu": 1400})["changed"]


def test_igb_has_no_word_for_some_defaults_and_they_are_met_all_the_same(tmp_path):
    kernel = start(tmp_path, hosts.IGB, autoprobe="0")
    desired = {"vf": "all", "query_rss": False, "link_state": "auto", "min_tx_rate": 0, "trust": True}
    first = run(kernel, desired)
    assert (first["failed"], len(first["steps"])) == (False, 3)
    assert first["diff"]["after"]["vfs"]["0"] == {k: v for k, v in desired.items() if k != "vf"}
    assert not run(kernel, desired)["changed"]


@pytest.mark.parametrize(
    "desired",
    [
        pytest.param({"vf": "0-1", "mac": "auto", "vlan": 7, "max_tx_rate": 500}, id="of several"),
        pytest.param({"vf": "2", "mac": MAC, "mtu": 1400}, id="with a reload"),
        pytest.param({"vf": "all", "trust": False}, id="as it is"),
    ],
)
def test_check_mode_tells_the_same_and_writes_nothing(tmp_path, kernel, desired):
    before, writes = snapshot(tmp_path), written(kernel)
    planned = run(kernel, desired, check=True)
    assert (snapshot(tmp_path), written(kernel)) == (before, writes)
    done = run(kernel, desired)
    assert (planned["changed"], planned["steps"], planned["diff"]) == (
        done["changed"],
        done["steps"],
        done["diff"],
    )
    assert planned["pf"] == done["pf"]


LOCAL = "for VF 0 of enp1s0 and VF 1 of enp1s0"
REFUSALS = [
    ({"vf": "3", "trust": True}, [("invalid", "vfs[1].vf: 3 names VF 3")]),
    ({"vf": [0, "x"]}, [("invalid", "vfs[1].vf: [0, 'x'] names no VFs")]),
    ({"vf": "0-1", "mac": MAC}, [("invalid", f"mac: {MAC} {LOCAL}")]),
    ({"vf": "0", "mac": "02:00:00:00:02:01"}, [("invalid", "mac: 02:00:00:00:02:01 for VF 0")]),
    ({"vf": "0", "mac": "ff:ff:ff:ff:ff:ff"}, [("invalid", "vfs[1].mac: ff:ff:ff:ff:ff:ff is a multicast address")]),
    ({"vf": 0, "vlan": 4095}, [("invalid", "vfs[1].vlan: 4095 is not between 0 and 4094")]),
    ({"vf": 0, "qos": 3}, [("invalid", "vfs[1].qos: 3 without a VLAN")]),
    ({"vf": "0", "min_tx_rate": 10}, [("unsupported", "min_tx_rate: cannot set 10 for VF 0")]),
    ({"vf": "0", "link_state": "enable"}, [("unsupported", "link_state: cannot set enable for VF 0")]),
    ({"vf": [0], "mtu": 9000}, [("unsupported", "mtu: cannot set 9000 for VF 0")]),
    ({"vf": 2, "trust": False}, [("invalid", "vfs[1].trust: false contradicts true in vfs[0]")]),
    ({"vf": "all", "trust": None}, [("invalid", "vfs[1].trust: null contradicts true in vfs[0]")]),
    (
        {"vf": "0", "mac": "x", "vlan": -1, "link_state": "up"},
        [
            ("invalid", "vfs[1].mac: 'x' is no MAC address"),
            ("invalid", "vfs[1].vlan: -1 is not between 0 and 4094"),
            ("invalid", "vfs[1].link_state: 'up' is none of auto, enable, disable"),
        ],
    ),
    (
        {"vf": "0-1", "min_tx_rate": 5, "link_state": "enable", "mtu": 9000},
        [
            ("unsupported", f"{what} for VFs 0-1")
            for what in ("min_tx_rate: cannot set 5", "link_state: cannot set enable", "mtu: cannot set 9000")
        ],
    ),
]


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
@pytest.mark.parametrize(("desired", "told"), REFUSALS, ids=[str(row[0]) for row in REFUSALS])
def test_what_cannot_be_is_refused_before_the_first_write(tmp_path, kernel, desired, told, check):
    before, writes = snapshot(tmp_path), written(kernel)
    result = run(kernel, {"vf": "2", "trust": True}, desired, check=check)
    assert (result["failed"], result["changed"], result["done"]) == (True, False, [])
    refused = result.get("failures", [result["failure"]])
    assert [(each["kind"], each["what"]) for each in refused] == told
    assert (snapshot(tmp_path), written(kernel)) == (before, writes)


@pytest.mark.parametrize("selector", ["all", "0-2", [0, 1, 2], ["0-1", 2], "2,0,1"], ids=str)
def test_vfs_are_named_in_any_notation(bare, selector):
    result = run(bare, {"vf": selector, "trust": True})
    assert [seen(result, index)["attributes"]["trust"] for index in range(3)] == [True] * 3
    assert not run(bare, {"vf": [2], "trust": True}, {"vf": 1, "trust": True})["changed"]


def test_a_later_entry_for_fewer_vfs_says_what_differs(bare):
    entries = [
        {"vf": "all", "mac": "auto", "vlan": 7, "qos": 2, "spoofchk": False},
        {"vf": "0-1", "vlan": None, "qos": None, "trust": True},
        {"vf": [1], "mac": MAC, "vlan": 9, "trust": None},
    ]
    result = run(bare, *entries)
    attributes = [seen(result, index)["attributes"] for index in range(3)]
    assert [each["mac"] for each in attributes] == [AUTO.format(0), MAC, AUTO.format(2)]
    assert [(each["vlan"], each["qos"]) for each in attributes] == [(0, 0), (9, 0), (7, 2)]
    assert [(each["trust"], each["spoofchk"]) for each in attributes] == [(True, False), (False, False), (False, False)]
    assert list(result["diff"]["after"]["vfs"]["0"]) == ["mac", "spoofchk", "trust"], "null is not spoken of"
    assert not run(bare, *entries)["changed"]


def test_null_is_as_if_nothing_was_said(tmp_path, bare):
    run(bare, {"vf": 0, "mac": MAC, "vlan": 7, "trust": True})
    before = snapshot(tmp_path)
    words = ("mac", "vlan", "qos", "trust", "spoofchk", "link_state", "vlan_proto", "max_tx_rate", "mtu")
    result = run(bare, {"vf": 0, **dict.fromkeys(words)})
    assert (result["changed"], result["diff"]) == (False, {"before": {"vfs": {"0": {}}}, "after": {"vfs": {"0": {}}}})
    assert snapshot(tmp_path) == before


def test_a_vf_in_use_keeps_its_address_unless_forced(tmp_path, kernel):
    build(tmp_path, hosts.interface("enp1s0v0", 4, "02:00:00:00:02:00", addresses=["192.0.2.77"]))
    before = snapshot(tmp_path)
    result = run(kernel, {"vf": "0", "mac": MAC})
    assert result["failure"]["holders"] == ["enp1s0v0 has address 192.0.2.77/24"]
    assert snapshot(tmp_path) == before
    assert run(kernel, {"vf": "0", "trust": True})["changed"]
    assert run(kernel, {"vf": "0", "mac": MAC}, allow=["destroy_vfs", "link_reset"])["failure"] == result["failure"]
    forced = run(kernel, {"vf": "0", "mac": MAC}, allow=["in_use"])
    assert seen(forced, 0)["mac"] == MAC
    assert forced["allowed"] == [
        f"in_use for VF 0 of {LABEL}: it is in use, and ixgbevf takes it only when it is loaded anew: "
        "enp1s0v0 has address 192.0.2.77/24"
    ]


def test_the_mtu_of_a_vf_in_use_needs_consent(tmp_path, kernel):
    """Its driver stops the queues for it, and a smaller one drops what the user's peers send."""
    build(tmp_path, hosts.interface("enp1s0v0", 4, "02:00:00:00:02:00", addresses=["192.0.2.77"]))
    before = snapshot(tmp_path)
    result = run(kernel, {"vf": "0", "mtu": 1400, "vlan": 7})
    assert result["msg"] == (
        f"vlan, mtu: cannot change for VF 0 on {LABEL}: it is in use, and what its user sends and receives would "
        "change: enp1s0v0 has address 192.0.2.77/24. Remedy: release it, or accept that for its user: allow: [in_use]."
    )
    assert snapshot(tmp_path) == before
    assert not run(kernel, {"vf": "0", "mtu": 1500})["changed"]
    allowed = run(kernel, {"vf": "0", "mtu": 1400}, allow=["in_use"])
    assert allowed["steps"] == [f"set the MTU of {hosts.IXGBE.vf(0)} (VF 0 of {PF}) to 1400 (was 1500)"]


def test_the_vf_that_carries_the_operator_is_not_touched(tmp_path):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp1s0v0"))
    before = snapshot(tmp_path)
    result = run(kernel, {"vf": "0", "trust": True}, allow=list(CONSENTS))
    assert result["failure"]["holders"] == ["carries the SSH connection from 198.51.100.7"]
    assert snapshot(tmp_path) == before
    assert run(kernel, {"vf": "1", "trust": True})["changed"]


class Refusing:
    """`ip` of a driver that takes no trust."""

    def __init__(self, run):
        self._run, self.calls = run, run.calls

    def __call__(self, argv, stdin=""):
        lines = stdin.splitlines()
        at = next((number for number, line in enumerate(lines) if "trust" in line), None)
        if at is None:
            return self._run(argv, stdin)
        self._run(argv, "\n".join(lines[:at]))
        return 2, "", f"RTNETLINK answers: Operation not supported\nCommand failed -:{at + 1}\n"


def test_a_failure_on_the_way_tells_what_was_done(bare):
    bare.link._run = Refusing(bare.run)
    result = run(bare, {"vf": "0", "spoofchk": False}, {"vf": "1", "trust": True}, {"vf": "2", "spoofchk": False})
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["done"] == [f"set VF 0 of {LABEL}: spoofchk off (was on)"]
    assert (result["failure"]["step"], result["failure"]["what"]) == (
        f"set VF 1 of {LABEL}: trust on (was off)",
        "cannot set trust of VF 1",
    )
    assert bare.link.vf_attributes("enp1s0")[2].spoofchk is True
