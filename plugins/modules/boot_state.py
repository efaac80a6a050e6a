#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_state
short_description: What brings PFs and their VFs to their desired state at each boot, without the controller
version_added: 0.1.0
description:
  - Installs a unit of systemd, C(kernel-bypass-sriov.service), that brings the host to the state that is described
    before its network is set up. It runs from the very files of this collection that the module runs from, and needs
    no Ansible.
  - Only a state that the host has already is installed. Where something is missing nothing is written, and the next
    boot does what it would have done before. The same holds while a run waits for its confirmation.
  - All that runs at a boot is one generation, a directory that is named by a hash of what is in it, and becomes
    current by one rename. The generation before it is kept, O(state=rollback).
  - Keeps VFs from NetworkManager, systemd-networkd and netplan by their PCI addresses.
  - Refused where somebody else sets the number of VFs of one of the PFs at a boot, with file and line.
  - PFs are known again by PCI address and permanent MAC address. At a boot a card that was moved or replaced is
    refused by name.
  - Consent is for one run, and not kept, but for V(bifurcated) in O(allow).
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.attributes.changes
  - kernel_bypass.sriov.pfs
options:
  state:
    description:
      - V(present), the unit is there, with this desired state.
      - V(marked), only what keeps VFs from network managers is there, also for VFs that are yet to come, so that no
        manager ever sees one without.
      - V(absent), none of it is there any more. VFs stay as they are until the next boot, and so do the records of what
        PFs were before. What keeps VFs from network managers stays as long as one of the VFs is there, with a warning.
      - V(rollback), the generation before the current one is current, with its unit and its marks. It is reached at the
        next boot, or by C(systemctl restart kernel-bypass-sriov). To do it twice leads back.
    type: str
    choices: [present, marked, absent, rollback]
    default: present
  pfs:
    description:
      - The PFs and what they shall be like, as for M(kernel_bypass.sriov.host). Needed for O(state=present) and
        O(state=marked), and not looked at for others.
      - An entry with C(as_before) is refused, since a PF that goes back needs nothing at a boot.
    required: false
  boot_timeout:
    description:
      - Seconds that the unit has at a boot, 10 to 3600. So long a NIC that does not answer holds up the host's network
        at most, and not much longer.
    type: int
    default: 180
  pf_timeout:
    description: Seconds of O(boot_timeout) that it waits for a PF to be there.
    type: int
    default: 30
  unmanaged:
    description:
      - Whether VFs are kept from network managers, by a rule of udev and a file of systemd-networkd.
      - Where C(num_vfs) of a PF is not given, only VFs that its C(vfs) name.
      - A manager lets go of a VF as soon as that is marked. One that carries the SSH connection or a default route, and
        is not marked yet, is refused; O(managed_vfs) leaves it to the manager.
    type: bool
    default: true
  managed_vfs:
    description: VFs that a network manager may have all the same, since they get their address from it.
    type: list
    elements: dict
    default: []
    suboptions:
      pf:
        description: The PF, called as in O(pfs).
        type: str
        required: true
      vf:
        description: The VF, or several, as V(3), V(0-3,7), V([0, 1]) or V(all).
        type: raw
        required: true
  metrics_directory:
    description:
      - Directory of the textfile collector of Prometheus' node_exporter, for a file of metrics of the last run.
      - V(auto) is the first that exists of C(/var/lib/prometheus/node-exporter) and C(/var/lib/node_exporter); where
        none does, or with an empty text, there are no metrics.
    type: str
    default: auto
  check_interval:
    description:
      - How often a timer looks whether the host is still as desired, such as V(1h) or V(30min), for metrics and the
        journal. It changes nothing. Empty for no timer.
    type: str
    default: ""
  override:
    description: Install it although somebody else sets the number of VFs too. Who comes last at a boot is not known.
    type: bool
    default: false
  allow:
    description:
      - As for M(kernel_bypass.sriov.host), so that the same can be given here. Nothing is taken away by this module.
      - Only V(bifurcated) means something here, and is kept for the boots.
  release:
    description:
      - As for M(kernel_bypass.sriov.host), so that the same can be given here. It means nothing here, and is not kept.
attributes:
  idempotent:
    support: partial
    details:
      - O(state=rollback) leads back when it is done twice.
seealso:
  - module: kernel_bypass.sriov.host
"""

EXAMPLES = r"""
- name: The same at each boot
  kernel_bypass.sriov.boot_state:
    pfs:
      - pf: enp1s0
        num_vfs: 2
        vfs:
          - {vf: all, mac: auto}
          - {vf: 0, driver: vfio-pci}
          - {vf: 1, driver: default}
    managed_vfs:
      - {pf: enp1s0, vf: 1}
    check_interval: 1h

- name: No network manager takes the VFs that come next
  kernel_bypass.sriov.boot_state:
    state: marked
    pfs:
      - {pf: enp1s0, num_vfs: 2}

- name: What was installed before
  kernel_bypass.sriov.boot_state:
    state: rollback

- name: Nothing at the boot
  kernel_bypass.sriov.boot_state:
    state: absent
"""

RETURN = r"""
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
allowed: {description: 'Always empty, since nothing is taken away.', type: list, elements: str, returned: success}
diff:
  description:
    - The generation, its desired state and its files elsewhere; empty where there is none.
  type: dict
  returned: success
  contains:
    before: {description: As it was., type: dict}
    after: {description: 'As read back after the last step, as predicted in check mode.', type: dict}
done:
  description: The steps that were done before the one that failed, where they could not be taken back.
  type: list
  elements: str
  returned: failure
lost: {description: Always empty., type: list, elements: str, returned: failure}
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
    - 'write /usr/local/lib/kernel-bypass-sriov/generations/6498cebe1da1 (192 files: what runs at boot)'
    - write /etc/systemd/system/kernel-bypass-sriov.service
    - link /usr/local/lib/kernel-bypass-sriov/current to generations/6498cebe1da1
  returned: success
generation:
  description:
    - The one that the next boot runs, a hash of all that is in it; in check mode the one that it would run.
    - Null where there is none, and for O(state=marked).
  type: str
  returned: success
previous: {description: The one before it; null where there is none., type: str, returned: success}
unit:
  description: The unit as it is now.
  type: dict
  returned: success
  contains:
    enabled: {description: Whether it is started at the boot., type: bool}
    active:
      description: As C(systemctl is-active) has it; C(active) once it has done its work in this boot.
      type: str
    result: {description: 'What came of its last start, such as C(success); empty where it has no file.', type: str}
last_boot:
  description: What came of the last run in this boot; null where there was none.
  type: dict
  returned: success
  contains:
    outcome: {description: 'C(ok), C(changed), C(partial), C(refused), C(failed) or C(timeout).', type: str}
    seconds: {description: How long it took., type: float}
    generation: {description: The one that was run; null where there was none., type: str}
    steps: {description: 'What it did, one sentence a step.', type: list, elements: str}
    failures: {description: 'What it could not do, one sentence a PF.', type: list, elements: str}
reached:
  description: Whether the host is as desired now, so that nothing is in RV(differences).
  type: bool
  returned: success
differences:
  description:
    - Steps that are missing for the desired state. There are some in check mode only, and for O(state=rollback), where
      they are what the next boot would do now.
  type: list
  elements: str
  returned: success
owners:
  description: Who else sets the VFs of the PFs, or may, one sentence each.
  type: list
  elements: str
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.boot_state import run
from ..module_utils._module.options import BOOT_STATE

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = BOOT_STATE


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run(module, kernel)


if __name__ == "__main__":
    main()
