# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who else sets the VFs of these PFs, from the files of the host. It runs nothing, and asks no daemon."""

from __future__ import annotations

import re
import typing as t

from ..knowledge.owners.index import DAEMONS, KINDS
from ..model.owners import OwnedPf, Owner
from ..model.paths import OURS, networkd_state, udev_data

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..kernel.kernel import Kernel
    from ..knowledge.owners.kind import Found, Kind
    from ..model.holders import Claim
    from ..model.host import Pf
    from ..model.owners import ConfigFile, Place

LINK_FILES = re.compile(r"^E:ID_NET_LINK_FILE(?:_DROPINS)?=(.+)$", re.MULTILINE)
NETWORK_FILES = re.compile(r"^NETWORK_FILE(?:_DROPINS)?=(.+)$", re.MULTILINE)
LIBVIRT = "a domain or network of libvirt"
OF_LIBVIRT = "address, VLAN and driver of VFs"


def owned_pf(pf: Pf) -> OwnedPf:
    """A PF that was read, with the VFs that it has, and those that it would have in the end."""
    names = [name for netdev in pf.device.netdevs for name in (netdev.name, *netdev.altnames)]
    first = pf.device.netdev.name if pf.device.netdev else next(iter(names), "")
    there = [vf.address for vf in pf.vfs]
    planned = [pf.vf_address(index) for index in range(pf.total_vfs)] if pf.vf_offset else []
    return OwnedPf(
        pf.device.address,
        first,
        tuple(name for name in names if name != first),
        pf.perm_mac or "",
        pf.device.driver or "",
        tuple(dict.fromkeys([*there, *planned])),
    )


def second_owners(kernel: Kernel, pfs: Sequence[OwnedPf]) -> list[Owner]:
    """Those that are proven first; the same line of several PFs once.

    A file that cannot be read may be one of any PF, and is told with the reason. Files of ours are left out.
    """
    applied = [_with_applied(kernel, pf) for pf in pfs]
    files = _Files(kernel)
    found = [owner for kind in KINDS for owner in _of_kind(files, kind, applied)]
    found += [*_of_libvirt(kernel.libvirt.claims(), applied), *_daemons(kernel, applied)]
    return sorted(_joined(found), key=lambda owner: not owner.proof)


class _Files:
    """Each place is looked at once, though several kinds have it."""

    def __init__(self, kernel: Kernel) -> None:
        self._files = kernel.config_files
        self._read: dict[Place, list[ConfigFile]] = {}

    def at(self, place: Place) -> list[ConfigFile]:
        if place not in self._read:
            self._read[place] = [file for file in self._files.at(place) if OURS not in file.path]
        return self._read[place]


def _with_applied(kernel: Kernel, pf: OwnedPf) -> OwnedPf:
    """With the files that udev and networkd say they have applied to its interface."""
    ifindex = kernel.interfaces.number(pf.name, "ifindex") if pf.name else None
    if ifindex is None:
        return pf
    texts = [kernel.config_files.read(path) for path in (udev_data(ifindex), networkd_state(ifindex))]
    links, networks = (
        tuple(path for match in pattern.findall(file.text if file else "") for path in match.strip('"').split(":"))
        for pattern, file in zip((LINK_FILES, NETWORK_FILES), texts)
    )
    return pf._replace(link_files=links, network_files=networks)


def _of_kind(files: _Files, kind: Kind, pfs: Sequence[OwnedPf]) -> Iterator[Owner]:
    by_target: dict[str, ConfigFile] = {}
    for file in (file for place in kind.places for file in files.at(place)):
        by_target.setdefault(file.target or file.path, file)
    there = list(by_target.values())
    for file in there:
        if file.why:
            yield _owner(kind, file.path, 0, file.why, False, pfs)
    read = [file for file in there if not file.why and _is_looked_into(kind, file)]
    for each in kind.read(read, pfs):
        yield _of_found(kind, each)


def _is_looked_into(kind: Kind, file: ConfigFile) -> bool:
    if file.masks:
        return kind.masks
    text = file.text.lower() if kind.words else ""
    return not kind.words or any(word.lower() in text for word in kind.words)


def _of_found(kind: Kind, found: Found) -> Owner:
    return _owner(kind, found.path, found.line, found.what, found.proof, [found.pf])


def _owner(kind: Kind, path: str, line: int, what: str, proof: bool, pfs: Iterable[OwnedPf]) -> Owner:
    labels = tuple(pf.label for pf in pfs)
    return Owner(kind.who, path, line, what, proof, labels, kind.sets, kind.remedy, kind.only_warn)


def _of_libvirt(claims: Iterable[Claim], pfs: Sequence[OwnedPf]) -> Iterator[Owner]:
    """It saves what a VF had, and gives it back when the domain stops: what was set meanwhile is gone."""
    remedy = "leave the VFs that it takes out of what is set here, their address and VLAN too"
    for claim in claims:
        unread = not (claim.function or claim.interface or claim.pf)
        for pf in pfs:
            takes = claim.function in pf.vfs or claim.function == pf.address or claim.pf in pf.names
            if unread or takes or claim.interface in pf.names:
                what = "could not be read" if unread else f"takes {claim.function or claim.pf or claim.interface}"
                yield Owner(LIBVIRT, claim.owner, 0, what, not unread, (pf.label,), OF_LIBVIRT, remedy, True)


def _daemons(kernel: Kernel, pfs: Sequence[OwnedPf]) -> Iterator[Owner]:
    labels = tuple(pf.label for pf in pfs)
    for daemon in DAEMONS if pfs else ():
        path = next((path for path in daemon.paths if kernel.config_files.exists(path)), None)
        if path:
            yield Owner(daemon.who, path, 0, "is there", False, labels, "VFs", daemon.remedy)


def _joined(found: Iterable[Owner]) -> list[Owner]:
    """One for each line, with all the PFs that it is about."""
    pfs: dict[Owner, list[str]] = {}
    for owner in found:
        pfs.setdefault(owner._replace(pfs=()), []).extend(owner.pfs)
    return [owner._replace(pfs=tuple(dict.fromkeys(labels))) for owner, labels in pfs.items()]
