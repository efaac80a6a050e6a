# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What the older drivers of Intel let be set of the RSS hash."""

from __future__ import annotations

# ixgbe_ethtool.c ixgbe_set_rss_hash_opt, igb_ethtool.c igb_set_rss_hash_opt: UDP with its ports or without them.
HASH_FIELDS = {
    **dict.fromkeys(("tcp4", "tcp6"), ("sdfn",)),
    **dict.fromkeys(("udp4", "udp6"), ("sd", "sdfn")),
    **dict.fromkeys(("sctp4", "sctp6"), ("sd",)),
}
HASH_FUNCTIONS = ("toeplitz",)
