# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics (8.2.3.23): the port's are cleared by reading (ixgbe adds them up), the VFs' are not.

Octet counters of the port include the 4 octets of the checksum, which frames in this model do not carry. `totals` are
never cleared; they are for the control socket."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

NUM_VFS, NUM_STATS = 64, 16
FCS = 4
SIZES = (64, 127, 255, 511, 1023)
PLAIN = (
    *(R.GPRC, R.BPRC, R.MPRC, R.GPTC, R.MPTC, R.BPTC, R.ROC, R.RUC, R.TPR, R.TPT, R.SSVPC, R.MPC),
    *(R.FDIRMATCH, R.FDIRMISS, R.FDIRUSTAT, R.FDIRFSTAT),
    *(base + 4 * size for base in (R.PRC64, R.PTC64) for size in range(6)),
    *(R.QPRC + 0x40 * i for i in range(NUM_STATS)),
    *(R.QPRDC + 0x40 * i for i in range(NUM_STATS)),
    *(R.QPTC + 4 * i for i in range(NUM_STATS)),
)
WIDE = (
    *(R.GORCL, R.GOTCL, R.TORL),
    *(R.QBRCL + 0x40 * i for i in range(NUM_STATS)),
    *(R.QBTCL + 8 * i for i in range(NUM_STATS)),
)


class Counters:
    def __init__(self, nic: Nic):
        self.nic = nic
        self.totals: Counter[str] = Counter()
        nic.on_read(PLAIN, self._read_and_clear)
        nic.on_read(WIDE, self._read_low_and_clear)
        nic.on_read([addr + 4 for addr in WIDE], lambda addr: self.upper.pop(addr - 4, 0))
        nic.on_write([*PLAIN, *WIDE], lambda addr, value: None)
        self._claim_vf_counters()
        self.reset()

    def _claim_vf_counters(self) -> None:
        for first, step, read in (
            (R.PVFGPRC, 0x40, lambda vf: self.vf_rx_frames[vf] & 0xFFFFFFFF),
            (R.PVFGORCL, 0x40, lambda vf: self.vf_rx_octets[vf] & 0xFFFFFFFF),
            (R.PVFGORCH, 0x40, lambda vf: self.vf_rx_octets[vf] >> 32 & 0xF),
            (R.PVFMPRC, 0x40, lambda vf: self.vf_rx_multicast[vf] & 0xFFFFFFFF),
            (R.PVFGPTC, 4, lambda vf: self.vf_tx_frames[vf] & 0xFFFFFFFF),
            (R.PVFGOTCL, 8, lambda vf: self.vf_tx_octets[vf] & 0xFFFFFFFF),
            (R.PVFGOTCL + 4, 8, lambda vf: self.vf_tx_octets[vf] >> 32 & 0xF),
        ):
            self.nic.on_read_each(range(first, first + step * NUM_VFS, step), read)

    def reset(self) -> None:
        self.values: Counter[int] = Counter()
        self.upper: dict[int, int] = {}  # halves that wait for their read
        self.vf_rx_frames, self.vf_rx_octets, self.vf_rx_multicast, self.vf_tx_frames, self.vf_tx_octets = (
            [0] * NUM_VFS for _turn in range(5)
        )

    def add(self, addr: int, amount: int = 1) -> None:
        self.values[addr] += amount

    def _read_and_clear(self, addr: int) -> int:
        return self.values.pop(addr, 0)

    def _read_low_and_clear(self, addr: int) -> int:
        """Drivers read the low half first: it takes both, so that what is counted between the reads is not lost."""
        value = self._read_and_clear(addr)
        self.upper[addr] = value >> 32
        return value & 0xFFFFFFFF

    # ---- events -----------------------------------------------------------------------------------------------

    def seen_on_wire(self, frame: bytes) -> None:
        """Any frame that reaches the port, whether wanted or not."""
        self.totals["wire_rx_frames"] += 1
        self.totals["wire_rx_octets"] += len(frame)
        self.add(R.TPR)
        self.add(R.TORL, len(frame) + FCS)

    def received(self, frame: bytes) -> None:
        """A good frame from the wire that passed the port's address filter."""
        size = len(frame) + FCS
        self.add(R.GPRC)
        self.add(R.GORCL, size)
        self.add(R.PRC64 + 4 * _size_class(size))
        if frame[0] & 1:
            self.add(R.BPRC if frame[:6] == b"\xff" * 6 else R.MPRC)

    def transmitted(self, frame: bytes) -> None:
        """A frame that left on the wire."""
        size = len(frame) + FCS
        self.totals["wire_tx_frames"] += 1
        self.totals["wire_tx_octets"] += len(frame)
        self.add(R.GPTC)
        self.add(R.TPT)
        self.add(R.GOTCL, size)
        self.add(R.PTC64 + 4 * _size_class(size))
        if frame[0] & 1:
            self.add(R.BPTC if frame[:6] == b"\xff" * 6 else R.MPTC)

    def queue_received(self, queue: int, size: int, multicast: bool) -> None:
        stat = self.nic[R.RQSMR + (queue & ~3)] >> 8 * (queue & 3) & 0xF
        self.add(R.QPRC + 0x40 * stat)
        self.add(R.QBRCL + 0x40 * stat, size)
        self.totals[f"rx_queue_{queue}"] += 1
        function = self.nic.function_of(queue)
        if function:
            self.vf_rx_frames[function - 1] += 1
            self.vf_rx_octets[function - 1] += size
            self.vf_rx_multicast[function - 1] += multicast

    def queue_dropped(self, queue: int, buffer_full: bool) -> None:
        """No descriptor (QPRDC), or no room in the packet buffer (MPC)."""
        stat = self.nic[R.RQSMR + (queue & ~3)] >> 8 * (queue & 3) & 0xF
        self.add(R.MPC if buffer_full else R.QPRDC + 0x40 * stat)
        self.totals["dropped_buffer_full" if buffer_full else "dropped_no_descriptor"] += 1

    def queue_transmitted(self, queue: int, size: int) -> None:
        stat = self.nic[R.TQSM + (queue & ~3)] >> 8 * (queue & 3) & 0xF
        self.add(R.QPTC + 4 * stat)
        self.add(R.QBTCL + 8 * stat, size)
        self.totals[f"tx_queue_{queue}"] += 1
        function = self.nic.function_of(queue)
        if function:
            self.vf_tx_frames[function - 1] += 1
            self.vf_tx_octets[function - 1] += size


def _size_class(size: int) -> int:
    return next((i for i, limit in enumerate(SIZES) if size <= limit), 5)
