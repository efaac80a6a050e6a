# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What runs remember of a host: what was there before the first of them, and what an unfinished one has taken away."""

from __future__ import annotations

import functools
import typing as t

from .errors import SriovError
from .kept.files import Files
from .kept.journal import Journal, unfinished
from .kept.records import Records
from .kept.units import StoppedUnits
from .plan.check_taken import PARTS, merged, missing, same_card, still_owed, without_driver
from .plan.record import new_records, outlived
from .plan.taken import to_note
from .steps.units import StartUnit

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .kernel.kernel import Kernel
    from .model.desired import Desired
    from .model.host import Pf, State
    from .model.kept import Taken
    from .steps.pci import Plan


class Memory:
    """Of one host."""

    def __init__(self, kernel: Kernel) -> None:
        files = Files(kernel.root)
        self._journal = Journal(files)
        self._records = Records(files)
        self._units = StoppedUnits(files)
        self._asks = kernel.units
        self._owed = False  # units are noted
        self._taken: dict[str, Taken] = {}  # as the journal has it
        self._found: set[str] = set()  # PFs that an earlier run has left one of
        self._of_any_card: dict[str, Taken] = {}  # what was there, and may be of another card

    def recall(self, state: State) -> State:
        """The host with what is remembered of it.

        :raises Unreadable: something is, and cannot be understood: nothing may be changed before that is settled.
        """
        parents = {device.physfn for device in state.devices.values() if device.physfn}
        found = {pf: self._journal.read(pf) for pf in sorted({*state.pfs, *parents})}
        self._taken = {pf: each for pf, each in found.items() if each}
        self._found = {*self._taken}
        for pf, each in self._taken.items():
            if pf in state.pfs and same_card(each.perm_mac, state.pfs[pf]) is None:
                self._of_any_card.setdefault(pf, each)
        # One that somebody has started since then is owed nothing any more.
        noted = self._units.read()
        self._owed = bool(noted)
        stopped = tuple(unit for unit in noted if not self._asks.now(unit).is_active)
        return state._replace(taken=dict(self._taken), records=self._records.read(), stopped=stopped)

    def beside(self, state: State) -> State:
        """Another look at the host, with what is remembered by now."""
        return state._replace(taken=dict(self._taken), records=self._records.read())

    @property
    def has_journal(self) -> bool:
        return bool(self._taken)

    def note(self, before: State, plan: Plan, desired: Desired) -> None:
        """Before the first step, and before those of a second plan.

        :raises KernelRefused: it cannot be written.
        """
        back = {each.pf for each in desired.pfs if each.as_before}  # what there is now is no state to go back to
        new = {pf: each for pf, each in new_records(before, plan.steps).items() if pf not in back}
        if new:
            self._records.write({**before.records, **new})
        units = [step.unit for step in plan.steps if isinstance(step, StartUnit)]
        if units:
            self.owe(units)
        for each in to_note(before, plan, desired):
            self._write(each)

    def owe(self, units: Sequence[str]) -> None:
        """These units, and no others, are to be started again.

        :raises KernelRefused: it cannot be written.
        """
        if units or self._owed:
            self._units.write(units)
        self._owed = bool(units)

    def failed(self, now: State | None, lost: t.Mapping[str, Taken]) -> None:
        """A run was refused on its way: what is there is owed nothing any more, and what somebody takes later neither.

        :param now: None: it cannot be seen.
        :param lost: what is known to be lost beside that.
        :raises SriovError: the journal cannot be written.
        """
        for pf, each in lost.items():
            self._taken[pf] = merged(each, self._taken[pf]) if pf in self._taken else each
        pfs = {**now.parents, **now.pfs} if now else {}
        for pf, each in sorted(self._taken.items()):
            if pf not in self._of_any_card:
                self._keep(missing(each, pfs[pf]) if pf in pfs else each)

    @property
    def noted(self) -> list[Taken]:
        """All that the journal has, whatever is there."""
        return list(self._taken.values())

    def missing(self, now: State) -> list[Taken]:
        """What is noted and is not there."""
        pfs = {**now.parents, **now.pfs}
        return [missing(each, pfs[pf]) for pf, each in sorted(self._taken.items()) if pf in pfs]

    def settle(self, after: State, desired: Desired) -> list[str]:
        """All is as desired, and every unit runs: nothing is missing any more but of what is not there or cannot be
        seen; of PFs that are as in the beginning nothing need be known.

        :returns: what of it could not be written down, in words: the host is as desired all the same.
        """
        of_pfs = (functools.partial(self._settle_pf, pf, after, desired) for pf in sorted(self._taken))
        every: list[Callable[[], None]] = [
            functools.partial(self.owe, ()),
            *of_pfs,
            functools.partial(self._settle_records, after, desired),
        ]
        found = [text for each in every for text in _told(each)]
        return [*found, *(unfinished(pf) for pf in sorted({*self._taken} - {*after.pfs}))]

    def _settle_pf(self, address: str, after: State, desired: Desired) -> None:
        taken, pf = self._taken[address], {**after.parents, **after.pfs}.get(address)
        if address in self._of_any_card:
            self._keep(self._of_any_card[address])
        elif pf is not None:
            wish = next((each for each in desired.pfs if each.pf == address), None)
            card = same_card(taken.perm_mac, pf)
            if card is False:
                self._remove(address)
            elif wish is not None:
                self._keep(still_owed(taken, pf, wish))
            elif card or address not in self._found:
                self._keep(_without_named(missing(taken, pf), pf, after))

    def _settle_records(self, after: State, desired: Desired) -> None:
        records = self._records.read()
        over = outlived(after._replace(records=records)) if records else []
        # What others have set since then, and what no driver takes back, is no reason to go back once more.
        back = {each.pf for each in desired.pfs if each.as_before} & {*after.pfs}
        over += [
            pf
            for pf in back & {*records}
            if same_card(records[pf].perm_mac, after.pfs[pf]) is not False and not after.pfs[pf].unknown(*PARTS)
        ]
        if over:
            self._records.write({pf: each for pf, each in records.items() if pf not in over})

    def _keep(self, taken: Taken) -> None:
        if taken.is_empty:
            self._remove(taken.pf)
        else:
            self._write(taken)

    def _write(self, taken: Taken) -> None:
        self._journal.write(taken)
        self._taken[taken.pf] = taken

    def _remove(self, pf: str) -> None:
        self._journal.remove(pf)
        del self._taken[pf]


def _without_named(taken: Taken, pf: Pf, after: State) -> Taken:
    """After VFs were given their drivers by themselves: what goes with another one is not owed to them any more."""
    named = {vf.vf: vf.driver for vf in after.devices.values() if vf.physfn == pf.device.address}
    vfs = (
        without_driver(kept) if kept.vf in named and named[kept.vf] != kept.said.get("driver") else kept
        for kept in taken.vfs
    )
    return taken._replace(vfs=tuple(kept for kept in vfs if kept.said or kept.to))


def _told(housekeeping: Callable[[], None]) -> list[str]:
    try:
        housekeeping()
    except SriovError as error:
        return [f"all is as it should be, but what was noted on the way is left: {error}"]
    return []
