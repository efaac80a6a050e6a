#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pf
short_description: Number of virtual functions of an SR-IOV NIC
version_added: 0.1.0
description:
  - Creates and removes the virtual functions (VFs) of a physical function (PF) through C(sriov_numvfs), and keeps the
    PF with its kernel driver.
  - Refuses what would destroy VFs that were not named, VFs that are in use, or the link that carries the operator.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.attributes.changes
  - kernel_bypass.sriov.pf
  - kernel_bypass.sriov.pf.state
seealso:
  - module: kernel_bypass.sriov.pci_driver
"""

EXAMPLES = r"""
- name: Four VFs that wait for a bypass driver
  kernel_bypass.sriov.pf:
    pf: enp1s0
    num_vfs: 4
    drivers_autoprobe: false
    up: true

- name: Eight instead of four, knowing that the four are destroyed
  kernel_bypass.sriov.pf:
    pf: "0000:01:00.0"
    num_vfs: 8
    allow: [destroy_vfs]

- name: VFs only if the kernel keeps four queues
  kernel_bypass.sriov.pf:
    pf: a0:36:9f:00:00:01
    num_vfs: 8
    min_rss_queues: 4

- name: Back to a plain NIC
  kernel_bypass.sriov.pf:
    pf: enp1s0
    num_vfs: 0
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
    - 'set sriov_drivers_autoprobe of enp1s0 (0000:01:00.0) to 0: new VFs stay without a driver'
    - set sriov_numvfs of enp1s0 (0000:01:00.0) from 0 to 4
    - wait until all 4 VFs of enp1s0 (0000:01:00.0) are there
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import PF
from ..module_utils._module.request import MODULES
from ..module_utils._module.run import ONE_PF, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = PF


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run(module, MODULES["pf"], ONE_PF, kernel)


if __name__ == "__main__":
    main()
