# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver igb; its VFs have igbvf."""

from __future__ import annotations

from ..model.mac import ZERO
from .driver import LINK_AWAY, Driver, RssStep, Steering, VfDriver, Xdp
from .intel_hash import HASH_FIELDS, HASH_FUNCTIONS
from .judge import LAB, Judge
from .vf_support import ANY_RATE, NO_LEAST, NO_LINK_STATE, NO_TABLE, ONLY_8021Q, Rates, VfSupport

# igb_ethtool.c igb_add_ethtool_nfc_entry: of a VLAN tag it compares the priority alone, and a field whose mask has not
# all bits is left out in silence.
STEERING = Steering(
    flow_types=("ether",),
    fields=("src_mac", "dst_mac", "ether_type", "vlan"),
    masks={"vlan": (0xE000,)},
    contexts=False,
    no_vf="its rules name queues of the PF only",
    whole=("src_mac", "dst_mac", "ether_type"),
    drop=False,
)
# igb_main.c igb_ndo_set_vf_bw, igb_netdev_ops: no link_state and no rss_query_en.
VFS = VfSupport(
    refuses={
        **NO_LEAST,
        **NO_LINK_STATE,
        **NO_TABLE,
    },
    values=ONLY_8021Q,
    rates=Rates(1, 1000, needs_link=ANY_RATE, within_link=True),
    starts={"spoofchk": True, "mac": ZERO},  # igb_main.c igb_probe_vfs
)
COMMON = Driver(
    "igb",
    cards="Intel 82575, 82580, i210 and i211",
    folders=("drivers/net/ethernet/intel/igb",),
    vf_change=LINK_AWAY,  # igb_main.c igb_sriov_reinit
    table_known=True,  # igb_main.c igb_setup_mrqc
    blocks=True,  # igb_main.c igb_setup_mrqc: entry j is queue j * n / 128
    channels_by_cpus=False,  # igb_main.c igb_get_max_rss_queues
    hash_functions=HASH_FUNCTIONS,
    hash_fields=HASH_FIELDS,
    keeps_key=True,  # igb_ethtool.c igb_set_rxfh
    steering=STEERING,
    vf_support=VFS,
    # igbvf/netdev.c igbvf_alloc_queues; it counts no packets of a queue
    vf_driver=VfDriver(
        "igbvf",
        ("drivers/net/ethernet/intel/igbvf",),
        queues=1,
        no_af_xdp="igbvf runs no XDP programs (igbvf/netdev.c igbvf_netdev_ops)",
        dpdk="net_e1000_igb_vf",
    ),
    # Commit 9cbc948b5a20; igb_xsk.c igb_xsk_pool_setup [from 6.14 on]. MTU: igb.h IGB_RXBUFFER_3072 less its headers.
    xdp=Xdp((5, 10), (6, 14), "igb_main.c igb_xdp_setup", 3046),
    dpdk="net_e1000_igb",
    snabb=("8086:1521", "8086:1533", "8086:157b"),
    pf_ring=True,
    netmap=True,
    queue_counters=("rx_queue_{}_packets",),  # igb_ethtool.c igb_get_strings
)
# igb_main.c igb_get_max_rss_queues. i350 has no RSS at all beside VFs, and no rates.
I82576 = COMMON._replace(
    chip="82576",
    cards="Intel 82576",
    judged=(Judge(LAB, "82576", ((6, 1), (6, 12))),),
    rss=(RssStep(0, 8), RssStep(1, 2, pool=True)),
)
I350 = COMMON._replace(
    chip="i350",
    cards="Intel i350",
    rss=(RssStep(0, 8), RssStep(1, 1, pool=True)),
    vf_support=VFS._replace(refuses={**VFS.refuses, "max_tx_rate": "only the 82576 limits rates"}),
)

DRIVER = COMMON._replace(
    chips={
        **{f"8086:{device}": I82576 for device in ("10c9", "10e6", "10e7", "10e8", "150a", "150d", "1518", "1526")},
        **{f"8086:{device}": I350 for device in ("1521", "1522", "1523", "1524", "1546")},
    },
)
