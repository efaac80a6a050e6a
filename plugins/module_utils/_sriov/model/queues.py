# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A PF's queues as the driver tells them: channels, RSS table, flow rules. Data only."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .flow import FlowRule


class Channels(t.NamedTuple):
    """`ethtool -l`."""

    max_rx: int = 0
    max_tx: int = 0
    max_combined: int = 0
    rx: int = 0
    tx: int = 0
    other: int = 0
    combined: int = 0

    @property
    def receiving(self) -> int:
        """Channels that receive. Drivers have combined ones, or RX and TX apart (mlx4, vmxnet3, octeontx2), or both."""
        return self.combined + self.rx

    @property
    def apart(self) -> bool:
        """Whether there are RX and TX channels only."""
        return self.rx > 0 and not self.combined and not self.max_combined


class Rings(t.NamedTuple):
    """Sizes of rings, in descriptors; None leaves one as it is."""

    rx: int | None = None
    tx: int | None = None

    def __str__(self) -> str:
        return " ".join(f"{word} {size}" for word, size in (("rx", self.rx), ("tx", self.tx)) if size is not None)


class RingSizes(t.NamedTuple):
    """`ethtool -g`, in descriptors; mini and jumbo rings are those of old cards."""

    max_rx: int = 0
    max_mini: int = 0
    max_jumbo: int = 0
    max_tx: int = 0
    rx: int = 0
    mini: int = 0
    jumbo: int = 0
    tx: int = 0

    def __str__(self) -> str:
        return str(Rings(self.rx, self.tx))

    def with_sizes(self, wanted: Rings) -> RingSizes:
        """These, with the sizes that are wanted."""
        return self._replace(**{word: size for word, size in wanted._asdict().items() if size is not None})


class Feature(t.NamedTuple):
    """One line of `ethtool -k`.

    :param changeable: not "[fixed]".
    """

    on: bool
    changeable: bool


class Rss(t.NamedTuple):
    """`ethtool -x`.

    :param rings: RX rings; every entry of the table is less.
    :param table: the indirection table: the queue of each hash value modulo its length.
    :param key: the hash key as hexadecimal bytes with colons; "" where the driver does not tell.
    :param hash_function: "toeplitz" …; None where the driver does not tell.
    """

    rings: int
    table: tuple[int, ...]
    key: str = ""
    hash_function: str | None = None


class RuleTable(t.NamedTuple):
    """`ethtool -n`.

    :param size: locations are 0 to size - 1.
    :param driver_places: the driver picks a location itself when asked to (RX_CLS_LOC_SPECIAL).
    :param rules: in the order of their locations.
    """

    size: int
    driver_places: bool = False
    rules: tuple[FlowRule, ...] = ()


class Queues(t.NamedTuple):
    """All of it, for one interface; None where the driver does not tell.

    :param contexts: of RSS contexts that were asked for, the errno that the kernel answered with: 0 for those that are
        there.
    :param hash_fields: of the flow types that were asked for and that the driver tells, the RXH_* bits of the fields
        that are hashed.
    """

    channels: Channels | None = None
    rss: Rss | None = None
    ntuple: Feature | None = None
    rules: RuleTable | None = None
    ring_sizes: RingSizes | None = None
    contexts: t.Mapping[int, int] = {}
    hash_fields: t.Mapping[str, int] = {}

    @property
    def receiving(self) -> int | None:
        """RX queues in use: by the channels, or by the RX rings where the driver has no channels."""
        return (self.channels.receiving if self.channels else 0) or (self.rss.rings if self.rss else None)
