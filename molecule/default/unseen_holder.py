# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps a device of vfio-pci by the descriptor of the device alone, as `unseen_holder.py 0000:01:10.0`.

The node of its IOMMU group is closed again: the kernel keeps the group for the device's sake (vfio_group_fops_release),
and /proc/PID/fd has "anon_inode:[vfio-device]", which names no device.
"""

import fcntl
import os
import signal
import struct
import sys

# <linux/vfio.h>
VFIO_TYPE1_IOMMU = 1
VFIO_SET_IOMMU = 0x3B66
VFIO_GROUP_SET_CONTAINER = 0x3B68
VFIO_GROUP_GET_DEVICE_FD = 0x3B6A

address = sys.argv[1]
number = os.path.basename(os.readlink(f"/sys/bus/pci/devices/{address}/iommu_group"))
container, group = (os.open(f"/dev/vfio/{name}", os.O_RDWR) for name in ("vfio", number))
fcntl.ioctl(group, VFIO_GROUP_SET_CONTAINER, struct.pack("i", container))
fcntl.ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU)
device = fcntl.ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bytearray(address.encode() + b"\0"))
os.close(group)
os.close(container)
print("has it:", os.readlink(f"/proc/self/fd/{device}"), flush=True)
signal.pause()
