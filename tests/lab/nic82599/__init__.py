# SPDX-License-Identifier: GPL-3.0-or-later
"""An Intel 82599 with SR-IOV, as a process behind a socket of an unmodified QEMU.

    regs        names of registers and bits          rx, tx      descriptor rings
    nic         the device: storage, reset, link     pools       which pools a frame belongs to
    interrupts  causes, masks, vectors               rss, fdir   which queue of them
    mailbox     PF <-> VF messages, function resets  offload     checksums, segmentation
    vf          the registers a VF sees              counters    statistics
    nvm, sfp    EEPROM, optical module               faults      what a test can break
    pcie        the wire to QEMU's shim              farend, control: sockets for tests

Numbers in brackets (7.10.3.3) are sections of the Intel 82599 10 GbE Controller Datasheet."""
