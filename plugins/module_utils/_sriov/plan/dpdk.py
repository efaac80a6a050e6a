# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans what programs with DPDK need of a host: accounts, limits, drop-ins, and that Debian's dpdk.service rests."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, SriovError
from ..faults import Faults
from ..model.dpdk import (
    DPDK_SERVICE,
    LIMITS_FILE,
    QUEUE_DROP_IN,
    SERVICE_LINK,
    drop_ins,
    limits,
)
from ..model.paths import BOOT_UNIT, NOTHING
from ..steps.accounts import AddToGroup, CreateGroup, CreateUser, ReloadUnits
from ..steps.files import RemoveFile, WriteFile, WriteLink

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.dpdk import DesiredDpdk, FoundDpdk, LeftOfDpdk
    from ..steps.accounts import AccountStep
    from ..steps.files import FileStep

DpdkStep = t.Union["AccountStep", "FileStep"]


class OwnedByOther(SriovError):
    """Somebody else sets the same on this host."""

    kind = "owned"


def plan_dpdk(desired: DesiredDpdk, found: FoundDpdk) -> list[DpdkStep]:
    """:raises SriovError: all that is refused."""
    faults = Faults()
    for user in desired.users:
        if found.groups[user] is None and not desired.creates_users:
            remedy = "create it first (create_users: true does), or name another"
            faults.add(InvalidRequest(f"users: there is no user {user!r} on this host", remedy=remedy))
    steps: list[DpdkStep] = [*_accounts(desired, found)]
    if desired.memlock and found.limits is None:
        steps.append(WriteFile(LIMITS_FILE, limits(desired.group), f"log-ins of {desired.group} may lock memory"))
    with faults.gathered():
        steps += _service(desired, found)
    units = [*_drop_ins(desired, found)]
    reloads = units or any(isinstance(step, WriteLink) for step in steps)
    faults.tell()
    return [*steps, *units, *([ReloadUnits()] if reloads else [])]


def plan_absent(left: LeftOfDpdk) -> list[DpdkStep]:
    """Group and users stay: they may own files. So do packages, and a mask, as many a hand may have made it."""
    reloads = any(path != LIMITS_FILE for path in left.files)
    return [*(RemoveFile(path) for path in left.files), *([ReloadUnits()] if reloads else [])]


def warnings_absent(left: LeftOfDpdk, steps: Sequence[DpdkStep]) -> list[str]:
    """What stays, where something goes."""
    if not (steps and left.masked):
        return []
    return [f"{DPDK_SERVICE} stays masked, as it is not known by whom: systemctl unmask {DPDK_SERVICE}"]


def warnings(desired: DesiredDpdk, found: FoundDpdk) -> list[str]:
    """What is no refusal, and may be unknown to who asks."""
    service = found.service
    units = desired.every_unit
    unknown = sorted({*units} - {*found.known_units})
    said = [f"{unit}: systemd knows no such unit; its drop-in counts once it is there" for unit in unknown]
    if desired.after_boot_unit and units and not found.boot_unit:
        said.append(f"{BOOT_UNIT} is not there: until it is (role persist), {', '.join(units)} cannot start")
    if service.own:
        said.append(f"{SERVICE_LINK} is somebody's own, and stays as it is")
    elif service.configured and service.link == NOTHING:
        said.append(f"{DPDK_SERVICE} is masked, so that nobody does what is asked for at {service.configured[0]}")
    return said


def _accounts(desired: DesiredDpdk, found: FoundDpdk) -> t.Iterator[AccountStep]:
    if not found.has_group:
        yield CreateGroup(desired.group)
    for user in desired.users:
        groups = found.groups[user]
        if groups is None:
            yield CreateUser(user, user in (desired.group, *found.names_taken))
            groups = [user]
        if desired.group not in groups:
            yield AddToGroup(user, desired.group)


def _service(desired: DesiredDpdk, found: FoundDpdk) -> list[FileStep]:
    """:raises OwnedByOther: it has been given something to do."""
    service = found.service
    if not desired.masks or not service.expected or service.own or service.link == NOTHING:
        return []
    if service.configured:
        raise OwnedByOther(
            f"cannot mask {DPDK_SERVICE}",
            why="it is set up to bind devices or to reserve hugepages: " + "; ".join(service.configured),
            remedy="leave that to roles provision and prepare, and take it out there; or keep it (mask_service: false)",
        )
    return [WriteLink(SERVICE_LINK, NOTHING)]


def _drop_ins(desired: DesiredDpdk, found: FoundDpdk) -> t.Iterator[FileStep]:
    for path, text in drop_ins(desired).items():
        if found.drop_ins[path] != text:
            unit = path.split("/")[-2][: -len(".d")]
            what = "queues of AF_XDP" if path.endswith(QUEUE_DROP_IN) else "VFs"
            yield WriteFile(path, text, f"what {unit} needs for its {what}")
