# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What drivers can do, as data: a new PF driver is one entry in PF_DRIVERS, a bypass driver one in BYPASS_DRIVERS."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class RssStep:
    """From this many VFs on, the PF's RSS group has at most this many queues.

    :param pool: VFs and PF share the queues in pools, whose size is a power of two.
    """

    from_vfs: int
    queues: int
    pool: bool = False


@dataclass(frozen=True)
class PfDriver:
    """A driver of physical functions.

    :param rss: steps by number of VFs, ascending; empty: VFs take nothing from the PF; None: not known.
    :param vf_limits: (traffic classes, most VFs): the first pair whose classes are enough holds; empty: sriov_totalvfs.
    :param xdp_excludes_vfs: the driver refuses VFs while an XDP program is attached to the PF.
    :param rss_with_classes: the group beside VFs when traffic classes (DCB) are configured; None: as without.
    :param keeps_channels: a smaller `ethtool -L` choice survives the step from no VFs to some.
    """

    name: str
    rss: tuple[RssStep, ...] | None = None
    vf_limits: tuple[tuple[int, int], ...] = ()
    xdp_excludes_vfs: bool = False
    keeps_channels: bool = False
    rss_with_classes: int | None = None


@dataclass(frozen=True)
class BypassDriver:
    """A driver that hands a device to user space.

    :param iommu: binds through an IOMMU group (vfio).
    :param needs_intx: serves interrupts by legacy INTx only, which a VF does not have.
    :param locked_out: does not work, or is not loadable, under kernel lockdown.
    """

    name: str
    iommu: bool = False
    needs_intx: bool = False
    locked_out: bool = False


# ixgbe: ixgbe_lib.c ixgbe_set_sriov_queues (4 queues in 32 pools, 2 in 64), ixgbe_sriov.c ixgbe_pci_sriov_enable
# (limits by traffic classes; XDP), ixgbe.h MAX_RSS 16 for 82598/82599/X540.
IXGBE = PfDriver(
    "ixgbe",
    rss=(RssStep(0, 16), RssStep(1, 4, pool=True), RssStep(32, 2, pool=True)),
    vf_limits=((1, 63), (4, 31), (8, 15)),
    xdp_excludes_vfs=True,
    keeps_channels=True,
    rss_with_classes=1,
)
# X550 and later have 63 RSS queues without VFs (IXGBE_MAX_RSS_INDICES_X550) and the same pools with them.
IXGBE_X550 = replace(IXGBE, rss=(RssStep(0, 63), *(IXGBE.rss or ())[1:]))
# igb: igb_main.c igb_get_max_rss_queues. i350 has no RSS at all beside VFs.
IGB_82576 = PfDriver("igb", rss=(RssStep(0, 8), RssStep(1, 2, pool=True)))
IGB_I350 = PfDriver("igb", rss=(RssStep(0, 8), RssStep(1, 1, pool=True)))
# i40e and ice give every VF queues of its own; the PF keeps its group.
I40E = PfDriver("i40e", rss=())
ICE = PfDriver("ice", rss=())

PF_DRIVERS = {driver.name: driver for driver in (IXGBE, I40E, ICE, PfDriver("igb"))}
# ixgbe_type.h: IXGBE_DEV_ID_X550*, _X550EM_X*, _X550EM_A*, _E610*
X550_AND_LATER = (
    *("1563", "15d1", "15aa", "15ab", "15ac", "15ad", "15ae", "15b0", "15c2", "15c3", "15c4", "15c6", "15c7"),
    *("15c8", "15ca", "15cc", "15ce", "15e4", "15e5", "57ae", "57af", "57b0", "57b1", "57b2"),
)
# Where one driver serves chips that differ: (vendor, device id) first.
PF_DEVICES = {
    **{("8086", device): IGB_82576 for device in ("10c9", "10e6", "10e7", "10e8", "150a", "150d", "1518", "1526")},
    **{("8086", device): IGB_I350 for device in ("1521", "1522", "1523", "1524", "1546")},
    **{("8086", device): IXGBE_X550 for device in X550_AND_LATER},
}

BYPASS_DRIVERS = {
    driver.name: driver
    for driver in (
        BypassDriver("vfio-pci", iommu=True),
        # VFs have no INTx: drivers/pci/probe.c pci_read_irq; DPDK's guide names igb_uio or vfio for them.
        BypassDriver("uio_pci_generic", needs_intx=True, locked_out=True),
        BypassDriver("igb_uio", locked_out=True),
    )
}

# DPDK drives these NICs beside their kernel driver; taking that away breaks it (DPDK guide, mlx5).
BIFURCATED_DRIVERS = frozenset({"mlx4_core", "mlx5_core"})

# They may stay in an IOMMU group that user space takes (drivers/iommu/iommu.c, DMA ownership).
HARMLESS_GROUP_DRIVERS = frozenset({"vfio-pci", "pci-stub", "pcieport"})


def pf_driver(name: str | None, vendor: str, device: str) -> PfDriver:
    """What is known of a PF's driver; an entry that knows nothing where it is a stranger."""
    known = PF_DEVICES.get((vendor, device))
    if known is not None and known.name == name:
        return known
    return PF_DRIVERS.get(name or "", PfDriver(name or "none"))


def rss_queues(driver: PfDriver, num_vfs: int, limit: int) -> int | None:
    """The PF's RSS group that a number of VFs leaves.

    :param limit: what there would be without VFs at most: online CPUs, or a smaller choice by `ethtool -L`.
    :returns: None where it is not known.
    """
    if driver.rss is None:
        return None
    steps = [step for step in driver.rss if step.from_vfs <= num_vfs]
    if not steps:
        return limit
    queues = min(steps[-1].queues, limit)
    return 1 << (queues.bit_length() - 1) if steps[-1].pool else queues


def rss_group(driver: PfDriver, num_vfs: int, channels: int | None) -> int | None:
    """The RSS group behind the combined channels that a driver reports.

    Without VFs ixgbe reports flow director's queues, up to 63, more than RSS uses (ixgbe_ethtool.c ixgbe_get_channels).
    """
    most = None if channels is None else rss_queues(driver, num_vfs, channels)
    return channels if most is None else most


def rss_explanation(driver: PfDriver) -> str:
    """ "0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2"."""
    return ", ".join(
        f"from {step.from_vfs} VF{'s' if step.from_vfs > 1 else ''} on: {step.queues}"
        if step.from_vfs
        else f"0 VFs: {step.queues}"
        for step in driver.rss or ()
    )


def vf_limit(driver: PfDriver, traffic_classes: int, total_vfs: int) -> int:
    """How many VFs the driver gives with so many traffic classes configured (0 or 1: no DCB)."""
    for classes, limit in driver.vf_limits:
        if traffic_classes <= classes:
            return min(limit, total_vfs)
    return total_vfs
