# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Right before a step that takes something away: what has come since the plan was made, and would be lost unseen.

Our own runs wait for each other (kept.lock); programs, other tools and people do not.
"""

from __future__ import annotations

import typing as t

from ..errors import InUse, errno_words
from ..knowledge.queues import driver_of
from ..model.consent import IN_USE, LINK_RESET
from ..model.holders import BLOCKING, PROCESS, ROUTE, SSH, UNSEEN, XSK
from ..model.paths import PCI_DEVICES
from ..steps.net import DeleteRule, InsertRule, SetChannels, SetNtuple, SetRings, SetRss
from ..steps.pci import Bind, Reload, SetLink, SetNumVfs, Unbind
from ..steps.xsk import AttachXdp, DetachXdp
from .waiting import located

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ..kernel.kernel import Kernel
    from ..model.desired import Desired
    from ..model.holders import Holder
    from ..model.host import State
    from ..steps.pci import Step

    Entry = t.Dict[str, t.Optional[str]]

ON_FUNCTION = (Bind, Reload, Unbind)
ON_XDP = (AttachXdp, DetachXdp)
ON_QUEUES = (SetNumVfs, SetChannels, SetRings, SetLink, SetNtuple, *ON_XDP)  # rules and table may go with it
ON_RULES = (InsertRule, DeleteRule)
# Of a VF that this run has made these are users. What else comes to it (addresses, a bridge's port) comes of itself.
PROGRAMS = (*BLOCKING, PROCESS, UNSEEN)


class Seen(t.NamedTuple):
    """The host that steps were planned for.

    :param look: who uses functions now, by PCI address.
    :param allow: consent for what becomes of a function, by its PCI address.
    """

    state: State
    look: t.Callable[[Sequence[str]], Mapping[str, Sequence[Holder]]]
    allow: Mapping[str, Collection[str]] = {}


def consents(desired: Desired, state: State) -> dict[str, Collection[str]]:
    """As Seen has them."""
    found: dict[str, Collection[str]] = {each.device: each.allow for each in desired.devices}
    for each in desired.pfs:
        found.update((function, each.allow) for function in (each.pf, *(vf.address for vf in state.pfs[each.pf].vfs)))
    return found


class Since:
    """What has come to a host since it was looked at."""

    def __init__(self, kernel: Kernel, seen: Seen) -> None:
        self._kernel = kernel
        self._seen = seen.state
        self._look = seen.look
        self._allow = seen.allow
        self._known = {each.address: {holder.text for holder in each.holders} for each in seen.state.every_device()}
        self._refused = set(kernel.refused.files)
        self._changed: set[str] = set()  # PFs whose queues this run has changed: what is there now may be its own
        self._made: set[str] = set()  # PFs whose VFs it has made
        self._ruled: set[str] = set()  # PFs whose rules it has changed

    def check(self, steps: Sequence[Step]) -> None:
        """Before steps of one kind are done together.

        :raises InUse: somebody has come who would lose something.
        """
        self._check_users([each for step in steps for each in self._going(step)])
        for step in steps:
            if isinstance(step, SetNumVfs) and step.before and step.address not in self._made:
                self._check_vfs(step)
            if isinstance(step, ON_FUNCTION):
                self._check_driver(step)
            elif isinstance(step, (*ON_QUEUES, *ON_RULES, SetRss)):
                self._check_queues(step)
            self._check_read(step)

    def did(self, steps: Sequence[Step]) -> None:
        """What comes after these steps is ours."""
        for step in steps:
            if isinstance(step, SetNumVfs):
                self._made.add(step.address)
            if isinstance(step, (*ON_QUEUES, SetRss)):
                self._changed.add(step.address)
            if isinstance(step, ON_RULES):
                self._ruled.add(step.address)

    # --- Users -----------------------------------------------------------------------------------------------------

    def _going(self, step: t.Any) -> Iterator[tuple[t.Any, str]]:
        """Functions that a step takes from whoever has them."""
        if isinstance(step, SetNumVfs) and step.before:
            yield from ((step, address) for address in self._kernel.pci.virtual_functions(step.address))
        elif (isinstance(step, SetLink) and not step.up) or isinstance(step, ON_XDP):
            yield step, step.address
        elif isinstance(step, ON_FUNCTION):
            address = located(self._kernel, step)
            if self._kernel.pci.driver(address) is not None:
                yield step, address

    def _check_users(self, going: list[tuple[t.Any, str]]) -> None:
        """They are looked at once for all of the functions."""
        now = self._look([address for _step, address in going]) if going else {}
        for step, address in going:
            new = (each for each in now[address] if self._is_new(step, address, each))
            found = [each for each in new if not self._is_allowed(step, address, each)]
            if found:
                raise InUse(
                    f"not done: {step}",
                    why="; ".join(f"since the host was looked at: {each.text}" for each in found),
                    remedy=_remedy({each.kind for each in found}),
                    holders=[each.text for each in found],
                )

    def _is_new(self, step: t.Any, address: str, holder: Holder) -> bool:
        if holder.text in self._known.get(address, ()):
            return False
        if isinstance(step, ON_XDP):
            return holder.kind == XSK and holder.port in ("", step.name)
        if isinstance(step, SetLink):
            return holder.port in ("", step.name)
        made = getattr(step, "physfn", None) in self._made or step.address in self._made
        return not made or holder.kind in PROGRAMS

    def _is_allowed(self, step: t.Any, address: str, holder: Holder) -> bool:
        """As plan.guard has it."""
        if holder.kind in (SSH, *BLOCKING) or (holder.kind == ROUTE and isinstance(step, SetLink)):
            return False
        needed = {IN_USE, LINK_RESET} if holder.kind == ROUTE and isinstance(step, SetNumVfs) else {IN_USE}
        given = self._allow.get(address, self._allow.get(getattr(step, "physfn", None) or "", ()))
        return needed <= set(given)

    def _check_read(self, step: t.Any) -> None:
        """Which functions there are, and who has them, is told by files of theirs: one that cannot be read is as one
        that is not there."""
        if isinstance(step, SetNumVfs):
            before = (vf.address for vf in self._seen.pfs[step.address].vfs)
            functions = {step.address, *before, *self._kernel.pci.virtual_functions(step.address)}
        elif isinstance(step, ON_FUNCTION):
            functions = {located(self._kernel, step)}
        else:
            return
        for path, number in self._kernel.refused.files.items():
            if path not in self._refused and _function(path) in functions:
                raise InUse(
                    f"not done: {step}",
                    why=f"what has come since the host was looked at is not known: {path} [{errno_words(number)}]",
                    remedy="run again, and see dmesg",
                )

    # --- VFs and drivers -------------------------------------------------------------------------------------------

    def _check_vfs(self, step: SetNumVfs) -> None:
        pci = self._kernel.pci
        before: Entry = {vf.address: vf.driver for vf in self._seen.pfs[step.address].vfs}
        now: Entry = {address: pci.driver(address) for address in pci.virtual_functions(step.address)}
        new = sorted(set(now) - set(before))
        if new:
            raise _changed(step, f"VFs have come ({', '.join(new)})")
        for address, driver in now.items():
            if driver != before[address]:
                raise _changed(step, f"{address} has {driver or 'no driver'}, and had {before[address] or 'none'}")

    def _check_driver(self, step: t.Any) -> None:
        """Of a VF that was there: one that this run has made has what the kernel gave it."""
        pf = self._seen.pfs.get(step.physfn or "")
        vf = next((vf for vf in pf.vfs if vf.address == step.address), None) if pf else None
        if vf is None or step.physfn in self._made:
            return
        now, wanted = self._kernel.pci.driver(step.address), getattr(step, "driver", None)
        if now not in (None, vf.driver, wanted):
            raise _changed(step, f"{step.address} has {now}, and had {vf.driver or 'none'}")

    # --- Rules and table -------------------------------------------------------------------------------------------

    def _check_queues(self, step: t.Any) -> None:
        """A driver may drop rules and table, or put a rule in the place of another (ixgbe), without a word."""
        pf = self._seen.pfs[step.address]
        name = pf.device.netdev.name if pf.device.netdev else ""
        if not name or step.address in self._ruled:
            return
        if step.address in self._made and not self._kernel.interfaces.exists(name):
            return  # it came with the VFs, and has gone with them (cxgb4)
        if pf.queues.rules and not isinstance(step, SetRss):
            listed = self._kernel.ethtool.rules(name, driver_of(pf).steering.masks_told)
            if listed is None:
                raise _changed(step, "its flow rules cannot be read any more")
            for rule in (rule for rule in listed.rules if rule not in pf.queues.rules.rules):
                raise _changed(step, f"flow rule {rule.location} has come ({rule})")
        if pf.queues.rss and step.address not in self._changed and not isinstance(step, ON_RULES):
            rss = self._kernel.ethtool.rss(name)
            if rss is None or rss.table != pf.queues.rss.table:
                raise _changed(step, "the RSS table is another one" if rss else "its RSS table cannot be read any more")


def _remedy(kinds: set[str]) -> str:
    if kinds == {UNSEEN}:
        return "run again, and see dmesg"
    if SSH in kinds:
        return "reach the host over another NIC"
    return f"{'end the program' if kinds & {*PROGRAMS, XSK} else 'release it'} first, and run again"


def _function(path: str) -> str:
    """Of which one a file is; "" for none."""
    directory, _slash, rest = path.partition(f"{PCI_DEVICES}/")
    return "" if directory else rest.partition("/")[0]


def _changed(step: t.Any, what: str) -> InUse:
    return InUse(
        f"not done: {step}",
        why=f"somebody else changes it: since the host was looked at, {what}",
        remedy="run again",
        holders=[what],
    )
