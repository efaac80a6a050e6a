# SPDX-License-Identifier: GPL-3.0-or-later
"""What the VFs see: 16 KB of registers each, most of them windows to the PF's (8.3)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

NUM = 64
BAR_WORDS = 0x4000 >> 2
VECTORS = 7


class Function:
    """One VF's own state: its interrupts and plain storage (VTIVAR among it, which the driver reads back)."""

    def __init__(self) -> None:
        self.words = array("I", bytes(4 * BAR_WORDS))
        self.pending = self.mask = 0


class VirtualFunctions:
    def __init__(self, nic: Nic):
        self.nic = nic
        self.functions = [Function() for _turn in range(NUM)]
        stats = nic.counters
        self._counters = {
            R.VFGPRC: lambda vf: stats.vf_rx_frames[vf],
            R.VFGORCL: lambda vf: stats.vf_rx_octets[vf],
            R.VFGORCH: lambda vf: stats.vf_rx_octets[vf] >> 32 & 0xF,
            R.VFMPRC: lambda vf: stats.vf_rx_multicast[vf],
            R.VFGPTC: lambda vf: stats.vf_tx_frames[vf],
            R.VFGOTCL: lambda vf: stats.vf_tx_octets[vf],
            R.VFGOTCH: lambda vf: stats.vf_tx_octets[vf] >> 32 & 0xF,
        }

    def reset(self) -> None:
        """The PF was reset, and with it the VFs' interrupts; the PF's driver tells the VFs by mailbox."""
        self.functions = [Function() for _turn in range(NUM)]

    def reset_one(self, vf: int) -> None:
        self.functions[vf] = Function()
        for queue in self._queues(vf):
            self.nic.rx.disable(queue)
            self.nic.tx.disable(queue)

    def _queues(self, vf: int) -> range:
        """None for a VF that has no pool: QEMU resets VF 40 also while the PF has 32 pools."""
        per = self.nic.queues_per_pool
        return range(vf * per, vf * per + per) if (vf + 1) * per <= R.NUM_QUEUES else range(0)

    # ---- register access ----------------------------------------------------------------------------------------

    def _window(self, vf: int, addr: int) -> int | None:
        """The PF's address of a register that a VF sees; None: no such ring in this mode."""
        if R.VFMBMEM <= addr < R.VFMBMEM + 64:
            return R.PFMBMEM + 64 * vf + addr - R.VFMBMEM
        if addr == R.VFPSRTYPE:
            return R.PSRTYPE + 4 * vf
        rings, of = (R.VF_RX_RINGS, R.rx_ring) if addr < R.VF_TX_RINGS else (R.VF_TX_RINGS, R.tx_ring)
        queues, index = self._queues(vf), addr - rings >> 6
        return of(queues[index]) + (addr & 0x3F) if index < len(queues) else None

    @staticmethod
    def _is_window(addr: int) -> bool:
        return R.VFMBMEM <= addr < R.VFMBMEM + 64 or addr == R.VFPSRTYPE or R.VF_RX_RINGS <= addr < 0x3000

    def read(self, vf: int, addr: int) -> int:
        if addr in self._counters:
            return self._counters[addr](vf) & 0xFFFFFFFF
        if self._is_window(addr):
            there = self._window(vf, addr)
            return 0 if there is None else self.nic.read(there)
        function = self.functions[vf]
        if addr == R.VFMAILBOX:
            return self.nic.mailbox.vf_read(vf)
        if addr == R.VFLINKS:
            return self.nic.read(R.LINKS)
        if addr == R.VTEIMS:
            return function.mask
        if addr in (R.VTEICR, R.VTEICS):
            value = function.pending
            if addr == R.VTEICR:
                function.pending = 0
            return value
        return function.words[addr >> 2]

    def write(self, vf: int, addr: int, value: int) -> None:
        if self._is_window(addr):
            there = self._window(vf, addr)
            if there is not None and addr not in self._counters:
                self.nic.write(there, value)
            return
        function = self.functions[vf]
        if addr == R.VFCTRL:
            if value & R.VFCTRL_RST:
                self.reset_by_software(vf)
        elif addr == R.VFMAILBOX:
            self.nic.mailbox.vf_write(vf, value)
        elif addr == R.VTEICS:
            self._event(vf, value & VECTORS)
        elif addr == R.VTEIMS:
            function.mask |= value & VECTORS
            self._event(vf, 0)
        elif addr == R.VTEIMC:
            function.mask &= ~value
        elif addr == R.VTEICR:
            function.pending &= ~value
        else:
            function.words[addr >> 2] = value & 0xFFFFFFFF

    def reset_by_software(self, vf: int) -> None:
        self.reset_one(vf)
        self.nic.mailbox.vf_reset(vf)

    # ---- interrupts (7.3.4.3) -----------------------------------------------------------------------------------

    def queue_event(self, vf: int, queue: int, tx: int) -> None:
        self._entry(vf, self.functions[vf].words[(R.VTIVAR >> 2) + (queue >> 1)] >> 16 * (queue & 1) + 8 * tx)

    def mail_event(self, vf: int) -> None:
        self._entry(vf, self.functions[vf].words[R.VTIVAR_MISC >> 2])

    def _entry(self, vf: int, entry: int) -> None:
        if entry & R.IVAR_VALID and entry & 3 < 3:
            self._event(vf, 1 << (entry & 3))

    def _event(self, vf: int, vectors: int) -> None:
        function = self.functions[vf]
        function.pending |= vectors
        ready = function.pending & function.mask
        if not ready:
            return
        function.pending &= ~ready
        function.mask &= ~(ready & function.words[R.VTEIAM >> 2])
        for vector in range(3):
            if ready >> vector & 1:
                self.nic.bus.msix(1 + vf, vector)
