# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Whether a function can be handed to user space whole, as the plan would judge it. Pure."""

from __future__ import annotations

import typing as t

from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..plan.after import planned_vf
from ..plan.hindrance import has_group, hindrances
from .facts import Evidence, module

if t.TYPE_CHECKING:
    from ..knowledge.bypass_drivers import BypassDriver
    from ..model.bypass import BypassFacts
    from ..model.host import Device, Pf


def handover(facts: BypassFacts, vf: bool) -> Evidence:
    """Whether some driver hands the PF, or a VF of it, to user space: the first that does, or why none does."""
    tried = [handover_by(facts, driver, vf) for driver in BYPASS_DRIVERS.values()]
    ways = [way for way in tried if way.found]
    return ways[0] if ways else Evidence(False, "; ".join(way.words for way in tried))


def handover_by(facts: BypassFacts, driver: BypassDriver, vf: bool, consent: str = "") -> Evidence:
    """As the plan would judge it (plan.hindrance), had the user allowed the no-IOMMU mode where the host has it on.

    :param consent: what else the user allows, a word of model.consent.
    """
    have = module(facts.kernel, driver.name.replace("-", "_"))
    if not have.found:
        return have
    device = function(facts.pf, vf)
    no_iommu = bool(facts.host.noiommu_mode)
    hindered = hindrances(device, driver, facts.host, no_iommu, _own_vfs(facts.pf, vf))
    found = next((each for each in hindered if not consent or each.consent != consent), None)
    if found:
        return Evidence(False, f"not by {driver.name}: {found.why}")
    needs = _way(facts, device) if driver.iommu else physical_dma(facts, vf)
    words = f"{have.words}, and {needs.words}" if needs.found else f"not by {driver.name}: {needs.words}"
    return Evidence(needs.found, words)


def function(pf: Pf, vf: bool) -> Device:
    """The PF, or its first VF, which need not be there yet."""
    if not vf:
        return pf.device
    return pf.vfs[0] if pf.vfs else planned_vf(pf, 0)


def _own_vfs(pf: Pf, vf: bool) -> dict[str, str | None]:
    """With the PF its VFs go from the kernel anyway."""
    return {} if vf else {each.address: None for each in pf.vfs}


def _way(facts: BypassFacts, device: Device) -> Evidence:
    if has_group(device, facts.host):
        group = facts.pf.device.iommu_group
        return Evidence(True, "the IOMMU is on" + ("" if group is None else f" (the PF is in group {group})"))
    return Evidence(True, "there is no IOMMU group, and vfio's no-IOMMU mode is on")


def physical_dma(facts: BypassFacts, vf: bool = False) -> Evidence:
    """Programs that give the NIC physical addresses work where the IOMMU is off or passes them through."""
    device = function(facts.pf, vf)
    if not has_group(device, facts.host):
        return Evidence(True, "there is no IOMMU group in its way")
    group, of_type = device.iommu_group, facts.iommu_type
    if vf and group is not None:
        of_type = facts.vf.iommu_type
    name = "the IOMMU group of a new VF" if group is None else f"IOMMU group {group}"
    kind = f"{name} is of type {of_type or 'unknown'}{', as the PF has it' if group is None else ''}"
    if of_type == "identity":
        return Evidence(True, f"{kind}: physical addresses pass")
    return Evidence(False, f"{kind}: the NIC cannot use physical addresses (iommu=pt lets it)")


def no_lockdown(facts: BypassFacts, what: str) -> Evidence:
    """LOCKDOWN_PCI_ACCESS: drivers/pci/pci-sysfs.c pci_mmap_resource."""
    mode = facts.host.lockdown
    return Evidence(mode == "none", f"lockdown is {mode}" if mode == "none" else f"lockdown ({mode}) refuses {what}")
