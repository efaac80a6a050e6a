# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States as model objects, for the tables: an igb PF and its VFs, with what a row is about changed."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._model import Device, Holder, Netdev, Pf

from .hosts import IGB

PF = IGB.address
LABEL = "enp1s0 (0000:01:00.0)"
SSH = Holder("ssh", "carries the SSH connection from 192.0.2.1")
ROUTE = Holder("route", "carries a default route")
BUSY = Holder("process", "process 4711 (dpdk-testpmd) has /dev/vfio/10 open")


def netdev(name="enp1s0", **changes):
    return Netdev(**{"name": name, "ifindex": 3, "mac": "02:00:00:00:01:00", "up": True, **changes})


def pf_device(**changes):
    state = {"address": PF, "vendor": "8086", "device": "10c9", "driver": "igb", "default_driver": "igb"}
    return Device(**{**state, "iommu_group": 1, "num_vfs": 0, "netdevs": (netdev(),), **changes})


def vf(index=0, driver="igbvf", **changes):
    interface = (netdev(f"enp1s0v{index}", ifindex=10 + index),) if driver == "igbvf" else ()
    state = {"address": IGB.vf(index), "vendor": "8086", "device": "10ca", "driver": driver, "netdevs": interface}
    state.update(default_driver="igbvf", iommu_group=10 + index, physfn=PF, vf=index)
    if driver == "vfio-pci":
        state.update(dev_node=f"/dev/vfio/{10 + index}", dev_owner=0, dev_group=0, dev_mode=0o600)
    return Device(**{**state, **changes})


def pf(num_vfs=0, vfs=None, **changes):
    """A PF; what Pf has no field for goes to its device, what Device has none for to its interface."""
    of_pf = {name: changes.pop(name) for name in ("total_vfs", "drivers_autoprobe", "online_cpus") if name in changes}
    of_netdev = {n: changes.pop(n) for n in ("up", "xdp", "num_tc", "combined_channels") if n in changes}
    if of_netdev:
        changes["netdevs"] = (netdev(**of_netdev),)
    members = tuple(vf(index) for index in range(num_vfs)) if vfs is None else vfs
    state = {"total_vfs": 7, "num_vfs": num_vfs, "drivers_autoprobe": True, "vfs": members, "online_cpus": 8}
    return Pf(device=pf_device(num_vfs=num_vfs, **changes), **{**state, **of_pf})


def ixgbe(num_vfs=0, **changes):
    return pf(num_vfs, **{"driver": "ixgbe", "device": "10fb", "default_driver": "ixgbe", "total_vfs": 63, **changes})
