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
FIRMWARE_LIMIT = all_of(
    "firmware's limit is below sriov_totalvfs, and is told nowhere", "num_vfs 14", "num_vfs 14, down"
)
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
WITH_VF_DRIVER = all_of(
    "the driver changes a VF only while that has no driver, which is known",
    *(f"VF: {word}" for word in ("mac", "vlan", "qos", "spoofchk True", "mac, down")),
)
FULL_MASKS = all_of("addresses are compared whole or not at all", "rule: a network")
UNKNOWN_DRIVER = all_of(
    "the driver has no file in knowledge/: nothing is known of what it lacks",
    *(f"VF: {word}" for word in ("mac", "vlan", "no vlan", "qos", "802.1ad", "mac, down", "max_tx_rate 1000, down")),
    *(f"VF: {word} {on}" for word in ("spoofchk", "trust") for on in (True, False)),
    *("VF: query_rss True", "VF: link_state enable", "VF: link_state disable"),
    *(f"VF: max_tx_rate {rate}" for rate in (30, 1000, 1234, 70000, 200000)),
    *("VF: min_tx_rate 0", "VF: min_tx_rate 500"),
)
NO_SYSFS = all_of(
    "the driver has no file in knowledge/: it has no sriov_configure()",
    *("num_vfs 1", "num_vfs 2", "num_vfs 14", "num_vfs 1, down", "num_vfs 14, down"),
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
    "mlx4_core ConnectX-3": {
        **NEEDS_UP,
        **DOUBLE_VLAN,
        **all_of("mlx4_en_set_rxnfc(): `ip4` without a protocol only", "rule: ICMP"),
        **all_of("mlx4_en_set_rxfh(): a power of two, each as much as the others", "rss: equal 3", "rss: weights"),
    },
    "be2net Skyhawk": all_of("Skyhawk takes hundredths of the link's speed", "VF: max_tx_rate 1234"),
    "bnx2x": {
        **FEWER,
        **all_of("bnx2x_set_channels(): EPERM beside VFs, which are known", "rss: channels 4"),
        **all_of("bnx2x_vf_op_prep(): the PF must be up, which is known", "VF: mac, down"),
    },
    "fsl_enetc": all_of("the VF's driver is reloaded by the second run only", "VF: mac", "VF: mac, down"),
    "sfc_siena": FULL_MASKS,
    "sfc_ef100": {
        **FULL_MASKS,
        **all_of("its rules are those of sfc: no SCTP", "rule: sctp4 to queue 1", "rule: sctp6 to queue 1"),
        **all_of("its rules are those of sfc: the driver picks the locations", "rule: four fields at 3"),
    },
    "qlcnic": WITH_VF_DRIVER,
    "octeon_ep": {**FIRMWARE_LIMIT, **UNKNOWN_DRIVER},
    "thunder nicpf": NO_SYSFS,
}
