# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rows, and hosts with the NIC of one."""

from __future__ import annotations

import json

from .. import hosts
from . import broadcom, intel, marvell, nvidia, others, rare, servers

ROWS = (*intel.ROWS, *nvidia.ROWS, *broadcom.ROWS, *marvell.ROWS, *others.ROWS, *servers.ROWS, *rare.ROWS)
BY_NAME = {row.name: row for row in ROWS}
MARK = "sim/atlas"
NAME = "enp1s0"


def row_of(devices, address):
    """The row by which this function behaves; None: it is no such NIC."""
    return BY_NAME.get(devices.read(MARK, address or ""))


def nic_of(row, up=True):
    return hosts.Nic(row.driver, row.vf_driver, row.device, row.vf_device, row.total_vfs, up=up)


def files(row, up=True, **options):
    """A freshly booted host with such a NIC."""
    nic = nic_of(row, up)
    base = f"{hosts.DEVICES}/{nic.address}"
    drivers = {row.driver: [f"{row.vendor}:{row.device}"]}
    drivers.setdefault(row.vf_driver, []).append(f"{row.vendor}:{row.vf_device}")
    found = hosts.host(nic, loaded=(*hosts.LOADED, *drivers, "vfio-pci"), **options)
    found.update(hosts.function(nic.address, row.vendor, row.device, row.driver))
    found.update({f"sim/drivers/{name}": json.dumps({"module": name, "ids": ids}) for name, ids in drivers.items()})
    if not row.total_vfs:
        found = {path: text for path, text in found.items() if not path.startswith(f"{base}/sriov_")}
    return {**found, f"{MARK}/{nic.address}": row.name, f"sys/class/net/{NAME}/speed": str(row.speed if up else -1)}
