"""The commands of docs/kernel-bypass-2015.md do what that page says: ethtool and sysfs alone, with frames counted."""

import random
import re

import pytest
from lab import frames

FRAMES = 160
FLOW = "flow-type tcp4 dst-ip 192.168.254.30 dst-port 80"
RULE = f"ethtool -N enp1s0 {FLOW} action 4294967296"
QUEUE = re.compile(r"rx_queue_(\d+)_packets")


@pytest.fixture(scope="module", autouse=True)
def _as_before(guest, nic):
    nic.set_num_vfs(0)
    guest.check_output("ethtool -K enp1s0 ntuple off")
    nic.set_up([nic.interface])
    yield
    nic.set_num_vfs(0)
    guest.check_output("ethtool -K enp1s0 ntuple off")


def by_queue(nic, interface=None):
    found = {QUEUE.fullmatch(name): value for name, value in nic.counters(interface).items()}
    return {int(match[1]): value for match, value in found.items() if match}


def received(vm, nic, sent):
    """What each RX queue of the PF gets of these frames."""
    before = by_queue(nic)
    with vm.wire(0) as wire:
        wire.send_many(sent, 0.002)
    vm.ssh("sleep 1")
    return {queue: value - before[queue] for queue, value in by_queue(nic).items() if value > before[queue]}


def of_many_hosts(mac):
    """The 82599 hashes UDP by its addresses, and by a key that is another one after each boot: these differ in much."""
    hosts = random.Random(FRAMES)
    return [frames.udp(dst_mac=mac, src_ip=f"10.{'.'.join(map(str, hosts.randbytes(3)))}") for _ in range(FRAMES)]


def test_a_weight_sends_everything_to_one_queue_and_four_weights_to_four(guest, vm, nic):
    mac = nic.mac(nic.interface)
    guest.check_output("ethtool -X enp1s0 weight 1")
    assert received(vm, nic, of_many_hosts(mac)) == {0: FRAMES}
    guest.check_output("ethtool -X enp1s0 weight 1 1 1 1")
    seen = received(vm, nic, of_many_hosts(mac))
    assert (set(seen), sum(seen.values())) == ({0, 1, 2, 3}, FRAMES)


def test_the_action_number_takes_a_flow_of_the_pfs_address_to_vf_0_out_of_sixteen_queues_that_are_four_now(
    guest, vm, nic
):
    assert nic.rss()[0] == 16
    assert "Operation not supported" in guest.run(RULE).stderr
    guest.check_output("ethtool -K enp1s0 ntuple on")
    nic.set_num_vfs(1, autoprobe=True)
    vf = nic.vf_interface(0)
    assert guest.check_output(f"basename $(readlink /sys/class/net/{vf}/device/driver)") == "ixgbevf"
    assert nic.rss() == (4, set(range(4)))
    assert "Invalid argument" in guest.run(f"ethtool -X enp1s0 weight {'1 ' * 16}").stderr
    guest.check_output(RULE)
    assert "Action: Direct to VF 0 queue 0" in guest.check_output("ethtool -n enp1s0")
    nic.set_up([nic.interface, vf])
    mac = nic.mac(nic.interface)
    sent = [
        frames.tcp(dst_mac=mac, dst_ip="192.168.254.30", dport=port, sport=1000 + number)
        for number in range(FRAMES // 2)
        for port in (80, 81)
    ]
    matched = nic.counters()["fdir_match"]
    assert sum(received(vm, nic, sent).values()) == FRAMES // 2
    assert nic.counters()["fdir_match"] - matched == FRAMES // 2
    assert by_queue(nic, vf) == {0: FRAMES // 2, 1: 0}
