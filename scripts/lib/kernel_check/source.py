# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The source of a kernel, a tree or a tarball of it: the files that are asked for, and what they define."""

from __future__ import annotations

import re
import tarfile
import typing as t
from pathlib import Path

Release = t.Tuple[int, int]


class Releases(t.NamedTuple):
    """Releases of kernel.org of which something is said.

    :param since: the first; (0, 0): as far back as is known.
    :param before: the first of which it is not said any more; None: it is of the newest that was read.
    """

    since: Release = (0, 0)
    before: Release | None = None

    def __contains__(self, release: object) -> bool:
        assert isinstance(release, tuple)
        return self.since <= release and (self.before is None or release < self.before)


_COMMENT_OR_STRING = re.compile(r"""/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')""", re.DOTALL)
# Each with the name in the place of NAME: a function with its body, a macro, a variable with its value, a type, and a
# constant of an enum.
_DEFINITIONS = (
    r"^(?:\w[^\n;{}=]*\b)?NAME[ \t]*\([^;{}]*\{",
    r"^[ \t]*#[ \t]*define[ \t]+NAME\b",
    r"^(?:[\w}][^\n;{}()=]*\b)?NAME\b[ \t]*(?:\[[^\]]*\][ \t]*)*(?:__\w+[ \t]*)*=",
    r"^(?:\w+[ \t]+)*(?:struct|enum|union)[ \t]+NAME\s*\{",
    r"\benum\b[^;{}()]*\{(?:[^{}]*,)?\s*NAME\b[^{}]*\}",
)


class NotASource(Exception):
    """The path holds no kernel's source."""


class KernelSource(t.NamedTuple):
    """What was read of one.

    :param version: as its Makefile says it: "6.12.117".
    :param files: path from the top of the source -> text without comments.
    """

    version: str
    release: Release
    files: t.Mapping[str, str]

    def named(self, file: str, folders: t.Iterable[str]) -> list[str]:
        """The paths that a file may mean: one from the top, or else those in the folders that end so."""
        if file in self.files:
            return [file]
        inside = [path for folder in folders for path in self.in_folder(folder)]
        return sorted({path for path in inside if f"/{path}".endswith(f"/{file}")})

    def in_folder(self, folder: str) -> dict[str, str]:
        """The files in a folder, without those of the folders in it; or the one of that name."""
        return {path: text for path, text in self.files.items() if folder in (path, _folder_of(path))}


def defines(text: str, name: str) -> bool:
    """Whether a file defines a function, macro, variable, type or constant.

    :param text: without comments.
    :param name: one that ends with * stands for any that begins so.
    """
    pattern = re.escape(name[:-1]) + r"\w*" if name.endswith("*") else re.escape(name)
    return any(re.search(each.replace("NAME", pattern), text, re.MULTILINE) for each in _DEFINITIONS)


def without_comments(text: str) -> str:
    """C without its comments, which may name what is not there."""
    return _COMMENT_OR_STRING.sub(lambda found: found[1] or " ", text)


def read(path: Path, wanted: t.Container[str], folders: t.Iterable[str]) -> KernelSource:
    """A kernel's source.

    :param path: of its top folder, or of a tarball with one folder that is it.
    :param wanted: files that are read, from the top.
    :param folders: whose .c and .h files are read as well, without those of the folders in them.
    :raises NotASource: there is no Makefile with a version.
    """
    folders = frozenset(folders)

    def asked_for(name: str) -> bool:
        return name == "Makefile" or name in wanted or (_folder_of(name) in folders and name.endswith((".c", ".h")))

    if path.is_dir():
        texts = dict(_of_tree(path, asked_for))
    elif path.is_file():
        texts = dict(_of_tarball(path, asked_for))
    else:
        raise NotASource(f"{path} is neither a folder nor a file")
    makefile = texts.pop("Makefile", "")
    numbers = [re.search(rf"^{key} = (\d+)$", makefile, re.MULTILINE) for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    if None in numbers:
        raise NotASource(f"{path} has no Makefile with a kernel's VERSION, PATCHLEVEL and SUBLEVEL at its top")
    parts = [number[1] for number in numbers if number]
    texts = {name: without_comments(text) for name, text in texts.items()}
    return KernelSource(".".join(parts), (int(parts[0]), int(parts[1])), texts)


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _of_tree(top: Path, asked_for: t.Callable[[str], bool]) -> t.Iterator[tuple[str, str]]:
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if asked_for(name) and path.is_file():
            yield name, path.read_text(encoding="utf-8", errors="replace")


def _of_tarball(path: Path, asked_for: t.Callable[[str], bool]) -> t.Iterator[tuple[str, str]]:
    """In one go from its beginning to its end: going back in what is compressed takes very long."""
    try:
        with tarfile.open(path, "r|*") as tarball:
            for member in tarball:
                name = member.name[2:] if member.name.startswith("./") else member.name
                name = name.partition("/")[2]
                data = tarball.extractfile(member) if member.isfile() and asked_for(name) else None
                if data:
                    yield name, data.read().decode("utf-8", errors="replace")
    except tarfile.ReadError as error:
        raise NotASource(f"{path} is no tarball: {error}") from error
