# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fm10k, qlcnic, LiquidIO, fsl_enetc, funeth, enic, sfc_siena, sfc_ef100, octeon_ep, thunder."""

from __future__ import annotations

import errno

from .row import ABSENT, FULL, IP, TCP_UDP, ZERO, Attribute, Channels, NumVfs, Row, Rules, attributes

NO_RATES = {"max_tx_rate": ABSENT, "min_tx_rate": ABSENT}
FM10K = Row(
    "fm10k",
    "18",
    *("fm10k", "fm10k", "8086", "15a4", "15a5"),
    attributes=attributes(
        qos=Attribute(values=(0,), told=0),
        spoofchk=ABSENT,
        trust=ABSENT,
        link_state=ABSENT,
        max_tx_rate=Attribute(least=1, most=100000),
        min_tx_rate=Attribute(kept=False, told=0),
    ),
)
LIQUIDIO = Row(
    "LiquidIO",
    "18",
    *("LiquidIO", "LiquidIO_VF", "177d", "9702", "9712"),
    attributes=attributes(
        query_rss=Attribute(errno.EOPNOTSUPP, told=False),
        max_tx_rate=Attribute(errno.EOPNOTSUPP, told="speed"),
        min_tx_rate=Attribute(errno.EOPNOTSUPP, told=0),
    ),
)
ENETC = Row(
    "fsl_enetc",
    "18",
    *("fsl_enetc", "fsl_enetc_vf", "1957", "e100", "ef00"),
    attributes=attributes(
        mac=Attribute(never={ZERO: errno.EADDRNOTAVAIL}),
        trust=ABSENT,
        link_state=ABSENT,
        **NO_RATES,
    ),
    channels=Channels("none"),
    hides_vfs=True,
    rules=Rules("ether tcp4 udp4 sctp4 ip4", size=16),
)
FUNETH = Row(
    "funeth",
    "18",
    *("funeth", "funeth", "1dad", "0101", "0201"),
    attributes=attributes(
        vlan_proto=Attribute(values=("802.1Q", "802.1ad")),
        spoofchk=Attribute(errno.EOPNOTSUPP, told=False),
        trust=Attribute(errno.EOPNOTSUPP, told=False),
        link_state=ABSENT,
        query_rss=Attribute(errno.EOPNOTSUPP, told=False),
    ),
)
ENIC = Row("enic", "18", *("enic", "enic", "1137", "0043", "0071"), numvfs=NumVfs(sysfs=False), attributes=None)
SIENA_RULES = Rules("ether tcp4 udp4 ip4", masks=FULL, mask_error=errno.EINVAL, free_masks=("vlan",), any_only=True)
SIENA = Row(
    "sfc_siena",
    "10",
    *("sfc_siena", "sfc_siena_vf", "1924", "0803", "1803"),
    numvfs=NumVfs(silent=True),
    attributes=None,
    channels=Channels("none"),
    rules=SIENA_RULES,
)
EF100 = Row(
    "sfc_ef100",
    "10",
    *("sfc_ef100", "sfc_ef100", "10ee", "0100", "1100"),
    attributes=None,
    channels=Channels("none"),
    rules=Rules(f"ether {TCP_UDP} {IP}", masks=FULL, mask_error=errno.EINVAL, free_masks=("vlan",), any_only=True),
)
QLCNIC = Row(
    "qlcnic",
    "18",
    *("qlcnic", "qlcnic", "1077", "8030", "8430"),
    # The VF driver is loaded here.
    attributes=attributes(
        mac=Attribute(errno.EOPNOTSUPP),
        vlan=Attribute(errno.EOPNOTSUPP),
        spoofchk=Attribute(errno.EOPNOTSUPP),
        trust=ABSENT,
        link_state=ABSENT,
        max_tx_rate=Attribute(least=100, most=9900, step=100),
        min_tx_rate=Attribute(least=100, most=9900, step=100),
    ),
    channels=Channels("apart"),
    speed=10000,
)
OCTEON_EP = Row(
    "octeon_ep",
    "18",
    *("octeon_ep", "octeon_ep_vf", "177d", "b900", "b903"),
    numvfs=NumVfs(most=12, above=errno.EINVAL),
    attributes=None,
    channels=Channels("none"),
)
# All VFs are there from the driver's probe on.
THUNDER = Row(
    "thunder nicpf",
    "18",
    *("nicpf", "nicvf", "177d", "a01e", "a034"),
    numvfs=NumVfs(sysfs=False),
    attributes=None,
    channels=Channels("none"),
)
ROWS = (FM10K, LIQUIDIO, ENETC, FUNETH, ENIC, SIENA, EF100, QLCNIC, OCTEON_EP, THUNDER)
