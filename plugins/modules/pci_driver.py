#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pci_driver
short_description: Which driver a PCI function has
version_added: 0.1.0
description:
  - Binds virtual functions (VFs), or other PCI functions, to a kernel driver or to a driver for kernel bypass.
  - Uses C(driver_override), which takes the named device and no other, and clears it afterwards.
  - A bind that fails returns the device to the driver it had.
  - Refuses, before the first write, a device that is in use, an IOMMU group that would not be viable, a driver that is
    not there.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.attributes.changes
  - kernel_bypass.sriov.drivers
options:
  pf:
    description:
      - The PF whose VFs are meant, by interface name, alternative name, MAC address, PCI address or C(VENDOR:DEVICE)
        as V("8086:10fb").
    type: str
  assignments:
    description:
      - Several groups of devices, each with a driver of its own, in one call and as one plan.
      - Excludes O(devices), O(vf), O(driver), O(owner), O(group) and O(mode); O(no_iommu) holds for all of them.
seealso:
  - module: kernel_bypass.sriov.pf
"""

EXAMPLES = r"""
- name: VF 0 to 3 for DPDK
  kernel_bypass.sriov.pci_driver:
    pf: enp1s0
    vf: 0-3
    driver: vfio-pci
    group: dpdk
    mode: "0660"

- name: VF 0 for DPDK and VF 1 for the kernel, in one call
  kernel_bypass.sriov.pci_driver:
    pf: enp1s0
    assignments:
      - {vf: 0, driver: vfio-pci}
      - {vf: 1, driver: default}

- name: Back to the kernel
  kernel_bypass.sriov.pci_driver:
    devices: ["0000:01:10.0"]
    driver: default

- name: The same for one that a service has open, which is stopped for that time
  kernel_bypass.sriov.pci_driver:
    devices: ["0000:01:10.0"]
    driver: default
    release: [dpdk-app.service]
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
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  type: list
  elements: str
  sample:
    - load kernel module vfio-pci
    - bind 0000:01:10.0 (VF 0 of 0000:01:00.0) to vfio-pci (now no driver)
  returned: success
devices:
  description:
    - The devices as read back after the last step, as predicted in check mode.
    - The keys of each are those of RV(kernel_bypass.sriov.info#module:pfs[].vfs), but for what only that reads.
  type: list
  elements: dict
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import PCI_DRIVER, PCI_DRIVER_CONSTRAINTS
from ..module_utils._module.request import MODULES
from ..module_utils._module.run import DEVICES, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = PCI_DRIVER


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **PCI_DRIVER_CONSTRAINTS)
    run(module, MODULES["pci_driver"], DEVICES, kernel)


if __name__ == "__main__":
    main()
