# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is kept on a host of what was there: while a run is under way (journal), and before the first one (record).

Data only.
"""

from __future__ import annotations

import typing as t

from .rss_hash import Hash

if t.TYPE_CHECKING:
    from .flow import FlowRule
    from .queues import Rings


class KeptVf(t.NamedTuple):
    """What a VF had and shall have again.

    :param said: values by the words of the options, and `up` of its interface.
    :param to: the driver that a run was giving it in the place of its own: once it has that, no other is owed.
    """

    vf: int
    said: t.Mapping[str, t.Any]
    to: str | None = None


class Taken(t.NamedTuple):
    """What a run takes away for a while and has promised to put back, of one PF.

    :param pf: its PCI address.
    :param perm_mac: its address in the card: another card in its place has lost nothing.
    :param table: an RSS table that somebody had set; None where none is at stake.
    :param channels: combined ones that somebody had set; None where none are at stake.
    :param steps: what the run had planned, in words.
    """

    pf: str
    perm_mac: str | None = None
    rules: tuple[FlowRule, ...] = ()
    table: tuple[int, ...] | None = None
    vfs: tuple[KeptVf, ...] = ()
    steps: tuple[str, ...] = ()
    channels: int | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.rules or self.table or self.vfs or self.channels)


class Record(t.NamedTuple):
    """A PF before the first change that was ever made to it by this collection.

    :param pf: its PCI address.
    :param channels: combined ones; None where the driver does not tell.
    :param ntuple: None where there is no such feature.
    :param table: the RSS table that somebody had set; None where it was the driver's.
    :param macs: of its VFs, as the PF's driver told them.
    :param vfs: what its VFs had beside that, each with all that was told.
    :param up: whether its interface was; noted when a run first sets it up or down. None: none has.
    :param rings: sizes of its rings; noted when a run first sets any.
    :param hash: the key, the function and the fields of flow types; each noted when a run first sets it.
    :param own_table: the RSS table, where it was none that somebody is known to have set, if it was not the one that
        the driver makes; otherwise noted when a run first sets one.
    :param ours: rules that runs have added and that may be there.
    :param xsk: the mode of the program for AF_XDP that was attached, and the group of its map; None where none was.
    :param napi: values of NAPI, noted when a run first sets them.
    :param apart: the RSS table that runs have made without queues for AF_XDP, and that may be there.
    :param apart_of: the one that somebody had set, of which that was made; None: the driver's.
    """

    pf: str
    perm_mac: str | None
    num_vfs: int
    drivers_autoprobe: bool
    channels: int | None = None
    ntuple: bool | None = None
    table: tuple[int, ...] | None = None
    rules: tuple[FlowRule, ...] = ()
    macs: tuple[str | None, ...] = ()
    vfs: tuple[KeptVf, ...] = ()
    up: bool | None = None
    rings: Rings | None = None
    hash: Hash = Hash()
    own_table: tuple[int, ...] | None = None
    ours: tuple[FlowRule, ...] = ()
    apart: tuple[int, ...] | None = None
    xsk: tuple[str, int] | None = None
    napi: t.Mapping[str, int] = {}
    apart_of: tuple[int, ...] | None = None
