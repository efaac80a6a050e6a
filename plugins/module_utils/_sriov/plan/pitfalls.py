# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a plan leads to that is allowed, and surprises: told by the run that changes what it is about. Pure."""

from __future__ import annotations

import typing as t

from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.queues import driver_of
from ..model.holders import MASTER
from ..model.mac import ZERO
from ..steps.net import InsertRule, SetVf
from ..steps.pci import Bind, SetNumVfs

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ..model.desired import DesiredVf
    from ..model.host import Device, Pf
    from ..steps.pci import Step

OF_SENDERS = ("mac", "trust", "spoofchk")  # what decides which addresses a VF may send from


def pitfalls(pf: Pf, asked: Mapping[int, DesiredVf], steps: Sequence[Step]) -> Iterator[str]:
    """Nothing of what the steps leave as it is, so a second run says nothing.

    :param pf: as it is after the steps.
    :param asked: what the user has said of its VFs.
    """
    given_away = [pf.vfs[index] for index in sorted(_touched(pf, steps)) if bypass_of(pf.vfs[index])]
    untrusted = [vf for vf in given_away if _is_untrusted(vf) and _trust_is_open(vf, asked)]
    if untrusted:
        yield (
            f"{_named(untrusted)} of {pf.label} {_verb(untrusted, 'has', 'have')} a MAC address and no trust: a "
            "program that gives itself another (a bond in DPDK does) is refused by the PF's driver; trust: true lets "
            "it, trust: false says that it is meant so"
        )
    mute = [vf for vf in given_away if _is_mute(pf, vf)]
    if mute:
        yield (
            f"{_named(mute)} of {pf.label} {_verb(mute, 'has', 'have')} no MAC address and spoofchk on: the card drops "
            "what a program sends from an address that the PF does not know; give it one (mac: auto), or spoofchk: "
            "false"
        )
    yield from _bonded(pf, steps)


def _touched(pf: Pf, steps: Sequence[Step]) -> set[int]:
    """VFs that get another driver, or another say about the addresses they may send from."""
    found = {step.vf for step in steps if isinstance(step, Bind) and step.physfn == pf.device.address}
    mine = (step for step in steps if isinstance(step, SetVf) and step.address == pf.device.address)
    found |= {step.vf for step in mine if set(OF_SENDERS) & set(step.change.words())}
    return {index for index in found if index is not None}


def _is_untrusted(vf: Device) -> bool:
    """A new VF is, with every driver."""
    attributes = vf.attributes
    if attributes is None or attributes.mac in (None, ZERO):
        return False
    return attributes.trust is False or (attributes.trust is None and vf.planned)


def _trust_is_open(vf: Device, asked: Mapping[int, DesiredVf]) -> bool:
    index = t.cast(int, vf.vf)
    return index not in asked or asked[index].attributes.trust is None


def _is_mute(pf: Pf, vf: Device) -> bool:
    """Of a new VF by what its PF's driver starts with; one that the kernel binds first has made up an address."""
    if vf.attributes is None:
        return False
    starts = driver_of(pf).vf_support.starts if vf.planned else {}
    mac, spoofchk = vf.attributes.mac, vf.attributes.spoofchk
    if mac is None and not pf.drivers_autoprobe:
        mac = starts.get("mac")
    return mac == ZERO and (starts.get("spoofchk") if spoofchk is None else spoofchk) is True


def _bonded(pf: Pf, steps: Sequence[Step]) -> Iterator[str]:
    address = pf.device.address
    comes = any(
        step.address == address
        and ((isinstance(step, SetNumVfs) and step.num_vfs) or (isinstance(step, InsertRule) and step.rule.into_vf))
        for step in steps
        if isinstance(step, (SetNumVfs, InsertRule))
    )
    for holder in pf.device.holders:
        if comes and holder.kind == MASTER and (" bond " in holder.text or " team " in holder.text):
            yield (
                f"{pf.label}: {holder.text}, and its VFs are not: their frames take this port alone, and have no link "
                "while it has none; rules are of this port as well"
            )


def _named(vfs: Collection[Device]) -> str:
    numbers = [str(vf.vf) for vf in vfs]
    if len(numbers) == 1:
        return f"VF {numbers[0]}"
    return f"VFs {', '.join(numbers[:-1])} and {numbers[-1]}"


def _verb(vfs: Collection[Device], one: str, several: str) -> str:
    return one if len(vfs) == 1 else several
