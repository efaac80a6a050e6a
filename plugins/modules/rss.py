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
  - Sets the number of channels and the RSS indirection table of a physical function (PF), as C(ethtool -L) and
    C(ethtool -X) do, to the entry, without that program.
  - Checks the size of the RSS group, and explains it. On 82599 and X540 the group falls from 16 queues to 4 with 1 to
    31 VFs and to 2 with 32 to 63.
notes:
  - On 82599 and X540 there is one table for the PF and all VFs; a change beside VFs says so in a warning.
  - Drivers write their own table again whenever they reset the PF. Set the table last; module
    C(kernel_bypass.sriov.host) does.
author:
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.pf
  - kernel_bypass.sriov.rss
options:
  force:
    description:
      - Allow O(channels) to change while a program has a VF open, which the reset may stop.
    type: bool
    default: false
  allow_link_reset:
    description:
      - Allow O(channels) to change on a PF that carries the SSH connection or a default route.
    type: bool
    default: false
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

- name: Fail where VFs have left the PF fewer than four queues
  kernel_bypass.sriov.rss:
    pf: enp1s0
    min_queues: 4

- name: Back to all queues in turn
  kernel_bypass.sriov.rss:
    pf: enp1s0
    default: true
"""

RETURN = r"""
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  returned: success
  type: list
  elements: str
  sample:
    - "set the RSS table of enp1s0 (0000:01:00.0): of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43"
pf:
  description: The PF as read back after the last step, as predicted in check mode; see C(pfs) of
    C(kernel_bypass.sriov.info).
  returned: success
  type: dict
done:
  description: The steps that were done before the one that failed.
  returned: failure
  type: list
  elements: str
failure:
  description: What failed, on which device, why, the remedy, the kernel's errno, the step and the holders.
  returned: failure
  type: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.jobs import pf_job
from ..module_utils._module.options import CONSENT, ONE_TABLE, RSS, TIMEOUT, pf_spec, rss_wish
from ..module_utils._module.run import execute
from ..module_utils._sriov.model.desired import HostWish, PfWish
from ..module_utils._sriov.observe.names import find_pf

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"pf": {"type": "str", "required": True}, **RSS, **CONSENT, **TIMEOUT}


def wish(params: dict[str, t.Any], kernel: Kernel) -> HostWish:
    return HostWish((PfWish(find_pf(kernel, params["pf"]), pf_spec(params), rss=rss_wish(params)),))


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, mutually_exclusive=ONE_TABLE)
    params = module.params
    execute(module, lambda outside: pf_job(outside, wish(params, outside), params["timeout"]), kernel)


if __name__ == "__main__":
    main()
