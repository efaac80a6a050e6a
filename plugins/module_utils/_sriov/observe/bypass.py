# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads what a judgement on kernel bypass rests on. Nothing here writes, and nothing is loaded."""

from __future__ import annotations

import re
import typing as t

from ..errors import SriovError
from ..kernel.system import module_name
from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..model.bypass import BUILT_IN, INSTALLED, LOADED, BypassFacts, KernelFacts, VfFacts

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.kernel import Kernel
    from ..model.host import Device, Host, Netdev, Pf

    XdpFeatures = t.Callable[[int], t.Optional[t.FrozenSet[str]]]

CONFIG_LINE = re.compile(r"^(CONFIG_\w+)=([ym])$", re.MULTILINE)


class BypassObserver:
    """One look at the host: what all PFs share is read once.

    :param host: with the IOMMU groups of the PFs and their VFs.
    :param modules: names of modules to look for.
    :param options: configuration options to look for.
    :param xdp_features: asks the kernel, by ifindex; `kernel` unless told.
    """

    def __init__(
        self,
        kernel: Kernel,
        host: Host,
        modules: Iterable[str],
        options: Iterable[str],
        xdp_features: XdpFeatures | None = None,
    ) -> None:
        self._system = kernel.system
        self._host = host
        self._ask_xdp_features = xdp_features or kernel.netlink.netdev.xdp_features
        self.not_seen: list[str] = []
        self._kernel = kernel_facts(kernel, {*modules, *BYPASS_DRIVERS}, frozenset(options))

    def facts(self, pf: Pf, lro: bool | None) -> BypassFacts:
        """Of one PF.

        :param lro: whether large-receive-offload is on; None where nobody asked.
        """
        netdev, driver = pf.device.netdev, pf.device.driver
        return BypassFacts(
            kernel=self._kernel,
            host=self._host,
            pf=pf,
            driver_out_of_tree=self._system.module_is_foreign(driver or ""),
            iommu_type=self._iommu_type(pf.device),
            lro=lro,
            xdp_features=self._xdp_features(netdev) if netdev else None,
            pf_ring=self._system.pf_ring_mode(netdev.name) if netdev else None,
            netmap_native=self._uses_netmap(driver),
            vf=self._vf(pf),
        )

    def _vf(self, pf: Pf) -> VfFacts:
        here = next((vf for vf in pf.vfs if vf.netdev), None)
        netdev, driver = (here.netdev, here.driver) if here else (None, None)
        return VfFacts(
            interface=netdev.name if netdev else None,
            driver=driver,
            xdp_features=self._xdp_features(netdev) if netdev else None,
            pf_ring=self._system.pf_ring_mode(netdev.name) if netdev else None,
            netmap_native=self._uses_netmap(driver or pf.vf_default_driver),
            iommu_type=self._iommu_type(pf.vfs[0]) if pf.vfs else None,
        )

    def _iommu_type(self, device: Device) -> str | None:
        return None if device.iommu_group is None else self._system.iommu_group_type(device.iommu_group)

    def _uses_netmap(self, driver: str | None) -> bool:
        return bool(driver) and module_name(driver) in self._system.module_holders("netmap")

    def _xdp_features(self, netdev: Netdev) -> frozenset[str] | None:
        try:
            return self._ask_xdp_features(netdev.ifindex)
        except SriovError as refused:
            self.not_seen.append(f"the XDP features of {netdev.name}: {refused}")
            return None


def kernel_facts(kernel: Kernel, modules: Iterable[str], options: frozenset[str]) -> KernelFacts:
    """Of the whole host."""
    file, text = kernel.system.config()
    builtin = kernel.system.built_in_modules()
    states = {module_name(name): _module_state(kernel, name, builtin) for name in sorted(modules)}
    return KernelFacts(
        release=kernel.system.release,
        config_file=file,
        config={name: value for name, value in CONFIG_LINE.findall(text) if name in options},
        protocols=kernel.system.socket_families(),
        modules={name: state for name, state in states.items() if state},
    )


def _module_state(kernel: Kernel, name: str, builtin: frozenset[str]) -> str | None:
    """LOADED, BUILT_IN, INSTALLED or None.

    modprobe resolves a built-in module too, and /sys/module has those that take parameters: built in comes first.
    """
    if module_name(name) in builtin:
        return BUILT_IN
    if kernel.system.module_is_loaded(name):
        return LOADED
    return INSTALLED if kernel.resolve_module(name) else None
