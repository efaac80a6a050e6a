# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kernel's source says of our facts, driver by driver."""

from __future__ import annotations

import typing as t

from .citations import Citation
from .known import FOLDER, Known
from .operations import OPERATIONS, devices, operations, says
from .source import KernelSource, defines


class Part(t.NamedTuple):
    """A driver, or what is of no driver alone.

    :param lines: what was found, for people.
    :param wrong: of these, what somebody has to look at.
    """

    title: str
    lines: list[str]
    wrong: list[str]

    def __str__(self) -> str:
        marked = [f"  WRONG {line}\n" if line in self.wrong else f"  {line}\n" for line in self.lines]
        return f"{self.title}\n{''.join(marked)}"


def of_driver(source: KernelSource, driver: t.Any, cited: t.Sequence[Citation], known: t.Iterable[Known]) -> Part:
    """A driver of PFs: its folders, its operations and what its file cites.

    :param driver: a knowledge.driver.Driver.
    """
    expected = {each.what: each.why for each in known if each.driver == driver.name and source.release in each.releases}
    folders = (*driver.folders, *(driver.vf_driver.folders if driver.vf_driver else ()))
    title = f"{driver.name}: {', '.join(folders) or 'no folder of the kernel is named'}"
    missing = [folder for folder in folders if not source.in_folder(folder)]
    if missing and FOLDER in expected:
        return Part(title, [f"not looked at: {', '.join(missing)} is not there: {expected[FOLDER]}"], [])
    lines, wrong = _compared(source, driver, expected) if driver.folders else ([], [])
    wrong += [f"folder {folder} is gone" for folder in missing]
    if FOLDER in expected:
        wrong.append(f"all folders are there, but it is known that one is not: {expected[FOLDER]}")
    wrong += gone(source, cited, folders)
    return Part(title, [*lines, _count(source, cited), *wrong], wrong)


def of_all(source: KernelSource, cited: t.Sequence[Citation], folders: t.Sequence[str]) -> Part:
    """What files cite that are of no driver alone.

    :param folders: of all drivers.
    """
    wrong = gone(source, cited, folders)
    return Part("Of all drivers", [_count(source, cited), *wrong], wrong)


def gone(source: KernelSource, cited: t.Iterable[Citation], folders: t.Sequence[str]) -> list[str]:
    """Which citations do not hold any more, each as a sentence.

    :param folders: where a file is looked for that is not named from the top.
    """
    sentences = []
    for citation in cited:
        if source.release not in citation.releases:
            continue
        paths = source.named(citation.file, folders)
        if len(paths) != 1:
            found = f"may be any of {', '.join(paths)}" if paths else "is gone"
            sentences.append(f"{citation.where}: {citation.file} {found}")
            continue
        lost = [name for name in citation.names if not defines(source.files[paths[0]], name)]
        sentences += [f"{citation.where}: {paths[0]} does not define {name}" for name in lost]
    return sentences


def _count(source: KernelSource, cited: t.Sequence[Citation]) -> str:
    here = sum(len(citation.names) for citation in cited if source.release in citation.releases)
    elsewhere = sum(len(citation.names) for citation in cited) - here
    return f"names cited: {here}" + (f", and {elsewhere} of other releases" if elsewhere else "")


def _compared(source: KernelSource, driver: t.Any, expected: t.Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Lines about a driver's operations and devices, and what is wrong with them."""
    texts = [text for folder in driver.folders for text in source.in_folder(folder).values()]
    has = operations(texts) | devices(texts, driver)
    claims = {name: says(driver, name, source.release) for name in OPERATIONS}
    lines, wrong = [], []
    for verb, names in (
        ("has:", [name for name in OPERATIONS if name in has]),
        ("has not:", [name for name in OPERATIONS if name not in has]),
        ("has by our data:", [name for name, claim in claims.items() if claim]),
        ("has not by our data:", [name for name, claim in claims.items() if claim is False]),
    ):
        lines.append(f"{verb} {', '.join(names) or '-'}")
    if driver.chips:
        lines.append(f"devices by our data: {len(driver.chips)}")
    for name, claim in {**claims, **dict.fromkeys(driver.chips, True)}.items():
        differs = claim is not None and claim != (name in has)
        sentence = f"{name}: {'has it, not by our data' if name in has else 'has it not, but by our data'}"
        if differs and name in expected:
            lines.append(f"{sentence}; that is known: {expected[name]}")
        elif differs:
            wrong.append(sentence)
        elif name in expected:
            wrong.append(f"{name}: as our data says, but a difference is known: {expected[name]}")
    return lines, wrong
