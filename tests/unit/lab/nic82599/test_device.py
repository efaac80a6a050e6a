# SPDX-License-Identifier: GPL-3.0-or-later
"""Side effects of registers: reset, EEPROM, semaphores, link, interrupts."""

import pytest
from lab.nic82599 import pcie
from lab.nic82599 import regs as R


def eeprom(nic, word):
    nic.write(R.EERD, word << 2 | R.EERD_START)
    value = nic.read(R.EERD)
    assert value & R.EERD_DONE
    return value >> 16


@pytest.fixture
def nic(bench):
    return bench.nic


def test_reset_clears_itself_and_the_rest_but_keeps_the_address(nic):
    nic.write(0x4000 + 0x200, 7)
    nic.write(R.RAL, 0)
    nic.write(R.CTRL, R.CTRL_RST)
    assert not nic.read(R.CTRL) & R.CTRL_RST
    assert nic.read(0x4200) == 0
    assert nic.read(R.RAL) == 0x90598202
    assert nic.read(R.RAL + 4) == R.RAH_AV | 0x0A00


def test_master_disable_is_seen_in_status(nic):
    assert nic.read(R.STATUS) & R.STATUS_GIO
    nic.write(R.CTRL, R.CTRL_GIO_DIS)
    assert not nic.read(R.STATUS) & R.STATUS_GIO
    nic.write(R.STATUS, 0xFFFFFFFF)
    assert nic.read(R.STATUS) == 0, "read only"


def test_eeprom_checksum_as_ixgbe_computes_it(nic):
    total = sum(eeprom(nic, word) for word in range(0x40))
    for pointer in (eeprom(nic, word) for word in range(0x03, 0x0F)):
        assert pointer in (0, 0xFFFF)
    assert total & 0xFFFF == 0xBABA


def test_eeprom_has_settings_for_the_module(nic):
    entry, kinds = eeprom(nic, 0x2B) + 1, {}
    while eeprom(nic, entry) != 0xFFFF:
        kinds[eeprom(nic, entry)] = eeprom(nic, entry + 1)
        entry += 2
    assert kinds[5] not in (0, 0xFFFF), "ixgbe_sfp_type_srlr_core0"


def test_semaphore_belongs_to_who_reads_zero(nic):
    assert nic.read(R.SWSM) & R.SWSM_SMBI == 0
    assert nic.read(R.SWSM) & R.SWSM_SMBI
    nic.write(R.SWSM, 0)
    assert nic.read(R.SWSM) & R.SWSM_SMBI == 0


@pytest.mark.parametrize(
    "low, high",
    [
        (0x5400, R.RAL),
        (0x5C00 + 4, R.RETA + 4),
        (0x5C80, R.RSSRK),
        (0x5818, R.MRQC),
        (0x2104, 0x1054),
        (0x5484, R.PSRTYPE + 4),
    ],
)
def test_aliases(nic, low, high):
    nic.write(low, 0x12345678)
    assert nic.read(high) == 0x12345678


def test_link_change_interrupts_once(bench, nic):
    nic.write(R.IVAR_MISC, 0x8200)
    nic.write(R.EIMS, R.EICR_LSC)
    assert nic.read(R.LINKS) & R.LINKS_UP
    nic.set_link(False)
    nic.set_link(False)
    assert bench.host.vectors == [(0, 2)]
    assert not nic.read(R.LINKS) & R.LINKS_UP
    assert nic.read(R.EICR) == R.EICR_LSC


def test_a_masked_cause_fires_when_unmasked(bench, nic):
    nic.write(R.IVAR_MISC, 0x8200)
    nic.set_link(False)
    assert bench.host.vectors == []
    nic.write(R.EIMS, R.EICR_LSC)
    assert bench.host.vectors == [(0, 2)]


def test_queue_vectors_mask_themselves(bench, nic):
    nic.write(R.IVAR + 4, 0x8082 << 16 | 0x8081)  # queues 2 and 3, receive: vectors 1 and 2, transmit: 0
    nic.write(R.GPIE, R.GPIE_EIAME | R.GPIE_MSIX_MODE)
    nic.write(R.EIAM_EX, 0xFFFFFFFF)
    nic.write(R.EIMS_EX, 0b111)
    nic.interrupts.rx_queue(3)
    nic.interrupts.rx_queue(3)
    assert bench.host.vectors == [(0, 2)]
    assert nic.read(R.EIMS_EX) == 0b011
    nic.write(R.EIMS_EX, 0b100)
    assert bench.host.vectors == [(0, 2), (0, 2)], "what came meanwhile"
    nic.interrupts.tx_queue(2)
    assert bench.host.vectors[2:] == [(0, 0)]


def test_high_vectors(bench, nic):
    nic.write(R.IVAR, 0x80 | 40)
    nic.write(R.EIMS_EX + 4, 1 << 8)
    nic.interrupts.rx_queue(0)
    assert bench.host.vectors == [(0, 40)]
    nic.write(R.EIMC_EX + 4, 1 << 8)
    assert nic.read(R.EIMS_EX + 4) == 0


def test_software_triggers_vectors(bench, nic):
    nic.write(R.EIMS, 1)
    nic.write(R.EICS, 1)
    nic.write(R.EIMS_EX, 2)
    nic.write(R.EICS_EX, 2)
    assert bench.host.vectors == [(0, 0), (0, 1)]


@pytest.mark.parametrize(
    "mode, vfs, queue, function", [(2, 2, 7, 2), (2, 2, 8, 0), (3, 63, 125, 63), (3, 63, 126, 0), (0, 0, 5, 0)]
)
def test_queue_to_function(nic, mode, vfs, queue, function):
    nic.write(R.GCR_EXT, mode)
    nic.num_vfs = vfs
    assert nic.function_of(queue) == function


def test_rate_limits_are_kept_by_queue(nic):
    for queue, value in ((3, 0x80001000), (4, 0x80002000)):
        nic.write(R.RTTDQSEL, queue)
        nic.write(R.RTTBCNRC, value)
    nic.write(R.RTTDQSEL, 3)
    assert nic.read(R.RTTBCNRC) == 0x80001000


def test_removed_card_reads_all_ones(nic):
    nic.faults.set(removed=True)
    assert nic.request(pcie.READ, 0, 4, R.STATUS, 0) == 0xFFFFFFFF
    assert nic.request(pcie.READ, 3, 4, R.VFLINKS, 0) == 0xFFFFFFFF
    nic.request(pcie.WRITE, 0, 4, 0x4200, 1)
    assert nic.read(0x4200) == 0


def test_faults_are_checked(nic):
    with pytest.raises(ValueError, match="no fault named"):
        nic.faults.set(nonsense=True)
    with pytest.raises(ValueError, match="int expected"):
        nic.faults.set(stall_ms="soon")


def test_a_stall_lasts_for_so_many_reads(nic, monkeypatch):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    nic.faults.set(stall_ms=250, stall_reads=2)
    for _turn in range(5):
        nic.request(pcie.READ, 0, 4, R.STATUS, 0)
    assert slept == [0.25, 0.25]
