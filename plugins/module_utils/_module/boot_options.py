# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options of module boot_state to what is asked for. Nothing here touches the host."""

from __future__ import annotations

import re
import typing as t

from .._sriov.errors import InvalidRequest
from .._sriov.model.desired import Desired
from .desired import host, named_vfs
from .options import BOOT_STATE, MANAGED, filled, usable

if t.TYPE_CHECKING:
    from .._sriov.faults import Faults
    from .._sriov.model.selector import Selector
    from .options import Params

NEEDS_PFS = ("present", "marked")
LEAST, HOUR = 10, 3600  # seconds
INTERVAL = re.compile(r"([1-9][0-9]*(s|min|h|d) ?)+", re.ASCII)
AUTO = "auto"


def boot_state(options: Params, faults: Faults) -> Desired:
    """The desired state of the PFs, and all that is wrong with the other options."""
    given = filled(BOOT_STATE, options)
    if given["state"] in NEEDS_PFS and not given["pfs"] and "pfs" not in _faulty(faults):
        what = f"pfs: not set, and state: {given['state']} is about PFs"
        faults.add(InvalidRequest(what, remedy="name the PFs as for module host"))
    for check in (_check_times, _check_interval, _check_metrics):
        with faults.gathered():
            check(given)
    managed_vfs(options, faults)
    found = host({"pfs": given["pfs"] or [], "allow": given["allow"], "release": given["release"]}, faults)
    if given["state"] in NEEDS_PFS:
        faults.add(*(_goes_back(pf.place) for pf in found.pfs if pf.as_before))
    return found


def _goes_back(place: str) -> InvalidRequest:
    return InvalidRequest(
        f"{place}as_before: such a state is not kept for a boot",
        why="a PF that is as it was before needs nothing at a boot",
        remedy="run module boot_state with state: absent, or leave the PF out of pfs",
    )


def managed_vfs(options: Params, faults: Faults) -> dict[str, list[Selector]]:
    """VFs that other managers may have, by PF as it is named."""
    given = filled(BOOT_STATE, options)
    named = {each["pf"] for _number, each in usable(given["pfs"])}
    found: dict[str, list[Selector]] = {}
    for number, entry in usable(given["managed_vfs"]):
        each, place = filled(MANAGED, entry), f"managed_vfs[{number}]"
        with faults.gathered():
            if each["pf"] not in named:
                what = f"{place}.pf: {each['pf']!r} is none of pfs"
                raise InvalidRequest(what, remedy="call it as there")
            found.setdefault(each["pf"], []).append(named_vfs(f"{place}.vf", each["vf"]))
    return found


def _faulty(faults: Faults) -> set[str]:
    return {re.split(r"[:\[. ]", fault.what)[0] for fault in faults.found}


def _check_times(given: Params) -> None:
    boot, pf = given["boot_timeout"], given["pf_timeout"]
    if not LEAST <= boot <= HOUR:
        why = "too few for the steps of a boot" if boot < LEAST else "too many: they may hold up the host's network"
        raise InvalidRequest(f"boot_timeout: {boot} s are {why}", remedy=f"give {LEAST} to {HOUR}")
    if not 0 <= pf < boot:
        raise InvalidRequest(f"pf_timeout: {pf} is not less than boot_timeout", remedy=f"give 0 to {boot - 1}")


def _check_interval(given: Params) -> None:
    text = given["check_interval"]
    if text and not INTERVAL.fullmatch(text):
        raise InvalidRequest(f"check_interval: {text!r} is no time", remedy='write it as in "1h", "30min" or "1d"')


def _check_metrics(given: Params) -> None:
    path = given["metrics_directory"]
    if path and path != AUTO and (not path.startswith("/") or "\n" in path):
        what = f"metrics_directory: {path!r} is no absolute path"
        raise InvalidRequest(what, remedy=f"give one, {AUTO}, or nothing for no metrics")
