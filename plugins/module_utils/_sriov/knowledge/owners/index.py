# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""All kinds of owners. A new one is a Kind in one of the files beside this, and a row in docs/owners.md.

What is only known to run, and not to have a file that names PFs, is in DAEMONS: that it is there is all that is said.
"""

from __future__ import annotations

import typing as t

from . import netplan, network_manager, orchestrators, scripts, systemd, udev

KINDS = (
    *network_manager.KINDS,
    *netplan.KINDS,
    *systemd.KINDS,
    *udev.KINDS,
    *scripts.KINDS,
    *orchestrators.KINDS,
)


class Daemon(t.NamedTuple):
    """Takes VFs as its users ask for them.

    :param paths: any of them is there where it is installed and has run.
    """

    who: str
    paths: tuple[str, ...]
    remedy: str


DAEMONS = (
    Daemon(
        "LXD or Incus",
        ("/var/lib/incus/unix.socket", "/var/lib/lxd/unix.socket", "/var/snap/lxd/common/lxd/unix.socket"),
        "give no instance a NIC of `nictype: sriov` on this PF",
    ),
    Daemon(
        "a device plugin or resource driver of Kubernetes",
        ("/var/lib/kubelet/plugins/sriovnetwork.k8snetworkplumbingwg.io", "/etc/pcidp/config.json"),
        "leave this PF out of its configuration, or give it these VFs alone",
    ),
)
