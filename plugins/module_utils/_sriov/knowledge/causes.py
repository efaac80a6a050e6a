# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What the kernel means by an errno, act by act, and what to do about it. Data.

The same number means one thing for one file and another for the next. What only one driver means by it is in the
driver's own file (Driver.causes) and comes first.
"""

from __future__ import annotations

import typing as t

from . import index
from .driver import (
    BIND,
    CHANNELS,
    FEATURE,
    HASH,
    MTU,
    NODE,
    NUM_VFS,
    RING_SIZES,
    RSS_TABLE,
    RULE,
    UNBIND,
    VF_ATTRIBUTES,
    XDP_PROGRAM,
)

# An act -> name of the errno -> the remedy, as the end of "Remedy: ".
CAUSES: t.Mapping[str, t.Mapping[str, str]] = {
    # drivers/pci/iov.c sriov_numvfs_store, sriov_enable, and the drivers' sriov_configure.
    NUM_VFS: {
        "EBUSY": "VFs exist already, or the device is busy: look at dmesg",
        "EIO": "the device reports a bad number of VFs: update its firmware",
        "ENOENT": "the PF's driver cannot create VFs: bind its kernel driver",
        "ENOMEM": "no room for the VFs' registers: turn on SR-IOV and above 4G decoding in the firmware setup, "
        "or boot with pci=realloc; where dmesg says that a bus is out of range, with pci=assign-busses",
        "EPERM": "the driver refuses the number: DCB or macvlan offload has its queues, or a guest holds VFs",
        "EINVAL": "the driver refuses VFs in its present mode, with an XDP program attached for instance (dmesg says)",
        "ERANGE": "the device has fewer VFs than that (sriov_totalvfs)",
        "EAGAIN": "the device is in reset: run again",
        "EOPNOTSUPP": "the driver is in safe mode, or has no VFs left to give",
        "ETIMEDOUT": "the device's firmware did not answer",
        "ENOSYS": "this kernel was built without SR-IOV (CONFIG_PCI_IOV), or the driver without VFs: boot another",
        "ENOSPC": "there are too few interrupts (MSI-X) or queues for so many VFs: ask for fewer, or take some from "
        "the PF (module rss, channels)",
        "ENOTSUPP": "the bridge above the device cannot route to so many functions (no ARI), or its firmware has no "
        "VFs: put it into another slot, or update its firmware",
        "ENODEV": "the device or its driver is going away, or did not start: look at dmesg",
    },
    # drivers/base/bus.c bind_store, the probe of the driver, drivers/iommu/iommu.c iommu_device_use_default_domain.
    BIND: {
        "EINVAL": "for vfio-pci: no usable IOMMU group, boot with the IOMMU on (dmesg says)",
        "ENODEV": "the driver does not know the device: name another",
        "ENOENT": "there is no such driver, or something that its probe needs is missing (dmesg says)",
        "EBUSY": "another device of its IOMMU group is used by the kernel",
        "EAGAIN": "the driver waits for another one (deferred probe): run again",
        "EPROBE_DEFER": "the driver waits for another one (deferred probe): run again",
        "EPERM": "the kernel is locked down, or the driver takes this device only by its own option (dmesg says)",
        "ENOMEM": "there is not enough memory, or no room for the device's registers (dmesg says)",
        "EIO": "the device does not answer the driver: reset it, and see dmesg for PCIe errors",
        "ETIMEDOUT": "the device's firmware did not answer: run again, and see dmesg",
        "ENOSPC": "there are too few interrupts (MSI-X) for the device: give its PF fewer channels, or have fewer VFs",
    },
    UNBIND: {
        "ENODEV": "the device has no driver any more, or another: run again",
        "EPERM": "the kernel is locked down",
    },
    # net/ethtool/channels.c ethnl_set_channels; net/ethtool/ioctl.c ethtool_set_channels; and the drivers.
    CHANNELS: {
        "EINVAL": "the driver, or a flow rule or XDP socket on a queue that would go, is against it (dmesg says)",
        "EOPNOTSUPP": "the driver cannot",
        "EBUSY": "the RDMA driver of the NIC is bound, an AF_XDP socket has a queue, or the device is in reset: end "
        "that, and run again",
        "ENOSPC": "there are too few interrupts (MSI-X): ask for fewer channels, or have fewer VFs",
        "ENOMEM": "there is not enough memory for the queues: ask for fewer channels or smaller rings",
        "EAGAIN": "the device is in reset: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENODEV": "the interface is gone, or the device is in reset: run again",
        "EPERM": "the driver allows it only while the PF has no VFs or traffic classes (dmesg says)",
    },
    # net/ethtool/ioctl.c ethtool_set_ringparam.
    RING_SIZES: {
        "EINVAL": "the driver takes other sizes only (a power of two, or between its least and its most; dmesg says)",
        "EOPNOTSUPP": "the driver cannot",
        "EBUSY": "an AF_XDP socket has a queue, or the device is in reset: end that, and run again",
        "ENOMEM": "there is not enough memory for the rings: ask for smaller ones, or for fewer channels",
        "EAGAIN": "the device is in reset: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENODEV": "the interface is gone, or the device is in reset: run again",
    },
    # net/ethtool/ioctl.c ethtool_set_rxfh_indir, and the drivers.
    RSS_TABLE: {
        "EINVAL": "the driver, or a flow rule or XDP socket on a queue that would go, is against it (dmesg says)",
        "EOPNOTSUPP": "the driver cannot; one that shares the table between ports or with VFs does not while it is "
        "shared",
        "EBUSY": "the table is shared with another port of the card, or the device is in reset: run again",
        "ENOMEM": "there is not enough memory: run again",
        "ENOSPC": "all tables of the card are taken: remove RSS contexts that are not needed (ethtool -X)",
        "EAGAIN": "the device is in reset: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENODEV": "the interface is gone, or the device is in reset: run again",
    },
    # net/ethtool/ioctl.c ethtool_set_rxfh; net/ethtool/ioctl.c ethtool_set_rxfh_fields [from 6.12 on]; and the drivers.
    HASH: {
        "EINVAL": "the driver takes other fields for this flow type; what it takes differs from driver to driver",
        "EOPNOTSUPP": "the driver cannot: leave it out",
        "EBUSY": "the device is in reset: run again",
        "ENOMEM": "there is not enough memory: run again",
        "EAGAIN": "the device is in reset: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENODEV": "the interface is gone, or the device is in reset: run again",
    },
    # net/ethtool/ioctl.c ethtool_set_rxnfc, and the drivers.
    RULE: {
        "EINVAL": "the driver's reason is in dmesg",
        "EOPNOTSUPP": "the driver takes no such rule, or ntuple filters are off",
        "ENOTSUPP": "the driver takes no rule of this flow type or with these fields",
        "ENOSPC": "the driver's table is full: remove rules that are not needed",
        "EEXIST": "the driver has a rule for this flow already",
        "EBUSY": "the device is in reset: run again",
        "ENOENT": "there is no such rule any more, or no such queue or VF",
        "ENOMEM": "there is not enough memory: run again",
        "EAGAIN": "the device is in reset: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENODEV": "the interface is gone, or the device is in reset: run again",
        "ENETDOWN": "the PF is down: set it up first",
        "EPERM": "another user of the filters, such as tc flower or switchdev, has them (dmesg says)",
    },
    # net/core/dev.c __netdev_update_features: the driver's own answer.
    FEATURE: {
        "EOPNOTSUPP": "the driver cannot",
        "EBUSY": "the device is in reset, or flow rules are there: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENODEV": "the interface is gone, or the device is in reset: run again",
    },
    # net/core/dev.c dev_xdp_attach, dev_xdp_install; and the drivers' ndo_bpf.
    XDP_PROGRAM: {
        "EINVAL": "the driver takes no XDP program as things are: VFs, the MTU, traffic classes or features of the "
        "interface are against it (dmesg says)",
        "EOPNOTSUPP": "the driver runs no XDP program: only mode: generic is left",
        "EBUSY": "another XDP program is attached, or the device is in reset: look at `ip -d link`",
        "ENOMEM": "there is not enough memory, or there are too few queues to send by: ask for fewer channels",
        "EAGAIN": "the device is in reset: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENODEV": "the interface is gone, or the device is in reset: run again",
        "ENOENT": "the program is not pinned there any more: run again",
        "EPERM": "the program may not be opened: see who has changed what is pinned",
    },
    # net/core/rtnetlink.c do_setvfinfo, and the drivers' ndo_set_vf_*.
    VF_ATTRIBUTES: {
        "EOPNOTSUPP": "the PF's driver cannot: leave it out",
        "EPROTONOSUPPORT": "the driver takes no such vlan_proto, or no qos: leave it out",
        "EPERM": "the driver's mode or its firmware forbids it (dmesg says)",
        "EBUSY": "the VF or the PF is in reset: run again",
        "EAGAIN": "the VF is in reset, or the PF is down: run again",
        "ENODEV": "the PF's interface is gone, or its device is in reset: run again",
        "ENOMEM": "there is not enough memory: run again",
        "EIO": "the device does not answer: see dmesg",
        "ENETDOWN": "the PF is down: set it up first",
        "ENOSPC": "the card has no filter left for it: fewer VFs with a MAC address or VLAN of their own",
    },
    MTU: {
        "EBUSY": "the device is in reset: run again",
        "EPERM": "the PF allows the VF no such MTU: raise that of the PF first",
    },
    NODE: {
        "EPERM": "the file system of the node, or a security module, forbids it",
        "EROFS": "the file system of the node is read-only (a container): run it on the host",
        "ENOENT": "the node is gone: run again",
    },
}


def remedy_of(act: str, errno_name: str, driver: str | None = None) -> str:
    """What to do about an errno; "" where nothing is known of it.

    :param act: one of the words above.
    :param errno_name: "EBUSY", or the digits of a number without a name.
    :param driver: the driver that was asked.
    """
    return index.driver(driver).causes.get(act, {}).get(errno_name) or CAUSES.get(act, {}).get(errno_name, "")
