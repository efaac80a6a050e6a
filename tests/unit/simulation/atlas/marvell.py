# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""qede (QLogic, now Marvell), rvu_nicpf (octeontx2)."""

from __future__ import annotations

import errno

from .row import ABSENT, IP, SCTP, TCP_UDP, ZERO, Attribute, Channels, NumVfs, Row, Rules, ToVf, attributes

FIVE_TUPLE = ("src_ip", "dst_ip", "src_port", "dst_port")
QEDE = Row(
    "qede 41000",
    "9",
    *("qede", "qede", "1077", "8070", "8090"),
    numvfs=NumVfs(most=12, above=errno.EINVAL),
    attributes=attributes(
        mac=Attribute(never={ZERO: errno.EINVAL}),
        qos=Attribute(most=7, kept=False, told=0),
        max_tx_rate=Attribute(none="speed"),
        min_tx_rate=Attribute(needs="link", without_zero=True),
    ),
    rules=Rules(
        TCP_UDP,
        refused=dict.fromkeys(("vlan", "vlan_etype", "user_def", "dst_mac beside IP"), errno.EOPNOTSUPP),
        masks="full",
        mask_error=errno.EINVAL,
        one_set="port",
        set_error=errno.EINVAL,
        shapes=tuple(map(frozenset, (FIVE_TUPLE, ("dst_port",), ("src_ip",), ("dst_ip",)))),
        to_vf=ToVf("rss", exists=errno.EIO),
        size=256,
        occupied=errno.EINVAL,
        off_drops=False,
        told="no masks",
        dropped_by=("channels", "mtu", "down"),
    ),
)
OCTEONTX2 = Row(
    "octeontx2 (rvu_nicpf)",
    "14",
    *("rvu_nicpf", "rvu_nicvf", "177d", "a063", "a064"),
    attributes=attributes(
        mac=Attribute(never={ZERO: errno.EINVAL}, needs="up", lacking=errno.EAGAIN),
        vlan=Attribute(most=4095, needs="up", lacking=errno.EAGAIN),
        qos=Attribute(values=(0,)),
        max_tx_rate=ABSENT,
        min_tx_rate=ABSENT,
        spoofchk=ABSENT,
        link_state=ABSENT,
    ),
    channels=Channels("apart", size=lambda _channels: 256),
    rules=Rules(
        f"ether {TCP_UDP} {SCTP} ah4 esp4 ah6 esp6 {IP}",
        to_vf=ToVf("queue"),
        size=16,
        ntuple="off",
        needs_ntuple=errno.EOPNOTSUPP,
        needs_up=errno.EOPNOTSUPP,
    ),
    hidden_while_down=True,
)
ROWS = (QEDE, OCTEONTX2)
