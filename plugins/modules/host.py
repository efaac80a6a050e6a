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
author:
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.pfs
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
          - {vf: "0", mac: auto, spoofchk: false}
          - {vf: "1", mac: auto}
        drivers:
          - {vfs: "0", driver: vfio-pci, group: dpdk, mode: "0660"}
          - {vfs: "1", driver: default}
        rules:
          - {flow_type: tcp4, dst_ip: 192.0.2.30, dst_port: 80, vf: 0}

- name: Plain NICs again
  kernel_bypass.sriov.host:
    pfs:
      - {pf: enp1s0, num_vfs: 0}
      - {pf: enp2s0, num_vfs: 0}
"""

RETURN = r"""
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  returned: success
  type: list
  elements: str
pfs:
  description: The PFs in the order of the option, as read back after the last step, as predicted in check mode; see
    C(pfs) of C(kernel_bypass.sriov.info).
  returned: success
  type: list
  elements: dict
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

from ..module_utils._module.jobs import host_job
from ..module_utils._module.options import CONSENT, PF, RECREATE, TIMEOUT, host_wish
from ..module_utils._module.run import execute

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "pfs": {"type": "list", "elements": "dict", "required": True, "options": PF},
    **RECREATE,
    **CONSENT,
    **TIMEOUT,
}


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    execute(module, lambda outside: host_job(outside, host_wish(params, outside), params["timeout"]), kernel)


if __name__ == "__main__":
    main()
