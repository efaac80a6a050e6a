# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Driver igb of Linux 6.12, 82576 and i350: igb_ethtool.c, igb_main.c.

The same orders were given to the unmodified driver of an 82576 in the lab, and it answered the same; i350 is as read.
"""

from __future__ import annotations

import errno

from . import abi as simabi
from .nics import Feature, Nic, features, refusal
from .rss_hash import IntelHash
from .xdp import takes_frames_of

TABLE = 128  # IGB_RETA_SIZE
ETYPE_FILTERS = 3  # MAX_ETYPE_FILTER
FULL_MAC = bytes(6 * [0xFF])
VLAN_PRIORITY = 0xE000  # VLAN_PRIO_MASK, the one mask for VLANs


class Igb82576(IntelHash, Nic):
    FEATURES = features(
        on="tx-scatter-gather tx-tcp-segmentation tx-tcp6-segmentation tx-checksum-ip-generic tx-checksum-sctp "
        "rx-hashing rx-checksum rx-vlan-hw-parse tx-vlan-hw-insert tx-generic-segmentation rx-gro",
        off="rx-all rx-gro-list",
        fixed="highdma rx-vlan-filter",
    )
    FIRMWARE = "1.4.3"
    RULES = 16  # IGB_MAX_RXNFC_FILTERS
    WITH_VFS = 2

    def most_channels(self):
        """igb_get_max_rss_queues(): not capped by the CPUs."""
        return self.WITH_VFS if self.num_vfs else 8

    def rss_queues(self):
        return self.state().get("channels") or min(self.most_channels(), self.cpus)

    def channels(self):
        return {
            "max_combined": self.most_channels(),
            "combined_count": self.rss_queues(),
            "max_other": 1,
            "other_count": 1,
        }

    def set_channels(self, wanted):
        count = wanted.combined_count
        if not count or wanted.rx_count or wanted.tx_count or wanted.other_count != 1 or count > self.most_channels():
            raise refusal(errno.EINVAL)
        self.put(channels=count if count != min(self.most_channels(), self.cpus) else None)
        self.reopen()

    def set_xdp(self, attached):
        """igb_xdp_setup(): closes and opens, which writes the same table and rules again."""
        takes_frames_of(self.entry, 3068)  # IGB_RXBUFFER_3072 less NET_IP_ALIGN and a header

    def most_descriptors(self):
        return 4096

    def descriptors(self):
        return self.state().get("descriptors") or [256, 256]

    def set_descriptors(self, rx, tx):
        """igb_set_ringparam(): the table stays, as the number of queues does."""
        sizes = [-(-min(max(size, 80), 4096) // 8) * 8 for size in (rx, tx)]
        self.put(descriptors=sizes if sizes != [256, 256] else None)

    def vfs_changed(self):
        self.put(channels=None)
        self.reopen()

    def link_changed(self):
        self.reopen()

    def reopen(self):
        """igb_setup_mrqc() fills the table only for another number of queues; rules are erased and written again."""
        if self.up and self.state().get("table", {}).get("queues") != self.table_queues():
            self.put(table=None)

    def rings(self):
        return self.rss_queues()

    def table_queues(self):
        """The 82576 has two queues a pool, whatever the PF uses of them."""
        return self.WITH_VFS if self.num_vfs else self.rss_queues()

    def default_table(self):
        """In blocks, unlike `ethtool -X default`."""
        return [entry * self.table_queues() // TABLE for entry in range(TABLE)]

    def table(self):
        return self.state().get("table", {}).get("entries") or self.default_table()

    def set_table(self, entries):
        if max(entries) >= self.table_queues():
            raise refusal(errno.EINVAL)
        own = {"queues": self.table_queues(), "entries": entries}
        self.put(table=own if entries != self.default_table() else None)

    def set_features(self, changed):
        """igb_set_features() frees the rules, whichever of the two has changed."""
        if changed & {"rx-ntuple-filter", "rx-all"} and not self.active("rx-ntuple-filter"):
            self.put(rules=None)

    def insert(self, request):
        """igb_add_ethtool_nfc_entry(): the checks in its order; it looks at what ntuple could be, not at what it is."""
        spec = request.fs
        if not self.FEATURES.get("rx-ntuple-filter", Feature()).available:
            raise refusal(errno.EOPNOTSUPP)
        if spec.ring_cookie >= self.rings() or spec.location >= self.RULES:
            raise refusal(errno.EINVAL)
        if spec.flow_type & ~simabi.FLOW_EXT != simabi.ETHER:
            raise refusal(errno.EINVAL)
        match = match_of(spec)
        if match in [rule["match"] for rule in self.rules()]:
            raise refusal(errno.EEXIST)
        self.add_filter(match, spec.ring_cookie)
        self.place({"location": spec.location, "cookie": spec.ring_cookie, "match": match})

    def add_filter(self, match, queue):
        """igb_add_filter(): how many the hardware has; MAC addresses are not counted here."""
        present = [rule["match"] for rule in self.rules()]
        if not match or ("etype" in match and len([each for each in present if "etype" in each]) >= ETYPE_FILTERS):
            raise refusal(errno.EINVAL)
        for rule in self.rules():
            vlan = rule["match"].get("vlan")
            if "vlan" in match and vlan is not None and vlan >> 13 == match["vlan"] >> 13 and rule["cookie"] != queue:
                raise refusal(errno.EEXIST)

    def tell_rule(self, rule, request):
        spec, match = request.fs, rule["match"]
        spec.flow_type, spec.ring_cookie = simabi.ETHER, rule["cookie"]
        header, mask = (simabi.EthHdr.from_buffer(union) for union in (spec.h_u, spec.m_u))
        if "etype" in match:
            header.h_proto, mask.h_proto = match["etype"], 0xFFFF
        for member, name in (("h_dest", "dst"), ("h_source", "src")):
            if name in match:
                getattr(header, member)[:] = bytes.fromhex(match[name])
                getattr(mask, member)[:] = FULL_MAC
        if "vlan" in match:
            spec.flow_type |= simabi.FLOW_EXT
            spec.h_ext.vlan_tci, spec.m_ext.vlan_tci = match["vlan"], VLAN_PRIORITY

    def counters(self):
        queues = [
            f"rx_queue_{queue}_{what}"
            for queue in range(self.rings())
            for what in ("packets", "bytes", "drops", "csum_err", "alloc_failed")
        ]
        return ["rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_missed_errors", "rx_fifo_errors", *queues]


class IgbI350(Igb82576):
    FEATURES = {**Igb82576.FEATURES, **features(on="hw-tc-offload", off="rx-ntuple-filter")}
    WITH_VFS = 1


def match_of(spec):
    """What counts of a rule: only masks of all bits do, the others are silently dropped."""
    header, mask = (simabi.EthHdr.from_buffer(union) for union in (spec.h_u, spec.m_u))
    match = {}
    if mask.h_proto == 0xFFFF:
        match["etype"] = header.h_proto
    if bytes(mask.h_source) == FULL_MAC:
        match["src"] = bytes(header.h_source).hex()
    if bytes(mask.h_dest) == FULL_MAC:
        match["dst"] = bytes(header.h_dest).hex()
    if spec.flow_type & simabi.FLOW_EXT and spec.m_ext.vlan_tci:
        if spec.m_ext.vlan_tci != VLAN_PRIORITY:
            raise refusal(errno.EINVAL)
        match["vlan"] = spec.h_ext.vlan_tci
    return match
