# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ionic, ena, virtio-pci, be2net, bnx2x, hinic, idpf: drivers without flow rules."""

from __future__ import annotations

import errno

from .row import ABSENT, ZERO, Attribute, Channels, NumVfs, Row, attributes

IONIC = Row(
    "ionic DSC",
    "15",
    *("ionic", "ionic", "1dd8", "1002", "1003"),
    attributes=attributes(qos=Attribute(values=(0,), told=0)),
)
ENA = Row("ena", "16", *("ena", "ena", "1d0f", "0ec2", "ec20"), attributes=None)
VIRTIO = Row("virtio-pci", "17", *("virtio-pci", "virtio-pci", "1af4", "1041", "1041"), attributes=None)
BE2NET = Row(
    "be2net Skyhawk",
    "18",
    *("be2net", "be2net", "19a2", "0700", "0710"),
    attributes=attributes(
        mac=Attribute(never={ZERO: errno.EINVAL}),
        trust=ABSENT,
        max_tx_rate=Attribute(
            least=100, step=100, link_most=True, needs="link", lacking=errno.ENETDOWN, without_zero=True
        ),
    ),
    speed=10000,
)
BNX2X = Row(
    "bnx2x",
    "18",
    *("bnx2x", "bnx2x", "14e4", "168e", "16af"),
    numvfs=NumVfs(most=12, above=0, down=errno.EINVAL),
    attributes=attributes(
        mac=Attribute(needs="up"),
        vlan=Attribute(most=4095, needs="up"),
        qos=Attribute(most=7, kept=False, told=0),
        max_tx_rate=Attribute(errno.EOPNOTSUPP, told=10000),
        min_tx_rate=ABSENT,
        trust=ABSENT,
    ),
    channels=Channels(with_vfs=errno.EPERM),
    hidden_while_down=True,
    speed=10000,
)
HINIC = Row(
    "hinic",
    "1",
    *("hinic", "hinic", "19e5", "1822", "375e"),
    attributes=attributes(
        mac=Attribute(never={ZERO: errno.EINVAL}),
        max_tx_rate=Attribute(link_most=True, otherwise=errno.EPERM, needs="link", lacking=errno.EPERM),
        min_tx_rate=Attribute(needs="link", lacking=errno.EPERM),
    ),
)
IDPF = Row("idpf", "18", *("idpf", "idpf", "8086", "1452", "145c"), attributes=None)
ROWS = (IONIC, ENA, VIRTIO, BE2NET, BNX2X, HINIC, IDPF)
