# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which interfaces carry the operator: the SSH connection that runs us, and the default route."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused
from ..kernel.interface_list import UNREAD, WITHOUT_KIND
from ..model.holders import ROUTE, SSH, Holder, SshPeer
from ..model.paths import INTERFACES, PROCESSES
from .sessions import ssh_sessions

if t.TYPE_CHECKING:
    from ..kernel.interfaces import Interfaces
    from ..kernel.kernel import Kernel
    from ..kernel.processes import Processes


def management_holders(kernel: Kernel, interfaces: list[dict[str, t.Any]]) -> dict[str, list[Holder]]:
    """For each interface that carries management traffic, why: kind "ssh" or "route".

    An interface carries what is stacked on it: the ports of a bond or bridge, the parent of a VLAN. Where it cannot be
    read which one carries something, each of them may.

    :param interfaces: as Link.interfaces() gives them.
    """
    found: dict[str, list[Holder]] = {}
    peers = ssh_peers(kernel)
    for peer in peers:
        _add_ssh(found, kernel, interfaces, peer)
    unseen = _why_unseen(kernel, peers)
    if unseen:
        _add_to_all(found, interfaces, Holder(SSH, f"may carry an SSH connection: {unseen}"))
    try:
        for name in sorted(kernel.link.default_route_interfaces()):
            _add(found, kernel.interfaces, interfaces, name, Holder(ROUTE, "carries a default route"))
    except KernelRefused as refused:
        why = str(refused).rstrip(".")
        kernel.note("which interfaces carry default routes", why)
        _add_to_all(found, interfaces, Holder(ROUTE, f"may carry a default route: {why}"))
    _add_unseen(found, kernel, interfaces)
    return found


def _add_ssh(found: dict[str, list[Holder]], kernel: Kernel, interfaces: list[dict[str, t.Any]], peer: SshPeer) -> None:
    holder = Holder(SSH, f"carries the SSH connection from {peer.client}")
    maybe = f"may carry the SSH connection from {peer.client}"
    owners = {e["ifname"] for e in interfaces for a in e.get("addr_info", ()) if a.get("local") == peer.server}
    try:
        towards = _towards(kernel, peer)
    except KernelRefused as refused:
        why = str(refused).rstrip(".")
        kernel.note(f"the route to {peer.client}", why)
        _add_to_all(found, interfaces, Holder(SSH, f"{maybe}: {why}"))
        return
    names = owners | ({towards} if towards else set())
    for name in sorted(names):
        _add(found, kernel.interfaces, interfaces, name, holder)
    if not names:  # somebody is there: better too careful than cut off
        text = f"{maybe}: no address and no route tells which interface does"
        _add_to_all(found, interfaces, Holder(SSH, text))
    elif not owners:
        for name in (entry["ifname"] for entry in interfaces if UNREAD in entry and entry["ifname"] not in names):
            _add(found, kernel.interfaces, interfaces, name, Holder(SSH, f"{maybe}: its addresses cannot be read"))


def _add_unseen(found: dict[str, list[Holder]], kernel: Kernel, interfaces: list[dict[str, t.Any]]) -> None:
    """Where it cannot be read what an interface is stacked on, each of the others may be below it."""
    names = {f"{INTERFACES}/{entry['ifname']}": entry["ifname"] for entry in interfaces}
    for path in [path for path in names if path in kernel.refused.files]:
        others = [entry for entry in interfaces if entry["ifname"] != names[path]]
        for holder in found.get(names[path], []):
            text = f"may be below {names[path]}, which {holder.text}: {path} cannot be read"
            _add_to_all(found, others, holder._replace(text=text))


def _add_to_all(found: dict[str, list[Holder]], interfaces: list[dict[str, t.Any]], holder: Holder) -> None:
    for entry in interfaces:
        found.setdefault(entry["ifname"], []).append(holder)


def _towards(kernel: Kernel, peer: SshPeer) -> str | None:
    """The interface that answers leave through, beside the one with our end's address: policy routing tells them apart.

    A link-local client names its interface, and `ip route get` takes no such address: fe80::1%eth0.

    :raises KernelRefused: what `ip` prints cannot be read.
    """
    return peer.client.partition("%")[2] or kernel.link.interface_towards(peer.client, peer.server)


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
    switched = {
        e["ifname"]
        for e in interfaces
        if UNREAD in e or WITHOUT_KIND in e or e.get("linkinfo", {}).get("info_kind") == "openvswitch"
    }
    ports = [e["ifname"] for e in interfaces if e.get("master") == "ovs-system"]
    below = [name]
    for interface in below:  # grows while it is walked
        lowers = kernel.lowers(interface) + (ports if interface in switched else [])
        below += [lower for lower in lowers if lower not in below]
    return below


def ssh_peers(kernel: Kernel) -> list[SshPeer]:
    """The connection that the operator comes by; where there is none and each shall be kept, each that there is."""
    peer = ssh_peer(kernel.processes)
    if peer:
        return [peer]
    return ssh_sessions(kernel) if kernel.guards_every_session else []


def _why_unseen(kernel: Kernel, peers: list[SshPeer]) -> str:
    if not peers and ssh_is_unseen(kernel):
        return "the environment of what started this cannot be read"
    return " and ".join(f"{path} cannot be read" for path in kernel.tcp.unread())


def ssh_is_unseen(kernel: Kernel) -> bool:
    """Whether a process among our parents, which would tell of an SSH connection, cannot be looked at."""
    process, refused = "self", kernel.refused.files
    while process not in ("0", "1", ""):
        if any(f"{PROCESSES}/{process}/{file}" in refused for file in ("environ", "stat")):
            return True
        process = kernel.processes.parent(process)
    return False


def ssh_peer(processes: Processes) -> SshPeer | None:
    """The addresses of the connection the operator comes by, or None when there is none (boot, local runs).

    sudo drops SSH_CONNECTION, so our parents are asked too: sshd gives it to the login shell it starts.
    """
    process = "self"
    while process not in ("0", "1", ""):
        for variable in processes.environment(process):
            if variable.startswith(b"SSH_CONNECTION="):
                words = [*variable.split(b"=", 1)[1].decode(errors="replace").split(" "), "", "", "", ""]
                return SshPeer(words[0], words[2], words[1], words[3])
        process = processes.parent(process)
    return None
