# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is read of a PF's queues only where it is asked for: each costs a question of its own. Nothing here writes."""

from __future__ import annotations

import errno
import typing as t
from dataclasses import replace

from ..model.unread import HASH_FIELDS, XSK
from .unseen import untold
from .xsk import with_xdp_facts, with_xsk

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.kernel import Kernel
    from ..model.desired import DesiredPf
    from ..model.host import Pf

# That it is there, or not (net/ethtool/ioctl.c ethtool_get_rxfh, and the drivers' own of older kernels), or that there
# are none. Another answer tells nothing.
TOLD = (0, errno.ENOENT, errno.EINVAL, errno.EOPNOTSUPP)


def with_what_is_named(kernel: Kernel, pf: Pf, desired: DesiredPf) -> Pf:
    """The PF with the RSS contexts that the desired state names, the hash of the flow types that it does, and what it
    has for AF_XDP where queues for that are named."""
    if desired.xsk:
        pf = with_xdp_facts(kernel, pf if pf.xsk or pf.unknown(XSK) else with_xsk(kernel, pf, named=True))
    contexts = {rule.context for rule in desired.rules.present if rule.context} if desired.rules else set()
    if desired.rss and desired.rss.hash.fields:
        pf = with_hash_fields(kernel, pf, desired.rss.hash.fields)
    netdev = pf.device.netdev
    if netdev is None or not contexts:
        return pf
    answers = {number: kernel.ethtool.context(netdev.name, number) for number in sorted(contexts)}
    told = {number: answer for number, answer in answers.items() if answer in TOLD}
    return replace(pf, queues=pf.queues._replace(contexts=told))


def with_hash_fields(kernel: Kernel, pf: Pf, flow_types: Iterable[str]) -> Pf:
    """The PF with the fields that its driver hashes, of each flow type that it tells."""
    netdev = pf.device.netdev
    if netdev is None:
        return pf
    told = {flow_type: kernel.ethtool.hash_fields(netdev.name, flow_type) for flow_type in flow_types}
    found = {flow_type: bits for flow_type, bits in told.items() if bits is not None}
    unread = (*pf.unread, *untold(kernel, netdev.name, HASH_FIELDS))
    return replace(pf, queues=pf.queues._replace(hash_fields=found), unread=unread)
