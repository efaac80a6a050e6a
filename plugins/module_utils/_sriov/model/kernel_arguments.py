# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The kernel's line at a boot as what it is: a list of arguments, in order, and some of them twice. Pure.

Nothing here looks for a text in a text: iommu=on is no part of intel_iommu=on.
"""

from __future__ import annotations

import re
import typing as t

Tokens = t.Tuple[str, ...]

ADDITIVE = ("console", "earlycon", "memmap", "modprobe.blacklist", "module_blacklist", "video")
"""What may stand more than once, each for something of its own. What begins with rd. or systemd. as well."""
PAGE_SIZE, PAGES, DEFAULT_PAGE_SIZE = "hugepagesz", "hugepages", "default_hugepagesz"
OF_PAGES = (PAGE_SIZE, PAGES, DEFAULT_PAGE_SIZE)
UNITS = {"K": 1, "M": 1 << 10, "G": 1 << 20}  # in kB
SIZE = re.compile(r"([1-9][0-9]{0,6})([KMG])B?", re.IGNORECASE)
NODES = re.compile(r"[0-9]{1,4}:[0-9]{1,9}(,[0-9]{1,4}:[0-9]{1,9})*")
TOKEN = re.compile(r'(?:"[^"]*(?:"|$)|[^\s"])+')


class LinePool(t.NamedTuple):
    """Hugepages of one size as the line asks for them.

    :param size_kb: None for the kernel's default size.
    :param pages: their number in digits, or "0:4,1:0" by node.
    :param tokens: the arguments that say so.
    """

    size_kb: int | None
    pages: str
    tokens: Tokens


def split(line: str) -> Tokens:
    """A line as arguments; white space in double quotes does not part them (lib/cmdline.c next_arg)."""
    return tuple(TOKEN.findall(line))


def plain(token: str) -> str:
    """Without quotes: the kernel takes them away, and boot loaders set them elsewhere."""
    return token.replace('"', "")


def key(token: str) -> str:
    """The name of an argument; the kernel does not tell - from _ in it (kernel/params.c parameq)."""
    return plain(token).partition("=")[0].replace("-", "_")


def value(token: str) -> str:
    return plain(token).partition("=")[2]


def is_additive(token: str) -> bool:
    return key(token) in ADDITIVE or key(token).startswith(("rd.", "systemd."))


def units(tokens: t.Sequence[str]) -> list[list[int]]:
    """Places of arguments, by those that mean something together only: hugepages= belongs to the size before it."""
    found: list[list[int]] = []
    size: list[int] | None = None
    for number, token in enumerate(tokens):
        if key(token) == PAGES and size is not None:
            size.append(number)
            size = None
            continue
        found.append([number])
        if key(token) in OF_PAGES:
            size = found[-1] if key(token) == PAGE_SIZE else None
    return found


def place(tokens: t.Sequence[str], unit: t.Sequence[str]) -> list[int]:
    """Where such a unit stands on a line, the last of it; none where it does not."""
    for numbers in reversed(units(tokens)):
        if same([tokens[number] for number in numbers], unit):
            return numbers
    return []


def without(tokens: t.Sequence[str], taken: t.Iterable[str]) -> Tokens:
    """The arguments less some of them, each once, from the end: what came later stands there.

    Hugepages go with their size: the same number of another size stays.
    """
    left, words = list(tokens), list(taken)
    for unit in units(words):
        for number in reversed(place(left, [words[each] for each in unit])):
            del left[number]
    return tuple(left)


def missing(tokens: t.Sequence[str], wanted: t.Iterable[str]) -> Tokens:
    """Those wanted that the line has not, or not as often."""
    left = [plain(token) for token in tokens]
    found = []
    for each in wanted:
        if plain(each) in left:
            left.remove(plain(each))
        else:
            found.append(each)
    return tuple(found)


def same(one: t.Sequence[str], other: t.Sequence[str]) -> bool:
    """The same arguments in the same order, however they are quoted."""
    return [plain(token) for token in one] == [plain(token) for token in other]


def size_kb(text: str) -> int | None:
    """kB of "2M", "1G"; None where it is none."""
    match = SIZE.fullmatch(text.strip())
    return int(match.group(1)) * UNITS[match.group(2).upper()] if match else None


def size_text(kilobytes: int) -> str:
    """ "2M" for 2048: the largest unit that goes without a rest."""
    unit = next(word for word in ("G", "M", "K") if kilobytes % UNITS[word] == 0)
    return f"{kilobytes // UNITS[unit]}{unit}"


def line_pools(tokens: t.Sequence[str]) -> list[LinePool]:
    """Hugepages that a line asks for: hugepages= is of the size named before it (hugetlbpage.rst)."""
    found = []
    size: str | None = None
    for token in tokens:
        if key(token) in (PAGE_SIZE, DEFAULT_PAGE_SIZE):
            size = token
        elif key(token) == PAGES:
            of_size = () if size is None else (size,)
            found.append(LinePool(size_kb(value(size)) if size else None, value(token), (*of_size, token)))
            size = None
    return found


def intel_iommu(tokens: t.Sequence[str]) -> bool | None:
    """Whether the line turns it on or off, by the last word of it; None where it does neither.

    drivers/iommu/intel/iommu.c intel_iommu_setup().
    """
    words = [word for token in tokens if key(token) == "intel_iommu" for word in value(token).split(",")]
    said = [word == "on" for word in words if word in ("on", "off")]
    return said[-1] if said else None


def passthrough(tokens: t.Sequence[str]) -> bool | None:
    """Whether the line wants the host's devices untranslated, by the last that says so; None where none does.

    arch/x86/kernel/pci-dma.c iommu_setup(), drivers/iommu/iommu.c iommu_set_def_domain_type().
    """
    found = None
    for token in tokens:
        if key(token) == "iommu":
            said = [word == "pt" for word in value(token).split(",") if word in ("pt", "nopt")]
            found = said[-1] if said else found
        elif key(token) == "iommu.passthrough" and value(token) in ("0", "1"):
            found = value(token) == "1"
    return found
