# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is to be done to prepare a host: all refusals together, or steps in order."""

from __future__ import annotations

import typing as t

from ..boot_loaders.entries import CMDLINE
from ..boot_loaders.index import ALL
from ..boot_loaders.loader import Line
from ..errors import NotSupported
from ..faults import Faults
from ..model.cpus import cpus_text
from ..model.kernel_arguments import OF_PAGES, Tokens, key, missing, same, split, without
from ..model.platform import Pool, Setting
from ..model.platform_files import (
    IRQS,
    LIMITS,
    MODULES,
    PAGES_AT_BOOT,
    irqs_text,
    limits_text,
    modules_text,
    pages_text,
)
from ..model.platform_kept import ARGUMENTS, PLATFORM, arguments_text, platform_text
from ..steps.files import RemoveFile, WriteFile
from ..steps.pci import LoadModule
from ..steps.platform import RunCommand, SetPages
from .platform_cpus import cpu_settings
from .platform_hugepages import plan_pages
from .platform_iommu import iommu_settings, iommu_warnings, passthrough_settings
from .platform_line import owned_units, plan_line

if t.TYPE_CHECKING:
    from ..model.platform import DesiredPlatform, ObservedPlatform, Owned, Stored
    from ..steps.files import FileStep
    from ..steps.platform import PlatformStep
    from .platform_hugepages import PagesPlan

FOR = {
    MODULES: "modules at the boot",
    LIMITS: "locked memory of the group",
    PAGES_AT_BOOT: "hugepages at the boot",
    IRQS: "interrupts stay off the isolated CPUs",
    ARGUMENTS: "which kernel arguments are ours",
    PLATFORM: "hugepages of ours, and what was there before",
}
RELOAD = RunCommand(("systemctl", "daemon-reload"))
RESTART = RunCommand(("systemctl", "try-restart", "irqbalance.service"), "it reads its unit again")


class PlatformPlan(t.NamedTuple):
    """:param after: the host as it is predicted.
    :param way_back: commands that make the line of the next boot as it was, once its files are.
    """

    steps: list[PlatformStep]
    after: ObservedPlatform
    way_back: list[RunCommand]
    warnings: list[str]


def plan_platform(desired: DesiredPlatform, observed: ObservedPlatform) -> PlatformPlan:
    """:raises SriovError: all that is refused."""
    faults = Faults()
    pages = plan_pages(desired, observed, faults)
    loader = ALL.get(observed.boot.name)
    line, owned = _line(desired, observed, pages, faults)
    faults.add(*map(_no_module, observed.unknown_modules))
    faults.tell()
    files = _files(desired, observed, pages)
    of_line = loader.steps(observed.boot.seen, line) if loader else []
    made = _made(observed, line, of_line)
    to_load = [LoadModule(name) for name in desired.modules if name not in observed.loaded]
    steps = [
        *_kept_before(observed.stored, pages.stored),
        *pages.steps,
        *to_load,
        *_file_steps(observed.files, files),
        *_irqs(observed, files),
        *_line_steps(observed, owned, made, of_line),
        *_kept_after(observed.stored, pages.stored),
    ]
    after = observed._replace(
        boot=observed.boot._replace(line=line.after),
        owned=owned,
        made=made,
        stored=pages.stored,
        pools=_pools_after(observed, pages.steps),
        files=files,
        loaded=observed.loaded | {step.name for step in to_load},
    )
    back = loader.way_back(observed.boot.seen, line) if loader else []
    return PlatformPlan(steps, after, back, [*pages.warnings, *iommu_warnings(desired, observed), *_unknown(observed)])


def _line(
    desired: DesiredPlatform, observed: ObservedPlatform, pages: PagesPlan, faults: Faults
) -> tuple[Line, tuple[Owned, ...]]:
    """The line of the next boot, and what of it is ours."""
    settings = [
        *iommu_settings(desired, observed, faults),
        *passthrough_settings(desired, observed),
        *pages.settings,
        *cpu_settings(desired, observed, faults),
        *_given(desired.arguments),
    ]
    loader = ALL.get(observed.boot.name)
    noted = tuple(each.token for each in observed.owned)
    wanted = plan_line(desired, observed, settings, loader is None or loader.takes_out, faults)
    line = Line(observed.boot.line, wanted.after, tuple(each.token for each in wanted.owned), observed.made, noted)
    if loader is not None:
        faults.add(*loader.refusals(observed.boot.seen, line))
    elif not same(line.before, line.after):
        faults.add(_no_loader(line, observed))
    return line, wanted.owned


def _given(tokens: Tokens) -> list[Setting]:
    """Arguments of the user: hugepages belong to the size before them."""
    found: list[Setting] = []
    size: tuple[str, ...] = ()
    for token in tokens:
        if key(token) in OF_PAGES[:1]:
            size = (token,)
        elif key(token) == OF_PAGES[1]:
            found.append(Setting((*size, token), "pool"))
            size = ()
        else:
            found.append(Setting((token,)))
    return found


def _files(desired: DesiredPlatform, observed: ObservedPlatform, pages: PagesPlan) -> dict[str, str | None]:
    return {
        MODULES: modules_text(desired.modules),
        LIMITS: limits_text(desired.memlock_group),
        PAGES_AT_BOOT: pages_text(pages.at_boot),
        IRQS: irqs_text(cpus_text(desired.isolated_cpus) if observed.has_irqbalance else ""),
    }


def _file_steps(now: t.Mapping[str, str | None], wanted: t.Mapping[str, str | None]) -> list[FileStep]:
    return [_file_step(path, text) for path, text in wanted.items() if text != now.get(path)]


def _file_step(path: str, text: str | None) -> FileStep:
    return RemoveFile(path) if text is None else WriteFile(path, text, FOR[path])


def _irqs(observed: ObservedPlatform, files: t.Mapping[str, str | None]) -> list[PlatformStep]:
    return [RELOAD, RESTART] if files[IRQS] != observed.files.get(IRQS) else []


def _line_steps(
    observed: ObservedPlatform, wanted: t.Sequence[Owned], made: str | None, of_line: t.Sequence[PlatformStep]
) -> list[PlatformStep]:
    """What is ours is noted before it is written, and forgotten after it is gone: a run may end in between."""
    now = owned_units(observed.owned)
    more = [unit for unit in owned_units(wanted) if unit not in now]
    first = [each for unit in (*now, *more) for each in unit]
    noted = observed.made if made is None else made
    steps: list[PlatformStep] = []
    if more or noted != observed.made:
        steps.append(WriteFile(ARGUMENTS, arguments_text(first, noted), FOR[ARGUMENTS]))
    steps += of_line
    if [*wanted] != first:
        steps.append(_file_step(ARGUMENTS, arguments_text(wanted, made) if wanted else None))
    return steps


def _made(observed: ObservedPlatform, line: Line, of_line: t.Sequence[PlatformStep]) -> str | None:
    """What /etc/kernel/cmdline has beside what is ours, where it is made here: it goes with the last of ours."""
    if observed.made is not None or CMDLINE in observed.boot.seen.files:
        return observed.made if line.ours else None
    texts = [step.text for step in of_line if isinstance(step, WriteFile) and step.path == CMDLINE]
    return " ".join(without(split(texts[0]), line.ours)) if texts and line.ours else None


def _kept_before(now: Stored, wanted: Stored) -> list[FileStep]:
    changed = wanted != now and (wanted.pages or wanted.before)
    return [WriteFile(PLATFORM, platform_text(wanted), FOR[PLATFORM])] if changed else []


def _kept_after(now: Stored, wanted: Stored) -> list[FileStep]:
    return [RemoveFile(PLATFORM)] if wanted != now and not (wanted.pages or wanted.before) else []


def _pools_after(observed: ObservedPlatform, steps: t.Sequence[SetPages]) -> tuple[Pool, ...]:
    """What is tried before the boot is not counted on."""
    counts = {(step.node, step.size_kb): step.number for step in steps if not step.enough}
    return tuple(
        each._replace(nr=counts[each.node, each.size_kb], free=max(0, counts[each.node, each.size_kb] - each.in_use))
        if (each.node, each.size_kb) in counts
        else each
        for each in observed.pools
    )


def _no_loader(line: Line, observed: ObservedPlatform) -> NotSupported:
    more, less = missing(line.before, line.after), missing(line.after, line.before)
    words = [f"add {' '.join(more)}"] * bool(more) + [f"take away {' '.join(less)}"] * bool(less)
    return NotSupported(
        f"the line of the next boot: {', '.join(words)}",
        why=observed.boot.why.rstrip("."),
        remedy="boot_loader: manual, change the line by hand, and boot",
    )


def _no_module(name: str) -> NotSupported:
    return NotSupported(
        f"modules: this kernel has no module {name}",
        why="modprobe does not know it",
        remedy="install the package that has it, or leave it out",
    )


def _unknown(observed: ObservedPlatform) -> list[str]:
    """For whom nothing has to be written a line that cannot be read is no failure."""
    line = [] if observed.boot.name else [f"what will boot is not known: {observed.boot.why}"]
    return [*line, *(f"who else sets hugepages or CPUs is not known: {each}" for each in observed.unread)]
