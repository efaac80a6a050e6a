# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

# One entry of a list of VFs. O(allow) is that of the module.
VF = r"""
vf:
  description:
    - The VF, or several, as V(3), V(0-3,7), V([0, 1]) or V(all).
    - An entry for fewer of the VFs of an earlier one refines it. It says what differs, and V(null) takes back what the
      earlier one says. Other entries for one VF may not contradict each other.
  type: raw
  required: true
mac:
  description:
    - MAC address that the PF's driver gives the VF, in any of the usual notations, or V(auto).
    - V(auto) derives it from the permanent address of the PF and the index of the VF. It is locally
      administered, and the same whenever the VF is created again. There are addresses for VFs 0 to 255.
    - A kernel driver that has the VF already is loaded anew for it, as it reads the address at its start only.
      Where the VF is in use, that needs V(in_use) in O(allow).
    - The address that a bond, a guest or its user has given a VF since then stays, as its own is as desired beneath it.
      That of a trusted VF is left too while a program has it open, and told in a warning.
  type: str
vlan:
  description:
    - VLAN id that the card adds to and takes off the VF's frames, 1 to 4094; V(0) for none.
  type: int
qos:
  description:
    - Priority of that VLAN, 0 to 7; goes with C(vlan).
  type: int
vlan_proto:
  description:
    - Protocol of that VLAN, V(802.1Q) or V(802.1ad), which few drivers take; goes with C(vlan).
  type: str
spoofchk:
  description:
    - Whether the card drops frames that the VF sends from an address that is not its own. An application that
      answers with the PF's address needs it off.
  type: bool
trust:
  description:
    - Whether the VF may change its address and receive all multicasts.
  type: bool
min_tx_rate:
  description:
    - Least rate at which the VF may send, in Mbit/s; V(0) for none.
  type: int
max_tx_rate:
  description:
    - Greatest rate at which the VF may send, in Mbit/s; V(0) for no limit. C(ixgbe) takes 11 to 10000, and only
      while it has a link. A PF that is up gets 10 seconds for that.
  type: int
link_state:
  description:
    - The link that the VF sees, V(auto), V(enable) or V(disable). V(auto) is that of the PF. C(ixgbe) has no V(enable).
  type: str
query_rss:
  description:
    - Whether the VF may read the RSS table and key of the PF.
  type: bool
mtu:
  description:
    - MTU of the VF's own interface; only for a VF with a kernel driver. A port of a bond keeps that of the bond, which
      is told in a warning.
  type: int
"""
VFS = r"""
vfs:
  description:
    - The VFs and what they shall have. What is left out, or null, stays as it is.
  type: list
  elements: dict
  suboptions:
"""


class ModuleDocFragment:
    """The attributes of VFs, as module vf takes them; module host has the driver beside them."""

    DOCUMENTATION: str = "options:" + indent(f"{VFS}{indent(VF, '    ')}  required: true", "  ")
