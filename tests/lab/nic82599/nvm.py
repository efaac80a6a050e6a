# SPDX-License-Identifier: GPL-3.0-or-later
"""EEPROM (6) and the semaphores software shares it by (10.5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

WORDS = 0x4000 >> 1
CHECKSUM, CHECKSUM_SUM = 0x3F, 0xBABA
SFP_LIST, SFP_DATA, FIRMWARE, PASS_THROUGH = 0x80, 0x90, 0xA0, 0xB0


def image(mac: bytes) -> list[int]:
    """What ixgbe reads: it refuses a wrong checksum, and an SFP+ port without a list of module settings."""
    words = [0xFFFF] * WORDS
    words[0x00:0x40] = [0] * 0x40
    for pointer in (*range(0x03, 0x0E), 0x26, 0x27, 0x28, 0x2F, 0x37, 0x3E):
        words[pointer] = 0xFFFF
    words[0x0F] = FIRMWARE
    words[0x15:0x17] = [0x8259, 0x9E01]  # part number, printed as 82599E-001
    words[0x29], words[0x2A] = 0x2008, 0x0001  # image version, shown by ethtool -i
    words[0x2D], words[0x2E] = 0x8000, 0x0001
    words[0x2B] = SFP_LIST
    words[0x2C] = 0  # capabilities: modules of known vendors only
    # Settings for each kind of module (ids of ixgbe_get_sfp_init_sequence_offsets), all the same empty sequence.
    entries = [word for kind in range(3, 15) for word in (kind, SFP_DATA)]
    words[SFP_LIST : SFP_LIST + len(entries) + 2] = [0, *entries, 0xFFFF]  # both start with a length nobody reads
    words[SFP_DATA : SFP_DATA + 3] = [0x0000, 0x0001, 0xFFFF]
    words[FIRMWARE + 4] = PASS_THROUGH
    words[PASS_THROUGH + 7] = 6  # below 6 ixgbe warns of a pre-production board
    words[0x10:0x13] = [int.from_bytes(mac[i : i + 2], "little") for i in (0, 2, 4)]
    words[CHECKSUM] = CHECKSUM_SUM - sum(words[:CHECKSUM]) & 0xFFFF
    return words


class Nvm:
    def __init__(self, nic: Nic):
        self.nic = nic
        self.words = image(nic.mac)
        # 8 Kbit words; without the size ixgbe takes the part for Flash and bit-bangs
        nic.on_read([R.EEC], lambda addr: R.EEC_PRES | R.EEC_ARD | 7 << R.EEC_SIZE_SHIFT)
        nic.on_write([R.EERD], self._read_word)
        nic.on_read([R.SWSM], self._read_swsm)

    def _read_word(self, addr: int, value: int) -> None:
        word = value >> 2 & 0x3FFF
        data = self.words[word] if word < len(self.words) else 0xFFFF
        self.nic[addr] = data << 16 | word << 2 | R.EERD_DONE

    def _read_swsm(self, addr: int) -> int:
        value = self.nic[addr]
        self.nic[addr] = value | R.SWSM_SMBI  # reading takes the semaphore, the reader that saw 0 owns it
        return value
