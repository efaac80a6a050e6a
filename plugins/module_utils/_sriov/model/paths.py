# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Where the kernel shows things: names for sentences, and for the layer that opens them (kernel/)."""

from __future__ import annotations

PCI_DEVICES = "/sys/bus/pci/devices"
PCI_DRIVERS = "/sys/bus/pci/drivers"
PCI_PROBE = "/sys/bus/pci/drivers_probe"
VIRTIO_DEVICES = "/sys/bus/virtio/devices"
INTERFACES = "/sys/class/net"
IOMMU_GROUPS = "/sys/kernel/iommu_groups"
LOCKDOWN = "/sys/kernel/security/lockdown"
MODULES = "/sys/module"
NO_IOMMU_PARAMETER = f"{MODULES}/vfio/parameters/enable_unsafe_noiommu_mode"
NETMAP_HOLDERS = f"{MODULES}/netmap/holders"
VFIO_PCI_HOLDERS = f"{MODULES}/vfio_pci_core/holders"
CPUS_ONLINE = "/sys/devices/system/cpu/online"
NUMA_NODES = "/sys/devices/system/node"
HUGEPAGES = "/sys/kernel/mm/hugepages"
PROCESSES = "/proc"
NETWORK_NAMESPACE = "net:["  # how a link to one begins, its inode behind it
SOCKET_FAMILIES = "/proc/net/protocols"
PF_RING = "/proc/net/pf_ring/dev"
KERNEL_CONFIG = "/proc/config.gz"
DEVICE_NODES = "/dev"
VFIO_NODES = "/dev/vfio"
VFIO_CONTAINER = f"{VFIO_NODES}/vfio"  # every program that uses vfio has it open, whatever its device
INFINIBAND_NODES = "/dev/infiniband"
INFINIBAND = "/sys/class/infiniband"
INFINIBAND_VERBS = "/sys/class/infiniband_verbs"
INFINIBAND_MAD = "/sys/class/infiniband_mad"
VDPA_DEVICES = "/sys/bus/vdpa/devices"
VHOST_VDPA_NODES = "/dev/vhost-vdpa-"
PTP_NODES = "/dev/ptp"
LIBVIRT = "/etc/libvirt/qemu"
NAMED_NAMESPACES = "/run/netns"


def boot_config(release: str) -> str:
    """The configuration that a distribution's kernel is built with."""
    return f"/boot/config-{release}"


def module_tree(release: str) -> str:
    """The modules of a kernel, and what is listed of them."""
    return f"/lib/modules/{release}"


def pf_ring_interface(name: str) -> str:
    """What the module pf_ring tells of an interface."""
    return f"{PF_RING}/{name}/info"


def vfio_node(group: int | str) -> str:
    """The node of an IOMMU group."""
    return f"{VFIO_NODES}/{group}"


def no_iommu_node(group: int | str) -> str:
    """The node of a group that vfio made up in its no-IOMMU mode."""
    return f"{VFIO_NODES}/noiommu-{group}"


def vfio_device_node(name: str) -> str:
    """The node of one device, beside that of its group (Linux 6.6 and later): "vfio0"."""
    return f"{VFIO_NODES}/devices/{name}"


def uio_node(name: str) -> str:
    return f"{DEVICE_NODES}/{name}"


def device_node(name: str) -> str:
    """ "ptp0", "vhost-vdpa-0"."""
    return f"{DEVICE_NODES}/{name}"


def infiniband_node(name: str) -> str:
    """ "uverbs0"."""
    return f"{INFINIBAND_NODES}/{name}"
