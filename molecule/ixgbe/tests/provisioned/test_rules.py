"""Frames that a flow rule takes out of the PF's traffic, counted by DPDK on the VF that it sends them to."""

import re
import time

import pytest
from lab import frames, traffic
from lab.receivers import DpdkReceiver


@pytest.fixture(scope="module")
def dpdk(vm):
    """testpmd on VF 0."""
    with DpdkReceiver(vm, "0000:01:10.0") as receiver:
        yield receiver


def count(dpdk, expected):
    """What testpmd has; it tells once a second, so one more is waited for what should not come."""
    for _second in range(15):
        if dpdk.received() >= expected:
            break
        time.sleep(1)
    time.sleep(1.5)
    return dpdk.received()


def test_dpdk_on_the_vf_gets_all_frames_of_its_rule_and_none_of_the_others(vm, nic, quiet, dpdk):
    nic.wait_for_carrier([nic.interface])
    pf = nic.mac(nic.interface)
    matches = nic.counters()["fdir_match"]
    with vm.wire(0) as wire, traffic.Reader(vm, [nic.interface]) as reader:
        wire.send_many((frames.numbered(number, dst_mac=pf) for number in range(100)), 0.002)
        wire.send_many((frames.numbered(number, dst_mac=pf, dport=traffic.OTHER_PORT) for number in range(100)), 0.002)
        stayed = reader.stop()[nic.interface]
        assert count(dpdk, 100) == 100
        # The rule takes nothing away from the VF's own address.
        wire.send_many(
            (frames.numbered(number, dst_mac=dpdk.mac, dport=traffic.OTHER_PORT) for number in range(100)), 0.002
        )
        assert count(dpdk, 200) == 200
    assert [(seen.number, seen.dport) for seen in stayed] == [(number, traffic.OTHER_PORT) for number in range(100)]
    assert nic.counters()["fdir_match"] - matches == 100


@pytest.fixture
def no_vlan_afterwards(guest):
    yield
    guest.check_output("ip link set enp1s0 vf 0 vlan 0")


def test_the_vlan_of_a_vf_that_dpdk_drives_changes_only_where_that_is_allowed(
    vm, modules, guest, dpdk, no_vlan_afterwards
):
    wish = {"pf": "enp1s0", "vfs": [{"vf": 0, "vlan": 7}]}
    refused = modules.run("vf", wish)
    assert re.sub(r"process \d+ \(.*\) has /dev/vfio/\d+", "testpmd has VFIO", refused["msg"]) == (
        "vlan: cannot change for VF 0 on enp1s0 (0000:01:00.0): it is in use, and what its user sends and receives "
        "would change: testpmd has VFIO open. Remedy: release it, or accept that for its user: allow: [in_use]."
    )
    before = dpdk.received()

    def send(wire, number, **how):
        """Frames of no rule: what a rule takes comes whatever the VLAN."""
        ports = {"dst_mac": dpdk.mac, "dport": traffic.OTHER_PORT}
        wire.send_many((frames.numbered(index, **ports, **how) for index in range(number)), 0.002)

    with vm.wire(0) as wire:
        send(wire, 20)
        assert count(dpdk, before + 20) == before + 20, "it has no VLAN"
        done = modules.run("vf", wish, allow=["in_use"])
        assert not done["failed"], done["msg"]
        assert "vlan 7" in guest.check_output("ip link show enp1s0 | grep 'vf 0'")
        send(wire, 40)
        send(wire, 30, vlan=7)
        assert count(dpdk, before + 50) == before + 50, "those of VLAN 7, and not those of none"
