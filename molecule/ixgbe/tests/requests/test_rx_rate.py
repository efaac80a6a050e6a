"""Module rx_rate beside frames of a known number: its rates times its seconds are what was sent, and what was lost."""

import threading

import pytest
from lab import frames

SECONDS = 6
UDP = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": frames.TEST_PORT}


@pytest.fixture
def sampled(modules, vm, nic):
    """Sends frames while module rx_rate samples, and gives its result with numbers of packets for rates."""
    nic.set_up([nic.interface])
    mac = nic.mac(nic.interface)

    def sample(count, at_once=False, **options):
        with vm.wire(0) as wire:
            many = (frames.numbered(number, dst_mac=mac) for number in range(count))
            # Meanwhile the first reading is made, also on a busy machine.
            sender = threading.Timer(2.5, wire.send_at_once if at_once else wire.send_many, (many,))
            sender.start()
            result = modules.run("rx_rate", {"pf": "enp1s0", "seconds": SECONDS, **options})
            sender.join()
        assert not result["failed"], result["msg"]

        def packets(rate):
            return round(rate * result["seconds"])

        return {
            **result,
            "packets_per_second": packets(result["packets_per_second"]),
            "queues": {row["queue"]: packets(row["packets_per_second"]) for row in result["queues"]},
            **{part: {name: packets(rate) for name, rate in result[part].items()} for part in ("rates", "kernel")},
        }

    return sample


def test_what_was_sent_is_counted_by_queue_by_the_kernel_and_by_flow_director(sampled, rules, nic):
    rules({**UDP, "queue": 2})
    nic.wait_for_carrier([nic.interface])
    before = nic.counters()
    found = sampled(500)
    after = nic.counters()
    assert after["rx_queue_2_packets"] - before["rx_queue_2_packets"] == 500
    assert (found["packets_per_second"], found["counted_by"], found["queues"]) == (500, "driver", {2: 500})
    assert found["rates"]["rx_queue_2_packets"] == found["rates"]["fdir_match"] == 500
    assert found["kernel"]["rx_packets"] == 500
    assert "rx_queue_0_packets" not in found["rates"]


def test_what_found_no_descriptor_is_a_loss_beside_what_was_received(sampled, rules, vm, nic):
    before = nic.counters()
    vm.control(0, {"cmd": "fault", "strict_drop": True})
    try:
        found = sampled(4000, at_once=True)
    finally:
        vm.control(0, {"cmd": "heal"})
    after = nic.counters()
    lost = {name: after[name] - before[name] for name in ("rx_missed_errors", "rx_no_dma_resources")}
    assert sum(lost.values()) > 0
    assert {name: found["rates"][name] for name in lost} == lost
    assert found["packets_per_second"] + sum(lost.values()) == 4000


def test_an_idle_nic_has_no_rate_and_shows_its_queues_when_asked(sampled, rules):
    found = sampled(0)
    assert (found["packets_per_second"], found["queues"]) == (0, {})
    assert not any(name.startswith("rx_queue_") for name in found["rates"])
    found = sampled(0, seconds=0.5, idle=True)
    assert found["queues"] == dict.fromkeys(range(4), 0)
