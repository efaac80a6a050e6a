# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bnxt_en."""

from __future__ import annotations

import errno

from .row import IP, SILENT, TCP_UDP, Attribute, Channels, NumVfs, Row, Rules, ToVf, attributes

BNXT_ATTRIBUTES = attributes(
    max_tx_rate=Attribute(link_most=True),
    min_tx_rate=Attribute(link_most=True),
    qos=Attribute(most=7, needs="vlan"),
)
BNXT_RULES = {
    "refused": {
        name: errno.EOPNOTSUPP for name in ("vlan", "vlan_etype", "user_def", "dst_mac beside IP", "tos", "tclass")
    },
    "any_only": True,
    "lists_count": True,
    "same": errno.EEXIST,
    "empty": errno.EOPNOTSUPP,
    "needs_ntuple": errno.EPERM,
    "needs_up": errno.EAGAIN,
}
P4 = Row(
    "bnxt_en 57416 (P4)",
    "5",
    *("bnxt_en", "bnxt_en", "14e4", "16d8", "16dc"),
    numvfs=NumVfs(down=SILENT, most=12, above=0),
    attributes=BNXT_ATTRIBUTES,
    rules=Rules(
        f"{TCP_UDP} {IP} ether",
        ignored={"ether": ("src_mac", "ether_type")},
        required={"ip4": ("proto",), "ip6": ("proto",)},
        to_vf=ToVf("rss", types="ether", told_queue=0),
        **BNXT_RULES,
    ),
)
P5 = Row(
    "bnxt_en 57508 (P5)",
    "5",
    *("bnxt_en", "bnxt_en", "14e4", "1750", "1806"),
    numvfs=NumVfs(down=SILENT, most=12, above=0),
    attributes=BNXT_ATTRIBUTES,
    channels=Channels(size=lambda channels: 64 * -(-channels // 64), fixed_size=True),
    rules=Rules(
        f"{TCP_UDP} {IP}",
        required={"ip4": ("proto",), "ip6": ("proto",)},
        to_vf=errno.EOPNOTSUPP,
        **BNXT_RULES,
    ),
)
ROWS = (P4, P5)
