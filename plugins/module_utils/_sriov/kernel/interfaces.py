# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What /sys/class/net tells of an interface that `ip` does not."""

from __future__ import annotations

import re
import typing as t

from ..model.paths import INTERFACES, PCI_DEVICES, UDEV, UDEV_INTERFACES, VIRTIO_DEVICES

if t.TYPE_CHECKING:
    from .sysfs import Sysfs


PCI_ADDRESS = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


class Interfaces:
    """Reads by interface name."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs

    def names(self) -> list[str]:
        """All of them. (The file bonding_masters beside them is none.)"""
        return [name for name in self._sysfs.names(INTERFACES) if self._sysfs.names(f"{INTERFACES}/{name}")]

    def exists(self, name: str) -> bool:
        return self._sysfs.exists(f"{INTERFACES}/{name}")

    def has_device(self, name: str) -> bool:
        """False for a bond, a bridge, a VLAN."""
        return self._sysfs.exists(f"{INTERFACES}/{name}/device")

    def device(self, name: str) -> str | None:
        """The device behind it: a PCI address, or virtio's own "virtio0"."""
        return self._sysfs.link_name(f"{INTERFACES}/{name}/device")

    def function(self, name: str) -> str | None:
        """The PCI function behind it."""
        device = self.device(name)
        return self.function_of_device(device) if device else None

    def function_of_device(self, device: str) -> str | None:
        """The PCI function that a device is, or is on: virtio puts one of its own between, and vDPA one more.

        :param device: a PCI address, or virtio's own "virtio0".
        """
        if self._sysfs.exists(f"{PCI_DEVICES}/{device}"):
            return device
        found = function_in_path(self._sysfs.link_target(f"{VIRTIO_DEVICES}/{device}") or "")
        return found if found and self._sysfs.exists(f"{PCI_DEVICES}/{found}") else None

    def bus(self, name: str) -> str | None:
        """Of the device behind it: "pci", "virtio", "usb", "vmbus"."""
        return self._sysfs.link_name(f"{INTERFACES}/{name}/device/subsystem")

    def driver(self, name: str) -> str | None:
        return self._sysfs.link_name(f"{INTERFACES}/{name}/device/driver")

    def number(self, name: str, word: str) -> int | None:
        """One of its files: ifindex, iflink, mtu; flags, which is hexadecimal ("0x1003")."""
        try:
            return int(self._sysfs.read(f"{INTERFACES}/{name}/{word}") or "", 0)
        except ValueError:
            return None

    def set_number(self, name: str, word: str, value: int, timeout: float) -> None:
        """One of its files: napi_defer_hard_irqs.

        :param timeout: seconds: it is written under the rtnl lock.
        :raises KernelRefused, StillInKernel: see Sysfs.write().
        """
        self._sysfs.write(f"{INTERFACES}/{name}/{word}", str(value), timeout)

    def has_last_name(self, name: str) -> bool:
        """Whether udev has worked it off, and so renames it no more (libudev's udev_device_get_is_initialized); true
        where there is no udev.
        """
        index = self.number(name, "ifindex")
        return not self._sysfs.exists(UDEV) or (index is not None and self._sysfs.exists(f"{UDEV_INTERFACES}{index}"))

    def address(self, name: str) -> str | None:
        return self._sysfs.read(f"{INTERFACES}/{name}/address")

    def master(self, name: str) -> str | None:
        """The bond or bridge that it is a port of."""
        return self._sysfs.link_name(f"{INTERFACES}/{name}/master")

    def speed(self, name: str) -> int:
        """Of its link, in Mbit/s; 0 where the kernel does not say (SPEED_UNKNOWN is -1)."""
        return max(self.number(name, "speed") or 0, 0)

    def carrier(self, name: str) -> bool:
        return self._sysfs.read(f"{INTERFACES}/{name}/carrier") == "1"

    def lowers(self, name: str) -> list[str]:
        """Interfaces right below it: the ports of a bond or bridge, the parent of a VLAN."""
        entries = self._sysfs.names(f"{INTERFACES}/{name}")
        return [entry[len("lower_") :] for entry in entries if entry.startswith("lower_")]

    def rx_queues(self, name: str) -> int:
        """How many are in use: net/core/net-sysfs.c net_rx_queue_update_kobjects() follows real_num_rx_queues."""
        return sum(queue.startswith("rx-") for queue in self._sysfs.names(f"{INTERFACES}/{name}/queues"))

    def statistics(self, name: str) -> dict[str, int]:
        """`ip -s -s link show NAME`: the kernel's own counters of what is received, which each interface has."""
        folder = f"{INTERFACES}/{name}/statistics"
        values = {each: self._sysfs.read_int(f"{folder}/{each}") for each in self._sysfs.names(folder)}
        return {each: value for each, value in values.items() if each.startswith("rx_") and value is not None}

    def traffic_classes(self, name: str) -> int:
        """How many (DCB); 0 where there are none."""
        queues = self._sysfs.names(f"{INTERFACES}/{name}/queues")
        classes = (self._sysfs.read(f"{INTERFACES}/{name}/queues/{queue}/traffic_class") for queue in queues)
        return len({value for value in classes if value})


def function_in_path(path: str) -> str | None:
    """The PCI function that a device is below: ".../0000:01:00.0/0000:01:10.0/vdpa0" is on 0000:01:10.0."""
    return next((part for part in reversed(path.split("/")) if PCI_ADDRESS.fullmatch(part)), None)
