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
author:
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pfs:
    description:
      - The PFs and what they shall be like. What is left out stays as it is.
    type: list
    elements: dict
    required: true
    suboptions:
      pf:
        description: The PF, by interface name, alternative name, MAC address or PCI address.
        type: str
        required: true
      num_vfs:
        description:
          - How many VFs there shall be. Left out, the number stays as it is.
          - A change from one number to another destroys all VFs on the way and needs O(recreate).
          - V(0) removes all VFs; it needs O(force) when one of them is in use.
        type: int
      drivers_autoprobe:
        description:
          - Whether the kernel binds a driver to VFs created from now on.
          - Left out, it is false where O(pfs[].drivers) are given, so that VFs that no entry names stay without one.
        type: bool
      min_rss_queues:
        description:
          - The least number of queues that the PF's RSS group must have beside the VFs; checked before anything is
            written.
        type: int
      up:
        description:
          - Whether the PF is up. Left out, it is set up where O(pfs[].num_vfs) asks for VFs, and left as it is
            elsewhere.
        type: bool
      recreate:
        description: Allow a change from one number of VFs to another, which destroys all of them.
        type: bool
        default: false
      force:
        description: Allow what is in use to be removed, to change drivers or addresses, or to be reset.
        type: bool
        default: false
      allow_link_reset:
        description:
          - Allow the link of a PF that carries the SSH connection or a default route to go for some seconds.
        type: bool
        default: false
      vfs:
        description: Attributes of VFs, see C(kernel_bypass.sriov.vf).
        type: list
        elements: dict
        suboptions:
          vf:
            description:
              - The VF, or several, as indices and ranges such as V(0-3,7), or V(all).
            type: str
            required: true
          mac:
            description:
              - MAC address that the PF's driver gives the VF, or V(auto).
              - V(auto) derives it from the permanent address of the PF and the index of the VF. It is locally
                administered, and the same whenever the VF is created again.
              - A kernel driver that has the VF already is loaded anew for it, as it reads the address at its start
                only. Where the VF is in use, that needs O(force).
            type: str
          vlan:
            description:
              - VLAN id that the card adds to and takes off the VF's frames, 1 to 4094; V(0) for none.
            type: int
          qos:
            description:
              - Priority of that VLAN, 0 to 7.
            type: int
          vlan_proto:
            description:
              - Protocol of that VLAN. Few drivers take V(802.1ad).
            type: str
            choices: ["802.1Q", "802.1ad"]
          spoofchk:
            description:
              - Whether the card drops frames that the VF sends from an address that is not its own. An application
                that answers with the PF's address needs it off.
            type: bool
          trust:
            description:
              - Whether the VF may change its address and receive all multicasts.
            type: bool
          min_tx_rate:
            description:
              - Least rate at which the VF may send, in Mbit/s; V(0) for none.
            type: int
          max_tx_rate:
            description:
              - Greatest rate at which the VF may send, in Mbit/s; V(0) for no limit. C(ixgbe) takes 11 to 10000, and
                only while it has a link.
            type: int
          link_state:
            description:
              - The link that the VF sees. V(auto) is that of the PF. C(ixgbe) has no V(enable).
            type: str
            choices: [auto, enable, disable]
          query_rss:
            description:
              - Whether the VF may read the RSS table and key of the PF.
            type: bool
          mtu:
            description:
              - MTU of the VF's own interface; only for a VF with a kernel driver.
            type: int
      drivers:
        description: Drivers of VFs, see C(kernel_bypass.sriov.pci_driver).
        type: list
        elements: dict
        suboptions:
          vfs:
            description: The VFs, as indices and ranges such as V(0-3,7), or V(all).
            type: str
            required: true
          driver:
            description: Name of the driver, V(default) for the one that the kernel itself would take, or V(none).
            type: str
            required: true
          no_iommu:
            description: Allow V(vfio-pci) on a device that is in no IOMMU group, without protection of memory.
            type: bool
            default: false
          owner:
            description: User that owns C(/dev/vfio/N).
            type: str
          group:
            description: Group of C(/dev/vfio/N).
            type: str
          mode:
            description: Permissions of C(/dev/vfio/N), as a quoted octal number such as V("0660").
            type: raw
      rss:
        description: Channels and RSS table, see C(kernel_bypass.sriov.rss).
        type: dict
        suboptions:
          channels:
            description:
              - Number of combined channels, as C(ethtool -L). Changing it takes the link away for a moment.
            type: int
          queues:
            description:
              - Spread over these queues of the PF, with equal weights, as C(ethtool -X weight) does.
            type: list
            elements: int
          weights:
            description:
              - One weight for each queue from queue 0 on, as C(ethtool -X weight); V(0) keeps RSS from a queue.
            type: list
            elements: int
          equal:
            description:
              - Spread over this many queues in turn, as C(ethtool -X equal).
            type: int
          exclude_queues:
            description:
              - Spread over all queues of the group but these, with equal weights. What they receive then is what flow
                rules send there.
            type: list
            elements: int
          default:
            description:
              - The kernel's default table, all queues in turn, as C(ethtool -X default) sets it.
            type: bool
          min_queues:
            description:
              - The least number of queues that the RSS group must have. It is only checked; the failure says what
                made it small.
            type: int
      rules:
        description: Flow rules that shall be there, see C(kernel_bypass.sriov.flow_rule).
        type: list
        elements: dict
        suboptions:
          flow_type:
            description:
              - What kind of frames. C(ixgbe) takes V(tcp4), V(udp4), V(sctp4) and V(ip4).
            type: str
            required: true
            choices: [tcp4, udp4, sctp4, ip4, tcp6, udp6, sctp6, ip6, ether]
          src_ip:
            description:
              - Source address, or network such as V(192.0.2.0/24).
            type: str
          dst_ip:
            description:
              - Destination address, or network.
            type: str
          src_port:
            description:
              - Source port.
            type: int
          dst_port:
            description:
              - Destination port.
            type: int
          vlan:
            description:
              - VLAN id, 0 to 4094, whatever the priority in the tag.
            type: int
          proto:
            description:
              - With V(ip4) and V(ip6) the number of the protocol in the IP packet, with V(ether) the EtherType.
            type: int
          src_mac:
            description:
              - Source MAC address, with V(ether).
            type: str
          dst_mac:
            description:
              - Destination MAC address.
            type: str
          location:
            description:
              - Place in the driver's table. Left out, a rule keeps the place it has, and a new one gets the highest
                free one.
            type: int
          vf:
            description:
              - The VF that gets the frames, 0 to 254.
            type: int
          queue:
            description:
              - The queue of the VF, V(0) unless told; without a VF, the queue of the PF.
            type: int
          drop:
            description:
              - Drop the frames.
            type: bool
          action:
            description:
              - The destination as the 64-bit number that C(ethtool) takes, V(4294967296) for VF 0, queue 0; V(-1)
                drops.
            type: int
      exclusive_rules:
        description: Remove all flow rules that O(pfs[].rules) does not list.
        type: bool
        default: false
  recreate:
    description: For all PFs. Allow a change from one number of VFs to another, which destroys all of them.
    type: bool
    default: false
  force:
    description: For all PFs. Allow what is in use to be removed, to change drivers or addresses, or to be reset.
    type: bool
    default: false
  allow_link_reset:
    description:
      - For all PFs. Allow the link of a PF that carries the SSH connection or a default route to go for some seconds.
    type: bool
    default: false
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
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  returned: success
  type: list
  elements: str
pfs:
  description: The PFs in the order of the option, as read back after the last step, as predicted in check mode; see
    C(pfs) of C(kernel_bypass.sriov.info).
  returned: success
  type: list
  elements: dict
done:
  description: The steps that were done before the one that failed.
  returned: failure
  type: list
  elements: str
failure:
  description: What failed, on which device, why, the remedy, the kernel's errno, the step and the holders.
  returned: failure
  type: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.desired import desired_host
from ..module_utils._module.options import CONSENT, PF, RECREATE, TIMEOUT
from ..module_utils._module.run import ALL_PFS, run

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "pfs": {"type": "list", "elements": "dict", "required": True, "options": PF},
    **RECREATE,
    **CONSENT,
    **TIMEOUT,
}


def main(kernel: Kernel | None = None) -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), desired_host, ALL_PFS, kernel)


if __name__ == "__main__":
    main()
