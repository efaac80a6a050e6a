#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rx_rate
short_description: Packets per second that a NIC receives, by queue and counter
version_added: 0.1.0
description:
  - Reads the driver's own statistics, waits, reads them again, and gives what C(watch -d ethtool -S) would show, as
    numbers per second.
  - Changes nothing; check mode samples as well. Needs no root.
  - RV(packets_per_second) is all that the kernel's driver receives, also what an XDP program or an AF_XDP socket took.
    Where that is not known of the driver's counters, it is what the kernel itself counts; see RV(counted_by).
  - A counter that goes back meanwhile has no rate, nor has what is a sum of such. A zero-copy AF_XDP socket sets the
    counter of its queue to 0 when it is bound and when it is closed; see RV(since_reset).
  - The queues of a PF do not count what its VFs receive, and no kernel driver counts what a bypass application receives
    through another.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pf:
    description:
      - The interface, by interface name, alternative name, MAC address, PCI address or C(VENDOR:DEVICE) as
        V("8086:10fb"). Any network card with an interface in this network namespace will do, also a VF.
    type: str
    required: true
  seconds:
    description:
      - How long to sample, more than 0 and at most 3600.
      - Some drivers copy the card's counters to memory only once a second (C(bnxt)). Over one second these are off by
        up to as much again; give 5 or more.
    type: float
    default: 1.0
  interval:
    description:
      - Also sample every so many seconds in between, and return each as RV(samples). At most 3600 of them.
    type: float
  pattern:
    description:
      - Regular expression (Python's) that is searched in the names of counters; RV(rates) has those where it is found.
      - By default what is received or lost on the way, in packets, and what flow director did with it, for instance
        C(rx_packets), C(rx_missed_errors), C(rx_no_dma_resources), C(fdir_match).
    type: str
    default: "^(?!.*bytes).*(rx.*(packet|pkt|frame|cast|_cnt|miss|drop|disc|err(?!upt)|fail|overrun|overflow|oob|exceed\
      |trunc|no_?(dma|buf|mem|desc|skb|wqe)|out_of_buf|xdp_(redirect|tx_xmit|tx$))|pkts? rx|dropped rx|rcv_pkts\
      |rq0_packets|xdp_no_pass|no_buff|allowance_exceeded|fdir.*(match|miss|overflow))"
  idle:
    description:
      - Whether RV(queues) also has the queues in use that received nothing, and RV(rates) the counters that stood still
        and are one of many alike, such as those of queues and priorities.
    type: bool
    default: false
  sockets:
    description:
      - Whether RV(sockets) tells what AF_XDP sockets of the interface lose, whoever has them. Needs Linux 5.9.
    type: bool
    default: false
seealso:
  - module: kernel_bypass.sriov.pf
"""

EXAMPLES = r"""
- name: Which queues are busy
  kernel_bypass.sriov.rx_rate:
    pf: enp1s0

- name: Ten seconds, also one by one
  kernel_bypass.sriov.rx_rate:
    pf: "0000:01:00.0"
    seconds: 10
    interval: 1

- name: What the flow rules match, and what found no buffer
  kernel_bypass.sriov.rx_rate:
    pf: a0:36:9f:00:00:01
    seconds: 5
    pattern: ^(fdir_match|rx_no_dma_resources)$
"""

RETURN = r"""
interface:
  description: Name of the interface that was sampled.
  returned: success
  type: str
  sample: enp1s0
seconds:
  description: Seconds between the first and the last reading, by the monotonic clock. The rates are for these.
  returned: success
  type: float
  sample: 1.001
packets_per_second:
  description:
    - What the interface receives; RV(counted_by) says by which counters.
    - Null where a counter in it was reset, or where there is none.
  returned: success
  type: float
  sample: 22321.4
counted_by:
  description:
    - V(driver) where RV(packets_per_second) is the sum of all that the driver counts, by queue and beside the queues.
    - V(kernel) where it is not known whether the driver's counters are all, or there are none. It is then C(rx_packets)
      of RV(kernel), and RV(queues) may be a part of it. Some drivers leave out there what an XDP program took.
    - V(nothing) where neither counts.
  returned: success
  type: str
  sample: driver
queues:
  description:
    - The RX queues that received something, in ascending order, and with O(idle=true) the others that are in use.
    - Empty where the driver does not count by queue (C(igbvf), C(vmxnet3), newer C(virtio_net)).
  returned: success
  type: list
  elements: dict
  contains:
    queue: {description: Number of the queue., type: int, returned: always}
    packets_per_second:
      description: Packets received on it; null where its counter was reset.
      type: float
      returned: always
  sample:
    - {queue: 0, packets_per_second: 14880.9}
    - {queue: 3, packets_per_second: 7440.5}
rates:
  description:
    - The rate of each counter that O(pattern) chooses, by the driver's name; without those of RV(reset), and unless
      O(idle=true) without those that stood still and are one of many alike.
    - Counters that the driver gives one name are added up (C(vmxnet3)).
  returned: success
  type: dict
  sample: {rx_packets: 22321.4, rx_missed_errors: 0.0, fdir_match: 7440.5, rx_queue_0_packets: 14880.9}
kernel:
  description:
    - The rates of the kernel's own counters of what is received and lost, as C(ip -s -s link) names them with C(rx_)
      before; without those of RV(reset).
  returned: success
  type: dict
  sample: {rx_packets: 22321.4, rx_dropped: 0.0, rx_errors: 0.0, rx_missed_errors: 0.0}
reset:
  description:
    - Counters among those chosen or summed up, and of the kernel, that went backwards, or came or went, since the
      driver reset the card or changed its queues. They have no rate. A counter of 32 bits that wrapped looks the same,
      and is not guessed at.
    - Where the counter of a queue went back, also C(rx_packets), C(rx_bytes), C(tx_packets) and C(tx_bytes). Drivers
      add their queues up there, so that the rate would be too low by an unknown part.
  returned: success
  type: list
  elements: str
  sample: []
since_reset:
  description:
    - Queues whose counter went back, and what it has counted since then, as it begins again at 0. What came in these
      seconds before is not known.
  returned: success
  type: list
  elements: dict
  contains:
    queue: {description: Number of the queue., type: int, returned: always}
    packets: {description: Packets received on it since then., type: int, returned: always}
  sample: []
sockets:
  description:
    - AF_XDP sockets that are bound to queues of the interface, by queue.
    - What such a socket receives is counted by its program alone.
  returned: when O(sockets=true)
  type: list
  elements: dict
  contains:
    queue: {description: Number of the queue., type: int, returned: always}
    inode: {description: Inode of the socket., type: int, returned: always}
    lost:
      description:
        - Frames that it has lost since it was made, by the names of C(XDP_STATISTICS), C(rx_dropped),
          C(rx_invalid_descs), C(rx_ring_full) and C(rx_fill_ring_empty_descs).
      type: dict
      returned: always
    lost_per_second:
      description: The same a second; null for a socket that came meanwhile.
      type: dict
      returned: always
  sample:
    - queue: 1
      inode: 31222
      lost: {rx_dropped: 0, rx_invalid_descs: 0, rx_ring_full: 12, rx_fill_ring_empty_descs: 0}
      lost_per_second: {rx_dropped: 0.0, rx_invalid_descs: 0.0, rx_ring_full: 4.0, rx_fill_ring_empty_descs: 0.0}
samples:
  description: What lies between each two readings, oldest first.
  returned: when O(interval) is given
  type: list
  elements: dict
  contains:
    seconds: {description: When it ended. The first reading is at 0., type: float, returned: always}
    packets_per_second: {description: As RV(packets_per_second); null as that is., type: float, returned: always}
    rates: {description: As RV(rates) without counters that stood still., type: dict, returned: always}
    reset: {description: As RV(reset)., type: list, elements: str, returned: always}
    since_reset: {description: As RV(since_reset)., type: list, elements: dict, returned: always}
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

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.run import Answer, answer
from ..module_utils._sriov.observe.rates import DEFAULT_PATTERN, MAX_SECONDS
from ..module_utils._sriov.observe.sampler import Sampler

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = {
    "pf": {"type": "str", "required": True},
    "seconds": {"type": "float", "default": 1.0},
    "interval": {"type": "float"},
    "pattern": {"type": "str", "default": DEFAULT_PATTERN},
    "idle": {"type": "bool", "default": False},
    "sockets": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}


def main(
    kernel: Kernel | None = None,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def read(params: dict[str, t.Any], outside: Kernel) -> Answer:
        sampled = Sampler(outside, params["timeout"], clock, sleep).sample(
            *(params[name] for name in ("pf", "seconds", "interval", "pattern", "idle", "sockets"))
        )
        return Answer(sampled.values, sampled.warnings)

    # What is no time is refused where it is read.
    answer(module, read, kernel, more=min(max(0.0, module.params["seconds"]), MAX_SECONDS))


if __name__ == "__main__":
    main()
