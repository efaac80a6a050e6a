# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What all planners share: their answer, and how they name things."""

from __future__ import annotations

import typing as t

from ..errors import NotKnown, NotSupported
from ..knowledge.queues import driver_of
from ..knowledge.rss import rss_explanation, rss_queues

if t.TYPE_CHECKING:
    from ..faults import Faults
    from ..model.host import Device, Netdev, Pf
    from ..steps.pci import Step


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
    :raises NotSupported: it has none here.
    """
    if pf.device.netdev is None:
        raise no_netdev(pf, what)
    return pf.device.netdev


def no_netdev(pf: Pf, what: str) -> NotSupported:
    """The refusal of what needs the PF's interface."""
    return NotSupported(
        what,
        device=pf.label,
        why=f"driver {pf.device.driver} has given it no interface in this network namespace",
        remedy="see dmesg for the driver's messages; if the interface was moved to another namespace, bring it back",
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


def vf_words(vf: Device) -> str:
    """ "VF 0 (0000:01:10.0, igbvf, enp1s0v0)"."""
    names = f", {vf.netdevs[0].name}" if vf.netdevs and vf.netdevs[0].name else ""
    return f"VF {vf.vf} ({vf.address}, {vf.driver or 'no driver'}{names})"


def group_words(pf: Pf, before: str = "") -> str:
    """ "beside 4 VFs (ixgbe: 0 VFs: 16, from 1 VF on: 4, …)"; nothing where VFs take nothing."""
    explanation = rss_explanation(driver_of(pf))
    if not pf.num_vfs or not explanation or rss_queues(driver_of(pf), pf.num_vfs, pf.online_cpus) is None:
        return ""
    return f"{before}beside {pf.num_vfs} VF{'s' if pf.num_vfs > 1 else ''} ({pf.device.driver}: {explanation})"
