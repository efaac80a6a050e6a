"""Frames that a flow rule takes out of the PF's traffic, counted by DPDK on the VF that it sends them to."""

import time

from lab import frames, traffic
from lab.receivers import DpdkReceiver


def count(dpdk, expected):
    """What testpmd has; it tells once a second, so one more is waited for what should not come."""
    for _second in range(15):
        if dpdk.received() >= expected:
            break
        time.sleep(1)
    time.sleep(1.5)
    return dpdk.received()


def test_dpdk_on_the_vf_gets_all_frames_of_its_rule_and_none_of_the_others(vm, nic, quiet):
    nic.wait_for_carrier([nic.interface])
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
