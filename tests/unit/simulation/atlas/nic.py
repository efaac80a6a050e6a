# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interface whose driver does with channels, tables and flow rules what its row says."""

from __future__ import annotations

import errno

from .. import abi as simabi
from ..nics import UnknownNic, features, refusal
from . import fields, told
from .row import FULL, PER_PORT, PER_TYPE, ToVf

NTUPLE = "rx-ntuple-filter"
BASE = features(
    on="tx-scatter-gather tx-generic-segmentation rx-gro rx-checksum rx-hashing", off="rx-gro-list", fixed="highdma"
)
NTUPLES = {"on": {"on": NTUPLE}, "off": {"off": NTUPLE}, "none": {}}


class AtlasNic(UnknownNic):
    CONTEXTS = None

    def __init__(self, devices, name, row):
        super().__init__(devices, name)
        self.row = row
        self.rule_columns = row.rules
        self.FEATURES = {**BASE, **features(**NTUPLES[row.rules.ntuple if row.rules else "none"])}
        self.RULES = row.rules.size if row.rules else 0
        self.PLACES = bool(row.rules and row.rules.any_only)

    # Channels.

    def count(self):
        return self.state().get("channels", self.most())

    def most(self):
        return min(self.row.channels.most, self.cpus)

    def channels(self):
        if self.row.channels.kind == "none":
            raise refusal(errno.EOPNOTSUPP)
        if self.row.channels.kind == "apart":
            return dict(max_rx=self.most(), max_tx=self.most(), rx_count=self.count(), tx_count=self.count())
        return {"max_combined": self.most(), "combined_count": self.count()}

    def set_channels(self, wanted):
        columns, count = self.row.channels, wanted.combined_count or wanted.rx_count
        if (wanted.rx_count or wanted.tx_count) and columns.kind == "combined":
            raise refusal(errno.EINVAL)
        if self.rules() and columns.with_rules:
            raise refusal(columns.with_rules)
        if self.num_vfs and columns.with_vfs:
            raise refusal(columns.with_vfs)
        configured = self.state().get("rxfh_configured")
        resized = columns.size(count) != columns.size(self.count())
        if configured and columns.fixed_size and resized:
            raise refusal(errno.EINVAL)
        if columns.forgets_below and count < self.count():
            self.put(table=None, rxfh_configured=False)
        if not configured:
            self.put(table=None)
        self.put(channels=count if count != self.most() else None)
        self.happened("channels")

    def rings(self):
        return self.count()

    def default_table(self):
        rings = self.rings()
        return [entry % rings for entry in range(self.row.channels.size(rings))]

    def set_table(self, entries):
        queues = max(entries) + 1
        repeated = [entry % queues for entry in range(len(entries))]
        if self.row.channels.powers and (queues & (queues - 1) or entries != repeated):
            raise refusal(errno.EINVAL)
        super().set_table(entries)

    # What drops rules.

    def happened(self, what):
        if self.rule_columns and what in self.rule_columns.dropped_by:
            self.put(rules=None)

    def vfs_changed(self):
        self.happened("vfs")

    def mtu_changed(self):
        self.happened("mtu")

    def link_changed(self):
        if not self.up:
            self.happened("down")

    def set_features(self, changed):
        if self.rule_columns and NTUPLE in changed and not self.active(NTUPLE) and self.rule_columns.off_drops:
            self.put(rules=None)

    # Flow rules.

    def listed_size(self):
        if self.rule_columns is None:
            raise refusal(errno.EOPNOTSUPP)
        return len(self.rules()) if self.rule_columns.lists_count else self.RULES

    def insert(self, request):
        spec, columns = request.fs, self.rule_columns
        if columns is None:
            raise refusal(errno.EOPNOTSUPP)
        if columns.needs_up and not self.up:
            raise refusal(columns.needs_up)
        if columns.needs_ntuple and not self.active(NTUPLE):
            raise refusal(columns.needs_ntuple)
        self.check_flow(spec)
        self.check_action(spec)
        wrong = self.ignores(spec) or self.leads_elsewhere(spec)
        self.choose_place(spec)
        self.place({"location": spec.location, "spec": bytes(spec).hex(), "context": 0, "wrong": wrong})

    def ignores(self, spec):
        """Takes what it does not compare out of a rule; in words."""
        columns, compared = self.rule_columns, fields.compared(spec)
        ignored = [name for name in columns.ignored.get(fields.flow_type(spec), ()) if name in compared]
        partial = [name for name in columns.partly_ignored if set(compared.get(name, b"\xff")) != {0xFF}]
        fields.without(spec, ignored)
        return ", ".join(f"{name} is not compared" for name in (*ignored, *partial))

    def leads_elsewhere(self, spec):
        """Where the frames go, if not to where the rule says."""
        to_vf = self.rule_columns.to_vf
        if not self.into_vf(spec) and spec.ring_cookie < 1 << 32 and simabi.ring(spec.ring_cookie) >= self.rings():
            return "leads to a queue of another function"
        if not self.into_vf(spec) or to_vf.leads == "queue":
            return ""
        return "" if to_vf.leads == "rss" and not simabi.ring(spec.ring_cookie) else f"leads to: {to_vf.leads}"

    def into_vf(self, spec):
        return spec.ring_cookie != simabi.RX_CLS_FLOW_DISC and simabi.ring_vf(spec.ring_cookie)

    def check_flow(self, spec):
        columns, flow_type = self.rule_columns, fields.flow_type(spec)
        if flow_type not in columns.types.split():
            raise refusal(columns.other_type)
        compared = fields.compared(spec)
        for name, mask in compared.items():
            if name in columns.refused:
                raise refusal(columns.refused[name])
            whole = columns.masks != FULL or name in columns.free_masks or set(mask) == {0xFF}
            other = name in columns.one_mask and int.from_bytes(mask, "big") != columns.one_mask[name]
            if not whole or other:
                raise refusal(columns.mask_error)
        if any(name not in compared for name in columns.required.get(flow_type, ())):
            raise refusal(errno.EOPNOTSUPP)
        if not compared and columns.empty:
            raise refusal(columns.empty)
        if columns.shapes and frozenset(compared) not in columns.shapes:
            raise refusal(columns.set_error)
        for other in self.other_specs(spec.location):
            same_kind = {PER_TYPE: fields.flow_type(other) == flow_type, PER_PORT: True}.get(columns.one_set, False)
            if same_kind and set(fields.compared(other)) != set(compared):
                raise refusal(columns.set_error)
            if columns.same and fields.values(other) == fields.values(spec):
                raise refusal(columns.same)

    def other_specs(self, location):
        found = (rule for rule in self.rules() if rule["location"] != location)
        return [simabi.RxFlowSpec.from_buffer_copy(bytes.fromhex(rule["spec"])) for rule in found]

    def check_action(self, spec):
        cookie, columns = spec.ring_cookie, self.rule_columns
        if cookie == simabi.RX_CLS_FLOW_DISC:
            return
        vf, queue = simabi.ring_vf(cookie), simabi.ring(cookie)
        if not vf:
            if queue >= self.rings() and columns.queue_beyond:
                raise refusal(columns.queue_beyond)
        elif not isinstance(columns.to_vf, ToVf):
            raise refusal(columns.to_vf)
        else:
            self.check_vf(columns.to_vf, vf - 1, queue, fields.flow_type(spec))

    def check_vf(self, to_vf, vf, queue, flow_type):
        if to_vf.types and flow_type not in to_vf.types.split():
            raise refusal(to_vf.otherwise)
        if to_vf.exists and vf >= self.num_vfs:
            raise refusal(to_vf.exists)
        if to_vf.queues is not None and queue >= to_vf.queues:
            raise refusal(errno.EINVAL)

    def choose_place(self, spec):
        columns, taken = self.rule_columns, {rule["location"] for rule in self.rules()}
        if columns.any_only:
            if spec.location != simabi.RX_CLS_LOC_ANY:
                raise refusal(errno.EINVAL)
            spec.location = min(set(range(self.RULES)) - taken)
        elif spec.location >= self.RULES:
            raise refusal(columns.beyond)
        elif spec.location in taken and columns.occupied:
            raise refusal(columns.occupied)

    def tell_rule(self, rule, request):
        super().tell_rule(rule, request)
        told.FORMS[self.rule_columns.told](request.fs)
        to_vf = self.rule_columns.to_vf
        if isinstance(to_vf, ToVf) and to_vf.told_queue is not None and self.into_vf(request.fs):
            request.fs.ring_cookie = simabi.ring_vf(request.fs.ring_cookie) << 32 | to_vf.told_queue
