# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver qlcnic."""

from __future__ import annotations

from .driver import LINK_AWAY, NUM_VFS, VF_ATTRIBUTES, Driver
from .vf_support import NO_LINK_STATE, NO_TABLE, NO_TRUST, ONLY_8021Q, Rates, VfSupport

DRIVER = Driver(
    "qlcnic",
    cards="QLogic 8200 and 8300",
    folders=("drivers/net/ethernet/qlogic/qlcnic",),
    vf_change=LINK_AWAY,  # qlcnic_sriov_pf.c qlcnic_pci_sriov_enable; qlcnic_main.c __qlcnic_down, __qlcnic_up
    # qlcnic_sriov_pf.c qlcnic_sriov_set_vf_tx_rate: steps of 100 Mbit/s, as the card tells them
    vf_support=VfSupport(
        refuses={**NO_TABLE, **NO_TRUST, **NO_LINK_STATE},
        values=ONLY_8021Q,
        rates=Rates(100, 9900, step=100),
        absent={"vlan": 4095},  # a guest tags by itself (QLC_GUEST_VLAN_MODE)
    ),
    causes={
        NUM_VFS: {  # qlcnic_sriov_pf.c qlcnic_pci_sriov_configure
            "EIO": "the card has legacy interrupts (INTx): VFs need MSI-X",
            "EBUSY": "the card is in reset: run again",
        },
        VF_ATTRIBUTES: {"EOPNOTSUPP": "the driver changes a VF only while that has no driver: unbind it first"},
    },
)
