"""The RSS hash and masks of flow rules on the real ixgbe: `ethtool` shows what was set, and frames spread by it."""

import pytest
from lab import frames

KEY = ":".join(["6d:5a"] * 20)
SPREAD = [
    {"flow_type": "udp4", "dst_port": 4321, "src_port": number, "masks": {"src_port": 3}, "queue": number}
    for number in range(4)
]


@pytest.fixture
def plain_hash_afterwards(guest):
    key = guest.check_output("ethtool -x enp1s0 | sed -n '/key/{n;p}'")
    yield
    guest.check_output(
        f"ethtool -X enp1s0 hkey {key} && ethtool -X enp1s0 default && ethtool -N enp1s0 rx-flow-hash udp4 sd"
    )


def test_key_and_fields_are_those_of_ethtool_and_outlive_resets(guest, modules, plain_hash_afterwards):
    wish = {"pf": "enp1s0", "hash_key": KEY, "hash_fields": {"udp4": "sdfn"}}
    result = modules.run("rss", wish)
    assert result["changed"], result
    for _reset in range(2):
        assert guest.check_output("ethtool -x enp1s0 | sed -n '/key/{n;p}'") == KEY
        assert "L4 bytes 0 & 1" in guest.check_output("ethtool -n enp1s0 rx-flow-hash udp4")
        assert modules.run("rss", wish)["steps"] == []
        guest.check_output("ethtool -r enp1s0")
    refused = modules.run("rss", pf="enp1s0", hash_fields={"tcp4": "sd"})
    assert refused["failed"] and guest.run("ethtool -N enp1s0 rx-flow-hash tcp4 sd").failed


def test_rules_with_a_mask_spread_one_port_over_queues(guest, modules, vm, nic, rules):
    nic.set_up([nic.interface])
    assert rules(*SPREAD)["changed"]
    masks = guest.check_output("ethtool -n enp1s0 | grep 'Src port'").splitlines()
    assert sorted(line.split()[-3:] for line in masks) == [[str(n), "mask:", "0xfffc"] for n in range(4)]
    assert not rules_changed(modules)
    nic.wait_for_carrier([nic.interface])
    mac, before = nic.mac(nic.interface), nic.counters()
    with vm.wire(0) as wire:
        wire.send_many(
            (frames.udp(dst_mac=mac, sport=1000 + n, dport=4321, payload=b"x" * 20) for n in range(80)), 0.002
        )
    after = nic.counters()
    assert [after[f"rx_queue_{n}_packets"] - before[f"rx_queue_{n}_packets"] for n in range(4)] == [20] * 4


def rules_changed(modules):
    return modules.run("flow_rule", pf="enp1s0", rules=SPREAD)["changed"]


def test_the_whole_tag_as_ethtool_writes_it_is_known_again(guest, rules, shown_rules):
    guest.check_output("ethtool -N enp1s0 flow-type tcp4 vlan 100 action 1 loc 3")
    assert not rules({"flow_type": "tcp4", "vlan": 100, "masks": {"vlan": 0xFFFF}, "queue": 1})["changed"]
    assert shown_rules() == {"3": "Direct to queue 1"}
