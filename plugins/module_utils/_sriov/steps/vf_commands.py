# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a VF had and has lost, as an operator types it."""

from __future__ import annotations

import typing as t
from shlex import quote  # the kernel takes ; $ ` and | in names

from ..model.attributes import VfAttributes, ip_words
from ..model.desired import NONE
from ..model.paths import PCI_DEVICES, PCI_DRIVERS
from ..model.vfs import ATTRIBUTES

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..model.host import Device, Pf


def count_command(address: str, num_vfs: int) -> str:
    """:param address: of the PF."""
    return f"echo {num_vfs} > {PCI_DEVICES}/{address}/sriov_numvfs"


def vf_commands(pf: Pf, index: int, words: Mapping[str, t.Any]) -> Iterator[str]:
    """:param words: values by the options' words, and `up` of its interface."""
    attributes = {word: value for word, value in words.items() if word in ATTRIBUTES}
    name = quote(pf.device.netdev.name) if pf.device.netdev else "PF"
    if attributes:
        yield " ".join(["ip link set dev", name, *ip_words(index, VfAttributes(**attributes))])
    address, vf = pf.vf_address(index), pf.by_index.get(index)
    if "driver" in words:
        yield from driver_commands(address, vf.driver if vf else None, words["driver"])
    if "mtu" in words or "up" in words:
        interface = quote(vf.netdev.name) if vf and vf.netdev else f"$(ls {PCI_DEVICES}/{address}/net)"
        mtu = [f"mtu {words['mtu']}"] if "mtu" in words else []
        yield " ".join(["ip link set dev", interface, *mtu, *(["up"] if words.get("up") else [])])
    yield from _node_commands(vf, words)


def driver_commands(address: str, present: str | None, driver: str) -> Iterator[str]:
    """:param driver: "none" for none."""
    device = f"{PCI_DEVICES}/{address}"
    if present:
        yield f"echo {address} > {device}/driver/unbind"
    if driver != NONE:
        yield f"echo {quote(driver)} > {device}/driver_override"
        yield f"echo {address} > {quote(f'{PCI_DRIVERS}/{driver}/bind')}"
    yield f"echo > {device}/driver_override"


def _node_commands(vf: Device | None, words: Mapping[str, t.Any]) -> Iterator[str]:
    node = (vf.dev_node or (vf.cdev.path if vf.cdev else None)) if vf else None
    if node and ("owner" in words or "group" in words):
        group = f":{words['group']}" if "group" in words else ""
        yield f"chown {words.get('owner', '')}{group} {node}"
    if node and "mode" in words:
        yield f"chmod {words['mode']:04o} {node}"
