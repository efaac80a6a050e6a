# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver idpf."""

from __future__ import annotations

from .driver import NO_CHANGE, NUM_VFS, Driver
from .vf_support import NOTHING, VfSupport

DRIVER = Driver(
    "idpf",
    cards="Intel, the driver of Infrastructure Data Path Functions",
    folders=("drivers/net/ethernet/intel/idpf",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # idpf_lib.c idpf_sriov_configure
    vf_support=VfSupport(refuses=NOTHING),  # idpf_lib.c idpf_netdev_ops: the control plane has them
    dpdk="net_idpf",
    queue_counters=("rx_q-{}_pkts",),  # idpf_ethtool.c __idpf_add_qstat_strings [from 6.12 on]
    causes={
        NUM_VFS: {  # idpf_lib.c idpf_sriov_configure
            "EOPNOTSUPP": "the control plane of the device gives this function no VFs",
        },
    },
)
