# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What each module takes: options that modules share, and argument specs whole."""

from __future__ import annotations

import typing as t

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.model.consent import CONSENTS
from .hash_options import HASH_OPTIONS
from .rules import RULES

Params = t.Dict[str, t.Any]
Spec = t.Dict[str, t.Dict[str, t.Any]]

ALLOW: Spec = {"allow": {"type": "list", "elements": "str", "choices": list(CONSENTS), "default": []}}
TIMEOUT: Spec = {"timeout": {"type": "int", "default": 120}}
NAMED_PF: Spec = {"pf": {"type": "str", "required": True}}
SELECTOR: Params = {"type": "raw"}
PF_STATE: Spec = {
    "num_vfs": {"type": "int"},
    "drivers_autoprobe": {"type": "bool"},
    "min_rss_queues": {"type": "int"},
    "up": {"type": "bool"},
}
NODE: Spec = {
    "no_iommu": {"type": "bool"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
}
# Without choices, of which null would be none for Ansible: model/check.py judges the values.
ATTRIBUTES: Spec = {
    "vf": {**SELECTOR, "required": True},
    "mac": {"type": "str"},
    "vlan": {"type": "int"},
    "qos": {"type": "int"},
    "vlan_proto": {"type": "str"},
    "spoofchk": {"type": "bool"},
    "trust": {"type": "bool"},
    "min_tx_rate": {"type": "int"},
    "max_tx_rate": {"type": "int"},
    "link_state": {"type": "str"},
    "query_rss": {"type": "bool"},
    "mtu": {"type": "int"},
}
RECORD: Spec = {**ATTRIBUTES, "driver": {"type": "str"}, **NODE}
TABLE: Spec = {
    "queues": {"type": "list", "elements": "int"},
    "weights": {"type": "list", "elements": "int"},
    "equal": {"type": "int"},
    "exclude_queues": {"type": "list", "elements": "int"},
    "default": {"type": "bool"},
}
RINGS: Spec = {"rx": {"type": "int"}, "tx": {"type": "int"}}
RSS_OPTIONS: Spec = {
    "channels": {"type": "int"},
    "rings": {"type": "dict", "options": RINGS},
    **TABLE,
    "min_queues": {"type": "int"},
    **HASH_OPTIONS,
}
NTUPLE: Spec = {"ntuple": {"type": "bool"}}
ONE_TABLE = [tuple(TABLE)]
PF_OPTIONS: Spec = {
    **NAMED_PF,
    **PF_STATE,
    "vfs": {"type": "list", "elements": "dict", "options": RECORD},
    "rss": {"type": "dict", "options": RSS_OPTIONS, "mutually_exclusive": ONE_TABLE},
    "rules": RULES,
    "exclusive_rules": {"type": "bool", "default": False},
    **NTUPLE,
    **ALLOW,
}
ASSIGNMENT: Spec = {
    "devices": {"type": "list", "elements": "str"},
    "vf": SELECTOR,
    "driver": {"type": "str", "required": True},
    **NODE,
}

HOST: Spec = {
    "pfs": {"type": "list", "elements": "dict", "required": True, "options": PF_OPTIONS},
    **ALLOW,
    **TIMEOUT,
}
PF: Spec = {**NAMED_PF, **PF_STATE, **ALLOW, **TIMEOUT}
VF: Spec = {
    **NAMED_PF,
    "vfs": {"type": "list", "elements": "dict", "required": True, "options": ATTRIBUTES},
    **ALLOW,
    **TIMEOUT,
}
RSS: Spec = {**NAMED_PF, **RSS_OPTIONS, **ALLOW, **TIMEOUT}
FLOW_RULE: Spec = {
    **NAMED_PF,
    "rules": {**RULES, "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "exclusive": {"type": "bool", "default": False},
    **NTUPLE,
    **ALLOW,
    **TIMEOUT,
}
PCI_DRIVER: Spec = {
    "devices": {"type": "list", "elements": "str"},
    "pf": {"type": "str"},
    "vf": SELECTOR,
    "driver": {"type": "str"},
    **NODE,
    "assignments": {
        "type": "list",
        "elements": "dict",
        "options": ASSIGNMENT,
        "required_one_of": [("devices", "vf")],
        "mutually_exclusive": [("devices", "vf")],
    },
    **ALLOW,
    **TIMEOUT,
}
PCI_DRIVER_CONSTRAINTS: Params = {
    "required_one_of": [("devices", "vf", "assignments")],
    "mutually_exclusive": [
        ("devices", "vf", "assignments"),
        ("devices", "pf"),
        *((option, "assignments") for option in ("driver", "owner", "group", "mode")),
    ],
    "required_by": {"vf": ("pf", "driver"), "devices": ("driver",)},
}
RSS_CONSTRAINTS: Params = {"mutually_exclusive": ONE_TABLE}


def filled(spec: Spec, options: Params) -> Params:
    """Options of one level, with the defaults of those that are left out; None for those that have none."""
    return {**{name: option.get("default") for name, option in spec.items()}, **options}


def usable(records: t.Sequence[Params | None] | None) -> t.Iterator[tuple[int, Params]]:
    """Records of a list, each with its number; validation.py has put None in the place of those of no use."""
    return ((number, each) for number, each in enumerate(records or ()) if each is not None)
