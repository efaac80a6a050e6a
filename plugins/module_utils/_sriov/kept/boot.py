# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The desired state that is reached at each boot, as JSON and back. It outlives boots, and this version."""

from __future__ import annotations

import typing as t

from ..model.consent import BIFURCATED
from ..model.desired import Desired, DesiredPf
from .desired import from_desired, to_desired
from .envelope import Json, check_schema

SCHEMA = 1


class BootPf(t.NamedTuple):
    """A PF, and by what it is known again.

    :param desired: located, as to be reached without anybody's consent.
    :param perm_mac: its permanent MAC, where it has one: another card may be found at its address.
    :param name: its interface, for sentences and marks.
    :param driver: of the PF.
    """

    desired: DesiredPf
    perm_mac: str | None
    name: str
    driver: str


class BootHost(t.NamedTuple):
    """All that the boot unit is to do.

    :param pfs: each stands alone where the plan of all together fails.
    :param collection: the version that has written it.
    :param timeout: seconds for all of it; the unit's own limit is a little more.
    :param pf_timeout: seconds until a PF is there.
    :param metrics: the directory for Prometheus' textfile collector; "" for none.
    """

    pfs: tuple[BootPf, ...]
    collection: str
    timeout: float
    pf_timeout: float
    metrics: str = ""


def without_consent(desired: Desired) -> Desired:
    """What is kept for later: consent is for one run, and so is what VFs had that it created again.

    But for the word that is about what a VF is for, and not about what may be lost: without it no boot would do it.
    """
    lasting = frozenset((BIFURCATED,))
    return Desired(tuple(pf._replace(allow=pf.allow & lasting, release=frozenset(), kept=()) for pf in desired.pfs))


def from_boot(host: BootHost) -> Json:
    """See to_boot()."""
    pfs = [{**pf._asdict(), "desired": from_desired(Desired((pf.desired,)))[0]} for pf in host.pfs]
    return {"schema": SCHEMA, **host._asdict(), "pfs": pfs}


def to_boot(value: Json) -> BootHost:
    """:raises ValueError, TypeError, KeyError, AttributeError: it is none, or a later version's."""
    check_schema(value, SCHEMA)
    pfs = tuple(_to_pf(each) for each in value["pfs"])
    numbers = {word: float(value[word]) for word in ("timeout", "pf_timeout")}
    return BootHost(pfs, collection=str(value["collection"]), metrics=str(value["metrics"]), **numbers)


def _to_pf(value: Json) -> BootPf:
    desired = to_desired([value["desired"]]).pfs[0]
    perm_mac = value["perm_mac"]
    return BootPf(desired, None if perm_mac is None else str(perm_mac), str(value["name"]), str(value["driver"]))
