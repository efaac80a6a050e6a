# SPDX-License-Identifier: GPL-3.0-or-later
"""The device: its registers, reset, link, and the parts it is made of.

Most of the registers drivers touch have no effect of their own, so all are plain storage (0 after reset); a part that
gives one a meaning claims it with on_read() or on_write()."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Protocol

from . import pcie
from . import regs as R
from .counters import Counters
from .faults import Faults
from .fdir import FlowDirector
from .interrupts import Interrupts
from .mailbox import Mailbox
from .nvm import Nvm
from .pools import Pools
from .rss import Rss
from .rx import Receiver
from .sfp import SfpModule
from .tx import Transmitter
from .vf import VirtualFunctions

BAR_SIZE = 0x20000
QUEUES_PER_POOL = (0, 8, 4, 2)  # by GCR_EXT.VT_MODE


class Bus(Protocol):
    """The function's access to the host: pcie.Pcie, or a test's memory."""

    def dma_read(self, function: int, segments: list[tuple[int, int]]) -> list[bytes] | None:
        """The host's memory at each (address, length); None when the function may not read there."""

    def dma_write(self, function: int, writes: list[tuple[int, bytes]]) -> None:
        """To the host's memory, at each (address, bytes)."""

    def msix(self, function: int, vector: int) -> None:
        """Raise an interrupt."""


class Nic:
    def __init__(self, bus: Bus, mac: bytes, port: int = 0, send: Callable[[bytes], object] = lambda frame: None):
        self.bus, self.mac, self.port, self.send = bus, mac, port, send
        self.words = array("I", bytes(BAR_SIZE))
        self._readers: dict[int, Callable[[int], int]] = {}
        self._writers: dict[int, Callable[[int, int], None]] = {}
        self.num_vfs = 0  # as enabled in the SR-IOV capability
        self.faults = Faults()
        self.interrupts = Interrupts(self)
        self.counters = Counters(self)
        self.nvm = Nvm(self)
        self.sfp = SfpModule(self)
        self.pools = Pools(self)
        self.rss = Rss(self)
        self.fdir = FlowDirector(self)
        self.rx = Receiver(self)
        self.tx = Transmitter(self)
        self.mailbox = Mailbox(self)
        self.vfs = VirtualFunctions(self)
        self._claim()
        self.reset()

    # ---- registers -------------------------------------------------------------------------------------------

    def on_read(self, addrs: Iterable[int], reader: Callable[[int], int]) -> None:
        self._readers |= dict.fromkeys(addrs, reader)

    def on_write(self, addrs: Iterable[int], writer: Callable[[int, int], None]) -> None:
        self._writers |= dict.fromkeys(addrs, writer)

    def on_read_each(self, addrs: Iterable[int], reader: Callable[[int], int]) -> None:
        """A row of registers: the reader gets the number of the one that is read."""

        def one(index: int) -> Callable[[int], int]:
            return lambda addr: reader(index)

        self._readers |= {addr: one(index) for index, addr in enumerate(addrs)}

    def on_write_each(self, addrs: Iterable[int], writer: Callable[[int, int], None]) -> None:
        def one(index: int) -> Callable[[int, int], None]:
            return lambda addr, value: writer(index, value)

        self._writers |= {addr: one(index) for index, addr in enumerate(addrs)}

    def writable(self, addrs: Iterable[int], mask: int) -> None:
        """Bits outside the mask read back as 0."""
        self.on_write(addrs, lambda addr, value: self.__setitem__(addr, value & mask))

    def __getitem__(self, addr: int) -> int:
        """The stored value, without the side effects of a read."""
        return self.words[addr >> 2]

    def __setitem__(self, addr: int, value: int) -> None:
        self.words[addr >> 2] = value & 0xFFFFFFFF

    def read(self, addr: int) -> int:
        addr = R.ALIASES.get(addr, addr)
        reader = self._readers.get(addr)
        return reader(addr) if reader else self.words[addr >> 2]

    def write(self, addr: int, value: int) -> None:
        addr = R.ALIASES.get(addr, addr)
        writer = self._writers.get(addr)
        if writer:
            writer(addr, value)
        else:
            self.words[addr >> 2] = value & 0xFFFFFFFF

    def request(self, op: int, function: int, size: int, addr: int, value: int) -> int | None:
        """One packet from QEMU (pcie.Pcie.handler)."""
        if op == pcie.READ:
            if self.faults.stop_read():
                return (1 << 8 * size) - 1
            return self.vfs.read(function - 1, addr) if function else self.read(addr)
        if op == pcie.WRITE and not self.faults.removed:
            if function:
                self.vfs.write(function - 1, addr, value)
            else:
                self.write(addr, value)
        elif op == pcie.RESET:
            if function:
                self.vfs.reset_by_software(function - 1)
            else:
                self.reset()
        elif op == pcie.CONFIG:
            self.num_vfs = value
        return None

    # ---- pools and functions (7.10.3.1) ------------------------------------------------------------------------

    @property
    def queues_per_pool(self) -> int:
        return QUEUES_PER_POOL[self[R.GCR_EXT] & R.GCR_EXT_VT_MODE]

    def pool_of(self, queue: int) -> int:
        per = self.queues_per_pool
        return queue // per if per else 0

    def function_of(self, queue: int) -> int:
        """Whose requester id (and so whose IOMMU domain) a queue's DMA carries: 0 the PF, 1 + n VF n."""
        per = self.queues_per_pool
        return 1 + queue // per if per and queue // per < self.num_vfs else 0

    # ---- reset, general control -------------------------------------------------------------------------------

    def _claim(self) -> None:
        self.on_write([R.CTRL], self._write_ctrl)
        self.on_read([R.STATUS], self._read_status)
        self.on_write([R.STATUS, R.LINKS, R.FWSM], lambda addr, value: None)
        self.on_read([R.LINKS], self._read_links)
        self.on_write([R.AUTOC], self._write_autoc)
        self.writable([R.MSCA], ~R.MSCA_COMMAND)
        self.on_read([R.MSRWD], lambda addr: 0xFFFF0000)  # no PHY answers on MDIO
        self.on_read([R.RDRXCTL], lambda addr: self[addr] | R.RDRXCTL_DMAIDONE)
        self.on_read([R.SECTXSTAT, R.SECRXSTAT], lambda addr: 1)  # the data paths are idle at once

    def reset(self) -> None:
        """Everything but the link, the EEPROM and what PCI Express holds."""
        self.words = array("I", bytes(BAR_SIZE))
        low, high = int.from_bytes(self.mac[:4], "little"), int.from_bytes(self.mac[4:], "little")
        self[R.RAL], self[R.RAL + 4] = low, high | R.RAH_AV
        self[R.MPSAR] = 1
        self[R.FWSM] = 0x8000
        self[R.HLREG0] = R.HLREG0_TXPADEN | 3
        self[R.MAXFRS] = 1518 << 16
        self[R.AUTOC] = R.AUTOC_LMS_SFI
        self[R.AUTOC2] = R.AUTOC2_10G_SFI
        self[R.ANLP1] = 0x00010000
        self[R.ESDP] = R.ESDP_SDP2  # a module is plugged in
        self[R.RXPBSIZE], self[R.TXPBSIZE] = 512 << 10, 160 << 10
        for part in (self.interrupts, self.counters, self.fdir, self.rx, self.tx, self.mailbox, self.vfs):
            part.reset()

    def _write_ctrl(self, addr: int, value: int) -> None:
        if value & (R.CTRL_RST | R.CTRL_LRST):
            self.reset()
        self[addr] = value & ~(R.CTRL_RST | R.CTRL_LRST)

    def _read_status(self, addr: int) -> int:
        gio = 0 if self[R.CTRL] & R.CTRL_GIO_DIS else R.STATUS_GIO
        return gio | self.port << R.STATUS_LAN_ID

    # ---- link (3.7) ---------------------------------------------------------------------------------------------

    def _read_links(self, addr: int = R.LINKS) -> int:
        return 0x80000080 | (R.LINKS_UP | R.LINKS_10G if self.faults.link else 0)

    def _write_autoc(self, addr: int, value: int) -> None:
        self[addr] = value & ~R.AUTOC_RESTART_AN
        if value & R.AUTOC_RESTART_AN:
            self.interrupts.cause(R.EICR_LSC)

    def set_link(self, up: bool) -> None:
        if up != self.faults.link:
            self.faults.link = up
            self.interrupts.cause(R.EICR_LSC)

    def frames_from_wire(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self.rx.from_wire(frame)
        self.rx.flush()
