# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated SIOCETHTOOL on a tree made by hosts.host(), with drivers ixgbe (82599, X550), igb (82576, i350), an
unknown one, what some others do with flow rules, and all of atlas/; what the core answers is in ioctl.py."""

from __future__ import annotations

import ctypes
import errno

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import Ethtool

from . import hosts
from .atlas.index import row_of
from .atlas.nic import AtlasNic
from .devices import Behaviour, Devices
from .igb import Igb82576, IgbI350
from .ioctl import COMMANDS
from .ixgbe import Ixgbe
from .nics import Nic, UnknownNic, refusal
from .others import Bnxt, I40e, Placing, Qede

PLAIN = ("ena", "cxgb4")  # drivers of NICs without SR-IOV that have queues and rules all the same
I350 = ("1521", "1522", "1523", "1524", "1546")


def nic(devices, name):
    """The interface with its driver.

    :raises OSError: ENODEV.
    """
    if name not in devices.interfaces():
        raise refusal(errno.ENODEV)
    found = Nic(devices, name)
    row = row_of(devices, found.address)
    if row:
        return AtlasNic(devices, name, row)
    if found.attribute("sriov_numvfs") is None and found.driver not in PLAIN:
        return found
    igb = IgbI350 if (found.attribute("device") or "")[2:] in I350 else Igb82576
    drivers = {"ixgbe": Ixgbe, "igb": igb, "bnxt_en": Bnxt, "sfc": Placing, "i40e": I40e, "qede": Qede}
    return drivers.get(found.driver, UnknownNic)(devices, name)


def vfs_changed(root, pf):
    """A driver has created or destroyed VFs: it makes its queues anew."""
    devices = Devices(root, Behaviour())
    for name in devices.names(hosts.DEVICES, pf, "net"):
        if name in devices.interfaces():  # else it is in another network namespace
            nic(devices, name).vfs_changed()


def link_changed(root, name):
    """An interface has gone up or down."""
    nic(Devices(root, Behaviour()), name).link_changed()


def mtu_changed(root, name):
    """An interface has another MTU."""
    nic(Devices(root, Behaviour()), name).mtu_changed()


class SimEthtool(Ethtool):
    """The real class on a simulated kernel; orders are kept in sim/writes, as an operator would give them.

    :param refuses: the beginning of such an order ("ethtool -N enp1s0 flow-type") -> errno.
    """

    def __init__(self, root, refuses=None):
        self._devices = Devices(str(root), Behaviour())
        self._refuses = refuses or {}

    def _ioctl(self, name, buffer):
        interface = nic(self._devices, name)
        command = ctypes.c_uint32.from_buffer(buffer).value
        orders, answer = COMMANDS[command]
        for order in orders(name, buffer) if orders else ():
            self._note(order)
        answer(interface, buffer)

    def _note(self, order):
        with open(self._devices.at("sim/writes"), "a", encoding="utf-8") as file:
            file.write(f"{order}\n")
        for beginning, number in self._refuses.items():
            if order.startswith(beginning):
                raise refusal(number)
