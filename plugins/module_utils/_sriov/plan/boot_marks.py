# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which VFs are kept from network managers: those of a desired state, also before they are there. Pure."""

from __future__ import annotations

import typing as t

from ..errors import InUse
from ..faults import Faults
from ..model.holders import ROUTE, SSH
from ..model.marks import ADDRESS, marks

if t.TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from ..model.desired import Desired, DesiredPf
    from ..model.host import Device, Pf
    from ..model.selector import Selector


class MarkedVfs(t.NamedTuple):
    """What is to be on the host.

    :param files: path -> text.
    :param interfaces: of the VFs that are there, marked or not: what udev says of them may be another thing now.
    :param warnings: VFs that cannot be marked.
    """

    files: dict[str, str]
    interfaces: tuple[str, ...]
    warnings: tuple[str, ...]


def marked_vfs(
    asked: Desired, located: Desired, pfs: Mapping[str, Pf], managed: Mapping[str, Sequence[Selector]]
) -> MarkedVfs:
    """:param asked: as the options name the PFs; in the same order as located.

    :param pfs: by PCI address.
    :param managed: VFs that a manager may have, by PF as the options name it.
    """
    every: list[str] = []
    spared: list[str] = []
    warnings = []
    for named, wish in zip(asked.pfs, located.pfs):
        pf, number = pfs[wish.pf], _number(wish, pfs[wish.pf])
        if number > len(pf.vfs) and not pf.vf_offset:
            warnings.append(
                f"network managers may see VFs of {pf.label} when they are created: where they will be is not known "
                "before (sriov_offset is 0)"
            )
            number = min(number, len(pf.vfs))
        every += [pf.vf_address(index) for index in _indices(wish, number)]
        spared += [pf.vf_address(index) for each in managed.get(named.pf, ()) for index in each.indices(number)]
    return MarkedVfs(marks(every, spared), interfaces_of_vfs(pfs.values()), tuple(warnings))


def check_carried(
    pfs: Iterable[Pf], files: Mapping[str, str], now: Mapping[str, str], called: Mapping[str, str]
) -> None:
    """A manager that has an interface lets go of it as soon as it is marked: its addresses and routes go.

    :param files: the marks that are to be: path -> text.
    :param now: those that are there; a VF that they have already is no manager's.
    :param called: PCI address of a PF -> as the options name it.
    :raises SriovError: a VF carries the operator.
    """
    new = {address for path, text in files.items() for address in {*_named(text)} - {*_named(now.get(path, ""))}}
    faults = Faults()
    for pf in pfs:
        faults.add(
            *(
                _carries(pf, vf, called.get(pf.device.address, pf.device.address))
                for vf in pf.vfs
                if vf.address in new and _carried(vf)
            )
        )
    faults.tell()


def still_needed(texts: Mapping[str, str | None], vfs: Container[str]) -> dict[str, list[str]]:
    """Files of marks that name VFs which are there: path -> these VFs. A manager would set them up without.

    :param texts: of the files.
    :param vfs: PCI addresses of those that are there.
    """
    named = {path: [each for each in _named(text or "") if each in vfs] for path, text in texts.items()}
    return {path: found for path, found in named.items() if found}


def _named(text: str) -> list[str]:
    return ADDRESS.findall(text)


def _carried(vf: Device) -> list[str]:
    return [holder.text for holder in vf.holders if holder.kind in (SSH, ROUTE)]


def _carries(pf: Pf, vf: Device, name: str | None) -> InUse:
    how = "" if name else " (with state: present)"
    return InUse(
        f"cannot keep network managers away from VF {vf.vf}",
        device=pf.label,
        why=f"it {' and '.join(_carried(vf))}, and a manager that has it would let go of it at once",
        remedy=f"leave it to them: managed_vfs: [{{pf: {name or pf.device.address}, vf: {vf.vf}}}]{how}",
        holders=_carried(vf),
    )


def interfaces_of_vfs(pfs: Iterable[Pf]) -> tuple[str, ...]:
    """Names of those that are here, sorted."""
    return tuple(sorted(netdev.name for pf in pfs for vf in pf.vfs for netdev in vf.netdevs))


def _indices(wish: DesiredPf, number: int) -> Iterable[int]:
    """Where their number is not asked for, VFs that nobody names are somebody else's."""
    if wish.num_vfs is not None:
        return range(number)
    return sorted({index for entry in wish.vfs for index in entry.vf.indices(number)})


def _number(wish: DesiredPf, pf: Pf) -> int:
    return pf.num_vfs if wish.num_vfs is None else wish.num_vfs
