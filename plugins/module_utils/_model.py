# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is (observed) and what is wanted (specs). In a spec None means "leave as it is"."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Holder:
    """One user of a device, in words an operator can act on."""

    kind: str  # process | netns | master | upper | address | route | xdp | management
    text: str


@dataclass(frozen=True)
class Netdev:
    """A network interface of a PCI function, in our network namespace."""

    name: str
    ifindex: int
    mac: str
    perm_mac: str = ""
    altnames: tuple[str, ...] = ()
    up: bool = False
    carrier: bool = False
    mtu: int = 0
    xdp: bool = False
    num_tc: int = 0
    combined_channels: int | None = None  # `ethtool -l`: None where the driver does not say


@dataclass(frozen=True)
class Device:
    """A PCI function, read from /sys/bus/pci/devices/<address>."""

    address: str
    vendor: str = ""  # "8086"
    device: str = ""  # "10c9"
    driver: str | None = None
    driver_override: str | None = None
    default_driver: str | None = None  # what the kernel would bind by itself (modules.alias)
    iommu_group: int | None = None
    numa_node: int = -1
    physfn: str | None = None  # address of the PF when this is a VF
    vf: int | None = None  # index N of the PF's virtfnN when this is a VF
    num_vfs: int | None = None  # None when this is no PF
    answers: bool = True  # False when config space reads as all ones
    netdevs: tuple[Netdev, ...] = ()
    dev_node: str | None = None  # /dev/vfio/N
    dev_owner: int | None = None
    dev_group: int | None = None
    dev_mode: int | None = None
    holders: tuple[Holder, ...] = ()

    @property
    def netdev(self) -> Netdev | None:
        return self.netdevs[0] if self.netdevs else None

    @property
    def label(self) -> str:
        """ "enp1s0 (0000:01:00.0)", or the address alone where there is no interface."""
        return f"{self.netdevs[0].name} ({self.address})" if self.netdevs else self.address


@dataclass(frozen=True)
class Pf:
    """A physical function and its VFs, vfs[N] being virtfnN."""

    device: Device
    total_vfs: int
    num_vfs: int
    drivers_autoprobe: bool
    vfs: tuple[Device, ...] = ()
    online_cpus: int = 1

    @property
    def label(self) -> str:
        return self.device.label


@dataclass(frozen=True)
class PfSpec:
    """What module pf is asked for."""

    num_vfs: int | None = None
    drivers_autoprobe: bool | None = None
    min_rss_queues: int | None = None
    up: bool | None = None
    recreate: bool = False
    force: bool = False
    allow_link_reset: bool = False


@dataclass(frozen=True)
class NodeSpec:
    """Who may open /dev/vfio/N; None leaves a part as it is."""

    owner: int | None = None
    group: int | None = None
    mode: int | None = None


@dataclass(frozen=True)
class DriverSpec:
    """The driver that one PCI function shall have."""

    address: str
    driver: str  # a driver's name, "default" or "none"
    node: NodeSpec = field(default_factory=NodeSpec)
    no_iommu: bool = False
    force: bool = False


@dataclass(frozen=True)
class Host:
    """Facts of the whole host that a plan rests on."""

    drivers: frozenset[str] = frozenset()  # registered PCI drivers
    modules: frozenset[str] = frozenset()  # loadable modules that the plan asks about and that exist
    lockdown: str = "none"  # none | integrity | confidentiality
    iommu: bool = True  # some device has an IOMMU group
    noiommu_mode: bool | None = None  # vfio's enable_unsafe_noiommu_mode; None: compiled out
    groups: tuple[tuple[int, tuple[Device, ...]], ...] = ()  # IOMMU group -> members

    def group_members(self, group: int) -> tuple[Device, ...]:
        return dict(self.groups).get(group, ())
