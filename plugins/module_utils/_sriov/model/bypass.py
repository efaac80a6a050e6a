# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a judgement on kernel bypass rests on. Data only."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .holders import ROUTE, SSH
from .xsk import XdpFacts, version_of

if t.TYPE_CHECKING:
    from .host import Host, Pf

LOADED, BUILT_IN, INSTALLED = "loaded", "built in", "installed"


@dataclass(frozen=True)
class KernelFacts:
    """Of the whole host.

    :param config_file: where the kernel's configuration was read; None: nowhere.
    :param config: option -> "y" or "m"; an option that is not there is not set.
    :param protocols: socket families that are registered: names in /proc/net/protocols.
    :param modules: name with underscores -> LOADED, BUILT_IN or INSTALLED; one that is not there is none of them.
    """

    release: str
    config_file: str | None = None
    config: t.Mapping[str, str] = field(default_factory=dict)
    protocols: frozenset[str] = frozenset()
    modules: t.Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> tuple[int, int]:
        """(6, 12) of "6.12.118+deb13-amd64"."""
        return version_of(self.release)


@dataclass(frozen=True)
class VfFacts:
    """Of a VF of the PF. None: not known, as while there is no VF.

    :param interface: of the first VF that has one here; the next three are of that one.
    :param xdp_features: as BypassFacts has it.
    :param pf_ring: as BypassFacts has it.
    :param netmap_native: that driver, or the one that the kernel has for VFs, uses the module netmap.
    :param iommu_type: of the group of the first VF.
    """

    interface: str | None = None
    driver: str | None = None
    xdp_features: frozenset[str] | None = None
    pf_ring: str | None = None
    netmap_native: bool = False
    iommu_type: str | None = None


@dataclass(frozen=True)
class BypassFacts:
    """Of one PF. None: not known.

    :param host: with the members of the PF's IOMMU group, and of its VFs'.
    :param driver_out_of_tree: its module is not the kernel's own ("O" in /sys/module/NAME/taint).
    :param iommu_type: of its group: "identity" where device addresses are physical ones, "DMA", "DMA-FQ".
    :param lro: large-receive-offload is on.
    :param xdp_features: names of netdev_genl.XDP_FEATURES; None: the kernel cannot tell.
    :param pf_ring: the polling mode that the module pf_ring reports for the interface.
    :param netmap_native: its driver uses the module netmap.
    """

    kernel: KernelFacts
    host: Host
    pf: Pf
    driver_out_of_tree: bool = False
    iommu_type: str | None = None
    lro: bool | None = None
    xdp_features: frozenset[str] | None = None
    pf_ring: str | None = None
    netmap_native: bool = False
    vf: VfFacts = field(default_factory=VfFacts)

    @property
    def interface(self) -> str | None:
        return self.pf.device.netdev.name if self.pf.device.netdev else None

    @property
    def name(self) -> str:
        return self.interface or "the PF"

    @property
    def driver(self) -> str | None:
        return self.pf.device.driver

    @property
    def management(self) -> list[str]:
        """What it carries of the operator: "carries a default route"."""
        return [holder.text for holder in self.pf.device.holders if holder.kind in (SSH, ROUTE)]

    @property
    def ntuple_supported(self) -> bool | None:
        """Whether it has flow rules at all, on or off."""
        ntuple = self.pf.queues.ntuple
        return None if ntuple is None else ntuple.on or ntuple.changeable

    @property
    def ntuple_on(self) -> bool | None:
        return None if self.pf.queues.ntuple is None else self.pf.queues.ntuple.on

    @property
    def xdp(self) -> XdpFacts:
        """Of these what is about XDP."""
        return XdpFacts(self.kernel.release, self.xdp_features, self.driver_out_of_tree, self.lro)

    @property
    def xdp_attached(self) -> bool:
        netdev = self.pf.device.netdev
        return bool(netdev and (netdev.xdp or netdev.xdp_generic))

    @property
    def xdp_generic(self) -> bool:
        """The program runs in the generic hook, which no driver knows of (`ip -j link`: mode 2)."""
        return bool(self.pf.device.netdev and self.pf.device.netdev.xdp_generic)
