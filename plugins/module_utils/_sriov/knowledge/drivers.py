# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What drivers can do, as data: a new PF driver is one entry in PF_DRIVERS, a bypass driver one in BYPASS_DRIVERS."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class RssStep:
    """From this many VFs on, the PF's RSS group has at most this many queues.

    :param pool: VFs and PF share the queues in pools, whose size is a power of two.
    """

    from_vfs: int
    queues: int
    pool: bool = False


@dataclass(frozen=True)
class Steering:
    """What a driver takes as flow rules. The default is a stranger: the driver is asked, and gets no rule for a VF.

    :param flow_types: those it takes; None: not known.
    :param fields: what a rule may match, by names of model.flow.ETHTOOL_WORDS; None: not known.
    :param vf: a rule may send to a VF.
    :param no_vf: why not.
    :param one_mask: all rules of a port share one mask.
    :param drop: a rule may drop.
    :param drop_queue: the queue of the card that the driver programs as "drop".
    :param vf_queues_from_group: the driver counts a VF's queues in sizes of the PF's RSS group, whatever the pool.
    :param replaces: a rule for an occupied location takes the place of the one there, without a gap.
    """

    flow_types: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None
    vf: bool = False
    no_vf: str = "nothing is known of its flow rules"
    one_mask: bool = False
    drop: bool = True
    drop_queue: int | None = None
    vf_queues_from_group: bool = False
    replaces: bool = False


@dataclass(frozen=True)
class VfSupport:
    """What a driver enforces on its VFs.

    :param refuses: attribute -> why a value other than the default is refused.
    :param values: attribute -> the values it takes.
    :param rates: least and greatest max_tx_rate in Mbit/s, 0 (no limit) aside; None: not known.
    :param jumbo_after_pf: a VF gets an MTU above 1500 only while the PF has one.
    """

    refuses: t.Mapping[str, str] = field(default_factory=dict)
    values: t.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rates: tuple[int, int] | None = None
    jumbo_after_pf: bool = False


@dataclass(frozen=True)
class PfDriver:
    """A driver of physical functions.

    :param rss: steps by number of VFs, ascending; empty: VFs take nothing from the PF; None: not known.
    :param vf_limits: (traffic classes, most VFs): the first pair whose classes are enough holds; empty: sriov_totalvfs.
    :param xdp_excludes_vfs: the driver refuses VFs while an XDP program is attached to the PF.
    :param most_channels: the combined channels without VFs, where they are more than RSS uses.
    :param rss_with_classes: the group beside VFs when traffic classes (DCB) are configured; None: as without.
    :param keeps_channels: a smaller `ethtool -L` choice survives the step from no VFs to some.
    :param reopens: a change of the VF count, `ethtool -L` and PF down drop all flow rules and the RSS table in silence.
    :param ntuple_resets: turning ntuple on or off resets the PF, and with it its VFs.
    :param blocks: the driver's own RSS table has each queue in one block; else they take turns.
    :param table: whose the PF's RSS table is beside VFs: "own", "shared" with them, "unreached": accepted, but not
        written to where the card looks.
    :param table_sizes: (VFs, entries of the RSS table): the last pair whose VFs are reached holds; empty: as read.
    """

    name: str
    rss: tuple[RssStep, ...] | None = None
    vf_limits: tuple[tuple[int, int], ...] = ()
    xdp_excludes_vfs: bool = False
    keeps_channels: bool = False
    most_channels: int = 0
    rss_with_classes: int | None = None
    reopens: bool = False
    ntuple_resets: bool = True
    blocks: bool = False
    table: str = "own"
    table_sizes: tuple[tuple[int, int], ...] = ()
    steering: Steering = field(default_factory=Steering)
    vf_support: VfSupport = field(default_factory=VfSupport)


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


# ixgbe_ethtool.c ixgbe_add_ethtool_fdir_entry, ixgbe_flowspec_to_flow_type; ixgbe_82599.c
# ixgbe_fdir_write_perfect_filter_82599 (IXGBE_FDIR_DROP_QUEUE), ixgbe_fdir_set_input_mask_82599.
IXGBE_STEERING = Steering(
    flow_types=("tcp4", "udp4", "sctp4", "ip4"),
    fields=("src_ip", "dst_ip", "src_port", "dst_port", "vlan", "vlan_etype", "user_def"),
    vf=True,
    one_mask=True,
    drop_queue=127,
    vf_queues_from_group=True,
    replaces=True,
)
# ixgbe_sriov.c: ixgbe_ndo_set_vf_vlan, _bw (ixgbe_set_vf_rate_limit), _link_state, _rss_query_en; ixgbe_set_vf_lpe.
IXGBE_VFS = VfSupport(
    refuses={"min_tx_rate": "it has no least rate"},
    values={"vlan_proto": ("802.1Q",), "link_state": ("auto", "disable")},
    rates=(11, 10000),
    jumbo_after_pf=True,
)
# ixgbe: ixgbe_lib.c ixgbe_set_sriov_queues (4 queues in 32 pools, 2 in 64), ixgbe_sriov.c ixgbe_pci_sriov_enable
# (limits by traffic classes; XDP), ixgbe.h MAX_RSS 16 for 82598/82599/X540.
IXGBE = PfDriver(
    "ixgbe",
    rss=(RssStep(0, 16), RssStep(1, 4, pool=True), RssStep(32, 2, pool=True)),
    vf_limits=((1, 63), (4, 31), (8, 15)),
    xdp_excludes_vfs=True,
    keeps_channels=True,
    most_channels=63,  # ixgbe.h IXGBE_MAX_FDIR_INDICES
    rss_with_classes=1,
    reopens=True,  # ixgbe_setup_tc, ixgbe_close: ixgbe_fdir_filter_exit; ixgbe_setup_reta
    table="shared",  # one RETA and key for all pools: ixgbe_main.c ixgbe_setup_reta
    steering=IXGBE_STEERING,
    vf_support=IXGBE_VFS,
)
# X550 and later have 63 RSS queues without VFs (IXGBE_MAX_RSS_INDICES_X550) and the same pools with them.
# With VFs they look into tables of the pools, which ixgbe_set_rxfh (ixgbe_store_reta) does not write.
IXGBE_X550 = replace(
    IXGBE,
    rss=(RssStep(0, 63), *(IXGBE.rss or ())[1:]),
    table="unreached",
    table_sizes=((0, 512), (1, 64)),
    vf_support=replace(IXGBE_VFS, refuses={**IXGBE_VFS.refuses, "query_rss": "X550 and later tell VFs no RSS table"}),
)
# igb_ethtool.c igb_add_ethtool_nfc_entry: of a VLAN tag it compares the priority alone, which no option names.
IGB_STEERING = Steering(
    ("ether",), ("src_mac", "dst_mac", "ether_type"), no_vf="its rules name queues of the PF only", drop=False
)
# igb_main.c igb_ndo_set_vf_bw; no ndo_set_vf_link_state nor _rss_query_en.
IGB_VFS = VfSupport(
    refuses={
        "min_tx_rate": "it has no least rate",
        "link_state": "it leaves a VF's link to the PF's",
        "query_rss": "it tells VFs no RSS table",
    },
    values={"vlan_proto": ("802.1Q",)},
    rates=(1, 1000),
)
# igb: igb_main.c igb_get_max_rss_queues. i350 has no RSS at all beside VFs, and no rates.
# igb_main.c igb_setup_mrqc: entry j is queue j * n / 128.
IGB = PfDriver("igb", blocks=True, steering=IGB_STEERING, vf_support=IGB_VFS)
IGB_82576 = replace(IGB, rss=(RssStep(0, 8), RssStep(1, 2, pool=True)))
IGB_I350 = replace(
    IGB,
    rss=(RssStep(0, 8), RssStep(1, 1, pool=True)),
    vf_support=replace(IGB_VFS, refuses={**IGB_VFS.refuses, "max_tx_rate": "only the 82576 limits rates"}),
)
# i40e and ice give every VF queues of its own; the PF keeps its group. i40e_ethtool.c i40e_add_fdir_ethtool;
# ice_ethtool_fdir.c ice_add_fdir_ethtool ("Flow director filters are not supported on VF queues").
I40E = PfDriver("i40e", rss=(), steering=Steering(vf=True))
ICE = PfDriver("ice", rss=(), steering=Steering(no_vf="ice_add_fdir_ethtool takes no VF queue"))

PF_DRIVERS = {driver.name: driver for driver in (IXGBE, I40E, ICE, IGB)}
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

# The most receive queues that a kernel VF driver opens: ixgbevf.h IXGBEVF_MAX_RSS_QUEUES.
VF_DRIVER_QUEUES = {"ixgbevf": 2}

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


def pool_stride(driver: PfDriver, num_vfs: int) -> int | None:
    """Queues of the card between the first ones of two neighbouring VFs; None where VFs have no pools."""
    steps = [step for step in driver.rss or () if step.pool and step.from_vfs <= num_vfs]
    return steps[-1].queues if steps else None


def table_size(driver: PfDriver, num_vfs: int, present: int) -> int:
    """Entries of the RSS table beside so many VFs."""
    sizes = [size for vfs, size in driver.table_sizes if vfs <= num_vfs]
    return sizes[-1] if sizes else present


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
