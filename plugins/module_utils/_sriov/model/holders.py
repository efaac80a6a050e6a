# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who uses a device, in words an operator can act on. Data only."""

from __future__ import annotations

import typing as t

SSH = "ssh"  # carries the connection that the operator comes by
ROUTE = "route"  # carries a default route
PROCESS = "process"  # a program has its node open
VFIO = "vfio"  # a program has it by vfio: who takes it away waits in the kernel until the program has closed it
NETNS = "netns"  # its interface is in another network namespace
MASTER = "master"  # its interface is a port of a bond or bridge
UPPER = "upper"  # an interface is stacked on its interface
ADDRESS = "address"
XDP = "xdp"
UNSEEN = "unseen"  # who uses it could not be read: there may be somebody


class Holder(t.NamedTuple):
    """One user of a device.

    :param kind: one of the words above.
    """

    kind: str
    text: str


class SshPeer(t.NamedTuple):
    """Both ends of the connection that runs us."""

    client: str
    server: str
    client_port: str = ""
    server_port: str = ""
