# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What runs at a boot or when an interface comes up, and may write to sysfs: ifupdown, sysfsutils, scripts, units."""

from __future__ import annotations

import re
import typing as t

from ...model.owners import Place
from ...model.paths import GENERATED_UNITS
from .kind import Found, Kind, judged
from .lines import logical, short
from .names import by_name, by_path, parts_of, sets_vfs

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.owners import ConfigFile, OwnedPf
    from .kind import Verdict

IFUPDOWN = (
    Place(("/etc/network",), "interfaces"),
    Place(("/etc/network/interfaces.d",), "*"),
)
SYSFSUTILS = (Place(("/etc",), "sysfs.conf"), Place(("/etc/sysfs.d",), "*.conf"))
SCRIPTS = (
    *(Place((folder,), "rc.local") for folder in ("/etc", "/etc/rc.d")),
    *(Place((f"/etc/network/if-{when}.d",), "*") for when in ("pre-up", "up", "down", "post-down")),
    *(Place((folder,), "*.service") for folder in ("/etc/systemd/system", GENERATED_UNITS[0])),
    *(Place(("/etc/systemd/system",), pattern) for pattern in ("*.service.d/*.conf", "*.wants/*.service")),
    Place(("/etc",), "crontab"),
    Place(("/etc/cron.d",), "*"),
    *(
        Place((f"{folder}/NetworkManager/dispatcher.d",), pattern)
        for folder in ("/etc", "/usr/lib")
        for pattern in ("*", "pre-up.d/*")
    ),
    *(Place((f"{folder}/networkd-dispatcher",), "*.d/*") for folder in ("/etc", "/usr/lib")),
    *(Place((folder,), "ifup-local") for folder in ("/sbin", "/usr/sbin", "/usr/local/sbin")),
    Place(("/etc/sysconfig/network/scripts",), "*"),
    Place(("/etc/sysconfig",), "allocate_vfs"),
    Place(("/etc/init.d",), "*"),
)
STANZA = re.compile(r"(iface|auto|allow-\S+|mapping|source|source-directory|template|no-auto-down|no-scripts)\s+(\S+)")
WORDS = ("sriov_numvfs", " vf ")
SYSFS_LINE = re.compile(r"[^=]*sriov_(?:numvfs|drivers_autoprobe)\s*=\s*\d+")


def _ifupdown(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """interfaces(5): the interface whose stanza it is in is meant where the line names none."""
    for file in files:
        stanza = ""
        for line in logical(file.text):
            begins = STANZA.match(line.text)
            if begins:
                stanza = begins.group(2) if begins.group(1) == "iface" else ""
            elif sets_vfs(line.text):
                yield from judged(file.path, line.number, short(line.text), pfs, _of_line, line.text, stanza)


def _of_line(text: str, stanza: str, pf: OwnedPf) -> Verdict:
    verdict = by_path(text, pf)
    return verdict if verdict is not None or not stanza else by_name(stanza, pf)


def _sysfsutils(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in files:
        for line in logical(file.text):
            if SYSFS_LINE.match(line.text):
                yield from judged(file.path, line.number, short(line.text), pfs, by_path, f"/{line.text}")


def _scripts(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """One line a file: what a script does, and when it runs, nobody knows by looking. Never a proof."""
    for file in files:
        lines = [line for line in logical(file.text) if sets_vfs(line.text)]
        for pf in pfs:
            mine = [line for line in lines if _may_be_of(line.text, pf)]
            if mine:
                yield Found(file.path, mine[0].number, short(mine[0].text), pf, False)


def _may_be_of(text: str, pf: OwnedPf) -> bool:
    return not parts_of(text) or by_path(text, pf) is not False


KINDS = (
    Kind("ifupdown", IFUPDOWN, _ifupdown, "remove the line from the stanza", words=WORDS, sets="VFs"),
    Kind("sysfsutils", SYSFSUTILS, _sysfsutils, "remove the line", words=("sriov_",)),
    Kind(
        "a script or unit",
        SCRIPTS,
        _scripts,
        "look at what it does to the PF, and remove that",
        words=WORDS,
        sets="VFs",
    ),
)
