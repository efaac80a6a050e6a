#!/usr/bin/python
# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vf
short_description: Attributes of virtual functions, as their PF's driver enforces them
version_added: 0.1.0
description:
  - Sets MAC address, VLAN, anti-spoofing, trust, rates and link state of virtual functions (VFs) through the
    interface of their PF, and the MTU of their own interface.
  - Reads once, writes only what differs, all of it in one batch, and reads back.
  - Refuses before the first write what the driver does not take, two VFs with one address, and a new address for a VF
    in use.
author:
  - kernel_bypass.sriov maintainers (@kernel-bypass)
extends_documentation_fragment:
  - kernel_bypass.sriov.attributes
options:
  pf:
    description:
      - The PF, by interface name, alternative name, MAC address or PCI address.
    type: str
    required: true
  vfs:
    description:
      - The VFs and what they shall have. What is left out stays as it is.
    type: list
    elements: dict
    required: true
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
          - A kernel driver that has the VF already is loaded anew for it, as it reads the address at its start only.
            Where the VF is in use, that needs O(force).
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
          - Whether the card drops frames that the VF sends from an address that is not its own. An application that
            answers with the PF's address needs it off.
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
          - Greatest rate at which the VF may send, in Mbit/s; V(0) for no limit. C(ixgbe) takes 11 to 10000, and only
            while it has a link.
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
  force:
    description:
      - Allow the MAC address of a VF in use to change. Its user is cut off until it starts anew.
      - Never allows the VF that carries the SSH connection to be changed.
    type: bool
    default: false
seealso:
  - module: kernel_bypass.sriov.pf
  - module: kernel_bypass.sriov.host
"""

EXAMPLES = r"""
- name: Addresses that stay, whenever the VFs are created
  kernel_bypass.sriov.vf:
    pf: enp1s0
    vfs:
      - {vf: all, mac: auto}

- name: VF 0 in VLAN 100, with no more than 1 Gbit/s
  kernel_bypass.sriov.vf:
    pf: enp1s0
    vfs:
      - {vf: "0", mac: "02:00:00:00:aa:00", vlan: 100, qos: 3, max_tx_rate: 1000}

- name: VFs 1 to 3 may answer from the PF's address
  kernel_bypass.sriov.vf:
    pf: enp1s0
    vfs:
      - {vf: 1-3, spoofchk: false, trust: true}
"""

RETURN = r"""
steps:
  description: What was done, or would be done in check mode, one sentence a step.
  returned: success
  type: list
  elements: str
  sample:
    - "set VF 0 of enp1s0 (0000:01:00.0): mac 02:00:00:00:aa:00 (was 00:00:00:00:00:00), vlan 100 (was 0)"
pf:
  description: The PF as read back after the last step, as predicted in check mode; see C(pfs) of
    C(kernel_bypass.sriov.info).
  returned: success
  type: dict
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

from ..module_utils._module.desired import desired_pf, desired_vfs
from ..module_utils._module.options import CONSENT, TIMEOUT, VFS
from ..module_utils._module.run import ONE_PF, run
from ..module_utils._sriov.model.desired import Desired

if t.TYPE_CHECKING:
    from ..module_utils._sriov.kernel.kernel import Kernel

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "pf": {"type": "str", "required": True},
    "vfs": {**VFS, "required": True},
    "force": CONSENT["force"],
    **TIMEOUT,
}


def desired(params: dict[str, t.Any]) -> Desired:
    return Desired((desired_pf(params, vfs=desired_vfs(params["vfs"])),))


def main(kernel: Kernel | None = None) -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), desired, ONE_PF, kernel)


if __name__ == "__main__":
    main()
