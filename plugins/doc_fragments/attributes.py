# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

# What every module that changes something has.
ALLOW = r"""
allow:
  description:
    - What may be lost. Each word is for one kind of act, and is best given for one run. RV(allowed) tells which of them
      were used, and for what; none is kept on the host.
    - V(destroy_vfs), the VFs that are there, where their number changes to another than 0.
    - V(in_use), what others use, such as an interface with an address or in a bond. It never covers the SSH connection.
      Of a program that has a VF open through vfio it covers what changes its traffic (VLAN, spoofchk, rates, link
      state), and not what takes the VF or its address away, or resets it.
    - V(link_reset), for some seconds the link of a PF that carries the SSH connection or a default route.
    - V(take_pf), the PF itself, which its kernel driver gives up.
    - V(bifurcated), a VF whose NIC DPDK drives beside the kernel driver, to an application that is not DPDK.
    - V(generic_xdp), an XDP program above the driver, by which AF_XDP is no faster than the kernel's own path.
  type: list
  elements: str
  choices: [destroy_vfs, in_use, link_reset, take_pf, bifurcated, generic_xdp]
  default: []
"""
RELEASE = r"""
release:
  description:
    - Units of systemd (services) that hand over. Where a program of one has a device open that is to be taken away or
      changed, the unit is stopped, and started again when all is done, also when something failed.
    - One that has nothing open here is not touched, nor is one of whose devices nothing changes. RV(steps) has what is
      done, also in check mode.
    - C(.service) may be left out. It is best given for one run.
  type: list
  elements: str
  default: []
"""


class ModuleDocFragment:
    """What every module of the collection can do, and the options they share."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    support: full
  diff_mode:
    description: Returns what has changed, or would in check mode, when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode with the same arguments, the second run changes nothing.
    support: full
  platform:
    description: The systems the module runs on.
    support: full
    platforms: linux
options:
  timeout:
    description:
      - Seconds for the whole run, 1 to 86400, the wait for another run on the host included. When they are over, a step
        that blocks in the kernel is left behind, no other is begun, and the module fails a few seconds later at most.
        It says how far it came, and the next run goes on from there.
    type: int
    default: 300
requirements:
  - Python 3.8 or later
  - iproute2 5.3 or later
notes:
  - Nothing is written before the whole request has been checked. All that is wrong with it is told at once.
  - RV(steps) holds the same sentences in check mode and in a real run.
"""
    CHANGES: str = (
        "options:"
        + indent(ALLOW + RELEASE, "  ")
        + """attributes:
  action:
    description: Has an action plugin, by which part of it runs on the controller.
    support: full
notes:
  - Needs root, in check mode as well, since who uses a device is not visible to others.
  - What no host can meet is refused on the controller, before the first connection.
"""
    )
