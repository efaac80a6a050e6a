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
from .._sriov.model.xsk import MODES, NATIVE
from .hash_options import HASH_OPTIONS
from .rules import RULES

Params = t.Dict[str, t.Any]
Spec = t.Dict[str, t.Dict[str, t.Any]]

ALLOW: Spec = {"allow": {"type": "list", "elements": "str", "choices": list(CONSENTS), "default": []}}
RELEASE: Spec = {"release": {"type": "list", "elements": "str", "default": []}}
TIMEOUT: Spec = {"timeout": {"type": "int", "default": 300}}
CONFIRM: Spec = {"confirm": {"type": "int"}, "_confirm": {"type": "str"}}
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
XSK_OPTIONS: Spec = {
    "queues": {"type": "list", "elements": "int"},
    "group": {"type": "str"},
    "mode": {"type": "str", "choices": list(MODES), "default": NATIVE},
    "napi_defer_hard_irqs": {"type": "int"},
    "gro_flush_timeout": {"type": "int"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
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
    "xsk": {"type": "dict", "options": XSK_OPTIONS},
    **NTUPLE,
    "as_before": {"type": "bool", "default": False},
    **ALLOW,
    **RELEASE,
}
ASSIGNMENT: Spec = {
    "devices": {"type": "list", "elements": "str"},
    "vf": SELECTOR,
    "driver": {"type": "str", "required": True},
    **NODE,
}

# On the host the text of the file, in check mode the path alone (plugins/action/host.py).
PLAN_FILE: Spec = {"plan_file": {"type": "str"}}
HOST: Spec = {
    "pfs": {"type": "list", "elements": "dict", "required": True, "options": PF_OPTIONS},
    **PLAN_FILE,
    **ALLOW,
    **RELEASE,
    **TIMEOUT,
    **CONFIRM,
}
MANAGED: Spec = {**NAMED_PF, "vf": {**SELECTOR, "required": True}}
BOOT_STATE: Spec = {
    "state": {"type": "str", "choices": ["present", "marked", "absent", "rollback"], "default": "present"},
    "pfs": {"type": "list", "elements": "dict", "options": PF_OPTIONS},
    "boot_timeout": {"type": "int", "default": 180},
    "pf_timeout": {"type": "int", "default": 30},
    "unmanaged": {"type": "bool", "default": True},
    "managed_vfs": {"type": "list", "elements": "dict", "options": MANAGED, "default": []},
    "metrics_directory": {"type": "str", "default": "auto"},
    "check_interval": {"type": "str", "default": ""},
    "override": {"type": "bool", "default": False},
    **ALLOW,
    **RELEASE,
    **TIMEOUT,
}
PF: Spec = {**NAMED_PF, **PF_STATE, **ALLOW, **RELEASE, **TIMEOUT}
VF: Spec = {
    **NAMED_PF,
    "vfs": {"type": "list", "elements": "dict", "required": True, "options": ATTRIBUTES},
    **ALLOW,
    **RELEASE,
    **TIMEOUT,
}
RSS: Spec = {**NAMED_PF, **RSS_OPTIONS, **ALLOW, **RELEASE, **TIMEOUT}
XSK_QUEUE: Spec = {**NAMED_PF, **XSK_OPTIONS, **ALLOW, **RELEASE, **TIMEOUT}
FLOW_RULE: Spec = {
    **NAMED_PF,
    "rules": {**RULES, "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "exclusive": {"type": "bool", "default": False},
    **NTUPLE,
    **ALLOW,
    **RELEASE,
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
    **RELEASE,
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
PAGES: Spec = {
    "size": {"type": "str", "required": True},
    "count": {"type": "int"},
    "nodes": {"type": "dict"},
}
COMPARED_WITH: Spec = {
    "compared_with": {
        "type": "dict",
        "options": {
            # Their own keys are judged as module host does it.
            "pfs": {"type": "list", "elements": "dict", "default": []},
            "hugepages": {"type": "list", "elements": "dict", "default": [], "options": PAGES},
            "boot": {"type": "bool"},
            "only_owner": {"type": "bool", "default": True},
        },
    }
}


def filled(spec: Spec, options: Params) -> Params:
    """Options of one level, with the defaults of those that are left out; None for those that have none."""
    return {**{name: option.get("default") for name, option in spec.items()}, **options}


def usable(records: t.Sequence[Params | None] | None) -> t.Iterator[tuple[int, Params]]:
    """Records of a list, each with its number; validation.py has put None in the place of those of no use."""
    return ((number, each) for number, each in enumerate(records or ()) if each is not None)
