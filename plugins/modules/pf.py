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
options:
  pf:
    description:
      - The PF, by interface name, alternative name, MAC address or PCI address.
    type: str
    required: true
  num_vfs:
    description:
      - How many VFs there shall be. Leave it out to leave the number as it is.
      - A change from one number to another destroys all VFs on the way and needs O(recreate).
      - V(0) removes all VFs; it needs O(force) when one of them is in use.
    type: int
  drivers_autoprobe:
    description:
      - Whether the kernel binds a driver to VFs created from now on. With V(false) they stay without a driver, and no
        interface of theirs comes and goes before C(kernel_bypass.sriov.pci_driver) gives them to a bypass driver.
      - Holds until the PF's driver is loaded anew.
    type: bool
  min_rss_queues:
    description:
      - The least number of queues that the PF's RSS group must have with O(num_vfs) VFs. The number is predicted before
        anything is written, and read from the kernel after.
      - On 82599 and X540 the group falls from 16 to 4 with 1 to 31 VFs and to 2 with 32 to 63; on 82576 from 8 to 2.
    type: int
  up:
    description:
      - Whether the PF is up. VFs have a link only while it is, so it is set up before VFs are created.
      - V(false) goes with no VFs only.
    type: bool
  recreate:
    description:
      - Allow a change from one number of VFs to another, which destroys all of them.
    type: bool
    default: false
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

from ..module_utils._module.desired import desired_pf
from ..module_utils._module.options import CONSENT, PF_STATE, RECREATE, TIMEOUT
from ..module_utils._module.run import ONE_PF, run
from ..module_utils._sriov.model.desired import Desired

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = {"pf": {"type": "str", "required": True}, **PF_STATE, **RECREATE, **CONSENT, **TIMEOUT}


def desired(params: dict[str, t.Any]) -> Desired:
    return Desired((desired_pf(params),))


def main(kernel: Kernel | None = None) -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), desired, ONE_PF, kernel)


if __name__ == "__main__":
    main()
