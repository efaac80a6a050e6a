"""Module flow_rule on the real ixgbe: frames go where its rules say, and rules outlive what drops them."""

import pytest
from lab import frames, traffic

UDP = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": 4321}
VFS = range(4)


@pytest.fixture(scope="module")
def everyone(nic):
    names = [nic.interface, *(nic.vf_interface(index) for index in VFS)]
    nic.set_up(names)
    return names


def received(vm, nic, everyone, count=50):
    """Which interfaces get frames of the flow for the PF's address, and how many."""
    nic.wait_for_carrier(everyone)
    mac = nic.mac(nic.interface)
    with vm.wire(0) as wire, traffic.Reader(vm, everyone) as reader:
        wire.send_many((frames.numbered(n, dst_mac=mac) for n in range(count)), 0.002)
        seen = reader.stop()
    return {everyone.index(name): len(got) for name, got in seen.items() if got}


def test_frames_follow_the_rule_from_vf_to_vf_and_back_to_the_pf(vm, nic, everyone, rules):
    pf, vf_1, vf_3 = 0, 2, 4
    rules({**UDP, "vf": 1})
    assert received(vm, nic, everyone) == {vf_1: 50}
    before = nic.counters()["fdir_match"]
    rules({**UDP, "vf": 3, "queue": 1})
    assert received(vm, nic, everyone) == {vf_3: 50}
    assert nic.counters()["fdir_match"] - before == 50
    rules({**UDP, "drop": True})
    assert received(vm, nic, everyone) == {}
    rules(UDP, state="absent")
    assert received(vm, nic, everyone) == {pf: 50}


def test_rules_and_table_are_there_again_after_a_change_of_the_vf_count(guest, vm, nic, modules, rules, shown_rules):
    """Also those that somebody else has set."""
    rules({**UDP, "vf": 1})
    guest.check_output(
        "ethtool -N enp1s0 flow-type tcp4 dst-ip 10.0.0.9 dst-port 9 action 2 loc 5 && ethtool -X enp1s0 weight 2 1 1 0"
    )
    table = guest.check_output("ethtool -x enp1s0 | grep '^ *[0-9]*:'")
    result = modules.run("pf", pf="enp1s0", num_vfs=2, allow=["destroy_vfs"], drivers_autoprobe=True)
    said = [step.split(" of enp1s0")[0] for step in result["steps"]]
    assert said[-3:] == ["put back the RSS table", "put back flow rule 5", "put back flow rule 2045"]
    assert shown_rules() == {"2045": "Direct to VF 1 queue 0", "5": "Direct to queue 2"}
    assert guest.check_output("ethtool -x enp1s0 | grep '^ *[0-9]*:'") == table
    nic.set_up([nic.interface, nic.vf_interface(0), nic.vf_interface(1)])
    assert received(vm, nic, [nic.interface, nic.vf_interface(0), nic.vf_interface(1)]) == {2: 50}
    modules.run("rss", pf="enp1s0", default=True)
    modules.run("pf", pf="enp1s0", num_vfs=4, allow=["destroy_vfs"])
    nic.set_up([nic.interface, *(nic.vf_interface(index) for index in VFS)])
