# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""i40e, ice."""

from __future__ import annotations

import errno

from .row import FULL, IP, PER_TYPE, SCTP, TCP_UDP, Attribute, Channels, NumVfs, Row, Rules, ToVf, attributes

I40E = Row(
    "i40e X710",
    "2",
    *("i40e", "iavf", "8086", "1572", "154c"),
    numvfs=NumVfs(most=12, above=errno.EPERM),  # func_caps.num_vfs is below sriov_totalvfs
    attributes=attributes(
        max_tx_rate=Attribute(link_most=True, rounds=50),
        spoofchk=Attribute(starts=True),
    ),
    channels=Channels(size=lambda _channels: 512, forgets_below=True),
    rules=Rules(
        f"{TCP_UDP} {SCTP} {IP}",
        refused={
            **{"tos": errno.EOPNOTSUPP, "tclass": errno.EOPNOTSUPP, "proto": errno.EINVAL, "l4_bytes": errno.EINVAL},
            **{"dst_mac beside IP": errno.EINVAL},
        },
        masks=FULL,
        free_masks=("vlan", "user_def"),
        partly_ignored=("vlan",),
        one_set=PER_TYPE,
        to_vf=ToVf("queue", queues=4),
        size=8192,
        same=errno.EINVAL,
        told="ipv4 masks",
    ),
    speed=10000,
)
ICE = Row(
    "ice E810",
    "3",
    *("ice", "iavf", "8086", "1593", "1889"),
    numvfs=NumVfs(most=12, above=errno.EOPNOTSUPP),
    attributes=attributes(
        max_tx_rate=Attribute(link_most=True, needs="link", without_zero=True),
        min_tx_rate=Attribute(link_most=True, needs="link", without_zero=True),
        spoofchk=Attribute(starts=True),
    ),
    channels=Channels(with_rules=errno.EOPNOTSUPP, size=lambda _channels: 512),
    rules=Rules(
        f"ether {TCP_UDP} {SCTP} {IP}",
        refused={"tos": errno.EOPNOTSUPP, "tclass": errno.EOPNOTSUPP, "dst_mac beside IP": errno.EINVAL},
        masks=FULL,
        free_masks=("vlan",),
        one_set=PER_TYPE,
        size=512,
        beyond=errno.ENOSPC,
        same=errno.EINVAL,
        empty=errno.EINVAL,
    ),
)
ROWS = (I40E, ICE)
