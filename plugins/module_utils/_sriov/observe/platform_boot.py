# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which boot loader a host has, what it says, and what will boot. Nothing here writes."""

from __future__ import annotations

import typing as t

from ..boot_loaders.index import ALL, LOADERS, READ_FIRST, detect
from ..errors import SriovError
from ..model.kernel_arguments import split
from ..model.platform import Answer, Boot, Seen

if t.TYPE_CHECKING:
    from ..boot_loaders.loader import Loader
    from ..kernel.kernel import Kernel


def observe_boot(kernel: Kernel, option: str) -> Boot:
    """What boots next, as its boot loader tells it.

    :param option: of the user, which boot loader there is.
    :raises UnreadableFile, NotKnown: what there is cannot be read.
    :raises InvalidRequest: the host has another one than the user says.
    """
    there = frozenset(_marks(kernel))
    seen = Seen(
        there=there,
        names={path: tuple(kernel.etc.names(path)) for path in _directories()},
        files=_files(kernel, READ_FIRST),
        loader_info=kernel.platform.firmware_says("LoaderInfo"),
        stub_info=kernel.platform.firmware_says("StubInfo"),
        running=split(kernel.platform.line()),
        read_only=kernel.platform.root_is_read_only(),
    )
    try:
        loader = detect(seen, option)
    except SriovError as error:
        if error.kind == "invalid":
            raise
        return Boot("", seen, seen.running, str(error))
    return read_boot(kernel, loader, seen)


def read_boot(kernel: Kernel, loader: Loader, seen: Seen) -> Boot:
    """Its files and its answers as they are now."""
    seen = seen._replace(
        files=_files(kernel, loader.files),
        answers={" ".join(argv): Answer(*kernel.run(list(argv))) for argv in loader.asks},
    )
    try:
        return Boot(loader.name, seen, loader.next_line(seen))
    except SriovError as error:
        return Boot("", seen, seen.running, str(error))


def read_again(kernel: Kernel, boot: Boot) -> Boot:
    """After steps."""
    return read_boot(kernel, ALL[boot.name], boot.seen) if boot.name else boot


def _marks(kernel: Kernel) -> t.Iterator[str]:
    for path in dict.fromkeys(path for loader in LOADERS for path in loader.marks):
        if not path.endswith("/*") and kernel.platform.is_there(path):
            yield path


def _directories() -> list[str]:
    return [path[:-2] for loader in LOADERS for path in loader.marks if path.endswith("/*")]


def _files(kernel: Kernel, patterns: t.Iterable[str]) -> dict[str, str]:
    paths = [path for pattern in patterns for path in _matching(kernel, pattern)]
    found = ((path, kernel.etc.read(path)) for path in paths)
    return {path: text for path, text in found if text is not None}


def _matching(kernel: Kernel, pattern: str) -> list[str]:
    """ "DIRECTORY/*.ENDING" as its files; a path as it is."""
    directory, star, ending = pattern.partition("/*")
    if not star:
        return [pattern]
    return [f"{directory}/{name}" for name in kernel.etc.names(directory) if name.endswith(ending)]
