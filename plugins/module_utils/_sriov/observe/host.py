# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads the host into model objects. Nothing here writes."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..model.host import Device, Holder, Host, Netdev, Pf
from ..model.queues import Queues
from .holders import elsewhere, interface_holders, open_nodes
from .management import management_holders, ssh_peer

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.kernel import Kernel
    from ..kernel.sysfs import Sysfs

PCI_DEVICES = "/sys/bus/pci/devices"
PCI_DRIVERS = "/sys/bus/pci/drivers"
NO_IOMMU_PARAMETER = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
XDP_SKB = 2  # include/uapi/linux/if_link.h XDP_ATTACHED_SKB
NO_OVERRIDE = ("", "(null)")  # how the kernel prints an unset driver_override


NOT_HERE = Holder("netns", "its interface is not in this network namespace")


class Observer:
    """One look at the host: what many devices share is read once.

    :param timeout: seconds for reads that take a device lock.
    """

    def __init__(self, kernel: Kernel, timeout: float = 30.0) -> None:
        self._kernel = kernel
        self._sysfs = kernel.sysfs
        self._timeout = timeout
        self._interfaces = kernel.link.interfaces()
        self._management = management_holders(kernel, self._interfaces)
        self._open_nodes = open_nodes(kernel.sysfs)
        self._devices: dict[str, Device] = {}
        self._indices: dict[str, dict[str, int]] = {}
        self._modules: dict[str, str | None] = {}
        self._elsewhere: dict[str, list[Holder]] | None = None
        self._overrides: dict[str, str | None] = {}

    def device(self, address: str) -> Device:
        """One PCI function with its interfaces and its users."""
        if address not in self._devices:
            self._devices[address] = self._device(address)
        return self._devices[address]

    def vf_indices(self, pf: str) -> dict[str, int]:
        """Addresses of a PF's VFs and their indices."""
        if pf not in self._indices:
            self._indices[pf] = virtual_functions(self._sysfs, pf)
        return self._indices[pf]

    def _device(self, address: str) -> Device:
        base = f"{PCI_DEVICES}/{address}"
        read, link = self._sysfs.read, self._sysfs.link_name
        driver = link(f"{base}/driver")
        group = link(f"{base}/iommu_group")
        override = self._override(address)
        physfn = link(f"{base}/physfn")
        numa_node = self._sysfs.read_int(f"{base}/numa_node")
        node = self._node(base, driver, group)
        status = self._sysfs.status(node) if node else None
        return Device(
            address=address,
            vendor=(read(f"{base}/vendor") or "")[2:],
            device=(read(f"{base}/device") or "")[2:],
            driver=driver,
            driver_override=None if override is None or override in NO_OVERRIDE else override,
            default_driver=self._default_driver(base),
            iommu_group=int(group) if group else None,
            numa_node=-1 if numa_node is None else numa_node,
            physfn=physfn,
            vf=None if physfn is None else self.vf_indices(physfn).get(address),
            num_vfs=self._num_vfs(base),
            answers=self._sysfs.read_bytes(f"{base}/config", 4) != b"\xff\xff\xff\xff",
            netdevs=self._netdevs(base),
            dev_node=node,
            dev_owner=status.st_uid if status else None,
            dev_group=status.st_gid if status else None,
            dev_mode=status.st_mode & 0o7777 if status else None,
            holders=self._holders(base, address, driver, node),
        )

    def pf(self, address: str) -> Pf:
        """A physical function and its VFs; each VF at its index."""
        base = f"{PCI_DEVICES}/{address}"
        indices = self.vf_indices(address)
        self._read_overrides([address, *indices])
        device = self.device(address)
        number = self._sysfs.read_int
        vf_device = self._sysfs.read(f"{base}/sriov_vf_device") or ""
        return Pf(
            device=device,
            total_vfs=number(f"{base}/sriov_totalvfs") or 0,
            num_vfs=self._num_vfs(base) or 0,
            drivers_autoprobe=self._sysfs.read(f"{base}/sriov_drivers_autoprobe") != "0",
            vfs=self._vfs(device, sorted(indices, key=lambda vf: indices[vf])),
            online_cpus=cpu_count(self._sysfs.read("/sys/devices/system/cpu/online") or "0"),
            queues=self._queues(device),
            perm_mac=self._permanent_mac(device.netdev),
            vf_offset=number(f"{base}/sriov_offset") or 0,
            vf_stride=number(f"{base}/sriov_stride") or 0,
            vf_device=vf_device,
            vf_default_driver=self._driver_of_alias(vf_alias(device.vendor, vf_device)) if vf_device else None,
        )

    def _vfs(self, pf: Device, addresses: list[str]) -> tuple[Device, ...]:
        told = self._kernel.link.vf_attributes(pf.netdev.name) if pf.netdev and addresses else {}
        for vf in (self.device(address) for address in addresses):
            self._devices[vf.address] = replace(vf, attributes=told.get(-1 if vf.vf is None else vf.vf))
        return tuple(self._devices[address] for address in addresses)

    def _queues(self, pf: Device) -> Queues:
        if pf.netdev is None:
            return Queues()
        ethtool, name = self._kernel.ethtool, pf.netdev.name
        return Queues(ethtool.channels(name), ethtool.rss(name), ethtool.feature(name), ethtool.rules(name))

    def _permanent_mac(self, netdev: Netdev | None) -> str | None:
        return (self._kernel.ethtool.permanent_mac(netdev.name) or netdev.perm_mac) if netdev else None

    def host(self, devices: Iterable[Device], drivers: Iterable[str]) -> Host:
        """What a plan needs to know beside the devices.

        :param drivers: names of drivers that the plan may want; only these are looked up as modules.
        """
        registered = frozenset(self._sysfs.names(PCI_DRIVERS))
        groups = {device.iommu_group for device in devices if device.iommu_group is not None}
        return Host(
            drivers=registered,
            modules=frozenset(name for name in drivers if name not in registered and self._kernel.resolve_module(name)),
            lockdown=lockdown_mode(self._sysfs.read("/sys/kernel/security/lockdown") or ""),
            iommu=bool(self._sysfs.names("/sys/kernel/iommu_groups")),
            noiommu_mode=self._noiommu_mode(),
            groups=tuple((group, self._group(group)) for group in sorted(groups)),
            ssh=ssh_peer(self._sysfs),
        )

    def _override(self, address: str) -> str | None:
        if address not in self._overrides:
            self._read_overrides([address])
        return self._overrides[address]

    def _read_overrides(self, addresses: list[str]) -> None:
        """Some kernels (6.1) take the device lock for driver_override: a look must not hang behind a blocked unbind."""
        paths = [f"{PCI_DEVICES}/{address}/driver_override" for address in addresses]
        self._overrides.update(zip(addresses, self._sysfs.read_blocking(paths, self._timeout)))

    def _num_vfs(self, base: str) -> int | None:
        if not self._sysfs.exists(f"{base}/sriov_numvfs"):
            return None
        return int(self._sysfs.read_blocking([f"{base}/sriov_numvfs"], self._timeout)[0] or 0)

    def _default_driver(self, base: str) -> str | None:
        alias = self._sysfs.read(f"{base}/modalias")
        return self._driver_of_alias(alias) if alias else None

    def _driver_of_alias(self, alias: str) -> str | None:
        if alias not in self._modules:
            self._modules[alias] = self._driver_of_module(self._kernel.resolve_module(alias))
        return self._modules[alias]

    def _driver_of_module(self, module: str | None) -> str | None:
        """The PCI driver that a module registers (virtio_pci: virtio-pci); the module's name while not loaded."""
        registered = [
            d[len("pci:") :] for d in self._sysfs.names(f"/sys/module/{module}/drivers") if d.startswith("pci:")
        ]
        return registered[0] if module and len(registered) == 1 else module

    def _netdevs(self, base: str) -> tuple[Netdev, ...]:
        names = self._sysfs.names(f"{base}/net")
        return tuple(self._netdev(entry) for entry in self._interfaces if entry["ifname"] in names)

    def _netdev(self, entry: dict[str, t.Any]) -> Netdev:
        name = entry["ifname"]
        flags = entry.get("flags", [])
        return Netdev(
            name=name,
            ifindex=entry["ifindex"],
            mac=entry.get("address", ""),
            perm_mac=entry.get("permaddr", entry.get("address", "")),
            altnames=tuple(entry.get("altnames", ())),
            up="UP" in flags,
            carrier="LOWER_UP" in flags,
            mtu=entry.get("mtu", 0),
            xdp=entry.get("xdp", {}).get("mode", XDP_SKB) != XDP_SKB,
            xdp_generic=entry.get("xdp", {}).get("mode") == XDP_SKB,
            num_tc=self._traffic_classes(name),
            min_mtu=entry.get("min_mtu", 0),
            max_mtu=entry.get("max_mtu", 0),
        )

    def _traffic_classes(self, name: str) -> int:
        queues = self._sysfs.names(f"/sys/class/net/{name}/queues")
        classes = (self._sysfs.read(f"/sys/class/net/{name}/queues/{queue}/traffic_class") for queue in queues)
        return len({value for value in classes if value})

    def _node(self, base: str, driver: str | None, group: str | None) -> str | None:
        """/dev/vfio/N or /dev/uioN, whichever the driver gives."""
        uio = self._sysfs.names(f"{base}/uio")
        if uio:
            return f"/dev/{uio[0]}"
        bypass = BYPASS_DRIVERS.get(driver or "")
        if not (bypass and bypass.iommu and group):
            return None
        no_iommu = f"/dev/vfio/noiommu-{group}"
        return no_iommu if self._sysfs.exists(no_iommu) else f"/dev/vfio/{group}"

    def _holders(self, base: str, address: str, driver: str | None, node: str | None) -> tuple[Holder, ...]:
        found = [holder for name in self._nodes(base, node) for holder in self._open_nodes.get(name, [])]
        names = self._sysfs.names(f"{base}/net")
        for entry in (entry for entry in self._interfaces if entry["ifname"] in names):
            found += interface_holders(entry, self._interfaces) + self._management.get(entry["ifname"], [])
        # An interface that went to another namespace has left net/, but its driver is still there.
        if driver and not names and driver not in BYPASS_DRIVERS and is_ethernet(self._sysfs, address):
            found += self._in_other_namespaces().get(address, [NOT_HERE])
        return tuple(found)

    def _in_other_namespaces(self) -> dict[str, list[Holder]]:
        if self._elsewhere is None:
            self._elsewhere = elsewhere(self._kernel)
        return self._elsewhere

    def _nodes(self, base: str, node: str | None) -> list[str]:
        """Every node that user space may have open: vfio's, whichever vfio driver it is (also vfioX of newer kernels),
        and that of RDMA, which mlx5's DPDK driver uses beside the kernel's."""
        group = self._sysfs.link_name(f"{base}/iommu_group")
        nodes = {node or f"/dev/vfio/{group}"}
        nodes |= {f"/dev/vfio/devices/{name}" for name in self._sysfs.names(f"{base}/vfio-dev")}
        nodes |= {f"/dev/infiniband/{name}" for name in self._sysfs.names(f"{base}/infiniband_verbs")}
        return sorted(nodes)

    def _noiommu_mode(self) -> bool | None:
        value = self._sysfs.read(NO_IOMMU_PARAMETER)
        if value is not None:
            return value == "Y"
        if self._sysfs.exists("/sys/module/vfio"):
            return None
        config = self._sysfs.read(f"/boot/config-{self._kernel.release}")
        return None if config is not None and "CONFIG_VFIO_NOIOMMU=y" not in config else False

    def _group(self, group: int) -> tuple[Device, ...]:
        return tuple(self.device(address) for address in self._sysfs.names(f"/sys/kernel/iommu_groups/{group}/devices"))


def virtual_functions(sysfs: Sysfs, pf: str) -> dict[str, int]:
    """Addresses of a PF's VFs and their indices: virtfnN's N, never the order of the names (virtfn10 < virtfn2)."""
    entries = (entry for entry in sysfs.names(f"{PCI_DEVICES}/{pf}") if re.fullmatch(r"virtfn\d+", entry))
    targets = ((sysfs.link_name(f"{PCI_DEVICES}/{pf}/{entry}"), int(entry[len("virtfn") :])) for entry in entries)
    return {address: index for address, index in targets if address}


def vf_alias(vendor: str, device: str) -> str:
    """The modalias of a network function that is not there yet (drivers/pci/pci-sysfs.c modalias_show).

    VF drivers match by vendor and device; what a VF's subsystem will be is not known.
    """
    return f"pci:v0000{vendor.upper()}d0000{device.upper()}sv00000000sd00000000bc02sc00i00"


def is_ethernet(sysfs: Sysfs, address: str) -> bool:
    """Class 0200: its driver gives an interface."""
    return (sysfs.read(f"{PCI_DEVICES}/{address}/class") or "").startswith("0x0200")


def lockdown_mode(text: str) -> str:
    """The bracketed word of /sys/kernel/security/lockdown: "[none] integrity" is not locked down."""
    match = re.search(r"\[(\w+)\]", text)
    return match.group(1) if match else "none"


def cpu_count(ranges: str) -> int:
    """How many CPUs "0-3,8" are."""
    total = 0
    for part in ranges.split(","):
        first, _dash, last = part.partition("-")
        total += int(last or first) - int(first) + 1
    return total
