# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""One look at a host: its devices, PFs and VFs as the model has them. Nothing here writes."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import KernelRefused
from ..kernel.link import vf_attributes
from ..kernel.pci import LockedFiles, vf_alias
from ..knowledge import index
from ..knowledge.bypass_drivers import bypass_driver
from ..knowledge.index import without_port
from ..knowledge.told import as_meant
from ..model.host import Cdev, Device, Host, Pf
from ..model.paths import device_node, infiniband_node, uio_node, vfio_device_node, vfio_node
from ..model.queues import Queues
from .default_driver import Choice, DefaultDrivers
from .holders import Users
from .macvlans import carried_macvlans
from .management import management_holders, ssh_peer, ssh_peers
from .netdevs import netdevs_of
from .places import Place, Places
from .ports import is_own
from .unseen import unseen_of_function, unseen_parts
from .xsk import with_xsk

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..kernel.kernel import Kernel
    from ..model.attributes import VfAttributes
    from ..model.holders import Holder
    from ..model.host import Netdev


class Observer:
    """One look at the host: what many devices share is read once.

    :param timeout: seconds for reads that take a device lock.
    :param blocked: functions whose lock the kernel has not let go yet, by PCI address; nothing is read under it.
    """

    def __init__(self, kernel: Kernel, timeout: float = 30.0, blocked: Mapping[str, str] | None = None) -> None:
        self._kernel = kernel
        self._pci = kernel.pci
        self._timeout = timeout
        self.interfaces = kernel.link.interfaces()
        self._management = management_holders(kernel, self.interfaces)
        self._users = Users(kernel, self.interfaces)
        self._nics: set[str] = set()
        self._devices: dict[str, Device] = {}
        self._links: dict[str, dict[int, str | None]] = {}
        self._places = Places(kernel, self._users)
        self._defaults = DefaultDrivers(kernel)
        self._locked = {address: LockedFiles(None, None) for address in blocked or ()}

    def users_of_vfs(self, pf: str) -> list[str]:
        """Who uses the VFs of a PF, in words; without its lock, and of VFs whose virtfnN has gone already as well."""
        vfs = (address for address in self._pci.devices() if self._pci.physfn(address) == pf)
        return [f"{vf}: {holder.text}" for vf in vfs for holder in self._holders(vf, None, pf)]

    def users(self, address: str) -> tuple[Holder, ...]:
        """Who uses one PCI function; without its lock."""
        driver, group, physfn = self._kin(address)
        vfio = self._is_vfio(address, driver)
        place = self._place(address, driver, vfio, physfn)
        return (*self._holders(address, self._node(address, vfio, group), physfn), *place.holders)

    def device(self, address: str) -> Device:
        """One PCI function with its interfaces and its users."""
        if address not in self._devices:
            self._devices[address] = self._device(address)
        return self._devices[address]

    def _virtual_functions(self, pf: str) -> dict[str, int]:
        if pf not in self._links:
            self._links[pf] = self._pci.vf_links(pf)
        return {address: index for index, address in self._links[pf].items() if address}

    def _device(self, address: str) -> Device:
        driver, group, physfn = self._kin(address)
        locked = self._locked_files(address)
        default = self._defaults.of_device(address, driver, locked.num_vfs is not None or address in self._nics, physfn)
        numa_node = self._pci.number(address, "numa_node")
        vfio = self._is_vfio(address, driver)
        node = self._node(address, vfio, group)
        access = self._kernel.system.access(node) if node else None
        place = self._place(address, driver, vfio, physfn)
        return Device(
            address=address,
            vendor=(self._pci.attribute(address, "vendor") or "")[2:],
            device=(self._pci.attribute(address, "device") or "")[2:],
            driver=driver,
            driver_override=locked.driver_override,
            default_driver=default.driver,
            possible_drivers=default.possible,
            iommu_group=int(group) if group else None,
            numa_node=-1 if numa_node is None else numa_node,
            physfn=physfn,
            vf=None if physfn is None else self._virtual_functions(physfn).get(address),
            num_vfs=locked.num_vfs,
            answers=self._pci.answers(address),
            netdevs=netdevs_of(self._kernel, self.interfaces, address),
            dev_node=node,
            dev_owner=access.owner if access else None,
            dev_group=access.group if access else None,
            dev_mode=access.mode if access else None,
            cdev=self._cdev(address) if vfio else None,
            vfio=vfio,
            away=place.away,
            orphan=place.orphan,
            holders=(*self._holders(address, node, physfn), *place.holders),
        )

    def pf(self, address: str, port: str = "") -> Pf:
        """A physical function and its VFs, each VF at its index; or a NIC without SR-IOV, which has none.

        :param port: the interface that is meant, where one is.
        """
        indices = self._virtual_functions(address)
        self._locked.update(self._pci.locked_files([address, *indices], self._timeout))
        self._nics.add(address)
        device = self._devices[address] = self._with_speed(replace(self.device(address), port=port))
        vfs = self._vfs(device, sorted(indices, key=lambda vf: indices[vf]))
        vf_device = self._pci.attribute(address, "sriov_vf_device") or ""
        default = self._vf_default_driver(device, vfs, vf_device)
        seen = Pf(
            device=device,
            total_vfs=self._pci.count(address, "sriov_totalvfs") or 0,
            num_vfs=device.num_vfs or 0,
            drivers_autoprobe=self._pci.attribute(address, "sriov_drivers_autoprobe") != "0",
            vfs=vfs,
            online_cpus=self._kernel.system.online_cpus() or 1,  # one there is; see unread
            queues=self._queues(device),
            perm_mac=self._permanent_mac(device.netdev),
            vf_offset=self._pci.count(address, "sriov_offset") or 0,
            vf_stride=self._pci.count(address, "sriov_stride") or 0,
            vf_device=vf_device,
            vf_default_driver=default.driver,
            vf_possible_drivers=default.possible,
            macvlans=self._macvlans(device),
        )
        name = device.netdev.name if device.netdev else None
        unread = unseen_parts(self._kernel, device, name, self._links[address], vfs)
        return with_xsk(self._kernel, replace(seen, unread=unread))

    def _with_speed(self, pf: Device) -> Device:
        if pf.netdev is None or not pf.netdev.carrier:
            return pf
        return pf.with_netdev(replace(pf.netdev, speed=self._kernel.interfaces.speed(pf.netdev.name)))

    def _vfs(self, pf: Device, addresses: list[str]) -> tuple[Device, ...]:
        reported = self._reported_attributes(pf.netdev) if pf.netdev and addresses else {}
        for vf in (self.device(address) for address in addresses):
            told = reported.get(-1 if vf.vf is None else vf.vf)
            support = index.driver(pf.driver, pf.vendor, pf.device).vf_support
            attributes = told and as_meant(told, support, pf.netdev.speed if pf.netdev else 0)
            self._devices[vf.address] = replace(vf, attributes=attributes)
        return tuple(self._devices[address] for address in addresses)

    def _reported_attributes(self, netdev: Netdev) -> dict[int, VfAttributes]:
        """`ip -d address` has them too, but where its iproute2 is old."""
        entry = next(entry for entry in self.interfaces if entry["ifname"] == netdev.name)
        if "vfinfo_list" in entry:
            return vf_attributes([entry])
        try:
            return self._kernel.link.vf_attributes(netdev.name)
        except KernelRefused as refused:
            self._kernel.note(f"the attributes of the VFs of {netdev.name}", str(refused).rstrip("."))
            return {}

    def _vf_default_driver(self, pf: Device, vfs: tuple[Device, ...], vf_device: str) -> Choice:
        """All VFs of a PF have one device id: what one would get they all do."""
        if vfs:
            return Choice(vfs[0].default_driver, vfs[0].possible_drivers)
        return self._defaults.of_alias(vf_alias(pf.vendor, vf_device), pf.address) if vf_device else Choice(None)

    def _queues(self, pf: Device) -> Queues:
        if pf.netdev is None:
            return Queues()
        ethtool, name = self._kernel.ethtool, pf.netdev.name
        return Queues(
            ethtool.channels(name),
            ethtool.rss(name),
            ethtool.feature(name),
            ethtool.rules(name, index.driver(pf.driver).steering.masks_told),
            ethtool.ring_sizes(name),
        )

    def _macvlans(self, pf: Device) -> int:
        if pf.netdev is None or not index.driver(pf.driver).macvlans_cost_vfs:
            return 0
        return carried_macvlans(self._kernel, self.interfaces, pf.netdev.name)

    def _permanent_mac(self, netdev: Netdev | None) -> str | None:
        return (self._kernel.ethtool.permanent_mac(netdev.name) or netdev.perm_mac) if netdev else None

    def host(self, devices: Iterable[Device], drivers: Iterable[str]) -> Host:
        """What a plan needs to know beside the devices.

        :param drivers: names of drivers that the plan may want; only these are looked up as modules.
        """
        system, registered = self._kernel.system, frozenset(self._pci.drivers())
        groups = {device.iommu_group for device in devices if device.iommu_group is not None}
        return Host(
            drivers=registered,
            modules=frozenset(name for name in drivers if name not in registered and self._kernel.resolve_module(name)),
            lockdown=system.lockdown(),
            iommu=system.iommu_is_on(),
            noiommu_mode=system.noiommu_mode(),
            groups=tuple((group, self._group(group)) for group in sorted(groups)),
            ssh=ssh_peer(self._kernel.processes),
            sessions=tuple(ssh_peers(self._kernel)) if self._kernel.guards_every_session else (),
        )

    def _locked_files(self, address: str) -> LockedFiles:
        if address not in self._locked:
            self._locked.update(self._pci.locked_files([address], self._timeout))
        return self._locked[address]

    def _kin(self, address: str) -> tuple[str | None, str | None, str | None]:
        """Driver, group and PF."""
        return self._pci.driver(address), self._pci.iommu_group(address), self._pci.physfn(address)

    def _is_vfio(self, address: str, driver: str | None) -> bool:
        """Whether user space has it by vfio; a driver that has given an interface is none, whatever it is called."""
        asked = driver is not None and not self._pci.interfaces(address) and bypass_driver(driver) is None
        bypass = bypass_driver(driver, asked and self._pci.has_vfio_driver(address))
        return bool(bypass and bypass.iommu)

    def _place(self, address: str, driver: str | None, vfio: bool, physfn: str | None) -> Place:
        if self._pci.interfaces(address) or (without_port(driver) and self._pci.can_have_vfs(address)):
            return Place()
        return self._places.of(address, driver, vfio, physfn is not None)

    def _node(self, address: str, vfio: bool, group: str | None) -> str | None:
        """/dev/vfio/N or /dev/uioN, whichever the driver gives."""
        uio = self._pci.children(address, "uio")
        if uio:
            return uio_node(uio[0])
        return self._kernel.system.vfio_node(group) if vfio else None

    def _cdev(self, address: str) -> Cdev | None:
        """The node of the device alone; None where the kernel is built without (CONFIG_VFIO_DEVICE_CDEV)."""
        paths = [vfio_device_node(name) for name in self._pci.children(address, "vfio-dev")]
        found = ((path, self._kernel.system.access(path)) for path in paths)
        return next((Cdev(path, *access) for path, access in found if access), None)

    def _holders(self, address: str, node: str | None, physfn: str | None) -> tuple[Holder, ...]:
        found = self._users.of_nodes(address, lambda: self._nodes(address, node))
        entries = [entry for entry in self._users.interfaces_of(address) if is_own(entry)]
        for entry in entries:
            users = self._users.of_interface(entry) + self._management.get(entry["ifname"], [])
            found += [user._replace(port=entry["ifname"]) for user in users] if len(entries) > 1 else users
        found += unseen_of_function(self._kernel, address, self._pci.interfaces(address), self.interfaces)
        vf = None if physfn is None else self._virtual_functions(physfn).get(address)
        if physfn is not None and vf is not None:
            found += self._users.of_representor(physfn, vf)
        return tuple(dict.fromkeys(found))

    def _nodes(self, address: str, node: str | None) -> list[str]:
        """Every node that user space may have open: vfio's, whichever vfio driver it is (also vfioX of newer kernels),
        that of RDMA, which mlx5's DPDK driver uses beside the kernel's, and that of its PTP clock."""
        group = self._pci.iommu_group(address)
        nodes = {node or vfio_node(group or "")}
        nodes |= {vfio_device_node(name) for name in self._pci.children(address, "vfio-dev")}
        for kind in ("infiniband_verbs", "infiniband_mad"):
            nodes |= {infiniband_node(name) for name in self._pci.children(address, kind)}
        nodes |= {device_node(name) for name in self._pci.children(address, "ptp")}
        return sorted(nodes)

    def _group(self, group: int) -> tuple[Device, ...]:
        return tuple(self.device(address) for address in self._kernel.system.iommu_group_members(group))
