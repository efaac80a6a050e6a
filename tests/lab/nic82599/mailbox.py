# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages between the PF and its VFs, and how each learns of the other's reset (4.2.2, 7.10.2.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

NUM = 64
READ_TO_CLEAR = R.VFMAILBOX_PFSTS | R.VFMAILBOX_PFACK | R.VFMAILBOX_RSTD


class Mailbox:
    def __init__(self, nic: Nic):
        self.nic = nic
        boxes = range(R.PFMAILBOX, R.PFMAILBOX + 4 * NUM, 4)
        nic.on_read_each(boxes, lambda vf: self.owner[vf])
        nic.on_write_each(boxes, self._pf_write)
        nic.on_write(range(R.PFMBICR, R.PFMBICR + 16, 4), self._clear)
        clears = (R.VFLREC, R.VFLREC + 4)
        nic.on_read_each(clears, lambda word: nic[R.VFLRE[word]])
        nic.on_write_each(clears, lambda word, value: self._clear(R.VFLRE[word], value))
        nic.on_write([R.CTRL_EXT], self._write_ctrl_ext)
        self.reset()

    def reset(self) -> None:
        self.owner = [0] * NUM  # PFMAILBOX_VFU, PFMAILBOX_PFU
        self.to_vf = [0] * NUM  # the read-to-clear bits of VFMAILBOX

    def _clear(self, addr: int, value: int) -> None:
        self.nic[addr] &= ~value

    def _write_ctrl_ext(self, addr: int, value: int) -> None:
        if value & ~self.nic[addr] & R.CTRL_EXT_PFRSTD:
            self.to_vf = [bits | R.VFMAILBOX_RSTD for bits in self.to_vf]
        self.nic[addr] = value

    # ---- the PF's side ----------------------------------------------------------------------------------------

    def _pf_write(self, vf: int, value: int) -> None:
        if value & R.PFMAILBOX_RVFU:
            self.owner[vf] &= ~R.PFMAILBOX_VFU
        # The PF gets the buffer even while the VF holds it: ixgbevf of 6.12 keeps it until it has its answer.
        self.owner[vf] = self.owner[vf] & ~R.PFMAILBOX_PFU | value & R.PFMAILBOX_PFU
        signals = 0
        if value & R.PFMAILBOX_STS:
            signals |= R.VFMAILBOX_PFSTS
        if value & R.PFMAILBOX_ACK:
            signals |= R.VFMAILBOX_PFACK
        if signals and not self.nic.faults.mailbox_timeout:
            self.to_vf[vf] |= signals
            self.nic.vfs.mail_event(vf)

    # ---- a VF's side ------------------------------------------------------------------------------------------

    def vf_read(self, vf: int) -> int:
        value = self.to_vf[vf] | self.owner[vf]  # VFU and PFU are the same bits in both registers
        if not self.nic[R.CTRL_EXT] & R.CTRL_EXT_PFRSTD:
            value |= R.VFMAILBOX_RSTI
        self.to_vf[vf] &= ~READ_TO_CLEAR
        return value

    def vf_write(self, vf: int, value: int) -> None:
        if not value & R.VFMAILBOX_VFU:
            self.owner[vf] &= ~R.PFMAILBOX_VFU
        elif not self.owner[vf] & R.PFMAILBOX_PFU:
            self.owner[vf] |= R.PFMAILBOX_VFU
        signals = (1 if value & R.VFMAILBOX_REQ else 0) | (1 << 16 if value & R.VFMAILBOX_ACK else 0)
        if signals:
            self._signal(vf, R.PFMBICR + 4 * (vf // 16), signals << vf % 16)

    def vf_reset(self, vf: int) -> None:
        """A VF was reset, by VFCTRL.RST or by the bus (FLR): the PF must forget what the VF had set up."""
        self.owner[vf] &= ~R.PFMAILBOX_VFU
        self.to_vf[vf] = 0
        self._signal(vf, R.VFLRE[vf // 32], 1 << vf % 32)

    def _signal(self, vf: int, addr: int, bits: int) -> None:
        if vf in self.nic.faults.silent_vfs:
            return
        self.nic[addr] |= bits
        self.nic.interrupts.cause(R.EICR_MAILBOX)
