# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""grubby on RHEL 8 and later, and Fedora: entries of the Boot Loader Specification, read by GRUB.

grubby takes every occurrence of a name away before it appends what is given (update_args): two calls for two sizes of
hugepages would destroy each other. So all arguments of each name that changes are given in one call. Names are also
given to be removed: of an argument with two "=" it would take the text before the last one for the name. It also writes
/etc/default/grub and /etc/kernel/cmdline, which new kernels inherit. grub2-mkconfig, which drops $tuned_params, is not
run.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import NotSupported
from ..model.kernel_arguments import key, plain, split
from ..model.paths import ENTRIES, GRUB2_VARIABLES
from .loader import Line, Loader, NotRead, asked, expanded, parted, run

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Seen
    from ..steps.platform import PlatformStep

GRUBBY = "/usr/sbin/grubby"
LOOK = ("grubby", "--info=DEFAULT")
LOOK_AT_ALL = ("grubby", "--info=ALL")
BLOCK = re.compile(r"^index=", re.MULTILINE)
KERNEL = re.compile(r'^kernel="(.*)"$', re.MULTILINE)
ARGS = re.compile(r'^args="(.*)"$', re.MULTILINE)


def _is_there(seen: Seen) -> bool:
    return {GRUBBY, ENTRIES} <= seen.there


def _next_line(seen: Seen) -> Tokens:
    found = ARGS.search(asked(seen, LOOK))
    if found is None:
        raise NotRead(
            "grubby --info=DEFAULT: it names no arguments",
            why="what will boot is not known",
            remedy="see what it prints, or boot_loader: manual",
        )
    return expanded(split(found.group(1)), seen.files.get(GRUB2_VARIABLES, ""))


def _steps(seen: Seen, line: Line) -> list[PlatformStep]:
    changed = _changed(seen, line)
    if not changed:
        return []
    removed = [name for word in changed for name in line.spelled(word)]
    kept = line.values_of(changed)
    given = [f"--args={' '.join(kept)}"] if kept else []
    words = (f"--remove-args={' '.join(removed)}", *given)
    return [run("grubby", "--update-kernel=ALL", *words, why="all changes in one call")]


def _changed(seen: Seen, line: Line) -> list[str]:
    """Names that differ in the default entry, and those of ours that go and that any other still has."""
    gone = {plain(token) for token in line.noted} - {plain(token) for token in line.after}
    left = sorted({key(token) for entry in _entries(seen).values() for token in gone & entry})
    return list(dict.fromkeys([*line.changed_keys, *left]))


def _entries(seen: Seen) -> dict[str, set[str]]:
    """Arguments of each entry, without quotes; none where grubby does not tell.

    :returns: by the kernel's path, or the number of the entry where two have one kernel.
    """
    answer = seen.answers.get(" ".join(LOOK_AT_ALL))
    variables = seen.files.get(GRUB2_VARIABLES, "")
    found: dict[str, set[str]] = {}
    for number, block in enumerate(BLOCK.split(answer.out if answer else "")[1:]):
        kernel = KERNEL.search(block)
        tokens = [token for args in ARGS.findall(block) for token in expanded(split(args), variables)]
        name = kernel.group(1) if kernel else ""
        found[name if name and name not in found else f"{name}#{number}"] = {plain(token) for token in tokens}
    return found


def _refusals(seen: Seen, line: Line) -> list[SriovError]:
    return [*parted(line, "grubby"), *(_other_entries(seen, line) if _changed(seen, line) else [])]


def _other_entries(seen: Seen, line: Line) -> list[SriovError]:
    """Entries that get the values of the default one, and would lose their own, or get others' of it.

    What is noted as ours may stand in some of them only: a run may have ended in between.
    """
    try:
        asked(seen, LOOK_AT_ALL)
    except NotRead as error:
        return [error]
    default = {plain(token) for token in line.before} & {plain(token) for token in line.after}
    ours = {plain(token) for token in line.ours}
    theirs = default - ours
    known = {plain(token) for token in (*line.before, *line.noted)} | {plain(each) for each in line.after} - ours
    found: list[SriovError] = []
    for kernel, entry in _entries(seen).items():
        for word in _changed(seen, line):
            differ = sorted(each for each in (entry - known) | (theirs - entry) if key(each) == word)
            if differ:
                found.append(_differs(kernel, word, differ))
    return found


def _differs(kernel: str, word: str, values: list[str]) -> NotSupported:
    return NotSupported(
        f"{word}: grubby would give all entries the values of the default one",
        why=f"the entry of {kernel} is not like it in {' '.join(values)}",
        remedy="make them alike (see `grubby --info=ALL`), or leave the argument out",
    )


GRUBBY_BLS = Loader(
    name="grubby",
    option="grubby",
    title="GRUB with entries of its own (grubby)",
    is_there=_is_there,
    marks=(GRUBBY, ENTRIES),
    files=("/etc/default/grub", "/etc/kernel/cmdline", f"{ENTRIES}/*.conf", GRUB2_VARIABLES),
    asks=(LOOK, LOOK_AT_ALL),
    next_line=_next_line,
    steps=_steps,
    from_files=False,
    refusals=_refusals,
    settings=("/etc/default/grub", "/etc/kernel/cmdline", ENTRIES),
)
