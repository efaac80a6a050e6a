# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How options become a desired state, or are refused: on the controller, before a host is asked, as on the host."""

from __future__ import annotations

import typing as t

from .._sriov.errors import InvalidRequest, SriovError
from .._sriov.faults import Faults
from .._sriov.model.check import check_desired
from . import boot_options, desired
from .options import (
    BOOT_STATE,
    FLOW_RULE,
    HOST,
    PCI_DRIVER,
    PCI_DRIVER_CONSTRAINTS,
    PF,
    RSS,
    RSS_CONSTRAINTS,
    TIMEOUT,
    VF,
    XSK_QUEUE,
    filled,
)
from .validation import checked_options

if t.TYPE_CHECKING:
    from .._sriov.model.desired import Desired
    from .options import Params, Spec


DAY = 86400  # seconds
LEAST_TO_CONFIRM = 10  # seconds: a link that was reset, and a new connection over it, take some


class Interface(t.NamedTuple):
    """What a module takes.

    :param desired: valid options to a desired state; what is wrong with their values is gathered.
    :param constraints: mutually_exclusive, required_one_of, required_by, as for AnsibleModule.
    """

    spec: Spec
    desired: t.Callable[[Params, Faults], Desired]
    constraints: Params = {}


MODULES = {
    "boot_state": Interface(BOOT_STATE, boot_options.boot_state),
    "host": Interface(HOST, desired.host),
    "pf": Interface(PF, desired.pf),
    "vf": Interface(VF, desired.vf),
    "rss": Interface(RSS, desired.rss, RSS_CONSTRAINTS),
    "xsk_queue": Interface(XSK_QUEUE, desired.xsk_queue),
    "flow_rule": Interface(FLOW_RULE, desired.flow_rule),
    "pci_driver": Interface(PCI_DRIVER, desired.pci_driver, PCI_DRIVER_CONSTRAINTS),
}


def desired_state(interface: Interface, options: Params) -> Desired:
    """What options as a task gives them mean, templates resolved.

    :raises SriovError: all that is wrong with them and can be told without the host.
    """
    faults = Faults()
    cleaned = checked_options(interface.spec, options, **interface.constraints)
    faults.add(*cleaned.faults)
    with faults.gathered():
        check_timeout(filled(TIMEOUT, cleaned.options)["timeout"])
    with faults.gathered():
        _check_confirm(cleaned.options.get("confirm"))
    if all(name in cleaned.options for name, option in interface.spec.items() if option.get("required")):
        found = interface.desired(cleaned.options, faults)
        with faults.gathered():
            check_desired(found)
    faults.tell()
    return found


def failed(error: SriovError) -> Params:
    """The result of a module that changes something and was refused or stopped."""
    return {
        **refused(error),
        "done": error.done,
        "lost": error.lost,
        "changed": bool(error.done) if error.changed is None else error.changed,
    }


def refused(error: SriovError) -> Params:
    """The part of it that a module has which only looks."""
    return {"msg": str(error), "failure": error.details(), **error.failures()}


def check_timeout(timeout: int) -> None:
    """:raises InvalidRequest: no step could be done in it, or nobody could wait for it."""
    if timeout < 1:
        raise InvalidRequest(f"timeout: {timeout} is less than a second", remedy="give 1 or more")
    if timeout > DAY:
        raise InvalidRequest(f"timeout: {timeout} is more than a day", remedy=f"give {DAY} or less")


def _check_confirm(seconds: int | None) -> None:
    """:raises InvalidRequest: nobody could confirm in it, or would wait for it."""
    if seconds is not None and seconds < LEAST_TO_CONFIRM:
        what = f"confirm: {seconds} s are too few for a run and a new connection"
        raise InvalidRequest(what, remedy=f"give {LEAST_TO_CONFIRM} or more")
    if seconds is not None and seconds > DAY:
        raise InvalidRequest(f"confirm: {seconds} is more than a day", remedy=f"give {DAY} or less")
