# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a boot loader is here: how it is recognised, what is written for it, and how it is read what will boot. Pure."""

from __future__ import annotations

import re
import typing as t

from ..errors import NotSupported, SriovError
from ..model.kernel_arguments import OF_PAGES, Tokens, key, plain, split
from ..steps.platform import PlatformStep, RunCommand

if t.TYPE_CHECKING:
    from ..model.platform import Seen

Asked = t.Tuple[str, ...]
LINUX = re.compile(r"^\s*linux(?:16|efi)?\s+\S+[ \t]*(.*)$", re.MULTILINE)
ENTRY = re.compile(r"^menuentry\b", re.MULTILINE)


class NotRead(SriovError):
    """What will boot is not known."""

    kind = "not_known"


class Line(t.NamedTuple):
    """The arguments of the next boot, as they are and as they shall be.

    :param ours: those of `after` that this collection is to write.
    :param made: what /etc/kernel/cmdline had beside ours when this collection made it; None where it has not.
    :param noted: what earlier runs have noted as ours, written or not.
    """

    before: Tokens
    after: Tokens
    ours: Tokens
    made: str | None = None
    noted: Tokens = ()

    @property
    def changed_keys(self) -> list[str]:
        """Names of arguments whose values differ, in the order of the line."""
        words = _keys((*self.before, *self.after))
        return _together([word for word in words if _of(self.before, word) != _of(self.after, word)], words)

    def applied_to(self, base: Tokens) -> Tokens:
        """Another line, of which new ones are made, with the same changes, and with what is ours."""
        ours = [word for word in _keys(self.ours) if _of(base, word) != _of(self.after, word)]
        words = _together([*self.changed_keys, *ours], _keys((*base, *self.after)))
        return (*(token for token in base if key(token) not in words), *self.values_of(words))

    def spelled(self, word: str) -> list[str]:
        """A name as it is written on the line: programs tell - from _ where the kernel does not."""
        tokens = (plain(token) for token in (*self.before, *self.after, *self.noted) if key(token) == word)
        return list(dict.fromkeys(token.partition("=")[0] for token in tokens))

    def values_of(self, words: t.Container[str]) -> Tokens:
        """The arguments of these names as they shall be, in order."""
        return tuple(token for token in self.after if key(token) in words)

    def values_before(self, word: str) -> Tokens:
        """The arguments of a name as they are."""
        return tuple(token for token in self.before if key(token) == word)


class Loader(t.NamedTuple):
    """A boot loader.

    :param name: of the file that describes it.
    :param option: the value of option boot_loader that means it; "" where nothing is ever written.
    :param title: for sentences.
    :param is_there: whether a host has it, by the marks.
    :param marks: paths whose being there tells.
    :param files: what is read of it: paths, or "DIRECTORY/*.ENDING".
    :param asks: commands that only look.
    :param next_line: the arguments of the next boot; may raise NotRead.
    :param steps: what is to be done for a line; none where all is as it shall be.
    :param refusals: what cannot be done for a line, and why.
    :param takes_out: whether it can take out what others have written; else ours only comes after it.
    :param from_files: whether its commands make what boots from files, so that they are the way back as well.
    :param settings: those of its files that people write: where an argument of theirs is looked for.
    """

    name: str
    option: str
    title: str
    is_there: t.Callable[[Seen], bool]
    next_line: t.Callable[[Seen], Tokens]
    steps: t.Callable[[Seen, Line], list[PlatformStep]]
    marks: Asked = ()
    files: Asked = ()
    asks: tuple[Asked, ...] = ()
    refusals: t.Callable[[Seen, Line], list[SriovError]] = lambda _seen, _line: []
    takes_out: bool = True
    from_files: bool = True
    settings: Asked = ()

    def way_back(self, seen: Seen, line: Line) -> list[RunCommand]:
        """Commands that make the line as it was, after the files are as they were."""
        way = line if self.from_files else Line(line.after, line.before, ())
        return [step for step in self.steps(seen, way) if isinstance(step, RunCommand)]


def first_linux_line(seen: Seen, path: str) -> Tokens:
    """The arguments of the first entry of a grub.cfg: the one that boots unless somebody chooses another.

    :raises NotRead: it has none.
    """
    text = seen.files.get(path, "")
    entry = ENTRY.search(text)
    found = LINUX.search(text, entry.start() if entry else 0)
    if found is None:
        raise NotRead(
            f"{path}: no entry with a kernel in it",
            why="what will boot is not known",
            remedy="make it anew with the boot loader's own program, or boot_loader: manual",
        )
    return expanded(split(found.group(1)), text)


def expanded(tokens: Tokens, text: str) -> Tokens:
    """With the arguments that tuned keeps in a variable: `set tuned_params="..."`, or a line of grubenv.

    The variable itself stays: whoever writes the line has to keep it.
    """
    found = re.search(r'^(?:set )?tuned_params="?([^"\n]*)"?$', text, re.MULTILINE)
    more = split(found.group(1)) if found else ()
    return tuple(each for token in tokens for each in ((token, *more) if token == "$tuned_params" else (token,)))


def asked(seen: Seen, argv: Asked) -> str:
    """What a command printed.

    :raises NotRead: it failed.
    """
    answer = seen.answers.get(" ".join(argv))
    if answer is None or answer.code:
        why = "it was not asked" if answer is None else answer.error.strip() or f"exit status {answer.code}"
        raise NotRead(
            f"{' '.join(argv)}: it does not tell what will boot", why=why, remedy="see what it prints when run by hand"
        )
    return answer.out


def parted(line: Line, program: str) -> list[SriovError]:
    """Arguments with white space in them, which a program that is a shell script would part."""
    wrong = [token for token in line.values_of(line.changed_keys) if re.search(r"\s", token)]
    return [
        NotSupported(
            f"{token}: {program} cannot set it",
            why="it parts arguments at white space, in quotes too",
            remedy="write it into the boot loader's settings by hand, and leave it out",
        )
        for token in wrong
    ]


def run(*argv: str, why: str = "") -> RunCommand:
    return RunCommand(argv, why)


def _keys(tokens: Tokens) -> list[str]:
    return list(dict.fromkeys(map(key, tokens)))


def _together(changed: t.Collection[str], words: t.Sequence[str]) -> list[str]:
    """Those changed, in the order of the line, with all names of hugepages where one of them is among them.

    Numbers alone would come to stand after one size.
    """
    with_pages = {*OF_PAGES} & {*changed}
    return [word for word in words if word in changed or with_pages and word in OF_PAGES]


def _of(tokens: Tokens, word: str) -> list[str]:
    return [plain(token) for token in tokens if key(token) == word]
