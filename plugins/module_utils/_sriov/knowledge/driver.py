# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What can be known of a NIC's kernel driver: the columns. The rows are the files beside this one, one a driver.

A source is written `FILE NAME, NAME`: a .c or .h file of the kernel, with as much of its path as the `folders` of its
driver leave open, or with all of it; and functions, or other names, that it defines. Where other releases that were
read have none, `[from 6.7 on]`, `[before 6.12]` or `[from 6.7 on, before 6.12]` follows. scripts/check_drivers looks
for them in a kernel's source.
"""

from __future__ import annotations

import typing as t

from .judge import Judge
from .vf_support import VfSupport

if t.TYPE_CHECKING:
    from ..model.flow import FlowRule

Mask = t.Tuple[t.Tuple[str, int], ...]
"""Fields that a rule compares, and the bits of each that count."""


# Acts that a driver answers with an errno of its own meaning.
NUM_VFS, BIND, UNBIND, NODE = "sriov_numvfs", "bind", "unbind", "node"
CHANNELS, RING_SIZES, RSS_TABLE, RULE, FEATURE = "ethtool -L", "ethtool -G", "ethtool -X", "ethtool -N", "ethtool -K"
HASH = "ethtool -X hkey, -N rx-flow-hash"
VF_ATTRIBUTES, MTU, XDP_PROGRAM = "ip link set vf", "ip link set mtu", "ip link set xdp"


# What another number of VFs is to the PF.
NO_CHANGE = "nothing"
LINK_AWAY = "its link goes"  # it is closed and opened
PF_RESET = "it is reset"  # between none and some

# Where the frames of a rule for a VF end.
QUEUE = "queue"  # in the queue of the VF that the rule names
VF_RSS = "rss"  # in the VF, whose own RSS spreads them: the driver ignores the queue
BY_MAC = "mac"  # in the VF, whatever the queue; and the driver takes none but those that match a destination MAC

Release = t.Tuple[int, int]


class KernelRange(t.NamedTuple):
    """Releases of kernel.org in which a fact holds. Distributions put later changes into older kernels as well, so a
    sentence that rests on one names the release.

    :param since: the first; (0, 0): as far back as is known.
    :param before: the first in which it does not hold any more; None: it did in the newest that was read.
    """

    since: Release = (0, 0)
    before: Release | None = None

    def has(self, release: Release) -> bool:
        """Whether a kernel of that release is among them, by its number."""
        return self.since <= release and (self.before is None or release < self.before)

    def __str__(self) -> str:
        """ "from 5.16 on, before 6.4"; empty where it is all of them."""
        since = f"from {self.since[0]}.{self.since[1]} on" if self.since > (0, 0) else ""
        before = f"before {self.before[0]}.{self.before[1]}" if self.before else ""
        return ", ".join(filter(None, (since, before)))


class RssStep(t.NamedTuple):
    """From this many VFs on, the PF's RSS group has at most this many queues.

    :param pool: VFs and PF share the queues in pools, whose size is a power of two.
    """

    from_vfs: int
    queues: int
    pool: bool = False


class Steering(t.NamedTuple):
    """What a driver takes as flow rules. The default is an unknown driver: it is asked, and gets no rule for a VF.

    :param flow_types: those it takes; None: not known.
    :param fields: what a rule may match, by names of model.flow.ETHTOOL_WORDS; None: not known.
    :param ip_protocols: a rule of ip4 or ip6 has to name one of these L4 protocols; empty: it need not.
    :param masks: fields of which it takes these masks only; a field that is not named may have any.
    :param contexts: a rule may send to an RSS context, or it is not known that none may.
    :param to_vf: where the frames of a rule for a VF end: QUEUE, VF_RSS or BY_MAC; None: a rule may send to none.
    :param no_vf: why not.
    :param unproven: who says that no frames go to a VF by it that would not have gone there anyway; "": nobody.
    :param checks_vf_queue: it refuses a queue that the VF does not have.
    :param vf_driver_first: it takes rules for VFs only that have their driver.
    :param whole: fields of which every bit is compared or none, by the same names.
    :param mask_of: for a driver with one mask for all rules of a port: what must be the same of them; None: each has
        its own.
    :param masks_told: it tells the masks of its rules. If not, they compare all of each address and port that they
        have, and those of zero not at all.
    :param compares_zero: a field whose value is 0 is compared.
    :param mask_per_type: the mask is one for the rules of each flow type, and another for another type.
    :param mask_hint: what a user may not know of two rules whose masks differ, as the end of a sentence.
    :param drop: a rule may drop.
    :param drop_queue: the queue of the card that the driver programs as "drop".
    :param vf_queues_from_group: the driver counts a VF's queues in sizes of the PF's RSS group, whatever the pool.
    :param replaces: a rule for an occupied location takes the place of the one there, without a gap.
    :param places: the driver picks the location of every rule, and refuses one that is named.
    """

    flow_types: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None
    ip_protocols: tuple[int, ...] = ()
    masks: t.Mapping[str, tuple[int, ...]] = {}
    contexts: bool = True
    to_vf: str | None = None
    no_vf: str = "nothing is known of its flow rules"
    unproven: str = ""
    checks_vf_queue: bool = True
    vf_driver_first: bool = False
    whole: tuple[str, ...] = ()
    mask_of: t.Callable[[FlowRule], Mask] | None = None
    masks_told: bool = True
    compares_zero: bool = True
    mask_per_type: bool = False
    mask_hint: t.Callable[[FlowRule, FlowRule], str] | None = None
    drop: bool = True
    drop_queue: int | None = None
    vf_queues_from_group: bool = False
    replaces: bool = False
    places: bool = False

    @property
    def vf(self) -> bool:
        """Whether a rule may send to a VF."""
        return self.to_vf is not None


ADDRESSES_AND_PORTS = ("src_ip", "dst_ip", "src_port", "dst_port")


def fields_of(rule: FlowRule) -> Mask:
    """What a rule compares: Steering.mask_of of drivers that look at nothing else."""
    return tuple((name, mask) for name, _value, mask in rule.match)


class VfDriver(t.NamedTuple):
    """The kernel driver of the VFs, where it is another than the PF's. PFs that share one say the same of it.

    :param folders: as Driver.folders; empty: the same.
    :param queues: the most receive queues that it opens; None: not known.
    :param queue_counters: as Driver.queue_counters.
    :param deaf_mtu: the greatest MTU of an interface whose driver did not reach its PF at probe; None: not known.
    :param no_af_xdp: why it brings frames to an AF_XDP socket by the generic hook only, for kernels that cannot tell;
        empty: not known.
    :param dpdk: the driver that DPDK 24.11 has for these VFs (drivers/net); None: none is known.
    :param snabb: as Driver.snabb, of VFs.
    :param pf_ring: as Driver.pf_ring.
    :param netmap: as Driver.netmap.
    """

    name: str
    folders: tuple[str, ...] = ()
    queues: int | None = None
    queue_counters: tuple[str, ...] = ()
    deaf_mtu: int | None = None
    no_af_xdp: str = ""
    dpdk: str | None = None
    snabb: tuple[str, ...] = ()
    pf_ring: bool = False
    netmap: bool = False


class Xdp(t.NamedTuple):
    """What a driver of the kernel's own does with XDP: for kernels that cannot tell, and for what no kernel tells.

    Read in Linux 6.1, the oldest that was, and 6.12; older releases by their commits.

    :param native: the first kernel.org release in which it runs programs itself, as far as known.
    :param zero_copy: the first in which it fills AF_XDP's memory itself; None: not up to 6.12.
    :param source: kernel file and function.
    :param max_mtu: the largest MTU, in bytes, that it takes a program with; None: not known, or programs may have
        fragments.
    :param max_cpus: more CPUs than that are too many for its transmit queues, in these kernels.
    :param panics_above: with more CPUs than that, programs that send are the end of these kernels.
    :param refuses_classes: it takes no program while traffic classes (DCB) are configured.
    :param refuses_lro: nor while large-receive-offload is on.
    """

    native: tuple[int, int]
    zero_copy: tuple[int, int] | None
    source: str
    max_mtu: int | None = None
    max_cpus: tuple[tuple[KernelRange, int], ...] = ()
    panics_above: tuple[tuple[KernelRange, int], ...] = ()
    refuses_classes: bool = False
    refuses_lro: bool = False


class Driver(t.NamedTuple):
    """A kernel driver of network cards, by its name in sysfs. The defaults are an unknown driver: nothing is known.

    :param folders: those of the kernel's source that are the driver, without the folders in them; a file for a driver
        of one file. Empty: the kernel does not have it.
    :param cards: the NICs that have it, as people call them.
    :param read_in: the release in whose source it was read, if it has folders. Where other releases differ, and were
        read too, the sources say.
    :param judged: who has shown it to be so, beside that; empty: it was read, and nothing more.
    :param chip: the chips that this is about, where one driver serves chips that differ; empty: all others.
    :param chips: "vendor:device" -> the driver on that chip.
    :param rss: steps by number of VFs, ascending; empty: VFs take nothing from the PF; None: not known.
    :param vf_limits: (traffic classes, most VFs): the first pair whose classes are enough holds; empty: sriov_totalvfs.
    :param macvlans_cost_vfs: each macvlan that the card carries (feature l2-fwd-offload) is one VF less.
    :param creates_vfs: by sriov_numvfs. If not, how_else.
    :param how_else: how VFs are had of it, as a remedy.
    :param needs_up: it creates VFs only while the PF is up; if not, it may even answer success, and create none.
    :param gives_fewer: why it creates fewer, or none, and answers success, as a remedy.
    :param vf_change: what another number of VFs is to the PF: NO_CHANGE, LINK_AWAY, or PF_RESET; None: not known, and
        the worst is assumed.
    :param interface_with_vfs: PFs with SR-IOV have no port: an interface comes with their VFs, carries what is set of
        these, and goes with them.
    :param xdp_excludes_vfs: the driver refuses VFs while an XDP program is attached to the PF.
    :param most_channels: the combined channels without VFs, where they are more than RSS uses.
    :param channels_by_cpus: it tells no more combined channels than there are CPUs.
    :param rss_with_classes: the group beside VFs when traffic classes (DCB) are configured; None: as without.
    :param keeps_channels: a smaller `ethtool -L` choice survives the step from no VFs to some.
    :param reopens: a change of the VF count, `ethtool -L`, PF down and an XDP program that comes or goes drop all flow
        rules and the RSS table in silence.
    :param ntuple_resets: turning ntuple on or off resets the PF, and with it its VFs.
    :param ntuple_needed: rules are taken, and in force, only while ntuple is on.
    :param blocks: the driver's own RSS table has each queue in one block; else they take turns.
    :param table_known: that was read of this driver; else an even table may be its own, over however many queues.
    :param table: whose the PF's RSS table is beside VFs: "own", "shared" with them, "unreached": accepted, but not
        written to where the card looks.
    :param table_sizes: (VFs, entries of the RSS table): the last pair whose VFs are reached holds; empty: as read.
    :param vf_driver: None: not known, or the same driver.
    :param vf_queues: how many queues it gives a VF: as a rule, and what else it may be; empty: not known.
    :param hash_functions: those that RSS may have; None: not known.
    :param hash_fields: flow type -> which fields its hash may have, in the letters of ethtool(8); a flow type that is
        not named may have any.
    :param keeps_key: it lets nobody set the hash key.
    :param xdp: None: not known.
    :param dpdk: the driver that DPDK 24.11 has for its cards (drivers/net); None: none.
    :param bifurcated: DPDK works beside it, and taking it away breaks DPDK.
    :param verbs: the module of RDMA by which it does.
    :param snabb: "vendor:device" of the functions that Snabb has a driver for (src/lib/hardware/pci.lua, "cards", of
        f32729274b0a: release 2024.08).
    :param pf_ring: PF_RING has a driver of this name that does ZC (its drivers/, of dc0ae0d684b3).
    :param netmap: netmap has patches for it, so that it needs no copy (its LINUX/configure, driver_avail, and
        LINUX/final-patches, of 89607e1406c1).
    :param ef_vi: EF_VI reaches its cards, through the module sfc_char of OpenOnload.
    :param queue_counters: names of `ethtool -S` that count the packets which a queue received, {} for the queue;
        several of one queue are added up, and are all that it received: also what an XDP program took. Empty: none is
        known.
    :param packet_counters: names that count packets which are in no counter of a queue.
    :param causes: act -> name of an errno, or its number -> what the driver means by it, and what to do; where that
        differs from what most mean (causes.CAUSES).
    """

    name: str
    folders: tuple[str, ...] = ()
    cards: str = ""
    read_in: Release = (6, 12)
    judged: tuple[Judge, ...] = ()
    chip: str = ""
    chips: t.Mapping[str, Driver] = {}
    rss: tuple[RssStep, ...] | None = None
    vf_limits: tuple[tuple[int, int], ...] = ()
    macvlans_cost_vfs: bool = False
    creates_vfs: bool = True
    how_else: str = ""
    needs_up: bool = False
    gives_fewer: str = ""
    vf_change: str | None = None
    interface_with_vfs: bool = False
    xdp_excludes_vfs: bool = False
    keeps_channels: bool = False
    most_channels: int = 0
    channels_by_cpus: bool = True
    rss_with_classes: int | None = None
    reopens: bool = False
    ntuple_resets: bool = True
    ntuple_needed: bool = True
    blocks: bool = False
    table_known: bool = False
    table: str = "own"
    table_sizes: tuple[tuple[int, int], ...] = ()
    steering: Steering = Steering()
    vf_support: VfSupport = VfSupport()
    vf_driver: VfDriver | None = None
    vf_queues: tuple[int, ...] = ()
    hash_functions: tuple[str, ...] | None = None
    hash_fields: t.Mapping[str, tuple[str, ...]] = {}
    keeps_key: bool = False
    xdp: Xdp | None = None
    dpdk: str | None = None
    bifurcated: bool = False
    verbs: str = ""
    snabb: tuple[str, ...] = ()
    pf_ring: bool = False
    netmap: bool = False
    ef_vi: bool = False
    queue_counters: tuple[str, ...] = ()
    packet_counters: tuple[str, ...] = ()
    causes: t.Mapping[str, t.Mapping[str, str]] = {}
