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
VFIO = "vfio"  # a program has it by vfio
VDPA = "vdpa"  # a program has a vDPA device of it
SOFT_RDMA = "soft_rdma"  # a program has an RDMA device that is made of its interface (rdma_rxe, siw)
CLOCK = "clock"  # a program has its PTP clock open
NETNS = "netns"  # its interface is in another network namespace
UNPLACED = "unplaced"  # its interface is not here, and where else it may be could not be looked at
MASTER = "master"  # its interface is a port of a bond or bridge
UPPER = "upper"  # an interface is stacked on its interface, in whichever network namespace
ADDRESS = "address"
XDP = "xdp"
XSK = "xsk"  # an AF_XDP socket
CAPTURE = "capture"  # an AF_PACKET socket with a ring, or in a fanout group
FILTER = "filter"  # filters of tc
REPRESENTOR = "representor"  # of a VF: the interface that stands for it in the PF's switch is used
UNSEEN = "unseen"  # nobody may be there: what would tell could not be read

# A program has the device itself, and who takes it away waits in the kernel until the program has closed it:
# drivers/vfio/vfio_main.c vfio_unregister_group_dev(), drivers/vhost/vdpa.c vhost_vdpa_remove().
HANDED_OVER = (VFIO, VDPA)
# The same wait: ib_uverbs_remove_one() of a driver without disassociate_ucontext, while its RDMA device keeps the
# interface ("unregister_netdevice: waiting for enp1s0v2 to become free", seen with rdma_rxe of Linux 6.12). rdma_rxe of
# newer kernels lets go: from which Linux on is not known here.
BLOCKING = (*HANDED_OVER, SOFT_RDMA)


class Holder(t.NamedTuple):
    """One user of a device.

    :param kind: one of the words above.
    :param port: the interface that is used, where the function has several ports.
    :param queue: the last queue of the interface that is used; None where it is no matter of queues.
    :param unit: the service of systemd that the program runs in; "" for none.
    :param transient: that is one of systemd-run, which is gone once it is stopped.
    """

    kind: str
    text: str
    port: str = ""
    queue: int | None = None
    unit: str = ""
    transient: bool = False


class Claim(t.NamedTuple):
    """What somebody who has nothing now will want when it starts. One that names nothing could not be read.

    :param owner: "libvirt domain web1"; the file's path where it could not be read.
    :param function: a PCI address.
    :param interface: an interface's name.
    :param pf: name of a PF whose VFs, whichever are free, are wanted.
    """

    owner: str
    function: str | None = None
    interface: str | None = None
    pf: str | None = None


class SshPeer(t.NamedTuple):
    """Both ends of the connection that runs us."""

    client: str
    server: str
    client_port: str = ""
    server_port: str = ""
