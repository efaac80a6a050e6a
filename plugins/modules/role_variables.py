#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation alone: the action plugin of this name does all of it, on the controller.
from __future__ import annotations

DOCUMENTATION = r"""
module: role_variables
short_description: Refuses misspelt variables of the roles of this collection
version_added: 0.1.0
description:
  - Refuses variables of the host whose names begin with the name of one of some roles and are none of the role's, and
    those that are nearly the name of one, all of it in one message, each with the variable that it is near.
  - The names that are known are those of the roles' argument specs, and those that the roles set themselves.
  - It is there for the roles of this collection. It runs on the controller alone; no host is asked.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
options:
  roles:
    description:
      - The roles that run, by their names in this collection. P(kernel_bypass.sriov.provision#role) is always among
        them, since its variables name the hosts of every playbook.
      - What begins with the name of another role is not looked at. It may be anybody's.
    type: list
    elements: str
    required: true
    choices: [dpdk, kernel_vs_bypass, persist, prepare, provision, queue_bypass, teardown, verify]
attributes:
  action:
    description: Has an action plugin, by which all of it runs on the controller.
    support: full
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    support: full
  diff_mode:
    description: Returns what has changed, or would in check mode, when in diff mode.
    support: none
  platform:
    description: The systems the module runs on.
    support: full
    platforms: linux
seealso:
  - module: kernel_bypass.sriov.merged_pfs
"""

EXAMPLES = r"""
- name: Refuse misspelt variables
  kernel_bypass.sriov.role_variables:
    roles: [prepare]
  # prepare_hugepage: unknown, did you mean prepare_hugepages?
"""

RETURN = r"""#"""
