#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xsk_queue
short_description: Receive queues of a PF for sockets of AF_XDP
version_added: 0.1.0
description:
  - Gives receive queues of a physical function (PF), or of a NIC without SR-IOV, to sockets of AF_XDP, while the NIC
    stays with the kernel. A small XDP program of this collection is attached once, and the map into which sockets are
    put is pinned in a directory that a group may enter. Neither a compiler nor libbpf is needed on the host.
  - The program passes every frame on to the kernel for whose queue no socket is in the map. So attaching it is
    harmless by itself, and an application can start, end and start again without any change to the NIC.
  - The queues get no share of the RSS table, so frames come to them by flow rules alone, see
    M(kernel_bypass.sriov.flow_rule). A table that somebody has set keeps its entries for other queues.
  - On ixgbe attaching and detaching a program drops all flow rules and the RSS table in silence. Both are steps here,
    and the same run puts back what they drop, of others too. Rules and tables that an application drops by attaching a
    program of its own are lost without a word, at its start and at its end.
  - The program lives until the next boot. M(kernel_bypass.sriov.boot_state) makes it again there.
notes:
  - An application needs the path of the map, C(xsk.map) of RV(pf), membership of O(group) and the capability
    C(CAP_NET_RAW), nothing more. With DPDK 24.11 these are C(use_pinned_map=1) and C(dp_path) of C(net_af_xdp).
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.attributes.changes
  - kernel_bypass.sriov.pf
  - kernel_bypass.sriov.xsk
seealso:
  - module: kernel_bypass.sriov.flow_rule
  - module: kernel_bypass.sriov.rss
"""

EXAMPLES = r"""
- name: Queue 1 for a program whose user is in group dpdk
  kernel_bypass.sriov.xsk_queue:
    pf: enp1s0
    queues: [1]
    group: dpdk

- name: A flow to it
  kernel_bypass.sriov.flow_rule:
    pf: enp1s0
    rules:
      - {flow_type: udp4, dst_ip: 192.0.2.30, dst_port: 4321, queue: 1}

- name: All of it in one plan
  kernel_bypass.sriov.host:
    pfs:
      - pf: enp1s0
        xsk: {queues: [1], group: dpdk}
        rules:
          - {flow_type: udp4, dst_ip: 192.0.2.30, dst_port: 4321, queue: 1}

- name: For a program that polls, fewer interrupts of the queue
  kernel_bypass.sriov.xsk_queue:
    pf: enp1s0
    queues: [1]
    group: dpdk
    napi_defer_hard_irqs: 2
    gro_flush_timeout: 200000

- name: Everything back to the kernel
  kernel_bypass.sriov.xsk_queue:
    pf: enp1s0
    state: absent
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
    - attach the XDP program for AF_XDP sockets to enp1s0 (0000:01:00.0) (native)
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import XSK_QUEUE
from ..module_utils._module.request import MODULES
from ..module_utils._module.run import ONE_PF, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = XSK_QUEUE


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run(module, MODULES["xsk_queue"], ONE_PF, kernel)


if __name__ == "__main__":
    main()
