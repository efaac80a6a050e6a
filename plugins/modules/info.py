#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: info
short_description: PFs, VFs, queues, flow rules, their users, and the kernel bypass techniques a NIC allows
version_added: 0.1.0
description:
  - Reads, in one visit and without any other program than C(ip), what the host tells of its SR-IOV NICs.
  - Says for each NIC which kernel bypass techniques it allows on this host, why, and at what price. That rests on the
    driver, the modules and the configuration of the kernel as they are found, and says where it rests on a table
    instead.
author:
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pf:
    description:
      - Only this PF, by interface name, alternative name, MAC address or PCI address. Left out, all of them.
    type: str
seealso:
  - module: kernel_bypass.sriov.host
  - module: kernel_bypass.sriov.rx_rate
"""

EXAMPLES = r"""
- name: What there is
  kernel_bypass.sriov.info:
  register: sriov

- name: One PF
  kernel_bypass.sriov.info:
    pf: enp1s0
"""

RETURN = r"""
steps:
  description: Always empty, as the module changes nothing.
  returned: success
  type: list
  elements: str
pfs:
  description: The PFs, in the order of their PCI addresses.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name of its interface., type: str, returned: always}
    altnames: {description: Its alternative names., type: list, elements: str, returned: always}
    pci_address: {description: PCI address., type: str, returned: always}
    vendor: {description: PCI vendor id., type: str, returned: always}
    device: {description: PCI device id., type: str, returned: always}
    driver: {description: Kernel driver., type: str, returned: always}
    driver_info: {description: What C(ethtool -i) tells., type: dict, returned: always}
    mac: {description: MAC address., type: str, returned: always}
    perm_mac: {description: The address in the card., type: str, returned: always}
    up: {description: Whether the interface is up., type: bool, returned: always}
    carrier: {description: Whether it has a link., type: bool, returned: always}
    mtu: {description: MTU., type: int, returned: always}
    num_vfs: {description: Number of VFs., type: int, returned: always}
    total_vfs: {description: Most VFs that the device offers., type: int, returned: always}
    drivers_autoprobe: {description: Whether the kernel binds new VFs., type: bool, returned: always}
    rss_queues: {description: Queues of the RSS group; null where the driver does not say., type: int, returned: always}
    rss_limit:
      description: How many queues the group can have (C(queues)), without VFs (C(without_vfs)), the C(cause), whether
        the table was set by hand, and whether VFs share it.
      type: dict
      returned: always
    rss:
      description: The C(table), how many C(entries) each queue has, the C(key), the C(hash_function) and the number
        of C(rings).
      type: dict
      returned: always
    channels: {description: What C(ethtool -l) tells., type: dict, returned: always}
    features:
      description: What C(ethtool -k) tells, by the names of the kernel; each is C(on) or not and C(changeable) or
        not.
      type: dict
      returned: always
    ntuple: {description: The feature without which no flow rule is taken., type: dict, returned: always}
    locations: {description: How many flow rules the driver has places for., type: int, returned: always}
    rules:
      description: Flow rules; C(location), C(flow_type), C(action), its decoded C(vf), C(queue) and C(drop), the
        words of C(ethtool -N) and a sentence.
      type: list
      elements: dict
      returned: always
    iommu_group: {description: IOMMU group; changes from boot to boot., type: int, returned: always}
    iommu_group_members:
      description: PCI addresses of all devices in that group.
      type: list
      elements: str
      returned: always
    numa_node: {description: NUMA node; -1 where the host has none., type: int, returned: always}
    holders: {description: Who uses the interface., type: list, elements: str, returned: always}
    bypass:
      description: Kernel bypass techniques; C(name), whether C(available), C(why), its C(price) and whether the
        C(kernel_loses_nic).
      type: list
      elements: dict
      returned: always
    vfs:
      description: The VFs in the order of their indices.
      type: list
      elements: dict
      returned: always
      contains:
        pci_address: {description: PCI address., type: str, returned: always}
        pf: {description: PCI address of its PF., type: str, returned: always}
        vf: {description: Index of the VF., type: int, returned: always}
        driver: {description: Driver it is bound to; null for none., type: str, returned: always}
        driver_override: {description: The only driver allowed to bind; null when unset., type: str, returned: always}
        default_driver: {description: Driver that the kernel would take., type: str, returned: always}
        name: {description: Name of its interface in this namespace., type: str, returned: always}
        mac: {description: MAC address of that interface., type: str, returned: always}
        up: {description: Whether it is up., type: bool, returned: always}
        mtu: {description: Its MTU., type: int, returned: always}
        attributes:
          description: What the driver of the PF enforces, by the options of C(kernel_bypass.sriov.vf); null what it
            does not tell.
          type: dict
          returned: always
        iommu_group: {description: IOMMU group., type: int, returned: always}
        iommu_group_members:
          description: PCI addresses of all devices in that group.
          type: list
          elements: str
          returned: always
        numa_node: {description: NUMA node., type: int, returned: always}
        dev_node: {description: Node that user space opens., type: str, returned: always}
        owner: {description: User number of its owner., type: int, returned: always}
        group: {description: Group number., type: int, returned: always}
        mode: {description: Permissions., type: str, returned: always}
        holders:
          description: Who uses the VF. Processes, other namespaces, bonds, bridges, addresses.
          type: list
          elements: str
          returned: always
host:
  description: Facts of the whole host.
  returned: success
  type: dict
  contains:
    kernel: {description: Release of the running kernel., type: str, returned: always}
    online_cpus: {description: CPUs that are online., type: int, returned: always}
    iommu_active: {description: Whether devices have IOMMU groups., type: bool, returned: always}
    iommu_groups: {description: How many groups there are., type: int, returned: always}
    lockdown: {description: Lockdown mode of the kernel., type: str, returned: always}
    hugepages:
      description: Pools by NUMA C(node) and C(size_kb); C(nr), C(free) and C(surplus).
      type: list
      elements: dict
      returned: always
    vfio:
      description: Whether it is C(loaded), its PCI driver registered, its no-IOMMU mode (null when compiled out) and
        its C(nodes).
      type: dict
      returned: always
failure:
  description: What failed, on which device, why, and the remedy.
  returned: failure
  type: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import TIMEOUT
from ..module_utils._module.run import answer
from ..module_utils._sriov.info import read_info

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"pf": {"type": "str"}, **TIMEOUT}


def read(params: dict[str, t.Any], kernel: Kernel) -> dict[str, t.Any]:
    return read_info(kernel, params["pf"], params["timeout"])


def main(kernel: Kernel | None = None) -> None:
    answer(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), read, kernel)


if __name__ == "__main__":
    main()
