# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with one SR-IOV NIC, as data for tree.build(): what /sys, /proc and /dev hold, and (in sim/) what `ip` knows.

sim/interfaces/NAME is the object that `ip -j -d address` prints for NAME; sim/drivers/NAME what a driver's module
is called and which devices it knows (vfio_ids: as a vfio driver, such as mlx5_vfio_pci, for these alone);
sim/netns/PATH the interfaces inside that namespace (kernel/namespaces.py Links).
"""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import dataclass

from .tree import DIRECTORY, Link

DEVICES = "sys/bus/pci/devices"
DRIVERS = "sys/bus/pci/drivers"
GROUPS = "sys/kernel/iommu_groups"
NO_IOMMU = "sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
ETHERNET = "0x020000"


@dataclass(frozen=True)
class Nic:
    """A PF, and what its VFs will be."""

    driver: str = "igb"
    vf_driver: str = "igbvf"
    device: str = "10c9"
    vf_device: str = "10ca"
    total_vfs: int = 7
    address: str = "0000:01:00.0"
    name: str = "enp1s0"
    mac: str = "02:00:00:00:01:00"
    up: bool = True
    offset: int = 128
    stride: int = 2

    def vf(self, index):
        """The address of a VF: offset and stride from the PF's, carried over into device and bus."""
        bus, device, function = int(self.address[5:7], 16), int(self.address[8:10], 16), int(self.address[11])
        number = (bus << 8) + (device << 3) + function + self.offset + self.stride * index
        return f"{self.address[:4]}:{number >> 8:02x}:{number >> 3 & 31:02x}.{number & 7}"


IGB = Nic()
IXGBE = Nic("ixgbe", "ixgbevf", "10fb", "10ed", 63)

DRIVER_TABLE = {
    # driver: (module, ids it knows)
    "igb": ("igb", ["8086:10c9", "8086:1521"]),
    "igbvf": ("igbvf", ["8086:10ca"]),
    "ixgbe": ("ixgbe", ["8086:10fb"]),
    "ixgbevf": ("ixgbevf", ["8086:10ed"]),
    "vfio-pci": ("vfio_pci", []),
    "uio_pci_generic": ("uio_pci_generic", []),
    "igb_uio": ("igb_uio", []),
}
LOADED = ("igb", "igbvf", "ixgbe", "ixgbevf")


def host(nic=IGB, cpus=8, iommu=True, loaded=LOADED, missing=(), noiommu="N", lockdown="[none] integrity"):
    """A freshly booted host: the NIC without VFs, reached over eth0.

    :param iommu: IOMMU groups exist.
    :param loaded: drivers that are registered.
    :param missing: drivers that this kernel has no module of.
    :param noiommu: vfio's parameter once vfio is loaded; None: compiled out.
    """
    files: dict[str, t.Any] = {
        **interface("lo", 1, "00:00:00:00:00:00", up=True, link_type="loopback"),
        **interface("eth0", 2, "02:00:00:00:00:01", up=True, addresses=["192.0.2.10"]),
        **pf(nic, group=1 if iommu else None),
        **routes({"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "flags": []}),
        GROUPS: DIRECTORY,
        "dev/vfio": DIRECTORY,
        "proc/1/comm": "systemd",
        "proc/sys/kernel/random/boot_id": "3f0c9b1e-6a70-4c4e-9d5b-0d6a4a3ad6f1",
        "run": DIRECTORY,
        "var/lib": DIRECTORY,
        "proc/self/stat": "100 (python3) S 1 0 0",
        "proc/self/environ": b"LANG=C\0",
        "proc/self/ns/net": "net:[1]",
        "sys/devices/system/cpu/online": f"0-{cpus - 1}" if cpus > 1 else "0",
        "sys/kernel/security/lockdown": lockdown,
    }
    if iommu:
        files.update(group_member(0, "0000:00:00.0"))
    if noiommu is not None:
        files["sim/noiommu"] = noiommu
    else:
        files[f"boot/config-{os.uname().release}"] = "# CONFIG_VFIO_NOIOMMU is not set\n"
    for driver, (module, ids) in DRIVER_TABLE.items():
        if driver not in missing:
            files[f"sim/drivers/{driver}"] = json.dumps({"module": module, "ids": ids})
    for driver in loaded:
        files.update(registered(driver))
    if "vfio-pci" in loaded and noiommu is not None:
        files[NO_IOMMU] = noiommu
    return files


def registered(driver):
    return {f"{DRIVERS}/{driver}/unbind": "", f"{DRIVERS}/{driver}/bind": ""}


def vfio_module(driver, module):
    """What a driver of vfio shows beside that: its module, which uses that of vfio_pci_core."""
    return {
        f"{DRIVERS}/{driver}/module": Link(f"../../../../module/{module}"),
        f"sys/module/{module}/drivers/pci:{driver}": DIRECTORY,
        f"sys/module/vfio_pci_core/holders/{module}": Link(f"../../{module}"),
    }


def function(address, vendor, device, driver=None, group=None, numa=-1):
    """A PCI function as sysfs shows it."""
    base = f"{DEVICES}/{address}"
    files = {
        f"{base}/vendor": f"0x{vendor}",
        f"{base}/device": f"0x{device}",
        f"{base}/class": ETHERNET,
        f"{base}/modalias": f"pci:v0000{vendor.upper()}d0000{device.upper()}sv*sd*bc02sc00i00",
        f"{base}/numa_node": str(numa),
        f"{base}/driver_override": "(null)",
        f"{base}/config": bytes.fromhex(vendor)[::-1] + bytes.fromhex(device)[::-1],
    }
    if driver:
        files[f"{base}/driver"] = Link(f"../../drivers/{driver}")
    return {**files, **(group_member(group, address) if group is not None else {})}


def group_member(group, address):
    return {
        f"{GROUPS}/{group}/devices/{address}": Link(f"../../../../bus/pci/devices/{address}"),
        f"{DEVICES}/{address}/iommu_group": Link(f"../../../../kernel/iommu_groups/{group}"),
    }


def pf(nic, group=1, ifindex=3):
    base = f"{DEVICES}/{nic.address}"
    return {
        **function(nic.address, "8086", nic.device, nic.driver, group),
        **behind(nic.address, nic.name),
        **interface(nic.name, ifindex, nic.mac, up=nic.up),
        f"{base}/sriov_totalvfs": str(nic.total_vfs),
        f"{base}/sriov_numvfs": "0",
        f"{base}/sriov_offset": str(nic.offset),
        f"{base}/sriov_stride": str(nic.stride),
        f"{base}/sriov_vf_device": nic.vf_device,
        f"{base}/sriov_drivers_autoprobe": "1",
    }


def behind(address, name):
    """An interface of a PCI function."""
    return {
        f"{DEVICES}/{address}/net/{name}": DIRECTORY,
        f"sys/class/net/{name}/device": Link(f"../../../bus/pci/devices/{address}"),
        f"sys/class/net/{name}/queues/tx-0/traffic_class": "0",
        f"sys/class/net/{name}/queues/rx-0": DIRECTORY,
    }


def interface(name, ifindex, mac, up=False, addresses=(), **more):
    """`ip -j -d address show dev NAME` of iproute2 6.1, without the fields that nobody reads."""
    flags = ["BROADCAST", "MULTICAST", *(["UP", "LOWER_UP"] if up else [])]
    entry = {"ifindex": ifindex, "ifname": name, "flags": flags, "mtu": 1500, "operstate": "UP" if up else "DOWN"}
    entry.update({"link_type": "ether", "address": mac, "addr_info": [address(text) for text in addresses], **more})
    base = f"sys/class/net/{name}"
    return {
        f"sim/interfaces/{name}": json.dumps(entry),
        f"{base}/ifindex": str(ifindex),
        f"{base}/mtu": "1500",
        f"{base}/carrier": str(int(up)),
        f"{base}/napi_defer_hard_irqs": "0",
        f"{base}/gro_flush_timeout": "0",
    }


def virtual(name, ifindex, kind, lowers=(), mac="", **data):
    """An interface without a device: a bond or bridge with its ports, a VLAN on another interface.

    :param data: what `ip` says of its kind (linkinfo.info_data).
    """
    more = {"link": lowers[0]} if lowers and kind in ("vlan", "macvlan", "vxlan") else {}
    linkinfo = {"info_kind": kind, **({"info_data": data} if data else {})}
    return {
        **interface(name, ifindex, mac, linkinfo=linkinfo, **more),
        **{f"sys/class/net/{name}/lower_{lower}": Link(f"../{lower}") for lower in lowers},
    }


def virtio(address, name, ifindex, mac, number=0):
    """A virtio NIC: its own device is between the PCI function and the interface."""
    base = f"{DEVICES}/{address}/virtio{number}"
    return {
        **function(address, "1af4", "1041", "virtio-pci"),
        f"{base}/net/{name}": DIRECTORY,
        f"{base}/driver": Link("../../../drivers/virtio_net"),
        f"sys/bus/virtio/devices/virtio{number}": Link(f"../../../devices/pci0000:00/{address}/virtio{number}"),
        f"sys/class/net/{name}/device": Link(f"../../../bus/pci/devices/{address}/virtio{number}"),
        **interface(name, ifindex, mac),
    }


def on_bus(bus, device, driver, name, ifindex, mac):
    """A NIC that is not on PCI, and has no other device between."""
    base = f"sys/devices/{bus}/{device}"
    return {
        f"{base}/driver": Link(f"../../../bus/{bus}/drivers/{driver}"),
        f"{base}/subsystem": Link(f"../../../bus/{bus}"),
        f"sys/class/net/{name}/device": Link(f"../../../devices/{bus}/{device}"),
        **interface(name, ifindex, mac),
    }


def address(text, scope="global"):
    family, length = ("inet6", 64) if ":" in text else ("inet", 24)
    return {"family": family, "local": text, "prefixlen": length, "scope": scope}


def routes(*default4, default6=(), towards=None):
    """Default routes, and the interface towards each client."""
    return {
        "sim/routes4": json.dumps(default4),
        "sim/routes6": json.dumps(default6),
        "sim/towards": json.dumps(towards or {}),
    }


def process(number, command, opened=(), netns=None, parent=1, environ=b"", path_only=()):
    """A process with files open, in a network namespace (a path) of its own or in ours.

    :param path_only: indices of those that were opened with O_PATH.
    """
    base = f"proc/{number}"
    return {
        f"{base}/cmdline": command.replace(" ", "\0").encode() + b"\0",
        f"{base}/comm": command.split(" ")[0].rpartition("/")[2][:15],
        f"{base}/stat": f"{number} (a (b) c) S {parent} 0 0",
        f"{base}/environ": environ,
        f"{base}/ns/net": Link(f"../../../{netns}" if netns else "../../self/ns/net"),
        f"{base}/fd": DIRECTORY,
        **{f"{base}/fd/{index}": Link(node) for index, node in enumerate(opened)},
        **{f"{base}/fdinfo/{index}": fdinfo("02100002") for index in range(len(opened))},
        **{f"{base}/fdinfo/{index}": fdinfo("012000000") for index in path_only},
    }


def vdpa(address, name="vdpa0", node=None, net=None, between=""):
    """A vDPA device on a PCI function: vhost_vdpa gives it a node, virtio_vdpa an interface (as interface() makes it).

    :param between: devices that are in between: "mlx5_core.sf.4/".
    """
    base = f"sys/devices/pci0000:00/{address}/{between}{name}"
    files = {
        base: DIRECTORY,
        f"sys/bus/vdpa/devices/{name}": Link(f"../../../devices/pci0000:00/{address}/{between}{name}"),
    }
    if node:
        files.update({f"{base}/{node}/dev": "511:0", f"dev/{node}": ""})
    if net:
        files[f"{base}/virtio3/net/{net}"] = DIRECTORY
    return files


def rdma(name, node, ndevs=(), function=None):
    """An RDMA device with one port and a node; without a PCI function rdma_rxe or siw made it of an interface."""
    base, folder = f"sys/class/infiniband/{name}", "verbs" if node.startswith("uverbs") else "mad"
    files = {
        f"sys/class/infiniband_{folder}/{node}/ibdev": name,
        f"{base}/ports/1/gid_attrs/ndevs": DIRECTORY,
        f"dev/infiniband/{node}": "",
        **{f"{base}/ports/1/gid_attrs/ndevs/{index}": ndev for index, ndev in enumerate(ndevs)},
    }
    if function:
        files[f"sys/class/infiniband_{folder}/{node}/device"] = Link(f"../../../bus/pci/devices/{function}")
        files[f"{DEVICES}/{function}/infiniband_{folder}/{node}"] = DIRECTORY
    return files


def xdp_socket(inode, ifindex, queue=0, losses=(0, 0, 0, 0)):
    """:param ifindex: 0 for one that is not bound.

    :param losses: dropped, invalid, RX ring full, fill ring empty; None on a kernel before 5.9.
    """
    said = {} if losses is None else {"losses": losses}
    return {"family": 44, "inode": inode, "ifindex": ifindex, "queue": queue, **said}


def capture(inode, ifindex, rings=(2,)):
    """A packet socket, with what it has of RX ring (2), TX ring (3), fanout (4)."""
    return {"family": 17, "inode": inode, "ifindex": ifindex, "rings": list(rings)}


def sockets(*listed):
    counts = {name: sum(each["family"] == family for each in listed) for name, family in (("XDP", 44), ("PACKET", 17))}
    lines = [f"{name:<9} 1088 {count:>6}      -1   NI       0   no   kernel" for name, count in counts.items()]
    text = "\n".join(["protocol  size sockets  memory press maxhdr  slab module     cl co di", *lines])
    return {"sim/sockets": json.dumps(listed), "proc/net/protocols": text}


def filters(**where):
    """:param where: the interface's name, and "ingress", "egress" or "" for a qdisc without filters."""
    return {"sim/filters": json.dumps(where)}


def fdinfo(flags):
    return f"pos:\t0\nflags:\t{flags}\nmnt_id:\t5"


def ssh_from(client, through):
    """The operator comes from this address, over this interface; sudo has dropped the variable in between."""
    return {
        "proc/self/stat": "100 (python3) S 90 0 0",
        **process(90, "sudo -H", parent=80, environ=b"LANG=C\0"),
        **process(80, "/bin/sh", parent=70, environ=f"A=b\0SSH_CONNECTION={client} 50022 203.0.113.2 22\0".encode()),
        **routes(towards={client: through}),
    }
