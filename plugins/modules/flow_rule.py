#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flow_rule
short_description: Flow rules that send chosen frames of a PF to a VF or a queue
version_added: 0.1.0
description:
  - Keeps the ntuple rules of a physical function (PF), as C(ethtool -N) does, without that program. A rule may send
    its frames into a virtual function (VF) where the driver can, as C(ixgbe) does.
  - Turns the ntuple feature on when there are rules to set, which resets a PF with C(ixgbe).
  - Rules are the same when they match the same fields with the same masks and go to the same place, the RSS context
    included. A rule for a flow that goes elsewhere is replaced.
  - Refuses before the first write what the driver would refuse with no more than C(EINVAL), and what it would take
    and then do otherwise.
notes:
  - Whether a card takes a frame that carries the PF's address out of the PF's traffic and into a VF is for the card
    to show. Check the counter C(fdir_match) and those of the VF (C(kernel_bypass.sriov.rx_rate)).
  - Rules are lost when the PF goes down, and with C(ixgbe) when the number of VFs or channels changes. The modules of
    this collection put them back when they do that.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.attributes.changes
  - kernel_bypass.sriov.pf
  - kernel_bypass.sriov.rules
options:
  rules:
    description:
      - The rules. Each says where its frames go by O(rules[].vf) and O(rules[].queue), by O(rules[].queue) alone, by
        O(rules[].drop), by O(rules[].action), or by O(rules[].context).
      - With O(state=absent) a rule without destination means the flow wherever it goes.
    default: []
  state:
    description:
      - Whether the rules shall be there.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description:
      - Remove all rules that are not listed; with O(rules=[]) all of them.
    type: bool
    default: false
  ntuple:
    description:
      - The feature without which no flow rule is in force, as C(ethtool -K ntuple). Left out, it is turned on where
        there are rules to set, and else left as it is.
      - Turning it on or off resets a PF with C(ixgbe). Rules that are there when it is turned off are in force no more,
        and many drivers forget them; that needs C(in_use) in O(allow).
    type: bool
seealso:
  - module: kernel_bypass.sriov.rss
  - module: kernel_bypass.sriov.rx_rate
"""

EXAMPLES = r"""
- name: Web traffic of one address goes to VF 0, queue 0
  kernel_bypass.sriov.flow_rule:
    pf: eth3
    rules:
      - {flow_type: tcp4, dst_ip: 192.0.2.30, dst_port: 80, vf: 0, queue: 0}

- name: The same, as ethtool writes it
  kernel_bypass.sriov.flow_rule:
    pf: eth3
    rules:
      - {flow_type: tcp4, dst_ip: 192.0.2.30, dst_port: 80, action: 4294967296}

- name: These rules and no others
  kernel_bypass.sriov.flow_rule:
    pf: eth3
    exclusive: true
    rules:
      - {flow_type: udp4, dst_ip: 192.0.2.30, dst_port: 53, vf: 0}
      - {flow_type: udp4, dst_ip: 192.0.2.30, dst_port: 4789, vf: 1, queue: 1}

- name: No rules, and the feature off
  kernel_bypass.sriov.flow_rule:
    pf: eth3
    exclusive: true
    ntuple: false

- name: One port over four queues, by the last two bits of the source port
  kernel_bypass.sriov.flow_rule:
    pf: eth3
    rules:
      - {flow_type: udp4, dst_port: 4789, src_port: 0, masks: {src_port: 3}, queue: 0}
      - {flow_type: udp4, dst_port: 4789, src_port: 1, masks: {src_port: 3}, queue: 1}
      - {flow_type: udp4, dst_port: 4789, src_port: 2, masks: {src_port: 3}, queue: 2}
      - {flow_type: udp4, dst_port: 4789, src_port: 3, masks: {src_port: 3}, queue: 3}

- name: No rule for this flow, wherever it goes
  kernel_bypass.sriov.flow_rule:
    pf: eth3
    state: absent
    rules:
      - {flow_type: tcp4, dst_ip: 192.0.2.30, dst_port: 80}
"""

RETURN = r"""
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
pf:
  description:
    - The PF as read back after the last step, as predicted in check mode.
    - Its keys are those of RV(kernel_bypass.sriov.info#module:pfs), but for what only that module reads.
  type: dict
  returned: success
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
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  type: list
  elements: str
  sample:
    - turn ntuple filters of eth3 (0000:01:00.0) on
    - 'add flow rule 2045 of eth3 (0000:01:00.0): tcp4 dst-ip 192.0.2.30 dst-port 80 to VF 0 queue 0'
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import FLOW_RULE
from ..module_utils._module.request import MODULES
from ..module_utils._module.run import ONE_PF, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = FLOW_RULE


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run(module, MODULES["flow_rule"], ONE_PF, kernel)


if __name__ == "__main__":
    main()
