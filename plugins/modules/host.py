#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: All PFs of a host with their VFs, drivers, RSS tables and flow rules, in one plan
version_added: 0.1.0
description:
  - Brings physical functions (PFs) and their virtual functions (VFs) to the state that is described, in one visit to
    the host and as one plan. Everything is checked before the first write, also for VFs that the plan only creates.
  - The order is that of the kernel's needs. VFs, their attributes, their drivers, MTU, channels, ntuple feature, RSS
    table, flow rules.
  - RSS tables and flow rules that a change of the number of VFs or channels drops are put back, those that somebody
    else has set too, as far as the VFs and queues they name are still there.
  - PFs that are not listed are left alone.
  - What no host can meet is refused on the controller, before the first connection and in the same words. Options of
    the wrong type, PFs and VFs named twice, VFs that O(pfs[].num_vfs) leaves out, MAC addresses, VLANs, rates and flow
    rules that are none.
author:
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
  - kernel_bypass.sriov.pfs
attributes:
  action:
    description: Has an action plugin, by which part of it runs on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: full
    details:
      - RV(msg) is not there then, as the controller does not see the end of the job. RV(steps) is.
seealso:
  - module: kernel_bypass.sriov.info
"""

EXAMPLES = r"""
- name: VF 0 for DPDK with the web traffic of one address, VF 1 for the kernel
  kernel_bypass.sriov.host:
    pfs:
      - pf: enp1s0
        num_vfs: 2
        min_rss_queues: 4
        vfs:
          - {vf: "0", mac: auto, spoofchk: false}
          - {vf: "1", mac: auto}
        drivers:
          - {vfs: "0", driver: vfio-pci, group: dpdk, mode: "0660"}
          - {vfs: "1", driver: default}
        rules:
          - {flow_type: tcp4, dst_ip: 192.0.2.30, dst_port: 80, vf: 0}

- name: Plain NICs again
  kernel_bypass.sriov.host:
    pfs:
      - {pf: enp1s0, num_vfs: 0}
      - {pf: enp2s0, num_vfs: 0}
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
msg:
  description:
    - 'On success RV(steps), one a line, and last the host in one line, such as C(enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1,
      2 rules, RSS 4; changed 12). The last number is that of the steps.'
    - In check mode the last line ends in C(would change 12). Where there are no steps it is the only one, and ends in
      C(unchanged).
    - On failure what failed, why, and what can be done.
  type: str
  returned: always, but not on success with C(async)
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  type: list
  elements: str
  returned: success
pfs:
  description: The PFs in the order of the option, as read back after the last step, as predicted in check mode.
  type: list
  elements: dict
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
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.desired import desired_host
from ..module_utils._module.options import HOST
from ..module_utils._module.run import ALL_PFS, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC = HOST


def main(kernel: Kernel | None = None) -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), desired_host, ALL_PFS, kernel)


if __name__ == "__main__":
    main()
