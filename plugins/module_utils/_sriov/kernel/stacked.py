# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Devices of other subsystems that are on a PCI function or on an interface: vDPA, RDMA."""

from __future__ import annotations

import typing as t

from ..model.paths import INFINIBAND, INFINIBAND_MAD, INFINIBAND_VERBS, VDPA_DEVICES
from .interfaces import function_in_path

if t.TYPE_CHECKING:
    from .sysfs import Sysfs


class VdpaDevice(t.NamedTuple):
    """A device of /sys/bus/vdpa, with what its driver made of it.

    :param function: the PCI function that it is on.
    :param nodes: "vhost-vdpa-0": the driver vhost_vdpa hands it to a program.
    :param interfaces: the driver virtio_vdpa makes an interface of it.
    """

    name: str
    function: str | None
    nodes: tuple[str, ...]
    interfaces: tuple[str, ...]


class RdmaDevice(t.NamedTuple):
    """An RDMA device, by a node of it.

    :param interfaces: those that its addresses are of, a bond or a VLAN too.
    :param function: the PCI function behind it; None: the kernel makes it of an interface (rdma_rxe, siw).
    """

    name: str
    interfaces: tuple[str, ...]
    function: str | None


class Stacked:
    """Reads sysfs."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs

    def vdpa_devices(self) -> list[VdpaDevice]:
        """`vdpa dev show`: drivers/vdpa/vdpa.c makes each below the device that it is on."""
        return [self._vdpa_device(name) for name in self._sysfs.names(VDPA_DEVICES)]

    def _vdpa_device(self, name: str) -> VdpaDevice:
        base = f"{VDPA_DEVICES}/{name}"
        below = self._sysfs.names(base)
        interfaces = [i for each in below if each.startswith("virtio") for i in self._sysfs.names(f"{base}/{each}/net")]
        nodes = tuple(each for each in below if each.startswith("vhost-vdpa-"))
        return VdpaDevice(name, function_in_path(self._sysfs.link_target(base) or ""), nodes, tuple(interfaces))

    def rdma_device(self, node: str) -> RdmaDevice | None:
        """Whose node this is: `rdma link show`.

        Of an RDMA device that was moved to another network namespace its node alone is in ours (ib_class is of each
        namespace, uverbs_class is not): the function is known by it, and of one without a function nothing: None.

        :param node: "uverbs0", "umad0", "issm0".
        """
        folder = INFINIBAND_VERBS if node.startswith("uverbs") else INFINIBAND_MAD
        name = self._sysfs.read(f"{folder}/{node}/ibdev") or node
        base, function = f"{INFINIBAND}/{name}", self._sysfs.link_name(f"{folder}/{node}/device")
        if not self._sysfs.exists(base):
            return RdmaDevice(name, (), function) if function else None
        folders = [f"{base}/ports/{port}/gid_attrs/ndevs" for port in self._sysfs.names(f"{base}/ports")]
        # An address that is not in use is EINVAL (drivers/infiniband/core/sysfs.c show_port_gid_attr_ndev).
        told = {self._sysfs.read(f"{each}/{index}") for each in folders for index in self._sysfs.names(each)}
        return RdmaDevice(name, tuple(sorted(filter(None, told))), function)
