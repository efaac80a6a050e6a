#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xsk_proof
short_description: Show that a user without privileges can read from a queue by AF_XDP
version_added: 0.1.0
description:
  - Runs a reader of this collection as an ordinary user with C(CAP_NET_RAW) and no other capability. It is a transient
    unit of systemd that ends by itself and leaves nothing behind.
  - With O(by=dpdk) it is C(dpdk-testpmd) with C(net_af_xdp) instead, which needs DPDK 24.07 or later and free
    hugepages. Older ones load a program of their own, which drops flow rules and tables on some NICs, and needs root.
  - The reader binds an AF_XDP socket to one RX queue, puts it into the map that the XDP program of the queue looks
    into, and counts the frames that come. It is written in Python, so that it shows what works, not how fast.
  - Fails with what the kernel refused, why, and what can be done about it.
  - Needs root and systemd, Linux 5.19 or later, and a queue that was prepared. One that somebody reads from is refused.
  - Nothing of the NIC is changed. In check mode the reader is not run, and only the queue is looked at.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pf:
    description:
      - The PF, or another NIC, by interface name, alternative name, MAC address, PCI address or C(VENDOR:DEVICE).
    type: str
    required: true
  queue:
    description:
      - The RX queue.
    type: int
    required: true
  user:
    description:
      - Whom the reader runs as. The user has to be in the group of the queue, which may open the map.
    type: str
    required: true
  frames:
    description:
      - How many frames have to come; the reader ends with the last of them. Somebody else sends them.
      - Left out, frames are counted for O(seconds); without that as well, the socket has to get into its place, and
        nothing is waited for.
    type: int
  seconds:
    description:
      - For how long it reads, at the longest. Up to 3600.
      - Left out, 20 s where O(frames) is given.
    type: float
  mode:
    description:
      - V(zerocopy), the driver has to write frames right into the reader's memory, else it fails.
      - V(copy), the kernel copies them, also where the driver could do without.
      - V(any), as the driver can.
    type: str
    choices: [any, zerocopy, copy]
    default: any
  by:
    description:
      - Who reads. V(reader) is the reader of this collection, V(dpdk) is O(program).
    type: str
    choices: [reader, dpdk]
    default: reader
  megabytes:
    description:
      - Hugepages that V(dpdk) takes, in MiB.
    type: int
    default: 128
  program:
    description:
      - For V(dpdk), a program that takes the options of C(dpdk-testpmd), and prints what it prints.
    type: str
    default: dpdk-testpmd
  python:
    description:
      - The Python that runs the reader, 3.8 or later. By default the one that runs this module, which O(user) has to be
        able to run too.
    type: str
seealso:
  - module: kernel_bypass.sriov.rx_rate
  - module: kernel_bypass.sriov.dpdk_proof
"""

EXAMPLES = r"""
- name: Queue 1 can be read without root
  kernel_bypass.sriov.xsk_proof:
    pf: enp1s0
    queue: 1
    user: capture

- name: Queue 1 can be read by DPDK without root
  kernel_bypass.sriov.xsk_proof:
    pf: enp1s0
    queue: 1
    user: capture
    by: dpdk

- name: 2000 frames come in half a minute, without a copy
  kernel_bypass.sriov.xsk_proof:
    pf: enp1s0
    queue: 1
    user: capture
    frames: 2000
    seconds: 30
    mode: zerocopy
"""

RETURN = r"""
interface:
  description: Name of the interface.
  returned: success
  type: str
  sample: enp1s0
queue:
  description: The queue.
  returned: success
  type: int
  sample: 1
map:
  description: The map into which the socket was put.
  returned: success
  type: str
  sample: /run/kernel-bypass-sriov/bpf/enp1s0/xsks_map
mode:
  description:
    - V(zerocopy) or V(copy), what the socket has become. Null in check mode, and with O(by=dpdk), which does not tell.
    - V(copy) where the XDP program is attached above the driver (generic), whatever the kernel says there.
  returned: success
  type: str
  sample: zerocopy
frames:
  description: Frames that came to the reader.
  returned: success
  type: int
  sample: 2000
seconds:
  description: For how long it has read.
  returned: success
  type: float
  sample: 1.204
statistics:
  description:
    - The socket's own counters (C(XDP_STATISTICS)), what came to its queue and got lost. Empty in check mode, and with
      O(by=dpdk).
    - C(rx_fill_ring_empty_descs) also counts how often the driver had no room before a frame came.
  returned: success
  type: dict
  sample: {rx_dropped: 0, rx_invalid_descs: 0, tx_invalid_descs: 0, rx_ring_full: 0, rx_fill_ring_empty_descs: 0,
    tx_ring_empty_descs: 0}
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
from ..module_utils._sriov.xsk_proof import COPY, DPDK, READER, ZEROCOPY, Proof, prove

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "pf": {"type": "str", "required": True},
    "queue": {"type": "int", "required": True},
    "user": {"type": "str", "required": True},
    "frames": {"type": "int"},
    "seconds": {"type": "float"},
    "mode": {"type": "str", "choices": ["any", ZEROCOPY, COPY], "default": "any"},
    "by": {"type": "str", "choices": [READER, DPDK], "default": READER},
    "megabytes": {"type": "int", "default": 128},
    "program": {"type": "str", "default": "dpdk-testpmd"},
    "python": {"type": "str"},
    **TIMEOUT,
}
MOST = {"queue": (0, 65535), "frames": (1, 1 << 40), "seconds": (0.1, 3600), "megabytes": (16, 1 << 20)}


def wanted(params: dict[str, t.Any]) -> Proof:
    """:raises SriovError: all that is wrong with the options."""
    faults = Faults()
    for name, (least, most) in MOST.items():
        if params[name] is not None and not least <= params[name] <= most:
            what = f"{name}: {params[name]} is not between {least} and {most}"
            faults.add(InvalidRequest(what, remedy=f"give {least} to {most}"))
    with faults.gathered():
        account_name("user", "user", params["user"])
    python = params["python"] or ""
    if python and not python.startswith("/"):
        faults.add(InvalidRequest(f"python: {python!r} is no whole path", remedy="write it as in /usr/bin/python3"))
    if not params["program"].strip() or params["program"].startswith("-"):
        faults.add(InvalidRequest(f"program: {params['program']!r} is none", remedy="name it, or give its whole path"))
    if params["by"] == DPDK:
        faults.add(*_not_by_dpdk(params))
    faults.tell()
    return Proof(**{**{name: params[name] for name in Proof._fields}, "python": python})


def _not_by_dpdk(params: dict[str, t.Any]) -> t.Iterator[InvalidRequest]:
    """It ends when its time is over, not with the last frame, and does not tell how frames came."""
    if params["mode"] == ZEROCOPY:
        what = "mode: dpdk-testpmd does not tell whether frames were copied"
        yield InvalidRequest(what, remedy="by: reader shows it; or mode: any")
    if params["seconds"] is not None and params["frames"] is None:
        what = "seconds: it is for frames, where dpdk-testpmd reads"
        yield InvalidRequest(what, remedy="say how many (frames), or leave it out")


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def read(params: dict[str, t.Any], outside: Kernel) -> Answer:
        return Answer(*prove(outside, wanted(params), module.check_mode))

    answer(module, read, kernel, more=module.params["seconds"] or 0)


if __name__ == "__main__":
    main()
