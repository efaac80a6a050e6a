# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a host shall be like: every module makes one of these out of its options. None means "leave as it is".

Names are as the user has written them: what they mean on a host is found out while it is observed. In a desired state
that has been located (observe.names.locate) each name is a PCI address, and each owner a number.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from .attributes import VfAttributes
from .rss_hash import Hash
from .selector import EVERY_VF, Selector

if t.TYPE_CHECKING:
    from .flow import FlowRule
    from .queues import Rings
    from .xsk import DesiredXsk

BY_WHAT = "by interface name, altname, MAC or PCI address"  # how a PF is called
AUTO = "auto"  # mac: derived from the PF's permanent address
DEFAULT, NONE = "default", "none"  # driver: the kernel's own choice; no driver
NO_DRIVER_NAMES = (DEFAULT, NONE)


class Node(t.NamedTuple):
    """Who may open /dev/vfio/N; None leaves a part as it is.

    :param owner: a name or a number; a number once located.
    """

    owner: str | int | None = None
    group: str | int | None = None
    mode: int | None = None


class DesiredVfs(t.NamedTuple):
    """One entry of the list of VFs; what a VF shall have in the end, model.vfs.desired_by_vf() tells.

    :param said: values by the options' words: an attribute, mtu, driver, owner, group, mode, no_iommu. None takes back
        what a wider entry says.
    :param name: how the options call the entry: "vfs[0]".
    """

    vf: Selector
    said: t.Mapping[str, t.Any]
    name: str = "vfs"


class DesiredVf(t.NamedTuple):
    """What is desired of one VF.

    :param up: whether its interface is; no option says it, but a VF that is created again keeps it.
    :param mtu: of the VF's own interface, so only of one that a kernel driver gives it.
    :param driver: a driver's name, DEFAULT or NONE.
    """

    attributes: VfAttributes = VfAttributes()
    mtu: int | None = None
    driver: str | None = None
    node: Node = Node()
    no_iommu: bool = False
    up: bool | None = None


class DesiredDevice(t.NamedTuple):
    """The driver of a PCI function that is named by itself, or of VFs whatever else their PF is.

    :param device: a PCI address, or "" where pf and vf name VFs; an address once located.
    :param driver: a driver's name, DEFAULT or NONE.
    :param allow: words of model.consent.
    :param release: services that are stopped for the time of the run where they have it open, by whole name.
    """

    device: str
    driver: str
    node: Node = Node()
    no_iommu: bool = False
    allow: frozenset[str] = frozenset()
    pf: str | None = None
    vf: Selector = EVERY_VF
    release: frozenset[str] = frozenset()


class DesiredRss(t.NamedTuple):
    """How received flows spread over the PF's queues.

    :param channels: `ethtool -L DEV combined N`.
    :param verb: queues | weights | equal | exclude_queues | default; None leaves the table as it is. No option says
        `table`: each entry of it, as it was (plan.way_back); nor `apart`: the same, without queues for AF_XDP.
    :param numbers: what follows the verb.
    :param min_queues: the least size of the RSS group.
    :param rings: `ethtool -G DEV rx N tx N`.
    :param hash: what goes into the choice of an entry of the table.
    """

    channels: int | None = None
    verb: str | None = None
    numbers: tuple[int, ...] = ()
    min_queues: int | None = None
    rings: Rings | None = None
    hash: Hash = Hash()


@dataclass(frozen=True)
class DesiredRules:
    """Flow rules that shall be there, or shall not.

    :param names: how the options call each rule: "rules[0]".
    :param exclusive: rules that are not listed shall go.
    :param leftover: rules into VFs that shall not be: rules of their flows that lead into a VF go as well.
    :param spared: rules that are there and stay, though they are not listed, and could perhaps not be asked for.
    :param unwanted: rules that shall go, beside those that shall be there: no other of their flows.
    """

    rules: tuple[FlowRule, ...] = ()
    names: tuple[str, ...] = ()
    absent: bool = False
    exclusive: bool = False
    leftover: tuple[FlowRule, ...] = ()
    spared: tuple[FlowRule, ...] = ()
    unwanted: tuple[FlowRule, ...] = ()

    @property
    def present(self) -> tuple[FlowRule, ...]:
        """Rules that shall be there."""
        return () if self.absent else self.rules

    def names_flow(self, rule: FlowRule) -> bool:
        return rule.flow in self._by_flow

    def drops(self, rule: FlowRule) -> bool:
        """Whether a rule that is there shall go. With absent no destination, or no location, means every one."""
        same = self._by_flow.get(rule.flow, ())
        if (rule.into_vf and rule.flow in self._leftover_flows) or (rule.flow, rule.target) in self._unwanted:
            return True
        if self.absent:
            named = [each for each in same if each.cookie is None or each.target == rule.target]
            return any(each.location in (None, rule.location) for each in named)
        return any(each.target != rule.target for each in same) or (self.unlisted_goes(rule) and not same)

    def unlisted_goes(self, rule: FlowRule) -> bool:
        """Whether it shall go where nothing that is listed is the same."""
        return self.exclusive and rule.flow not in self._spared_flows

    def name_of(self, rule: FlowRule) -> str:
        """How the options call the rule for this flow."""
        return self._names.get(rule.flow, "rules")

    @functools.cached_property
    def _by_flow(self) -> dict[t.Any, list[FlowRule]]:
        found: dict[t.Any, list[FlowRule]] = {}
        for rule in self.rules:
            found.setdefault(rule.flow, []).append(rule)
        return found

    @functools.cached_property
    def _leftover_flows(self) -> set[t.Any]:
        return {rule.flow for rule in self.leftover}

    @functools.cached_property
    def _unwanted(self) -> set[t.Any]:
        return {(rule.flow, rule.target) for rule in self.unwanted}

    @functools.cached_property
    def _spared_flows(self) -> set[t.Any]:
        return {rule.flow for rule in self.spared}

    @functools.cached_property
    def _names(self) -> dict[t.Any, str]:
        return {rule.flow: name for name, rule in zip(reversed(self.names), reversed(self.rules))}


class DesiredPf(t.NamedTuple):
    """All that is desired of one PF.

    :param pf: interface name, altname, MAC, PCI address or ids; the PCI address once located.
    :param port: the interface, once located, where one was named: two ports may be one PCI function.
    :param allow: words of model.consent.
    :param place: what stands before its options where they are named: "pfs[0].".
    :param kept: what VFs had that the plan creates again, in words that the user has not said (plan.kept).
    :param ntuple: the feature without which no flow rule is in force.
    :param release: services that are stopped for the time of the run where they have it or a VF open, by whole name.
    :param as_it_was: it is what the host was (plan.way_back): down with VFs too; `vfs` says all addresses that were
        given.
    :param as_before: as it was before the first change; the rest is for a host that has no record of that. What the
        record says takes its place once the host is observed (plan.from_record).
    """

    pf: str
    num_vfs: int | None = None
    drivers_autoprobe: bool | None = None
    min_rss_queues: int | None = None
    up: bool | None = None
    vfs: tuple[DesiredVfs, ...] = ()
    rss: DesiredRss | None = None
    rules: DesiredRules | None = None
    allow: frozenset[str] = frozenset()
    place: str = ""
    port: str = ""
    kept: tuple[DesiredVfs, ...] = ()
    ntuple: bool | None = None
    release: frozenset[str] = frozenset()
    as_it_was: bool = False
    as_before: bool = False
    xsk: DesiredXsk | None = None

    @property
    def every_vfs(self) -> tuple[DesiredVfs, ...]:
        """What is said of VFs, by the user and by what they had."""
        return (*self.vfs, *self.kept)

    @property
    def reopens(self) -> bool:
        """Whether it may close and open the PF, by which drivers drop rules and tables."""
        channels = self.rss and self.rss.channels is not None
        return self.num_vfs is not None or self.up is not None or bool(channels) or self.xsk is not None


class Desired(t.NamedTuple):
    """A desired host: what it does not name is left alone."""

    pfs: tuple[DesiredPf, ...] = ()
    devices: tuple[DesiredDevice, ...] = ()

    def keeping(self, kept: t.Mapping[str, tuple[DesiredVfs, ...]]) -> Desired:
        """With what VFs had, by the address of their PF."""
        return self._replace(pfs=tuple(each._replace(kept=kept.get(each.pf, each.kept)) for each in self.pfs))
