# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A host as kernel bypass wants it prepared, and as it is: IOMMU, the line of the next boot, hugepages, CPUs."""

from __future__ import annotations

import typing as t

from .kernel_arguments import Tokens, without

GIGANTIC_KB = 1 << 20  # pages of this size and above are taken at the boot: later there is no room in one piece
AUTO, MANUAL = "auto", "manual"


class WantedPages(t.NamedTuple):
    """Pages of one size.

    :param number: for the whole host, spread over its nodes; None where nodes says it.
    :param nodes: by NUMA node.
    """

    size_kb: int
    number: int | None = None
    nodes: t.Mapping[int, int] = {}


class DesiredPlatform(t.NamedTuple):
    """All that this collection sets of a host beside its NICs: what is not in it is taken back.

    :param pfs: as the user names them; none for every SR-IOV PF.
    :param iommu: each of them has to be in an IOMMU group.
    :param passthrough: None leaves it, also where it is ours, unless keeps_passthrough is False.
    :param keep_mib: what has to stay available of a node; None for the rule.
    :param isolated_cpus: ascending.
    :param arguments: further ones, of the user.
    :param memlock_group: "" for none.
    :param override: replace what others have decided.
    """

    pfs: tuple[str, ...] = ()
    iommu: bool = True
    passthrough: bool | None = None
    hugepages: tuple[WantedPages, ...] = ()
    keep_mib: int | None = None
    modules: tuple[str, ...] = ()
    isolated_cpus: tuple[int, ...] = ()
    arguments: Tokens = ()
    boot_loader: str = AUTO
    memlock_group: str = ""
    override: bool = False
    keeps_passthrough: bool = True


class Setting(t.NamedTuple):
    """Arguments of the kernel that belong together.

    :param kind: by what they are compared: "argument", "pool", "iommu", "passthrough".
    """

    tokens: Tokens
    kind: str = "argument"

    def __str__(self) -> str:
        return " ".join(self.tokens)


class PfGroup(t.NamedTuple):
    """A PF and the IOMMU.

    :param group: its number, in digits; None without one, or where vfio has made it up.
    :param kind: "DMA", "DMA-FQ", "identity"; None where it is not told.
    """

    address: str
    name: str
    group: str | None
    kind: str | None

    def __str__(self) -> str:
        return f"{self.name} ({self.address})" if self.name else self.address


class NumaNode(t.NamedTuple):
    """Memory of a node, in kB.

    :param file: page cache that can be given up.
    """

    number: int
    total: int
    free: int
    file: int

    @property
    def available(self) -> int:
        return self.free + self.file


class Pages(t.NamedTuple):
    """So many pages of a size on a node."""

    node: int
    size_kb: int
    number: int

    @property
    def pool(self) -> tuple[int, int]:
        return self.node, self.size_kb


class Pool(t.NamedTuple):
    """The pages of a size on a node as the kernel has them."""

    node: int
    size_kb: int
    nr: int
    free: int

    @property
    def in_use(self) -> int:
        return max(0, self.nr - self.free)


class PlatformOwner(t.NamedTuple):
    """Somebody else who sets what this collection would set.

    :param what: "hugepages of 2M", "the CPUs that are isolated".
    :param size_kb: of hugepages; None for the kernel's default size, and for what is no hugepages.
    :param line: of the file; 0 where it has none.
    :param text: what stands there.
    :param of_line: it is an argument of the kernel.
    """

    what: str
    file: str
    line: int
    text: str
    size_kb: int | None = None
    of_line: bool = False

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.what} by {self.place} ({self.text})"


class Owned(t.NamedTuple):
    """An argument that this collection has written, and what stood in its place."""

    token: str
    replaced: str | None = None


class Stored(t.NamedTuple):
    """What is kept of earlier runs.

    :param pages: what each boot is to have.
    :param before: of each pool that was touched, its number before the first time.
    :param left: of pools that are not asked for any more and were in use: the number that is still from here.
    """

    pages: tuple[Pages, ...] = ()
    before: tuple[Pages, ...] = ()
    left: tuple[Pages, ...] = ()


class Answer(t.NamedTuple):
    """What a command said."""

    code: int
    out: str
    error: str


class Seen(t.NamedTuple):
    """What there is of boot loaders, and what those that were asked say.

    :param there: paths that are there, of those that tell one boot loader from another.
    :param files: path -> text; those that are not there are not in it.
    :param names: directory -> entries.
    :param answers: command line -> what it said.
    :param loader_info: the EFI variable of the boot loader that has booted; "" where there is none.
    :param stub_info: that of a unified kernel image.
    :param running: the line of this boot.
    """

    there: frozenset[str] = frozenset()
    files: t.Mapping[str, str] = {}
    names: t.Mapping[str, tuple[str, ...]] = {}
    answers: t.Mapping[str, Answer] = {}
    loader_info: str = ""
    stub_info: str = ""
    running: Tokens = ()
    read_only: bool = False


class Boot(t.NamedTuple):
    """What will boot.

    :param name: of the boot loader in boot_loaders/; "" where none is known, or what boots cannot be read.
    :param line: arguments of the next boot; those of this one where nobody can tell.
    :param why: why the line is not known; "" where it is.
    """

    name: str
    seen: Seen
    line: Tokens
    why: str = ""


class Cpus(t.NamedTuple):
    """CPUs by number; None where the kernel does not tell, since it was built without."""

    online: frozenset[int]
    isolated: frozenset[int]
    nohz_full: frozenset[int] | None


class ObservedPlatform(t.NamedTuple):
    """The host.

    :param machine: `uname -m`.
    :param release: of the kernel: (6, 12).
    :param iommu_table: the firmware's description of an IOMMU: "DMAR", "IVRS", "IORT", or "".
    :param said: what the kernel has said of an IOMMU that does not work, in lines.
    :param loaded: modules that are there, of those wanted.
    :param unknown_modules: those that this kernel has not.
    :param files: ours and those in their place: path -> text; None where there is none.
    :param tuned: the active profile; "" for none.
    :param unread: what could not be read, and nothing that is wanted rests on, in words.
    :param made: what /etc/kernel/cmdline had beside what is ours when it was made here; None where it was not.
    :param dma_entry_limit: of vfio's type1; None where it is not loaded.
    """

    machine: str
    release: tuple[int, int]
    pfs: tuple[PfGroup, ...]
    iommu_table: str
    running: Tokens
    boot: Boot
    owned: tuple[Owned, ...]
    stored: Stored
    nodes: tuple[NumaNode, ...]
    pools: tuple[Pool, ...]
    cpus: Cpus
    owners: tuple[PlatformOwner, ...]
    files: t.Mapping[str, str | None]
    loaded: frozenset[str] = frozenset()
    unknown_modules: tuple[str, ...] = ()
    has_irqbalance: bool = False
    tuned: str = ""
    said: tuple[str, ...] = ()
    dma_entry_limit: int | None = None
    default_page_kb: int = 2048
    unread: tuple[str, ...] = ()
    made: str | None = None

    @property
    def foreign(self) -> Tokens:
        """The next line without what is ours."""
        return without(self.boot.line, [each.token for each in self.owned])

    def pool(self, node: int, size_kb: int) -> Pool | None:
        return next((each for each in self.pools if (each.node, each.size_kb) == (node, size_kb)), None)


class Reason(t.NamedTuple):
    """Why the host should be booted.

    :param needed: what was asked for is not there without; else it is only not as good.
    """

    needed: bool
    argument: str
    effect: str

    def __str__(self) -> str:
        return f"{self.argument}: {self.effect}"
