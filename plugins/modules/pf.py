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
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.pf
  - kernel_bypass.sriov.pf.state
options:
  force:
    description:
      - Allow VFs that are in use to be removed. The kernel itself still waits for a program that has one open through
        vfio.
    type: bool
    default: false
  allow_link_reset:
    description:
      - Allow the number of VFs to change on a PF that carries the SSH connection or a default route. The driver closes
        and opens the PF for that; its link is lost for some seconds, addresses and routes stay.
      - Set this on hosts whose only NIC is this one.
    type: bool
    default: false
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
    recreate: true

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
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  returned: success
  type: list
  elements: str
  sample:
    - "set sriov_drivers_autoprobe of enp1s0 (0000:01:00.0) to 0: new VFs stay without a driver"
    - "set sriov_numvfs of enp1s0 (0000:01:00.0) from 0 to 4"
    - "wait until all 4 VFs of enp1s0 (0000:01:00.0) are there"
pf:
  description: The PF as read back after the last step; as predicted in check mode.
  returned: success
  type: dict
  contains:
    name: {description: Name of its interface., type: str, returned: always}
    pci_address: {description: PCI address., type: str, returned: always}
    driver: {description: Kernel driver., type: str, returned: always}
    mac: {description: MAC address., type: str, returned: always}
    up: {description: Whether the interface is up., type: bool, returned: always}
    carrier: {description: Whether it has a link., type: bool, returned: always}
    num_vfs: {description: Number of VFs., type: int, returned: always}
    total_vfs: {description: Most VFs that the device offers., type: int, returned: always}
    drivers_autoprobe: {description: Whether the kernel binds new VFs., type: bool, returned: always}
    rss_queues: {description: Queues of the RSS group; null where the driver does not say., type: int, returned: always}
    iommu_group: {description: IOMMU group., type: int, returned: always}
    numa_node: {description: NUMA node; -1 where the host has none., type: int, returned: always}
    holders: {description: Who uses the interface., type: list, elements: str, returned: always}
    vfs:
      description: The VFs in the order of their indices; see C(devices) of C(kernel_bypass.sriov.pci_driver).
      type: list
      elements: dict
      returned: always
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
from ..module_utils._module.options import CONSENT, PF_STATE, RECREATE, TIMEOUT, pf_spec
from ..module_utils._module.run import execute
from ..module_utils._sriov.model.desired import HostWish, PfWish
from ..module_utils._sriov.observe.names import find_pf

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = {"pf": {"type": "str", "required": True}, **PF_STATE, **RECREATE, **CONSENT, **TIMEOUT}


def wish(params: dict[str, t.Any], kernel: Kernel) -> HostWish:
    return HostWish((PfWish(find_pf(kernel, params["pf"]), pf_spec(params)),))


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    execute(module, lambda outside: pf_job(outside, wish(params, outside), params["timeout"]), kernel)


if __name__ == "__main__":
    main()
