# SPDX-License-Identifier: GPL-3.0-or-later
"""From the wire into descriptors: write-back, filters, VLAN, the packet buffer, counters."""

import pytest
from lab.nic82599 import regs as R
from lab.nic82599 import rx
from nicframes import ethernet, tcp4, udp4

RING = 0x1000
VFS = [bytes([2, 0, 0, 0, 0, n]) for n in range(3)]


def descriptor(bench, index=0, ring=RING):
    at = ring + 16 * index
    words = [bench.host.word(at + 4 * i) for i in range(4)]
    return {"info": words[0], "hash": words[1], "status": words[2], "length": words[3] & 0xFFFF, "vlan": words[3] >> 16}


def buffer(bench, index=0, size=60):
    return bytes(bench.host.memory[0x80000 + 0x800 * index :][:size])


def test_write_back(bench):
    bench.rx_ring(0)
    bench.nic.write(R.IVAR, 0x83)
    bench.nic.write(R.EIMS, 8)
    frame = udp4()
    bench.receive(frame)
    d = descriptor(bench)
    assert d["length"] == len(frame) and buffer(bench) == frame
    assert d["status"] == rx.DD | rx.EOP | rx.IPCS | rx.L4CS
    assert d["info"] == 0x210, "IPv4, UDP, no RSS"
    assert bench.host.vectors == [(0, 3)]
    assert bench.nic.read(R.rx_ring(0) + R.HEAD) == 1


@pytest.mark.parametrize(
    "frame, errors",
    [(udp4(bad=1), rx.L4E), (udp4(bad_ip=1), rx.IPE), (tcp4(), 0), (udp4(bad=1, bad_ip=1), rx.L4E | rx.IPE)],
)
def test_checksum_errors(bench, frame, errors):
    bench.rx_ring(0)
    bench.receive(frame)
    assert descriptor(bench)["status"] & (rx.L4E | rx.IPE) == errors


def test_udp_without_a_checksum_is_not_judged(bench):
    bench.rx_ring(0)
    frame = bytearray(udp4())
    frame[40:42] = b"\0\0"
    bench.receive(bytes(frame))
    assert descriptor(bench)["status"] == rx.DD | rx.EOP | rx.IPCS


def test_short_frames_are_padded(bench):
    bench.rx_ring(0)
    bench.receive(udp4(payload=b"")[:42])
    assert descriptor(bench)["length"] == 60


def test_a_long_frame_takes_several_descriptors(bench):
    bench.rx_ring(0)
    bench.nic.write(R.MAXFRS, 9728 << 16)
    frame = ethernet(0x88B5, bytes(range(256)) * 20)
    bench.receive(frame)
    parts = [descriptor(bench, i) for i in range(3)]
    assert [d["length"] for d in parts] == [2048, 2048, len(frame) - 4096]
    assert [bool(d["status"] & rx.EOP) for d in parts] == [False, False, True]
    assert b"".join(buffer(bench, i, d["length"]) for i, d in enumerate(parts)) == frame


def test_oversize_is_counted(bench):
    bench.rx_ring(0)
    bench.receive(ethernet(0x88B5, bytes(1501)), ethernet(0x88B5, bytes(1500)), ethernet(0x88B5, bytes(1500), vlan=1))
    assert bench.nic.read(R.ROC) == 1
    assert bench.arrived(0) == 2


def test_a_burst_larger_than_the_ring_waits_in_the_packet_buffer(bench):
    bench.rx_ring(0, size=16, filled=15)
    bench.receive(*[udp4(sport=n) for n in range(100)])
    assert bench.arrived(0) == 15
    for tail in (14, 13, 12, 11, 10, 9):  # the driver gives back fifteen each time
        bench.nic.write(R.rx_ring(0) + R.TAIL, tail)
    assert bench.arrived(0) == 100
    assert bench.nic.rx.used == 0
    assert not bench.nic.read(R.MPC)


def test_the_packet_buffer_is_finite_and_shared_fairly(bench):
    bench.rx_ring(0, filled=0)
    size = 1500
    frame = ethernet(0x88B5, bytes(size - 14))
    bench.receive(*[frame] * 400)
    missed = bench.nic.read(R.MPC)
    assert missed == 400 - (rx.BUFFER_SIZE // size + 1) // 2, "a queue holds no more than it leaves"
    assert bench.nic.read(R.GPRC) == 400, "ixgbe subtracts the missed ones itself"
    bench.nic.write(R.rx_ring(0) + R.SRRCTL, 2 | R.SRRCTL_DROP_EN)
    bench.receive(frame)
    assert bench.nic.read(R.QPRDC) == 1


def test_strict_drop(bench):
    bench.rx_ring(0, filled=5)
    bench.nic.write(R.rx_ring(0) + R.SRRCTL, 2 | R.SRRCTL_DROP_EN)
    bench.nic.faults.set(strict_drop=True)
    bench.receive(*[udp4()] * 8)
    assert (bench.arrived(0), bench.nic.read(R.QPRDC)) == (5, 3)


def test_disabling_a_ring_frees_its_part_of_the_buffer(bench):
    bench.rx_ring(0, filled=0)
    bench.receive(*[udp4()] * 8)
    assert bench.nic.rx.used
    bench.nic.write(R.rx_ring(0) + R.DCTL, 0)
    assert bench.nic.rx.used == 0


def test_refused_dma_does_not_stop_the_card(bench):
    bench.rx_ring(0)
    bench.host.refuse = True
    bench.receive(udp4())
    assert bench.nic.counters.totals["dma_errors"] == 1
    bench.host.refuse = False
    bench.receive(udp4())
    assert bench.arrived(0) == 2


def test_nothing_comes_without_light_or_with_receive_off(bench):
    bench.rx_ring(0)
    bench.nic.set_link(False)
    bench.receive(udp4())
    bench.nic.set_link(True)
    bench.nic.write(R.RXCTRL, 0)
    bench.receive(udp4())
    assert bench.arrived(0) == 0


def test_lost_frames(bench):
    bench.rx_ring(0)
    bench.nic.faults.set(drop=2)
    bench.receive(*[udp4()] * 5)
    assert bench.arrived(0) == 3


# ---- the port's own filters ---------------------------------------------------------------------------------------


def test_unicast_filter_and_promiscuous(bench):
    bench.rx_ring(0)
    bench.receive(udp4(mac="020000000077"))
    assert bench.arrived(0) == 0
    bench.nic.write(R.FCTRL, R.FCTRL_UPE)
    bench.receive(udp4(mac="020000000077"))
    assert bench.arrived(0) == 1


def test_multicast_table(bench):
    bench.rx_ring(0)
    mac = bytes.fromhex("01005e0000fb")
    bench.nic.write(R.MCSTCTRL, R.MCSTCTRL_MFE)
    bench.receive(udp4(mac=mac.hex()))
    assert bench.arrived(0) == 0
    vector = mac[4] >> 4 | mac[5] << 4  # ixgbe_mta_vector(), filter type 0
    bench.nic.write(R.MTA + 4 * (vector >> 5), 1 << (vector & 31))
    bench.receive(udp4(mac=mac.hex()))
    assert bench.arrived(0) == 1
    assert bench.nic.read(R.MPRC) == 1


def test_vlan_filter_and_stripping(bench):
    bench.rx_ring(0, flags=R.RXDCTL_VME)
    bench.nic.write(R.VLNCTRL, R.VLNCTRL_VFE)
    bench.receive(udp4(vlan=100))
    assert bench.arrived(0) == 0
    bench.nic.write(R.VFTA + 12, 1 << 4)
    bench.receive(udp4(vlan=0x6064))
    d = descriptor(bench)
    assert d["vlan"] == 0x6064 and d["status"] & rx.VP
    assert buffer(bench) == udp4()


def test_a_tag_stays_where_nobody_strips_it(bench):
    bench.rx_ring(0)
    bench.receive(udp4(vlan=5))
    assert buffer(bench, size=64) == udp4(vlan=5)
    assert not descriptor(bench)["status"] & rx.VP


# ---- pools --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode, stride", [(2, 4), (3, 2)])
def test_pool_stride(bench, mode, stride):
    bench.pools(3, mode, VFS)
    for pool in range(4):
        bench.rx_ring(pool * stride)
    for mac in VFS:
        bench.receive(udp4(mac=mac.hex()))
    bench.receive(udp4())
    assert [bench.arrived(pool * stride) for pool in range(4)] == [1, 1, 1, 1]
    assert bench.nic.counters.vf_rx_frames[:3] == [1, 1, 1]
    assert bench.host.requesters == {0, 1, 2, 3}


def test_broadcast_reaches_every_pool_that_wants_it(bench):
    bench.pools(2, macs=VFS[:2])
    for queue in (0, 4, 8):
        bench.rx_ring(queue)
    bench.nic.write(R.VMOLR + 4, R.VMOLR_AUPE)
    bench.receive(udp4(mac="ffffffffffff"))
    assert [bench.arrived(queue) for queue in (0, 4, 8)] == [1, 0, 1]


def test_unknown_unicast_goes_to_the_default_pool_unless_disabled(bench):
    bench.pools(2, macs=VFS[:2])
    bench.rx_ring(8)
    bench.nic.write(R.FCTRL, R.FCTRL_UPE)
    bench.receive(udp4(mac="020000000077"))
    assert bench.arrived(8) == 1
    bench.nic.write(R.VT_CTL, bench.nic.read(R.VT_CTL) | R.VT_DIS_DEFPL)
    bench.receive(udp4(mac="020000000077"))
    assert bench.arrived(8) == 1


def test_a_pool_with_receive_off_gets_nothing(bench):
    bench.pools(2, macs=VFS[:2])
    bench.rx_ring(0)
    bench.nic.write(R.VFRE, 0b110)
    bench.receive(udp4(mac=VFS[0].hex()))
    assert bench.arrived(0) == 0


def test_port_vlan_keeps_pools_apart(bench):
    """VF 0 is in VLAN 100 and takes no untagged frames; VF 1 is not in it."""
    bench.pools(2, macs=VFS[:2])
    for queue in (0, 4, 8):
        bench.rx_ring(queue)
    bench.vlan(1, 100, pools=0b001)
    bench.nic.write(R.VMOLR, R.VMOLR_BAM)
    bench.receive(udp4(mac=VFS[0].hex(), vlan=100), udp4(mac="ffffffffffff", vlan=100))
    assert [bench.arrived(queue) for queue in (0, 4, 8)] == [2, 0, 0]
    bench.receive(udp4(mac=VFS[0].hex()))
    assert bench.arrived(0) == 2, "untagged: not for VF 0"
    assert bench.arrived(8) == 1, "the default pool takes what nobody else does"


def test_a_vlan_of_the_pf_alone_reaches_the_pf(bench):
    bench.pools(2, macs=VFS[:2])
    bench.rx_ring(8)
    bench.nic.write(R.VLNCTRL, R.VLNCTRL_VFE)
    bench.nic.write(R.VFTA, 1 << 7)
    bench.receive(udp4(vlan=7))
    assert bench.arrived(8) == 1


# ---- counters -----------------------------------------------------------------------------------------------------


def test_port_counters_add_up(bench):
    bench.rx_ring(0)
    small, large, flood = udp4(), ethernet(0x88B5, bytes(1486)), udp4(mac="ffffffffffff")
    bench.receive(small, small, large, flood, udp4(mac="020000000077"))
    read = bench.nic.read
    assert read(R.TPR) == 5 and read(R.GPRC) == 4 and read(R.BPRC) == 1
    assert read(R.GORCL) == 3 * 64 + 1504 and read(R.GORCL + 4) == 0
    assert read(R.PRC64) == 3 and read(R.PRC64 + 20) == 1
    assert read(R.QPRC) == 4 and read(R.GPRC) == 0
    assert read(R.GORCL) == 0, "reading the low half takes both"


def test_what_is_counted_between_the_reads_of_both_halves_is_not_lost(bench):
    bench.rx_ring(0)
    read = bench.nic.read
    bench.receive(udp4())
    assert read(R.GORCL) == 64
    bench.receive(udp4())
    assert read(R.GORCL + 4) == 0
    assert read(R.GORCL) == 64


def test_vf_counters_are_not_cleared_by_reading(bench):
    bench.pools(2, macs=VFS[:2])
    bench.rx_ring(4)
    bench.receive(udp4(mac=VFS[1].hex()))
    for _turn in range(2):
        assert bench.nic.vfs.read(1, R.VFGPRC) == 1 == bench.nic.read(R.PVFGPRC + 0x40)
        assert bench.nic.vfs.read(1, R.VFGORCL) == 60 == bench.nic.read(0x1020 + 0x40)
