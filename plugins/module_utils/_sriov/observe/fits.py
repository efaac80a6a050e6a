# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Whether drivers that are asked for by name are for their devices: driver_override makes any of them probe any."""

from __future__ import annotations

import typing as t

from ..kernel.pci import vf_alias, vfio_alias
from ..kernel.system import module_name
from ..knowledge.bypass_drivers import BYPASS_DRIVERS, STUB_DRIVERS
from ..model.desired import DEFAULT, NO_DRIVER_NAMES
from ..model.host import Fit

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..kernel.kernel import Kernel
    from ..model.desired import Desired
    from ..model.host import Device, Pf


def fits(kernel: Kernel, located: Desired, pfs: Mapping[str, Pf], devices: Mapping[str, Device]) -> tuple[Fit, ...]:
    """Of each driver that neither has the device nor is the kernel's choice for it: of others nobody asks."""
    asked = _Asked(kernel)
    found = [asked.fit(devices[each.device], each.driver) for each in located.devices if _is_strange(each.driver)]
    for each in located.pfs:
        for name in sorted({entry.said.get("driver") or DEFAULT for entry in each.vfs}):
            if _is_strange(name):
                pf = pfs[each.pf]
                found += [asked.fit(vf, name) for vf in pf.vfs]
                found.append(asked.fit_of_new_vfs(pf, name))
    return tuple(fit for fit in found if fit is not None)


def _is_strange(driver: str) -> bool:
    return driver not in NO_DRIVER_NAMES and driver not in BYPASS_DRIVERS and driver not in STUB_DRIVERS


class _Asked:
    """What modprobe says of aliases, each asked once."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._modules: dict[str, frozenset[str]] = {}

    def fit(self, device: Device, driver: str) -> Fit | None:
        if driver in (device.driver, device.default_driver):
            return None
        return self._fit(device.address, driver, self._kernel.pci.attribute(device.address, "modalias") or "")

    def fit_of_new_vfs(self, pf: Pf, driver: str) -> Fit | None:
        """fit() of VFs that are yet to be created."""
        if driver == pf.vf_default_driver or not pf.vf_device:
            return None
        first = self._kernel.pci.attribute(pf.vfs[0].address, "modalias") if pf.vfs else None
        alias = first or vf_alias(pf.device.vendor, pf.vf_device)
        return self._fit(f"{pf.device.vendor}:{pf.vf_device}", driver, alias)

    def _fit(self, device: str, driver: str, alias: str) -> Fit:
        own = self._behind(alias) if alias else frozenset()
        for_user_space = self._behind(vfio_alias(alias)) if alias else frozenset()
        found = self._kernel.pci.module_of_driver(driver) or self._kernel.resolve_module(driver) or driver
        module = module_name(found)
        others = [each for each in self._kernel.system.pci_drivers_of_module(module) if each != driver]
        vfio = module in for_user_space
        return Fit(device, driver, bool(own), module in own or vfio, tuple(others), vfio)

    def _behind(self, alias: str) -> frozenset[str]:
        if alias not in self._modules:
            self._modules[alias] = frozenset(module_name(name) for name in self._kernel.resolve_modules(alias))
        return self._modules[alias]
