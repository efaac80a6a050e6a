# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

XSK = r"""
queues:
  description:
    - The receive queues, counted from 0. They get no share of the RSS table, unless the request names a table itself;
      one that gives them a share is refused.
    - A queue to which a flow rule of somebody else leads is refused.
  type: list
  elements: int
group:
  description:
    - The group whose members may put sockets into the map, by name or number. Left out, root alone may.
  type: str
mode:
  description:
    - Where the program runs. V(native) is in the driver. Whether frames reach the socket without being copied, the
      driver decides; a warning says where they are copied.
    - V(generic) is above the driver. It goes with any NIC, also with C(ixgbe) beside VFs, and is no faster than the
      kernel's own path, so it needs V(generic_xdp) in O(allow).
  type: str
  choices: [native, generic]
  default: native
napi_defer_hard_irqs:
  description:
    - How often a queue of the interface is polled with nothing to do before its interrupt is on again, as
      C(/sys/class/net/PF/napi_defer_hard_irqs). Together with C(gro_flush_timeout) it is for programs that poll. Left
      out, it stays.
  type: int
gro_flush_timeout:
  description:
    - Nanoseconds until the next such poll, as C(/sys/class/net/PF/gro_flush_timeout). Left out, it stays.
  type: int
state:
  description:
    - V(absent) detaches the program of this collection, and removes its map. The RSS table becomes the one that there
      was before this collection took the queues out, unless somebody has set another since then. Flow rules stay. A
      program of somebody else stays as well.
    - With V(absent) no queues need be named, and values of NAPI go back to 0 where they are as named.
  type: str
  choices: [present, absent]
  default: present
"""


class ModuleDocFragment:
    """Queues for AF_XDP, as module xsk_queue takes them."""

    DOCUMENTATION: str = "options:" + indent(XSK, "  ")
