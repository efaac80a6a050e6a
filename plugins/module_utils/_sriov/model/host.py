# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A host as it is, or as it will be after some steps. Data only."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from .attributes import VfAttributes
from .function import vf_address
from .holders import NETNS, UNPLACED, Claim, Holder, SshPeer
from .queues import Queues

if t.TYPE_CHECKING:
    from .kept import Record, Taken
    from .units import Unit
    from .unread import Unread
    from .xsk import XdpFacts, Xsk

# Where the interface of a function is (Device.interface).
HERE = "here"  # in our network namespace
ELSEWHERE = "elsewhere"  # in another one
UNKNOWN = "unknown"  # not here, and not every other one could be looked at
NONE = "none"  # its driver, or the lack of one, gives it none
ORPHAN = "orphan"  # nowhere, though its driver gives interfaces: a probe that ended half-way


class Master(t.NamedTuple):
    """What an interface is a port of.

    :param kind: "bond", "bridge".
    :param before: the address that the port had before, which a bond gives back; None where nothing tells it.
    """

    kind: str
    mac: str
    mtu: int
    before: str | None = None


class Cdev(t.NamedTuple):
    """A node of vfio for one device, and who may open it (Linux 6.6 and later)."""

    path: str
    owner: int
    group: int
    mode: int


@dataclass(frozen=True)
class Netdev:
    """A network interface of a PCI function, in our network namespace."""

    name: str
    ifindex: int
    mac: str
    perm_mac: str = ""
    altnames: tuple[str, ...] = ()
    up: bool = False
    carrier: bool = False
    speed: int = 0  # of a PF's link, in Mbit/s; 0: not known
    mtu: int = 0
    xdp: bool = False  # a program in the driver or the card, not the generic one above it
    xdp_generic: bool = False
    xdp_number: int = 0  # of the program; 0: not told, or there are several
    xdp_name: str = ""  # what the program calls itself, where `ip` tells
    num_tc: int = 0
    min_mtu: int = 0
    max_mtu: int = 0  # 0: the kernel does not say
    master: Master | None = None


@dataclass(frozen=True)
class Device:
    """A PCI function, read from /sys/bus/pci/devices/<address>."""

    address: str
    vendor: str = ""  # "8086"
    device: str = ""  # "10c9"
    driver: str | None = None
    driver_override: str | None = None
    default_driver: str | None = None  # what the kernel would bind by itself (modules.alias)
    possible_drivers: tuple[str, ...] = ()  # where it is one of several of a module, and it is not known which
    iommu_group: int | None = None
    numa_node: int = -1
    physfn: str | None = None  # address of the PF when this is a VF
    vf: int | None = None  # index N of the PF's virtfnN when this is a VF
    num_vfs: int | None = None  # None when this is no PF
    answers: bool = True  # False when config space reads as all ones
    netdevs: tuple[Netdev, ...] = ()  # its own: no representors of its VFs, nothing that is stacked on them
    port: str = ""  # name of the interface that is meant, where one was named: two ports may be one function
    dev_node: str | None = None  # /dev/vfio/N
    dev_owner: int | None = None
    dev_group: int | None = None
    dev_mode: int | None = None
    cdev: Cdev | None = None  # /dev/vfio/devices/vfioN, beside the node of its group
    vfio: bool = False  # its driver is one of vfio
    away: Netdev | None = None  # its interface in another namespace: name and addresses
    orphan: bool = False  # a VF whose driver should have given it an interface, and there is none anywhere
    holders: tuple[Holder, ...] = ()
    attributes: VfAttributes | None = None  # of a VF, as its PF's driver tells them
    planned: bool = False  # a VF that the plan creates: what is not known before it is there is None

    @property
    def netdev(self) -> Netdev | None:
        """The interface that was named, or the only one; None where there is none, or nobody knows which is meant."""
        if self.port:
            return next((each for each in self.netdevs if each.name == self.port), None)
        return self.netdevs[0] if len(self.netdevs) == 1 else None

    def with_netdev(self, netdev: Netdev) -> Device:
        """With an interface in the place of the one that is meant."""
        old = self.netdev
        others = tuple(netdev if each is old else each for each in self.netdevs)
        return replace(self, netdevs=others if old else (*self.netdevs, netdev))

    def at_port(self) -> Device:
        """Without users of other ports of the function: for what happens to the port that is meant."""
        mine = (holder for holder in self.holders if not (self.port and holder.port) or holder.port == self.port)
        return replace(self, holders=tuple(mine))

    def goes_by_another(self, mac: str) -> bool:
        """Whether it has an interface here, and none with this address: of a VF with two ports one has it."""
        return bool(self.netdevs) and all(netdev.mac != mac for netdev in self.netdevs)

    @property
    def interface(self) -> str:
        """Where its interface is: HERE, ELSEWHERE, UNKNOWN, ORPHAN or NONE."""
        if self.netdevs:
            return HERE
        kinds = [holder.kind for holder in self.holders]
        away = ELSEWHERE if NETNS in kinds else UNKNOWN if UNPLACED in kinds else ""
        return away or (ORPHAN if self.orphan else NONE)

    @property
    def ids(self) -> str:
        """ "8086:10c9"."""
        return f"{self.vendor}:{self.device}"

    @property
    def label(self) -> str:
        """ "enp1s0 (0000:01:00.0)", or the address alone where there is no interface, or none of several was named."""
        return f"{self.netdev.name} ({self.address})" if self.netdev and self.netdev.name else self.address


@dataclass(frozen=True)
class Pf:
    """A physical function and its VFs.

    :param vfs: in the order of their indices. vfs[N] is virtfnN, but where some are missing: WHICH_VFS is unread then,
        and nothing is planned.
    """

    device: Device
    total_vfs: int
    num_vfs: int
    drivers_autoprobe: bool
    vfs: tuple[Device, ...] = ()
    online_cpus: int = 1
    queues: Queues = field(default_factory=Queues)
    perm_mac: str | None = None  # the address in the card
    vf_offset: int = 0  # sriov_offset and sriov_stride: where VFs would be
    vf_stride: int = 0
    vf_device: str = ""  # "10ed", the device id of its VFs
    vf_default_driver: str | None = None  # what the kernel would bind to them
    claims: tuple[Claim, ...] = ()  # of anybody on anything of the host; read where VFs are to go
    vf_possible_drivers: tuple[str, ...] = ()
    macvlans: int = 0  # that the card carries, each in the place of a VF (Driver.macvlans_cost_vfs)
    unread: tuple[Unread, ...] = ()  # what may be there and could not be read
    xsk: Xsk | None = None  # what it has for AF_XDP; None: nothing, unless queues for that are named
    xdp_facts: XdpFacts | None = None  # read where a program is to be attached

    @property
    def label(self) -> str:
        return self.device.label

    def unknown(self, *parts: str) -> str:
        """Why parts of it are not known: "" where they are.

        :param parts: words of model.unread.
        """
        return "; ".join(each.why for each in self.unread if each.part in parts)

    @property
    def by_index(self) -> dict[int, Device]:
        """The VFs by N of their virtfnN."""
        return {position if vf.vf is None else vf.vf: vf for position, vf in enumerate(self.vfs)}

    @property
    def combined(self) -> int | None:
        """Combined channels in use; None where the driver does not say."""
        return self.queues.channels.combined if self.queues.channels else None

    @property
    def rx_queues(self) -> int | None:
        """RX queues in use; None where the driver does not say."""
        return self.queues.receiving

    def vf_address(self, index: int) -> str:
        """Where VF N is, or would be."""
        if index in self.by_index:
            return self.by_index[index].address
        return vf_address(self.device.address, self.vf_offset, self.vf_stride, index)


class Fit(t.NamedTuple):
    """Whether a driver that is asked for by its name is one for a device: driver_override makes any probe any device.

    :param device: its PCI address; the ids of VFs that are yet to come, "8086:10ca".
    :param aliases: some module of this kernel has an alias that matches the device.
    :param matches: it is the module of the driver, or has its name.
    :param others: further PCI drivers of the module: which of them the alias is of is not known.
    :param vfio: it is a driver of vfio for this kind of device.
    """

    device: str
    driver: str
    aliases: bool
    matches: bool
    others: tuple[str, ...] = ()
    vfio: bool = False


class Address(t.NamedTuple):
    """A MAC address that something on the host has.

    :param owner: who, in words.
    :param function: PCI address of what has it; None where it is not on PCI.
    """

    mac: str
    owner: str
    function: str | None = None


@dataclass(frozen=True)
class Host:
    """Facts of the whole host that a plan rests on."""

    drivers: frozenset[str] = frozenset()  # registered PCI drivers
    modules: frozenset[str] = frozenset()  # loadable modules that the plan asks about and that exist
    lockdown: str = "none"  # none | integrity | confidentiality
    iommu: bool = True  # some device has an IOMMU group
    noiommu_mode: bool | None = None  # vfio's enable_unsafe_noiommu_mode; None: compiled out
    groups: tuple[tuple[int, tuple[Device, ...]], ...] = ()  # IOMMU group -> members
    ssh: SshPeer | None = None  # the connection the operator comes by
    sessions: tuple[SshPeer, ...] = ()  # every one that there is, of a run that nobody's own tells of
    fits: tuple[Fit, ...] = ()  # of drivers that are asked for and are not the kernel's own choice
    addresses: tuple[Address, ...] = ()  # where one is desired; not of VFs of the PFs that are named
    unread_addresses: tuple[str, ...] = ()  # whose could not be read, and why, in words

    @property
    def peers(self) -> tuple[SshPeer, ...]:
        """SSH connections that are kept."""
        return self.sessions or ((self.ssh,) if self.ssh else ())

    def fit(self, device: Device, driver: str) -> Fit:
        """What is known of a driver for a device; where nothing is, no alias matches."""
        key = device.ids if device.planned else device.address
        found = (each for each in self.fits if (each.device, each.driver) == (key, driver))
        return next(found, Fit(key, driver, aliases=False, matches=False))

    def group_members(self, group: int) -> tuple[Device, ...]:
        return dict(self.groups).get(group, ())


class State(t.NamedTuple):
    """A host: observed, or after the steps of a plan.

    :param pfs: the PFs that a desired state names, by PCI address.
    :param devices: functions that it names by themselves, by PCI address.
    :param taken: what a run before this one has taken from a PF and not put back, by the PF's address.
    :param records: what PFs were before the first change, by address.
    :param units: services of systemd that may be asked to hand a device over, and have one, by name.
    :param stopped: services that a run before this one has stopped and not started again.
    :param parents: PFs of VFs that are named by themselves, where something is to be kept of them, by address.
    """

    pfs: t.Mapping[str, Pf]
    host: Host
    devices: t.Mapping[str, Device] = {}
    taken: t.Mapping[str, Taken] = {}
    records: t.Mapping[str, Record] = {}
    units: t.Mapping[str, Unit] = {}
    stopped: tuple[str, ...] = ()
    parents: t.Mapping[str, Pf] = {}

    def every_device(self) -> t.Iterator[Device]:
        yield from self.devices.values()
        for pf in self.pfs.values():
            yield from (pf.device, *pf.vfs)

    def device(self, address: str) -> Device:
        """:raises StopIteration: the state does not have it."""
        return next(device for device in self.every_device() if device.address == address)

    def with_pf(self, pf: Pf) -> State:
        """With a PF in the place of the one at its address."""
        return self._replace(pfs={**self.pfs, pf.device.address: pf})

    def with_device(self, device: Device) -> State:
        """With a device in every place that shows the one at its address."""
        state = self
        if device.address in state.devices:
            state = state._replace(devices={**state.devices, device.address: device})
        for pf in state.pfs.values():
            if pf.device.address == device.address:
                state = state.with_pf(replace(pf, device=device))
            elif pf.device.address == device.physfn:
                vfs = tuple(device if vf.address == device.address else vf for vf in pf.vfs)
                state = state.with_pf(replace(pf, vfs=vfs))
        return state
