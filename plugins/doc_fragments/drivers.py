# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from textwrap import indent

DEVICES = r"""
devices:
  description:
    - PCI addresses of the devices.
  type: list
  elements: str
"""
VF = r"""
vf:
  description:
    - The VFs of the PF, as V(3), V(0-3,7), V([0, 1]) or V(all).
  type: raw
"""
DRIVER = r"""
driver:
  description:
    - Name of the driver, V(default) for the one that the kernel itself would take, or V(none).
    - A driver that is neither for this kind of device, as its module's aliases tell, nor one that hands devices to
      user space is refused.
    - Drivers of vfio for one kind of device, such as V(mlx5_vfio_pci), are taken as V(vfio-pci) is.
  type: str
"""
NODE = r"""
no_iommu:
  description:
    - Allow V(vfio-pci) on a device that is in no IOMMU group. The device can then write to all of memory, and the
      kernel is tainted until it boots again.
  type: bool
owner:
  description:
    - User, by name or number, that owns the nodes of the device. These are C(/dev/vfio/N) of its IOMMU group, and
      C(/dev/vfio/devices/vfioN) of the device alone where the kernel has it.
  type: str
group:
  description:
    - Group, by name or number, of these nodes. Role P(kernel_bypass.sriov.dpdk#role) creates one.
  type: str
mode:
  description:
    - Permissions of these nodes, as a quoted octal number such as V("0660").
  type: raw
"""
# One entry of a list of drivers of any devices.
ASSIGNMENT = DEVICES + VF + DRIVER + "  required: true" + NODE
ASSIGNMENTS = r"""
assignments:
  type: list
  elements: dict
  suboptions:
""" + indent(ASSIGNMENT, "    ")


class ModuleDocFragment:
    """Which device has which driver, as module pci_driver takes it."""

    DOCUMENTATION: str = "options:" + indent(DEVICES + VF + DRIVER + NODE + ASSIGNMENTS, "  ")
