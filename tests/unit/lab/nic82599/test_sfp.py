# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on the bit-banged I2C bus, read as ixgbe_read_i2c_byte_generic() does."""

import pytest
from lab.nic82599 import regs as R


class Master:
    def __init__(self, nic):
        self.nic, self.scl, self.sda = nic, True, True

    def drive(self, scl=None, sda=None):
        self.scl = self.scl if scl is None else scl
        self.sda = self.sda if sda is None else sda
        self.nic.write(R.I2CCTL, R.I2C_CLK_OUT * self.scl | R.I2C_DATA_OUT * self.sda)

    @property
    def line(self):
        return bool(self.nic.read(R.I2CCTL) & R.I2C_DATA_IN)

    def start(self):
        self.drive(sda=True)
        self.drive(scl=True)
        self.drive(sda=False)
        self.drive(scl=False)

    def stop(self):
        self.drive(sda=False)
        self.drive(scl=True)
        self.drive(sda=True)

    def put(self, byte):
        for bit in range(7, -1, -1):
            self.drive(sda=bool(byte >> bit & 1))
            self.drive(scl=True)
            self.drive(scl=False)
        self.drive(sda=True)

    def get(self):
        byte = 0
        for _turn in range(8):
            self.drive(scl=True)
            byte = byte << 1 | self.line
            self.drive(scl=False)
        return byte

    def acknowledged(self):
        self.drive(scl=True)
        line = self.line
        self.drive(scl=False)
        return not line

    def answer(self, acknowledge):
        self.drive(sda=not acknowledge)
        self.drive(scl=True)
        self.drive(scl=False)
        self.drive(sda=True)

    def read(self, device, offset, count=1):
        self.start()
        self.put(device)
        assert self.acknowledged()
        self.put(offset)
        assert self.acknowledged()
        self.start()
        self.put(device | 1)
        assert self.acknowledged()
        data = bytearray()
        for left in range(count, 0, -1):
            data.append(self.get())
            self.answer(acknowledge=left > 1)
        self.stop()
        return bytes(data)


@pytest.fixture
def master(bench):
    return Master(bench.nic)


def test_is_an_sr_module_of_the_vendor_ixgbe_accepts(master):
    assert master.read(0xA0, 0) == b"\x03"
    assert master.read(0xA0, 3) == b"\x10"
    assert master.read(0xA0, 37, 3) == b"\x00\x1b\x21"


def test_reads_in_a_row_and_again_after_a_stop(master):
    assert master.read(0xA0, 20, 16) == b"Intel Corp      "
    assert master.read(0xA0, 20, 5) == b"Intel"


def test_checksums_of_the_identity_page(master):
    page = master.read(0xA0, 0, 96)
    assert sum(page[:63]) & 0xFF == page[63]
    assert sum(page[64:95]) & 0xFF == page[95]


def test_diagnostics_show_a_healthy_module(master):
    assert master.read(0xA2, 96, 2) == bytes([35, 0])  # 35 degrees


def test_nobody_answers_at_another_address(master):
    master.start()
    master.put(0x50)
    assert not master.acknowledged()
    master.stop()
    assert master.read(0xA0, 0) == b"\x03"
