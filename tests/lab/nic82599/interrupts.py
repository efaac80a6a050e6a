# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes, masks, vectors (7.3). MSI-X only, as every current driver uses it.

A queue's event raises the vector its IVAR entry names; the other causes share the vector of IVAR_MISC. A vector that
is masked stays pending and fires when unmasked. No throttling: EITR is storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

OTHER_CAUSES = 0x7FFF0000


class Interrupts:
    def __init__(self, nic: Nic):
        self.nic = nic
        nic.on_read([R.EICR], self._read_eicr)
        nic.on_write([R.EICR], lambda addr, value: self._clear(value))
        # Reading EICS gives EICR without clearing it; ixgbe_msix_other() relies on that.
        nic.on_read([R.EICS], lambda addr: self._pending_low())
        nic.on_write([R.EICS], lambda addr, value: self._set(value & OTHER_CAUSES, value & R.EICR_QUEUES))
        nic.on_read([R.EIMS], lambda addr: self.mask_other | self.mask & R.EICR_QUEUES)
        nic.on_write([R.EIMS], lambda addr, value: self._unmask(value & ~R.EICR_QUEUES, value & R.EICR_QUEUES))
        nic.on_write([R.EIMC], lambda addr, value: self._mask(value & ~R.EICR_QUEUES, value & R.EICR_QUEUES))
        # Vectors 31:0 and 63:32
        nic.on_write_each((R.EICS_EX, R.EICS_EX + 4), lambda word, value: self._set(0, value << 32 * word))
        nic.on_read_each((R.EIMS_EX, R.EIMS_EX + 4), lambda word: self.mask >> 32 * word & 0xFFFFFFFF)
        nic.on_write_each((R.EIMS_EX, R.EIMS_EX + 4), lambda word, value: self._unmask(0, value << 32 * word))
        nic.on_write_each((R.EIMC_EX, R.EIMC_EX + 4), lambda word, value: self._mask(0, value << 32 * word))
        self.reset()

    def reset(self) -> None:
        self.other = 0  # EICR 30:16
        self.pending = 0  # vectors 63:0
        self.mask = self.mask_other = 0  # 1: enabled
        self.served = 0  # vectors that masked themselves when they fired, and are masked still: the driver polls

    # ---- what happened ---------------------------------------------------------------------------------------

    def cause(self, bits: int) -> None:
        """One of the causes that have no queue: mailbox, link, ..."""
        self._set(bits, 0)

    def rx_queue(self, queue: int) -> None:
        self._queue(queue, 0)

    def tx_queue(self, queue: int) -> None:
        self._queue(queue, 1)

    def _queue(self, queue: int, tx: int) -> None:
        function = self.nic.function_of(queue)
        if function:
            self.nic.vfs.queue_event(function - 1, queue % self.nic.queues_per_pool, tx)
            return
        entry = self.nic[R.IVAR + 4 * (queue >> 1)] >> (16 * (queue & 1) + 8 * tx) & 0xFF
        if entry & R.IVAR_VALID:
            self._set(0, 1 << (entry & 0x3F))

    # ---- registers ---------------------------------------------------------------------------------------------

    def _pending_low(self) -> int:
        return self.other | self.pending & R.EICR_QUEUES

    def _read_eicr(self, addr: int) -> int:
        value = self._pending_low()
        self._clear(0xFFFFFFFF)
        return value

    def _clear(self, value: int) -> None:
        self.other &= ~value
        self.pending &= ~(value & R.EICR_QUEUES)

    def _set(self, other: int, vectors: int) -> None:
        self.other |= other
        self.pending |= vectors
        self._deliver(other & self.mask_other)

    def _unmask(self, other: int, vectors: int) -> None:
        self.mask_other |= other
        self.mask |= vectors
        self.served &= ~vectors
        self._deliver(self.other & other)

    def _mask(self, other: int, vectors: int) -> None:
        self.mask_other &= ~other
        self.mask &= ~vectors

    def _deliver(self, other: int) -> None:
        nic = self.nic
        if other:
            entry = nic[R.IVAR_MISC] >> 8 & 0xFF
            if entry & R.IVAR_VALID:
                nic.bus.msix(0, entry & 0x3F)
        ready = self.pending & self.mask
        if not ready:
            return
        # The message clears its cause (EIAC) and, with GPIE.EIAME, masks itself (EIAM) until the driver has polled.
        self.pending &= ~ready
        if nic[R.GPIE] & R.GPIE_EIAME:
            self.served |= ready & self._auto_mask()
            self.mask &= ~(ready & self._auto_mask())
        while ready:
            vector = (ready & -ready).bit_length() - 1
            ready &= ready - 1
            nic.bus.msix(0, vector)

    def _auto_mask(self) -> int:
        nic = self.nic
        return nic[R.EIAM] & R.EICR_QUEUES | nic[R.EIAM_EX] | nic[R.EIAM_EX + 4] << 32
