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
    - VLAN id, 0 to 4094, whatever the priority in the tag.
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
"""


class ModuleDocFragment:
    """The fields of flow rules, as module flow_rule takes them."""

    DOCUMENTATION: str = "options:\n  rules:\n    type: list\n    elements: dict\n    suboptions:" + indent(
        RULE, "      "
    )
