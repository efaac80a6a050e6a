# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who else sets the VFs of a PF, and what is known of the PF to tell that. Data only."""

from __future__ import annotations

import typing as t


class OwnedPf(t.NamedTuple):
    """A PF by all that a file may call it.

    :param name: of its interface; "" where it has none here.
    :param mac: its permanent address; "" where it is not known.
    :param vfs: PCI addresses of its VFs, those that are there and those that would be.
    :param link_files: the files that udev has applied to its interface, where it says so.
    :param network_files: the same of systemd-networkd.
    """

    address: str
    name: str = ""
    altnames: tuple[str, ...] = ()
    mac: str = ""
    driver: str = ""
    vfs: tuple[str, ...] = ()
    link_files: tuple[str, ...] = ()
    network_files: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """ "enp1s0 (0000:01:00.0)", or the address alone."""
        return f"{self.name} ({self.address})" if self.name else self.address

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.altnames) if self.name else self.altnames


class ConfigFile(t.NamedTuple):
    """A file with settings.

    :param why: why it could not be read; "" where it could.
    :param masks: it is a link to /dev/null: there is nothing in it, and others of its name are not read.
    :param target: where its path leads, through links: one file may have several paths.
    """

    path: str
    text: str = ""
    why: str = ""
    masks: bool = False
    target: str = ""


class Place(t.NamedTuple):
    """Where files are.

    :param folders: of files with one name in several of them the first counts, and no other is read.
    :param pattern: names below a folder, with * and ?; "*.wants/*.service" goes down one more.
    """

    folders: tuple[str, ...]
    pattern: str


class Owner(t.NamedTuple):
    """Somebody else who sets VFs.

    :param who: "a profile of NetworkManager".
    :param line: from 1; 0 where it is the file as a whole.
    :param what: that line; of a whole file what is the matter with it, in words.
    :param proof: it names the PF, or is known to apply to it; else it may: a wildcard, a script, an unreadable file.
    :param pfs: labels of the PFs.
    :param sets: what it sets of them.
    :param remedy: a sentence in the imperative.
    :param only_warn: even with a proof both can live on one host.
    """

    who: str
    path: str
    line: int
    what: str
    proof: bool
    pfs: tuple[str, ...] = ()
    sets: str = "the number of VFs"
    remedy: str = ""
    only_warn: bool = False

    @property
    def forbids(self) -> bool:
        """Whether nobody else may set the same; else it is worth a warning."""
        return self.proof and not self.only_warn

    @property
    def text(self) -> str:
        """One sentence, without its end."""
        where = f"`{self.what}` in {self.path}, line {self.line}" if self.line else f"{self.path} {self.what}"
        sets = "also sets" if self.proof else "may also set"
        return f"{self.who} {sets} {self.sets} of {', '.join(self.pfs)}: {where}"

    @property
    def advice(self) -> str:
        """The sentence, and what to do: for a warning."""
        return f"{self.text}. Remedy: {self.remedy}."
