# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads the host that a desired state speaks of. Nothing here writes."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..model.desired import DEFAULT, NO_DRIVER_NAMES
from ..model.holders import UNSEEN, Holder
from ..model.host import State
from .addresses import host_addresses
from .blocked import without_blocked
from .fits import fits
from .given import with_given_addresses
from .locate import locate
from .not_seen import unseen_users
from .observer import Observer
from .queues import with_what_is_named
from .units import with_units

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..errors import SriovError
    from ..kernel.kernel import Kernel
    from ..model.desired import Desired, DesiredPf
    from ..model.host import Device, Pf


def observe(
    kernel: Kernel, desired: Desired, timeout: float, blocked: Mapping[str, str] | None = None
) -> tuple[Desired, State, list[SriovError]]:
    """One look at what a desired state names.

    :param timeout: seconds for reads that take a device lock.
    :param blocked: functions that the kernel has not let go yet, by PCI address, and why: they are not looked at.
    :returns: the desired state located, the host, and what is wrong with the names: they are left out of both.
    :raises SriovError: a look that did not end in time.
    """
    observer = Observer(kernel, timeout, blocked)
    located, unknown = locate(kernel, observer.interfaces, desired)
    located, refused = without_blocked(kernel, located, blocked or {})
    pfs = {each.pf: _named_pf(kernel, observer, each) for each in located.pfs}
    if any((each.num_vfs or 0) < pfs[each.pf].num_vfs for each in located.pfs if each.num_vfs is not None):
        claims = tuple(kernel.libvirt.claims())
        pfs = {address: replace(pf, claims=claims) for address, pf in pfs.items()}
    devices = {each.device: observer.device(each.device) for each in located.devices}
    members = [*(vf for pf in pfs.values() for vf in pf.vfs), *devices.values()]
    wanted = {name for each in located.pfs for name in _drivers_of_pf(each, pfs[each.pf])}
    wanted |= {name for each in located.devices for name in _drivers([each.driver], [devices[each.device]])}
    host = replace(observer.host(members, sorted(wanted)), fits=fits(kernel, located, pfs, devices))
    if any(entry.said.get("mac") is not None for each in located.pfs for entry in each.vfs):
        mine = {vf.address for pf in pfs.values() for vf in pf.vfs}  # what they have is in the PFs, and may change
        addresses, unread = host_addresses(kernel, observer.interfaces)
        others = tuple(each for each in addresses if each.function not in mine)
        others_unread = tuple(text for pf, text in unread.items() if pf not in pfs)  # those know it themselves
        host = replace(host, addresses=others, unread_addresses=others_unread)
    state = with_units(kernel, _with_unseen(kernel, State(pfs, host, devices)), located)
    return located, state, [*unknown, *refused]


def observe_parents(kernel: Kernel, state: State, timeout: float) -> State:
    """With the PFs of VFs that are named by themselves, and not their PFs.

    :param timeout: as for observe().
    """
    addresses = {device.physfn for device in state.devices.values() if device.physfn} - {*state.pfs}
    if not addresses:
        return state
    observer = Observer(kernel, timeout)
    return state._replace(parents={address: observer.pf(address) for address in sorted(addresses)})


def _named_pf(kernel: Kernel, observer: Observer, desired: DesiredPf) -> Pf:
    pf = with_what_is_named(kernel, observer.pf(desired.pf, desired.port), desired)
    return with_given_addresses(kernel, pf, desired)


def _with_unseen(kernel: Kernel, state: State) -> State:
    """Where it cannot be seen who uses devices, anybody may use any of them."""
    holders = unseen_holders(kernel)
    for device in list(state.every_device()) if holders else ():
        state = state.with_device(replace(device, holders=(*device.holders, *holders)))
    return state


def unseen_holders(kernel: Kernel) -> tuple[Holder, ...]:
    """Of any device: to be asked when all has been looked at."""
    return tuple(Holder(UNSEEN, f"it cannot be seen whether it is in use: {text}") for text in unseen_users(kernel))


def _drivers_of_pf(desired: DesiredPf, pf: Pf) -> set[str]:
    said = {each.said["driver"] for each in desired.vfs if each.said.get("driver") is not None}
    names = _drivers(said, pf.vfs)
    of_new_vfs = pf.vf_default_driver if DEFAULT in said else None
    return names | ({of_new_vfs} if of_new_vfs else set())


def _drivers(names: Iterable[str], devices: Iterable[Device]) -> set[str]:
    """Every driver that a plan may have to load."""
    named = set(names)
    defaults = {device.default_driver for device in devices} if DEFAULT in named else set()
    return {name for name in named | defaults if name and name not in NO_DRIVER_NAMES}
