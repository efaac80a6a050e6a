# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

# Channels, RSS table and RSS hash of one PF.
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
hash_key:
  description:
    - The key of the hash, bytes in hexadecimal with colons between them, as C(ethtool -X hkey). How many there are is
      for the driver to tell; with C(ixgbe) it is 40.
    - With the bytes V(6d:5a) over and over, both directions of a connection come to one queue.
  type: str
hash_function:
  description:
    - The function of the hash, as C(ethtool -X hfunc). C(ixgbe) and C(igb) have V(toeplitz) only.
  type: str
  choices: [toeplitz, xor, crc32]
hash_fields:
  description:
    - Which fields of a packet go into the hash, by the letters of C(ethtool -N rx-flow-hash) in any order. V(s) is the
      source address, V(d) the destination address, V(f) the source port, V(n) the destination port, V(v) the VLAN,
      V(m) the destination MAC address, V(t) the protocol. What is not named stays.
    - C(ixgbe) and C(igb) take V(sd) and V(sdfn) for UDP, and let nothing else be changed.
  type: dict
  suboptions:
    tcp4:
      description:
        - Of TCP over IPv4.
      type: str
    udp4:
      description:
        - Of UDP over IPv4. With ports, fragments come to another queue than whole packets of their flow.
      type: str
    sctp4:
      description:
        - Of SCTP over IPv4.
      type: str
    tcp6:
      description:
        - Of TCP over IPv6.
      type: str
    udp6:
      description:
        - Of UDP over IPv6.
      type: str
    sctp6:
      description:
        - Of SCTP over IPv6.
      type: str
"""


class ModuleDocFragment:
    """Channels, RSS table and RSS hash, as module rss takes them."""

    DOCUMENTATION: str = "options:" + indent(RSS, "  ")
