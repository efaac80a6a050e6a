# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The generation that is asked for, and why it may not become the current one."""

from __future__ import annotations

import json
import typing as t

from ..copies import program
from ..errors import InUse, InvalidRequest, NotKnown, NotReached, NotSupported
from ..kept.boot import SCHEMA, BootHost, BootPf, from_boot, to_boot, without_consent
from ..kernel.etc import NoText
from ..kernel.trees import python
from ..model.boot import Generation, generation
from ..model.boot_texts import texts
from ..model.consent import CONSENTS
from ..model.desired import Desired
from ..model.paths import BOOT_DESIRED, BOOT_UNIT, CURRENT, ENGINE, HOME, SYSTEMD
from ..model.unread import PERM_MAC
from ..model.version import VERSION
from ..observe import boot as look
from ..observe.generation import generation_name
from .request import AUTO

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..converge import Outcome
    from ..kernel.kernel import Kernel
    from ..model.desired import DesiredPf
    from ..model.host import Pf
    from ..model.owners import Owner
    from .request import Run

MOST_TOLD = 10  # of steps that are missing, in one sentence


def wanted_generation(run: Run, outcome: Outcome, marks: Mapping[str, str]) -> Generation:
    request = run.request
    asked = zip(outcome.desired.pfs, without_consent(request.desired).pfs)
    located = (pf._replace(allow=said.allow, kept=()) for pf, said in asked)
    pfs = tuple(_boot_pf(pf, outcome.after.pfs[pf.pf]) for pf in located)
    metrics = look.metrics_directory(run.kernel) if request.metrics == AUTO else request.metrics
    host = BootHost(pfs, VERSION, request.timeout, request.pf_timeout, metrics)
    files = {f"{ENGINE}/{path}": text for path, text in program(request.program).items()}
    files[BOOT_DESIRED] = f"{json.dumps(from_boot(host), indent=1, sort_keys=True)}\n"
    return generation(files, {**texts(python(), request.timeout, request.interval), **marks})


def _boot_pf(desired: DesiredPf, pf: Pf) -> BootPf:
    """:raises NotKnown: by what it is known again cannot be read."""
    why = pf.unknown(PERM_MAC)
    if why:
        what = "cannot tell by what the PF is known again"
        raise NotKnown(what, device=pf.label, why=why, remedy="run it again, and see dmesg")
    netdev = pf.device.netdev
    return BootPf(desired, pf.perm_mac, netdev.name if netdev else "", pf.device.driver or "")


def with_every_consent(desired: Desired) -> Desired:
    """Nothing is done: what is missing is asked, not what may be lost for it."""
    pfs = without_consent(desired).pfs
    return Desired(tuple(pf._replace(allow=frozenset(CONSENTS)) for pf in pfs))


def check_host(kernel: Kernel) -> None:
    """:raises NotSupported: nothing would run at its boots."""
    if not kernel.units.are_there():
        raise NotSupported("cannot install a unit", why=f"this host is not run by systemd ({SYSTEMD} is not there)")
    if not python() or python().startswith(f"{HOME}/"):
        raise NotSupported(
            f"cannot run {python() or 'Python'} at boot",
            why=f"what is below {HOME} need not be there then",
            remedy="set ansible_python_interpreter to one of the host's own, such as /usr/bin/python3",
        )


def check_earlier(kernel: Kernel) -> None:
    """:raises SriovError: a later version has written what is current, or nobody knows, as it cannot be read."""
    name = generation_name(kernel, CURRENT)
    try:
        text = look.current_desired(kernel, name) if name else None
        schema = json.loads(text)["schema"] if text else SCHEMA
        later = schema > SCHEMA
    except (NoText, ValueError, TypeError, KeyError):
        return  # damaged: it is written anew
    if later:
        raise _later(f"{CURRENT}/{BOOT_DESIRED}", schema)


def _later(path: str, schema: t.Any) -> InvalidRequest:
    return InvalidRequest(
        f"{path} was written by a later version of this collection",
        why=f"its schema is {schema}, and this version knows {SCHEMA} and earlier",
        remedy="use that version, or run module boot_state with state: absent first",
    )


def checked_owners(owners: Sequence[Owner], override: bool) -> list[str]:
    """What is to be warned of.

    :raises InUse: somebody else sets the VFs of a PF at a boot too.
    """
    forbid = [owner for owner in owners if owner.forbids and not override]
    if forbid:
        remedies = dict.fromkeys(owner.remedy for owner in forbid if owner.remedy)
        raise InUse(
            "somebody else sets VFs of these PFs at a boot",
            why="; ".join(owner.text for owner in forbid),
            remedy="; ".join((*remedies, "or accept that who comes last is not known: override: true")),
            holders=[owner.text for owner in forbid],
        )
    return [owner.text for owner in owners]


def needed_by(unit: str) -> str:
    """A warning."""
    return f"{unit} needs {BOOT_UNIT}, and will not start at the next boot: take Requires= out of it"


def not_reached(differences: Sequence[str]) -> NotReached:
    more = len(differences) - MOST_TOLD
    told = "; ".join(differences[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
    return NotReached(
        "what runs at boot is not changed: this host is not as desired",
        why=f"to be done: {told}",
        remedy="bring it there first (role provision, module host)",
    )


def understood(text: str, where: str) -> BootHost:
    try:
        value = json.loads(text)
        if value["schema"] > SCHEMA:
            raise _later(f"{where}/{BOOT_DESIRED}", value["schema"])
        return to_boot(value)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotReached(
            f"cannot go back to {where}", why=f"its desired state cannot be understood ({error})"
        ) from None
