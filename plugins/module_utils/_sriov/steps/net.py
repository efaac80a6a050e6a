# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The steps that go through a PF's interface: VF attributes, queues, RSS table, flow rules.

Data, as in pci.py; `address` is the PF's PCI address, `name` its interface.
"""

from __future__ import annotations

import typing as t

from ..model.attributes import VfAttributes, attribute_words
from ..model.rss_hash import Hash, hash_words
from ..model.rss_table import spread

if t.TYPE_CHECKING:
    from ..model.flow import FlowRule
    from ..model.queues import RingSizes


class WaitForCarrier(t.NamedTuple):
    """Wait until the PF has its link again; some of what follows needs it."""

    address: str
    name: str
    label: str
    why: str

    def __str__(self) -> str:
        return f"wait until {self.label} has a link: {self.why}"


class SetVf(t.NamedTuple):
    """One line of `ip -batch`: `link set dev NAME vf N …`. Neighbouring ones go in one batch.

    :param change: what is written, with the words that go together.
    :param before: the attributes as they are, for the sentence.
    """

    address: str
    name: str
    label: str
    vf: int
    change: VfAttributes
    before: VfAttributes

    def __str__(self) -> str:
        return f"set VF {self.vf} of {self.label}: {attribute_words(self.change, self.before)}"


class SetMtu(t.NamedTuple):
    """`ip link set dev VF mtu N`, on the interface that the VF's driver gives it."""

    address: str
    label: str
    before: int | None
    mtu: int
    physfn: str | None = None
    vf: int | None = None

    def __str__(self) -> str:
        was = "" if self.before is None else f" (was {self.before})"
        return f"set the MTU of {self.label} to {self.mtu}{was}"


class SetVfLink(t.NamedTuple):
    """`ip link set dev VF up`, on the interface that the VF's driver gives it."""

    address: str
    label: str
    up: bool
    physfn: str | None = None
    vf: int | None = None

    def __str__(self) -> str:
        return f"set the interface of {self.label} {'up' if self.up else 'down'}"


class SetChannels(t.NamedTuple):
    """`ethtool -L NAME combined N`."""

    address: str
    name: str
    label: str
    before: int
    combined: int

    def __str__(self) -> str:
        return f"set the combined channels of {self.label} from {self.before} to {self.combined}"


class SetRings(t.NamedTuple):
    """`ethtool -G NAME rx N tx N`."""

    address: str
    name: str
    label: str
    before: RingSizes
    after: RingSizes

    def __str__(self) -> str:
        return f"set the rings of {self.label} to {self.after} (were {self.before})"


class SetNtuple(t.NamedTuple):
    """`ethtool -K NAME ntuple on`, or `off`."""

    address: str
    name: str
    label: str
    on: bool

    def __str__(self) -> str:
        return f"turn ntuple filters of {self.label} {'on' if self.on else 'off'}"


class SetRss(t.NamedTuple):
    """`ethtool -X NAME …`; no table is the driver's default one.

    :param again: the table was there before the plan, and another step loses it.
    :param before: the table that was set by hand before the plan; None: the driver's own.
    :param apart: it is made of that one, or of the driver's, without queues for AF_XDP.
    """

    address: str
    name: str
    label: str
    table: tuple[int, ...] | None
    again: bool = False
    before: tuple[int, ...] | None = None
    apart: bool = False

    def __str__(self) -> str:
        if self.table is None:
            return f"give {self.label} its driver's default RSS table"
        words = ", ".join(f"queue {queue} has {entries}" for queue, entries in spread(self.table).items())
        verb = "put back" if self.again else "set"
        return f"{verb} the RSS table of {self.label}: of {len(self.table)} entries {words}"


class SetHash(t.NamedTuple):
    """`ethtool -X NAME hkey … hfunc …` and `ethtool -N NAME rx-flow-hash …`: all of it, or nothing.

    :param change: what is written.
    :param before: the hash as it is, for the sentence and the way back.
    """

    address: str
    name: str
    label: str
    change: Hash
    before: Hash

    def __str__(self) -> str:
        return f"set the RSS hash of {self.label}: {hash_words(self.change, self.before)}"


class DeleteRule(t.NamedTuple):
    """`ethtool -N NAME delete LOCATION`.

    :param driver_places: the driver picks locations: the rule can come back, but not to its own.
    """

    address: str
    name: str
    label: str
    rule: FlowRule
    driver_places: bool = False

    def __str__(self) -> str:
        return f"delete flow rule {self.rule.location} of {self.label}: {self.rule}"


class InsertRule(t.NamedTuple):
    """`ethtool -N NAME flow-type …`.

    :param replaces: the rule at the same location whose place it takes.
    :param again: the rule was there before the plan, and another step loses it.
    :param moved: the rule for the same flow that another stage's step drops; comes back if this one is refused.
    """

    address: str
    name: str
    label: str
    rule: FlowRule
    replaces: FlowRule | None = None
    again: bool = False
    moved: FlowRule | None = None

    def __str__(self) -> str:
        number = "" if self.rule.location is None else f" {self.rule.location}"
        if self.replaces is not None:
            return f"replace flow rule{number} of {self.label}: {self.rule} (was: {self.replaces})"
        return f"{'put back' if self.again else 'add'} flow rule{number} of {self.label}: {self.rule}"


NetStep = t.Union[
    WaitForCarrier,
    SetVf,
    SetMtu,
    SetVfLink,
    SetChannels,
    SetRings,
    SetNtuple,
    SetRss,
    SetHash,
    DeleteRule,
    InsertRule,
]
