#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rss
short_description: How a PF's received flows spread over its queues
version_added: 0.1.0
description:
  - Sets the number of channels and the RSS indirection table of a physical function (PF), as C(ethtool -L) and
    C(ethtool -X) do, to the entry, without that program.
  - Checks the size of the RSS group, and explains it. On 82599 and X540 the group falls from 16 queues to 4 with 1 to
    31 VFs and to 2 with 32 to 63.
notes:
  - On 82599 and X540 there is one table for the PF and all VFs; a change beside VFs says so in a warning.
  - Drivers write their own table again whenever they reset the PF. Set the table last; module
    C(kernel_bypass.sriov.host) does.
author:
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.pf
  - kernel_bypass.sriov.rss
options:
  force:
    description:
      - Allow O(channels) to change while a program has a VF open, which the reset may stop.
    type: bool
    default: false
  allow_link_reset:
    description:
      - Allow O(channels) to change on a PF that carries the SSH connection or a default route.
    type: bool
    default: false
seealso:
  - module: kernel_bypass.sriov.flow_rule
"""

EXAMPLES = r"""
- name: Keep queue 3 out of RSS, for one flow alone
  kernel_bypass.sriov.rss:
    pf: enp1s0
    exclude_queues: [3]

- name: The same, as ethtool writes it
  kernel_bypass.sriov.rss:
    pf: enp1s0
    weights: [1, 1, 1, 0]

- name: Fail where VFs have left the PF fewer than four queues
  kernel_bypass.sriov.rss:
    pf: enp1s0
    min_queues: 4

- name: Back to all queues in turn
  kernel_bypass.sriov.rss:
    pf: enp1s0
    default: true
"""

RETURN = r"""
# From here on written by scripts/lib/generate_docs.py, from return_values.yml there
pf:
  description: The PF as read back after the last step, as predicted in check mode.
  type: dict
  returned: success
  contains:
    name: {description: Name of its interface; null for none., type: str}
    pci_address: {description: PCI address., type: str}
    driver: {description: Kernel driver; null for none., type: str}
    mac: {description: MAC address; null without an interface., type: str}
    up: {description: Whether the interface is up; null without one., type: bool}
    carrier: {description: Whether it has a link; null without an interface., type: bool}
    mtu: {description: MTU; null without an interface., type: int}
    num_vfs: {description: Number of VFs., type: int}
    total_vfs: {description: Most VFs that the device offers., type: int}
    drivers_autoprobe: {description: Whether the kernel binds new VFs., type: bool}
    rss_queues: {description: Queues of the RSS group; null where the driver does not say., type: int}
    channels:
      description: What C(ethtool -l) tells; null for nothing.
      type: dict
      contains:
        max_rx: {description: Most channels that only receive., type: int}
        max_tx: {description: Most channels that only send., type: int}
        max_combined: {description: Most channels that do both., type: int}
        rx: {description: Channels that only receive., type: int}
        tx: {description: Channels that only send., type: int}
        other: {description: Channels for other interrupts., type: int}
        combined: {description: Channels that receive and send., type: int}
    rss:
      description: What C(ethtool -x) tells; null for nothing.
      type: dict
      contains:
        rings: {description: Number of RX rings; every entry of the table is less., type: int}
        table: {description: The queue of each hash value., type: list, elements: int}
        entries: {description: 'How many entries of the table each queue has, by its number.', type: dict}
        key: {description: The hash key as hexadecimal bytes; empty where the driver does not tell., type: str}
        hash_function: {description: Name of the hash function; null where the driver does not tell., type: str}
    ntuple:
      description: The feature without which no flow rule is taken; null where the driver has not got it.
      type: dict
      contains:
        'on': {description: Whether it is on., type: bool}
        changeable: {description: Whether the driver lets it be changed., type: bool}
    locations: {description: How many flow rules the driver has places for; null where it takes none., type: int}
    rules:
      description: Flow rules in the order of their locations.
      type: list
      elements: dict
      contains:
        location: {description: Place in the driver's table., type: int}
        flow_type: {description: 'What kind of frames, as in C(kernel_bypass.sriov.flow_rule).', type: str}
        action: {description: 'The destination as a 64-bit number, as C(ethtool) takes it.', type: int}
        vf: {description: The VF that gets the frames; null for none., type: int}
        queue: {description: The queue of the VF or the PF; null for none., type: int}
        drop: {description: Whether the frames are dropped., type: bool}
        rss_context: {description: RSS context that the frames are spread by; null for none., type: int}
        ethtool: {description: The words of C(ethtool -N)., type: str}
        text: {description: The same as a sentence., type: str}
    iommu_group: {description: IOMMU group; changes from boot to boot; null for none., type: int}
    numa_node: {description: NUMA node; -1 where the host has none., type: int}
    holders: {description: Who uses the interface., type: list, elements: str}
    vfs:
      description: The VFs in the order of their indices.
      type: list
      elements: dict
      contains:
        pci_address: {description: PCI address., type: str}
        driver: {description: Driver it is bound to; null for none., type: str}
        driver_override: {description: The only driver allowed to bind; null when unset., type: str}
        default_driver: {description: Driver that the kernel would take; null where it knows none., type: str}
        name: {description: Name of its interface in this namespace; null for none., type: str}
        mac: {description: MAC address of that interface; null without one., type: str}
        up: {description: Whether that interface is up; null without one., type: bool}
        mtu: {description: MTU of that interface; null without one., type: int}
        iommu_group: {description: IOMMU group; changes from boot to boot; null for none., type: int}
        numa_node: {description: NUMA node; -1 where the host has none., type: int}
        dev_node: {description: Node that user space opens; null for none., type: str}
        owner: {description: User number of the node's owner; null without a node., type: int}
        group: {description: Group number of the node; null without one., type: int}
        mode: {description: 'Permissions of the node, in octal; null without one.', type: str}
        holders:
          description: Who uses the device. Processes, other namespaces, bonds, bridges, addresses.
          type: list
          elements: str
        pf: {description: PCI address of its PF., type: str}
        vf: {description: Index of the VF., type: int}
        attributes:
          description: What the driver of the PF enforces, by the options of C(kernel_bypass.sriov.vf).
          type: dict
          contains:
            mac: {description: MAC address that the driver has given it; null if not told., type: str}
            vlan: {description: 'VLAN id, 0 for none; null if not told.', type: int}
            qos: {description: Priority of that VLAN; null if not told., type: int}
            vlan_proto: {description: Protocol of that VLAN; null if not told., type: str}
            spoofchk:
              description: Whether frames from addresses not its own are dropped; null if not told.
              type: bool
            trust: {description: Whether it may change its address; null if not told., type: bool}
            min_tx_rate: {description: 'Least rate in Mbit/s, 0 for none; null if not told.', type: int}
            max_tx_rate: {description: 'Greatest rate in Mbit/s, 0 for no limit; null if not told.', type: int}
            link_state: {description: 'C(auto), C(enable) or C(disable); null if not told.', type: str}
            query_rss: {description: Whether it may read the RSS table of the PF; null if not told., type: bool}
diff:
  description: The part of the state that the options speak of; empty where the module only looks.
  type: dict
  returned: success
  contains:
    before: {description: As it was., type: dict}
    after: {description: 'As read back after the last step, as predicted in check mode.', type: dict}
done: {description: The steps that were done before the one that failed., type: list, elements: str, returned: failure}
failure:
  description: What failed.
  type: dict
  returned: failure
  contains:
    kind: {description: 'What kind of failure, in a word, such as V(in_use).', type: str}
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
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  type: list
  elements: str
  sample:
    - 'set the RSS table of enp1s0 (0000:01:00.0): of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43'
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.desired import desired_pf, desired_rss
from ..module_utils._module.options import CONSENT, ONE_TABLE, RSS, TIMEOUT
from ..module_utils._module.run import ONE_PF, run
from ..module_utils._sriov.model.desired import Desired

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"pf": {"type": "str", "required": True}, **RSS, **CONSENT, **TIMEOUT}


def desired(params: dict[str, t.Any]) -> Desired:
    return Desired((desired_pf(params, rss=desired_rss(params)),))


def main(kernel: Kernel | None = None) -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, mutually_exclusive=ONE_TABLE)
    run(module, desired, ONE_PF, kernel)


if __name__ == "__main__":
    main()
