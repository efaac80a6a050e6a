# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which driver of a module the kernel would give a device: an alias names a module, and a module may have several."""

from __future__ import annotations

import typing as t

from ..kernel.system import module_name
from ..knowledge import index

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel


class Choice(t.NamedTuple):
    """:param driver: None where there is none, or where it is not known which.
    :param possible: the drivers of the module, where that is so.
    """

    driver: str | None
    possible: tuple[str, ...] = ()


class Behind(t.NamedTuple):
    """:param pf_driver: the driver of its PF, where the device is a VF; "" where that has none."""

    module: str
    pf_driver: str | None = None


def drivers_of(kernel: Kernel, module: str) -> tuple[str, ...]:
    """Those that a module has registered. Of one that is built in, sysfs may not say that they are its own."""
    registered = kernel.system.pci_drivers_of_module(module)
    return tuple(registered or (name for name in kernel.pci.drivers() if module_name(name) == module_name(module)))


def choose(registered: tuple[str, ...], device: Behind) -> Choice:
    """:param registered: drivers_of() the module; none while it is not loaded."""
    module, pf_driver = device
    if not registered:
        # Most have one driver, with the module's name. What nfp has for VFs has another one, and is no module.
        of_vfs = tuple(name for name, of_pfs in index.VF_DRIVERS.items() if of_pfs == module)
        shared = pf_driver is not None and module in index.SHARE_MODULE
        return Choice(None, (module, *of_vfs)) if shared else Choice(module)
    if len(registered) == 1:
        return Choice(registered[0])
    found = _of_pf(registered) if pf_driver is None else _of_vf(registered, pf_driver)
    return Choice(found) if found else Choice(None, registered)


def _of_pf(registered: tuple[str, ...]) -> str | None:
    left = [name for name in registered if name not in index.VF_DRIVERS]
    return left[0] if len(left) == 1 else None


def _of_vf(registered: tuple[str, ...], pf_driver: str) -> str | None:
    """By the table of drivers: the one of VFs, or the PF's where that has VFs too (sfc beside sfc_ef100)."""
    of_vfs = [name for name in registered if name in index.VF_DRIVERS]
    if len(of_vfs) == 1:
        return of_vfs[0]
    has_vfs_too = pf_driver in index.DRIVERS and index.driver(pf_driver).vf_driver is None
    return pf_driver if has_vfs_too and pf_driver in registered else None


class DefaultDrivers:
    """Of one host: each alias is asked once."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._modules: dict[str, str | None] = {}
        self._choices: dict[tuple[str, str | None], Choice] = {}

    def of_device(self, address: str, driver: str | None, is_nic: bool, physfn: str | None) -> Choice:
        """A PF whose driver gives it an interface has the one that the kernel chose: asking takes a process.

        :param is_nic: it is a PF, or stands for one: nobody gives it another driver.
        """
        pci = self._kernel.pci
        if is_nic and driver and pci.interfaces(address):
            return Choice(driver)
        alias = pci.attribute(address, "modalias")
        return self.of_alias(alias, physfn) if alias else Choice(None)

    def of_alias(self, alias: str, physfn: str | None) -> Choice:
        """:param physfn: the PF of a VF."""
        key = (alias, physfn)
        if key not in self._choices:
            if alias not in self._modules:
                self._modules[alias] = self._kernel.resolve_module(alias)
            module, pf_driver = self._modules[alias], (self._kernel.pci.driver(physfn) or "") if physfn else None
            found = choose(drivers_of(self._kernel, module), Behind(module, pf_driver)) if module else Choice(None)
            self._choices[key] = found
        return self._choices[key]
