# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What the kernel and the firmware tell of the host that is prepared: the line of this boot, IOMMU, memory, CPUs."""

from __future__ import annotations

import os
import re
import typing as t

from ..errors import NotKnown, errno_words
from ..model.paths import (
    ACPI_TABLES,
    CPUS_ISOLATED,
    CPUS_NOHZ_FULL,
    CPUS_ONLINE,
    DMA_ENTRY_LIMIT,
    EFI_VARIABLES,
    IOMMU_GROUPS,
    KERNEL_LINE,
    MOUNTS,
    NUMA_NODES,
    PCI_DEVICES,
    PROCESSES,
    node_pages,
)
from ..model.platform import Cpus, NumaNode, PfGroup, Pool
from .system import CPU_RANGE, NO_IOMMU_GROUP, NODE, System

if t.TYPE_CHECKING:
    from .pci import Pci
    from .sysfs import Sysfs

TABLES = ("DMAR", "IVRS", "IORT")  # of Intel, AMD and Arm
LOADER_VARIABLES = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"  # the vendor GUID of systemd's Boot Loader Interface
ATTRIBUTES = 4  # bytes before the value of an EFI variable (Documentation/filesystems/efivarfs.rst)
MOST = 64 << 10  # bytes
MEMORY = re.compile(r"(\w+(?:\(\w+\))?):\s+([0-9]{1,15}) kB")
MEMORY_INFO = f"{PROCESSES}/meminfo"
DEFAULT_PAGE_KB = 2048  # of x86, and of arm64 with pages of 4 kB
TO_WRITE = 60.0  # seconds for one write of a number of pages: the kernel makes room for them in it


class Platform:
    """Reads, and writes numbers of hugepages."""

    def __init__(self, sysfs: Sysfs, pci: Pci) -> None:
        self._sysfs = sysfs
        self._pci = pci
        self._system = System(sysfs)
        self.machine = os.uname().machine

    def line(self) -> str:
        """The line of this boot.

        :raises NotKnown: it cannot be read.
        """
        return self._known(KERNEL_LINE) or ""

    def iommu_table(self) -> str:
        """Which description of an IOMMU the firmware has; "" for none: it is off there, or there is none.

        :raises NotKnown: it cannot be looked at.
        """
        for name in TABLES:
            if self._sysfs.exists(f"{ACPI_TABLES}/{name}"):
                return name
            self._check(f"{ACPI_TABLES}/{name}")
        return ""

    def group(self, address: str) -> PfGroup:
        """:raises NotKnown: it cannot be looked at."""
        names = self._pci.interfaces(address)
        number = self._pci.iommu_group(address)
        self._check(f"{PCI_DEVICES}/{address}/iommu_group")
        if number is not None and self._known(f"{IOMMU_GROUPS}/{number}/name") == NO_IOMMU_GROUP:
            number = None
        kind = None if number is None else self._system.iommu_group_type(int(number))
        return PfGroup(address, names[0] if names else "", number, kind)

    def firmware_says(self, name: str) -> str:
        """A variable of the boot loader: "LoaderInfo", "StubInfo"; "" where it is not there, as without EFI."""
        data = self._sysfs.read_bytes(f"{EFI_VARIABLES}/{name}-{LOADER_VARIABLES}", MOST)
        return data[ATTRIBUTES:].decode("utf-16-le", "replace").rstrip("\0")

    def root_is_read_only(self) -> bool:
        """By the last of what is mounted there."""
        lines = (line.split() for line in (self._sysfs.read(MOUNTS) or "").splitlines())
        options = [words[3].split(",") for words in lines if len(words) > 3 and words[1] == "/"]
        return bool(options) and "ro" in options[-1]

    def cpus(self) -> Cpus:
        """:raises NotKnown: they cannot be read."""
        online, isolated, nohz = (self._known(path) for path in (CPUS_ONLINE, CPUS_ISOLATED, CPUS_NOHZ_FULL))
        return Cpus(cpu_set(online or ""), cpu_set(isolated or ""), None if nohz is None else cpu_set(nohz))

    def nodes(self) -> list[NumaNode]:
        """NUMA nodes, ascending; one of number -1 where the kernel knows none.

        :raises NotKnown: what memory one has cannot be read.
        """
        names = [name for name in self._sysfs.names(NUMA_NODES) if NODE.fullmatch(name)]
        places = sorted((int(name[4:]), f"{NUMA_NODES}/{name}/meminfo") for name in names)
        return [self._node(*place) for place in places or [(-1, MEMORY_INFO)]]

    def pools(self) -> list[Pool]:
        """:raises NotKnown: a number cannot be read."""
        found = []
        for each in self._system.hugepages():
            if each["nr"] is None or each["free"] is None:
                path = node_pages(each["node"], each["size_kb"])
                raise _not_known(path, "it holds no number")
            found.append(Pool(each["node"], each["size_kb"], each["nr"], each["free"]))
        return found

    def set_pages(self, node: int, size_kb: int, count: int, timeout: float) -> int:
        """Ask for so many pages, and read how many there are: the kernel takes the number with fewer as well.

        :param timeout: seconds; looking for room in one piece takes some.
        :raises KernelRefused, StillInKernel: it was not taken.
        :raises NotKnown: how many there are cannot be read.
        """
        path = node_pages(node, size_kb)
        self._sysfs.write(path, str(count), max(1.0, min(timeout, TO_WRITE)))
        found = self._sysfs.read_int(path)
        if found is None:
            raise _not_known(path, "it holds no number")
        return found

    def default_page_kb(self) -> int:
        """The size of hugepages where none is said."""
        found = dict(MEMORY.findall(self._sysfs.read(MEMORY_INFO) or ""))
        return int(found.get("Hugepagesize", DEFAULT_PAGE_KB))

    def dma_entry_limit(self) -> int | None:
        """How many mappings vfio's type1 keeps for a container; None where it is not loaded."""
        return self._sysfs.read_int(DMA_ENTRY_LIMIT)

    def is_there(self, path: str) -> bool:
        return self._sysfs.exists(path)

    def _node(self, number: int, path: str) -> NumaNode:
        found = dict(MEMORY.findall(self._known(path) or ""))
        try:
            total, free = int(found["MemTotal"]), int(found["MemFree"])
            file = int(found["Active(file)"]) + int(found["Inactive(file)"])
        except KeyError as error:
            raise _not_known(path, f"it has no {error}") from None
        return NumaNode(number, total, free, file)

    def _known(self, path: str) -> str | None:
        """None where it is not there."""
        text = self._sysfs.read(path)
        self._check(path)
        return text

    def _check(self, path: str) -> None:
        number = self._sysfs.refused.get(path)
        if number is not None:
            raise _not_known(path, errno_words(number))


def cpu_set(ranges: str) -> frozenset[int]:
    """CPUs of "0-3,8"; none of "", and of the "(null)" that the kernel writes for none."""
    found = [CPU_RANGE.fullmatch(part) for part in ranges.strip().split(",")]
    pairs = [(int(match.group(1)), int(match.group(2) or match.group(1))) for match in found if match]
    return frozenset(number for first, last in pairs for number in range(first, min(last, first + 65535) + 1))


def _not_known(path: str, why: str) -> NotKnown:
    return NotKnown(f"cannot read {path}", why=why, remedy="look at it, and run again")
