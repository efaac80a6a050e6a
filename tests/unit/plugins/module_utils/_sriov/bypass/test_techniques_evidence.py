# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence in the table of bypass techniques, AF_XDP aside."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.bypass import (
    CONFIG_FILE,
    CONNECTX5,
    DPDK,
    EF_VI,
    N82576,
    NETMAP,
    NO_CONFIG,
    NO_INTERFACE,
    NO_IOMMU,
    PACKET_MMAP,
    PF_RING,
    SNABB,
    UNBOUND,
    WITH_VFS,
    host,
    technique,
)

DMA = {"iommu_type": "DMA-FQ"}
NOT_INSTALLED = "is neither loaded nor installed"
ONLY_VFIO = {"uio_pci_generic": None}


@pytest.mark.parametrize(
    ("name", "facts", "available", "why"),
    [
        pytest.param(PACKET_MMAP, host(), True, f"CONFIG_PACKET=y in {CONFIG_FILE}", id="AF_PACKET in the kernel"),
        pytest.param(
            PACKET_MMAP,
            host(config={"CONFIG_PACKET": "m"}, modules={"af_packet": "loaded"}),
            True,
            "module af_packet is loaded",
            id="AF_PACKET as a module",
        ),
        pytest.param(
            PACKET_MMAP,
            host(config={"CONFIG_PACKET": "m"}, modules={"af_packet": None}),
            False,
            f"module af_packet {NOT_INSTALLED}",
            id="AF_PACKET as a module that is not installed",
        ),
        pytest.param(
            PACKET_MMAP, host(config={}), False, f"CONFIG_PACKET is not set in {CONFIG_FILE}", id="no AF_PACKET"
        ),
        pytest.param(
            PACKET_MMAP,
            host(kernel=NO_CONFIG),
            True,
            "/proc/net/protocols lists PACKET",
            id="AF_PACKET without configuration",
        ),
        pytest.param(
            PACKET_MMAP,
            host(kernel=NO_CONFIG, protocols=frozenset(), modules={"af_packet": "installed"}),
            True,
            "module af_packet is installed, not loaded",
            id="AF_PACKET to be loaded, without configuration",
        ),
        pytest.param(
            PACKET_MMAP,
            host(driver="vfio-pci", **UNBOUND),
            False,
            f"{NO_INTERFACE}it is bound to vfio-pci",
            id="on vfio-pci",
        ),
        pytest.param(
            PACKET_MMAP, host(driver=None, **UNBOUND), False, f"{NO_INTERFACE}it has no driver", id="no driver"
        ),
        pytest.param(PF_RING, host(), False, f"module pf_ring {NOT_INSTALLED}", id="no PF_RING"),
        pytest.param(
            PF_RING,
            host(modules={"pf_ring": "installed"}),
            False,
            "/proc/net/pf_ring/dev/enp1s0/info, which tells whether a driver does ZC, is not there",
            id="PF_RING is not loaded",
        ),
        pytest.param(
            PF_RING,
            host(modules={"pf_ring": "loaded"}, pf_ring="NAPI"),
            False,
            "/proc/net/pf_ring/dev/enp1s0/info says polling mode NAPI: no ZC in ixgbe",
            id="PF_RING with the kernel's driver",
        ),
        pytest.param(
            PF_RING,
            host(modules={"pf_ring": "loaded"}, pf_ring="NAPI/ZC"),
            True,
            "says polling mode NAPI/ZC",
            id="PF_RING ZC",
        ),
        pytest.param(
            PF_RING,
            host(modules={"pf_ring": "installed"}, lockdown="integrity"),
            False,
            "not loaded, and lockdown (integrity) wants a signature that the kernel trusts",
            id="PF_RING under lockdown",
        ),
        pytest.param(SNABB, host(), True, "Snabb lists 8086:10fb", id="Snabb knows the card"),
        pytest.param(SNABB, N82576, False, "Snabb does not list 8086:10c9 (lib/hardware/pci.lua)", id="Snabb does not"),
        pytest.param(
            SNABB,
            host(**DMA),
            False,
            "IOMMU group 6 is of type DMA-FQ: the NIC cannot use physical addresses (iommu=pt lets it)",
            id="Snabb behind an IOMMU",
        ),
        pytest.param(SNABB, host(**NO_IOMMU), True, "there is no IOMMU group in its way", id="Snabb without IOMMU"),
        pytest.param(
            SNABB,
            host(lockdown="confidentiality"),
            False,
            "lockdown (confidentiality) refuses mapping the NIC's registers",
            id="Snabb under lockdown",
        ),
        pytest.param(
            DPDK,
            host(),
            True,
            "DPDK has net_ixgbe for it; module vfio_pci is installed, not loaded, and the IOMMU is on "
            "(the PF is in group 6)",
            id="DPDK by vfio",
        ),
        pytest.param(
            DPDK,
            host(group_others=(("0000:01:00.1", "ixgbe"),), modules=ONLY_VFIO),
            False,
            "not by vfio-pci: IOMMU group 6 also holds 0000:01:00.1 (ixgbe): a group is given away whole; "
            f"module uio_pci_generic {NOT_INSTALLED}; "
            f"module igb_uio {NOT_INSTALLED}",
            id="DPDK with a neighbour in the group",
        ),
        *(
            pytest.param(
                DPDK,
                host(group_others=((address, driver),), num_vfs=1, modules=ONLY_VFIO),
                True,
                "the IOMMU is on (the PF is in group 6)",
                id=name,
            )
            for name, address, driver in (
                ("DPDK: its VF goes with the PF", "0000:01:10.0", "ixgbevf"),
                ("DPDK: a bridge may stay", "0000:00:1c.0", "pcieport"),
                ("DPDK: what user space has already", "0000:01:00.1", "vfio-pci"),
                ("DPDK: a function without driver", "0000:01:00.1", None),
            )
        ),
        pytest.param(
            DPDK,
            host(**NO_IOMMU, modules=ONLY_VFIO, noiommu_mode=False),
            False,
            "not by vfio-pci: the device is in no IOMMU group: the IOMMU is off",
            id="DPDK without IOMMU",
        ),
        pytest.param(
            DPDK,
            host(**NO_IOMMU, modules=ONLY_VFIO),
            False,
            "not by vfio-pci: the device is in no IOMMU group: the IOMMU is off",
            id="DPDK without IOMMU on Debian's kernel",
        ),
        pytest.param(
            DPDK,
            host(**NO_IOMMU, modules=ONLY_VFIO, noiommu_mode=True),
            True,
            "module vfio_pci is installed, not loaded, and there is no IOMMU group, and vfio's no-IOMMU mode is on",
            id="DPDK in no-IOMMU mode",
        ),
        pytest.param(
            DPDK,
            host(**NO_IOMMU),
            True,
            "module uio_pci_generic is installed, not loaded, and there is no IOMMU group in its way",
            id="DPDK by uio",
        ),
        pytest.param(
            DPDK,
            host(**NO_IOMMU, lockdown="integrity"),
            False,
            "not by uio_pci_generic: the kernel is locked down (integrity)",
            id="DPDK by uio under lockdown",
        ),
        pytest.param(
            DPDK,
            host(driver="mystery", default_driver="mystery"),
            False,
            "no DPDK driver is known in place of mystery",
            id="DPDK with an unknown driver",
        ),
        pytest.param(
            DPDK,
            host(driver="mlx5_core", default_driver="mlx5_core"),
            False,
            f"module mlx5_ib {NOT_INSTALLED}",
            id="DPDK on mlx5 without its RDMA module",
        ),
        pytest.param(
            DPDK,
            host(driver="mana", default_driver="mana", modules={"mana_ib": "loaded"}),
            True,
            "DPDK has net_mana, beside mana; module mana_ib is loaded",
            id="DPDK on mana",
        ),
        pytest.param(NETMAP, host(), False, f"module netmap {NOT_INSTALLED}", id="no netmap"),
        pytest.param(
            NETMAP,
            host(modules={"netmap": "installed"}),
            True,
            "driver ixgbe does not use it (/sys/module/netmap/holders): emulated mode",
            id="netmap with the kernel's driver",
        ),
        pytest.param(
            NETMAP,
            host(modules={"netmap": "loaded"}, netmap_native=True),
            True,
            "driver ixgbe uses it (/sys/module/netmap/holders): native mode",
            id="netmap with its own driver",
        ),
        pytest.param(
            EF_VI,
            host(),
            False,
            f"driver is ixgbe, EF_VI needs sfc or xilinx_efct; module sfc_char {NOT_INSTALLED}",
            id="EF_VI on another NIC",
        ),
        pytest.param(EF_VI, host(driver="sfc"), False, f"module sfc_char {NOT_INSTALLED}", id="the kernel's own sfc"),
        pytest.param(
            "VF", host(), True, "VFs: 0 of 63; driver ixgbe has the PF; module vfio_pci is installed", id="a VF"
        ),
        pytest.param("VF", host(num_vfs=2), True, "VFs: 2 of 63; module vfio_pci", id="VFs that are there"),
        pytest.param(
            "VF",
            CONNECTX5,
            True,
            "VFs: 0 of 8; driver mlx5_core has the PF; DPDK drives a VF beside mlx5_core, which keeps it",
            id="a VF of a bifurcated driver",
        ),
        pytest.param("VF", host(total_vfs=0), False, "the device offers no VFs (sriov_totalvfs)", id="no SR-IOV"),
        pytest.param(
            "VF",
            host(total_vfs=0, config={}),
            False,
            f"the device offers no VFs; CONFIG_PCI_IOV is not set in {CONFIG_FILE}",
            id="no SR-IOV in the kernel",
        ),
        pytest.param(
            "VF",
            host(driver="vfio-pci", **UNBOUND),
            False,
            "the PF is bound to vfio-pci, which creates VFs with its parameter enable_sriov only",
            id="no VFs on vfio-pci",
        ),
        pytest.param(
            "VF",
            host(driver=None, **UNBOUND),
            False,
            "the PF is without driver: only its kernel",
            id="no VFs without driver",
        ),
        pytest.param(
            "VF",
            host(xdp_attached=True),
            False,
            "an XDP program is attached, and ixgbe creates no VFs beside a native one (ixgbe_pci_sriov_enable)",
            id="no VFs beside XDP",
        ),
        pytest.param("VF", host(xdp_attached=True, xdp_generic=True), True, "VFs: 0 of 63", id="VFs and generic XDP"),
        pytest.param("VF", host(xdp_attached=True, **WITH_VFS), True, "VFs: 2 of 63", id="VFs that are there, and XDP"),
        pytest.param("VF", replace(N82576, xdp_attached=True), True, "driver igb has the PF", id="igb has both"),
        pytest.param(
            "VF",
            host(**NO_IOMMU),
            False,
            "not by uio_pci_generic: a VF has no legacy interrupt (INTx)",
            id="a VF by uio_pci_generic",
        ),
        pytest.param(
            "VF",
            host(**NO_IOMMU, modules={"igb_uio": "loaded"}),
            True,
            "module igb_uio is loaded, and there is no IOMMU group in its way",
            id="a VF by igb_uio",
        ),
        pytest.param(
            "VF",
            host(group_others=(("0000:01:00.1", "ixgbe"),)),
            True,
            "the IOMMU is on",
            id="a VF has a group of its own",
        ),
    ],
)
def test_the_evidence_is_quoted(name, facts, available, why):
    row = technique(name, facts)
    assert (row.available, why in row.why) == (available, True), row.why
