# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated kernel's driver core: devices, drivers and interfaces of a tree made by hosts.host().

All state is in the tree. Sysfs.write() with a timeout writes from a child process, and what that child changed would
be lost if it were anywhere else.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field

from . import hosts
from .tree import DIRECTORY, Link, build
from .vfs import VirtualFunctions

STUBS = ("pci-stub", "pci-pf-stub", "pciback")  # drivers that make nothing of a device


@dataclass(frozen=True)
class Behaviour:
    """How this kernel, its drivers and its hardware differ from ones where all goes well."""

    refuses: dict = field(default_factory=dict)  # number of VFs -> errno of the PF's driver
    gives: dict = field(default_factory=dict)  # number of VFs -> fewer, with success
    hides_vfs: bool = False  # sriov_numvfs says N, virtfnN never come
    isolated: bool = True  # ACS: each VF has a group of its own; else all share the PF's
    probe_errors: dict = field(default_factory=dict)  # driver -> errno of drivers_probe
    declines: tuple = ()  # drivers whose probe fails and drivers_probe answers success all the same
    no_interface: dict = field(default_factory=dict)  # driver or device -> number of its probes without an interface
    stale: tuple = ()  # devices whose probe gives no interface before they were reset
    cdevs: bool = False  # CONFIG_VFIO_DEVICE_CDEV: /dev/vfio/devices/vfioN
    vfio_dev: bool = True  # Linux 6.1 and later: class vfio-dev
    blocks: tuple = ()  # drivers whose unbind does not end (vfio, held open)
    empty_modules: tuple = ()  # load, and register no driver
    modprobe_errors: dict = field(default_factory=dict)  # module -> what modprobe says
    address_without_vfs: bool = False  # iproute2 whose `ip -d address` does not tell of VFs
    node_mode: int = 0o600  # what udev makes of /dev/vfio/N
    netlink_errors: dict = field(default_factory=dict)  # type of a question (netlink.py) -> errno
    tells_xdp_features: bool = True  # Linux 6.3 and later
    bpf_errors: dict = field(default_factory=dict)  # command of bpf(2) -> errno
    misses_pf: dict = field(default_factory=dict)  # VF -> number of probes of ixgbevf that do not reach the PF
    user: int = 0  # who runs the code under test
    unreadable: str = "(?!)"  # regular expression of paths that this user may not read: EACCES
    no_timers: str = ""  # what systemd-run says when it starts none


class Devices:
    """What the driver core does to the tree."""

    def __init__(self, root, behaviour):
        self.root = root
        self.behaviour = behaviour
        self.vfs = VirtualFunctions(self)

    def at(self, *names):
        return os.path.join(self.root, *names)

    def read(self, *names):
        try:
            with open(self.at(*names), encoding="utf-8") as file:
                return file.read().rstrip("\n")
        except OSError:
            return None

    def put(self, name, text):
        with open(self.at(name), "w", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def link(self, *names):
        path = self.at(*names)
        return os.path.basename(os.readlink(path)) if os.path.islink(path) else None

    def names(self, *names):
        path = self.at(*names)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def driver(self, address):
        return self.link(hosts.DEVICES, address, "driver")

    def override(self, address):
        text = self.read(hosts.DEVICES, address, "driver_override")
        return None if text in ("(null)", "", None) else text

    def knows(self, driver, address):
        ids = ":".join(self.read(hosts.DEVICES, address, name)[2:] for name in ("vendor", "device"))
        return ids in json.loads(self.read("sim/drivers", driver) or '{"ids": []}')["ids"]

    def register(self, driver):
        """A module's init: the driver is there, and takes the devices that it knows and nobody has."""
        build(self.root, hosts.registered(driver))
        if self.is_vfio(driver):
            build(self.root, hosts.vfio_module(driver, json.loads(self.read("sim/drivers", driver))["module"]))
            build(self.root, {"dev/vfio/vfio": "", "sys/module/vfio/refcnt": "0"})
            if self.read("sim/noiommu") is not None:
                build(self.root, {hosts.NO_IOMMU: self.read("sim/noiommu")})
        for address in self.names(hosts.DEVICES):
            if self.read(hosts.DEVICES, address, "vendor") and not self.driver(address) and self.takes(driver, address):
                self._attach(address, driver)

    def is_vfio(self, driver):
        """One of drivers/vfio/pci: it registers a vfio_device for what it has, and no interface."""
        known = json.loads(self.read("sim/drivers", driver or "") or "{}")
        return driver == "vfio-pci" or bool(known.get("vfio_ids"))

    def may_probe(self, address):
        """pci_device_can_probe()."""
        pf = self.link(hosts.DEVICES, address, "physfn")
        autoprobe = pf is None or self.read(hosts.DEVICES, pf, "sriov_drivers_autoprobe") != "0"
        return autoprobe or self.override(address) is not None

    def probe(self, address):
        """device_attach(): errno of the probe, or 0; 0 too when no driver matches."""
        for driver in self.names(hosts.DRIVERS):
            if self.takes(driver, address):
                return self._attach(address, driver)
        return 0

    def takes(self, driver, address):
        """pci_match_device() and pci_device_can_probe()."""
        override = self.override(address)
        return (driver == override if override else self.knows(driver, address)) and self.may_probe(address)

    def _attach(self, address, driver):
        if driver in self.behaviour.declines:
            return 0
        error = self.behaviour.probe_errors.get(driver, 0)
        if not error and self.is_vfio(driver):
            error = self._vfio(address)
        if error:
            return error
        build(self.root, {f"{hosts.DEVICES}/{address}/driver": Link(f"../../drivers/{driver}")})
        if driver in ("uio_pci_generic", "igb_uio"):
            build(self.root, {f"{hosts.DEVICES}/{address}/uio/uio0": DIRECTORY, "dev/uio0": ""})
        elif not self.is_vfio(driver) and driver not in STUBS and not self._forgets_interface(address, driver):
            self._add_interface(address)
        return 0

    def _vfio(self, address):
        """EINVAL without IOMMU group, unless no-IOMMU mode makes one up."""
        group = self.link(hosts.DEVICES, address, "iommu_group")
        node = f"dev/vfio/{group}"
        if group is None:
            if self.read(hosts.NO_IOMMU) != "Y":
                return 22
            group = self.new_group()
            node = f"dev/vfio/noiommu-{group}"
            build(self.root, {**hosts.group_member(group, address), f"{hosts.GROUPS}/{group}/name": "vfio-noiommu"})
        if not os.path.exists(self.at(node)):
            build(self.root, {node: ""})
            os.chmod(self.at(node), self.behaviour.node_mode)
        if self.behaviour.vfio_dev:
            self._vfio_device(address)
        return 0

    def _vfio_device(self, address):
        """vfio_init_device(): vfioN, N from an IDA; its node where the kernel is built so."""
        taken = {name for each in self.names(hosts.DEVICES) for name in self.names(hosts.DEVICES, each, "vfio-dev")}
        name = next(name for name in map("vfio{}".format, range(999)) if name not in taken)
        build(self.root, {f"{hosts.DEVICES}/{address}/vfio-dev/{name}": DIRECTORY})
        if self.behaviour.cdevs:
            build(self.root, {f"dev/vfio/devices/{name}": ""})
            os.chmod(self.at(f"dev/vfio/devices/{name}"), 0o600)

    def _forgets_interface(self, address, driver):
        probes = int(self.read("sim/probes", address) or 0) + 1
        build(self.root, {f"sim/probes/{address}": str(probes)})
        if address in self.behaviour.stale and self.read("sim/resets", address) is None:
            return True
        forgotten = self.behaviour.no_interface
        return probes <= forgotten.get(address, forgotten.get(driver, 0))

    def reset(self, address):
        """pci_reset_function()."""
        build(self.root, {f"sim/resets/{address}": str(int(self.read("sim/resets", address) or 0) + 1)})

    def _misses_pf(self, pf, index):
        """ixgbevf_main.c ixgbevf_probe(): no answer from the mailbox, and its oldest API."""
        probes = int(self.read("sim/missed", pf, str(index)) or 0) + 1
        if probes > self.behaviour.misses_pf.get(index, 0):
            return False
        build(self.root, {f"sim/missed/{pf}/{index}": str(probes)})
        return True

    def _add_interface(self, address):
        pf = self.link(hosts.DEVICES, address, "physfn")
        if pf is None:
            name, mac, more = self.read("sim/pf_name"), "02:00:00:00:01:00", {}
        else:
            index = self.index(pf, address)
            name = f"{(self.names(hosts.DEVICES, pf, 'net') or ['eth9'])[0]}v{index}"
            random = f"02:00:00:00:02:{index:02x}"
            missed = self._misses_pf(pf, index)
            mac = random if missed else self.vfs.address_at_probe(pf, index, random)
            more = {"random": True} if mac == random else {}
            more.update({"min_mtu": 68, "max_mtu": 1504} if missed else {})
        self._add(address, name, mac, **more)

    def _add(self, address, name, mac, **more):
        number = 1 + max(json.loads(self.read("sim/interfaces", other))["ifindex"] for other in self.interfaces())
        build(self.root, {**hosts.behind(address, name), **hosts.interface(name, number, mac, **more)})

    def interfaces(self):
        return self.names("sim/interfaces")

    def index(self, pf, vf):
        entries = (name for name in self.names(hosts.DEVICES, pf) if name.startswith("virtfn"))
        return next(int(name[6:]) for name in entries if self.link(hosts.DEVICES, pf, name) == vf)

    def detach(self, address):
        driver = self.driver(address)
        os.unlink(self.at(hosts.DEVICES, address, "driver"))
        for name in self.names(hosts.DEVICES, address, "net"):
            if self.link(hosts.DEVICES, address, "physfn") is None:
                build(self.root, {"sim/pf_name": name})
            self._remove(address, name)
        for name in self.names(hosts.DEVICES, address, "vfio-dev"):
            if os.path.exists(self.at("dev/vfio/devices", name)):
                os.unlink(self.at("dev/vfio/devices", name))
        for name in ("net", "uio", "vfio-dev"):
            shutil.rmtree(self.at(hosts.DEVICES, address, name), ignore_errors=True)
        if self.is_vfio(driver):
            self._leave_vfio(address)

    def _remove(self, address, name):
        os.unlink(self.at("sim/interfaces", name))
        shutil.rmtree(self.at("sys/class/net", name))
        shutil.rmtree(self.at(hosts.DEVICES, address, "net", name))

    def _leave_vfio(self, address):
        group = self.link(hosts.DEVICES, address, "iommu_group")
        if self.read(hosts.GROUPS, group, "name") == "vfio-noiommu":
            shutil.rmtree(self.at(hosts.GROUPS, group))
            os.unlink(self.at(hosts.DEVICES, address, "iommu_group"))
            os.unlink(self.at(f"dev/vfio/noiommu-{group}"))
        elif not any(self.is_vfio(self.driver(member)) for member in self.names(hosts.GROUPS, group, "devices")):
            os.unlink(self.at(f"dev/vfio/{group}"))

    def new_group(self):
        return 1 + max((int(group) for group in self.names(hosts.GROUPS)), default=-1)

    def add_vfs(self, pf, count):
        """pci_enable_sriov(): each device, its virtfnN, its group, and a driver if that may be."""
        base = f"{hosts.DEVICES}/{pf}"
        start, step = int(self.read(base, "sriov_offset")), int(self.read(base, "sriov_stride"))
        nic = hosts.Nic(address=pf, offset=start, stride=step)
        own = self.link(base, "iommu_group")
        self.vfs.create(pf, count)
        if self.driver(pf) == "cxgb4":  # cxgb4_iov_configure
            self._add(pf, "mgmtpf0,0", "")
        for index in range(count):
            vf = nic.vf(index)
            group = None if own is None else self.new_group() if self.behaviour.isolated else own
            build(
                self.root,
                hosts.function(vf, self.read(base, "vendor")[2:], self.read(base, "sriov_vf_device"), group=group),
            )
            build(
                self.root,
                {
                    f"{hosts.DEVICES}/{vf}/physfn": Link(f"../{pf}"),
                    f"{hosts.DEVICES}/{vf}/reset": "",
                    f"{base}/virtfn{index}": Link(f"../{vf}"),
                },
            )
            self.probe(vf)

    def remove_vfs(self, pf):
        self.vfs.create(pf, 0)
        if self.driver(pf) == "cxgb4":
            self._remove(pf, "mgmtpf0,0")
        for name in self.names(hosts.DEVICES, pf):
            if not name.startswith("virtfn"):
                continue
            vf = self.link(hosts.DEVICES, pf, name)
            if self.driver(vf):
                self.detach(vf)
            os.unlink(self.at(hosts.DEVICES, pf, name))
            group = self.link(hosts.DEVICES, vf, "iommu_group")
            if group is not None:
                os.unlink(self.at(hosts.GROUPS, group, "devices", vf))
                if not self.names(hosts.GROUPS, group, "devices"):
                    shutil.rmtree(self.at(hosts.GROUPS, group))
            shutil.rmtree(self.at(hosts.DEVICES, vf))
