#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: info
short_description: PFs, VFs, queues, flow rules, their users, and the kernel bypass techniques a NIC and its VFs allow
version_added: 0.1.0
description:
  - Reads, in one visit and without any other program than C(ip), what the host tells of its SR-IOV NICs.
  - Says for each NIC which kernel bypass techniques it and its VFs allow on this host, why, and at what price. That
    rests on the driver, the modules and the configuration of the kernel as they are found, and says where it rests on a
    table instead.
  - Runs without root as well. What it could not see then is in RV(not_seen).
author:
  - kernel_bypass.sriov maintainers (!UNKNOWN)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pf:
    description:
      - Only this NIC, by interface name, alternative name, MAC address, PCI address or C(VENDOR:DEVICE) as
        V("8086:10fb"); also one without SR-IOV. Left out, all PFs.
    type: str
  compared_with:
    description:
      - What the host should be like. RV(differences) then has everything that is otherwise, and nothing is changed.
      - It is compared by the planner, as M(kernel_bypass.sriov.host) does it in check mode, whatever consent that would
        need. A host that differs is looked at again a second later, and only what differs both times is told.
      - Needs root, as the users of VFs have to be seen.
    type: dict
    suboptions:
      pfs:
        description:
          - The NICs, as in O(kernel_bypass.sriov.host#module:pfs).
        type: list
        elements: dict
        default: []
      hugepages:
        description:
          - Hugepages that there have to be, or more.
        type: list
        elements: dict
        default: []
        suboptions:
          size:
            description:
              - Size of a page, as V(2M) or V(1G).
            type: str
            required: true
          count:
            description:
              - Pages of the whole host.
            type: int
          nodes:
            description:
              - Pages by NUMA node, such as 4 of node 0, and 8 of node 1.
            type: dict
      boot:
        description:
          - Whether the state is kept over reboots. C(kernel-bypass-sriov.service) has to be installed, and must not
            have failed in this boot, or have been left out, if it has run in an earlier one.
          - Left out, the same where it is installed.
        type: bool
      only_owner:
        description:
          - Whether another program that sets the VFs of these PFs is a difference. One that only may do so is a
            warning.
        type: bool
        default: true
seealso:
  - module: kernel_bypass.sriov.host
  - module: kernel_bypass.sriov.rx_rate
"""

EXAMPLES = r"""
- name: What there is
  kernel_bypass.sriov.info:
  register: sriov

- name: One PF
  kernel_bypass.sriov.info:
    pf: enp1s0

- name: Whether it is as it should be
  kernel_bypass.sriov.info:
    compared_with:
      pfs:
        - {pf: enp1s0, num_vfs: 2, vfs: [{vf: all, driver: vfio-pci}]}
      hugepages:
        - {size: 2M, count: 512}
"""

RETURN = r"""
host:
  description: Facts of the whole host.
  returned: success
  type: dict
  contains:
    collection: {description: Version of this collection., type: str}
    kernel: {description: Release of the running kernel., type: str}
    online_cpus: {description: CPUs that are online; null where no PF was looked at., type: int}
    iommu_active: {description: Whether devices have IOMMU groups., type: bool}
    iommu_groups: {description: How many groups there are., type: int}
    lockdown: {description: Lockdown mode of the kernel., type: str}
    hugepages:
      description: Pools by NUMA node and size.
      type: list
      elements: dict
      contains:
        node: {description: NUMA node; -1 where the kernel knows no nodes., type: int}
        size_kb: {description: Size of a page in KiB., type: int}
        nr: {description: Pages in the pool., type: int}
        free: {description: Pages that nobody has., type: int}
        surplus: {description: Pages above the number that was asked for., type: int}
    vfio:
      description: What there is of vfio.
      type: dict
      contains:
        loaded: {description: Whether it is loaded., type: bool}
        pci_driver: {description: Whether its PCI driver is registered., type: bool}
        no_iommu_mode: {description: Whether its no-IOMMU mode is on; null when compiled out., type: bool}
        nodes: {description: Names of the devices that user space can open., type: list, elements: str}
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
differences:
  description:
    - Everything in which the host differs from O(compared_with), one sentence each; empty where nothing does.
    - Also what a run would be refused for.
  type: list
  elements: str
  returned: success, when O(compared_with) is given
  sample:
    - 'enp1s0 (0000:01:00.0) VF 3 driver: wanted vfio-pci, found ixgbevf'
pfs:
  description:
    - The PFs, in the order of their PCI addresses; of ports that share one, each.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of its interface; null for none, and where none of several (ports of one function) was named.
      type: str
    pci_address: {description: PCI address., type: str}
    driver: {description: Kernel driver; null for none., type: str}
    mac: {description: MAC address; null without an interface., type: str}
    up: {description: Whether the interface is up; null without one., type: bool}
    carrier: {description: Whether it has a link; null without an interface., type: bool}
    mtu: {description: MTU; null without an interface., type: int}
    num_vfs: {description: Number of VFs., type: int}
    total_vfs: {description: Most VFs that the device offers; 0 of a NIC without SR-IOV., type: int}
    drivers_autoprobe: {description: Whether the kernel binds new VFs; null of a NIC without SR-IOV., type: bool}
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
        hash_fields:
          description:
            - Which fields are hashed, by flow type, in the letters of C(ethtool -N rx-flow-hash); empty for none.
            - Of modules other than C(kernel_bypass.sriov.info) only the flow types that are named.
          type: dict
    ring_sizes:
      description: What C(ethtool -g) tells, in descriptors; null for nothing.
      type: dict
      contains:
        max_rx: {description: Most that a ring which receives can have., type: int}
        max_tx: {description: Most that a ring which sends can have., type: int}
        rx: {description: What each ring that receives has., type: int}
        tx: {description: What each ring that sends has., type: int}
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
        masks:
          description:
            - Masks of fields of which not all bits have to match, as C(kernel_bypass.sriov.flow_rule) takes them.
              Networks and VLAN ids have none.
          type: dict
        action: {description: 'The destination as a 64-bit number, as C(ethtool) takes it.', type: int}
        vf: {description: The VF that gets the frames; null for none., type: int}
        queue: {description: The queue of the VF or the PF; null for none., type: int}
        drop: {description: Whether the frames are dropped., type: bool}
        rss_context:
          description: RSS context that the frames are spread by, 0 for the PF's own table; null for none.
          type: int
        ethtool: {description: The words of C(ethtool -N)., type: str}
        text: {description: The same as a sentence., type: str}
    xsk:
      description:
        - What it has for sockets of AF_XDP; null where no XDP program is attached and nothing of ours is pinned.
      type: dict
      contains:
        queues:
          description: Receive queues without a share of the RSS table, which can be a socket's alone.
          type: list
          elements: int
        mode: {description: 'C(native), or C(generic) above the driver; null where no program is attached.', type: str}
        program: {description: What the program that is attached calls itself; null where it is not told., type: str}
        program_id: {description: Its number in the kernel; null where it is not known., type: int}
        ours: {description: Whether it is the one of this collection., type: bool}
        map: {description: Path of the map into which sockets are put; null where none is pinned., type: str}
        group: {description: Number of the group that may use the map; 0 where root alone may., type: int}
        ready: {description: Whether a socket that is put into the map gets frames., type: bool}
        sockets: {description: 'Who has sockets of AF_XDP, and on which queues.', type: list, elements: str}
        napi_defer_hard_irqs: {description: As the option; null where the kernel has none., type: int}
        gro_flush_timeout: {description: As the option; null where the kernel has none., type: int}
    iommu_group: {description: IOMMU group; changes from boot to boot; null for none., type: int}
    numa_node: {description: NUMA node; -1 where the host has none., type: int}
    holders: {description: Who uses the interface., type: list, elements: str}
    iommu_group_members: {description: PCI addresses of all devices in that group., type: list, elements: str}
    perm_mac: {description: The address in the card; null where the driver does not tell., type: str}
    altnames: {description: Its alternative names., type: list, elements: str}
    vendor: {description: PCI vendor id., type: str}
    device: {description: PCI device id., type: str}
    driver_info:
      description: What C(ethtool -i) tells; empty without an interface.
      type: dict
      contains:
        driver: {description: Name of the driver., type: str, returned: with an interface}
        version: {description: 'Its version, or that of the kernel.', type: str, returned: with an interface}
        firmware_version: {description: Version of the card's firmware., type: str, returned: with an interface}
        bus_info: {description: PCI address., type: str, returned: with an interface}
    features:
      description: What C(ethtool -k) tells, by the names of the kernel; each is C(on) or not and C(changeable) or not.
      type: dict
    rss_limit:
      description: How large the RSS group can be.
      type: dict
      contains:
        queues: {description: How many queues the group can have; null where that is not known., type: int}
        without_vfs: {description: How many it could have without VFs; null where that is not known., type: int}
        cause: {description: What makes it so., type: str}
        table_set_by_hand: {description: Whether the table is another than the driver's own., type: bool}
        table_shared_with_vfs: {description: Whether VFs use the same table., type: bool}
    pcie:
      description:
        - PCI Express between the PF and the root. A value is null where no port tells, as in virtual machines.
        - Compare RV(pfs[].pcie.gigabits) with what the NIC is to carry. What a slot cannot do is no fault of the host,
          and is not in RV(pfs[].pcie.degraded).
      type: dict
      contains:
        speed: {description: GT/s of each lane of its own link; null for none., type: float}
        width: {description: Lanes of its own link; null for none., type: int}
        max_speed: {description: GT/s that it could do; null for none., type: float}
        max_width: {description: Lanes that it could have; null for none., type: int}
        narrowest: {description: PCI address of the slowest hop; null for none., type: str}
        gigabits:
          description: Gbit/s that this hop carries in each direction, headers of packets included; null for none.
          type: float
        degraded:
          description: Links that are slower than both their ends can do, one sentence each; look at slot and riser.
          type: list
          elements: str
    vf_total_msix:
      description:
        - How many interrupts (MSI-X) the VFs share, as C(sriov_vf_total_msix); V(0) where they cannot be moved from one
          to another, null where the kernel does not tell.
      type: int
    before:
      description:
        - What the PF was before this collection changed it first, and goes back to by
          O(kernel_bypass.sriov.host#module:pfs[].as_before), from C(/var/lib/kernel-bypass-sriov/before.json).
        - Null where it has not changed it, or it is so again.
      type: dict
      contains:
        perm_mac: {description: The address of the card; null where its driver did not tell., type: str}
        num_vfs: {description: Number of VFs., type: int}
        drivers_autoprobe: {description: Whether the kernel bound new VFs., type: bool}
        up: {description: Whether the interface was up; null where no run has set it up or down since then., type: bool}
        channels: {description: Combined channels; null where the driver did not tell., type: int}
        ntuple: {description: Whether ntuple filters were on; null where there were none., type: bool}
        table: {description: 'The RSS table, if somebody had set it, else null.', type: list, elements: int}
        rules: {description: 'Flow rules, each with its location.', type: list, elements: str}
        added_rules: {description: Rules that runs have added since then., type: list, elements: str}
        xsk:
          description: The program for AF_XDP, its C(mode) and the number of the C(group) of its map; null where none
            was.
          type: dict
        napi: {description: Values of NAPI that runs have set since then., type: dict}
        vfs:
          description:
            - Its VFs, each with C(vf) and what it had, by the words of O(kernel_bypass.sriov.host#module:pfs[].vfs).
          type: list
          elements: dict
    bypass:
      description: Kernel bypass techniques on the NIC itself, and what VFs would cost it (row V(VF)).
      type: list
      elements: dict
      contains:
        name: {description: Name of the technique., type: str}
        available: {description: Whether this NIC allows it on this host., type: bool}
        why: {description: 'The evidence, or all that is in the way.', type: str}
        kernel_loses_nic: {description: Whether it takes the whole NIC from the kernel., type: bool}
        price: {description: What it costs., type: str}
    vf_bypass:
      description:
        - Kernel bypass techniques on a VF of this NIC, whether there is one yet or not, and whatever driver it has now.
        - What VFs cost the NIC, and which frames reach them, is in row V(VF) of RV(pfs[].bypass).
      type: list
      elements: dict
      contains:
        name: {description: Name of the technique., type: str}
        available: {description: Whether a VF of this NIC allows it on this host., type: bool}
        why: {description: 'The evidence, or all that is in the way.', type: str}
        kernel_loses_vf: {description: Whether it takes the VF from the kernel. The NIC stays., type: bool}
        price: {description: What it costs., type: str}
    vfs:
      description: The VFs in the order of their indices.
      type: list
      elements: dict
      contains:
        pci_address: {description: PCI address., type: str}
        driver: {description: Driver it is bound to; null for none., type: str}
        driver_override: {description: The only driver allowed to bind; null when unset., type: str}
        default_driver: {description: Driver that the kernel would take; null where it knows none., type: str}
        interface:
          description:
            - Where its interface is. V(here) in this network namespace; V(elsewhere) in another, which
              RV(ignore:holders) names; V(none) for a function whose driver gives none, such as those of
              vfio, or without a driver.
            - V(orphan) for a VF that is in no namespace though its driver gives interfaces, as after a
              probe that ended half-way. It is healed when its driver, MAC address or MTU is asked for.
            - V(unknown) where not every other namespace could be looked at.
          type: str
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
        cdev:
          description: The node of vfio for this device alone; null where the kernel has none (CONFIG_VFIO_DEVICE_CDEV).
          type: dict
          contains:
            path: {description: 'Its path, such as V(/dev/vfio/devices/vfio0).', type: str}
            owner: {description: User number of its owner., type: int}
            group: {description: Its group number., type: int}
            mode: {description: 'Its permissions, in octal.', type: str}
        holders:
          description: Who uses the device. Processes by name and number, other namespaces, bonds, bridges, addresses,
            and what else docs/users.md of the collection lists.
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
        iommu_group_members: {description: PCI addresses of all devices in that group., type: list, elements: str}
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.options import COMPARED_WITH, TIMEOUT
from ..module_utils._module.run import Answer, answer
from ..module_utils._sriov.info import read_info
from ..module_utils._sriov.others import blocked_as_far_as_known, records_as_far_as_known

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"pf": {"type": "str"}, **COMPARED_WITH, **TIMEOUT}


def main(kernel: Kernel | None = None, sleep: t.Callable[[float], None] = time.sleep) -> None:
    def read(params: dict[str, t.Any], outside: Kernel) -> Answer:
        blocked, records = blocked_as_far_as_known(outside), records_as_far_as_known(outside)
        found = read_info(outside, params["pf"], params["timeout"], blocked, records)
        if params["compared_with"] is None:
            return Answer(found)
        from ..module_utils._module.compared import wanted  # only here: most runs have no use for all that these need
        from ..module_utils._sriov.verify import compare_host

        compared = compare_host(outside, wanted(params["compared_with"]), params["timeout"], sleep)
        return Answer({**found, "differences": compared.differences}, compared.warnings)

    answer(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), read, kernel)


if __name__ == "__main__":
    main()
