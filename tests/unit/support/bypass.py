# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about kernel bypass, for the tables: the lab's two NICs on Debian, with what a row is about changed."""

from __future__ import annotations

from dataclasses import fields, replace

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.bypass.facts import BypassFacts, KernelFacts
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.bypass.techniques import techniques

NAMES = (
    *("packet_mmap", "PF_RING ZC", "Snabb", "DPDK on the PF", "netmap", "EF_VI"),
    *("AF_XDP zero-copy", "AF_XDP native", "AF_XDP generic", "VF"),
)
ZERO_COPY, NATIVE, GENERIC = NAMES[6:9]
PACKET_MMAP, PF_RING, SNABB, DPDK, NETMAP, EF_VI = NAMES[:6]
CONFIG_FILE = "/boot/config-6.12.118+deb13-amd64"
OPTIONS = {"CONFIG_PACKET": "y", "CONFIG_XDP_SOCKETS": "y", "CONFIG_BPF_SYSCALL": "y", "CONFIG_PCI_IOV": "y"}
MODULES = {"af_packet": "built in", "vfio_pci": "installed", "uio_pci_generic": "installed"}
TRIXIE = KernelFacts("6.12.118+deb13-amd64", CONFIG_FILE, OPTIONS, frozenset({"PACKET", "XDP"}), MODULES)
BOOKWORM = replace(TRIXIE, release="6.1.0-56-amd64", config_file="/boot/config-6.1.0-56-amd64")
NO_CONFIG = replace(TRIXIE, config_file=None, config={})

# As the lab's VMs have them with 20 CPUs.
N82599 = BypassFacts(
    TRIXIE,
    interface="enp1s0",
    driver="ixgbe",
    default_driver="ixgbe",
    vendor="8086",
    device="10fb",
    total_vfs=63,
    online_cpus=20,
    channels=20,
    rss_queues=16,
    iommu_group=6,
    iommu_type="identity",
    ntuple_supported=True,
    ntuple_on=False,
    lro=False,
    xdp_features=frozenset({"basic", "redirect", "xsk-zerocopy"}),
)
WITH_VFS = {"num_vfs": 2, "channels": 4, "rss_queues": 4}
N82576 = replace(
    N82599,
    kernel=BOOKWORM,
    interface="enp2s0",
    driver="igb",
    default_driver="igb",
    device="10c9",
    total_vfs=7,
    channels=8,
    rss_queues=8,
    ntuple_supported=False,
    xdp_features=None,
)
UNBOUND = {"interface": None, "xdp_features": None, "channels": None, "rss_queues": None, "ntuple_supported": None}

NO_INTERFACE = "the PF has no interface in this network namespace: "
NO_IOMMU = {"iommu_group": None, "iommu_type": None}
SSH = {"management": ("carries the SSH connection from 192.0.2.1",)}


def host(facts=N82599, kernel=None, modules=None, **changes):
    """Facts with some changed; what KernelFacts has goes there, modules are added, None takes one away."""
    of_kernel = {field.name: changes.pop(field.name) for field in fields(KernelFacts) if field.name in changes}
    kernel = replace(kernel or facts.kernel, **of_kernel)
    names = {**kernel.modules, **(modules or {})}
    kernel = replace(kernel, modules={name: state for name, state in names.items() if state})
    return replace(facts, kernel=kernel, **changes)


def technique(name, facts):
    return {row.name: row for row in techniques(facts)}[name]
