# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which file knows a driver. A host imports the files of the drivers that it has, and no others.

A new driver is a file beside this one (virtio-pci is in virtio_pci.py, LiquidIO in liquidio.py), a line in DRIVERS, and
the same in the import of all_drivers(), which a test asks for.
"""

from __future__ import annotations

import typing as t
from functools import lru_cache
from importlib import import_module

from .bypass_drivers import PF_STUB
from .driver import Driver, VfDriver

# In this order drivers are named in sentences, and their counters are tried on an unknown driver.
DRIVERS = (
    "ixgbe",
    "igb",
    "igc",
    "ice",
    "txgbe",
    "hv_netvsc",
    "virtio_net",
    "i40e",
    "idpf",
    "mlx5_core",
    "mlx4_core",
    "sfc",
    "bnxt_en",
    "bnx2x",
    "ena",
    "mana",
    "ionic",
    "hns3",
    "hinic",
    "rvu_nicpf",
    "be2net",
    "qede",
    "atlantic",
    "cxgb4",
    "e1000e",
    "enic",
    "gve",
    "nfp",
    "virtio-pci",
    "vmxnet3",
    "xilinx_efct",
    "LiquidIO",
    "fsl_enetc",
    "funeth",
    "fm10k",
    "qlcnic",
    "sfc_ef100",
    "sfc_siena",
)
# Driver of VFs -> the driver of PFs whose file knows it. iavf is ice's as well, which says the same of it.
VF_DRIVERS = {
    "ixgbevf": "ixgbe",
    "igbvf": "igb",
    "iavf": "i40e",
    "nfp_netvf": "nfp",
    "cxgb4vf": "cxgb4",
    "rvu_nicvf": "rvu_nicpf",
    "LiquidIO_VF": "LiquidIO",
    "fsl_enetc_vf": "fsl_enetc",
}
# Drivers of PFs in whose module that of the VFs is too (nfp_main.c nfp_main_init registers both).
SHARE_MODULE = ("nfp",)
# Those with Driver.ef_vi, for a sentence about others: not worth reading all files for.
EF_VI_DRIVERS = ("sfc", "xilinx_efct")


@lru_cache(maxsize=None)
def driver(name: str | None, vendor: str = "", device: str = "") -> Driver:
    """What is known of a driver of PFs, on a chip if that is named; of an unknown one nothing."""
    if name is None or name not in DRIVERS:
        return Driver(name or "none")
    file: t.Any = import_module(f".{name.replace('-', '_').lower()}", __package__)
    known: Driver = file.DRIVER
    return known.chips.get(f"{vendor}:{device}", known)


def without_port(name: str | None) -> bool:
    """Whether PFs of this driver have no port: the number of their VFs needs no interface, and no link."""
    return name == PF_STUB or driver(name).interface_with_vfs


@lru_cache(maxsize=None)
def vf_driver(name: str | None) -> VfDriver:
    """What is known of a driver of VFs; of an unknown one nothing."""
    return driver(VF_DRIVERS.get(name or "")).vf_driver or VfDriver(name or "none")


def driver_of_vfs(name: str | None) -> VfDriver:
    """What is known of a driver of VFs, also where PFs have the same one: its facts hold for both."""
    known = driver(name)
    if name not in DRIVERS:
        return vf_driver(name)
    return VfDriver(
        known.name,
        queue_counters=known.queue_counters,
        dpdk=known.dpdk,
        snabb=known.snabb,
        pf_ring=known.pf_ring,
        netmap=known.netmap,
    )


def all_drivers() -> tuple[Driver, ...]:
    """Every driver that is known. This imports every file.

    By name, although driver() does: Ansible sends a host the files that it sees imported somewhere, and here it does.
    """
    from . import (  # noqa: F401  # pylint: disable=unused-import
        atlantic,
        be2net,
        bnx2x,
        bnxt_en,
        cxgb4,
        e1000e,
        ena,
        enic,
        fm10k,
        fsl_enetc,
        funeth,
        gve,
        hinic,
        hns3,
        hv_netvsc,
        i40e,
        ice,
        idpf,
        igb,
        igc,
        ionic,
        ixgbe,
        liquidio,
        mana,
        mlx4_core,
        mlx5_core,
        nfp,
        qede,
        qlcnic,
        rvu_nicpf,
        sfc,
        sfc_ef100,
        sfc_siena,
        txgbe,
        virtio_net,
        virtio_pci,
        vmxnet3,
        xilinx_efct,
    )

    return tuple(driver(name) for name in DRIVERS)


def driver_or_all(name: str | None) -> tuple[Driver, ...]:
    """The driver where it is known, and else every driver, for facts that its card may share with others' cards."""
    return (driver(name),) if name in DRIVERS else all_drivers()


def queue_counters(name: str) -> tuple[str, ...]:
    """Names of the counters of a queue's packets (Driver.queue_counters), of a driver of PFs or of VFs."""
    return driver(name).queue_counters or vf_driver(name).queue_counters


def packet_counters(name: str) -> tuple[str, ...]:
    """Names of the counters of packets that no queue counts (Driver.packet_counters)."""
    return driver(name).packet_counters


def all_queue_counters() -> tuple[tuple[str, ...], ...]:
    """The names of all drivers, each driver's together and none twice. This imports every file."""
    of_pfs = [known.queue_counters for known in all_drivers()]
    of_vfs = [known.vf_driver.queue_counters for known in all_drivers() if known.vf_driver]
    return tuple(dict.fromkeys(names for names in (*of_pfs, *of_vfs) if names))
