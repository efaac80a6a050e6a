# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads what a judgement on kernel bypass rests on. Nothing here writes, and nothing is loaded."""

from __future__ import annotations

import gzip
import re
import typing as t
import zlib

from ..bypass.facts import BUILT_IN, INSTALLED, LOADED, BypassFacts, KernelFacts
from ..kernel.netdev_genl import NetdevGenl
from ..knowledge import index
from ..knowledge.bypass_drivers import BYPASS_DRIVERS, HARMLESS_GROUP_DRIVERS
from ..knowledge.rss import rss_group
from .management import ROUTE, SSH

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..kernel.kernel import Kernel
    from ..model.host import Host, Pf

    XdpFeatures = t.Callable[[int], t.Optional[t.FrozenSet[str]]]

PCI_DEVICES = "/sys/bus/pci/devices"
GROUPS = "/sys/kernel/iommu_groups"
CONFIG_SIZE = 4 << 20  # bytes; Debian's has 300 kB
CONFIG_LINE = re.compile(r"^(CONFIG_\w+)=([ym])$", re.MULTILINE)


class BypassObserver:
    """One look at the host: what all PFs share is read once.

    :param host: Observer.host(), for lockdown and vfio's no-IOMMU mode.
    :param modules: names of modules to look for.
    :param options: configuration options to look for.
    :param xdp_features: asks the kernel, by ifindex; the real one unless told.
    """

    def __init__(
        self,
        kernel: Kernel,
        host: Host,
        modules: Iterable[str],
        options: Iterable[str],
        xdp_features: XdpFeatures | None = None,
    ) -> None:
        self._sysfs = kernel.sysfs
        self._xdp_features = xdp_features or NetdevGenl().xdp_features
        self._kernel = kernel_facts(kernel, host, {*modules, *BYPASS_DRIVERS}, frozenset(options))

    def facts(
        self,
        pf: Pf,
        *,
        combined_channels: int | None = None,
        ntuple_supported: bool | None = None,
        ntuple_on: bool | None = None,
        lro: bool | None = None,
    ) -> BypassFacts:
        """Of one PF. The keywords are what ethtool tells of its interface; None where nobody asked.

        :raises SriovError: the kernel did not answer about XDP (netdev_genl.NetdevGenl.xdp_features).
        """
        device, netdev = pf.device, pf.device.netdev
        known = index.driver(device.driver, device.vendor, device.device)
        group = device.iommu_group
        return BypassFacts(
            kernel=self._kernel,
            interface=netdev.name if netdev else None,
            driver=device.driver,
            default_driver=device.default_driver,
            driver_out_of_tree="O" in (self._sysfs.read(f"/sys/module/{_module(device.driver)}/taint") or ""),
            vendor=device.vendor,
            device=device.device,
            num_vfs=pf.num_vfs,
            total_vfs=pf.total_vfs,
            online_cpus=pf.online_cpus,
            channels=combined_channels,
            rss_queues=rss_group(known, pf.num_vfs, combined_channels),
            mtu=netdev.mtu if netdev else 0,
            num_tc=netdev.num_tc if netdev else 0,
            iommu_group=group,
            iommu_type=None if group is None else self._sysfs.read(f"{GROUPS}/{group}/type"),
            group_others=() if group is None else tuple(self._group_others(group, pf)),
            management=tuple(holder.text for holder in device.holders if holder.kind in (SSH, ROUTE)),
            ntuple_supported=ntuple_supported,
            ntuple_on=ntuple_on,
            lro=lro,
            xdp_features=self._xdp_features(netdev.ifindex) if netdev else None,
            xdp_attached=netdev.xdp or netdev.xdp_generic if netdev else False,
            xdp_generic=netdev.xdp_generic if netdev else False,
            pf_ring=self._pf_ring_mode(netdev.name) if netdev else None,
            netmap_native=_module(device.driver) in self._sysfs.names("/sys/module/netmap/holders"),
        )

    def _group_others(self, group: int, pf: Pf) -> Iterator[str]:
        """Members of the PF's IOMMU group that would have to be given up together with it; its VFs go anyway."""
        own = {pf.device.address, *(vf.address for vf in pf.vfs)}
        for address in self._sysfs.names(f"{GROUPS}/{group}/devices"):
            driver = self._sysfs.link_name(f"{PCI_DEVICES}/{address}/driver")
            if address not in own and driver and driver not in HARMLESS_GROUP_DRIVERS:
                yield f"{address} ({driver})"

    def _pf_ring_mode(self, name: str) -> str | None:
        text = self._sysfs.read(f"/proc/net/pf_ring/dev/{name}/info") or ""
        match = re.search(r"^Polling Mode:\s*(\S+)", text, re.MULTILINE)
        return match.group(1) if match else None


def kernel_facts(kernel: Kernel, host: Host, modules: Iterable[str], options: frozenset[str]) -> KernelFacts:
    """Of the whole host."""
    file, text = kernel_config(kernel)
    found = CONFIG_LINE.findall(text)
    builtin = _built_in(kernel)
    states = {_module(name): module_state(kernel, name, builtin) for name in sorted(modules)}
    lines = (kernel.sysfs.read("/proc/net/protocols") or "").splitlines()[1:]
    return KernelFacts(
        release=kernel.release,
        config_file=file,
        config={name: value for name, value in found if name in options},
        protocols=frozenset(line.split()[0] for line in lines if line.strip()),
        modules={name: state for name, state in states.items() if state},
        lockdown=host.lockdown,
        noiommu_mode=host.noiommu_mode,
    )


def kernel_config(kernel: Kernel) -> tuple[str | None, str]:
    """Where the running kernel's configuration is, and its text; None and nothing where it is nowhere."""
    for file in (f"/boot/config-{kernel.release}", f"/lib/modules/{kernel.release}/config", "/proc/config.gz"):
        data = kernel.sysfs.read_bytes(file, CONFIG_SIZE)
        if file.endswith(".gz") and data:
            data = _unpacked(data)
        if data:
            return file, data.decode(errors="replace")
    return None, ""


def module_state(kernel: Kernel, name: str, builtin: frozenset[str]) -> str | None:
    """LOADED, BUILT_IN, INSTALLED or None.

    modprobe resolves a built-in module too, and /sys/module has those that take parameters: built in comes first.
    """
    if _module(name) in builtin:
        return BUILT_IN
    if kernel.sysfs.exists(f"/sys/module/{_module(name)}"):
        return LOADED
    return INSTALLED if kernel.resolve_module(name) else None


def _built_in(kernel: Kernel) -> frozenset[str]:
    """Names in modules.builtin: "kernel/net/packet/af_packet.ko"."""
    lines = (kernel.sysfs.read(f"/lib/modules/{kernel.release}/modules.builtin") or "").splitlines()
    return frozenset(_module(line.rpartition("/")[2].partition(".ko")[0]) for line in lines)


def _module(name: str | None) -> str:
    """A module's name as /sys/module writes it."""
    return (name or "").replace("-", "_")


def _unpacked(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return b""
