# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which interfaces carry the operator: the SSH connection that runs us, and the default route."""

from __future__ import annotations

import typing as t

from ..model.holders import ROUTE, SSH, Holder, SshPeer

if t.TYPE_CHECKING:
    from ..kernel.interfaces import Interfaces
    from ..kernel.kernel import Kernel
    from ..kernel.processes import Processes


def management_holders(kernel: Kernel, interfaces: list[dict[str, t.Any]]) -> dict[str, list[Holder]]:
    """For each interface that carries management traffic, why: kind "ssh" or "route".

    An interface carries what is stacked on it: the ports of a bond or bridge, the parent of a VLAN.

    :param interfaces: as Link.interfaces() gives them.
    """
    found: dict[str, list[Holder]] = {}
    peer = ssh_peer(kernel.processes)
    if peer:
        holder = Holder(SSH, f"carries the SSH connection from {peer.client}")
        names = _ssh_interfaces(kernel, interfaces, peer)
        for name in sorted(names):
            _add(found, kernel.interfaces, interfaces, name, holder)
        if not names:  # somebody is there: better too careful than cut off
            text = (
                f"may carry the SSH connection from {peer.client}: no address and no route tells which interface does"
            )
            found = {entry["ifname"]: [Holder(SSH, text)] for entry in interfaces}
    for name in sorted(kernel.link.default_route_interfaces()):
        _add(found, kernel.interfaces, interfaces, name, Holder(ROUTE, "carries a default route"))
    return found


def _ssh_interfaces(kernel: Kernel, interfaces: list[dict[str, t.Any]], peer: SshPeer) -> set[str]:
    """The interface with our end's address, and the one that answers leave through; policy routing tells them apart."""
    # A link-local client names its interface, and `ip route get` takes no such address: fe80::1%eth0.
    zone = peer.client.partition("%")[2]
    towards = zone or kernel.link.interface_towards(peer.client, peer.server)
    owners = {e["ifname"] for e in interfaces for a in e.get("addr_info", ()) if a.get("local") == peer.server}
    return owners | ({towards} if towards else set())


def _add(
    found: dict[str, list[Holder]], lowers: Interfaces, interfaces: list[dict[str, t.Any]], name: str, holder: Holder
) -> None:
    for lower in lower_closure(lowers, interfaces, name):
        through = "" if lower == name else f" (through {name})"
        found.setdefault(lower, []).append(Holder(holder.kind, holder.text + through))


def lower_closure(kernel: Interfaces, interfaces: list[dict[str, t.Any]], name: str) -> list[str]:
    """The interface and everything below it: bond0.10 -> bond0.10, bond0, its ports.

    Open vSwitch shows no lower interfaces: any of its ports may be what an interface of it leaves through.
    """
    switched = {e["ifname"] for e in interfaces if e.get("linkinfo", {}).get("info_kind") == "openvswitch"}
    ports = [e["ifname"] for e in interfaces if e.get("master") == "ovs-system"]
    below = [name]
    for interface in below:  # grows while it is walked
        lowers = kernel.lowers(interface) + (ports if interface in switched else [])
        below += [lower for lower in lowers if lower not in below]
    return below


def ssh_peer(processes: Processes) -> SshPeer | None:
    """The addresses of the connection the operator comes by, or None when there is none (boot, local runs).

    sudo drops SSH_CONNECTION, so our parents are asked too: sshd gives it to the login shell it starts.
    """
    process = "self"
    while process not in ("0", "1", ""):
        for variable in processes.environment(process):
            if variable.startswith(b"SSH_CONNECTION="):
                words = [*variable.split(b"=", 1)[1].decode().split(" "), "", "", "", ""]
                return SshPeer(words[0], words[2], words[1], words[3])
        process = processes.parent(process)
    return None
