# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which interfaces carry the operator: the SSH connection that runs us, and the default route."""

from __future__ import annotations

import typing as t

from ._model import Holder

if t.TYPE_CHECKING:
    from ._kernel import Kernel
    from ._sysfs import Sysfs

SSH = "ssh"
ROUTE = "route"


def management_holders(kernel: Kernel) -> dict[str, list[Holder]]:
    """For each interface that carries management traffic, why: kind "ssh" or "route".

    An interface carries what is stacked on it: the ports of a bond or bridge, the parent of a VLAN.
    """
    found: dict[str, list[Holder]] = {}
    client = ssh_client(kernel.sysfs)
    if client:
        # A link-local client names its interface, and `ip route get` takes no such address: fe80::1%eth0.
        name = client.partition("%")[2] or kernel.link.interface_towards(client)
        _add(found, kernel.sysfs, name, Holder(SSH, f"carries the SSH connection from {client}"))
    for name in sorted(kernel.link.default_route_interfaces()):
        _add(found, kernel.sysfs, name, Holder(ROUTE, "carries a default route"))
    return found


def _add(found: dict[str, list[Holder]], sysfs: Sysfs, name: str | None, holder: Holder) -> None:
    for lower in lower_closure(sysfs, name) if name else ():
        through = "" if lower == name else f" (through {name})"
        found.setdefault(lower, []).append(Holder(holder.kind, holder.text + through))


def lower_closure(sysfs: Sysfs, name: str) -> list[str]:
    """The interface and everything below it: bond0.10 -> bond0.10, bond0, its ports."""
    below = [name]
    for interface in below:  # grows while it is walked
        entries = sysfs.names(f"/sys/class/net/{interface}")
        below += [e[len("lower_") :] for e in entries if e.startswith("lower_") and e[len("lower_") :] not in below]
    return below


def ssh_client(sysfs: Sysfs) -> str | None:
    """The address the operator comes from, or None when nobody is at the other end (boot, local runs).

    sudo drops SSH_CONNECTION, so our parents are asked too: sshd gives it to the login shell it starts.
    """
    process = "self"
    while process not in ("0", "1", ""):
        environment = sysfs.read_bytes(f"/proc/{process}/environ", 1 << 20)
        for variable in environment.split(b"\0"):
            if variable.startswith(b"SSH_CONNECTION="):
                return variable.split(b"=", 1)[1].split(b" ")[0].decode()
        process = parent(sysfs, process)
    return None


def parent(sysfs: Sysfs, process: str) -> str:
    """The parent's process id, from the fourth field of /proc/PID/stat; the name in it may hold spaces and brackets."""
    fields = (sysfs.read(f"/proc/{process}/stat") or "").rpartition(")")[2].split()
    return fields[1] if len(fields) > 1 else ""
