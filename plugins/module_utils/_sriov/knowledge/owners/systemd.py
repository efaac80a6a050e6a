# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""systemd: .link files of udev, .network files, and what writes to sysfs at a boot (tmpfiles.d)."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ...model.owners import Place
from ...model.paths import settings_folders
from .kind import Found, Kind, at_most_maybe, both, either, judged, unless
from .lines import logical, settings, short
from .names import by_address, by_driver, by_mac, by_name, by_path

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.owners import ConfigFile, OwnedPf
    from .kind import Verdict
    from .lines import Setting

    Applied = t.Callable[[OwnedPf], t.Tuple[str, ...]]

NETWORK = settings_folders("systemd/network")
TMPFILES = (Place(settings_folders("tmpfiles.d"), "*.conf"),)
FIRST_NAME = re.compile(r"eth|.*[*?\[]")  # the kernel's own, which nobody knows any more once it was changed
SRIOV = "SR-IOV"
COUNT = "SR-IOVVirtualFunctions"
DROP_INS = ".d"
# What of [Match] tells interfaces apart, and how; conditions that are not here (Host=, KernelVersion=) may hold.
MATCH: dict[str, t.Callable[[str, OwnedPf], Verdict]] = {
    "MACAddress": by_mac,
    "PermanentMACAddress": by_mac,
    "Path": lambda word, pf: by_address(word[len("pci-") :], pf) if word.startswith("pci-") else None,
    "Driver": by_driver,
    "Type": lambda word, _pf: None if word in ("ether", "*") else False,
    "Name": by_name,
    "OriginalName": lambda word, pf: by_name(word, pf) or (None if FIRST_NAME.match(word) else False),
}


def _links(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """Without the key the count is derived from the highest VirtualFunction= (systemd.link(5))."""
    return _sections(files, pfs, _makes_vfs, lambda pf: pf.link_files)


def _makes_vfs(each: Setting) -> bool:
    return each.key == COUNT or (each.section, each.key) == (SRIOV, "VirtualFunction")


def _networks(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    return _sections(files, pfs, lambda each: each.section == SRIOV, lambda pf: pf.network_files)


def _sections(
    files: Sequence[ConfigFile],
    pfs: Sequence[OwnedPf],
    sets: t.Callable[[Setting], bool],
    applied: Applied,
) -> Iterator[Found]:
    """One line a file: its first; of a drop-in the file that it belongs to says what it matches."""
    read = {file.path: settings(file.text) for file in files}
    by_name_of_file = {posixpath.basename(path): found for path, found in read.items() if not _base(path)}
    for path, found in read.items():
        first = next(filter(sets, found), None)
        of_base = by_name_of_file.get(_base(path), []) if _base(path) else []
        if first:
            yield from judged(path, first.line, first.text, pfs, _applies, applied, path, [*of_base, *found])


def _applies(applied: Applied, path: str, found: Sequence[Setting], pf: OwnedPf) -> Verdict:
    return True if path in applied(pf) else _matches(found, pf)


def _base(path: str) -> str:
    """Of a drop-in the name of its file: "10-lan.network" of "10-lan.network.d/vfs.conf"."""
    folder = posixpath.basename(posixpath.dirname(path))
    return folder[: -len(DROP_INS)] if folder.endswith((".link.d", ".network.d")) else ""


def _matches(found: Sequence[Setting], pf: OwnedPf) -> Verdict:
    conditions = ((each.key, each.value) for each in found if each.section == "Match" and each.key in MATCH)
    return both(_condition(key, value, pf) for key, value in conditions)


def _condition(key: str, value: str, pf: OwnedPf) -> Verdict:
    """A list; one that begins with "!" is of what does not match. A driver has other PFs too."""
    verdict = either(MATCH[key](word, pf) for word in value.lstrip("!").split())
    if value.startswith("!"):
        return unless(verdict)
    return at_most_maybe(verdict) if key == "Driver" else verdict


def _tmpfiles(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in files:
        for line in logical(file.text):
            words = line.text.split()
            writes = len(words) > 1 and re.fullmatch(r"[wfF][+!=~^\-]*", words[0])
            if writes and "sriov_numvfs" in words[1]:
                yield from judged(file.path, line.number, short(line.text), pfs, by_path, words[1])


KINDS = (
    Kind(
        "a .link file of udev",
        (Place(NETWORK, "*.link"), Place(NETWORK, "*.link.d/*.conf")),
        _links,
        f"remove {COUNT}= and [{SRIOV}] from it, then `udevadm control --reload`",
        words=(COUNT, f"[{SRIOV}]"),
    ),
    Kind(
        "systemd-networkd",
        (Place(NETWORK, "*.network"), Place(NETWORK, "*.network.d/*.conf")),
        _networks,
        f"remove the sections [{SRIOV}] from it, then `networkctl reload`",
        sets="attributes of VFs",
        words=(f"[{SRIOV}]", "[Match]"),
    ),
    Kind(
        "systemd-tmpfiles",
        TMPFILES,
        _tmpfiles,
        "remove the line",
        words=("sriov_numvfs",),
    ),
)
