# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""VFs that a run has destroyed, and failed then: they are new ones, and get what they had. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .model.desired import Desired, DesiredPf, DesiredVfs
from .model.host import Fit
from .model.kept import KeptVf, Taken
from .model.selector import Selector
from .model.vfs import driver_of, said_of
from .plan.after import after_all
from .plan.check_taken import OF_DRIVER, has_word, lost_words, merged, owed_words
from .plan.kept import plan_kept
from .plan.stage import AS_IT_WAS
from .plan.taken import ON_THE_WAY
from .steps.pci import SetNumVfs, Unbind
from .steps.vf_commands import count_command, vf_commands

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .model.host import Pf, State
    from .steps.pci import Step


class Again(t.NamedTuple):
    """What was there, and how it is asked for.

    :param had: what VFs had, by the address of their PF.
    :param state: the host as it is, with what is known of their drivers.
    """

    had: dict[str, Taken]
    state: State
    desired: Desired


def vfs_again(
    before: State, now: State, desired: Desired, attempted: Sequence[Step], noted: Iterable[Taken] = ()
) -> Again:
    """Of PFs that have, or shall have, VFs.

    :param before: the host as it was.
    :param attempted: steps that were done, and the one that was refused.
    :param noted: what the journal has, and is not there.
    """
    begun = {step.address for step in attempted if isinstance(step, SetNumVfs) and step.before}
    had, wishes, fits = {}, [], []
    for each in (each for each in desired.pfs if each.pf in begun and each.num_vfs and each.pf in now.pfs):
        had[each.pf], of_pf = _what_they_had(before, now, each)
        fits += of_pf
        entries = tuple(_entries(now.pfs[each.pf], had[each.pf]))
        gone = now.pfs[each.pf].num_vfs == 0
        number = before.pfs[each.pf].num_vfs if gone else None
        if gone or entries:
            wishes.append(DesiredPf(each.pf, num_vfs=number, allow=each.allow, port=each.port, kept=entries))
    allow = {each.pf: each.allow for each in desired.pfs if each.pf not in had and each.pf in now.pfs}
    for taken in (taken for taken in noted if taken.pf in allow):
        entries = tuple(_links(now.pfs[taken.pf], taken))
        wishes += [DesiredPf(taken.pf, allow=allow[taken.pf], kept=entries)] if entries else []
    state = now._replace(host=replace(now.host, fits=(*now.host.fits, *fits)))
    return Again(had, state, Desired(tuple(wishes)))


def lost_commands(before: State, now: State, had: t.Mapping[str, Taken], noted: Iterable[Taken]) -> list[str]:
    """What an operator types for what is not back.

    :param noted: what the journal has.
    """
    every = dict(had)
    for each in noted:
        every[each.pf] = merged(every[each.pf], each) if each.pf in every else each
    pfs, found = {**now.parents, **now.pfs}, []
    for pf, each in ((pfs[pf], each) for pf, each in every.items() if pf in pfs):
        address = pf.device.address
        if address in had and not pf.num_vfs:
            found.append(count_command(address, before.pfs[address].num_vfs))
        elif address not in had:
            each = each._replace(vfs=tuple(kept for kept in each.vfs if kept.vf < pf.num_vfs))
        for kept in each.vfs:
            found += vf_commands(pf, kept.vf, lost_words(pf, kept))
    return found


def unseen_loss(
    before: State, desired: Desired, attempted: Sequence[Step], noted: Iterable[Taken]
) -> tuple[dict[str, Taken], list[str]]:
    """Where the host cannot be looked at: all that may be lost.

    :param noted: all that the journal has.
    :returns: what VFs had, and what an operator types for it.
    """
    destroyed = {step.address for step in attempted if isinstance(step, SetNumVfs) and step.before}
    taken: list[Step] = []
    for address, pf in ((address, pf) for address, pf in before.pfs.items() if address in destroyed and pf.num_vfs):
        taken.append(SetNumVfs(address, pf.label, pf.num_vfs, 0))
    for step in (step for step in attempted if isinstance(step, ON_THE_WAY) and step.physfn not in destroyed):
        vf = next((each for each in before.every_device() if each.address == step.address and each.driver), None)
        taken += [Unbind(step.address, step.label, vf.driver or "", step.physfn, step.vf)] if vf else []
    now, journal = after_all(before, taken), list(noted)
    had = vfs_again(before, now, desired, attempted, journal).had
    return had, lost_commands(before, now, had, journal)


def _what_they_had(before: State, now: State, desired: DesiredPf) -> tuple[Taken, list[Fit]]:
    old, pf = before.pfs[desired.pf], now.pfs[desired.pf]
    gone = [SetNumVfs(desired.pf, pf.label, pf.num_vfs, 0)] if pf.num_vfs else []
    anew = after_all(now, [*gone, SetNumVfs(desired.pf, pf.label, 0, old.num_vfs)]).pfs[desired.pf]
    plain = DesiredPf(desired.pf, allow=desired.allow)
    entries, _warnings, fits = plan_kept(old, anew, plain, (), now.host)
    kept = [KeptVf(index, dict(entry.said)) for entry in entries for index in entry.vf.indices(old.num_vfs)]
    there = pf.num_vfs or old.num_vfs
    words = [_but_for_what_is_done(pf, each, desired) for each in kept if each.vf < there]
    vfs = tuple(each for each in words if each.said)
    addressed = [fit._replace(device=anew.vf_address(each.vf)) for fit in fits for each in vfs]
    return Taken(desired.pf, old.perm_mac, vfs=vfs), [*fits, *addressed]


def _but_for_what_is_done(pf: Pf, kept: KeptVf, desired: DesiredPf) -> KeptVf:
    """Without words that the request has as well, and that are as it wants them."""
    if kept.vf >= len(pf.vfs):
        return kept
    vf, said = pf.vfs[kept.vf], {word: value for word, (value, _entry) in said_of(desired.vfs, kept.vf).items()}
    done = {word for word in said if word not in OF_DRIVER and has_word(vf, word, said[word])}
    done |= {*OF_DRIVER} if "driver" in said and vf.driver == driver_of(vf, said["driver"]) else set()
    return KeptVf(kept.vf, {word: value for word, value in kept.said.items() if word not in done})


def _links(pf: Pf, noted: Taken) -> Iterator[DesiredVfs]:
    """Of VFs that were between two drivers, and have their own again: its interface is a new one."""
    for kept in (kept for kept in noted.vfs if kept.vf < len(pf.vfs)):
        words = {word: value for word, value in lost_words(pf, kept).items() if word in ("mtu", "up")}
        if words and pf.vfs[kept.vf].netdev:
            yield DesiredVfs(Selector(((kept.vf, kept.vf),)), words, AS_IT_WAS)


def _entries(pf: Pf, had: Taken) -> Iterator[DesiredVfs]:
    """Of all VFs where there are none, which are made again; else of those that the kernel shows."""
    for kept in (kept for kept in had.vfs if kept.vf < len(pf.vfs) or not pf.num_vfs):
        words = owed_words(pf, pf.vfs[kept.vf], kept) if kept.vf < len(pf.vfs) else dict(kept.said)
        if words:
            yield DesiredVfs(Selector(((kept.vf, kept.vf),)), words, AS_IT_WAS)
