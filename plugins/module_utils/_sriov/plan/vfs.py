# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the attributes of VFs. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InvalidRequest
from ..faults import Faults
from ..knowledge.bypass_drivers import WITHOUT_INTERFACE, bypass_of
from ..knowledge.queues import driver_of
from ..model.attributes import DEFAULTS, VfAttributes, with_companions
from ..model.check import beyond_auto
from ..model.desired import AUTO
from ..model.host import ORPHAN
from ..model.mac import LAST_AUTO, MAC_ADDRESS, ZERO, auto_mac, is_infiniband
from ..model.unread import ATTRIBUTES, PERM_MAC
from ..model.user_changes import has_own_mac, has_own_mtu, is_driven_by_program
from ..model.vfs import desired_by_vf
from ..steps.net import SetMtu, SetVf, SetVfLink, WaitForCarrier
from ..steps.pci import Reload
from .after import DEFAULT_MTU
from .check_vfs import check_interface, check_vf, no_mac_on_infiniband, taken_addresses
from .guard import orphan_reloads, vf_changes
from .stage import Stage, check_known, function_label, heal, interface

if t.TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from ..errors import SriovError
    from ..model.desired import DesiredVf, DesiredVfs
    from ..model.host import Device, Pf
    from ..steps.pci import Step
    from .check_vfs import Beside


def by_index(pf: Pf, entries: Sequence[DesiredVfs], faults: Faults) -> dict[int, DesiredVf]:
    """What is desired of each VF that there will be, `auto` made an address.

    Addresses that cannot be made or given are gathered, and left out.

    :raises InvalidRequest: the PF has nothing that an address could be made from.
    """
    found = desired_by_vf(entries, pf.num_vfs)
    unfit: set[int] = set()
    if pf.device.netdev and is_infiniband(pf.device.netdev.mac):
        unfit = {index for index, each in found.items() if each.attributes.mac is not None}
        faults.add(*_of_vfs(unfit, lambda index: no_mac_on_infiniband(pf, index)))
    else:
        unfit = {index for index, each in found.items() if each.attributes.mac == AUTO and index > LAST_AUTO}
        faults.add(*beyond_auto(unfit, pf.label))
    for index in unfit:
        found[index] = found[index]._replace(attributes=replace(found[index].attributes, mac=None))
    return {index: each._replace(attributes=_with_address(pf, index, each.attributes)) for index, each in found.items()}


def plan_attributes(
    pf: Pf,
    desired: Mapping[int, DesiredVf],
    asked: Mapping[int, DesiredVf],
    allow: Container[str],
    settling: bool,
    beside: Beside,
) -> Stage:
    """The writes that give the VFs what they lack.

    :param asked: what of it the user has said: an address that a VF had before, it may have whoever else has it.
    :param settling: an earlier step of the plan takes the PF's link away for a while.
    :returns: with refusals of what the driver does not take, or what would cut a user off.
    :raises NotSupported: the PF has no interface.
    """
    named = [index for index, each in desired.items() if each.attributes.words() or each.mtu is not None]
    if not named:
        return Stage()
    netdev = interface(pf, "cannot set the attributes of its VFs")
    if not all(pf.vfs[index].planned for index in named):
        check_known(pf, "vfs: cannot tell the attributes of the VFs", ATTRIBUTES)
    faults = Faults(allow)
    faults.add(*taken_addresses(pf, asked, beside))
    writes: list[SetVf] = []
    warnings = [text(pf, pf.vfs[index], desired[index]) for index in named for text in (_program_has_it, _untold)]
    for index in named:
        vf, each = pf.vfs[index], desired[index]
        change = _missing(pf, vf, each)
        faults.add(*_of_vf(index, [*check_vf(pf, vf, each, change), *vf_changes(pf, vf, each, change)]))
        if change.words():
            before = _attributes(vf)
            whole = with_companions(change, before.merged(each.attributes))
            writes.append(SetVf(pf.device.address, netdev.name, pf.label, index, whole, before))
    rates = driver_of(pf).vf_support.rates
    if settling and rates and rates.needs_link and any(step.change.max_tx_rate is not None for step in writes):
        wait = WaitForCarrier(pf.device.address, netdev.name, pf.label, "the driver takes rates only then")
        return Stage([wait, *writes], list(filter(None, warnings)), faults)
    return Stage(writes, list(filter(None, warnings)), faults)


def plan_reloads(
    pf: Pf, desired: Mapping[int, DesiredVf], addressed: Container[int], allow: Container[str] = ()
) -> Stage:
    """For VFs whose kernel driver goes on with another MAC address than theirs, or has given them no interface.

    :param pf: as it is after the drivers' steps: a VF that the plan binds reads its address then.
    :param addressed: the VFs that the plan gives an address.
    :returns: with refusals for VFs that a program uses, and warnings of those that nobody asks about.
    """
    steps: list[Step] = []
    faults = Faults(allow)
    left = [vf for vf in pf.vfs if vf.interface == ORPHAN]
    for index in sorted(desired):
        vf, mac = pf.vfs[index], desired[index].attributes.mac
        if vf in left and (mac is not None or desired[index].mtu is not None):
            left.remove(vf)
            faults.add(*_of_vf(index, orphan_reloads(vf)))
            steps.append(heal(vf))
            continue
        if has_own_mac(vf, desired[index]):
            continue
        if mac is not None and _has_old_address(vf, mac, index in addressed):
            old = f", {vf.netdev.mac}" if vf.netdev and vf.netdev.mac else ""
            why = f"it has its MAC address from the time it was loaded{old}"
            steps.append(Reload(vf.address, function_label(vf), t.cast(str, vf.driver), why, vf.physfn, vf.vf))
    return Stage(steps, [_orphan(vf) for vf in left], faults)


def plan_interfaces(pf: Pf, desired: Mapping[int, DesiredVf]) -> Stage:
    """The MTU of VFs' interfaces and whether they are up, once they are there.

    :param pf: as it is after the drivers' steps.
    :returns: with refusals for VFs that have no interface here.
    """
    steps: list[Step] = []
    warnings: list[str] = []
    faults = Faults()
    for index in sorted(desired):
        vf, mtu = pf.vfs[index], desired[index].mtu
        present = vf.netdev.mtu if vf.netdev else DEFAULT_MTU
        if mtu is not None:
            faults.add(*_of_vf(index, check_interface(pf, vf, mtu)))
        if mtu not in (None, present) and has_own_mtu(vf, desired[index]):
            warnings.append(f"VF {index} of {pf.label} has MTU {present} from what it is a port of, not {mtu}")
        elif mtu not in (None, present):
            steps.append(SetMtu(vf.address, function_label(vf), present, mtu, vf.physfn, vf.vf))
        if desired[index].up and not (vf.netdev and vf.netdev.up):
            steps.append(SetVfLink(vf.address, function_label(vf), True, vf.physfn, vf.vf))
    return Stage(steps, warnings, faults)


def _of_vfs(indices: t.Iterable[int], refusal: t.Callable[[int], SriovError]) -> t.Iterator[SriovError]:
    for index in sorted(indices):
        yield from _of_vf(index, [refusal(index)])


def _of_vf(index: int, refusals: t.Iterable[SriovError]) -> t.Iterator[SriovError]:
    """Refusals that name the VF: those of other VFs for the same reason are told with them."""
    for refusal in refusals:
        refusal.vf = index
        yield refusal


def _with_address(pf: Pf, index: int, attributes: VfAttributes) -> VfAttributes:
    if attributes.mac != AUTO:
        return attributes
    check_known(pf, "mac: auto needs the PF's permanent address", PERM_MAC)
    if pf.perm_mac is None or pf.perm_mac == ZERO or not MAC_ADDRESS.fullmatch(pf.perm_mac):
        raise InvalidRequest(
            "mac: auto needs the PF's permanent address", device=pf.label, why="its driver does not tell one"
        )
    return replace(attributes, mac=auto_mac(pf.perm_mac, index))


def _program_has_it(pf: Pf, vf: Device, desired: DesiredVf) -> str:
    """What is said of a VF whose user may have given it another address, or may not; "" of any other."""
    if not has_own_mac(vf, desired) or not is_driven_by_program(vf):
        return ""
    who = "; ".join(holder.text for holder in vf.holders)
    mac = vf.attributes.mac if vf.attributes else None
    return (
        f"VF {vf.vf} of {pf.label} has MAC address {mac}, not {desired.attributes.mac}: it is trusted, and its user "
        f"may have given it that. It is left so while it is in use: {who}"
    )


def _untold(pf: Pf, vf: Device, desired: DesiredVf) -> str:
    """What is said of wishes for a VF that is there, of attributes that its PF's driver takes and never tells; "" where
    there are none. A new VF gets them; of this one nobody knows whether it has, and to write them at each run would be
    a change at each run."""
    untold = [name for name in driver_of(pf).vf_support.untold if name in desired.attributes.words()]
    if vf.planned or not untold or not driver_of(pf).creates_vfs:
        return ""
    return (
        f"{' and '.join(untold)} of VF {vf.vf} of {pf.label}: driver {pf.device.driver} does not tell it. VFs get it "
        "when this collection creates them; this one is as it was"
    )


def _orphan(vf: Device) -> str:
    return (
        f"{function_label(vf)} has no interface in any network namespace, though {vf.driver} has it: a probe that "
        "ended half-way (dmesg). Name its driver, mac or mtu, and it is reset and loaded anew"
    )


def _missing(pf: Pf, vf: Device, each: DesiredVf) -> VfAttributes:
    """What is to be written. Of a new VF nothing is taken for granted but what the driver refuses to change."""
    desired = replace(each.attributes, mac=None) if has_own_mac(vf, each) else each.attributes
    observed, support = _attributes(vf), driver_of(pf).vf_support
    if not vf.planned and driver_of(pf).creates_vfs:  # see _untold()
        desired = replace(desired, **dict.fromkeys(support.untold))
    granted = support.refuses if vf.planned else DEFAULTS
    untold = [name for name in DEFAULTS if name in granted and getattr(observed, name) is None]
    return desired.missing(replace(observed, **{name: DEFAULTS[name] for name in untold}))


def _attributes(vf: Device) -> VfAttributes:
    """All None where the PF's driver tells nothing."""
    return vf.attributes or VfAttributes()


def _has_old_address(vf: Device, mac: str, addressed: bool) -> bool:
    """Whether a kernel driver has the VF under another address.

    One whose interface is elsewhere cannot be asked: it has the old one if the plan gives it another.
    """
    if vf.driver is None or vf.driver in WITHOUT_INTERFACE or bypass_of(vf):
        return False
    return vf.goes_by_another(mac) if vf.netdevs else addressed
