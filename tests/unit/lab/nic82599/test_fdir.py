# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow Director: rules programmed as ixgbe_fdir_write_perfect_filter_82599() does, and what they match."""

import socket

import pytest
from lab.nic82599 import regs as R
from nicframes import ethernet, ipv4, tcp4, udp4

UDP, TCP, SCTP, ANY = 1, 2, 3, 0
VF_MACS = [bytes([2, 0, 0, 0, 0, n]) for n in range(4)]


def wire_order(address):
    """What IXGBE_WRITE_REG_BE32 leaves in the register: the address' octets, first one lowest."""
    return int.from_bytes(socket.inet_aton(address), "little")


def reverse(value):
    return int(f"{value:016b}"[::-1], 2)


class Rules:
    def __init__(self, nic):
        self.nic = nic
        nic.write(R.FDIRCTRL, 1 | R.FDIRCTRL_PERFECT | 6 << 16)

    def mask(self, src="0.0.0.0", dst="255.255.255.255", sport=0, dport=0xFFFF, vlan=0, l4=True, flex=0):
        """Masks with 1 meaning: compare (the registers want the opposite)."""
        nic = self.nic
        fdirm = R.FDIRM_POOL | 0x20 | (0 if l4 else R.FDIRM_L4P) | (0 if flex else R.FDIRM_FLEX)
        fdirm |= (0 if vlan & 0xFFF else R.FDIRM_VLANID) | (0 if vlan & 0xE000 else R.FDIRM_VLANP)
        nic.write(R.FDIRM, fdirm)
        nic.write(R.FDIRSIP4M, ~wire_order(src) & 0xFFFFFFFF)
        nic.write(R.FDIRDIP4M, ~wire_order(dst) & 0xFFFFFFFF)
        ports = ~(reverse(dport) << 16 | reverse(sport)) & 0xFFFFFFFF
        nic.write(R.FDIRTCPM, ports)
        nic.write(R.FDIRUDPM, ports)

    def add(
        self, soft_id, queue, l4=UDP, src="0.0.0.0", dst="10.0.0.2", sport=0, dport=4321, vlan=0, flex=0, drop=False
    ):
        nic = self.nic
        nic.write(R.FDIRIPSA, wire_order(src))
        nic.write(R.FDIRIPDA, wire_order(dst))
        nic.write(R.FDIRPORT, dport << 16 | sport)
        nic.write(R.FDIRVLAN, flex << 16 | vlan)
        nic.write(R.FDIRHASH, soft_id << 16 | 0x123)
        command = R.FDIRCMD_ADD | 8 | l4 << 5 | 1 << 11 | 1 << 15 | queue << 16 | (R.FDIRCMD_DROP if drop else 0)
        nic.write(R.FDIRCMD, command)
        assert not nic.read(R.FDIRCMD) & R.FDIRCMD_CMD

    def command(self, soft_id, command):
        self.nic.write(R.FDIRHASH, soft_id << 16 | 0x123)
        self.nic.write(R.FDIRCMD, command)
        return self.nic.read(R.FDIRCMD)


@pytest.fixture
def rules(bench):
    bench.pools(2, macs=VF_MACS[:2])
    for queue in (0, 1, 4, 8):  # VF 0 (two queues), VF 1, PF
        bench.rx_ring(queue)
    made = Rules(bench.nic)
    made.mask()
    return made


def test_a_matching_frame_goes_to_the_vf_and_no_other_does(bench, rules):
    rules.add(2045, queue=1)
    bench.receive(*[udp4(sport=n) for n in range(10)], *[udp4(dport=4322) for _turn in range(5)])
    assert (bench.arrived(1), bench.arrived(8), bench.arrived(0)) == (10, 5, 0)
    assert bench.nic.read(R.FDIRMATCH) == 10
    assert bench.nic.read(R.FDIRMISS) == 5
    assert bench.nic.read(R.FDIRMATCH) == 0, "cleared by reading"
    assert bench.host.requesters == {0, 1}, "each queue's DMA carries its function's id"


def test_the_strict_reading_of_the_readme_leaves_the_frame_in_its_pool(bench, rules):
    rules.add(2045, queue=1)
    bench.nic.faults.fdir_l2_strict = True
    bench.receive(udp4(), udp4(mac=VF_MACS[0].hex()))
    assert (bench.arrived(1), bench.arrived(8)) == (1, 1)


def test_match_is_reported_in_the_descriptor(bench, rules):
    rules.add(7, queue=1)
    bench.receive(udp4())
    status = bench.host.word(0x1000 + 0x800 + 8)
    assert status & 0x7 == 7, "DD, EOP, FLM"


def test_drop(bench, rules):
    rules.add(5, queue=127, drop=True)
    bench.receive(udp4(), udp4(dport=1))
    assert bench.arrived(8) == 1
    assert bench.nic.counters.totals["dropped_by_fdir"] == 1
    assert bench.nic.read(R.FDIRMATCH) == 1


@pytest.mark.parametrize(
    "mask, rule, yes, no",
    [
        (dict(dst="255.255.255.0"), dict(dst="10.0.0.0"), udp4(dst="10.0.0.77"), udp4(dst="10.0.1.77")),
        (dict(dport=0xFF00), dict(dport=0x1000), udp4(dport=0x10AA), udp4(dport=0x11AA)),
        (dict(dport=0x000F), dict(dport=0x0005), udp4(dport=0xAAA5), udp4(dport=0xAAA4)),
        (dict(sport=0xFFFF), dict(sport=53), udp4(sport=53), udp4(sport=54)),
        (dict(src="255.255.255.255"), dict(src="10.0.0.9"), udp4(), udp4(src="10.0.0.8")),
        (dict(), dict(l4=TCP, dport=80), tcp4(), udp4(dport=80)),
        (dict(l4=False, dport=0), dict(l4=ANY, dport=0), ethernet(0x0800, ipv4(b"x" * 26, 47)), udp4(dst="10.0.0.3")),
        (dict(flex=1), dict(flex=0x0008), udp4(), tcp4()),
    ],
)
def test_masks(bench, rules, mask, rule, yes, no):
    rules.mask(**mask)
    rules.add(1, queue=1, **rule)
    bench.receive(no)
    assert bench.arrived(1) == 0
    bench.receive(yes)
    assert bench.arrived(1) == 1


@pytest.mark.parametrize("mask, vlan, yes, no", [(0xFFF, 100, 0x6064, 0x65), (0xE000, 0x6000, 0x6064, 0x4064)])
def test_vlan(bench, rules, mask, vlan, yes, no):
    rules.mask(vlan=mask)
    rules.add(1, queue=1, vlan=vlan)
    bench.receive(udp4(vlan=no), udp4())
    assert bench.arrived(1) == 0
    bench.receive(udp4(vlan=yes))
    assert bench.arrived(1) == 1


def test_a_fragment_has_no_ports(bench, rules):
    rules.add(1, queue=1)
    first = udp4()
    bench.receive(first[:20] + b"\x20\x00" + first[22:])
    assert bench.arrived(1) == 0


def test_same_soft_id_replaces(bench, rules):
    rules.add(9, queue=1)
    rules.add(9, queue=0, dport=1)
    bench.receive(udp4(), udp4(dport=1))
    assert (bench.arrived(1), bench.arrived(0), bench.arrived(8)) == (0, 1, 1)


def test_query_and_remove(bench, rules):
    rules.add(9, queue=1)
    assert rules.command(9, R.FDIRCMD_QUERY) & R.FDIRCMD_VALID
    assert not rules.command(8, R.FDIRCMD_QUERY) & R.FDIRCMD_VALID
    rules.command(9, R.FDIRCMD_REMOVE)
    assert not rules.command(9, R.FDIRCMD_QUERY) & R.FDIRCMD_VALID
    bench.receive(udp4())
    assert bench.arrived(8) == 1


def test_initialisation_empties_the_table(bench, rules):
    rules.add(9, queue=1)
    free = bench.nic.read(R.FDIRFREE)
    bench.nic.write(R.FDIRCTRL, 1 | R.FDIRCTRL_PERFECT)
    assert bench.nic.read(R.FDIRCTRL) & R.FDIRCTRL_INIT_DONE
    assert bench.nic.read(R.FDIRFREE) == free + 1


def test_broadcast_is_replicated_not_moved(bench, rules):
    rules.add(1, queue=1, dst="10.0.0.255")
    bench.receive(udp4(mac="ffffffffffff", dst="10.0.0.255"))
    assert [bench.arrived(queue) for queue in (0, 1, 4, 8)] == [0, 1, 1, 1]


def test_without_pools_the_queue_is_the_ports_own(bench):
    bench.rx_ring(3)
    rules = Rules(bench.nic)
    rules.mask()
    rules.add(1, queue=3)
    bench.receive(udp4())
    assert bench.arrived(3) == 1
