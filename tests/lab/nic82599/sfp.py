# SPDX-License-Identifier: GPL-3.0-or-later
"""The optical module in the cage: an SFP+ (SFF-8472) on the I2C bus that software bit-bangs through I2CCTL (3.7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic


def identity_page() -> bytes:
    """Page A0: a 10GBASE-SR module of the one vendor ixgbe accepts without a parameter."""
    page = bytearray(256)
    page[0:4] = b"\x03\x04\x07\x10"  # SFP, two-wire id, LC, 10GBASE-SR
    page[12] = 103  # 10.3 GBd
    page[16:20] = bytes([8, 3, 0, 30])  # reach over OM2, OM1, -, OM3, in units of 10 m
    page[20:36] = b"Intel Corp      "
    page[37:40] = b"\x00\x1b\x21"
    page[40:56] = b"EMULATED-SR     "
    page[56:60] = b"A   "
    page[60:62] = (850).to_bytes(2, "big")
    page[68:84] = b"LAB0001         "
    page[84:92] = b"260101  "
    page[92:95] = b"\x68\xf0\x03"  # diagnostics, internally calibrated; alarms; revision 9.5
    page[63] = sum(page[0:63]) & 0xFF
    page[95] = sum(page[64:95]) & 0xFF
    return bytes(page)


def diagnostics_page() -> bytes:
    """Page A2: a healthy module; alarm thresholds far away."""
    page = bytearray(256)
    high_low = ((75, -5), (70, 0)), ((36000, 30000), (35000, 31000)), ((5000, 1000), (4500, 2000)), ((10000, 1000),) * 2
    at = 0
    for scale, limits in zip((256, 1, 1, 1, 1), (*high_low, ((10000, 100),) * 2), strict=True):
        for pair in limits:
            for value in pair:
                page[at : at + 2] = (value * scale & 0xFFFF).to_bytes(2, "big")
                at += 2
    page[96:106] = b"".join(v.to_bytes(2, "big") for v in (35 * 256, 33000, 3000, 5500, 5000))
    return bytes(page)


class SfpModule:
    """An I2C slave, driven by the levels of clock and data."""

    def __init__(self, nic: Nic):
        self.nic = nic
        self.pages = {0xA0: identity_page(), 0xA2: diagnostics_page()}
        self.scl = self.sda = True  # what the master drives
        self.drive = True  # what the slave drives; the line is the AND of both
        self.page: bytes | None = None
        self.offset = 0
        self._start(idle=True)
        nic.on_read([R.I2CCTL], self._read)
        nic.on_write([R.I2CCTL], self._write)

    def _start(self, idle: bool = False) -> None:
        self.clocks = self.shift = 0
        self.expect = "nothing" if idle else "address"
        self.sending = False
        self.drive = True

    def _read(self, addr: int) -> int:
        value = self.nic[addr] & (R.I2C_CLK_OUT | R.I2C_DATA_OUT)
        return value | (R.I2C_CLK_IN if self.scl else 0) | (R.I2C_DATA_IN if self.sda and self.drive else 0)

    def _write(self, addr: int, value: int) -> None:
        self.nic[addr] = value
        scl, sda = bool(value & R.I2C_CLK_OUT), bool(value & R.I2C_DATA_OUT)
        was_scl, was_sda = self.scl, self.sda
        self.scl, self.sda = scl, sda
        if scl and was_scl and sda != was_sda:
            self._start(idle=sda)  # data moves while the clock is high: falling is START, rising is STOP
        elif scl and not was_scl:
            self._clock_rises()
        elif was_scl and not scl:
            self._clock_falls()

    def _clock_rises(self) -> None:
        if self.clocks < 8 and not self.sending:
            self.shift = self.shift << 1 & 0xFF | (self.sda and self.drive)
        elif self.clocks == 8 and self.sending and self.sda:
            self.sending = False  # the master does not acknowledge: it has read enough
            self.expect = "nothing"
        self.clocks += 1

    def _clock_falls(self) -> None:
        if self.clocks == 8:
            self.drive = self.sending or not self._byte(self.shift)
        elif self.clocks == 9:
            self.clocks, self.drive = 0, True
            if self.expect == "to send":  # only now: the ninth clock was the module's own acknowledgement
                self.sending, self.expect = True, "nothing"
            if self.sending and self.page is not None:
                self.shift = self.page[self.offset]
                self.offset = (self.offset + 1) % 256
        if self.sending and self.clocks < 8:
            self.drive = bool(self.shift << self.clocks & 0x80)

    def _byte(self, value: int) -> bool:
        """A byte has come; True: acknowledge it."""
        if self.expect == "address":
            self.page, self.expect = self.pages.get(value & 0xFE), "nothing"
            if self.page is not None:
                self.expect = "to send" if value & 1 else "offset"
            return self.page is not None
        if self.expect == "offset":
            self.offset, self.expect = value, "data"
            return True
        return False  # the module cannot be written
