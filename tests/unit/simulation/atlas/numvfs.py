# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write to sriov_numvfs, as far as it reaches the driver (drivers/pci/iov.c sriov_numvfs_store)."""

from __future__ import annotations

import errno
import json

from .. import hosts
from .row import SILENT


def answer(row, devices, pf, count):
    """(errno, number of VFs that there are then)."""
    if not row.numvfs.sysfs:
        return errno.ENOENT, 0
    if not count:
        return 0, 0
    rule = row.numvfs
    if rule.silent or (rule.down == SILENT and not is_up(devices, pf)):
        return 0, 0
    if rule.down and not is_up(devices, pf):
        return rule.down, 0
    if rule.most is not None and count > rule.most:
        return rule.above, rule.most
    return 0, count


def is_up(devices, pf):
    names = devices.names(hosts.DEVICES, pf, "net")
    return any("UP" in json.loads(devices.read("sim/interfaces", name))["flags"] for name in names)
