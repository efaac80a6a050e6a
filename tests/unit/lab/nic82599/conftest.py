# SPDX-License-Identifier: GPL-3.0-or-later
"""A NIC without QEMU: its bus is this file's memory, its driver the tests."""

import pytest
from lab.nic82599 import regs as R
from lab.nic82599.nic import Nic

MAC = bytes.fromhex("02825990000a")


class Host:
    """What the function reaches by DMA, and the interrupts it sent."""

    def __init__(self):
        self.memory = bytearray(1 << 20)
        self.vectors: list[tuple[int, int]] = []  # (function, vector)
        self.requesters: set[int] = set()
        self.refuse = False

    def dma_read(self, function, segments):
        self.requesters.add(function)
        return None if self.refuse else [bytes(self.memory[addr : addr + size]) for addr, size in segments]

    def dma_write(self, function, writes):
        self.requesters.add(function)
        for addr, data in writes:
            self.memory[addr : addr + len(data)] = data

    def msix(self, function, vector):
        self.vectors.append((function, vector))

    def word(self, addr, size=4):
        return int.from_bytes(self.memory[addr : addr + size], "little")


class Bench:
    """A NIC, its host, and the frames it has put on the wire."""

    def __init__(self):
        self.host = Host()
        self.sent: list[bytes] = []
        self.nic = Nic(self.host, MAC, send=self.sent.append)

    def start(self):
        """Receive and transmit on, as a driver leaves them; every frame for the port's address is taken."""
        nic = self.nic
        nic.write(R.RXCTRL, R.RXCTRL_RXEN)
        nic.write(R.DMATXCTL, R.DMATXCTL_TE)
        nic.write(R.FCTRL, R.FCTRL_BAM)
        nic.write(R.RXPBSIZE, 512 << 10)

    def pools(self, vfs, mode=2, macs=()):
        """Pool mode: VF n has address macs[n]; the PF's pool follows the VFs'."""
        nic = self.nic
        nic.num_vfs = vfs
        nic.write(R.GCR_EXT, mode)
        nic.write(R.MRQC, {2: R.MRQC_VMDQ_RSS32, 3: R.MRQC_VMDQ_RSS64}[mode] | 0x330000)
        nic.write(R.VT_CTL, R.VT_ENA | R.VT_REPLEN | vfs << 7)
        for word in range(2):
            nic.write(R.VFRE + 4 * word, 0xFFFFFFFF)
            nic.write(R.VFTE + 4 * word, 0xFFFFFFFF)
        for pool in range(vfs + 1):
            nic.write(R.VMOLR + 4 * pool, R.VMOLR_AUPE | R.VMOLR_BAM)
        self.address(0, MAC, vfs)
        for vf, mac in enumerate(macs):
            self.address(vf + 1, mac, vf)

    def address(self, entry, mac, pool):
        nic = self.nic
        nic.write(R.RAL + 8 * entry, int.from_bytes(mac[:4], "little"))
        nic.write(R.RAL + 8 * entry + 4, int.from_bytes(mac[4:], "little") | R.RAH_AV)
        nic.write(R.MPSAR + 8 * entry, 1 << pool & 0xFFFFFFFF)
        nic.write(R.MPSAR + 8 * entry + 4, 1 << pool >> 32)

    def vlan(self, entry, vid, pools):
        nic = self.nic
        nic.write(R.VLVF + 4 * entry, R.VLVF_VIEN | vid)
        nic.write(R.VLVFB + 8 * entry, pools & 0xFFFFFFFF)
        nic.write(R.VLVFB + 8 * entry + 4, pools >> 32)
        nic.write(R.VFTA + 4 * (vid >> 5), nic[R.VFTA + 4 * (vid >> 5)] | 1 << (vid & 31))
        nic.write(R.VLNCTRL, R.VLNCTRL_VFE)

    def rx_ring(self, queue, size=16, filled=None, flags=0):
        """A ring of 2 KB buffers; returns where it is in memory."""
        base, nic = R.rx_ring(queue), self.nic
        ring = 0x1000 + 0x800 * queue
        for i in range(size):
            self.host.memory[ring + 16 * i : ring + 16 * i + 16] = (0x80000 + 0x800 * i).to_bytes(16, "little")
        nic.write(base + R.BAL, ring)
        nic.write(base + R.LEN, 16 * size)
        nic.write(base + R.SRRCTL, 2 | 1 << 25)
        nic.write(base + R.DCTL, R.DCTL_ENABLE | flags)
        nic.write(base + R.TAIL, size - 1 if filled is None else filled)
        return ring

    def tx_ring(self, queue, size=16):
        base, nic = R.tx_ring(queue), self.nic
        ring = 0x41000 + 0x400 * queue
        nic.write(base + R.BAL, ring)
        nic.write(base + R.LEN, 16 * size)
        nic.write(base + R.DCTL, R.DCTL_ENABLE)
        return ring

    def transmit(self, queue, frame, options=0, command=0, context=None):
        """One frame (with its context descriptor) on a ring, as ixgbe would put it there."""
        base, nic, memory = R.tx_ring(queue), self.nic, self.host.memory
        size, tail = nic[base + R.LEN] >> 4, nic[base + R.TAIL]
        at = 0xC0000
        memory[at : at + len(frame)] = frame
        descriptors = [] if context is None else [context]
        command |= len(frame) | 3 << 20 | 1 << 24 | 1 << 25 | 1 << 27 | 1 << 29
        descriptors.append(
            at.to_bytes(8, "little")
            + command.to_bytes(4, "little")
            + (options | len(frame) << 14).to_bytes(4, "little")
        )
        for descriptor in descriptors:
            where = nic[base + R.BAL] + 16 * tail
            memory[where : where + 16] = descriptor
            tail = (tail + 1) % size
        nic.write(base + R.TAIL, tail)

    def receive(self, *frames):
        self.nic.frames_from_wire(frames)

    def arrived(self, queue):
        """How many frames a queue got since its ring was set up."""
        return self.nic.counters.totals[f"rx_queue_{queue}"]


@pytest.fixture
def bench():
    made = Bench()
    made.start()
    return made
