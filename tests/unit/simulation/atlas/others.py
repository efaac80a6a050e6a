# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hns3, cxgb4, sfc, nfp."""

from __future__ import annotations

import errno

from .row import ABSENT, FULL, IP, SCTP, TCP_UDP, Attribute, Channels, NumVfs, Row, Rules, ToVf, attributes

NO_QOS = Attribute(values=(0,))
HNS3 = Row(
    "hns3 Kunpeng 920",
    "13",
    *("hns3", "hns3", "19e5", "a222", "a22f"),
    attributes=attributes(max_tx_rate=Attribute(link_most=True)),
    channels=Channels(size=lambda _channels: 512),
    rules=Rules(f"ether {TCP_UDP} {SCTP} {IP}", to_vf=ToVf("own frames", exists=0), off_drops=False),
)
SFC = Row(
    "sfc EF10",
    "10",
    *("sfc", "sfc", "1924", "0a03", "1a03"),
    attributes=attributes(
        qos=NO_QOS,
        spoofchk=Attribute(told=None),
        trust=ABSENT,
        max_tx_rate=Attribute(errno.EOPNOTSUPP, told=0),
        min_tx_rate=Attribute(errno.EOPNOTSUPP, told=0),
    ),
    channels=Channels("none"),
    rules=Rules(
        f"ether {TCP_UDP} {IP}",
        masks=FULL,
        mask_error=errno.EINVAL,
        free_masks=("vlan",),
        any_only=True,
    ),
)
NFP = Row(
    "nfp Agilio",
    "12",
    *("nfp", "nfp_netvf", "19ee", "4000", "6003"),
    numvfs=NumVfs(most=12, above=errno.EINVAL),
    attributes=attributes(
        vlan_proto=Attribute(values=("802.1Q",), otherwise=errno.EOPNOTSUPP),
        max_tx_rate=Attribute(most=65534),
        min_tx_rate=Attribute(most=65534),
        query_rss=Attribute(errno.EOPNOTSUPP, told=False),
    ),
    rules=Rules(
        f"ether {TCP_UDP} {SCTP} {IP}", refused={"src_mac": errno.EOPNOTSUPP}, same=errno.EINVAL, ntuple="none"
    ),
)
# PF4, which has the ports and no VFs.
CXGB4 = Row(
    "cxgb4 PF4",
    "11",
    *("cxgb4", "cxgb4vf", "1425", "5401", "5801"),
    numvfs=NumVfs(sysfs=False),
    attributes=None,
    channels=Channels("none"),
    rules=Rules(
        f"{TCP_UDP} {IP}",
        to_vf=ToVf("pf", exists=0),
        queue_beyond=0,
        size=496,
        occupied=errno.EEXIST,
        beyond=errno.ERANGE,
        needs_up=errno.EAGAIN,
        told="absolute queue",
        off_drops=False,
    ),
    total_vfs=0,
)
ROWS = (HNS3, SFC, NFP, CXGB4)
