#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rss
short_description: How a PF's received flows spread over its queues
version_added: 0.1.0
description:
  - Sets the number of channels, the sizes of rings and the RSS indirection table of a physical function (PF), as
    C(ethtool -L), C(ethtool -G) and C(ethtool -X) do, the table to the entry, without that program.
  - Sets the hash by which an entry of the table is chosen. Its key, its function and the fields that go into it.
  - Checks the size of the RSS group, and explains it. On 82599 and X540 the group falls from 16 queues to 4 with 1 to
    31 VFs and to 2 with 32 to 63.
notes:
  - On 82599 and X540 there is one table and one hash for the PF and all VFs; a change beside VFs says so in a warning.
  - Drivers write their own table again whenever they reset the PF. Set the table last; module
    C(kernel_bypass.sriov.host) does.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.attributes.changes
  - kernel_bypass.sriov.pf
  - kernel_bypass.sriov.rss
seealso:
  - module: kernel_bypass.sriov.flow_rule
"""

EXAMPLES = r"""
- name: Keep queue 3 out of RSS, for one flow alone
  kernel_bypass.sriov.rss:
    pf: enp1s0
    exclude_queues: [3]

- name: The same, as ethtool writes it
  kernel_bypass.sriov.rss:
    pf: enp1s0
    weights: [1, 1, 1, 0]

- name: Both directions of a connection on one queue, as Suricata wants it, UDP by its ports too
  kernel_bypass.sriov.rss:
    pf: enp1s0
    hash_key: "6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:\
      6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a:6d:5a"
    hash_fields:
      udp4: sdfn
      udp6: sdfn

- name: Fail where VFs have left the PF fewer than four queues
  kernel_bypass.sriov.rss:
    pf: enp1s0
    min_queues: 4

- name: Larger rings, which bear longer bursts
  kernel_bypass.sriov.rss:
    pf: enp1s0
    rings: {rx: 4096, tx: 1024}

- name: Back to all queues in turn
  kernel_bypass.sriov.rss:
    pf: enp1s0
    default: true
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
    - 'set the RSS table of enp1s0 (0000:01:00.0): of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43'
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import RSS, RSS_CONSTRAINTS
from ..module_utils._module.request import MODULES
from ..module_utils._module.run import ONE_PF, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = RSS


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RSS_CONSTRAINTS)
    run(module, MODULES["rss"], ONE_PF, kernel)


if __name__ == "__main__":
    main()
