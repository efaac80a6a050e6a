# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

# One flow rule.
RULE = r"""
flow_type:
  description:
    - What kind of frames. C(ixgbe) takes V(tcp4), V(udp4), V(sctp4) and V(ip4).
  type: str
  required: true
  choices: [tcp4, udp4, sctp4, ip4, tcp6, udp6, sctp6, ip6, ether]
src_ip:
  description:
    - Source address, or network such as V(192.0.2.0/24). A network is written with the length of its prefix, not with
      a netmask, and without bits of a host.
  type: str
dst_ip:
  description:
    - Destination address, or network, with the length of its prefix, as V(2001:db8::/32).
  type: str
src_port:
  description:
    - Source port.
  type: int
dst_port:
  description:
    - Destination port.
  type: int
vlan:
  description:
    - VLAN id, 0 to 4094, whatever the priority in the tag. With a mask of its own the 16 bits of the tag, the first 3
      of which are the priority.
  type: int
proto:
  description:
    - With V(ip4) and V(ip6) the number of the protocol in the IP packet, with V(ether) the EtherType.
  type: int
src_mac:
  description:
    - Source MAC address, with V(ether).
  type: str
dst_mac:
  description:
    - Destination MAC address.
  type: str
masks:
  description:
    - Fields of which not all bits have to match, each with its mask, in which a bit is 1 where it must match. (The
      word C(m) of C(ethtool) has it the other way round.) A bit that need not match is 0 in the value.
    - With the mask V(3) of C(src_port) and C(src_port) V(1), every fourth source port matches. Four such rules spread
      the flows to one destination port over four queues.
    - Networks need none, and are written with the length of the prefix.
    - With C(ixgbe) all rules of a port have the same masks.
  type: dict
  suboptions:
    src_ip:
      description:
        - Mask of C(src_ip) that is no prefix, in the form of an address, such as V(0.0.0.3).
      type: str
    dst_ip:
      description:
        - Mask of C(dst_ip).
      type: str
    src_port:
      description:
        - Mask of C(src_port), up to V(0xffff).
      type: int
    dst_port:
      description:
        - Mask of C(dst_port).
      type: int
    vlan:
      description:
        - Mask of C(vlan), V(0x0fff) unless told, which is the id. V(0xffff) is the whole tag, as the word C(vlan) of
          C(ethtool) means it, and V(0xe000) the priority, all that C(igb) compares.
      type: int
    proto:
      description:
        - Mask of C(proto).
      type: int
    src_mac:
      description:
        - Mask of C(src_mac), such as V(ff:ff:ff:00:00:00).
      type: str
    dst_mac:
      description:
        - Mask of C(dst_mac).
      type: str
location:
  description:
    - Place in the driver's table. Left out, a rule keeps the place it has, and a new one gets the highest free
      one.
  type: int
vf:
  description:
    - The VF that gets the frames, 0 to 254.
  type: int
queue:
  description:
    - The queue of the VF, V(0) unless told; without a VF, the queue of the PF.
  type: int
drop:
  description:
    - Drop the frames.
  type: bool
action:
  description:
    - The destination as the 64-bit number that C(ethtool) takes, V(4294967296) for VF 0, queue 0; V(-1) drops.
  type: int
context:
  description:
    - Number of an RSS context that is there, over whose queues the frames are spread, as C(ethtool) takes it;
      V(0) is the RSS table of the PF. With C(queue) beside it, that number is added to each queue of the context.
    - This collection makes no RSS contexts. C(ethtool -X PF context new) makes one and tells its number, which may be
      another after the next boot.
  type: int
"""


class ModuleDocFragment:
    """The fields of flow rules, as module flow_rule takes them."""

    DOCUMENTATION: str = "options:\n  rules:\n    type: list\n    elements: dict\n    suboptions:" + indent(
        RULE, "      "
    )
