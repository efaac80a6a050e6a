#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation alone: the action plugin of this name does all of it, on the controller.
from __future__ import annotations

DOCUMENTATION = r"""
module: merged_pfs
short_description: The PFs of roles provision and teardown, merged from the variables of site, group and host
version_added: 0.1.0
description:
  - Merges the variables of role P(kernel_bypass.sriov.provision#role) into the list that module
    M(kernel_bypass.sriov.host) takes, and refuses what no host can meet, all of it in one message.
  - Refuses, too, variables of which none is set, and misspelt variables of the host, as
    M(kernel_bypass.sriov.role_variables) does.
  - In check mode, a group that role P(kernel_bypass.sriov.dpdk#role) of the same play would create is left out of it,
    with a warning. The host does not have it yet.
  - For role P(kernel_bypass.sriov.teardown#role) the same PFs are to be as they were before, or those that
    O(teardown_pfs) names.
  - It is there for these roles. It runs on the controller alone; no host is asked.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
options:
  provision_pfs:
    description:
      - What all hosts shall have, a dictionary by label. V(pf) is the label where it is left out; the other keys are
        those of O(kernel_bypass.sriov.host#module:pfs).
      - Dictionaries merge; records of C(vfs) that name the same VFs are joined; other records of C(vfs) and all
        C(rules) are appended; any other value replaces. Null unsets a key, or takes the PF out.
    type: raw
  provision_pfs_group:
    description: What a group shall have, merged over O(provision_pfs).
    type: raw
  provision_pfs_host:
    description: What one host shall have, merged over both.
    type: raw
  provision_allow:
    description: Consent for all PFs, O(kernel_bypass.sriov.host#module:allow).
    type: raw
  provision_release:
    description: Units that hand over what they have open, O(kernel_bypass.sriov.host#module:release).
    type: raw
  provision_timeout:
    description: Seconds for the whole run, O(kernel_bypass.sriov.host#module:timeout).
    type: raw
  provision_plan_file:
    description: The file of a saved plan, O(kernel_bypass.sriov.host#module:plan_file).
    type: raw
  provision_confirm:
    description: Seconds after which the host goes back, O(kernel_bypass.sriov.host#module:confirm). Empty for never.
    type: raw
  teardown_pfs:
    description:
      - Labels of the PFs, or PFs by any of their names, that shall be as they were before this collection changed them
        first. Empty for all that the variables above have.
      - If it is given, RV(pfs) is for that, each with O(kernel_bypass.sriov.host#module:pfs[].as_before).
    type: raw
  teardown_allow:
    description: Consent for all PFs, beside O(teardown_pfs).
    type: raw
  teardown_release:
    description: Units that hand over what they have open, beside O(teardown_pfs).
    type: raw
  teardown_timeout:
    description: Seconds for the whole run, beside O(teardown_pfs).
    type: raw
  teardown_boot:
    description: Whether what comes at each boot goes too, beside O(teardown_pfs). It is only looked at, not used.
    type: raw
  roles:
    description:
      - The roles that run, O(kernel_bypass.sriov.role_variables#module:roles). Where it is left out, the one that
        merges, C(provision), or C(teardown) where O(teardown_pfs) is given.
    type: list
    elements: str
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
  - module: kernel_bypass.sriov.host
  - module: kernel_bypass.sriov.role_variables
"""

EXAMPLES = r"""
- name: Merge what is wanted of the PFs
  kernel_bypass.sriov.merged_pfs:
    provision_pfs: {fast: {pf: enp1s0, num_vfs: 4}}
    provision_pfs_host: {fast: {pf: enp3s0}}
    provision_allow: []
    provision_release: []
    provision_timeout: 300
  register: provision_merged
  # pfs: [{pf: enp3s0, num_vfs: 4}]
"""

RETURN = r"""
pfs:
  description: The PFs, as module M(kernel_bypass.sriov.host) takes them.
  type: list
  elements: dict
  returned: success
origins:
  description:
    - Where each part of RV(pfs) is written, such as C(provision_pfs_host.fast.pf) for C(pfs[0].pf).
  type: dict
  returned: success
"""
