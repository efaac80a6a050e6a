# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Parts of a PF that may be there and could not be read. Data only.

A driver that has none of it is another thing: it says so (EOPNOTSUPP), and the part is None without being here.
"""

from __future__ import annotations

import typing as t

FUNCTION, NUM_VFS, VIRTFN, ATTRIBUTES = "function", "num_vfs", "virtfn", "attributes"
WHICH_VFS = "which_vfs"  # of some VF it is not known which one it is
CHANNELS, RSS, NTUPLE, RULES, PERM_MAC = "channels", "rss", "ntuple", "rules", "perm_mac"
RING_SIZES, HASH_FIELDS = "rings", "hash_fields"
XSK = "xsk"  # which program is attached, and what is pinned
CPUS = "cpus"  # how many are online
VF_STATE = "vf_state"  # what its VFs have: drivers, interfaces, access of nodes


class Unread(t.NamedTuple):
    """One of them.

    :param part: one of the words above.
    :param why: a clause with the kernel's answer.
    """

    part: str
    why: str
