# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options of modules to wishes, and the argument specs that modules share."""

from __future__ import annotations

import typing as t
from dataclasses import fields

from .._sriov.errors import InvalidRequest
from .._sriov.model.attributes import VfAttributes
from .._sriov.model.desired import DriverWish, HostWish, PfWish, RssWish, VfWish
from .._sriov.model.host import PfSpec
from .._sriov.observe.names import describe, find_pf
from .options_drivers import node_spec
from .options_rules import RULES, rules_wish

if t.TYPE_CHECKING:
    from .._sriov.kernel.kernel import Kernel

Params = t.Dict[str, t.Any]
Spec = t.Dict[str, t.Dict[str, t.Any]]

NODE: Spec = {
    "no_iommu": {"type": "bool", "default": False},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
}
PF_STATE: Spec = {
    "num_vfs": {"type": "int"},
    "drivers_autoprobe": {"type": "bool"},
    "min_rss_queues": {"type": "int"},
    "up": {"type": "bool"},
}
CONSENT: Spec = {
    "force": {"type": "bool", "default": False},
    "allow_link_reset": {"type": "bool", "default": False},
}
RECREATE: Spec = {"recreate": {"type": "bool", "default": False}}
TIMEOUT: Spec = {"timeout": {"type": "int", "default": 120}}
VF_OPTIONS: Spec = {
    "vf": {"type": "str", "required": True},
    "mac": {"type": "str"},
    "vlan": {"type": "int"},
    "qos": {"type": "int"},
    "vlan_proto": {"type": "str", "choices": ["802.1Q", "802.1ad"]},
    "spoofchk": {"type": "bool"},
    "trust": {"type": "bool"},
    "min_tx_rate": {"type": "int"},
    "max_tx_rate": {"type": "int"},
    "link_state": {"type": "str", "choices": ["auto", "enable", "disable"]},
    "query_rss": {"type": "bool"},
    "mtu": {"type": "int"},
}
VFS: Params = {"type": "list", "elements": "dict", "options": VF_OPTIONS}
DRIVERS: Params = {
    "type": "list",
    "elements": "dict",
    "options": {"vfs": {"type": "str", "required": True}, "driver": {"type": "str", "required": True}, **NODE},
}
TABLE: Spec = {
    "queues": {"type": "list", "elements": "int"},
    "weights": {"type": "list", "elements": "int"},
    "equal": {"type": "int"},
    "exclude_queues": {"type": "list", "elements": "int"},
    "default": {"type": "bool"},
}
RSS: Spec = {"channels": {"type": "int"}, **TABLE, "min_queues": {"type": "int"}}
ONE_TABLE = [tuple(TABLE)]
PF: Spec = {
    "pf": {"type": "str", "required": True},
    **PF_STATE,
    **RECREATE,
    **CONSENT,
    "vfs": VFS,
    "drivers": DRIVERS,
    "rss": {"type": "dict", "options": RSS, "mutually_exclusive": ONE_TABLE},
    "rules": RULES,
    "exclusive_rules": {"type": "bool", "default": False},
}


def pf_spec(params: Params) -> PfSpec:
    """What a module says of the PF itself and of what it accepts."""
    names = [field.name for field in fields(PfSpec)]
    return PfSpec(**{name: params[name] for name in names if name in params})


def vf_wishes(entries: list[Params] | None) -> tuple[VfWish, ...]:
    names = [field.name for field in fields(VfAttributes)]
    return tuple(
        VfWish(entry["vf"], VfAttributes(**{name: entry[name] for name in names}), entry["mtu"])
        for entry in entries or []
    )


def driver_wishes(entries: list[Params] | None) -> tuple[DriverWish, ...]:
    """:raises InvalidRequest: no such user or group on this host, or no such mode."""
    return tuple(
        DriverWish(entry["vfs"], entry["driver"], node_spec(entry), entry["no_iommu"]) for entry in entries or []
    )


def rss_wish(params: Params | None) -> RssWish | None:
    """None where nothing is said."""
    if params is None:
        return None
    verbs = [name for name in TABLE if params[name] is not None and params[name] is not False]
    verb = verbs[0] if verbs else None
    value = params[verb] if verb else ()
    numbers = tuple(value) if isinstance(value, list) else (() if verb in (None, "default") else (value,))
    return RssWish(params["channels"], verb, numbers, params["min_queues"])


def host_wish(params: Params, kernel: Kernel) -> HostWish:
    """All PFs of module host.

    :raises SriovError: a PF that is not there, or is named twice.
    """
    wishes: list[PfWish] = []
    for entry in params["pfs"]:
        address = find_pf(kernel, entry["pf"])
        if address in [wish.address for wish in wishes]:
            raise InvalidRequest(
                f"pfs: {entry['pf']!r} is named twice", device=describe(kernel, address), remedy="merge its entries"
            )
        consent = {name: entry[name] or params[name] for name in ("recreate", "force", "allow_link_reset")}
        wishes.append(_pf_wish(address, {**entry, **consent}))
    return HostWish(tuple(wishes))


def _pf_wish(address: str, entry: Params) -> PfWish:
    state = dict(entry)
    if state["drivers_autoprobe"] is None and state["drivers"]:
        state["drivers_autoprobe"] = False  # VFs that no entry names stay without a driver
    if state["up"] is None and state["num_vfs"]:
        state["up"] = True
    rules = None if entry["rules"] is None else rules_wish(entry["rules"], exclusive=entry["exclusive_rules"])
    return PfWish(
        address,
        pf_spec(state),
        vf_wishes(entry["vfs"]),
        driver_wishes(entry["drivers"]),
        rss_wish(entry["rss"]),
        rules,
    )
