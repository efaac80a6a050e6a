# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver cxgb4."""

from __future__ import annotations

from .driver import NO_CHANGE, NUM_VFS, RULE, Driver, Steering, VfDriver
from .vf_support import NO_CHECK, NO_LEAST, NO_PRIORITY, NO_TABLE, NO_TRUST, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "cxgb4",
    cards="Chelsio T4, T5 and T6",
    folders=("drivers/net/ethernet/chelsio/cxgb4",),
    vf_change=NO_CHANGE,
    how_else="VFs are those of functions 0 to 3 of the card, one for each port: name one by its PCI address",
    # cxgb4_main.c cxgb4_iov_configure: PFs 0 to 3 have the VFs, and mgmtpfN,M with them; PF 4 has the ports.
    interface_with_vfs=True,
    # cxgb4_main.c cxgb_set_features knows nothing of it
    ntuple_resets=False,
    ntuple_needed=False,
    # cxgb4_tc_flower.c cxgb4_process_flow_actions: of the cookie it takes the queue, and that of the PF.
    steering=Steering(
        flow_types=("tcp4", "udp4", "ip4", "tcp6", "udp6", "ip6"),
        no_vf="it drops the VF of a rule, and the PF's queue of that number gets the frames",
    ),
    # cxgb4_main.c cxgb4_mgmt_set_vf_vlan, cxgb4_mgmt_set_vf_rate
    vf_support=VfSupport(refuses={**NO_LEAST, **NO_TABLE, **NO_TRUST, **NO_CHECK, **NO_PRIORITY}, values=ONLY_8021Q),
    vf_driver=VfDriver("cxgb4vf", ("drivers/net/ethernet/chelsio/cxgb4vf",), dpdk="net_cxgbevf"),
    dpdk="net_cxgbe",
    causes={
        NUM_VFS: {  # cxgb4_main.c cxgb4_iov_configure
            "EOPNOTSUPP": "the firmware is not initialised: look at dmesg",
            "ENOTSUPP": "the bridge above the card has no ARI, which VFs need: put it into another slot",
        },
        RULE: {"EEXIST": "the location is taken: name another, or remove the rule there first"},
    },
)
