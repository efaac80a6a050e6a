#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dpdk
short_description: What programs that use DPDK without root need of a host
version_added: 0.1.0
description:
  - Gives a group and its users, locked memory, and drop-ins for services of the user's own, so that a program can use
    VFs of C(vfio-pci) without root and without any capability.
  - Masks Debian's C(dpdk.service), which the package C(dpdk) enables, and which binds devices and reserves hugepages at
    boot as C(/etc/dpdk) says. Where that says something, it is refused with file and line. What has run stays as it is.
  - Mounts no C(hugetlbfs). A program that is started with C(--in-memory) needs none.
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  state:
    description:
      - V(present), it is there as the other options say.
      - V(absent), the drop-ins of all services and the limits that say that this collection has written them are there
        no more; the other options mean nothing then. A service that was to start after the boot unit starts without.
      - V(absent) beside O(queue_units), what these have of O(queue_units) is there no more, and all the rest stays.
      - Group, users and packages stay, since they may own files or be of use elsewhere, and so does a C(dpdk.service)
        that is masked, as nobody knows by whom. A warning says so.
    type: str
    choices: [present, absent]
    default: present
  group:
    description:
      - The group that may open VFs. Created as a system group where it is not there.
    type: str
    default: dpdk
  users:
    description:
      - Users that shall be in the group, also those of LDAP. Nobody is taken out.
      - A session that is open has the new group only after the next login; a service after its restart.
    type: list
    elements: str
    default: []
  create_users:
    description:
      - Whether O(users) that are not there are created, as system users whom nobody logs in as, each with a group of
        its own. Without, one that is not there is refused.
    type: bool
    default: false
  memlock:
    description:
      - Whether those who log in as users of the group may lock as much memory as they want, in a file of
        C(/etc/security/limits.d). VFIO counts all memory of a program as locked.
      - Services do not read that file. See O(units).
    type: bool
    default: true
  units:
    description:
      - Services of the user's own. Each gets a drop-in with C(LimitMEMLOCK=infinity) and the group as a further one.
      - Neither is restarted. C(.service) may be left out.
    type: list
    elements: str
    default: []
  queue_units:
    description:
      - Services of the user's own that read from queues of a PF by AF_XDP. Each gets a drop-in of its own with
        C(AmbientCapabilities=CAP_NET_RAW), C(LimitMEMLOCK=infinity) and the group as a further one.
      - Where the service says C(CapabilityBoundingSet=), that has to contain C(CAP_NET_RAW), else it does not start.
    type: list
    elements: str
    default: []
  after_boot_unit:
    description:
      - Whether O(units) and O(queue_units) start only after C(kernel-bypass-sriov.service) has brought the NICs to what
        they shall be, and do not start where that failed. For hosts whose state is kept over reboots.
    type: bool
    default: false
  mask_service:
    description:
      - Whether Debian's C(dpdk.service) is masked. A unit of that name of somebody's own is left alone.
    type: bool
    default: true
seealso:
  - module: kernel_bypass.sriov.dpdk_proof
"""

EXAMPLES = r"""
- name: A service that captures, and whoever looks after it
  kernel_bypass.sriov.dpdk:
    users: [capture]
    units: [capture.service]
    after_boot_unit: true

- name: A service that reads from a queue of the PF by AF_XDP
  kernel_bypass.sriov.dpdk:
    users: [capture]
    queue_units: [capture.service]

- name: Nothing of it any more, but for group and users
  kernel_bypass.sriov.dpdk:
    state: absent
"""

RETURN = r"""
group:
  description: The group, as it is; as it will be in check mode.
  returned: success, O(state=present)
  type: str
creates_group:
  description: Whether it was created, or would be in check mode.
  returned: success, O(state=present)
  type: bool
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  type: list
  elements: str
  sample:
    - create group dpdk
    - put user capture into group dpdk
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

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import TIMEOUT
from ..module_utils._module.run import Changed, carry_out
from ..module_utils._sriov.dpdk import forget_dpdk, prepare_dpdk
from ..module_utils._sriov.faults import Faults
from ..module_utils._sriov.model.dpdk import DesiredDpdk, account_name
from ..module_utils._sriov.model.under_way import under_way
from ..module_utils._sriov.model.units import unit_name

if t.TYPE_CHECKING:
    from ..module_utils._sriov.alone import Tell
    from ..module_utils._sriov.kernel.deadline import Deadline
    from ..module_utils._sriov.kernel.kernel import Kernel

PRESENT = "present"
ABSENT = "absent"
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT},
    "group": {"type": "str", "default": "dpdk"},
    "users": {"type": "list", "elements": "str", "default": []},
    "create_users": {"type": "bool", "default": False},
    "memlock": {"type": "bool", "default": True},
    "units": {"type": "list", "elements": "str", "default": []},
    "queue_units": {"type": "list", "elements": "str", "default": []},
    "after_boot_unit": {"type": "bool", "default": False},
    "mask_service": {"type": "bool", "default": True},
    **TIMEOUT,
}


def desired(params: dict[str, t.Any]) -> DesiredDpdk:
    """:raises SriovError: all that is wrong with names."""
    faults = Faults()
    units: dict[str, list[str]] = {"units": [], "queue_units": []}
    with faults.gathered():
        account_name("group", "group", params["group"])
    for number, user in enumerate(params["users"]):
        with faults.gathered():
            account_name(f"users[{number}]", "user", user)
    for option, found in units.items():
        for number, unit in enumerate(params[option]):
            with faults.gathered():
                found.append(unit_name(f"{option}[{number}]", unit))
    faults.tell()
    users, masks = tuple(dict.fromkeys(params["users"])), params["mask_service"]
    for_vfs, for_queues = (tuple(dict.fromkeys(found)) for found in units.values())
    more = (params["memlock"], for_vfs, params["after_boot_unit"], masks, params["create_users"], for_queues)
    return DesiredDpdk(params["group"], users, *more)


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)

    def change(outside: Kernel, check: bool, _deadline: Deadline, tell: Tell) -> Changed:
        wanted = desired(module.params)
        values: dict[str, t.Any] = {}
        if module.params["state"] == ABSENT:
            done = forget_dpdk(outside, check, lambda steps: tell(under_way(steps)), wanted.queue_units)
        else:
            done = prepare_dpdk(outside, wanted, check, lambda steps: tell(under_way(steps)))
            values = {"group": wanted.group, "creates_group": not done.before["group"]}
        diff = {"before": done.before, "after": done.after}
        return Changed([str(step) for step in done.steps], diff, values, done.warnings)

    carry_out(module, change, kernel)


if __name__ == "__main__":
    main()
