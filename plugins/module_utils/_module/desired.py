# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options to a desired state. Nothing here touches the host: it is the same on the controller."""

from __future__ import annotations

import re
import typing as t
from dataclasses import fields

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.errors import InvalidRequest
from .._sriov.model.attributes import VfAttributes
from .._sriov.model.desired import (
    Consent,
    Desired,
    DesiredDevice,
    DesiredDrivers,
    DesiredPf,
    DesiredRss,
    DesiredVfs,
    Node,
)
from .options import PF_STATE, TABLE
from .rules import desired_rules

Params = t.Dict[str, t.Any]


def desired_host(params: Params) -> Desired:
    """All PFs of module host; consent for one PF or for all.

    :raises InvalidRequest: a value that no host takes.
    """
    return Desired(tuple(_pf_of_host({**entry, **_consents(entry, params)}) for entry in params["pfs"]))


def _consents(entry: Params, params: Params) -> Params:
    return {name: entry[name] or params[name] for name in Consent._fields}


def _pf_of_host(entry: Params) -> DesiredPf:
    state = dict(entry)
    if state["drivers_autoprobe"] is None and state["drivers"]:
        state["drivers_autoprobe"] = False  # VFs that no entry names stay without a driver
    if state["up"] is None and state["num_vfs"]:
        state["up"] = True
    rules = None if entry["rules"] is None else desired_rules(entry["rules"], exclusive=entry["exclusive_rules"])
    return desired_pf(
        state,
        vfs=desired_vfs(entry["vfs"]),
        drivers=desired_drivers(entry["drivers"]),
        rss=desired_rss(entry["rss"]),
        rules=rules,
    )


def desired_pf(params: Params, **parts: t.Any) -> DesiredPf:
    """The PF itself and what the user allows, as far as a module has such options.

    :param parts: vfs, drivers, rss, rules.
    """
    state = {name: params[name] for name in PF_STATE if name in params}
    consent = Consent(**{name: params[name] for name in Consent._fields if name in params})
    return DesiredPf(params["pf"], **state, consent=consent, **parts)


def desired_vfs(entries: list[Params] | None) -> tuple[DesiredVfs, ...]:
    names = [field.name for field in fields(VfAttributes)]
    return tuple(
        DesiredVfs(entry["vf"], VfAttributes(**{name: entry[name] for name in names}), entry["mtu"])
        for entry in entries or []
    )


def desired_drivers(entries: list[Params] | None) -> tuple[DesiredDrivers, ...]:
    """:raises InvalidRequest: no such mode."""
    return tuple(
        DesiredDrivers(entry["vfs"], entry["driver"], _node(entry), entry["no_iommu"]) for entry in entries or []
    )


def desired_devices(params: Params) -> Desired:
    """What module pci_driver is asked for, in the order of its options.

    :raises InvalidRequest: VFs of a PF that is not named; no such mode.
    """
    found: list[DesiredDevice] = []
    for entry in [params] if params["assignments"] is None else params["assignments"]:
        rest = (entry["driver"], _node(entry), entry["no_iommu"] or params["no_iommu"], params["force"])
        if entry["devices"] is not None:
            found += [DesiredDevice(device, *rest) for device in entry["devices"]]
        elif params["pf"] is None:
            raise InvalidRequest("vfs: whose VFs they are is not said", remedy="name their PF: pf: …")
        else:
            found.append(DesiredDevice("", *rest, pf=params["pf"], vfs=entry["vfs"]))
    return Desired(devices=tuple(found))


def desired_rss(params: Params | None) -> DesiredRss | None:
    """None where nothing is said."""
    if params is None:
        return None
    verbs = [name for name in TABLE if params[name] is not None and params[name] is not False]
    verb = verbs[0] if verbs else None
    value = params[verb] if verb else ()
    numbers = tuple(value) if isinstance(value, list) else (() if verb in (None, "default") else (value,))
    return DesiredRss(params["channels"], verb, numbers, params["min_queues"])


def _node(options: Params) -> Node:
    return Node(options["owner"], options["group"], _mode(options["mode"]))


def _mode(value: t.Any) -> int | None:
    """A quoted "0660". Bare numbers are refused: YAML reads 0660 as 432 and 660 as 660, which is 01224."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch("[0-7]{3,4}", value):
        raise InvalidRequest(f"mode: {value!r} is no octal file mode in quotes", remedy='write it as in "0660"')
    return int(value, 8)
