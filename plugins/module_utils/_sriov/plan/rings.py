# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the sizes of a PF's rings. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..model.unread import RING_SIZES, RSS
from ..steps.net import SetRings
from .guard import pf_resets, queues_unknown
from .stage import Stage, check_known, interface

if t.TYPE_CHECKING:
    from ..model.desired import DesiredPf
    from ..model.host import Pf


def plan_rings(pf: Pf, desired: DesiredPf) -> Stage:
    """`ethtool -G DEV rx N tx N`. Drivers close and open the queues for it, and some write their own RSS table.

    :returns: with a refusal where the PF's link may not go.
    :raises SriovError: the sizes cannot be had.
    """
    wanted = desired.rss.rings if desired.rss else None
    if wanted is None:
        return Stage()
    what = f"rings: cannot set {wanted}"
    netdev = interface(pf, what)
    check_known(pf, what, RING_SIZES)
    present = pf.queues.ring_sizes
    if present is None:
        raise NotSupported(
            what, device=pf.label, why=f"driver {pf.device.driver} has no such sizes", remedy="leave out rings"
        )
    for word, most in (("rx", present.max_rx), ("tx", present.max_tx)):
        number = getattr(wanted, word)
        if number is not None and not 1 <= number <= most:
            why = f"the driver has 1 to {most}" if most else "the driver has no such rings"
            raise InvalidRequest(
                f"rings.{word}: cannot set {number}", device=pf.label, why=why, remedy="ask for one that it has"
            )
    after = present.with_sizes(wanted)
    if after == present:
        return Stage()
    faults = Faults(desired.allow)
    faults.add(*pf_resets(pf, what), *queues_unknown(pf, what, RSS))
    return Stage([SetRings(pf.device.address, netdev.name, pf.label, present, after)], faults=faults)
