# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""SSH connections of whoever is on the host: for a run that nobody's own connection tells of, such as a service's."""

from __future__ import annotations

import typing as t

from ..model.holders import SshPeer

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

SERVERS = ("sshd", "dropbear")  # how their names begin; OpenSSH 9.8 and later: sshd-session


def ssh_sessions(kernel: Kernel) -> list[SshPeer]:
    """Every connection that an SSH server has, tunnels included; none are looked for where nothing is connected."""
    connections = kernel.tcp.established()
    if not connections:
        return []
    processes = kernel.processes
    servers = [process for process in processes.ids() if processes.name(process).startswith(SERVERS)]
    sockets = {inode for process in servers for inode in processes.open_files(process).sockets}
    found = (
        SshPeer(each.remote, each.local, str(each.remote_port), str(each.local_port))
        for each in connections
        if each.inode in sockets
    )
    return list(dict.fromkeys(found))
