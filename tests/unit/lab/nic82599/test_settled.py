# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the guest has taken what it was given: what a load in bursts waits for."""

import pytest
from lab import load
from lab.errors import LabError
from lab.nic82599 import regs as R
from lab.nic82599.control import execute
from nicframes import udp4


def settled(bench):
    return execute(bench.nic, {"cmd": "settled"})["settled"]


def driver(bench, size=64):
    """As ixgbe has it: the message masks its vector, until the driver has polled."""
    nic = bench.nic
    bench.rx_ring(0, size=size)
    nic.write(R.GPIE, R.GPIE_EIAME)
    nic.write(R.EIAM_EX, 0xFFFFFFFF)
    nic.write(R.IVAR, 0x80)
    nic.write(R.EIMS_EX, 1)


def gives_back(bench, count, queue=0):
    tail = R.rx_ring(queue) + R.TAIL
    bench.nic.write(tail, (bench.nic[tail] + count) % (bench.nic[R.rx_ring(queue) + R.LEN] >> 4))


def test_a_driver_that_polls_has_not_settled_until_it_waits_again(bench):
    driver(bench)
    assert settled(bench)
    bench.receive(udp4(), udp4())
    assert bench.host.vectors == [(0, 0)] and not settled(bench)
    gives_back(bench, 2)
    assert not settled(bench), "it may find more"
    bench.nic.write(R.EIMS_EX, 1)
    assert settled(bench)
    bench.receive(udp4())
    bench.nic.reset()
    assert settled(bench)


def test_who_has_no_interrupt_has_settled_when_the_ring_is_nearly_full_again(bench):
    bench.rx_ring(0, size=64)
    bench.receive(*[udp4()] * 16)
    assert settled(bench), "drivers give back in portions"
    bench.receive(udp4())
    assert not settled(bench)
    gives_back(bench, 8)
    assert settled(bench)
    bench.receive(*[udp4()] * 60)
    gives_back(bench, 55)
    assert settled(bench)


def test_frames_that_wait_for_a_descriptor_are_not_taken(bench):
    bench.rx_ring(0, size=64, filled=0)
    bench.receive(udp4())
    assert not settled(bench)


def test_descriptors_are_written_together_behind_their_data(bench):
    """A driver that polls while they are written would find a part of a burst."""
    ring = bench.rx_ring(0)
    calls = []
    bench.host.dma_write = lambda _function, writes: calls.append([(at, len(data)) for at, data in writes])
    bench.receive(*[udp4()] * 14)
    gives_back(bench, 14)
    bench.receive(*[udp4()] * 4)
    first, second = calls
    assert first[-1] == (ring, 14 * 16) and len(first) == 15
    assert second[-2:] == [(ring + 14 * 16, 2 * 16), (ring, 2 * 16)], "at the end of the ring"


class Guest:
    """Takes each burst after it was asked for twice."""

    def __init__(self, bench, takes=True):
        self.bench, self.asked, self.bursts, self.takes = bench, 0, [], takes

    def send_at_once(self, frames):
        many = list(frames)
        assert settled(self.bench), "the one before is taken"
        self.bench.receive(*many)
        self.bursts.append(many)
        return len(many)

    def ask(self, request):
        self.asked += 1
        if self.asked % 3 == 0 and self.bursts and self.takes:
            gives_back(self.bench, 32)
            self.bench.nic.write(R.EIMS_EX, 1)
        return execute(self.bench.nic, request)


def test_each_burst_waits_for_the_one_before(bench, monkeypatch):
    monkeypatch.setattr(load, "POLL", 0)
    driver(bench, size=256)
    guest = Guest(bench)
    bursts = [load.Burst.of_flow(flow, 32, "02:82:59:90:00:0a", 4321) for flow in range(3)]
    assert load.Load(guest, guest.ask).run(bursts, lambda: len(guest.bursts) < 4) == 128
    assert [burst[0] for burst in guest.bursts] == [bursts[turn].frame for turn in (0, 1, 2, 0)]
    assert all(len(set(burst)) == 1 and len(burst) == 32 for burst in guest.bursts)
    assert len({burst.frame for burst in bursts}) == 3, "RSS tells them apart"
    assert bench.arrived(0) == 128


def test_a_guest_that_takes_nothing_is_given_up(bench, monkeypatch):
    monkeypatch.setattr(load, "SILENCE", 0.01)
    driver(bench)
    guest = Guest(bench, takes=False)
    with pytest.raises(LabError, match="has not taken the 32 frames"):
        load.Load(guest, guest.ask).run([load.Burst.of_flow(0, 32, "02:82:59:90:00:0a", 4321)], lambda: True)
