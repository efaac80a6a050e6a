# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence in the table of bypass techniques on a VF."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.bypass import VfFacts
from ansible_collections.kernel_bypass.sriov.tests.unit.support.bypass import (
    CONFIG_FILE,
    CONNECTX5,
    EF_VI,
    N82576,
    NATIVE,
    NETMAP,
    NO_IOMMU,
    PACKET_MMAP,
    PF_RING,
    SNABB,
    WITH_VFS,
    X710,
    ZERO_COPY,
    host,
    vf_technique,
)

DPDK, VFIO = "DPDK", "vfio-pci"
VFIO_IS_THERE = "module vfio_pci is installed, not loaded, and the IOMMU is on (the PF is in group 6)"
OUTSIDE = {"pf_ring": "loaded", "netmap": "loaded"}
HERE = VfFacts(interface="enp1s0v0", driver="ixgbevf", xdp_features=frozenset({"basic"}), iommu_type="identity")


@pytest.mark.parametrize(
    ("name", "facts", "why"),
    [
        pytest.param(
            PACKET_MMAP, host(), f"the kernel has ixgbevf for it; CONFIG_PACKET=y in {CONFIG_FILE}", id="without a VF"
        ),
        pytest.param(
            PACKET_MMAP,
            host(vf=HERE, **WITH_VFS),
            f"ixgbevf drives enp1s0v0; CONFIG_PACKET=y in {CONFIG_FILE}",
            id="VF",
        ),
        pytest.param(
            PACKET_MMAP,
            host(vf=HERE, vf_default_driver=None, **WITH_VFS),
            f"ixgbevf drives enp1s0v0; CONFIG_PACKET=y in {CONFIG_FILE}",
            id="a driver that the kernel would not take by itself",
        ),
        pytest.param(
            PACKET_MMAP,
            host(vf_default_driver=None),
            "a VF (8086:10ed) gets no interface: the kernel has no driver for it",
            id="no driver",
        ),
        pytest.param(
            PACKET_MMAP,
            host(vf_default_driver=None, vf_possible_drivers=("a", "b")),
            "a VF (8086:10ed) gets no interface: which of a or b the kernel would bind is not known",
            id="one of two",
        ),
        pytest.param(PF_RING, host(), "module pf_ring is neither loaded nor installed", id="no PF_RING"),
        pytest.param(
            PF_RING,
            host(N82576, modules=OUTSIDE),
            "PF_RING has no driver with ZC in place of igbvf",
            id="PF_RING has no driver",
        ),
        pytest.param(
            PF_RING,
            host(modules=OUTSIDE),
            "whether the ixgbevf that is here is PF_RING's is told by the interface of a VF only",
            id="PF_RING, and no VF to ask",
        ),
        pytest.param(
            PF_RING,
            host(modules=OUTSIDE, vf=replace(HERE, pf_ring="NAPI"), **WITH_VFS),
            "/proc/net/pf_ring/dev/enp1s0v0/info says polling mode NAPI: no ZC in ixgbevf",
            id="PF_RING and the kernel's ixgbevf",
        ),
        pytest.param(
            PF_RING,
            host(modules=OUTSIDE, vf=replace(HERE, pf_ring="NAPI/ZC"), **WITH_VFS),
            "ixgbevf drives enp1s0v0; module pf_ring is loaded; "
            "/proc/net/pf_ring/dev/enp1s0v0/info says polling mode NAPI/ZC",
            id="PF_RING's ixgbevf",
        ),
        pytest.param(SNABB, host(), "Snabb does not list 8086:10ed (lib/hardware/pci.lua)", id="Snabb and the 82599"),
        pytest.param(
            SNABB,
            X710,
            "Snabb lists 8086:154c (lib/hardware/pci.lua); the IOMMU group of a new VF is of type identity, as the PF "
            "has it: physical addresses pass; lockdown is none",
            id="Snabb and the X710",
        ),
        pytest.param(
            SNABB,
            replace(X710, num_vfs=1, vf=VfFacts(iommu_type="DMA-FQ"), vf_default_driver=None),
            "IOMMU group 9 is of type DMA-FQ: the NIC cannot use physical addresses (iommu=pt lets it)",
            id="Snabb, and the VF's own group",
        ),
        pytest.param(
            SNABB,
            replace(X710, lockdown="integrity"),
            "lockdown (integrity) refuses mapping the VF's registers",
            id="Snabb under lockdown",
        ),
        pytest.param(SNABB, CONNECTX5, "Snabb does not list 15b3:1018 (lib/hardware/pci.lua)", id="Snabb and mlx5"),
        pytest.param(
            DPDK, host(vf_default_driver="new"), f"DPDK has net_ixgbe_vf for it; {VFIO_IS_THERE}", id="the PF's file"
        ),
        pytest.param(
            DPDK,
            host(driver="mystery", default_driver="mystery", vf_default_driver="mysteryvf"),
            "no DPDK driver is known in place of mysteryvf",
            id="DPDK and an unknown driver",
        ),
        pytest.param(
            DPDK,
            host(driver="mystery", default_driver="mystery", vf_default_driver=None),
            "no DPDK driver is known",
            id="DPDK and no driver at all",
        ),
        pytest.param(
            DPDK,
            host(CONNECTX5, modules={"mlx5_ib": "loaded"}),
            "the kernel has mlx5_core for it; DPDK has net_mlx5, beside mlx5_core; module mlx5_ib is loaded",
            id="DPDK beside mlx5_core",
        ),
        pytest.param(DPDK, CONNECTX5, "module mlx5_ib is neither loaded nor installed", id="mlx5 without RDMA"),
        pytest.param(
            DPDK,
            host(**NO_IOMMU, modules={"uio_pci_generic": None}),
            "not by vfio-pci: the device is in no IOMMU group: the IOMMU is off; "
            "module uio_pci_generic is neither loaded nor installed; module igb_uio is neither loaded nor installed",
            id="DPDK without IOMMU",
        ),
        pytest.param(
            NETMAP,
            host(modules=OUTSIDE, vf=replace(HERE, netmap_native=True), **WITH_VFS),
            "ixgbevf drives enp1s0v0; module netmap is loaded; driver ixgbevf uses it (/sys/module/netmap/holders): "
            "native mode",
            id="netmap's ixgbevf",
        ),
        pytest.param(
            NETMAP,
            host(X710, modules=OUTSIDE),
            "the kernel has iavf for it; module netmap is loaded; driver iavf does not use it "
            "(/sys/module/netmap/holders): emulated mode",
            id="netmap and iavf",
        ),
        pytest.param(
            EF_VI,
            host(),
            "driver of the VFs is ixgbevf, EF_VI needs sfc or xilinx_efct; module sfc_char is neither loaded nor "
            "installed",
            id="EF_VI",
        ),
        pytest.param(
            NATIVE,
            host(),
            "ixgbevf runs XDP programs, and loses what they redirect (ixgbevf_main.c ixgbevf_run_xdp)",
            id="ixgbevf by the table",
        ),
        pytest.param(
            NATIVE,
            host(vf=HERE, **WITH_VFS),
            "the kernel lists basic for enp1s0v0, not redirect (netlink family netdev)",
            id="ixgbevf by the kernel's word",
        ),
        pytest.param(
            ZERO_COPY,
            X710,
            "iavf runs no XDP programs, up to Linux 6.12 (iavf_main.c iavf_netdev_ops)",
            id="iavf",
        ),
        pytest.param(NATIVE, N82576, "igbvf runs no XDP programs (igbvf/netdev.c igbvf_netdev_ops)", id="igbvf"),
        pytest.param(
            ZERO_COPY,
            CONNECTX5,
            "the kernel has mlx5_core for it; by the table of drivers mlx5_core has AF_XDP zero-copy from "
            "kernel.org's 5.3 on (mlx5/core/en_main.c mlx5e_xdp_set); there is no VF to ask about; "
            f"CONFIG_XDP_SOCKETS=y in {CONFIG_FILE}; CONFIG_BPF_SYSCALL=y in {CONFIG_FILE}",
            id="mlx5_core by the table",
        ),
        pytest.param(
            NATIVE,
            replace(CONNECTX5, vf_default_driver="mysteryvf"),
            "the table of drivers does not know mysteryvf; there is no VF to ask about",
            id="an unknown driver",
        ),
        pytest.param(VFIO, CONNECTX5, VFIO_IS_THERE, id="vfio-pci with the user's consent"),
    ],
)
def test_the_evidence_is_quoted(name, facts, why):
    assert vf_technique(name, facts).why == why
