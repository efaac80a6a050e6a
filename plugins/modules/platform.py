#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: platform
short_description: What a host needs beside its NICs for kernel bypass
version_added: 0.1.0
description:
  - Looks whether the IOMMU works for the PFs, and only where it does not, and an argument helps, writes one. Also sets
    hugepages by size and NUMA node, modules that are loaded at the boot, the limit of locked memory, and CPUs that are
    left to the application.
  - Reads back what will boot, and fails where an argument is not in it. Everything is as it was then.
  - Never boots the host. RV(reboot) tells whether that is needed, and why.
  - The options together are all that this collection has set on the host. What an earlier run has set, and is not among
    them any more, is taken back.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pfs:
    description:
      - PFs that have to be in an IOMMU group, by interface name, alternative name, MAC address, PCI address or
        C(VENDOR:DEVICE). Empty for every SR-IOV PF of the host.
    type: list
    elements: str
    default: []
  iommu:
    description:
      - V(required), the IOMMU has to work for O(pfs). Debian, Ubuntu and every kernel on AMD need no argument for that.
        Where the firmware describes no IOMMU none helps, and it is refused.
      - V(ignored), nothing is looked at and nothing is written.
    type: str
    choices: [required, ignored]
    default: required
  passthrough:
    description:
      - Whether devices that the host itself uses are spared the translation (C(iommu=pt)). VFIO never needs it. Left
        out, it stays as it is.
    type: bool
  hugepages:
    description:
      - Hugepages, an entry for each size. Pages below 1G are taken now, and at each boot by a file in
        C(/etc/tmpfiles.d). Larger ones are taken by an argument at the boot, and now where there is room.
      - A number that would leave the node too little memory is refused, since the kernel would not refuse it.
    type: list
    elements: dict
    default: []
    suboptions:
      size:
        description: Size of a page, as V(2M) or V(1G).
        type: str
        required: true
      count:
        description: Number of pages of the host, spread evenly over the nodes that have memory.
        type: int
      nodes:
        description: 'Number of pages by NUMA node, as V({0: 4, 1: 0}), in place of O(hugepages[].count).'
        type: dict
  hugepages_keep:
    description:
      - MiB of each node that have to stay for everything else. V(auto) is a tenth of its memory, and at least 2048.
    type: raw
    default: auto
  modules:
    description: Kernel modules that are loaded now and at each boot.
    type: list
    elements: str
    default: [vfio-pci]
  isolated_cpus:
    description:
      - CPUs that are left to the application, as V(2-7,9), by C(isolcpus), C(nohz_full), C(rcu_nocbs) and
        C(irqaffinity). C(irqbalance) is told to leave them alone where it is installed.
      - Refused where a profile of tuned isolates CPUs, and for CPU 0, on which the kernel keeps its timer tick.
    type: str
    default: ""
  kernel_arguments:
    description:
      - Further arguments of the kernel, each as an entry. They are taken back like the others.
    type: list
    elements: str
    default: []
  boot_loader:
    description:
      - How the line of the next boot is changed. V(auto) finds out.
      - With V(manual) nothing is written. Arguments that the running kernel does not have are told and refused.
    type: str
    choices: [auto, grub, grubby, update-bootloader, kernel-install, manual]
    default: auto
  memlock_group:
    description:
      - Group whose members may lock memory without limit after they log in. Empty for none. Units of systemd need
        C(LimitMEMLOCK=infinity) instead.
    type: str
    default: ""
  override:
    description:
      - Also replace what somebody else has decided, such as C(intel_iommu=off), or hugepages of a size that another
        program sets. Without it these are refused, with file and line. It is best given for one run.
    type: bool
    default: false
  state:
    description:
      - With V(absent) all of it is taken back. Arguments that were replaced are there again. Hugepages are lowered to
        the number before the first run, and to no fewer than are in use. The other options are not looked at.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Needs root, in check mode as well, since not every user may read what will boot.
  - GRUB of Debian is tried in a virtual machine. What is written for other boot loaders is tested on recorded files
    only.
seealso:
  - module: kernel_bypass.sriov.host
"""

EXAMPLES = r"""
- name: An IOMMU that works, and vfio-pci
  kernel_bypass.sriov.platform:
  register: platform

- name: Memory and CPUs for DPDK
  kernel_bypass.sriov.platform:
    hugepages:
      - {size: 2M, count: 1024}
      - {size: 1G, nodes: {0: 4, 1: 0}}
    isolated_cpus: "2-7"
    memlock_group: dpdk

- name: Everything as it was
  kernel_bypass.sriov.platform:
    state: absent
"""

RETURN = r"""
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
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
lost:
  description: Always empty. What could not be put back after a failure is in RV(failure.why).
  type: list
  elements: str
  returned: failure
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  type: list
  elements: str
  sample:
    - set hugepages of 2M of node 0 from 0 to 512
    - write /etc/default/grub.d/99-kernel-bypass-sriov.cfg (kernel arguments)
    - run update-grub (the menu of GRUB is made anew)
  returned: success
next_boot:
  description:
    - The kernel's line at the next boot as it is read back from the boot loader, as predicted in check mode.
    - Null where it is not known what boots next, which is no failure as long as nothing has to be written there.
  type: str
  sample: root=/dev/vda1 ro quiet intel_iommu=on
  returned: success
boot_loader:
  description: Which boot loader was found, by the name of its description; null where none that is known was.
  type: str
  sample: grub
  returned: success
effects:
  description: What the running kernel has. In check mode as predicted, but for what takes a boot.
  type: dict
  returned: success
  contains:
    iommu:
      description: The PFs that were looked at.
      type: list
      elements: dict
      contains:
        pf: {description: Interface of the PF; null without one., type: str}
        pci_address: {description: PCI address of the PF., type: str}
        group: {description: 'Number of its IOMMU group, as text; null without one.', type: str}
        type: {description: 'C(DMA), C(DMA-FQ), or C(identity) for passthrough; null without a group.', type: str}
    hugepages:
      description: The pools of the host.
      type: list
      elements: dict
      contains:
        node: {description: NUMA node; null where the kernel knows none., type: int}
        size: {description: Size of a page., type: str}
        wanted: {description: Pages that are asked for; null where nobody has asked., type: int}
        now: {description: Pages that are there., type: int}
        free: {description: Pages that nobody uses., type: int}
    isolation:
      description: CPUs that are left to the application.
      type: dict
      contains:
        wanted: {description: 'O(isolated_cpus), in order.', type: str}
        isolated: {description: CPUs that the scheduler leaves alone., type: str}
        nohz_full: {description: CPUs without the timer tick; null where the kernel was built without., type: str}
    modules: {description: Those of O(modules) that are loaded., type: list, elements: str}
reboot:
  description: Whether the host should be booted.
  type: dict
  sample:
    needed: true
    wanted: false
    reasons:
      - 'intel_iommu=on: enp1s0 (0000:01:00.0) is in no IOMMU group'
    wanted_reasons: []
  returned: success
  contains:
    needed: {description: 'Whether an effect is missing now, and what will boot has the argument for it.', type: bool}
    wanted:
      description: Whether a boot would make something better that is not needed, such as O(passthrough).
      type: bool
    reasons: {description: Why it is needed., type: list, elements: str}
    wanted_reasons: {description: Why it is wanted., type: list, elements: str}
owners:
  description: Who else sets hugepages, or what interrupts leave alone.
  type: list
  elements: dict
  returned: success
  contains:
    what: {description: What is set., type: str}
    file: {description: Where., type: str}
    line: {description: Line of the file; null where it stands in none that is known., type: int}
    text: {description: What stands there., type: str}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.platform import PLATFORM, desired_platform, shown, values
from ..module_utils._module.run import Changed, carry_out
from ..module_utils._sriov.alone import check_user
from ..module_utils._sriov.platform import prepare

if t.TYPE_CHECKING:
    from ..module_utils._sriov.alone import Tell
    from ..module_utils._sriov.kernel.deadline import Deadline
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = PLATFORM


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def change(outside: Kernel, check: bool, deadline: Deadline, tell: Tell) -> Changed:
        check_user(outside)
        desired = desired_platform(module.params)
        done = prepare(outside, desired, check, deadline, tell)
        diff = {"before": shown(done.before), "after": shown(done.after)}
        return Changed(done.steps, diff, values(desired, done), done.warnings)

    carry_out(module, change, kernel)


if __name__ == "__main__":
    main()
