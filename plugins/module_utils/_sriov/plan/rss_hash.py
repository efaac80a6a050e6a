# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the hash of a PF's RSS: key, function and fields. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge.queues import driver_of
from ..model.rss_hash import PORTS, Hash, field_letters, present_hash
from ..model.unread import HASH_FIELDS, RSS
from ..steps.net import SetHash
from .stage import Stage, check_known, interface

if t.TYPE_CHECKING:
    from ..model.desired import DesiredRss
    from ..model.host import Pf


def plan_hash(pf: Pf, desired: DesiredRss | None) -> Stage:
    """`ethtool -X DEV hkey … hfunc …` and `ethtool -N DEV rx-flow-hash …`. No driver at hand drops them by itself.

    :returns: with refusals of what the driver does not take.
    """
    faults = Faults()
    if desired is None or desired.hash.is_empty:
        return Stage()
    wanted, present, fields = desired.hash, present_hash(pf.queues), dict(desired.hash.fields)
    netdev = interface(pf, "cannot set the RSS hash")
    key, function = None, None
    with faults.gathered():
        key = _key(pf, wanted.key, present.key)
    with faults.gathered():
        function = _function(pf, wanted.function, present.function)
    for flow_type, bits in wanted.fields.items():
        with faults.gathered():
            if not _differs(pf, flow_type, bits, present.fields.get(flow_type)):
                del fields[flow_type]
    change = Hash(key, function, fields)
    if change.is_empty or faults.found:
        return Stage(faults=faults)
    step = SetHash(pf.device.address, netdev.name, pf.label, change, present)
    return Stage([step], [*_shared(pf, change), *_fragments(pf, change)], faults)


def _key(pf: Pf, wanted: str | None, present: str | None) -> str | None:
    """The key to be set; None where nothing is to do."""
    if wanted is None or wanted == present:
        return None
    check_known(pf, "hash_key: cannot tell the RSS hash", RSS)
    if present is None or driver_of(pf).keeps_key:
        raise NotSupported(
            "hash_key: cannot be set",
            device=pf.label,
            why=f"driver {pf.device.driver} {'tells no key' if present is None else 'keeps its own'}",
            remedy="leave out hash_key",
        )
    size, length = (len(each.split(":")) for each in (wanted, present))
    if size != length:
        raise InvalidRequest(
            f"hash_key: {size} byte{'' if size == 1 else 's'}",
            device=pf.label,
            why=f"the key of driver {pf.device.driver} has {length}",
            remedy=f"give {length}",
        )
    return wanted


def _function(pf: Pf, wanted: str | None, present: str | None) -> str | None:
    """The function to be set; None where nothing is to do."""
    if wanted is None or wanted == present:
        return None
    check_known(pf, "hash_function: cannot tell the RSS hash", RSS)
    known = driver_of(pf).hash_functions
    if present is None or (known is not None and wanted not in known):
        has = "does not tell its hash function" if present is None else f"has {' and '.join(known or ())}"
        raise NotSupported(
            f"hash_function: cannot be {wanted}",
            device=pf.label,
            why=f"driver {pf.device.driver} {has}",
            remedy="leave out hash_function",
        )
    return wanted


def _differs(pf: Pf, flow_type: str, wanted: int, present: int | None) -> bool:
    if wanted == present:
        return False
    if present is None:
        check_known(pf, f"hash_fields.{flow_type}: cannot tell which fields are hashed", HASH_FIELDS)
        raise NotSupported(
            f"hash_fields.{flow_type}: cannot be set",
            device=pf.label,
            why=f"driver {pf.device.driver} does not tell which fields of {flow_type} it hashes",
            remedy=f"leave out {flow_type}",
        )
    letters = field_letters(wanted)
    taken = driver_of(pf).hash_fields.get(flow_type, (letters,))
    if letters not in taken:
        raise NotSupported(
            f"hash_fields.{flow_type}: cannot be {letters}",
            device=pf.label,
            why=f"driver {pf.device.driver} takes {' or '.join(taken)} for {flow_type}",
            remedy="give that" if len(taken) == 1 else "give one of them",
        )
    return True


def _shared(pf: Pf, change: Hash) -> list[str]:
    """Of drivers with one table for all, key and fields are too (82599: RSSRK, MRQC). Those whose pools have tables
    have keys for them, and set fields for the PF's (X550: PFVFRSSRK, PFVFMRQC)."""
    table = driver_of(pf).table
    if not pf.num_vfs or table == "own" or (table == "unreached" and change.key is None):
        return []
    if table == "shared":
        return [f"the RSS hash of {pf.label} is shared: its {pf.num_vfs} VFs spread their frames by the same one"]
    return [
        f"{pf.device.driver} takes the hash key of {pf.label} and does not write it to its pools, which count "
        f"beside {pf.num_vfs} VFs: look whether frames follow it"
    ]


def _fragments(pf: Pf, change: Hash) -> list[str]:
    flows = [flow_type for flow_type, bits in change.fields.items() if flow_type.startswith("udp") and bits & PORTS]
    if not flows:
        return []
    return [
        f"fragments of UDP packets have no ports: with the hash fields of {' and '.join(flows)} they come to another "
        f"queue of {pf.label} than whole packets of their flow, out of order"
    ]
