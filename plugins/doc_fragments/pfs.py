# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

from .drivers import VF_DRIVER
from .pf import DRIVERS_AUTOPROBE, MIN_RSS_QUEUES, NUM_VFS, PF, RECREATE, UP
from .rss import RSS
from .rules import RULE
from .vfs import VFS

AUTOPROBE_LEFT_OUT = r"""
    - Left out, it is false where O(pfs[].drivers) are given, so that VFs that no entry names stay without one.
"""
UP_LEFT_OUT = r"""
    - Left out, it is set up where O(pfs[].num_vfs) asks for VFs, and left as it is elsewhere.
"""
STATE = NUM_VFS + DRIVERS_AUTOPROBE + AUTOPROBE_LEFT_OUT + MIN_RSS_QUEUES + UP + UP_LEFT_OUT
CONSENT = (
    RECREATE
    + r"""
force:
  description: Allow what is in use to be removed, to change drivers or addresses, or to be reset.
  type: bool
  default: false
allow_link_reset:
  description:
    - Allow the link of a PF that carries the SSH connection or a default route to go for some seconds.
  type: bool
  default: false
"""
)
DRIVERS = r"""
drivers:
  description: Which VFs have which driver, see C(kernel_bypass.sriov.pci_driver).
  type: list
  elements: dict
  suboptions:
""" + indent(VF_DRIVER, "    ")
QUEUES = r"""
rss:
  description: Channels and RSS table of the PF, see C(kernel_bypass.sriov.rss).
  type: dict
  suboptions:
""" + indent(RSS, "    ")
RULES = r"""
rules:
  description:
    - Flow rules that shall be there, see C(kernel_bypass.sriov.flow_rule). Left out, those that are there stay.
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
PFS = r"""
pfs:
  description:
    - The PFs and what they shall be like. What is left out stays as it is.
  type: list
  elements: dict
  required: true
  suboptions:
""" + indent(PF + STATE + CONSENT + VFS + DRIVERS + QUEUES + RULES + EXCLUSIVE_RULES, "    ")


class ModuleDocFragment:
    """All PFs of a host, as module host takes them. The argument spec of role provision is written from it too."""

    DOCUMENTATION: str = "options:" + indent(PFS + CONSENT.replace("Allow ", "For all PFs. Allow "), "  ")
