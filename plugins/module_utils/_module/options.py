# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options that modules share, as Ansible's argument specs."""

from __future__ import annotations

import typing as t

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .rules import RULES

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
HOST: Spec = {
    "pfs": {"type": "list", "elements": "dict", "required": True, "options": PF},
    **RECREATE,
    **CONSENT,
    **TIMEOUT,
}
