#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drop_cost
short_description: What a packet costs that is dropped, by the kernel or beside it
version_added: 0.1.0
description:
  - Has packets dropped for some seconds by one contender, and measures the CPU time that each of them takes.
  - For the kernel that is the time of the threads of NAPI (C(/sys/class/net/NAME/threaded)), which poll the PF's
    queues, divided by the packets of these. For C(dpdk-testpmd) it is the time of those of its polls that found some,
    and for a queue that it reads by AF_XDP the sum of both.
    Both leave out waiting, so that what one core could take is RV(packets_per_core_second), whatever comes.
  - The cost is the lower quartile of several samples, since whatever else has the CPU meanwhile only adds to it.
  - Sends nothing. A generator has to send UDP packets to O(port) all the while.
  - The RSS table, C(threaded), rules and programs are brought back to what they were, whatever happens. Where a run was
    killed, the next one does that first, and RV(steps) tells. A boot does it too.
  - The table of nft is C(kernel_bypass_sriov_drop), and the XDP program C(kbs_drop). What is others' stays.
  - Refused is what would cut the SSH connection, a PF that has an XDP program (for O(contender=xsk) one that does not
    look into the map of this collection), and a rule that is there already.
  - In check mode nothing is measured. What would be refused is.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pf:
    description:
      - The PF, by interface name, alternative name, MAC address, PCI address or C(VENDOR:DEVICE). A NIC without SR-IOV
        will do for those in the kernel.
    type: str
    required: true
  contender:
    description:
      - V(raw), a rule in iptables' table C(raw), C(PREROUTING), by C(iptables-legacy). Where that is not installed, it
        is the same by C(nft), and RV(dropped_by) says so. C(iptables-nft) only writes rules of nft, and costs the same.
      - V(nft), a rule of nft at the same place.
      - V(xdp), a program in the driver that drops everything, also what is not to O(port). Some drivers reset the NIC
        when it is attached and again when it is detached (C(ixgbe)), and C(ixgbe) has it without VFs only.
      - V(xsk), C(dpdk-testpmd) on a queue of the PF, by AF_XDP. The queue has to be given to programs before (module
        M(kernel_bypass.sriov.xsk_queue), or role C(queue_bypass)), and a flow rule has to lead the packets there, and
        nine tenths of all that the PF receives. It needs DPDK 24.07 or later, which Debian 13 has.
      - V(vf), C(dpdk-testpmd) on a VF of C(vfio-pci). That VF has to receive the packets (module
        M(kernel_bypass.sriov.flow_rule)).
    type: str
    choices: [raw, nft, xdp, xsk, vf]
    required: true
  queues:
    description:
      - Over so many of its queues, from 0 on, the PF's RSS table spreads meanwhile. Left out, the table stays as it is.
        It means nothing for V(xsk) and V(vf).
    type: int
  vf:
    description:
      - Index of the VF, for O(contender=vf). Its driver must be C(vfio-pci), and nobody may use it.
    type: int
    default: 0
  queue:
    description:
      - The queue, for O(contender=xsk). Nobody may read it.
    type: int
    default: 1
  port:
    description:
      - UDP destination of what is dropped, for V(raw) and V(nft).
    type: int
    default: 4321
  seconds:
    description:
      - For how long it is measured, 1 to 3600, and a minute less than O(timeout).
    type: float
    default: 10.0
  allow:
    description:
      - What is accepted, for this run.
      - V(drop_traffic), that packets are dropped. Nothing is measured without.
      - V(in_use), for O(contender=xdp), that whoever uses the PF receives nothing meanwhile.
    type: list
    elements: str
    choices: [drop_traffic, in_use]
    default: []
  user:
    description:
      - Whom C(dpdk-testpmd) runs as. It has no capability in any case, but for C(CAP_NET_RAW) with O(contender=xsk).
    type: str
    default: root
  megabytes:
    description:
      - Hugepages that it takes, in MiB.
    type: int
    default: 128
  program:
    description:
      - The program. One that takes the options and commands of C(dpdk-testpmd), and prints what it prints.
    type: str
    default: dpdk-testpmd
seealso:
  - module: kernel_bypass.sriov.rx_rate
  - module: kernel_bypass.sriov.dpdk_proof
"""

EXAMPLES = r"""
- name: What the kernel spends on a packet that it drops, all of them on queue 0
  kernel_bypass.sriov.drop_cost:
    pf: enp1s0
    contender: raw
    queues: 1
    allow: [drop_traffic]

- name: What a queue that DPDK reads by AF_XDP costs the kernel and DPDK together
  kernel_bypass.sriov.drop_cost:
    pf: enp1s0
    contender: xsk
    queue: 1
    allow: [drop_traffic]

- name: What DPDK spends
  kernel_bypass.sriov.drop_cost:
    pf: enp1s0
    contender: vf
    vf: 0
    allow: [drop_traffic]
"""

RETURN = r"""
contender:
  description: As option O(contender).
  returned: success, but not in check mode where there is something to bring back first
  type: str
  sample: raw
dropped_by:
  description: What drops, V(iptables-legacy), V(nft), V(XDP), V(AF_XDP) or V(DPDK).
  returned: success, but not in check mode where there is something to bring back first
  type: str
  sample: iptables-legacy
interface:
  description: Name of the PF's interface; empty where it has none here.
  returned: success, but not in check mode where there is something to bring back first
  type: str
  sample: enp1s0
pci_address:
  description: PCI address of who receives, the PF or the VF.
  returned: success, but not in check mode where there is something to bring back first
  type: str
  sample: "0000:01:00.0"
clock:
  description: Whose time it was.
  returned: success, but not in check mode where there is something to bring back first
  type: dict
  contains:
    real:
      description:
        - Whether it was the time of a CPU. That of an emulated one (C(qemu) without KVM) says what instructions are
          worth, or how busy the machine is, and not how fast anything is.
      type: bool
    virtualization: {description: "As C(systemd-detect-virt --vm) has it.", type: str}
    clock_source: {description: The kernel's clock source., type: str}
  sample: {real: true, virtualization: none, clock_source: tsc}
time_of:
  description: What the time is of.
  returned: success, but not in check mode
  type: str
  sample: threads of NAPI
ns_per_packet:
  description: Nanoseconds of CPU time a packet, the lower quartile of RV(samples).
  returned: success, but not in check mode
  type: float
  sample: 208.3
kernel_ns_per_packet:
  description: What of RV(ns_per_packet) the kernel spent, by its threads of NAPI.
  returned: success, O(contender=xsk), but not in check mode
  type: float
  sample: 120.0
user_ns_per_packet:
  description: What of RV(ns_per_packet) C(dpdk-testpmd) spent.
  returned: success, O(contender=xsk), but not in check mode
  type: float
  sample: 30.0
mode:
  description: How frames came to C(dpdk-testpmd), V(zerocopy) or V(copy); null where the kernel does not tell.
  returned: success, O(contender=xsk), but not in check mode
  type: str
  sample: zerocopy
ns_per_packet_median:
  description: The median of RV(samples).
  returned: success, but not in check mode
  type: float
  sample: 211.0
samples:
  description: Nanoseconds a packet in each part of the time. Those with fewer than 200 packets are left out.
  returned: success, but not in check mode
  type: list
  elements: float
  sample: [208.3, 211.0, 214.9]
packets_per_core_second:
  description: What one core could take at that cost.
  returned: success, but not in check mode
  type: float
  sample: 4801000.0
packets:
  description: Packets that were received.
  returned: success, but not in check mode
  type: int
  sample: 47811000
seconds:
  description: For how long they were counted.
  returned: success, but not in check mode
  type: float
  sample: 10.001
offered_per_second:
  description: Packets a second that came for it, received or lost.
  returned: success, but not in check mode
  type: float
  sample: 14880000.0
received_per_second:
  description: Packets a second that it received.
  returned: success, but not in check mode
  type: float
  sample: 4781000.0
lost_per_second:
  description:
    - Packets a second that found no room, by the counters C(rx_missed_errors) and C(rx_no_dma_resources) of the PF. Of
      a VF they are with what the PF itself loses meanwhile.
  returned: success, but not in check mode
  type: float
  sample: 10099000.0
queues:
  description: Those of the PF that received something, as far as the driver counts them.
  returned: success, but not in check mode
  type: list
  elements: dict
  contains:
    queue: {description: Number of the queue., type: int}
    packets_per_second: {description: Packets received on it., type: float}
  sample: [{queue: 0, packets_per_second: 4781000.0}]
not_seen:
  description: What could not be read about the VF's users, one sentence each.
  returned: success, O(contender=vf)
  type: list
  elements: str
  sample: []
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
steps:
  description:
    - What an earlier run that was killed had left, and was put back first, one sentence a step. What the run itself
      changes it puts back, and that is not told.
  type: list
  elements: str
  sample:
    - have the RSS table of enp1s0 as it was
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
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import TIMEOUT
from ..module_utils._module.run import Changed, carry_out
from ..module_utils._sriov.drop_cost.measure import Means, measure
from ..module_utils._sriov.errors import InvalidRequest
from ..module_utils._sriov.faults import Faults
from ..module_utils._sriov.model.consent import IN_USE
from ..module_utils._sriov.model.dpdk import account_name
from ..module_utils._sriov.model.drop_cost import CONTENDERS, DROP_TRAFFIC, Request

if t.TYPE_CHECKING:
    from ..module_utils._sriov.alone import Tell
    from ..module_utils._sriov.kernel.deadline import Deadline
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "pf": {"type": "str", "required": True},
    "contender": {"type": "str", "required": True, "choices": list(CONTENDERS)},
    "queues": {"type": "int"},
    "vf": {"type": "int", "default": 0},
    "queue": {"type": "int", "default": 1},
    "port": {"type": "int", "default": 4321},
    "seconds": {"type": "float", "default": 10.0},
    "allow": {"type": "list", "elements": "str", "choices": [DROP_TRAFFIC, IN_USE], "default": []},
    "user": {"type": "str", "default": "root"},
    "megabytes": {"type": "int", "default": 128},
    "program": {"type": "str", "default": "dpdk-testpmd"},
    **TIMEOUT,
}
MOST = {
    "queues": (1, 1024),
    "vf": (0, 65535),
    "queue": (0, 65535),
    "port": (1, 65535),
    "seconds": (1, 3600),
    "megabytes": (16, 1 << 20),
}
BESIDE = 60  # seconds beside those that it measures: testpmd starts, links come back


def wanted(params: dict[str, t.Any]) -> Request:
    """:raises SriovError: all that is wrong with the options."""
    faults = Faults()
    for name, (least, most) in MOST.items():
        if params[name] is not None and not least <= params[name] <= most:
            what = f"{name}: {params[name]} is not between {least} and {most}"
            faults.add(InvalidRequest(what, remedy=f"give {least} to {most}"))
    if params["seconds"] > params["timeout"] - BESIDE:
        what = f"seconds: {params['seconds']:g} are too many for a timeout of {params['timeout']}"
        faults.add(InvalidRequest(what, remedy=f"give a timeout that is {BESIDE} s more"))
    with faults.gathered():
        account_name("user", "user", params["user"])
    if not params["program"].strip() or params["program"].startswith("-"):
        faults.add(InvalidRequest(f"program: {params['program']!r} is none", remedy="name it, or give its whole path"))
    faults.tell()
    given = {name: params[name] for name in Request._fields}
    return Request(**{**given, "allow": tuple(params["allow"])})


def main(
    kernel: Kernel | None = None,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def change(outside: Kernel, check: bool, deadline: Deadline, tell: Tell) -> Changed:
        found = measure(outside, wanted(module.params), check, Means(deadline.left(), clock, sleep, tell))
        return Changed(found.steps, {"before": {}, "after": {}}, found.values)

    carry_out(module, change, kernel)


if __name__ == "__main__":
    main()
