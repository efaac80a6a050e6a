"""Flow rules that point into VFs: what the driver takes, what it refuses, and where the frames go: to DPDK."""

import time

import pytest
from lab import frames, traffic
from lab.receivers import DpdkReceiver

RULE = "ethtool -N enp1s0 flow-type udp4 dst-ip {ip} dst-port 4321 action {action}"
TO_VF_0 = 1 << 32


@pytest.fixture
def ntuple(guest, nic):
    """Switching it resets the PF and, through it, the VFs."""
    guest.check_output("ethtool -K enp1s0 ntuple on")
    nic.wait_for_carrier([nic.interface])
    yield
    rules = guest.check_output("ethtool -n enp1s0 | sed -n 's/^Filter: //p'").split()
    for rule in rules:
        guest.check_output(f"ethtool -N enp1s0 delete {rule}")
    guest.check_output("ethtool -K enp1s0 ntuple off")
    nic.wait_for_carrier([nic.interface])


def refused(guest, command):
    """The reason; older versions of ethtool say it and exit with 0."""
    before = guest.check_output("ethtool -n enp1s0")
    said = guest.run(command).stderr
    assert guest.check_output("ethtool -n enp1s0") == before
    return said


def count(dpdk, expected):
    """What testpmd has; it tells once a second, so one more is waited for what should not come."""
    for _second in range(15):
        if dpdk.received() >= expected:
            break
        time.sleep(1)
    time.sleep(1.5)
    return dpdk.received()


def test_without_ntuple_the_driver_takes_no_rule(guest):
    assert "Operation not supported" in refused(guest, RULE.format(ip="10.0.0.2", action=TO_VF_0))


def test_with_ntuple_it_refuses_a_vf_that_is_not_there_and_a_second_mask(guest, ntuple):
    assert "Invalid argument" in refused(guest, RULE.format(ip="10.0.0.2", action=3 << 32))
    guest.check_output(RULE.format(ip="10.0.0.2", action=TO_VF_0))
    assert "Invalid argument" in refused(guest, RULE.format(ip="10.0.0.0 m 0.0.0.255", action=TO_VF_0))


def test_dpdk_on_the_vf_gets_all_frames_of_its_rule_and_none_of_the_others(guest, vm, nic, ntuple):
    guest.check_output(RULE.format(ip="10.0.0.2", action=TO_VF_0))
    assert "Action: Direct to VF 0 queue 0" in guest.check_output("ethtool -n enp1s0")
    pf = nic.mac(nic.interface)
    matches = nic.counters()["fdir_match"]
    with DpdkReceiver(vm, "0000:01:10.0") as dpdk, vm.wire(0) as wire, traffic.Reader(vm, [nic.interface]) as reader:
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
