# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Whether the IOMMU needs an argument: the groups of the PFs tell whether it works, and not what is on a line."""

from __future__ import annotations

import typing as t

from ..boot_loaders.places import BY_HAND, place_of
from ..errors import NotSupported, SriovError, WouldDestroy
from ..model import kernel_arguments as arguments
from ..model.kernel_arguments import key, value
from ..model.paths import ACPI_TABLES
from ..model.platform import Setting

if t.TYPE_CHECKING:
    from ..faults import Faults
    from ..model.platform import DesiredPlatform, ObservedPlatform, PfGroup

INTEL, AMD = "DMAR", "IVRS"
ON = Setting(("intel_iommu=on",), "iommu")
NO_GROUP = "iommu: it is in no IOMMU group"
X86 = ("x86", "i386", "i686")


def iommu_settings(desired: DesiredPlatform, observed: ObservedPlatform, faults: Faults) -> list[Setting]:
    if not desired.iommu:
        return []
    if any(each.group is None for each in observed.pfs):
        refusals = _refusals(observed)
        faults.add(*refusals)
        return [] if refusals else [ON]
    # What was written before is why it works by now.
    return [ON] if any(key(each.token) == "intel_iommu" for each in observed.owned) else []


def passthrough_settings(desired: DesiredPlatform, observed: ObservedPlatform) -> list[Setting]:
    """What is ours from an earlier run stays where nothing is said."""
    ours = [each.token for each in observed.owned if arguments.passthrough([each.token]) is not None]
    if desired.passthrough is None:
        return [Setting((token,), "passthrough") for token in ours] if desired.keeps_passthrough else []
    is_x86 = observed.machine.startswith(X86)
    if desired.passthrough:
        return [Setting(("iommu=pt" if is_x86 else "iommu.passthrough=1",), "passthrough")]
    away = "iommu=nopt" if is_x86 else "iommu.passthrough=0"
    on = arguments.passthrough(observed.foreign) or any(each.kind == "identity" for each in observed.pfs)
    return [Setting((away,), "passthrough")] if on and not _only_ours(observed) or away in ours else []


def iommu_warnings(desired: DesiredPlatform, observed: ObservedPlatform) -> list[str]:
    if not desired.iommu:
        return []
    if not observed.pfs:
        return ["there is no SR-IOV PF on this host: whether the IOMMU works for one is not known"]
    off = _turned_off(observed)
    if off and all(each.group is not None for each in observed.pfs):
        return [f"the IOMMU is on, and the line of the next boot has {off[0]} ({off[1]}): it is off then"]
    return []


def _only_ours(observed: ObservedPlatform) -> bool:
    """Passthrough comes from an argument of ours, which goes away."""
    ours = any(arguments.passthrough([each.token]) for each in observed.owned)
    return ours and not arguments.passthrough(observed.foreign)


def _turned_off(observed: ObservedPlatform) -> tuple[str, str] | None:
    """What turns it off on the next line, and where it is written."""
    for token in observed.boot.line:
        of_all = key(token) == "iommu" and "off" in value(token).split(",")
        of_amd = observed.iommu_table == AMD and key(token) == "amd_iommu" and "off" in value(token).split(",")
        of_intel = key(token) == "intel_iommu" and arguments.intel_iommu(observed.boot.line) is False
        if of_all or of_amd or of_intel:
            path, number = place_of(observed.boot, token)
            return token, f"{path}:{number}" if number else path
    return None


def _refusals(observed: ObservedPlatform) -> list[SriovError]:
    """Why no argument can help the PFs that are in no group; none where one may."""
    found: list[SriovError] = []
    off = _turned_off(observed)
    for pf in (each for each in observed.pfs if each.group is None):
        if not observed.iommu_table:
            found.append(_no_table(pf))
        elif off and key(off[0]) != "intel_iommu":
            why = f"somebody has turned it off: {off[0]} in {off[1]}"
            found.append(WouldDestroy(NO_GROUP, device=str(pf), why=why, remedy=BY_HAND))
        elif observed.iommu_table != INTEL:
            found.append(_nothing_to_add(pf, observed))
        elif arguments.intel_iommu(observed.running):
            found.append(_no_effect(pf, observed))
    return found


def _no_table(pf: PfGroup) -> SriovError:
    return NotSupported(
        NO_GROUP,
        device=str(pf),
        why=f"the firmware describes no IOMMU (no DMAR, IVRS or IORT in {ACPI_TABLES}), and no kernel argument helps",
        remedy="turn VT-d, AMD-Vi or SMMU on in the BIOS, or give the virtual machine a vIOMMU; or iommu: ignored",
    )


def _nothing_to_add(pf: PfGroup, observed: ObservedPlatform) -> SriovError:
    return NotSupported(
        NO_GROUP,
        device=str(pf),
        why=f"the kernel turns on by itself what {observed.iommu_table} describes, and no argument helps"
        + _said(observed),
        remedy="look at dmesg and the BIOS; or iommu: ignored",
    )


def _no_effect(pf: PfGroup, observed: ObservedPlatform) -> SriovError:
    return NotSupported(
        NO_GROUP,
        device=str(pf),
        why="intel_iommu=on is on the line of this boot already: DMAR may not describe the slot of this PF"
        + _said(observed),
        remedy="look at dmesg and the BIOS, or use another slot; or iommu: ignored",
    )


def _said(observed: ObservedPlatform) -> str:
    return f"; the kernel says: {' / '.join(observed.said)}" if observed.said else ""
