# SPDX-License-Identifier: GPL-3.0-or-later
"""PF and VF talk: signals, ownership, resets; what a broken one looks like."""

import pytest
from lab.nic82599 import pcie
from lab.nic82599 import regs as R

VF = 17  # its signals are bit 1 of the second word


@pytest.fixture
def nic(bench):
    nic = bench.nic
    bench.pools(20)
    nic.write(R.CTRL_EXT, R.CTRL_EXT_PFRSTD)
    nic.write(R.IVAR_MISC, 0x8500)  # other causes: vector 5
    nic.write(R.EIMS, R.EICR_MAILBOX)
    nic.vfs.write(VF, R.VTIVAR_MISC, R.IVAR_VALID | 2)
    nic.vfs.write(VF, R.VTEIMS, 4)
    nic.vfs.read(VF, R.VFMAILBOX)  # forgets RSTD
    return nic


def test_a_request_and_its_answer(bench, nic):
    nic.vfs.write(VF, R.VFMAILBOX, R.VFMAILBOX_VFU)
    assert nic.vfs.read(VF, R.VFMAILBOX) == R.VFMAILBOX_VFU
    nic.vfs.write(VF, R.VFMBMEM, 0x1)
    nic.vfs.write(VF, R.VFMAILBOX, R.VFMAILBOX_VFU | R.VFMAILBOX_REQ)
    assert bench.host.vectors == [(0, 5)]
    assert nic.read(R.EICS) & R.EICR_MAILBOX, "EICS shows EICR"
    assert nic.read(R.EICR) & R.EICR_MAILBOX
    assert nic.read(R.EICR) == 0, "cleared by reading"
    assert nic.read(R.PFMBICR + 4) == 1 << 1
    nic.write(R.PFMBICR + 4, 1 << 1)
    assert nic.read(R.PFMBICR + 4) == 0
    nic.write(R.PFMAILBOX + 4 * VF, R.PFMAILBOX_PFU)
    assert nic.read(R.PFMAILBOX + 4 * VF) & R.PFMAILBOX_PFU, "granted though the VF holds the buffer"
    assert nic.read(R.PFMBMEM + 64 * VF) == 1
    nic.write(R.PFMAILBOX + 4 * VF, R.PFMAILBOX_ACK)
    assert bench.host.vectors[1:] == [(1 + VF, 2)]
    assert nic.vfs.read(VF, R.VFMAILBOX) == R.VFMAILBOX_VFU | R.VFMAILBOX_PFACK
    assert nic.vfs.read(VF, R.VFMAILBOX) == R.VFMAILBOX_VFU, "PFACK is cleared by reading"
    nic.vfs.write(VF, R.VFMAILBOX, 0)
    assert nic.read(R.PFMAILBOX + 4 * VF) == 0


def test_a_message_of_the_pf(bench, nic):
    nic.write(R.PFMBMEM + 64 * VF + 60, 0xABCD)
    nic.write(R.PFMAILBOX + 4 * VF, R.PFMAILBOX_STS)
    assert nic.vfs.read(VF, R.VFMBMEM + 60) == 0xABCD
    assert nic.vfs.read(VF, R.VFMAILBOX) == R.VFMAILBOX_PFSTS
    nic.vfs.write(VF, R.VFMAILBOX, R.VFMAILBOX_ACK)
    assert nic.read(R.PFMBICR + 4) == 1 << 17


def test_the_vf_does_not_get_the_buffer_while_the_pf_has_it(nic):
    nic.write(R.PFMAILBOX + 4 * VF, R.PFMAILBOX_PFU)
    nic.vfs.write(VF, R.VFMAILBOX, R.VFMAILBOX_VFU)
    assert not nic.vfs.read(VF, R.VFMAILBOX) & R.VFMAILBOX_VFU


def test_pf_reset_is_shown_to_the_vfs(nic):
    nic.write(R.CTRL, R.CTRL_RST)
    assert nic.vfs.read(VF, R.VFMAILBOX) & R.VFMAILBOX_RSTI
    nic.write(R.CTRL_EXT, R.CTRL_EXT_PFRSTD)
    assert nic.vfs.read(VF, R.VFMAILBOX) == R.VFMAILBOX_RSTD
    assert nic.vfs.read(VF, R.VFMAILBOX) == 0


@pytest.mark.parametrize("how", ["software", "bus"])
@pytest.mark.parametrize("vf, word, bit", [(3, 0, 3), (17, 0, 17), (19, 0, 19)])
def test_vf_reset_is_shown_to_the_pf(bench, nic, how, vf, word, bit):
    bench.rx_ring(4 * vf)
    if how == "software":
        nic.vfs.write(vf, R.VFCTRL, R.VFCTRL_RST)
    else:
        nic.request(pcie.RESET, 1 + vf, 0, 0, 0)
    assert nic.read(R.VFLRE[word]) == 1 << bit == nic.read(R.VFLREC + 4 * word)
    assert not nic.read(R.rx_ring(4 * vf) + R.DCTL) & R.DCTL_ENABLE
    assert bench.host.vectors == [(0, 5)]
    nic.write(R.VFLREC + 4 * word, 1 << bit)
    assert nic.read(R.VFLRE[word]) == 0


def test_a_vf_beyond_the_pools_of_this_mode_is_reset_too(nic):
    nic.request(pcie.RESET, 1 + 60, 0, 0, 0)
    assert nic.read(R.VFLRE[1]) == 1 << 28


def test_a_vf_that_does_not_answer(bench, nic):
    nic.faults.set(silent_vfs=[VF])
    nic.vfs.write(VF, R.VFMAILBOX, R.VFMAILBOX_REQ)
    nic.vfs.write(VF, R.VFCTRL, R.VFCTRL_RST)
    assert not bench.host.vectors and not nic.read(R.PFMBICR + 4) and not nic.read(R.VFLRE[0])


def test_a_mailbox_that_times_out(nic):
    nic.faults.set(mailbox_timeout=True)
    nic.write(R.PFMAILBOX + 4 * VF, R.PFMAILBOX_ACK)
    assert nic.vfs.read(VF, R.VFMAILBOX) == 0


def test_vf_windows(bench, nic):
    nic.vfs.write(VF, R.VF_RX_RINGS + 0x40 + R.LEN, 0x1000)
    assert nic.read(R.rx_ring(4 * VF + 1) + R.LEN) == 0x1000
    nic.vfs.write(VF, R.VF_TX_RINGS + 0x40 * 3 + R.BAL, 0x12345)
    assert nic.read(R.tx_ring(4 * VF + 3) + R.BAL) == 0x12300, "128 byte aligned"
    nic.vfs.write(VF, R.VF_RX_RINGS + 0x40 * 4 + R.LEN, 0x77)
    assert nic.vfs.read(VF, R.VF_RX_RINGS + 0x40 * 4 + R.LEN) == 0, "a pool of four has no fifth queue"
    nic.vfs.write(VF, R.VFPSRTYPE, 1 << 29)
    assert nic.read(R.PSRTYPE + 4 * VF) == 1 << 29
    nic.vfs.write(VF, R.VTIVAR, 0x8081)
    assert nic.vfs.read(VF, R.VTIVAR) == 0x8081
    assert nic.vfs.read(VF, R.VFLINKS) == nic.read(R.LINKS)
