# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Facts of the whole host: modules, configuration, lockdown, CPUs, IOMMU groups, hugepages, vfio's nodes."""

from __future__ import annotations

import gzip
import os
import re
import typing as t
import zlib

from ..errors import NotSupported
from ..model.paths import (
    BOOT_ID,
    CLOCK_SOURCE,
    CPUS_ONLINE,
    HUGEPAGES,
    IOMMU_GROUPS,
    KERNEL_CONFIG,
    LOCKDOWN,
    MODULES,
    NO_IOMMU_PARAMETER,
    NUMA_NODES,
    SOCKET_FAMILIES,
    UPTIME,
    VFIO_NODES,
    boot_config,
    module_tree,
    no_iommu_node,
    pf_ring_interface,
    vfio_node,
)

if t.TYPE_CHECKING:
    from .sysfs import Sysfs

NO_IOMMU_GROUP = "vfio-noiommu"
NODE = re.compile(r"node[0-9]{1,6}")
CPU_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
POOL = re.compile(r"hugepages-([0-9]{1,12})kB")
CONFIG_SIZE = 4 << 20  # bytes; Debian's has 300 kB


class Access(t.NamedTuple):
    """Owner, group and mode of a node."""

    owner: int
    group: int
    mode: int


class System:
    """Reads the host; writes vfio's no-IOMMU mode and the access of its nodes."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs
        self.release = os.uname().release

    def effective_user(self) -> int:
        """`id -u`."""
        return os.geteuid()

    def boot_id(self) -> str | None:
        """Another one after each boot (random(4)); None where it cannot be read."""
        return self._sysfs.read(BOOT_ID) or None

    def uptime(self) -> float | None:
        """Seconds since the host was booted; None where it cannot be read."""
        words = (self._sysfs.read(UPTIME) or "").split(" ")
        try:
            return float(words[0])
        except ValueError:
            return None

    def lockdown(self) -> str:
        return lockdown_mode(self._sysfs.read(LOCKDOWN) or "")

    def online_cpus(self) -> int:
        """0 where it cannot be read, or is no list of CPUs."""
        return cpu_count(self.cpus_text())

    def cpus_text(self) -> str:
        """Those that are online, "0-3"; "" where it cannot be read, or is no list of CPUs."""
        text = self._sysfs.read(CPUS_ONLINE) or ""
        if text and not cpu_count(text):
            self._sysfs.garbled(CPUS_ONLINE)
            return ""
        return text

    def iommu_groups(self) -> list[str]:
        return self._sysfs.names(IOMMU_GROUPS)

    def iommu_is_on(self) -> bool:
        """Whether some group is an IOMMU's: vfio names those that it makes up (drivers/vfio/group.c)."""
        return any(self._sysfs.read(f"{IOMMU_GROUPS}/{group}/name") != NO_IOMMU_GROUP for group in self.iommu_groups())

    def iommu_group_members(self, group: int) -> list[str]:
        """PCI addresses."""
        return self._sysfs.names(f"{IOMMU_GROUPS}/{group}/devices")

    def iommu_group_type(self, group: int) -> str | None:
        """ "identity", "DMA", "DMA-FQ"."""
        return self._sysfs.read(f"{IOMMU_GROUPS}/{group}/type")

    def clock_source(self) -> str:
        """What tells the time: "tsc", "kvm-clock"; "" where it is not told."""
        return self._sysfs.read(CLOCK_SOURCE) or ""

    def module_is_loaded(self, name: str) -> bool:
        """Also true for one that is built in and takes parameters."""
        return self._sysfs.exists(f"{MODULES}/{module_name(name)}")

    def module_is_foreign(self, name: str) -> bool:
        """Not the kernel's own: "O" in its taint flags."""
        return "O" in (self._sysfs.read(f"{MODULES}/{module_name(name)}/taint") or "")

    def module_holders(self, name: str) -> list[str]:
        """Modules that use it."""
        return self._sysfs.names(f"{MODULES}/{module_name(name)}/holders")

    def pci_drivers_of_module(self, name: str) -> list[str]:
        """PCI drivers that a loaded module has registered (virtio_pci: virtio-pci)."""
        drivers = self._sysfs.names(f"{MODULES}/{name}/drivers")
        return [driver[len("pci:") :] for driver in drivers if driver.startswith("pci:")]

    def built_in_modules(self) -> frozenset[str]:
        """Names in modules.builtin: "kernel/net/packet/af_packet.ko"."""
        lines = (self._sysfs.read(f"{module_tree(self.release)}/modules.builtin") or "").splitlines()
        return frozenset(module_name(line.rpartition("/")[2].partition(".ko")[0]) for line in lines)

    def config(self) -> tuple[str | None, str]:
        """Where the running kernel's configuration is, and its text; None and nothing where it is nowhere."""
        for file in (boot_config(self.release), f"{module_tree(self.release)}/config", KERNEL_CONFIG):
            data = self._sysfs.read_bytes(file, CONFIG_SIZE)
            if file.endswith(".gz") and data:
                data = _unpacked(data)
            if data:
                return file, data.decode(errors="replace")
        return None, ""

    def socket_families(self) -> frozenset[str]:
        """Those that are registered: "PACKET", "XDP"."""
        return frozenset(self.open_sockets())

    def open_sockets(self) -> dict[str, int]:
        """How many sockets of each family there are in this network namespace (net/core/sock.c proto_seq_printf)."""
        lines = (line.split() for line in (self._sysfs.read(SOCKET_FAMILIES) or "").splitlines()[1:])
        return {
            words[0]: int(words[2]) if words[2:] and words[2].isascii() and words[2].isdigit() else 0
            for words in lines
            if words
        }

    def pf_ring_mode(self, interface: str) -> str | None:
        """The polling mode that the module pf_ring reports."""
        text = self._sysfs.read(pf_ring_interface(interface)) or ""
        match = re.search(r"^Polling Mode:\s*(\S+)", text, re.MULTILINE)
        return match.group(1) if match else None

    def hugepages(self) -> list[dict[str, t.Any]]:
        """Pools by NUMA node and size: node, size_kb, nr, free, surplus; node -1 where the kernel knows no nodes."""
        names = [name for name in self._sysfs.names(NUMA_NODES) if NODE.fullmatch(name)]
        places = sorted((int(name[4:]), f"{NUMA_NODES}/{name}/hugepages") for name in names)
        return [pool for node, base in places or [(-1, HUGEPAGES)] for pool in self._pools(node, base)]

    def _pools(self, node: int, base: str) -> t.Iterator[dict[str, t.Any]]:
        for pool, size in ((name, POOL.fullmatch(name)) for name in self._sysfs.names(base)):
            if size is None:
                continue
            words = ("nr", "free", "surplus")
            numbers = {word: self._sysfs.read_int(f"{base}/{pool}/{word}_hugepages") for word in words}
            yield {"node": node, "size_kb": int(size.group(1)), **numbers}

    def noiommu_mode(self) -> bool | None:
        """vfio's enable_unsafe_noiommu_mode; None where the kernel was built without it."""
        value = self._sysfs.read(NO_IOMMU_PARAMETER)
        if value is not None:
            return value == "Y"
        if self.module_is_loaded("vfio"):
            return None
        config = self._sysfs.read(boot_config(self.release))
        return None if config is not None and "CONFIG_VFIO_NOIOMMU=y" not in config else False

    def allow_no_iommu(self, timeout: float) -> None:
        """`echo Y > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode`.

        :raises NotSupported: this kernel has no such mode, which cannot be known before vfio is loaded.
        """
        if not self._sysfs.exists(NO_IOMMU_PARAMETER):
            raise NotSupported(
                "no_iommu: this kernel has no such mode",
                why="it was built without CONFIG_VFIO_NOIOMMU",
                remedy="turn the IOMMU on",
            )
        self._sysfs.write(NO_IOMMU_PARAMETER, "Y", timeout)

    def vfio_nodes(self) -> list[str]:
        """Names below /dev/vfio of the groups that user space may open."""
        return [name for name in self._sysfs.names(VFIO_NODES) if name not in ("vfio", "devices")]

    def vfio_node(self, group: str | int | None) -> str | None:
        """The node of a group: /dev/vfio/N, or the one of no-IOMMU mode; whether it is there is another question."""
        if group is None:
            return None
        no_iommu = no_iommu_node(group)
        return no_iommu if self._sysfs.exists(no_iommu) else vfio_node(group)

    def node_exists(self, node: str) -> bool:
        return self._sysfs.exists(node)

    def access(self, node: str) -> Access | None:
        """None where there is no such node."""
        status = self._sysfs.status(node)
        return None if status is None else Access(status.st_uid, status.st_gid, status.st_mode & 0o7777)

    def set_access(self, node: str, owner: int | None, group: int | None, mode: int | None) -> None:
        """`chown` and `chmod`; see Sysfs.set_access()."""
        self._sysfs.set_access(node, owner, group, mode)


def module_name(name: str | None) -> str:
    """As /sys/module writes it."""
    return (name or "").replace("-", "_")


def lockdown_mode(text: str) -> str:
    """The bracketed word of /sys/kernel/security/lockdown: "[none] integrity" is not locked down."""
    match = re.search(r"\[(\w+)\]", text)
    return match.group(1) if match else "none"


def cpu_count(ranges: str) -> int:
    """How many CPUs "0-3,8" are; 0 where it is no list of them."""
    found = [CPU_RANGE.fullmatch(part) for part in ranges.split(",")]
    pairs = [(int(match.group(1)), int(match.group(2) or match.group(1))) for match in found if match]
    if len(pairs) < len(found) or any(last < first for first, last in pairs):
        return 0
    return sum(last - first + 1 for first, last in pairs)


def _unpacked(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return b""
