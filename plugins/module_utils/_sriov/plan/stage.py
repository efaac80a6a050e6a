# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What all planners share: their answer, and how they name things."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotKnown, NotSupported
from ..knowledge.queues import driver_of
from ..knowledge.rss import rss_explanation, rss_queues
from ..model.holders import NETNS
from ..model.vfs import count_of_vfs
from ..steps.pci import Reload

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..faults import Faults
    from ..model.host import Device, Netdev, Pf
    from ..steps.pci import Step


AS_IT_WAS = "as it was"  # how entries for VFs are called that no option has


class Stage(t.NamedTuple):
    """Steps in their order, and what the operator should know beside them.

    :param faults: refusals. The steps are there all the same, so that later stages find theirs in the same plan.
    """

    steps: t.Sequence[Step] = ()
    warnings: t.Sequence[str] = ()
    faults: Faults | None = None


def interface(pf: Pf, what: str) -> Netdev:
    """The PF's interface.

    :param what: what needs it, for the message.
    :raises SriovError: it has none here, or several of which none is named.
    """
    if pf.device.netdev is None:
        raise no_netdev(pf, what)
    return pf.device.netdev


def no_netdev(pf: Pf, what: str) -> SriovError:
    """The refusal of what needs the PF's interface."""
    if len(pf.device.netdevs) > 1:
        names = ", ".join(netdev.name for netdev in pf.device.netdevs)
        why, remedy = f"its interfaces are {names}", "name the PF by the interface that is meant"
        return InvalidRequest(what, device=pf.label, why=why, remedy=remedy)
    away = [holder.text for holder in pf.device.holders if holder.kind == NETNS]
    return NotSupported(
        what,
        device=pf.label,
        why=", ".join(away) or f"driver {pf.device.driver} has given it no interface in this network namespace",
        remedy="bring it back to this network namespace"
        if away
        else "see dmesg for the driver's messages; if the interface was moved to another namespace, bring it back",
    )


def check_known(pf: Pf, what: str, *parts: str) -> None:
    """Whether parts of the PF that a plan rests on were read.

    :param what: what cannot be told without them.
    :param parts: words of model.unread.
    :raises NotKnown: one was not.
    """
    why = pf.unknown(*parts)
    if why:
        raise NotKnown(what, device=pf.label, why=why, remedy="run it again, and see dmesg")


def function_label(device: Device) -> str:
    """ "0000:01:10.0 (VF 0 of 0000:01:00.0)"; of no VF, its own label."""
    return f"{device.address} (VF {device.vf} of {device.physfn})" if device.physfn else device.label


def heal(vf: Device) -> Reload:
    """The step that gives a VF without an interface (ORPHAN) one again."""
    why = "it has no interface in any network namespace"
    return Reload(vf.address, function_label(vf), vf.driver or "", why, vf.physfn, vf.vf, heals=True)


def vf_words(vf: Device) -> str:
    """ "VF 0 (0000:01:10.0, igbvf, enp1s0v0)"."""
    names = [netdev.name for netdev in vf.netdevs if netdev.name]
    return f"VF {vf.vf} ({', '.join([vf.address, vf.driver or 'no driver', *names])})"


def group_words(pf: Pf, before: str = "") -> str:
    """ "beside 4 VFs (ixgbe: 0 VFs: 16, from 1 VF on: 4, …)"; nothing where VFs take nothing."""
    explanation = rss_explanation(driver_of(pf))
    if not pf.num_vfs or not explanation or rss_queues(driver_of(pf), pf.num_vfs, pf.online_cpus) is None:
        return ""
    return f"{before}beside {count_of_vfs(pf.num_vfs)} ({pf.device.driver}: {explanation})"
