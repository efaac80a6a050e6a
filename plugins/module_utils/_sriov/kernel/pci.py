# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""PCI functions and their drivers: every path and verb below /sys/bus/pci."""

from __future__ import annotations

import functools
import re
import typing as t

from ..errors import KernelRefused, SriovError
from ..model.paths import PCI_DEVICES, PCI_DRIVERS, VFIO_PCI_HOLDERS
from .deadline import Deadline
from .sysfs import Write

if t.TYPE_CHECKING:
    from .sysfs import Sysfs

NO_OVERRIDE = ("", "(null)")  # how the kernel prints an unset driver_override
VIRTIO = "virtio-pci"  # drivers/virtio/virtio_pci_common.c
GONE = b"\xff\xff\xff\xff"  # what a device that does not answer reads as
TO_CLEAR = 1.0  # seconds for an override after a refusal, also where the time is over
MOST_FUNCTIONS = 0xFFFF
NETWORK = "0x02"  # how the class of a network controller begins
FUNCTION = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
VIRTFN = re.compile(r"virtfn([0-9]{1,5})")
VDPA = re.compile(r"vdpa\d+")  # its parent is the function: drivers/vdpa/ifcvf, virtio_pci, octeon_ep, pds
# A device on the auxiliary bus: "mlx5_core.eth.2" has the interface, "mlx5_core.vnet.2" vDPA, "pds_core.vDPA.2" too.
AUXILIARY = re.compile(r"\w+\.(\w+)\.\d+")
OF_INTERFACE = "eth"


class LockedFiles(t.NamedTuple):
    """What of a function is read under its lock.

    :param num_vfs: None where it is no PF.
    :param driver_override: None where it is unset.
    """

    num_vfs: int | None
    driver_override: str | None


class Pci:
    """Reads and writes by PCI address."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs

    def devices(self) -> list[str]:
        """Addresses of all functions: `ls /sys/bus/pci/devices`."""
        return self._sysfs.names(PCI_DEVICES)

    def exists(self, address: str) -> bool:
        return self._sysfs.exists(f"{PCI_DEVICES}/{address}")

    def attribute(self, address: str, name: str) -> str | None:
        """The text of one of its files; None where there is none."""
        return self._sysfs.read(f"{PCI_DEVICES}/{address}/{name}")

    def number(self, address: str, name: str) -> int | None:
        return self._sysfs.read_int(f"{PCI_DEVICES}/{address}/{name}")

    def count(self, address: str, name: str) -> int | None:
        """A number of VFs, or a distance between them: 16 bits (include/uapi/linux/pci_regs.h PCI_SRIOV_*)."""
        return self._within(f"{PCI_DEVICES}/{address}/{name}", self.number(address, name))

    def _within(self, path: str, value: int | None) -> int | None:
        if value is None or 0 <= value <= MOST_FUNCTIONS:
            return value
        self._sysfs.garbled(path)
        return None

    def ids(self, address: str) -> str:
        """ "8086:10fb"."""
        return ":".join((self.attribute(address, name) or "")[2:] for name in ("vendor", "device"))

    def with_ids(self, vendor: str, device: str) -> list[str]:
        """The functions that have these ids: `lspci -d VENDOR:DEVICE`."""
        of_vendor = (each for each in self.devices() if self.attribute(each, "vendor") == f"0x{vendor}")
        return [address for address in of_vendor if self.attribute(address, "device") == f"0x{device}"]

    def can_have_vfs(self, address: str) -> bool:
        """Whether it has the SR-IOV capability (drivers/pci/pci-sysfs.c, sriov_pf_dev_attr_group).

        A file that cannot be looked at is there.
        """
        path = f"{PCI_DEVICES}/{address}/sriov_numvfs"
        return self._sysfs.exists(path) or path in self._sysfs.refused

    def pfs(self) -> list[str]:
        """NICs with SR-IOV; GPUs and NVMe disks may have it too."""
        return [address for address in self.devices() if self.can_have_vfs(address) and self.is_nic(address)]

    def is_nic(self, address: str) -> bool:
        """Class 02, whichever kind of network, or there is an interface; where no class can be read, also SR-IOV."""
        known = self.attribute(address, "class") or (NETWORK if self.can_have_vfs(address) else "")
        return known.startswith(NETWORK) or bool(self.interfaces(address))

    def driver(self, address: str) -> str | None:
        return self._sysfs.link_name(f"{PCI_DEVICES}/{address}/driver")

    def iommu_group(self, address: str) -> str | None:
        """Its number, in digits."""
        path = f"{PCI_DEVICES}/{address}/iommu_group"
        name = self._sysfs.link_name(path)
        return None if self._sysfs.as_number(path, name) is None else name

    def physfn(self, address: str) -> str | None:
        """The PF of a VF."""
        return self._sysfs.link_name(f"{PCI_DEVICES}/{address}/physfn")

    def hops(self, address: str) -> list[str]:
        """The ports between the root and a function, and the function itself, from the root on."""
        path = (self._sysfs.link_target(f"{PCI_DEVICES}/{address}") or address).split("/")
        return [part for part in path if FUNCTION.fullmatch(part)]

    def answers(self, address: str) -> bool:
        """False when config space reads as all ones."""
        return self._sysfs.read_bytes(f"{PCI_DEVICES}/{address}/config", 4) != GONE

    def is_ethernet(self, address: str) -> bool:
        """Class 0200: its driver gives an interface."""
        return (self.attribute(address, "class") or "").startswith("0x0200")

    def interfaces(self, address: str) -> list[str]:
        """Names of its interfaces in this network namespace: several where ports share it, or VFs have representors.

        virtio puts a device of its own between the function and the interface.
        """
        names = self._sysfs.names(f"{PCI_DEVICES}/{address}/net")
        return self.virtio_interfaces(address) if not names and self.driver(address) == VIRTIO else names

    def has_vfio_driver(self, address: str) -> bool:
        """Whether its driver is one of vfio, whatever it is called (mlx5_vfio_pci, a vendor's own).

        Each of them registers a device of class vfio-dev below the function since Linux 6.1 (drivers/vfio/vfio_main.c
        vfio_init_device); before that the module of each uses that of vfio_pci_core.
        """
        if self.children(address, "vfio-dev"):
            return True
        module = self._sysfs.link_name(f"{PCI_DEVICES}/{address}/driver/module")
        return module is not None and module in self._sysfs.names(VFIO_PCI_HOLDERS)

    def is_given_away(self, address: str) -> bool:
        """Whether its driver has made something of it that cannot have an interface: a node for user space, vDPA."""
        entries = self._sysfs.names(f"{PCI_DEVICES}/{address}")
        return any(entry in ("vfio-dev", "uio") or VDPA.fullmatch(entry) for entry in entries)

    def has_other_parts(self, address: str) -> bool:
        """Whether its driver has divided it into parts none of which is an interface (`devlink dev param`, enable_eth
        false)."""
        parts = [AUXILIARY.fullmatch(entry) for entry in self._sysfs.names(f"{PCI_DEVICES}/{address}")]
        kinds = {part.group(1) for part in parts if part}
        return bool(kinds) and OF_INTERFACE not in kinds

    def children(self, address: str, kind: str) -> list[str]:
        """Names below one of its directories: "uio", "vfio-dev", "infiniband_verbs"."""
        return self._sysfs.names(f"{PCI_DEVICES}/{address}/{kind}")

    def virtio_interfaces(self, address: str) -> list[str]:
        base = f"{PCI_DEVICES}/{address}"
        between = [entry for entry in self._sysfs.names(base) if entry.startswith("virtio")]
        return [name for entry in between for name in self._sysfs.names(f"{base}/{entry}/net")]

    def virtual_functions(self, pf: str) -> dict[str, int]:
        """Addresses of a PF's VFs and their indices: virtfnN's N, never the order of the names (virtfn10 < virtfn2)."""
        return {address: index for index, address in self.vf_links(pf).items() if address}

    def vf_links(self, pf: str) -> dict[int, str | None]:
        """Each N of the virtfnN that are there, and what virtual_function() tells of it."""
        found = (VIRTFN.fullmatch(entry) for entry in self._sysfs.names(f"{PCI_DEVICES}/{pf}"))
        indices = sorted(int(match.group(1)) for match in found if match)
        return {index: self.virtual_function(pf, index) for index in indices}

    def virtual_function(self, pf: str, index: int) -> str | None:
        """The function that virtfnN points to; None where there is none.

        The kernel leaves the link of a VF that was removed by itself (drivers/pci/iov.c pci_iov_remove_virtfn).
        """
        address = self._sysfs.link_name(f"{PCI_DEVICES}/{pf}/virtfn{index}")
        return address if address and self.exists(address) else None

    def drivers(self) -> list[str]:
        """Names of the PCI drivers that are registered."""
        return self._sysfs.names(PCI_DRIVERS)

    def has_driver(self, name: str) -> bool:
        return self._sysfs.exists(f"{PCI_DRIVERS}/{name}")

    def module_of_driver(self, name: str) -> str | None:
        """The module that has registered a driver; None of one that is built in, or not registered."""
        return self._sysfs.link_name(f"{PCI_DRIVERS}/{name}/module")

    def num_vfs(self, address: str, timeout: float) -> int | None:
        """None where it is no PF.

        :raises StillInKernel: another change of the device holds its lock.
        """
        return self._count(address, self._sysfs.read_blocking([f"{PCI_DEVICES}/{address}/sriov_numvfs"], timeout)[0])

    def locked_files(self, addresses: list[str], timeout: float) -> dict[str, LockedFiles]:
        """What is read under the device lock, of all of them in one child process.

        sriov_numvfs takes the lock, and on some kernels (6.1) driver_override: a look must not hang behind an unbind
        that is blocked.

        :raises StillInKernel: another change of a device holds its lock.
        """
        names = ("sriov_numvfs", "driver_override")
        paths = [f"{PCI_DEVICES}/{address}/{name}" for address in addresses for name in names]
        texts = iter(self._sysfs.read_blocking(paths, timeout))
        pairs = {address: (next(texts), next(texts)) for address in addresses}
        return {a: LockedFiles(self._count(a, count), _override_of(override)) for a, (count, override) in pairs.items()}

    def _count(self, address: str, text: str | None) -> int | None:
        """0 where it cannot be read: a PF that does not tell is one all the same."""
        path = f"{PCI_DEVICES}/{address}/sriov_numvfs"
        if text is None and not self.can_have_vfs(address):
            return None
        return self._within(path, self._sysfs.as_number(path, text)) or 0

    def set_num_vfs(self, address: str, count: int, timeout: float) -> None:
        """`echo COUNT > sriov_numvfs`.

        :raises SriovError: as Sysfs.write().
        """
        self._sysfs.write(f"{PCI_DEVICES}/{address}/sriov_numvfs", str(count), timeout)

    def set_drivers_autoprobe(self, address: str, on: bool, timeout: float) -> None:
        """`echo 1 > sriov_drivers_autoprobe`."""
        self._sysfs.write(f"{PCI_DEVICES}/{address}/sriov_drivers_autoprobe", str(int(on)), timeout)

    def set_override(self, address: str, driver: str, timeout: float) -> None:
        """`echo DRIVER > driver_override`; "" clears it."""
        self._sysfs.write(f"{PCI_DEVICES}/{address}/driver_override", f"{driver}\n", timeout)

    def unbind(self, address: str, timeout: float) -> None:
        """`echo ADDRESS > driver/unbind`; nothing where nothing is bound."""
        if self.driver(address):
            self._sysfs.write(f"{PCI_DEVICES}/{address}/driver/unbind", address, timeout)

    def can_reset(self, address: str) -> bool:
        """Whether the kernel knows a way (drivers/pci/pci.c pci_reset_supported); `cat reset_method` has the ways."""
        return self._sysfs.exists(f"{PCI_DEVICES}/{address}/reset")

    def reset(self, address: str, timeout: float) -> None:
        """`echo 1 > reset`: of a VF a function-level reset."""
        self._sysfs.write(f"{PCI_DEVICES}/{address}/reset", "1", timeout)

    def rebind(self, address: str, driver: str, timeout: float) -> None:
        """Give a device another driver, or the same one anew, whatever it has.

        driver_override (never new_id, which takes every device of that id) also lets a VF be bound while the PF's
        sriov_drivers_autoprobe is 0 (drivers/pci/pci-driver.c pci_device_can_probe). It is cleared in the end: a name
        left behind would keep every other driver away. The driver's bind file hands on the errno of its probe;
        drivers_probe would answer success whatever came of it (drivers/base/bus.c bind_store, drivers_probe_store).
        Older kernels lose the errno there too, hence the look at what is bound.

        :raises SriovError: the bind was refused; the override is cleared.
        :raises StillInKernel: the device is locked, and nothing after that write was written: an override may be left.
        """
        for _done in self.rebind_all([(address, driver)], timeout):
            pass

    def rebind_all(self, wanted: t.Sequence[tuple[str, str]], timeout: float) -> t.Iterator[str]:
        """rebind() for several devices, all writes in one child process; gives each address as it is done.

        :param wanted: (address, driver).
        :param timeout: seconds for all of them.
        :raises SriovError: as rebind(), for the device after the last that was given.
        """
        left, deadline = list(wanted), Deadline(timeout)
        try:
            for write in self._sysfs.write_all([w for each in wanted for w in self._rebind(*each)], timeout):
                if write == _override(left[0][0], ""):
                    yield left.pop(0)[0]
        except KernelRefused as error:
            try:
                self.set_override(left[0][0], "", max(deadline.left(), TO_CLEAR))
            except SriovError as another:
                error.why += f"; its driver_override is left ({another})"
            raise

    def _rebind(self, address: str, driver: str) -> list[Write]:
        bind = Write(f"{PCI_DRIVERS}/{driver}/bind", address, functools.partial(self._check_bound, address, driver))
        # Asked where it is written: udev may bind a VF while others are bound before it.
        unbind = _unbind(address)._replace(only_if=functools.partial(self._has_driver, address))
        return [unbind, _override(address, driver), bind, _override(address, "")]

    def _has_driver(self, address: str) -> bool:
        return self.driver(address) is not None

    def _check_bound(self, address: str, driver: str) -> None:
        bound = self.driver(address)
        if bound != driver:
            raise KernelRefused(f"the kernel bound {bound or 'no driver'} instead")


def _override_of(text: str | None) -> str | None:
    return None if text is None or text in NO_OVERRIDE else text


def _unbind(address: str) -> Write:
    return Write(f"{PCI_DEVICES}/{address}/driver/unbind", address)


def _override(address: str, driver: str) -> Write:
    """A newline clears it: a write of no bytes never reaches the kernel."""
    return Write(f"{PCI_DEVICES}/{address}/driver_override", f"{driver}\n")


def vfio_alias(alias: str) -> str:
    """What a vfio driver for this one kind of device, such as mlx5_vfio_pci, has in the place of a modalias.

    Such a driver never matches by itself (include/linux/pci.h PCI_DRIVER_OVERRIDE_DEVICE_VFIO).
    """
    return f"vfio_{alias}"


def vf_alias(vendor: str, device: str) -> str:
    """The modalias of a network function that is not there yet (drivers/pci/pci-sysfs.c modalias_show).

    VF drivers match by vendor and device; what a VF's subsystem will be is not known.
    """
    return f"pci:v0000{vendor.upper()}d0000{device.upper()}sv00000000sd00000000bc02sc00i00"
