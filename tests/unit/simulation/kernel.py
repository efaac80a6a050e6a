# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated kernel for a tree made by hosts.host(): what is written, run and asked is answered as Linux does.

Order of checks and errnos of writes: drivers/pci/iov.c, drivers/base/bus.c, drivers/pci/pci-driver.c, drivers/vfio.
"""

from __future__ import annotations

import errno
import json
import os
import re
import time

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bpf import Bpf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.system import System

from . import hosts
from .atlas.index import row_of
from .atlas.numvfs import answer
from .bpf import SimBpf
from .devices import Behaviour, Devices
from .ethtool import SimEthtool, link_changed, mtu_changed, nic, vfs_changed
from .netlink import netlink
from .pages import set_pages
from .timers import SimTimers
from .tree import Link, build
from .units import SimUnits
from .xdp import mount, set_program

OTHERS = ("bnxt_en", "be2net", "qede", "sfc")
SRIOV_DRIVERS = ("igb", "ixgbe", "mystery", "cxgb4", "pci-pf-stub", *OTHERS)  # those with sriov_configure
BLOCKED = 3.0  # seconds; a blocked child ends by itself some time after its test


class SimSysfs(Sysfs):
    """Only the write itself is replaced, below the child process, its deadline and its errno: those are the real "
    "ones."""

    def __init__(self, root, behaviour):
        super().__init__(root)
        self._devices = Devices(root, behaviour)
        self._behaviour = behaviour

    def path(self, path):
        """Asked right before each system call."""
        if re.fullmatch(self._behaviour.unreadable, path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return super().path(path)

    def _write(self, path, value):
        with open(self.path("sim/writes"), "a", encoding="utf-8") as file:
            file.write(f"{path} {value.strip()}\n")
        if not self.exists(path):
            raise OSError(errno.ENOENT, path)
        name = os.path.basename(path)
        address = path.split("/")[5] if path.startswith(f"/{hosts.DEVICES}/") else ""
        address = path.split("/")[5] if "/drivers/" in path else address
        error = {
            "sriov_numvfs": self._num_vfs,
            "sriov_drivers_autoprobe": self._autoprobe,
            "driver_override": self._override,
            "unbind": self._unbind,
            "bind": self._bind,
            "drivers_probe": self._probe,
            "reset": self._reset,
            "threaded": lambda _address, value: self._devices.put(path.lstrip("/"), value),
            "enable_unsafe_noiommu_mode": self._no_iommu,
            "napi_defer_hard_irqs": lambda _address, number: self._devices.put(path.lstrip("/"), number),
            "gro_flush_timeout": lambda _address, number: self._devices.put(path.lstrip("/"), number),
            "nr_hugepages": lambda _address, number: set_pages(self._devices.root, path, int(number)),
        }[name](address, value)
        if error:
            raise OSError(error, os.strerror(error))

    def _num_vfs(self, pf, value):
        base = f"{hosts.DEVICES}/{pf}"
        text = value.strip()
        octal = text.startswith("0") and text.isdigit() and len(text) > 1
        try:
            count = int(text, 8 if octal else 0)
        except ValueError:
            return errno.EINVAL
        present = self.read_int(f"{base}/sriov_numvfs")
        if text.startswith("-") or count > 65535:
            return errno.EINVAL
        if count > self.read_int(f"{base}/sriov_totalvfs"):
            return errno.ERANGE
        if count == present:
            return 0
        row, given = row_of(self._devices, pf), count
        if row:
            error, given = answer(row, self._devices, pf, count)
            if error or not (given or present):
                return error
        elif self._devices.driver(pf) not in SRIOV_DRIVERS:
            return errno.ENOENT
        if count and self._devices.driver(pf) == "ixgbe" and self._has_native_xdp(pf):
            return errno.EINVAL  # ixgbe_pci_sriov_enable()
        if count == 0:
            if 0 in self._behaviour.gives:  # pci_vfs_assigned(), of drivers that answer success all the same
                return 0
            if self._held_through_vfio(pf):
                time.sleep(BLOCKED)
            self._devices.remove_vfs(pf)
        elif present:
            return errno.EBUSY
        elif count in self._behaviour.refuses:
            return self._behaviour.refuses[count]
        else:
            count = self._behaviour.gives.get(count, given)
            if not self._behaviour.hides_vfs:
                self._devices.add_vfs(pf, count)
        self._devices.put(f"{base}/sriov_numvfs", count)
        vfs_changed(self._devices.root, pf)
        return 0

    def _has_native_xdp(self, pf):
        names = self._devices.names(hosts.DEVICES, pf, "net")
        entries = (json.loads(self._devices.read("sim/interfaces", name) or "{}") for name in names)
        return any(entry.get("xdp", {}).get("mode") == 1 for entry in entries)

    def _held_through_vfio(self, pf):
        """vfio_unregister_group_dev() waits until user space lets go."""
        held = {self.link_target(f"proc/{p}/fd/{n}") for p in self.names("proc") for n in self.names(f"proc/{p}/fd")}
        vfs = [
            self.link_name(f"{hosts.DEVICES}/{pf}/{e}") for e in self.names(f"{hosts.DEVICES}/{pf}") if "virtfn" in e
        ]
        return any(f"/dev/vfio/{self.link_name(f'{hosts.DEVICES}/{vf}/iommu_group')}" in held for vf in vfs)

    def _autoprobe(self, pf, value):
        if value.strip() not in ("0", "1"):
            return errno.EINVAL
        self._devices.put(f"{hosts.DEVICES}/{pf}/sriov_drivers_autoprobe", value.strip())
        return 0

    def _override(self, address, value):
        if value:  # a write of no bytes does not reach the kernel
            self._devices.put(f"{hosts.DEVICES}/{address}/driver_override", value.split("\n")[0] or "(null)")
        return 0

    def _unbind(self, address, value):
        driver = self._devices.driver(address)
        if driver is None or value != address:
            return errno.ENODEV
        if driver in self._behaviour.blocks:
            time.sleep(BLOCKED)
        self._devices.detach(address)
        return 0

    def _probe(self, _address, value):
        if not self.exists(f"{hosts.DEVICES}/{value}"):
            return errno.ENODEV
        return 0 if self._devices.driver(value) else self._devices.probe(value)

    def _bind(self, driver, value):
        """bind_store(): the driver must match; EBUSY where another has the device."""
        if not self.exists(f"{hosts.DEVICES}/{value}"):
            return errno.ENODEV
        if (self._devices.override(value) or driver) != driver:
            return errno.ENODEV
        return errno.EBUSY if self._devices.driver(value) else self._devices.probe(value)

    def _reset(self, address, value):
        """reset_store()."""
        if value.strip() != "1":
            return errno.EINVAL
        self._devices.reset(address)
        return 0

    def _no_iommu(self, _address, value):
        if value not in ("Y", "N"):
            return errno.EINVAL
        self._devices.put(hosts.NO_IOMMU, value)
        return 0


class SimSystem(System):
    """The real one, run by whoever the test says."""

    def __init__(self, sysfs, user):
        super().__init__(sysfs)
        self._user = user

    def effective_user(self):
        return self._user


class SimCommands:
    """`ip`, `modprobe` and `udevadm` on the same tree; every call is kept in calls."""

    def __init__(self, root, behaviour):
        self._devices = Devices(root, behaviour)
        self._behaviour = behaviour
        self._units = SimUnits(self._devices.root)
        self.devices = self._devices
        self._timers = SimTimers(self._devices, behaviour)
        self.calls = []

    def __call__(self, argv, stdin=""):
        self.calls.append(" ".join(argv))
        name, *words = argv
        if words == ["-batch", "-"]:
            return self._batch(stdin.splitlines())
        programs = {"ip": self._ip, "modprobe": self._modprobe, "udevadm": self._udevadm, "mount": self._mount}
        systemd = {"systemd-run": self._timers.run, "systemctl": self._systemctl, "networkctl": self._networkctl}
        return {**programs, **systemd}[name](words)

    def _systemctl(self, words):
        of_confirm = words[0] == "stop" and words[-2].endswith(".timer")
        return self._timers.stop(words[1:]) if of_confirm else self._units(words)

    def _networkctl(self, words):
        """Only while systemd-networkd runs."""
        return (0, "", "") if words == ["reload"] else (1, "", f"Unknown command verb {words[0]}.\n")

    def _mount(self, words):
        return mount(self._devices, words)

    def _ip(self, words):
        read = self._devices.read
        if words[:2] == ["link", "set"]:
            return self._set_link(words[3], words[4:])
        if words[:5] == ["-j", "-d", "link", "show", "dev"]:
            return self._show_link(words[5])
        if words == ["-j", "-d", "address", "show"]:
            entries = [self._entry(name) for name in self._devices.interfaces()]
            # By ifindex, as the kernel lists them, and with the empty object that iproute2 leaves for what it skips.
            return 0, json.dumps([*sorted(entries, key=lambda entry: entry["ifindex"]), {}]), ""
        if words[-4:-1] == ["address", "show", "dev"]:
            if words[-1] not in self._devices.interfaces():
                return 1, "", f'Device "{words[-1]}" does not exist.\n'
            entry = self._entry(words[-1])
            details = {} if "-d" in words else {"linkinfo": None}
            return 0, json.dumps([{}, {key: value for key, value in {**entry, **details}.items() if value}]), ""
        if words[2:] == ["route", "show", "table", "all", "default"]:
            return 0, read({"-4": "sim/routes4", "-6": "sim/routes6"}[words[1]]), ""
        if words[:3] == ["-j", "route", "get"]:
            name = json.loads(read("sim/towards")).get(words[3])
            unreachable = (2, "", "RTNETLINK answers: Network is unreachable\n")
            return (0, json.dumps([{"dst": words[3], "dev": name}]), "") if name else unreachable
        raise AssertionError(f"ip {words}")

    def _batch(self, lines):
        """`ip -batch -` ends at the first line that fails, and says which."""
        for number, line in enumerate(lines, 1):
            self.calls.append(f"ip {line}")
            code, _out, error = self._ip(line.split())
            if code:
                return code, "", f"{error}Command failed -:{number}\n"
        return 0, "", ""

    def _entry(self, name):
        """An interface as `ip -d address show` prints it."""
        return json.loads(self._devices.read("sim/interfaces", name)) | (
            {} if self._behaviour.address_without_vfs else self._vfs_of(name)
        )

    def _vfs_of(self, name):
        address = self._devices.link("sys/class/net", name, "device")
        vfs = self._devices.vfs.show(address) if address else []
        return {"vfinfo_list": vfs} if vfs else {}

    def _show_link(self, name):
        text = self._devices.read("sim/interfaces", name)
        if text is None:
            return 1, "", f'Device "{name}" does not exist.\n'
        return 0, json.dumps([{**json.loads(text), **self._vfs_of(name)}]), ""

    def _set_link(self, name, words):
        text = self._devices.read("sim/interfaces", name)
        if text is None:
            return 1, "", f'Cannot find device "{name}"\n'
        entry, state = json.loads(text), words[0]
        if state == "vf":
            error = self._devices.vfs.set(self._devices.link("sys/class/net", name, "device"), words[1:])
            return (2, "", f"RTNETLINK answers: {error}\n") if error else (0, "", "")
        if state.startswith("xdp"):
            return set_program(self._devices, nic(self._devices, name), words)
        if state == "address":
            return self._set_address(name, entry, words[1])
        if state == "master":
            return self._enslave(name, entry, words[1])
        address = self._devices.link("sys/class/net", name, "device")
        physfn = self._devices.link(hosts.DEVICES, address or "", "physfn")
        index = self._devices.index(physfn, address) if physfn else None
        if state == "mtu":
            if physfn and not self._devices.vfs.takes_mtu(physfn, index):
                return 2, "", "RTNETLINK answers: Invalid argument\n"
            self._devices.put(f"sim/interfaces/{name}", json.dumps({**entry, "mtu": int(words[1])}))
            if entry["mtu"] != int(words[1]):
                mtu_changed(self._devices.root, name)
            return 0, "", ""
        flags = [flag for flag in entry["flags"] if flag not in ("UP", "LOWER_UP")]
        was_up = "UP" in entry["flags"]
        entry["flags"] = [*flags, "UP", "LOWER_UP"] if state == "up" else flags
        self._devices.put(f"sim/interfaces/{name}", json.dumps(entry))
        self._devices.put(f"sys/class/net/{name}/carrier", int(state == "up"))
        if physfn and state == "up":
            self._devices.vfs.interface_up(physfn, index)
        if was_up != (state == "up"):
            link_changed(self._devices.root, name)
        return 0, "", ""

    def _set_address(self, name, entry, mac):
        """A VF's driver asks its PF's (ixgbe_set_vf_mac_addr, igb_set_vf_mac_addr), which has the last word unless it
        trusts the VF."""
        address = self._devices.link("sys/class/net", name, "device")
        if address and not self._devices.vfs.user_takes_address(address, mac):
            return 2, "", "RTNETLINK answers: Cannot assign requested address\n"
        changed = {**entry, "address": mac, "permaddr": entry.get("permaddr", entry["address"])}
        if changed["permaddr"] == mac:
            del changed["permaddr"]
        self._devices.put(f"sim/interfaces/{name}", json.dumps(changed))
        return 0, "", ""

    def _enslave(self, name, entry, bond):
        """bond_enslave(): address, then MTU; the first port gives the bond its address."""
        master = json.loads(self._devices.read("sim/interfaces", bond))
        if not any(each.startswith("lower_") for each in self._devices.names("sys/class/net", bond)):
            master["address"] = entry["address"]
            self._devices.put(f"sim/interfaces/{bond}", json.dumps(master))
        code, _out, error = self._set_address(name, entry, master["address"])
        if code:
            return code, "", error
        changed = json.loads(self._devices.read("sim/interfaces", name))
        # bond_enslave() keeps the address that the port had.
        port = {"info_slave_kind": "bond", "info_slave_data": {"perm_hwaddr": entry["address"]}}
        changed.update(master=bond, mtu=master["mtu"], linkinfo=port)
        self._devices.put(f"sim/interfaces/{name}", json.dumps(changed))
        build(self._devices.root, {f"sys/class/net/{bond}/lower_{name}": Link(f"../{name}")})
        return 0, "", ""

    def _modprobe(self, words):
        known = {d: json.loads(self._devices.read("sim/drivers", d)) for d in self._devices.names("sim/drivers")}
        words = [word for word in words if word != "--"]
        if words[0] == "--resolve-alias":
            found = {entry["module"] for entry in known.values() if _answers_to(entry, words[1])}
            return (0, "".join(f"{name}\n" for name in sorted(found)), "") if found else (1, "", "")
        module = words[0].replace("-", "_")
        if module in self._behaviour.modprobe_errors:
            return 1, "", self._behaviour.modprobe_errors[module] + "\n"
        drivers = [driver for driver, entry in known.items() if entry["module"] == module]
        if not drivers:
            return 1, "", f"modprobe: FATAL: Module {words[0]} not found in directory /lib/modules/6.12.0\n"
        if module not in self._behaviour.empty_modules:
            for driver in drivers:
                self._load(driver)
        return 0, "", ""

    def _load(self, driver):
        if driver not in self._devices.names(hosts.DRIVERS):
            self._devices.register(driver)

    def _udevadm(self, _words):
        """Events of new devices are worked off: the modules that know them are loaded."""
        known = {d: json.loads(self._devices.read("sim/drivers", d)) for d in self._devices.names("sim/drivers")}
        for address in self._devices.names(hosts.DEVICES):
            modalias = self._devices.read(hosts.DEVICES, address, "modalias")
            for driver, entry in known.items():
                if modalias and _answers_to(entry, modalias):
                    self._load(driver)
        return 0, "", ""


def _answers_to(entry, name):
    aliases = ["pci:v0000{}d0000{}".format(*ids.upper().split(":")) for ids in entry["ids"]]
    aliases += ["vfio_pci:v0000{}d0000{}".format(*ids.upper().split(":")) for ids in entry.get("vfio_ids", ())]
    return name.replace("-", "_") == entry["module"] or any(name.startswith(alias) for alias in aliases)


def simulate(root, files, behaviour=None):
    """A kernel on a new tree."""
    return behaving(
        build(root, {"sim/writes": b"", "sys/bus/pci/drivers_probe": "", **files}), behaviour or Behaviour()
    )


def behaving(root, behaviour):
    """A kernel that behaves so, on a tree that is there."""
    sysfs = SimSysfs(root, behaviour)
    devices = Devices(root, behaviour)
    bpf = Bpf(sysfs, SimBpf(devices, behaviour.bpf_errors), "x86_64")
    over_netlink = netlink(devices, behaviour)
    return Kernel(
        SimCommands(root, behaviour), sysfs, SimEthtool(root), SimSystem(sysfs, behaviour.user), over_netlink, bpf
    )


def written(kernel):
    """Every write, ethtool order and command that changes something; commands last."""
    changing = ("modprobe ", "mount ")
    commands = [call for call in kernel.run.calls if "link set" in call or call.startswith(changing)]
    return [
        *(kernel.sysfs.read("sim/writes") or "").splitlines(),
        *(call for call in commands if "--resolve-alias" not in call),
    ]
