# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The line of the next boot: which arguments are ours to write, and which of others' are in the way.

Only what this collection has written is its own. What stands there already, by whomever, is not written again; what
says otherwise is somebody's decision.
"""

from __future__ import annotations

import typing as t

from ..boot_loaders.places import BY_HAND, place_of
from ..errors import WouldDestroy
from ..model import kernel_arguments as arguments
from ..model.kernel_arguments import (
    PAGE_SIZE,
    Tokens,
    key,
    line_pools,
    place,
    plain,
    same,
    size_kb,
    split,
    units,
    value,
    without,
)
from ..model.platform import Owned, Setting
from ..model.platform_kept import ARGUMENTS

if t.TYPE_CHECKING:
    from ..faults import Faults
    from ..model.platform import DesiredPlatform, ObservedPlatform

# The first of two counts: housekeeping_setup() and hugepagesz_setup() of the kernel refuse the second.
FIRST_COUNTS = ("isolcpus", "nohz_full")


class WantedLine(t.NamedTuple):
    """:param after: the whole line.
    :param owned: all of it that is ours.
    """

    after: Tokens
    owned: tuple[Owned, ...]


def plan_line(
    desired: DesiredPlatform,
    observed: ObservedPlatform,
    settings: t.Sequence[Setting],
    takes_out: bool,
    faults: Faults,
) -> WantedLine:
    """:param takes_out: the boot loader can take out what others have written."""
    written = _written(observed.boot.line, observed.owned)
    faults.add(*map(_torn, _parted(observed.boot.line, written)))
    owned, gone, new = _kept(written, settings)
    line = _again(_undone(observed.boot.line, gone), owned)
    for setting in new:
        foreign = without(line, [each.token for each in owned])
        theirs = _theirs(setting, foreign, observed)
        if theirs and _provided(setting, theirs):
            continue
        replaced = None
        if theirs and _says_otherwise(setting, theirs):
            wins = setting.kind != "pool" and key(setting.tokens[0]) not in FIRST_COUNTS
            if not desired.override or not (takes_out or wins):
                faults.add(_in_the_way(setting, theirs, observed, takes_out or wins))
                continue
            if takes_out:
                replaced = " ".join(theirs)
        line, more = _with(line, setting, theirs if replaced else (), replaced)
        owned += more
    return WantedLine(line, tuple(owned))


def _written(line: Tokens, owned: t.Sequence[Owned]) -> list[Owned]:
    """Without those that a run has noted and not come to write: what they were to replace still stands there."""
    found = []
    for unit in owned_units(owned):
        replaced = split(unit[0].replaced or "")
        if not replaced or place(line, _tokens(unit)) or any(not place(line, [each]) for each in replaced[:1]):
            found += unit
    return found


def _kept(owned: t.Sequence[Owned], settings: t.Sequence[Setting]) -> tuple[list[Owned], list[Owned], list[Setting]]:
    """What is ours and still wanted, what is not, and settings that are new.

    In the order in which it was written: another one would be another line, and a boot. What is ours already was
    consented to then.
    """
    parts = owned_units(owned)
    wanted: set[int] = set()
    new = []
    for setting in settings:
        left = [number for number in range(len(parts)) if number not in wanted]
        numbers = [_number(parts, left, [setting.tokens[at] for at in unit]) for unit in units(setting.tokens)]
        if None in numbers:
            new.append(setting)
        wanted |= {number for number in numbers if number is not None and setting not in new}
    kept = [each for number, part in enumerate(parts) for each in part if number in wanted]
    return kept, [each for number, part in enumerate(parts) for each in part if number not in wanted], new


def _number(parts: t.Sequence[t.Sequence[Owned]], left: t.Sequence[int], tokens: t.Sequence[str]) -> int | None:
    return next((number for number in left if same(_tokens(parts[number]), tokens)), None)


def owned_units(owned: t.Sequence[Owned]) -> list[list[Owned]]:
    """Those that mean something together only: a size of hugepages and their number."""
    return [[owned[number] for number in unit] for unit in units(_tokens(owned))]


def _tokens(owned: t.Iterable[Owned]) -> list[str]:
    return [each.token for each in owned]


def _parted(line: Tokens, owned: t.Sequence[Owned]) -> list[list[Owned]]:
    """Sizes of hugepages of ours that stand there, and not with the number of ours."""
    foreign = [plain(token) for token in without(line, _tokens(owned))]
    return [
        unit
        for unit in owned_units(owned)
        if len(unit) > 1 and not place(line, _tokens(unit)) and plain(unit[0].token) in foreign
    ]


def _torn(unit: t.Sequence[Owned]) -> WouldDestroy:
    text = " ".join(_tokens(unit))
    return WouldDestroy(
        f"{text}: the line of the next boot has {unit[0].token} with another number",
        why="this collection has written the two together; which pages are somebody else's now is not known",
        remedy=f"make it {text} again, or take both out of the line, or out of {ARGUMENTS}, by hand",
    )


def _undone(line: Tokens, owned: t.Sequence[Owned]) -> Tokens:
    """Without these, and with what stood in their place."""
    found = list(line)
    for unit in reversed(owned_units(owned)):
        numbers = place(found, _tokens(unit))
        for number in reversed(numbers[1:]):
            del found[number]
        for number in numbers[:1]:
            found[number : number + 1] = split(unit[0].replaced or "")
    return tuple(found)


def _again(line: Tokens, owned: t.Sequence[Owned]) -> Tokens:
    """With those of ours that are not on it."""
    left, more = line, []
    for unit in owned_units(owned):
        tokens = _tokens(unit)
        if not place(left, tokens):
            more += tokens
        left = without(left, tokens)
    return (*line, *more)


def _with(line: Tokens, setting: Setting, theirs: Tokens, replaced: str | None) -> tuple[Tokens, list[Owned]]:
    owned = [Owned(token, replaced if number == 0 else None) for number, token in enumerate(setting.tokens)]
    if not theirs:
        return (*line, *setting.tokens), owned
    first = line.index(theirs[0])
    left = without(line, theirs)
    return (*left[:first], *setting.tokens, *left[first:]), owned


def _theirs(setting: Setting, foreign: Tokens, observed: ObservedPlatform) -> Tokens:
    """Arguments of others about the same thing."""
    if setting.kind == "pool":
        wanted = _pool_size(setting.tokens, observed)
        pools = [each for each in line_pools(foreign) if (each.size_kb or observed.default_page_kb) == wanted]
        # A size alone counts as well: hugepagesz= may stand once for each.
        alone = [each for each in foreign if key(each) == PAGE_SIZE and size_kb(value(each)) == wanted]
        return tuple(token for pool in pools for token in pool.tokens) or tuple(alone)
    if setting.kind == "passthrough":
        return tuple(token for token in foreign if arguments.passthrough([token]) is not None)
    names = [key(token) for token in setting.tokens]
    found = tuple(token for token in foreign if key(token) in names)
    return tuple(each for each in found if not arguments.is_additive(each) or plain(each) == plain(setting.tokens[0]))


def _pool_size(tokens: Tokens, observed: ObservedPlatform) -> int:
    pools = line_pools(tokens)
    return (pools[0].size_kb if pools else None) or observed.default_page_kb


def _provided(setting: Setting, theirs: Tokens) -> bool:
    """Whether they say what is wanted."""
    if setting.kind == "iommu":
        return arguments.intel_iommu(theirs) is True
    if setting.kind == "passthrough":
        return arguments.passthrough(theirs) == arguments.passthrough(setting.tokens)
    if setting.kind == "pool":
        return [each.pages for each in line_pools(theirs)] == [each.pages for each in line_pools(setting.tokens)]
    return plain(theirs[-1]) == plain(setting.tokens[-1])


def _says_otherwise(setting: Setting, theirs: Tokens) -> bool:
    return setting.kind != "iommu" or arguments.intel_iommu(theirs) is False


def _in_the_way(setting: Setting, theirs: Tokens, observed: ObservedPlatform, can: bool) -> WouldDestroy:
    path, number = place_of(observed.boot, theirs[-1])
    where = f"{path}:{number}" if number else path
    return WouldDestroy(
        f"{setting}: the line of the next boot has {' '.join(theirs)}",
        why=f"somebody has decided so: {where}",
        remedy="take it out there, or override: true" if can else BY_HAND,
    )
