# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is installed on a host for its boots: as it is, and as it shall be. Data only."""

from __future__ import annotations

import hashlib
import json
import typing as t

from .paths import BOOT_FILES

DIGITS = 12  # of the hash that names a generation

# What has to be told that files are others now.
UNITS, UDEV, NETWORKD, TIMER = "units", "udev", "networkd", "timer"


class Generation(t.NamedTuple):
    """All that one installation consists of.

    :param name: a hash of the rest.
    :param files: path below its directory -> text.
    """

    name: str
    files: t.Mapping[str, str]

    @property
    def elsewhere(self) -> dict[str, str]:
        """Its files that are not in its directory: path -> text."""
        return {path[len(BOOT_FILES) :]: text for path, text in self.files.items() if path.startswith(f"{BOOT_FILES}/")}


def generation(files: t.Mapping[str, str], elsewhere: t.Mapping[str, str]) -> Generation:
    """:param files: below its directory.

    :param elsewhere: by their whole path.
    """
    every = {**files, **{f"{BOOT_FILES}{path}": text for path, text in elsewhere.items()}}
    data = json.dumps(sorted(every.items())).encode()
    return Generation(hashlib.sha256(data).hexdigest()[:DIGITS], every)


class Installed(t.NamedTuple):
    """What a host has.

    :param generations: entries of their directory, also what a run that was killed has left there.
    :param current, previous: names; None where there is none.
    :param whole: the generation that is asked for is there, as it shall be, and compiled.
    :param texts: files elsewhere: path -> text; None where there is none.
    :param links: of units that are enabled: path -> target; None where there is none.
    :param due: who was not told of other files before a run was killed.
    :param stale: systemd has other texts of units than there are.
    """

    generations: tuple[str, ...] = ()
    current: str | None = None
    previous: str | None = None
    whole: bool = False
    texts: t.Mapping[str, str | None] = {}
    links: t.Mapping[str, str | None] = {}
    due: tuple[str, ...] = ()
    stale: bool = False


class There(t.NamedTuple):
    """Who is there to be told, and about what.

    :param systemd, networkd, udev: it runs.
    :param interfaces: of VFs whose marks may be others.
    :param timer: the timer runs.
    """

    systemd: bool = True
    networkd: bool = False
    udev: bool = False
    interfaces: tuple[str, ...] = ()
    timer: bool = False
