# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

from .attributes import ALLOW, RELEASE
from .drivers import DRIVER, NODE
from .pf import DRIVERS_AUTOPROBE, MIN_RSS_QUEUES, NUM_VFS, PF, UP
from .rss import RSS
from .rules import RULE
from .vfs import VF, VFS
from .xsk import XSK

AUTOPROBE_LEFT_OUT = r"""
    - Left out, it is false where O(pfs[].vfs[].driver) is given, so that VFs that no entry gives one stay without.
"""
UP_LEFT_OUT = r"""
    - Left out, it is set up where O(pfs[].num_vfs) asks for VFs, and left as it is elsewhere.
"""
NO_VFS = r"""
    - Beside V(0) what O(pfs[].vfs) says is not looked at, so that a host can take back what its group has.
"""
STATE = NUM_VFS + NO_VFS + DRIVERS_AUTOPROBE + AUTOPROBE_LEFT_OUT + MIN_RSS_QUEUES + UP + UP_LEFT_OUT
RECORDS = VFS + indent(VF + DRIVER + NODE, "    ")
QUEUES = r"""
rss:
  description: Channels, RSS table and RSS hash of the PF, see C(kernel_bypass.sriov.rss).
  type: dict
  suboptions:
""" + indent(RSS, "    ")
AF_XDP = r"""
xsk:
  description:
    - Receive queues for sockets of AF_XDP, see C(kernel_bypass.sriov.xsk_queue). Left out, what there is stays.
  type: dict
  suboptions:
""" + indent(XSK, "    ")
RULES = r"""
rules:
  description:
    - Flow rules that shall be there, see C(kernel_bypass.sriov.flow_rule). Left out, those that are there stay.
    - Beside O(pfs[].num_vfs=0), rules into VFs go with them.
  type: list
  elements: dict
  suboptions:
""" + indent(RULE, "    ")
EXCLUSIVE_RULES = r"""
exclusive_rules:
  description: Remove all flow rules that are not listed.
  type: bool
  default: false
"""
NTUPLE = r"""
ntuple:
  description:
    - The feature without which no flow rule is in force, as C(ethtool -K ntuple). Left out, it is turned on where there
      are rules to set, and else left as it is.
    - Turning it on or off resets a PF with C(ixgbe). Rules that are there when it is turned off are in force no more,
      and many drivers forget them; that needs C(in_use) in O(pfs[].allow).
  type: bool
"""
AS_BEFORE = r"""
as_before:
  description:
    - The PF as it was before this collection changed it first, as C(/var/lib/kernel-bypass-sriov/before.json) on the
      host has it; the file is written before the first change, and RV(kernel_bypass.sriov.info#module:pfs[].before)
      shows it. VFs with their addresses, attributes and drivers, channels, RSS table, ntuple feature, and flow rules;
      rings, RSS hash and the link where runs have set them. Queues for AF_XDP go back to the kernel.
    - Rules that runs have added go. Those that others have added since then stay, as far as the VFs and queues they
      name are still there.
    - VFs that were not there before are named by this, so they need no V(destroy_vfs); what is in use is refused as
      ever.
    - Beside it O(pfs[].pf), O(pfs[].allow) and O(pfs[].release) count. Whatever else the entry says is not looked at,
      so that a host can take back what its group has. Only on a host that has no record of the PF it is what is taken
      away, the VFs where O(pfs[].num_vfs) is given, the RSS table where O(pfs[].rss) has one, and O(pfs[].rules); all
      the rest stays, and a warning says so.
    - A PF that was never changed has no record, and nothing is done to it.
  type: bool
  default: false
"""
OF_A_PF = PF + STATE + RECORDS + QUEUES + AF_XDP + RULES + EXCLUSIVE_RULES + NTUPLE + AS_BEFORE + ALLOW + RELEASE
PFS = r"""
pfs:
  description:
    - The PFs and what they shall be like. What is left out stays as it is.
  type: list
  elements: dict
  required: true
  suboptions:
""" + indent(
    PF + STATE + RECORDS + QUEUES + AF_XDP + RULES + EXCLUSIVE_RULES + NTUPLE + AS_BEFORE + ALLOW + RELEASE, "    "
)


class ModuleDocFragment:
    """All PFs of a host, as module host takes them."""

    DOCUMENTATION: str = "options:" + indent(PFS, "  ")
