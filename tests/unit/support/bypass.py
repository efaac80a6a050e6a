# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about kernel bypass, for the tables: the lab's two NICs on Debian, with what a row is about changed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.bypass.on_vf import vf_techniques
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.bypass.techniques import techniques
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.bypass import (
    BypassFacts,
    KernelFacts,
    VfFacts,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import ROUTE, Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Device, Host, Netdev, Pf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Channels, Feature, Queues

NAMES = (
    *("packet_mmap", "PF_RING ZC", "Snabb", "DPDK on the PF", "netmap", "EF_VI"),
    *("AF_XDP zero-copy", "AF_XDP native", "AF_XDP generic", "VF"),
)
VF_NAMES = (
    *("packet_mmap", "PF_RING ZC", "Snabb", "DPDK", "netmap", "EF_VI"),
    *("AF_XDP zero-copy", "AF_XDP native", "AF_XDP generic", "vfio-pci"),
)
ZERO_COPY, NATIVE, GENERIC = NAMES[6:9]
PACKET_MMAP, PF_RING, SNABB, DPDK, NETMAP, EF_VI = NAMES[:6]
CONFIG_FILE = "/boot/config-6.12.118+deb13-amd64"
OPTIONS = {"CONFIG_PACKET": "y", "CONFIG_XDP_SOCKETS": "y", "CONFIG_BPF_SYSCALL": "y", "CONFIG_PCI_IOV": "y"}
MODULES = {"af_packet": "built in", "vfio_pci": "installed", "uio_pci_generic": "installed"}
TRIXIE = KernelFacts("6.12.118+deb13-amd64", CONFIG_FILE, OPTIONS, frozenset({"PACKET", "XDP"}), MODULES)
BOOKWORM = replace(TRIXIE, release="6.1.0-56-amd64", config_file="/boot/config-6.1.0-56-amd64")
NO_CONFIG = replace(TRIXIE, config_file=None, config={})


@dataclass(frozen=True)
class Card:
    """A PF and its host in one flat row; facts() makes of it what the table of techniques is made of.

    :param kernel: what of the host BypassFacts.kernel holds; lockdown and no-IOMMU mode beside it.
    :param group_others: other functions in the PF's IOMMU group, as address and driver.
    """

    kernel: KernelFacts
    interface: str | None = None
    driver: str | None = None
    default_driver: str | None = None
    driver_out_of_tree: bool = False
    vendor: str = ""
    device: str = ""
    num_vfs: int = 0
    total_vfs: int = 0
    online_cpus: int = 1
    channels: int | None = None
    mtu: int = 1500
    num_tc: int = 0
    iommu_group: int | None = None
    iommu_type: str | None = None
    group_others: tuple[tuple[str, str], ...] = ()
    management: tuple[str, ...] = ()
    ntuple_supported: bool | None = None
    ntuple_on: bool | None = None
    lro: bool | None = None
    xdp_features: frozenset[str] | None = None
    xdp_attached: bool = False
    xdp_generic: bool = False
    pf_ring: str | None = None
    netmap_native: bool = False
    lockdown: str = "none"
    noiommu_mode: bool | None = None
    vf_device: str = ""
    vf_default_driver: str | None = None
    vf_possible_drivers: tuple[str, ...] = ()
    vf: VfFacts = field(default_factory=VfFacts)

    def facts(self) -> BypassFacts:
        names = ("driver_out_of_tree", "iommu_type", "lro", "xdp_features", "pf_ring", "netmap_native", "vf")
        return BypassFacts(self.kernel, self._host(), self._pf(), **{name: getattr(self, name) for name in names})

    def _pf(self) -> Pf:
        channels = None if self.channels is None else Channels(max_combined=63, combined=self.channels)
        ntuple = None if self.ntuple_supported is None else Feature(bool(self.ntuple_on), self.ntuple_supported)
        vf_driver = self.vf_default_driver
        vfs = (
            Device(
                "0000:01:10.0", self.vendor, self.vf_device, default_driver=vf_driver, iommu_group=9, physfn=PF, vf=n
            )
            for n in range(self.num_vfs)
        )
        if self.iommu_group is None:
            vfs = (replace(vf, iommu_group=None) for vf in vfs)
        pf = Pf(self._device(), self.total_vfs, self.num_vfs, True, tuple(vfs), self.online_cpus)
        return replace(
            pf,
            queues=Queues(channels, ntuple=ntuple),
            vf_device=self.vf_device,
            vf_default_driver=vf_driver,
            vf_possible_drivers=self.vf_possible_drivers,
            vf_offset=128,
            vf_stride=2,
        )

    def _device(self) -> Device:
        netdev = Netdev(
            self.interface or "",
            3,
            "02:00:00:00:01:00",
            mtu=self.mtu,
            num_tc=self.num_tc,
            xdp=self.xdp_attached and not self.xdp_generic,
            xdp_generic=self.xdp_attached and self.xdp_generic,
        )
        holders = tuple(Holder(ROUTE, text) for text in self.management)
        netdevs = (netdev,) if self.interface else ()
        state = {"driver": self.driver, "default_driver": self.default_driver, "iommu_group": self.iommu_group}
        return Device(PF, self.vendor, self.device, **state, netdevs=netdevs, holders=holders, num_vfs=self.num_vfs)

    def _host(self) -> Host:
        others = tuple(Device(address, driver=driver) for address, driver in self.group_others)
        groups = () if self.iommu_group is None else ((self.iommu_group, (self._device(), *others)),)
        iommu = self.iommu_group is not None
        return Host(lockdown=self.lockdown, iommu=iommu, noiommu_mode=self.noiommu_mode, groups=groups)


PF = "0000:01:00.0"
# As the lab's VMs have them with 20 CPUs.
N82599 = Card(
    TRIXIE,
    interface="enp1s0",
    driver="ixgbe",
    default_driver="ixgbe",
    vendor="8086",
    device="10fb",
    total_vfs=63,
    online_cpus=20,
    channels=20,
    iommu_group=6,
    iommu_type="identity",
    ntuple_supported=True,
    ntuple_on=False,
    lro=False,
    xdp_features=frozenset({"basic", "redirect", "xsk-zerocopy"}),
    vf_device="10ed",
    vf_default_driver="ixgbevf",
)
WITH_VFS = {"num_vfs": 2, "channels": 4}
N82576 = replace(
    N82599,
    kernel=BOOKWORM,
    interface="enp2s0",
    driver="igb",
    default_driver="igb",
    device="10c9",
    total_vfs=7,
    channels=8,
    ntuple_supported=False,
    xdp_features=None,
    vf_device="10ca",
    vf_default_driver="igbvf",
)
# Not in the lab: by the tables, and as their vendors' lists have them.
X710 = replace(
    N82599,
    driver="i40e",
    default_driver="i40e",
    device="1572",
    total_vfs=64,
    vf_device="154c",
    vf_default_driver="iavf",
)
CONNECTX5 = replace(
    N82599,
    driver="mlx5_core",
    default_driver="mlx5_core",
    vendor="15b3",
    device="1017",
    total_vfs=8,
    vf_device="1018",
    vf_default_driver="mlx5_core",
)
UNBOUND = {"interface": None, "xdp_features": None, "channels": None, "ntuple_supported": None}

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


def table(facts):
    return techniques(facts.facts())


def technique(name, facts):
    return {row.name: row for row in table(facts)}[name]


def vf_table(facts):
    return vf_techniques(facts.facts())


def vf_technique(name, facts):
    return {row.name: row for row in vf_table(facts)}[name]
