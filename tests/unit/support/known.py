# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the product and the atlas of drivers differ, and why: a test fails as soon as one of these no longer does.

row of simulation/atlas -> wish of driver_wishes.py -> reason.
"""

from __future__ import annotations


def all_of(reason, *wishes):
    return dict.fromkeys(wishes, reason)


# Nobody can read these before the driver is asked: the run ends with its errno, and what it means.
FIRMWARE_LIMIT = all_of("firmware's limit is below sriov_totalvfs, and is told nowhere", "num_vfs 14", "num_vfs 14, down")
FEWER = all_of("the rings that are left decide; the VFs are removed again, and the run fails", *FIRMWARE_LIMIT)
DOUBLE_VLAN = all_of("802.1ad depends on firmware, which tells it nowhere", "VF: 802.1ad")

# What a plan could refuse, and does not.
NEEDS_UP = all_of("the driver takes rules only while the PF is up, which is known", "rule: four fields, down")
SHAPES = all_of(
    "qede_add_cls_rule() knows four sets of fields: 5-tuple, destination port, source address, destination address",
    *(f"rule: {kind} to {where}" for kind in ("tcp4", "udp4", "tcp6", "udp6") for where in ("queue 1", "VF 0")),
)
QUEUES_OF_VF = all_of("i40e_add_fdir_ethtool(): a VF has four queues", "rule: four fields to VF 1 queue 9")
ABSOLUTE = all_of(
    "cxgb4 tells the absolute number of the queue, never the one that was asked for: each run does it again",
    *(f"rule: {kind} to queue 1" for kind in ("tcp4", "udp4", "ip4", "tcp6", "udp6", "ip6")),
    *("rule: tcp4, four fields", "rule: udp6, four fields", "rule: dst port", "rule: four fields at 3"),
    *("rule: two alike", "rule: two of different fields", "rule: ICMP", "rule: a network"),
    *("rule: vlan", "rule: vlan, all of the tag"),
)

KNOWN: dict[str, dict[str, str]] = {
    "i40e X710": {**FIRMWARE_LIMIT, **QUEUES_OF_VF},
    "ice E810": {**FIRMWARE_LIMIT, **DOUBLE_VLAN},
    "bnxt_en 57416 (P4)": {**FEWER, **NEEDS_UP},
    "bnxt_en 57508 (P5)": {**FEWER, **NEEDS_UP},
    "qede 41000": {
        **FIRMWARE_LIMIT,
        **SHAPES,
        **all_of("while the link is down the driver tells every limit as 0", "VF: max_tx_rate 1000, down"),
    },
    "octeontx2 (rvu_nicpf)": {
        **NEEDS_UP,
        **all_of("otx2_set_vf_mac(): EAGAIN while the PF is down, which is known", "VF: mac, down"),
    },
    "hns3 Kunpeng 920": all_of(
        "the most is what the MAC can have, whatever the link has", "VF: max_tx_rate 70000", "VF: max_tx_rate 200000"
    ),
    "nfp Agilio": {**FIRMWARE_LIMIT, **DOUBLE_VLAN},
    "cxgb4 PF4": {**ABSOLUTE, **NEEDS_UP},
}
