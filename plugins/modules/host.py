#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: All PFs of a host with their VFs, drivers, RSS tables and flow rules, in one plan
version_added: 0.1.0
description:
  - Brings physical functions (PFs) and their virtual functions (VFs) to the state that is described, in one visit to
    the host and as one plan. Everything is checked before the first write, also for VFs that the plan only creates.
  - The order is that of the kernel's needs. VFs, their attributes, their drivers, MTU, channels, ntuple feature, RSS
    table, flow rules.
  - RSS tables and flow rules that a change of the number of VFs or channels drops are put back, those that somebody
    else has set too, as far as the VFs and queues they name are still there.
  - PFs that are not listed are left alone.
  - A plan can be saved in check mode, reviewed, and be the only one that a later run may carry out, O(plan_file).
  - Role P(kernel_bypass.sriov.provision#role) merges what groups and hosts of a fleet say, and calls this module.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.attributes.changes
  - kernel_bypass.sriov.pfs
options:
  plan_file:
    description:
      - A file on the controller, JSON that is made for a review and for the difference of two. It has the desired
        state, the facts of the host that the plan rests on, and the steps. One without a leading V(/) is relative to
        the working directory of C(ansible-playbook).
      - In check mode it is written, with mode 0600 and for its owner alone. Two runs in check mode on a host that has
        not changed write the same bytes. What is there is overwritten if it is a plan of the same host, and nothing
        else is.
      - In a run that may change something it must be there. The plan is made afresh, and nothing is done unless it
        is the same as the saved one, in desired state, facts and steps; what differs is told, a line each. The steps
        are never taken from the file.
      - Not among the facts are numbers of processes and interfaces, counters, and whether there is a link.
      - Each host needs a file of its own, as in C(plans/{{ inventory_hostname }}.json); the file of another host is
        refused.
      - What a driver did beyond what it was told is mended after the steps as in any run.
    type: str
  confirm:
    description:
      - Takes back what was done, unless it is confirmed in so many seconds, 10 to 86400, counted from the first write.
        The controller confirms by itself, over a new connection, as soon as the run has ended. A host that can no
        longer be reached goes back by itself.
      - A timer of systemd on the host does that, with copies of the files of this collection, in
        C(/run/kernel-bypass-sriov/confirm). Until then other runs of the modules that change something are refused.
        A run that is still under way then is taken back as well, so give more than it takes.
      - The way back has every consent, and yet never takes a VF from a program that has it open through vfio. What
        cannot be undone for that reason stays, and the next run tells it.
      - Refused before the first write where there is no way back, as with VFs that would be destroyed, and VFs that
        would be taken from who uses them; and where the host is not run by systemd. A unit of O(release) has back
        what it had, and hands over once more on the way back.
      - Kernel modules that were loaded stay loaded. vfio's mode without IOMMU stays on.
      - A run that fails on the way is not confirmed, and is taken back too, unless it has changed nothing.
    type: int
  _confirm:
    description:
      - Confirms the run of this name, RV(pending.name), and does nothing else. For the controller's part of this
        module, which sets it by itself.
    type: str
attributes:
  async:
    description: Supports being used with the C(async) keyword.
    support: full
    details:
      - RV(msg) is not there then, as the controller does not see the end of the job. RV(steps) is.
seealso:
  - module: kernel_bypass.sriov.info
"""

EXAMPLES = r"""
- name: VF 0 for DPDK with the web traffic of one address, VF 1 for the kernel
  kernel_bypass.sriov.host:
    pfs:
      - pf: enp1s0
        num_vfs: 2
        min_rss_queues: 4
        vfs:
          - {vf: all, mac: auto}
          - {vf: 0, spoofchk: false, driver: vfio-pci, group: dpdk, mode: "0660"}
          - {vf: 1, driver: default}
        rules:
          - {flow_type: tcp4, dst_ip: 192.0.2.30, dst_port: 80, vf: 0}

- name: The same, if it is the plan that was written with --check and reviewed
  kernel_bypass.sriov.host:
    pfs:
      - {pf: enp1s0, num_vfs: 2}
    plan_file: plans/{{ inventory_hostname }}.json

- name: The same, and back by itself if the host cannot be reached any more, a minute after the first write
  kernel_bypass.sriov.host:
    pfs:
      - pf: enp1s0
        num_vfs: 2
        rules:
          - {flow_type: tcp4, dst_ip: 192.0.2.30, dst_port: 80, vf: 0}
    allow: [link_reset]
    confirm: 60

- name: No VFs
  kernel_bypass.sriov.host:
    pfs:
      - {pf: enp1s0, num_vfs: 0}
      - {pf: enp2s0, num_vfs: 0}

- name: As it was before this collection changed it first
  kernel_bypass.sriov.host:
    pfs:
      - {pf: enp1s0, as_before: true}
"""

RETURN = r"""
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
allowed:
  description:
    - Which words of O(allow) were used, and for what, one sentence each. Also in check mode.
  type: list
  elements: str
  returned: success
diff:
  description: The part of the state that the options speak of; empty where the module only looks.
  type: dict
  returned: success
  contains:
    before: {description: As it was., type: dict}
    after: {description: 'As read back after the last step, as predicted in check mode.', type: dict}
done:
  description:
    - The steps that were done before the one that failed.
    - Behind them the steps that gave back what those had taken away for its sake.
  type: list
  elements: str
  returned: failure
lost:
  description:
    - Commands that give back what was taken away for the sake of the step that failed, and could not be put back.
    - Empty where nothing is lost, which is the rule.
  type: list
  elements: str
  returned: failure
  sample:
    - ethtool -N enp1s0 flow-type tcp4 dst-ip 192.0.2.1 dst-port 80 action 4294967296 loc 2045
failure:
  description: What failed, the first where it is more than one thing.
  type: dict
  returned: failure
  contains:
    kind:
      description:
        - What kind of failure, in a word, such as V(in_use).
        - V(timeout) is a run, or a step, that did not end in its time. V(no_answer) is a run whose process is gone,
          because it was killed (also by the kernel, where memory is short) or has a fault. The next run goes on.
      type: str
    what: {description: What was not done., type: str}
    device: {description: Which device it was not done to; empty for none., type: str}
    why: {description: The reason; empty where it says no more., type: str}
    remedy: {description: What can be done., type: str}
    errno: {description: Name of the kernel's error; null without one., type: str}
    step: {description: The step that failed; empty where none was begun., type: str}
    holders:
      description: Who uses the device, one sentence each.
      type: list
      elements: str
      returned: when C(kind) is C(in_use)
failures:
  description: All that is refused, each as RV(failure), which is the first of them.
  type: list
  elements: dict
  returned: when more than one thing is refused
msg:
  description:
    - 'On success RV(steps), one a line, and last the host in one line, such as C(enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1,
      2 rules, RSS 4; changed 12). The last number is that of the steps.'
    - In check mode the last line ends in C(would change 12). Where there are no steps it is the only one, and ends in
      C(unchanged).
    - On failure what failed, why, and what can be done.
  type: str
  returned: always, but not on success with C(async)
plan_file:
  description: The file of O(plan_file), as an absolute path. In check mode it was written, else compared with.
  type: str
  returned: success, when O(plan_file) is given, but not with C(async)
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  type: list
  elements: str
  returned: success
confirmed:
  description:
    - Whether what was done is confirmed, so that it stays. False where nothing was done.
    - See O(confirm).
  type: bool
  returned: with O(confirm), unless it was refused before the first write
pending:
  description:
    - What waits for the confirmation. Null where nothing waits, since it is confirmed, or there is nothing to be.
  type: dict
  returned: with O(confirm), unless it was refused before the first write
  contains:
    name: {description: 'Of the run, what O(_confirm) takes.', type: str}
    unit: {description: The systemd timer that takes the host back., type: str}
    seconds: {description: 'How long it waits, from the first write on.', type: int}
pfs:
  description:
    - The PFs in the order of the option, as read back after the last step, as predicted in check mode.
    - The keys of each are those of RV(kernel_bypass.sriov.info#module:pfs), but for what only that module reads.
  type: list
  elements: dict
  returned: success
unnamed_vfs:
  description:
    - VFs of this host that no entry of O(pfs[].vfs) names, by PF. Also those of PFs that O(pfs) does not name, which
      are left as they are.
    - Module M(kernel_bypass.sriov.info) tells more of each.
  type: list
  elements: dict
  returned: success
  contains:
    pf: {description: Interface of the PF; null without one., type: str}
    pci_address: {description: PCI address of the PF., type: str}
    vfs: {description: Indices of the VFs., type: list, elements: int}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import HOST
from ..module_utils._module.request import MODULES
from ..module_utils._module.run import ALL_PFS, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = HOST


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run(module, MODULES["host"], ALL_PFS, kernel)


if __name__ == "__main__":
    main()
