# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""systemd-boot with entries of type 1: /etc/kernel/cmdline, and kernel-install makes the entries from it.

Where the file is missing it is made of the entry that boots: the next kernel would take the line of the boot in which
it is installed, and what somebody had typed for that one alone.
"""

from __future__ import annotations

import typing as t

from ..errors import NotSupported, SriovError
from ..model.kernel_arguments import same, split
from ..model.paths import BOOT, ENTRIES_OF_ESP, KERNEL_TREES, LOADER_SETTINGS, module_tree
from ..steps.files import RemoveFile, WriteFile
from .entries import CMDLINE, ENTRY_FILES, VENDORS, arguments_of, cmdline_text, default_line, entries, settled_line
from .loader import Line, Loader, run

if t.TYPE_CHECKING:
    from ..model.platform import Seen
    from ..steps.platform import PlatformStep

KERNEL_INSTALL = "/usr/bin/kernel-install"


def _is_there(seen: Seen) -> bool:
    return seen.loader_info.startswith("systemd-boot") and not seen.stub_info and KERNEL_INSTALL in seen.there


def _steps(seen: Seen, line: Line) -> list[PlatformStep]:
    steps: list[PlatformStep] = []
    settled = settled_line(seen)
    wanted = line.applied_to(line.before if settled is None else settled)
    if line.changed_keys and settled is None or settled is not None and not same(wanted, settled):
        steps.append(WriteFile(CMDLINE, cmdline_text(seen, wanted), "kernel arguments"))
    if line.changed_keys:
        steps += [run("kernel-install", "add", *files) for files in _kernels(seen)]
    if not line.ours and _is_as_made(seen, line):
        steps.append(RemoveFile(CMDLINE))  # after the entries are made from it
    return steps


def _is_as_made(seen: Seen, line: Line) -> bool:
    """Whether /etc/kernel/cmdline is from here, and nobody has written into it."""
    text = seen.files.get(CMDLINE)
    if text is None or line.made is None or "#" in text:
        return False
    return same(line.applied_to(arguments_of(text)), split(line.made))


def _kernels(seen: Seen) -> list[tuple[str, ...]]:
    """Version, image and perhaps initrd of each kernel that has an entry."""
    found: list[tuple[str, ...]] = []
    for version in dict.fromkeys(entry.version for entry in entries(seen)):
        in_boot = f"vmlinuz-{version}" in seen.names.get(BOOT, ())
        initrd = f"initrd.img-{version}"
        more = (f"{BOOT}/{initrd}",) if initrd in seen.names.get(BOOT, ()) else ()
        if in_boot:
            found.append((version, f"{BOOT}/vmlinuz-{version}", *more))
        elif version in seen.names.get(KERNEL_TREES, ()):
            found.append((version, f"{module_tree(version)}/vmlinuz", *more))
    return found


def _refusals(seen: Seen, line: Line) -> list[SriovError]:
    if not line.changed_keys:
        return []
    if _kernels(seen):
        return [_no_initrd(version) for version in _without_initrd(seen)]
    return [
        NotSupported(
            "the line of the next boot: no kernel of an entry is found",
            why=f"neither {BOOT} nor {KERNEL_TREES} has one",
            remedy="see `bootctl list` and `kernel-install inspect`, or boot_loader: manual",
        )
    ]


def _without_initrd(seen: Seen) -> list[str]:
    """Kernels whose entry has an initrd, and for which none is known here: the new entry might have none."""
    known = {files[0] for files in _kernels(seen) if len(files) > 2}
    versions = dict.fromkeys(entry.version for entry in entries(seen) if entry.has_initrd)
    return [version for version in versions if version not in known]


def _no_initrd(version: str) -> NotSupported:
    return NotSupported(
        f"the line of the next boot: no initrd is found for kernel {version}",
        why=f"its entry has one, there is no {BOOT}/initrd.img-{version}, and an entry made anew might boot without",
        remedy=f"write the arguments into {CMDLINE}, make the entries anew as this distribution does "
        "(see `kernel-install inspect`), and boot; or boot_loader: manual",
    )


SYSTEMD_BOOT = Loader(
    name="systemd_boot",
    option="kernel-install",
    title="systemd-boot (kernel-install)",
    is_there=_is_there,
    marks=(KERNEL_INSTALL, f"{BOOT}/*", f"{KERNEL_TREES}/*"),
    files=(CMDLINE, VENDORS, *ENTRY_FILES, *LOADER_SETTINGS),
    next_line=default_line,
    steps=_steps,
    refusals=_refusals,
    settings=(CMDLINE, *ENTRIES_OF_ESP),
)
