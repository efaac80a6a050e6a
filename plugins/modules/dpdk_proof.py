#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dpdk_proof
short_description: Show that a user without privileges can use a VF with DPDK
version_added: 0.1.0
description:
  - Runs C(dpdk-testpmd) on one VF, as an ordinary user without any capability and with C(--in-memory), as a transient
    unit of systemd that ends by itself and leaves nothing behind.
  - The port must be up, and have the MAC address of the VF. Exit status and counters are no proof. The program starts
    without a port as well, and then counts none.
  - Fails with the reason that the program gives, and with what can be done about it.
  - Needs root, systemd, and hugepages that are free. A VF that somebody uses is refused.
  - Nothing on the host is changed. In check mode the program is not run, and only the VF is looked at.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pf:
    description:
      - The PF of the VF, by interface name, alternative name, MAC address, PCI address or C(VENDOR:DEVICE).
    type: str
    required: true
  vf:
    description:
      - Index of the VF. Its driver must be C(vfio-pci).
    type: int
    required: true
  user:
    description:
      - Whom the program runs as.
    type: str
    required: true
  frames:
    description:
      - How many frames it has to receive. With V(0) the port has to be up, and nothing is waited for.
      - Somebody else sends them.
    type: int
    default: 0
  seconds:
    description:
      - For how long it runs where O(frames) is given, its start included. 1 to 3600.
    type: int
    default: 20
  megabytes:
    description:
      - Hugepages that it takes, in MiB.
    type: int
    default: 128
  program:
    description:
      - The program. One that takes the options of C(dpdk-testpmd), and prints what it prints.
    type: str
    default: dpdk-testpmd
seealso:
  - module: kernel_bypass.sriov.dpdk
"""

EXAMPLES = r"""
- name: VF 0 works without root
  kernel_bypass.sriov.dpdk_proof:
    pf: enp1s0
    vf: 0
    user: capture
"""

RETURN = r"""
pci_address:
  description: PCI address of the VF.
  returned: success
  type: str
  sample: "0000:01:10.0"
mac:
  description:
    - MAC address of the port that was up. In check mode that of the VF, null where the PF does not tell it.
  returned: success
  type: str
  sample: "02:00:00:00:01:99"
frames:
  description: Frames that it received.
  returned: success
  type: int
  sample: 1000
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
steps: {description: 'Always empty, since nothing is changed.', type: list, elements: str, returned: success}
not_seen:
  description:
    - What was asked and could not be read, one sentence each, such as what processes of other users have open. The
      other values are without it.
    - Empty where all could be seen, which is the rule for root.
  type: list
  elements: str
  sample:
    - 'what 71 processes (1, systemd, is one) have open: holders of VFs for user space may be missing'
  returned: success
diff:
  description: The part of the state that the options speak of; empty where the module only looks.
  type: dict
  returned: success
  contains:
    before: {description: As it was., type: dict}
    after: {description: 'As read back after the last step, as predicted in check mode.', type: dict}
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
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import TIMEOUT
from ..module_utils._module.run import Answer, answer
from ..module_utils._sriov.errors import InvalidRequest
from ..module_utils._sriov.faults import Faults
from ..module_utils._sriov.model.dpdk import account_name
from ..module_utils._sriov.proof import Proof, prove

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "pf": {"type": "str", "required": True},
    "vf": {"type": "int", "required": True},
    "user": {"type": "str", "required": True},
    "frames": {"type": "int", "default": 0},
    "seconds": {"type": "int", "default": 20},
    "megabytes": {"type": "int", "default": 128},
    "program": {"type": "str", "default": "dpdk-testpmd"},
    **TIMEOUT,
}
MOST = {"vf": (0, 65535), "frames": (0, 1 << 40), "seconds": (1, 3600), "megabytes": (16, 1 << 20)}


def wanted(params: dict[str, t.Any]) -> Proof:
    """:raises SriovError: all that is wrong with the options."""
    faults = Faults()
    for name, (least, most) in MOST.items():
        if not least <= params[name] <= most:
            what = f"{name}: {params[name]} is not between {least} and {most}"
            faults.add(InvalidRequest(what, remedy=f"give {least} to {most}"))
    with faults.gathered():
        account_name("user", "user", params["user"])
    if not params["program"].strip() or params["program"].startswith("-"):
        faults.add(InvalidRequest(f"program: {params['program']!r} is none", remedy="name it, or give its whole path"))
    faults.tell()
    return Proof(**{name: params[name] for name in Proof._fields})


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def read(params: dict[str, t.Any], outside: Kernel) -> Answer:
        return Answer(*prove(outside, wanted(params), params["timeout"], module.check_mode))

    answer(module, read, kernel)


if __name__ == "__main__":
    main()
