# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Driver ixgbe of Linux 6.12, 82599 and X550: ixgbe_ethtool.c, ixgbe_lib.c, ixgbe_82599.c, ixgbe_sriov.c.

The same orders were given to the unmodified driver of an 82599 in the lab, and it answered the same. One thing is
simpler here: while the interface is down, the driver's own table follows the number of queues at once.
"""

from __future__ import annotations

import errno
import typing as t

from . import abi as simabi
from .nics import Nic, features, refusal
from .rss_hash import IntelHash
from .xdp import takes_frames_of

X550 = (
    *("1563", "15d1", "15aa", "15ab", "15ac", "15ad", "15ae", "15b0", "15c2", "15c3", "15c4", "15c6", "15c7", "15c8"),
    *("15ce", "15e4", "15e5"),
)
MOST_FDIR_QUEUES = 63  # IXGBE_MAX_FDIR_INDICES
QUEUES_WITH_STRINGS = 64  # ethtool -S names the queues that could be, not those that are
FLOW_TYPES = (simabi.TCP_V4, simabi.UDP_V4, simabi.SCTP_V4)
PROTOCOLS = {6: simabi.TCP_V4, 17: simabi.UDP_V4, 132: simabi.SCTP_V4}
FIELDS = ("src_ip", "dst_ip", "src_port", "dst_port", "vlan", "flex", "pool")  # of union ixgbe_atr_input


class Layout(t.NamedTuple):
    """:param mask: of RING_F_RSS, the most that a pool could have."""

    rss: int
    mask: int
    rings: int
    per_pool: int


class Ixgbe(IntelHash, Nic):
    FEATURES = features(
        on="tx-scatter-gather tx-tcp-segmentation tx-tcp6-segmentation tx-checksum-ip-generic tx-checksum-sctp "
        "rx-hashing rx-checksum rx-vlan-hw-parse rx-vlan-filter tx-vlan-hw-insert tx-generic-segmentation rx-gro",
        off="rx-lro rx-ntuple-filter hw-tc-offload rx-all l2-fwd-offload rx-gro-list",
        fixed="highdma",
    )
    FIRMWARE = "0x800003df"
    KEY = bytes(range(1, 41))
    RULES = (1024 << 1) - 2  # fdir_pballoc is IXGBE_FDIR_PBALLOC_64K

    @property
    def x550(self):
        return (self.attribute("device") or "")[2:] in X550

    # ixgbe_lib.c, ixgbe_main.c ixgbe_sw_init().

    @property
    def most_rss(self):
        return 63 if self.x550 else 16

    @property
    def rss_limit(self):
        return self.state().get("rss_limit") or min(self.most_rss, self.cpus)

    @property
    def fdir_limit(self):
        return self.state().get("fdir_limit") or min(MOST_FDIR_QUEUES, self.cpus)

    @property
    def layout(self):
        """ixgbe_set_num_queues()."""
        if self.num_vfs and self.classes > 1:
            return Layout(1, 0, self.classes, self.classes)
        if self.num_vfs:
            many = self.num_vfs + 1 > 32
            rss = min(self.rss_limit, 2) if many else {1: 1, 2: 2, 3: 2}.get(self.rss_limit, 4)
            return Layout(rss, 1 if many else 3, rss, rss)
        if self.classes > 1:
            rss = min(8 if self.classes > 4 else 16, self.rss_limit)
            return Layout(rss, 7 if self.classes > 4 else 15, rss * self.classes, 1)
        rss = self.rss_limit
        return Layout(rss, 63 if self.x550 else 15, self.fdir_limit if rss > 1 else rss, 1)

    def channels(self):
        """ixgbe_get_channels(): flow director's queues where it may use them, ntuple or not."""
        layout = self.layout
        atr = layout.rss > 1 and not self.num_vfs and self.classes < 2
        combined = self.fdir_limit if atr else layout.rss
        return {
            "max_combined": self.most_channels(),
            "combined_count": combined,
            "max_other": 1,
            "other_count": 1,
        }

    def most_channels(self):
        if self.num_vfs:
            most = self.layout.mask + 1
        elif self.classes > 1:
            most = 8 if self.classes > 4 else 16
        else:
            most = MOST_FDIR_QUEUES
        return min(most, self.cpus)

    def set_channels(self, wanted):
        count = wanted.combined_count
        if not count or wanted.rx_count or wanted.tx_count or wanted.other_count != 1 or count > self.most_channels():
            raise refusal(errno.EINVAL)
        rss = min(count, self.most_rss)
        self.put(
            fdir_limit=count if count != min(MOST_FDIR_QUEUES, self.cpus) else None,
            rss_limit=rss if rss != min(self.most_rss, self.cpus) else None,
        )
        self.reopen()

    # ixgbe_set_ringparam(): in eights, and between bounds; ixgbe_down(), ixgbe_up().

    def most_descriptors(self):
        return 4096

    def descriptors(self):
        return self.state().get("descriptors") or [512, 512]

    def set_descriptors(self, rx, tx):
        sizes = [-(-min(max(size, 64), 4096) // 8) * 8 for size in (rx, tx)]
        if sizes != self.descriptors():
            self.put(descriptors=sizes if sizes != [512, 512] else None)
            self.reset()

    def reopen(self):
        """ixgbe_setup_tc(): ixgbe_close() drops the rules, ixgbe_open() writes the driver's table."""
        if self.up:
            self.put(rules=None, mask=None, table=None)
            self.devices.vfs.pf_was_reset(self.address)

    def vfs_changed(self):
        """ixgbe_sriov_reinit() is before the VFs come: they are not reset by it.

        ixgbe_disable_sriov() gives up the limit of RSS, not flow director's; RSC never comes back."""
        if not self.num_vfs:
            self.put(rss_limit=None)
        self.put(no_rsc=self.state().get("no_rsc") or self.all_features()["rx-lro"].wanted)
        if self.up:
            self.put(rules=None, mask=None, table=None)

    def link_changed(self):
        self.devices.vfs.pf_was_reset(self.address)
        if self.up:
            self.put(table=None)
        else:
            self.put(rules=None, mask=None)

    def mtu_changed(self):
        self.reset()

    def reset(self):
        """ixgbe_reinit_locked(): rules are written again, the table is the driver's."""
        if self.up:
            self.put(table=None)
            self.devices.vfs.pf_was_reset(self.address)

    def set_xdp(self, attached):
        """ixgbe_xdp_setup(): one that takes the place of another resets nothing, but `ip` does not ask for that."""
        if self.num_vfs or self.classes > 1 or self.active("rx-lro"):
            raise refusal(errno.EINVAL)
        takes_frames_of(self.entry, 3072)  # IXGBE_RXBUFFER_3K
        if self.cpus > 128:  # IXGBE_MAX_XDP_QS * 2
            raise refusal(errno.ENOMEM)
        self.reopen()

    # Features.

    def fix_features(self, wanted):
        """RSC needs the checksum, and no VFs ever."""
        rsc = "rx-checksum" in wanted and not self.num_vfs and not self.state().get("no_rsc")
        return wanted if rsc else wanted - {"rx-lro"}

    @property
    def perfect(self):
        """IXGBE_FLAG_FDIR_PERFECT_CAPABLE."""
        return self.active("rx-ntuple-filter") or self.active("hw-tc-offload")

    def set_features(self, changed):
        """Rules stay, whatever ntuple is."""
        perfect = {"rx-ntuple-filter", "hw-tc-offload"}
        others = perfect - changed
        if {"rx-lro", "rx-all"} & changed or (perfect & changed and not any(map(self.active, others))):
            self.reset()

    # The indirection table.

    def rings(self):
        return min(self.layout.rings, 64 if self.x550 else 16)

    def table_size(self):
        return 128 if not self.x550 else 64 if self.num_vfs else 512

    def default_table(self):
        """ixgbe_setup_reta(), for VFs with more queues than the PF; ixgbe_setup_vfreta()."""
        rss = self.layout.rss
        spread = max(rss, 4) if self.num_vfs and not self.x550 else rss
        return [entry % spread for entry in range(self.table_size())]

    def table(self):
        own = self.state().get("table") or []
        mask = self.layout.rss - 1 if self.num_vfs else self.layout.mask
        return [entry & mask for entry in (own if len(own) == self.table_size() else self.default_table())]

    def set_table(self, entries):
        most = max(self.rings(), 2) if self.num_vfs else self.rings()
        if max(entries) >= most:
            raise refusal(errno.EINVAL)
        self.put(table=None)
        if entries != self.table():
            self.put(table=entries)

    # Flow director's perfect filters.

    def insert(self, request):
        """ixgbe_add_ethtool_fdir_entry(): the checks in its order."""
        spec = request.fs
        if not self.perfect:
            raise refusal(errno.EOPNOTSUPP)
        if not self.goes_somewhere(spec.ring_cookie) or spec.location >= self.RULES:
            raise refusal(errno.EINVAL)
        flow_type = flow_type_of(spec)
        values, masks = fields_of(spec, spec.h_u, spec.h_ext), fields_of(spec, spec.m_u, spec.m_ext)
        masks["l4"] = int(flow_type != simabi.IP_USER)
        if not flow_type or (masks != self.state()["mask"] if self.rules() else not programmable(masks)):
            raise refusal(errno.EINVAL)
        masked = {name: value & masks[name] for name, value in values.items()}
        self.put(mask=masks)
        self.place({"location": spec.location, "flow_type": flow_type, "cookie": spec.ring_cookie, **masked})

    def goes_somewhere(self, cookie):
        if cookie == simabi.RX_CLS_FLOW_DISC:
            return True
        vf, ring = simabi.ring_vf(cookie), simabi.ring(cookie)
        return ring < self.layout.rings if not vf else vf <= self.num_vfs and ring < self.layout.per_pool

    def delete(self, location):
        super().delete(location)
        if not self.rules():
            self.put(mask=None)

    def tell_rule(self, rule, request):
        """ixgbe_get_ethtool_fdir_entry(): always with FLOW_EXT, and the port's mask."""
        spec = request.fs
        spec.flow_type = rule["flow_type"] | simabi.FLOW_EXT
        if rule["flow_type"] == simabi.IP_USER:
            simabi.UserIp4.from_buffer(spec.h_u).ip_ver = simabi.ETH_RX_NFC_IP4
        for fields, union, extension in (
            (rule, spec.h_u, spec.h_ext),
            (self.state()["mask"], spec.m_u, spec.m_ext),
        ):
            ip4 = simabi.TcpIp4.from_buffer(union)
            ip4.ip4src, ip4.ip4dst = fields["src_ip"], fields["dst_ip"]
            ip4.psrc, ip4.pdst = fields["src_port"], fields["dst_port"]
            extension.vlan_tci, extension.vlan_etype, extension.data[1] = fields["vlan"], fields["flex"], fields["pool"]
        spec.ring_cookie = rule["cookie"]

    def counters(self):
        queues = [f"rx_queue_{queue}_{what}" for queue in range(QUEUES_WITH_STRINGS) for what in ("packets", "bytes")]
        return [
            *("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_dropped", "fdir_match", "fdir_miss"),
            *("fdir_overflow", "rx_missed_errors", "rx_no_dma_resources", *queues),
        ]


def flow_type_of(spec):
    """ixgbe_flowspec_to_flow_type(), as the flow type that is read back; 0: unrecognized."""
    given = spec.flow_type & ~simabi.FLOW_EXT
    if given in FLOW_TYPES:
        return given
    proto, mask = (simabi.UserIp4.from_buffer(union).proto for union in (spec.h_u, spec.m_u))
    if given == simabi.IP_USER and not proto and not mask:
        return simabi.IP_USER
    return PROTOCOLS.get(proto, 0) if given == simabi.IP_USER else 0


def fields_of(spec, union, extension):
    """The fields that it copies; all others of the rule are ignored, tos and the upper bytes of user-def among them."""
    ip4 = simabi.TcpIp4.from_buffer(union)
    more = (0, 0, 0)
    if spec.flow_type & simabi.FLOW_EXT:
        more = extension.vlan_tci, extension.vlan_etype, extension.data[1] & 0xFF
    return dict(zip(FIELDS, (ip4.ip4src, ip4.ip4dst, ip4.psrc, ip4.pdst, *more), strict=True))


def programmable(masks):
    """ixgbe_fdir_set_input_mask_82599()."""
    return (
        masks["pool"] & 0x7F in (0, 0x7F)
        and (masks["l4"] or not masks["src_port"] | masks["dst_port"])
        and masks["vlan"] & 0xEFFF in (0, 0x0FFF, 0xE000, 0xEFFF)
        and masks["flex"] in (0, 0xFFFF)
    )
