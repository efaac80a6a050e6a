# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


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
      - Seconds that one step may take. After that, a write that blocks in the kernel is left behind and the module
        fails.
    type: int
    default: 120
requirements:
  - Python 3.8 or later
  - iproute2 5.3 or later
notes:
  - >-
    A module that changes something needs root (C(become: true)), in check mode too, since what holds a device is hidden
    from other users. One that only looks runs without, and lists in C(not_seen) what it could not see.
  - Nothing is written before the whole request has been checked.
  - RV(steps) holds the same sentences in check mode and in a real run.
"""
