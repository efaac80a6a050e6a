# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

# Channels and RSS table of one PF.
RSS = r"""
channels:
  description:
    - Number of combined channels, as C(ethtool -L). Changing it takes the link away for a moment.
  type: int
rings:
  description:
    - Sizes of the rings in descriptors, as C(ethtool -G). Larger ones bear bursts, smaller ones fit into the caches.
    - Changing them takes the link away for a moment, and C(ixgbe) writes its own RSS table then; one that was set by
      hand is put back.
  type: dict
  suboptions:
    rx:
      description: Of each queue that receives.
      type: int
    tx:
      description: Of each queue that sends.
      type: int
queues:
  description:
    - Spread over these queues of the PF, with equal weights, as C(ethtool -X weight) does.
  type: list
  elements: int
weights:
  description:
    - One weight for each queue from queue 0 on, as C(ethtool -X weight); V(0) keeps RSS from a queue.
  type: list
  elements: int
equal:
  description:
    - Spread over this many queues in turn, as C(ethtool -X equal).
  type: int
exclude_queues:
  description:
    - Spread over all queues of the group but these, with equal weights. What they receive then is what flow rules
      send there.
  type: list
  elements: int
default:
  description:
    - The kernel's default table, all queues in turn, as C(ethtool -X default) sets it.
  type: bool
min_queues:
  description:
    - The least number of queues that the RSS group must have. It is only checked; the failure says what made it
      small.
  type: int
"""


class ModuleDocFragment:
    """Channels and RSS table, as module rss takes them."""

    DOCUMENTATION: str = "options:" + indent(RSS, "  ")
