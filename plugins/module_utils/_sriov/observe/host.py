# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads the host that a desired state speaks of. Nothing here writes."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import KernelRefused
from ..kernel.link import vf_attributes
from ..kernel.pci import vf_alias
from ..knowledge.bypass_drivers import bypass_driver
from ..knowledge.index import without_port
from ..model.desired import DEFAULT, NO_DRIVER_NAMES
from ..model.holders import UNSEEN, Holder
from ..model.host import Cdev, Device, Host, Master, Netdev, Pf, State
from ..model.paths import device_node, infiniband_node, uio_node, vfio_device_node, vfio_node
from ..model.queues import Queues
from .addresses import host_addresses
from .default_driver import Behind, Choice, choose, drivers_of
from .fits import fits
from .given import with_given_addresses
from .holders import Users
from .locate import locate
from .management import management_holders, ssh_peer
from .not_seen import unseen_users
from .places import Place, Places
from .ports import is_own
from .queues import with_what_is_named
from .unseen import unseen_of_function, unseen_parts

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..errors import SriovError
    from ..kernel.kernel import Kernel
    from ..kernel.pci import LockedFiles
    from ..knowledge.bypass_drivers import BypassDriver
    from ..model.attributes import VfAttributes
    from ..model.desired import Desired, DesiredPf
    from ..model.holders import Holder

XDP_SKB = 2  # include/uapi/linux/if_link.h XDP_ATTACHED_SKB


def observe(kernel: Kernel, desired: Desired, timeout: float) -> tuple[Desired, State, list[SriovError]]:
    """One look at what a desired state names.

    :param timeout: seconds for reads that take a device lock.
    :returns: the desired state located, the host, and what is wrong with the names: they are left out of both.
    :raises SriovError: a look that did not end in time.
    """
    observer = Observer(kernel, timeout)
    located, unknown = locate(kernel, observer.interfaces, desired)
    pfs = {each.pf: _named_pf(kernel, observer, each) for each in located.pfs}
    if any((each.num_vfs or 0) < pfs[each.pf].num_vfs for each in located.pfs if each.num_vfs is not None):
        claims = tuple(kernel.libvirt.claims())
        pfs = {address: replace(pf, claims=claims) for address, pf in pfs.items()}
    devices = {each.device: observer.device(each.device) for each in located.devices}
    members = [*(vf for pf in pfs.values() for vf in pf.vfs), *devices.values()]
    wanted = {name for each in located.pfs for name in _drivers_of_pf(each, pfs[each.pf])}
    wanted |= {name for each in located.devices for name in _drivers([each.driver], [devices[each.device]])}
    host = replace(observer.host(members, sorted(wanted)), fits=fits(kernel, located, pfs, devices))
    if any(entry.said.get("mac") is not None for each in located.pfs for entry in each.vfs):
        mine = {vf.address for pf in pfs.values() for vf in pf.vfs}  # what they have is in the PFs, and may change
        addresses, unread = host_addresses(kernel, observer.interfaces)
        others = tuple(each for each in addresses if each.function not in mine)
        unread_others = tuple(text for pf, text in unread.items() if pf not in pfs)  # those know it themselves
        host = replace(host, addresses=others, unread_addresses=unread_others)
    return located, _with_unseen(kernel, State(pfs, host, devices)), unknown


def _named_pf(kernel: Kernel, observer: Observer, desired: DesiredPf) -> Pf:
    pf = with_what_is_named(kernel, observer.pf(desired.pf, desired.port), desired)
    return with_given_addresses(kernel, pf, desired)


def _with_unseen(kernel: Kernel, state: State) -> State:
    """Where it cannot be seen who uses devices, anybody may use any of them."""
    holders = tuple(Holder(UNSEEN, f"it cannot be seen whether it is in use: {text}") for text in unseen_users(kernel))
    for device in list(state.every_device()) if holders else ():
        state = state.with_device(replace(device, holders=(*device.holders, *holders)))
    return state


def _drivers_of_pf(desired: DesiredPf, pf: Pf) -> set[str]:
    said = {each.said["driver"] for each in desired.vfs if each.said.get("driver") is not None}
    names = _drivers(said, pf.vfs)
    of_new_vfs = pf.vf_default_driver if DEFAULT in said else None
    return names | ({of_new_vfs} if of_new_vfs else set())


def _drivers(names: Iterable[str], devices: Iterable[Device]) -> set[str]:
    """Every driver that a plan may have to load."""
    named = set(names)
    defaults = {device.default_driver for device in devices} if DEFAULT in named else set()
    return {name for name in named | defaults if name and name not in NO_DRIVER_NAMES}


class Observer:
    """One look at the host: what many devices share is read once.

    :param timeout: seconds for reads that take a device lock.
    """

    def __init__(self, kernel: Kernel, timeout: float = 30.0) -> None:
        self._kernel = kernel
        self._pci = kernel.pci
        self._timeout = timeout
        self.interfaces = kernel.link.interfaces()
        self._management = management_holders(kernel, self.interfaces)
        self._users = Users(kernel, self.interfaces)
        self._nics: set[str] = set()
        self._devices: dict[str, Device] = {}
        self._indices: dict[str, dict[str, int]] = {}
        self._modules: dict[str, str | None] = {}
        self._places = Places(kernel, self._users)
        self._defaults: dict[tuple[str, str | None], Choice] = {}
        self._locked: dict[str, LockedFiles] = {}

    def device(self, address: str) -> Device:
        """One PCI function with its interfaces and its users."""
        if address not in self._devices:
            self._devices[address] = self._device(address)
        return self._devices[address]

    def _virtual_functions(self, pf: str) -> dict[str, int]:
        if pf not in self._indices:
            self._indices[pf] = self._pci.virtual_functions(pf)
        return self._indices[pf]

    def _device(self, address: str) -> Device:
        driver, group, physfn = (read(address) for read in (self._pci.driver, self._pci.iommu_group, self._pci.physfn))
        locked = self._locked_files(address)
        default = self._default_driver(address, driver, locked.num_vfs is not None or address in self._nics, physfn)
        numa_node = self._pci.number(address, "numa_node")
        names = self._pci.interfaces(address)
        bypass = self._bypass(address, driver, names)
        vfio = bool(bypass and bypass.iommu)
        node = self._node(address, vfio, group)
        access = self._kernel.system.access(node) if node else None
        only_vfs = without_port(driver) and self._pci.can_have_vfs(address)
        place = Place() if names or only_vfs else self._places.of(address, driver, vfio, physfn is not None)
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
            netdevs=self._netdevs(address),
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
        device = self._devices[address] = replace(self.device(address), port=port)
        vfs = self._vfs(device, sorted(indices, key=lambda vf: indices[vf]))
        vf_device = self._pci.attribute(address, "sriov_vf_device") or ""
        default = self._vf_default_driver(device, vfs, vf_device)
        seen = Pf(
            device=device,
            total_vfs=self._pci.number(address, "sriov_totalvfs") or 0,
            num_vfs=device.num_vfs or 0,
            drivers_autoprobe=self._pci.attribute(address, "sriov_drivers_autoprobe") != "0",
            vfs=vfs,
            online_cpus=self._kernel.system.online_cpus(),
            queues=self._queues(device),
            perm_mac=self._permanent_mac(device.netdev),
            vf_offset=self._pci.number(address, "sriov_offset") or 0,
            vf_stride=self._pci.number(address, "sriov_stride") or 0,
            vf_device=vf_device,
            vf_default_driver=default.driver,
            vf_possible_drivers=default.possible,
        )
        name = device.netdev.name if device.netdev else None
        return replace(seen, unread=unseen_parts(self._kernel, address, name, device.num_vfs, len(vfs)))

    def _vfs(self, pf: Device, addresses: list[str]) -> tuple[Device, ...]:
        reported = self._reported_attributes(pf.netdev) if pf.netdev and addresses else {}
        for vf in (self.device(address) for address in addresses):
            self._devices[vf.address] = replace(vf, attributes=reported.get(-1 if vf.vf is None else vf.vf))
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
        return self._driver_of_alias(vf_alias(pf.vendor, vf_device), pf.address) if vf_device else Choice(None)

    def _queues(self, pf: Device) -> Queues:
        if pf.netdev is None:
            return Queues()
        ethtool, name = self._kernel.ethtool, pf.netdev.name
        return Queues(
            ethtool.channels(name),
            ethtool.rss(name),
            ethtool.feature(name),
            ethtool.rules(name),
            ethtool.ring_sizes(name),
        )

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
        )

    def _locked_files(self, address: str) -> LockedFiles:
        if address not in self._locked:
            self._locked.update(self._pci.locked_files([address], self._timeout))
        return self._locked[address]

    def _default_driver(self, address: str, driver: str | None, is_nic: bool, physfn: str | None) -> Choice:
        """A PF whose driver gives it an interface has the one that the kernel chose: asking takes a process.

        :param is_nic: it is a PF, or stands for one: nobody gives it another driver.
        """
        if is_nic and driver and self._pci.interfaces(address):
            return Choice(driver)
        alias = self._pci.attribute(address, "modalias")
        return self._driver_of_alias(alias, physfn) if alias else Choice(None)

    def _driver_of_alias(self, alias: str, physfn: str | None) -> Choice:
        """:param physfn: the PF of a VF."""
        key = (alias, physfn)
        if key not in self._defaults:
            if alias not in self._modules:
                self._modules[alias] = self._kernel.resolve_module(alias)
            module, pf_driver = self._modules[alias], (self._pci.driver(physfn) or "") if physfn else None
            found = choose(drivers_of(self._kernel, module), Behind(module, pf_driver)) if module else Choice(None)
            self._defaults[key] = found
        return self._defaults[key]

    def _netdevs(self, address: str) -> tuple[Netdev, ...]:
        names = self._pci.interfaces(address)
        return tuple(self._netdev(entry) for entry in self.interfaces if entry["ifname"] in names and is_own(entry))

    def _netdev(self, entry: dict[str, t.Any]) -> Netdev:
        name, flags = entry["ifname"], entry.get("flags", [])
        return Netdev(
            name=name,
            ifindex=entry.get("ifindex", 0),
            mac=entry.get("address", ""),
            perm_mac=entry.get("permaddr", entry.get("address", "")),
            altnames=tuple(entry.get("altnames", ())),
            up="UP" in flags,
            carrier="LOWER_UP" in flags,
            mtu=entry.get("mtu", 0),
            xdp=entry.get("xdp", {}).get("mode", XDP_SKB) != XDP_SKB,
            xdp_generic=entry.get("xdp", {}).get("mode") == XDP_SKB,
            num_tc=self._kernel.interfaces.traffic_classes(name),
            min_mtu=entry.get("min_mtu", 0),
            max_mtu=entry.get("max_mtu", 0),
            master=self._master(entry),
        )

    def _master(self, entry: dict[str, t.Any]) -> Master | None:
        found = next((each for each in self.interfaces if each["ifname"] == entry.get("master", "")), None)
        if found is None:
            return None
        kind = found.get("linkinfo", {}).get("info_kind", "")
        before = entry.get("linkinfo", {}).get("info_slave_data", {}).get("perm_hwaddr")
        return Master(kind, found.get("address", ""), found.get("mtu", 0), before)

    def _bypass(self, address: str, driver: str | None, names: list[str]) -> BypassDriver | None:
        """Its driver for user space; one that has given an interface is none, whatever it is called."""
        asked = driver is not None and not names and bypass_driver(driver) is None
        return bypass_driver(driver, asked and self._pci.has_vfio_driver(address))

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
