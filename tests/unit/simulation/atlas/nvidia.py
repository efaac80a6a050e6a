# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""mlx5_core, mlx4_core."""

from __future__ import annotations

import errno

from .row import ABSENT, ENOTSUPP, FULL, IP, TCP_UDP, Attribute, Channels, NumVfs, Row, Rules, attributes


def mlx5_table(channels):
    """mlx5e_rqt_size()."""
    return max(256, 1 << (2 * channels - 1).bit_length())


MLX5 = Row(
    "mlx5_core ConnectX-5",
    "4",
    *("mlx5_core", "mlx5_core", "15b3", "1017", "1018"),
    numvfs=NumVfs(),
    attributes=attributes(
        mac=Attribute(told="administrator's"),
        min_tx_rate=Attribute(),
        query_rss=Attribute(errno.EOPNOTSUPP, told=False),
    ),
    channels=Channels(size=mlx5_table, fixed_size=True),
    rules=Rules(
        f"ether {TCP_UDP} {IP}",
        other_type=ENOTSUPP,
        refused={"tos": errno.EINVAL, "tclass": errno.EINVAL, "l4_bytes": errno.EINVAL, "vlan_etype": errno.EINVAL},
        one_mask={"vlan": 0x0FFF},
        mask_error=errno.EINVAL,
        beyond=errno.ENOSPC,
        ntuple="off",
        off_drops=False,
    ),
    speed=100000,
)
MLX4 = Row(
    "mlx4_core ConnectX-3",
    "8",
    *("mlx4_core", "mlx4_core", "15b3", "1003", "1004"),
    # VFs come with a parameter of the module: they are there when it is loaded.
    numvfs=NumVfs(sysfs=False),
    attributes=attributes(
        vlan=Attribute(most=4095, none=4095),
        max_tx_rate=Attribute(told="in a VLAN"),
        min_tx_rate=Attribute(values=(0,), otherwise=errno.EPROTONOSUPPORT),
        spoofchk=Attribute(needs="mac", lacking=errno.EPERM),
        trust=ABSENT,
    ),
    channels=Channels("apart", powers=True, size=lambda channels: 1 << (channels.bit_length() - 1)),
    rules=Rules(
        "ether tcp4 udp4 ip4",
        other_type=errno.EINVAL,
        refused={"proto": errno.EINVAL, "src_mac": errno.EINVAL},
        masks=FULL,
        mask_error=errno.EINVAL,
        free_masks=("vlan",),
        size=256,
        ntuple="none",
        needs_up=errno.EINVAL,
        dropped_by=("channels", "mtu", "down"),
    ),
    speed=40000,
)
ROWS = (MLX5, MLX4)
