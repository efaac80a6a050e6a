# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs steps through interfaces: attributes of VFs, channels, RSS table, flow rules."""

from __future__ import annotations

import time
import typing as t
from shlex import quote

from ..errors import KernelRefused, NotReached, SriovError
from ..kernel.deadline import POLL, Deadline
from ..kernel.ethtool import NTUPLE
from ..kernel.link import BatchFailed
from ..knowledge.driver import CHANNELS, FEATURE, MTU, RSS_TABLE, RULE, VF_ATTRIBUTES
from ..model.attributes import VfAttributes, ip_words
from ..model.queues import Channels
from .drivers import wait_for_netdev
from .waiting import explained, located, remedy, wait

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.kernel import Kernel
    from ..steps.net import (
        DeleteRule,
        InsertRule,
        SetChannels,
        SetMtu,
        SetNtuple,
        SetRss,
        SetVf,
        SetVfLink,
        WaitForCarrier,
    )

RESETTING = "Resource temporarily unavailable"  # i40e: a VF that is in reset takes nothing


def wait_for_carrier(step: WaitForCarrier, kernel: Kernel, timeout: float) -> None:
    def has_link() -> bool:
        return kernel.interfaces.carrier(step.name)

    wait(has_link, timeout, "there is no link", step.label)


def set_vfs(steps: Sequence[SetVf], kernel: Kernel, timeout: float, done: list[str]) -> None:
    """One batch for all; a VF that is in reset is tried again.

    :param done: gets the steps that were done.
    :raises KernelRefused: with the step that was not, and what of it is missing.
    """
    deadline, left = Deadline(timeout), list(steps)
    while left:
        try:
            kernel.link.batch([_line(kernel, step) for step in left])
            finished = len(left)
        except BatchFailed as error:
            finished = error.lines_done
            if error.why.find(RESETTING) < 0 or not deadline.left():
                done += [str(step) for step in left[:finished]]
                raise _not_taken(kernel, left[finished], error) from None
            time.sleep(POLL)
        done += [str(step) for step in left[:finished]]
        del left[:finished]


def _line(kernel: Kernel, step: SetVf) -> list[str]:
    return ["link", "set", "dev", _interface(kernel, step), *ip_words(step.vf, step.change)]


def _interface(kernel: Kernel, step: SetVf) -> str:
    """That of the step; where it came with the VFs, and nobody knew its name before, the only one that is there.

    :raises NotReached: there is none, or more than one.
    """
    names = [step.name] if step.name else kernel.pci.interfaces(step.address)
    if len(names) != 1:
        what = f"cannot set the attributes of VF {step.vf}"
        raise NotReached(what, device=step.label, why=f"the interfaces of the PF are {', '.join(names) or 'none'}")
    return names[0]


def _not_taken(kernel: Kernel, step: SetVf, error: BatchFailed) -> SriovError:
    """The kernel applies the attributes of a VF one by one (rtnetlink.c do_setvfinfo): some may be there."""
    observed = kernel.link.vf_attributes(_interface(kernel, step)).get(step.vf, VfAttributes())
    missing = step.change.missing(observed).words()
    failure = KernelRefused(
        f"cannot set {', '.join(missing) or 'the attributes'} of VF {step.vf}",
        device=step.label,
        why=error.why,
        remedy=remedy(kernel, error, step, VF_ATTRIBUTES)
        or "the driver's reason is in dmesg; what it takes differs from driver to driver",
    )
    failure.step = str(step)
    return failure


def set_mtu(step: SetMtu, kernel: Kernel, timeout: float) -> None:
    """A VF whose PF is in reset refuses for a moment.

    One whose PF was reset greets it again when its interface goes up, and while it is down the PF takes nothing from it
    (ixgbe_sriov.c ixgbe_rcv_msg_from_vf, clear_to_send): so it is set up for the while.
    """
    address, deadline = located(kernel, step), Deadline(timeout)
    wait_for_netdev(kernel, address, deadline.left())
    kernel.settle(deadline.left())  # udev renames it
    what = f"cannot set the MTU to {step.mtu}"
    ready, lifted = Deadline(min(deadline.left(), 10.0)), ""
    try:
        while True:
            name = _only_interface(kernel, address, step.label, what, "leave out mtu")
            try:
                if name:
                    kernel.link.set_mtu(name, step.mtu)
                    return
            except KernelRefused as error:
                refused = explained(kernel, error, what, step, MTU)
                if not ready.left():
                    raise refused from None
                lifted = lifted or _lifted(kernel, name, refused)
            if not ready.left():
                raise NotReached(what, device=step.label, why="it has no interface")
            time.sleep(POLL)
    finally:
        if lifted:
            names = kernel.pci.interfaces(address)
            kernel.link.set_up(names[0] if len(names) == 1 else lifted, False)  # udev may have renamed it


def _only_interface(kernel: Kernel, address: str, label: str, what: str, remedy: str) -> str:
    """The name of a VF's interface; "" while it has none.

    :raises NotReached: it has more than one, as one function may have two ports.
    """
    names = kernel.pci.interfaces(address)
    if len(names) > 1:
        raise NotReached(what, device=label, why=f"it has more than one interface: {', '.join(names)}", remedy=remedy)
    return names[0] if names else ""


def _lifted(kernel: Kernel, name: str, refused: SriovError) -> str:
    """The name of an interface that was down and is up now; "" of one that was up.

    :raises SriovError: it cannot be set up: what was refused before, with that.
    """
    if any("UP" in entry.get("flags", ()) for entry in kernel.link.interfaces() if entry["ifname"] == name):
        return ""
    try:
        kernel.link.set_up(name, True)
    except KernelRefused as error:
        refused.why += f"; the VF has to reach its PF first, and its interface cannot be set up ({error.why})"
        refused.remedy = f"set the PF up, and look whether `ip link set dev {quote(name)} up` works then"
        raise refused from None
    return name


def set_vf_link(step: SetVfLink, kernel: Kernel, timeout: float) -> None:
    address, deadline = located(kernel, step), Deadline(timeout)
    wait_for_netdev(kernel, address, deadline.left())
    kernel.settle(deadline.left())  # udev renames it
    what = f"cannot set its interface {'up' if step.up else 'down'}"
    name = _only_interface(kernel, address, step.label, what, "set each by `ip link set dev NAME up`")
    if not name:
        raise NotReached(what, device=step.label, why="it has none")
    try:
        kernel.link.set_up(name, step.up)
    except KernelRefused as error:
        raise explained(kernel, error, what, step, FEATURE) from None


def set_channels(step: SetChannels, kernel: Kernel, _timeout: float) -> None:
    present = kernel.ethtool.channels(step.name) or Channels()
    try:
        kernel.ethtool.set_channels(step.name, present._replace(combined=step.combined))
    except KernelRefused as error:
        raise explained(kernel, error, f"cannot set {step.combined} channels", step, CHANNELS) from None


def set_ntuple(step: SetNtuple, kernel: Kernel, _timeout: float) -> None:
    """The kernel answers success where a driver has changed its mind (netdev_fix_features)."""
    try:
        kernel.ethtool.set_feature(step.name, NTUPLE, step.on)
    except KernelRefused as error:
        raise explained(kernel, error, f"cannot turn ntuple filters {_switch(step.on)}", step, FEATURE) from None
    feature = kernel.ethtool.feature(step.name)
    if feature is None or feature.on != step.on:
        raise NotReached(
            f"ntuple filters stay {'off' if step.on else 'on'}",
            device=step.label,
            why="the driver accepted the change and did not make it",
            remedy="look at dmesg",
        )


def _switch(on: bool) -> str:
    return "on" if on else "off"


def set_rss(step: SetRss, kernel: Kernel, _timeout: float) -> None:
    try:
        kernel.ethtool.set_rss(step.name, step.table)
    except KernelRefused as error:
        raise explained(kernel, error, "cannot set the RSS table", step, RSS_TABLE) from None


def delete_rule(step: DeleteRule, kernel: Kernel, _timeout: float) -> None:
    try:
        kernel.ethtool.delete_rule(step.name, t.cast(int, step.rule.location))
    except KernelRefused as error:
        table = kernel.ethtool.rules(step.name)
        if table and step.rule.location in [rule.location for rule in table.rules]:
            what = f"cannot delete flow rule {step.rule.location}"
            raise explained(kernel, error, what, step, RULE) from None


def insert_rule(step: InsertRule, kernel: Kernel, _timeout: float) -> InsertRule:
    """:returns: the step with the location, which may be the driver's choice."""
    try:
        location = kernel.ethtool.insert_rule(step.name, step.rule)
    except KernelRefused as error:
        raise explained(kernel, error, f"cannot add flow rule {step.rule}", step, RULE) from None
    return step._replace(rule=step.rule.at(location))
