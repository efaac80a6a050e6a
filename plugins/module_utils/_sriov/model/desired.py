# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a host shall be like: every module makes one of these out of its options. None means "leave as it is"."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .attributes import VfAttributes
from .host import NodeSpec, PfSpec

if t.TYPE_CHECKING:
    from .flow import FlowRule

AUTO = "auto"  # mac: derived from the PF's permanent address


@dataclass(frozen=True)
class VfWish:
    """Attributes of some VFs.

    :param vfs: a selector: "0-3,7" or "all"; what it names is known once the number of VFs is.
    :param mtu: of the VF's own interface, so only of one that a kernel driver gives it.
    """

    vfs: str
    attributes: VfAttributes = field(default_factory=VfAttributes)
    mtu: int | None = None


@dataclass(frozen=True)
class DriverWish:
    """The driver of some VFs."""

    vfs: str
    driver: str
    node: NodeSpec = field(default_factory=NodeSpec)
    no_iommu: bool = False


@dataclass(frozen=True)
class RssWish:
    """How received flows spread over the PF's queues.

    :param channels: `ethtool -L DEV combined N`.
    :param verb: queues | weights | equal | exclude_queues | default; None leaves the table as it is.
    :param numbers: what follows the verb.
    :param min_queues: the least size of the RSS group.
    """

    channels: int | None = None
    verb: str | None = None
    numbers: tuple[int, ...] = ()
    min_queues: int | None = None


@dataclass(frozen=True)
class RulesWish:
    """Flow rules that shall be there, or shall not.

    :param names: how the options call each rule: "rules[0]".
    :param exclusive: rules that are not listed shall go.
    """

    rules: tuple[FlowRule, ...] = ()
    names: tuple[str, ...] = ()
    absent: bool = False
    exclusive: bool = False

    def drops(self, rule: FlowRule) -> bool:
        """Whether a rule that is there shall go. With state: absent no destination, or no location, means every one."""
        same = [wanted for wanted in self.rules if wanted.flow == rule.flow and rule.context is None]
        if self.absent:
            return any(w.cookie in (None, rule.cookie) and w.location in (None, rule.location) for w in same)
        return any(wanted.cookie != rule.cookie for wanted in same) or (self.exclusive and not same)


@dataclass(frozen=True)
class PfWish:
    """All that is wished of one PF."""

    address: str
    pf: PfSpec = field(default_factory=PfSpec)
    vfs: tuple[VfWish, ...] = ()
    drivers: tuple[DriverWish, ...] = ()
    rss: RssWish | None = None
    rules: RulesWish | None = None

    @property
    def force(self) -> bool:
        return self.pf.force


@dataclass(frozen=True)
class HostWish:
    """All PFs that are wished about; the others are left alone."""

    pfs: tuple[PfWish, ...] = ()
