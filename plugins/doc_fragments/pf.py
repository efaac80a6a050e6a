# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

PF = r"""
pf:
  description:
    - The PF, by interface name, alternative name, MAC address or PCI address; or by C(VENDOR:DEVICE), as
      V("8086:10fb") from C(lspci -n), where one NIC of the host has these ids.
    - Several ports may be one PCI function (ConnectX-3). The interface that is named is the one acted on; an address
      of such a function is refused where a port is meant.
    - Where it is about queues and rules alone, a NIC without SR-IOV will do.
    - YAML reads addresses of digits only as numbers; write them in quotes, as in V("0000:01:00.0").
  type: str
  required: true
"""
MIN_RSS_QUEUES = r"""
min_rss_queues:
  description:
    - The least number of queues that the PF's RSS group must have beside the VFs. The number is predicted before
      anything is written, and read from the kernel after.
    - On 82599 and X540 the group falls from 16 to 4 with 1 to 31 VFs and to 2 with 32 to 63; on 82576 from 8 to 2.
  type: int
"""
# The description comes last in these, so that module host can go on with what they do there.
NUM_VFS = r"""
num_vfs:
  type: int
  description:
    - How many VFs there shall be. Left out, the number stays as it is.
    - A change from one number to another destroys all VFs on the way and needs V(destroy_vfs) in O(allow). Those whose
      index survives get back their attributes, driver, MTU and link where nothing else is said; a warning names what
      does not come back.
    - V(0) removes all VFs; it needs V(in_use) in O(allow) when one of them is in use.
"""
DRIVERS_AUTOPROBE = r"""
drivers_autoprobe:
  type: bool
  description:
    - Whether the kernel binds a driver to VFs created from now on. With V(false) they stay without a driver, and no
      interface of theirs comes and goes before they are given to a bypass driver.
    - Holds until the PF's driver is loaded anew.
"""
UP = r"""
up:
  type: bool
  description:
    - Whether the PF is up. VFs have a link only while it is, so it is set up before VFs are created.
    - V(false) goes with no VFs only. Where the PF is in use, it needs V(in_use) in O(allow); a PF that carries the SSH
      connection or a default route stays up.
"""


class ModuleDocFragment:
    """The PF that a module acts on, and, for module pf, what it shall be like."""

    DOCUMENTATION: str = "options:" + indent(PF, "  ")
    STATE: str = "options:" + indent(NUM_VFS + DRIVERS_AUTOPROBE + MIN_RSS_QUEUES + UP, "  ")
