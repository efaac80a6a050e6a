# SPDX-License-Identifier: GPL-3.0-or-later
"""From descriptors onto the wire: checksums, segmentation, VLAN, anti-spoofing, the internal switch."""

import pytest
from lab.nic82599 import offload, packet
from lab.nic82599 import regs as R
from nicframes import PORT_MAC, ethernet, ipv4, pseudo, sum16, tcp4, udp4

VFS = [bytes([2, 0, 0, 0, 0, n]) for n in range(2)]
OUTSIDE = "02aa00000001"
TSE, VLE, IXSM, TXSM = 1 << 31, 1 << 30, 1 << 8, 1 << 9


def context(vlan=0, l4=1, l4_length=20, mss=0, ip_length=20):
    low = vlan << 16 | 14 << 9 | ip_length
    words = (low, 0, 2 << 20 | 1 << 29 | 1 << 10 | l4 << 11, mss << 16 | l4_length << 8)
    return b"".join(word.to_bytes(4, "little") for word in words)


def outgoing(**ether):
    return udp4(mac=OUTSIDE, **{"source": PORT_MAC, **ether})


def test_a_plain_frame_and_its_write_back(bench):
    ring = bench.tx_ring(0)
    bench.nic.write(R.IVAR, 0x8400)
    bench.nic.write(R.EIMS, 1 << 4)
    bench.transmit(0, outgoing())
    assert bench.sent == [outgoing()]
    assert bench.host.word(ring + 12) == 1, "DD"
    assert bench.nic.read(R.tx_ring(0) + R.HEAD) == 1
    assert bench.host.vectors == [(0, 4)]
    assert bench.nic.read(R.GPTC) == 1 and bench.nic.read(R.GOTCL) == 64


def test_the_ring_wraps(bench):
    bench.tx_ring(0, size=8)
    for n in range(20):
        bench.transmit(0, outgoing(sport=n))
    assert bench.sent == [outgoing(sport=n) for n in range(20)]


def test_half_a_frame_waits(bench):
    ring, memory = bench.tx_ring(0), bench.host.memory
    frame = outgoing()
    memory[0xC0000 : 0xC0000 + len(frame)] = frame
    for i, (at, size, eop) in enumerate(((0, 20, 0), (20, len(frame) - 20, 1))):
        command = size | 3 << 20 | eop << 24 | 1 << 29 | eop << 27
        memory[ring + 16 * i : ring + 16 * i + 16] = (0xC0000 + at | command << 64).to_bytes(16, "little")
    bench.nic.write(R.tx_ring(0) + R.TAIL, 1)
    assert bench.sent == [] and bench.nic.read(R.tx_ring(0) + R.HEAD) == 0
    bench.nic.write(R.tx_ring(0) + R.TAIL, 2)
    assert bench.sent == [frame]


def test_nothing_leaves_a_ring_that_is_off(bench):
    bench.tx_ring(0)
    bench.nic.write(R.DMATXCTL, 0)
    bench.transmit(0, outgoing())
    assert bench.sent == []


def test_checksums_start_from_what_the_driver_left(bench):
    bench.tx_ring(0)
    payload = b"hello world" * 5
    seed = 0xFFFF - sum16(pseudo("10.0.0.9", "10.0.0.2", 17, 8 + len(payload)))
    datagram = bytes.fromhex("03e810e1") + (8 + len(payload)).to_bytes(2, "big") + seed.to_bytes(2, "big") + payload
    frame = bytearray(ethernet(0x0800, ipv4(datagram), mac=OUTSIDE, source=PORT_MAC))
    frame[24:26] = b"\0\0"
    bench.transmit(0, bytes(frame), IXSM | TXSM, context=context(l4=0, l4_length=8))
    ip = packet.Packet.parse(bench.sent[0]).ip
    assert ip.header_ok and ip.l4_ok
    assert bench.sent[0] == udp4(mac=OUTSIDE, source=PORT_MAC, payload=payload)


def test_segmentation(bench):
    bench.tx_ring(0)
    payload = bytes(i & 0xFF for i in range(3500))
    whole = bytearray(tcp4(mac=OUTSIDE, source=PORT_MAC, payload=payload, flags=0x99, seq=0xFFFFFF00))
    # As ixgbe_tso() leaves it: no IP length, no IP checksum, the pseudo header's sum without the length.
    whole[16:18] = whole[24:26] = b"\0\0"
    whole[50:52] = (0xFFFF - sum16(pseudo("10.0.0.9", "10.0.0.2", 6, 0))).to_bytes(2, "big")
    bench.transmit(0, bytes(whole), IXSM | TXSM, TSE, context(mss=1460))
    parts = [packet.Packet.parse(frame).ip for frame in bench.sent]
    assert all(ip.header_ok and ip.l4_ok for ip in parts)
    assert b"".join(ip.data[ip.payload + 20 : ip.end] for ip in parts) == payload
    sequence = [int.from_bytes(ip.data[ip.payload + 4 : ip.payload + 8], "big") for ip in parts]
    assert sequence == [0xFFFFFF00, (0xFFFFFF00 + 1460) & 0xFFFFFFFF, (0xFFFFFF00 + 2920) & 0xFFFFFFFF]
    assert [ip.data[ip.payload + 13] for ip in parts] == [0x90, 0x10, 0x19], "CWR first, FIN and PSH last"
    assert [int.from_bytes(ip.data[18:20], "big") for ip in parts] == [1, 2, 3], "IP identification"


def test_crc32c_of_sctp():
    assert offload.crc32c(b"123456789") == 0xE3069283


def test_vlan_from_the_descriptor(bench):
    bench.tx_ring(0)
    bench.transmit(0, outgoing(), command=VLE, context=context(vlan=0x6064))
    assert bench.sent == [outgoing(vlan=0x6064)]


@pytest.fixture
def switch(bench):
    bench.pools(2, macs=VFS)
    for queue in (0, 4, 8):
        bench.rx_ring(queue)
        bench.tx_ring(queue)
    bench.nic.write(R.PFDTXGSWC, R.PFDTXGSWC_LBEN)
    return bench


def test_port_vlan_is_inserted_whatever_the_vf_asks(switch):
    switch.nic.write(R.VMVIR, R.VMVIR_DEFAULT | 0x6064)
    switch.transmit(0, outgoing())
    switch.transmit(0, outgoing(), command=VLE, context=context(vlan=7))
    assert switch.sent == [outgoing(vlan=0x6064)] * 2
    switch.nic.write(R.VMVIR, R.VMVIR_NEVER)
    switch.transmit(0, outgoing(), command=VLE, context=context(vlan=7))
    assert switch.sent[2] == outgoing()


def test_mac_anti_spoofing(switch):
    nic = switch.nic
    nic.write(R.PFVFSPOOF, 0b01)
    nic.write(R.VMECM, 0b11)
    switch.transmit(0, outgoing(source="020000000099"))
    switch.transmit(0, outgoing(source=VFS[1].hex()))
    assert switch.sent == [] and nic.read(R.SSVPC) == 2 and nic.read(R.SSVPC) == 0
    assert nic.counters.vf_tx_frames[0] == 0
    switch.transmit(0, outgoing(source=VFS[0].hex()))
    switch.transmit(4, outgoing(source="020000000099"))
    assert len(switch.sent) == 2, "its own address; and VF 1, which is not checked"


def test_vlan_anti_spoofing(switch):
    switch.nic.write(R.PFVFSPOOF, 0b01 << 8)
    switch.vlan(1, 100, pools=0b01)
    switch.vlan(2, 200, pools=0b10)
    for vid in (100, 200, 300):
        switch.transmit(0, outgoing(vlan=vid))
    assert switch.sent == [outgoing(vlan=100)]


def test_a_neighbours_frame_does_not_leave_the_card(switch):
    frame = udp4(mac=VFS[1].hex(), source=VFS[0].hex())
    switch.transmit(0, frame)
    assert switch.sent == [] and switch.arrived(4) == 1
    switch.transmit(4, udp4(source=VFS[1].hex()))
    assert switch.arrived(8) == 1, "the PF is a neighbour too"
    assert switch.nic.read(R.GPRC) == 0, "the port's counters count the wire"


def test_vepa_sends_it_out(switch):
    switch.nic.write(R.PFDTXGSWC, 0)
    switch.transmit(0, udp4(mac=VFS[1].hex()))
    assert len(switch.sent) == 1 and switch.arrived(4) == 0


def test_broadcast_goes_everywhere_but_back(switch):
    switch.transmit(0, udp4(mac="ffffffffffff"))
    assert [switch.arrived(queue) for queue in (0, 4, 8)] == [0, 1, 1]
    assert len(switch.sent) == 1


def test_unknown_addresses_go_to_the_wire_not_to_the_default_pool(switch):
    switch.transmit(0, outgoing())
    assert len(switch.sent) == 1 and switch.arrived(8) == 0


def test_a_pool_that_was_stopped_goes_on_later(switch):
    switch.nic.write(R.VFTE, 0b110)
    switch.transmit(0, outgoing())
    assert switch.sent == []
    switch.nic.write(R.VFTE, 0b111)
    assert switch.sent == [outgoing()]


def test_mac_loopback(bench):
    bench.rx_ring(0)
    bench.tx_ring(0)
    bench.nic.write(R.HLREG0, R.HLREG0_LPBK)
    bench.transmit(0, udp4())
    assert bench.sent == [] and bench.arrived(0) == 1


def test_dark_fibre(bench):
    bench.tx_ring(0)
    bench.nic.set_link(False)
    bench.transmit(0, outgoing())
    assert bench.sent == []
    assert bench.nic.counters.totals["tx_dropped_no_link"] == 1
