# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a PF has for AF_XDP: the program that is attached, whose it is, and what is pinned. Nothing here writes."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import SriovError
from ..model.paths import queue_map, queue_program
from ..model.unread import XSK, Unread
from ..model.xsk import GENERIC, NAPI, NATIVE, OUR_PROGRAM, Attached, Pins, XdpFacts, Xsk

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.host import Netdev, Pf

LRO = "rx-lro"
OF_GROUP = 0o060  # its members read and write


def with_xsk(kernel: Kernel, pf: Pf, named: bool = False) -> Pf:
    """The PF with it; where it cannot be read, that is among what is unread.

    :param named: also where there is nothing of it.
    """
    netdev = pf.device.netdev
    if netdev is None:
        return pf
    try:
        number, pins = _pins(kernel, netdev.name)
        found = Xsk(_attached(kernel, netdev, number, pins), pins, _napi(kernel, netdev.name))
    except SriovError as error:
        why = str(error).rstrip(".")
        kernel.note(f"what {netdev.name} has for AF_XDP", why)
        return replace(pf, unread=(*pf.unread, Unread(XSK, why)))
    return replace(pf, xsk=found if named or found.attached or found.pins else None)


def with_xdp_facts(kernel: Kernel, pf: Pf) -> Pf:
    """With what is known of its driver and XDP; a kernel that may not be asked cannot tell."""
    netdev = pf.device.netdev
    if netdev is None:
        return pf
    try:
        features = kernel.netlink.netdev.xdp_features(netdev.ifindex)
    except SriovError as refused:
        kernel.note(f"the XDP features of {netdev.name}", str(refused))
        features = None
    lro = kernel.ethtool.features(netdev.name).get(LRO)
    facts = XdpFacts(
        kernel.system.release,
        features,
        kernel.system.module_is_foreign(pf.device.driver or ""),
        None if lro is None else lro.on,
        kernel.bpf.why_not(),
        kernel.system.socket_families(),
    )
    return replace(pf, xdp_facts=facts)


def _pins(kernel: Kernel, name: str) -> tuple[int, Pins | None]:
    """The number of the program that is pinned, 0 for none, and all that is pinned.

    :raises SriovError: it cannot be looked at.
    """
    if not kernel.bpffs.has(name):
        return 0, None
    program = kernel.bpf.pinned_program(queue_program(name))
    sockets = kernel.bpf.pinned_map(queue_map(name))
    access = kernel.system.access(queue_map(name))
    group = access.group if access and access.mode & OF_GROUP == OF_GROUP else 0
    whole = program is not None and sockets in program.maps
    return program.number if program else 0, Pins(whole, group)


def _attached(kernel: Kernel, netdev: Netdev, pinned: int, pins: Pins | None) -> Attached | None:
    """:param pinned: the number of the program that is."""
    if not (netdev.xdp or netdev.xdp_generic):
        return None
    number, name = netdev.xdp_number, netdev.xdp_name
    if number and not name and not kernel.bpf.why_not():
        program = kernel.bpf.program(number)
        name = program.name if program else ""
    is_pinned = bool(number) and number == pinned
    mode = GENERIC if netdev.xdp_generic else NATIVE
    return Attached(number, name, mode, is_pinned or name == OUR_PROGRAM, bool(is_pinned and pins and pins.whole))


def _napi(kernel: Kernel, name: str) -> dict[str, int]:
    values = {word: kernel.interfaces.number(name, word) for word in NAPI}
    return {word: value for word, value in values.items() if value is not None}
