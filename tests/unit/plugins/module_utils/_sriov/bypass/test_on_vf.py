# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of bypass techniques on a VF. What it says of ixgbevf's AF_XDP was tried in a lab VM on kernel 6.12: frames
that a native program redirected to a socket were lost, and all of them arrived by the generic hook."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.bypass import VfFacts
from ansible_collections.kernel_bypass.sriov.tests.unit.support.bypass import (
    BOOKWORM,
    CONNECTX5,
    EF_VI,
    GENERIC,
    N82576,
    N82599,
    NATIVE,
    NETMAP,
    NO_IOMMU,
    PACKET_MMAP,
    PF_RING,
    SNABB,
    UNBOUND,
    VF_NAMES,
    WITH_VFS,
    X710,
    ZERO_COPY,
    host,
    vf_table,
    vf_technique,
)

DPDK, VFIO = "DPDK", "vfio-pci"
KERNEL_KEEPS = [PACKET_MMAP, EF_VI, ZERO_COPY, NATIVE, GENERIC]
VFIO_IS_THERE = "module vfio_pci is installed, not loaded, and the IOMMU is on (the PF is in group 6)"
OUTSIDE = {"pf_ring": "loaded", "netmap": "loaded"}
HERE = VfFacts(interface="enp1s0v0", driver="ixgbevf", xdp_features=frozenset({"basic"}), iommu_type="identity")
SOLARFLARE = replace(CONNECTX5, driver="sfc", default_driver="sfc", vendor="1924", vf_default_driver="sfc")


@pytest.mark.parametrize(
    ("facts", "available", "kernel_keeps"),
    [
        pytest.param(host(), [PACKET_MMAP, DPDK, GENERIC, VFIO], KERNEL_KEEPS, id="82599: no Snabb"),
        pytest.param(host(vf=HERE, **WITH_VFS), [PACKET_MMAP, DPDK, GENERIC, VFIO], KERNEL_KEEPS, id="82599 with VFs"),
        pytest.param(host(kernel=BOOKWORM), [PACKET_MMAP, DPDK, GENERIC, VFIO], KERNEL_KEEPS, id="82599, kernel 6.1"),
        pytest.param(
            host(lockdown="integrity"), [PACKET_MMAP, DPDK, GENERIC, VFIO], KERNEL_KEEPS, id="82599, lockdown"
        ),
        pytest.param(N82576, [PACKET_MMAP, DPDK, GENERIC, VFIO], KERNEL_KEEPS, id="82576"),
        pytest.param(X710, [PACKET_MMAP, SNABB, DPDK, GENERIC, VFIO], KERNEL_KEEPS, id="X710: Snabb has its VFs"),
        pytest.param(
            host(CONNECTX5, modules={"mlx5_ib": "loaded"}),
            [PACKET_MMAP, DPDK, ZERO_COPY, NATIVE, GENERIC, VFIO],
            [PACKET_MMAP, DPDK, EF_VI, ZERO_COPY, NATIVE, GENERIC],
            id="ConnectX-5: DPDK beside the kernel",
        ),
        pytest.param(
            host(SOLARFLARE, modules={"sfc_char": "loaded"}),
            [PACKET_MMAP, DPDK, EF_VI, NATIVE, GENERIC, VFIO],
            KERNEL_KEEPS,
            id="Solarflare with OpenOnload",
        ),
        pytest.param(
            host(vf=replace(HERE, pf_ring="NAPI/ZC", netmap_native=True), modules=OUTSIDE, **WITH_VFS),
            [PACKET_MMAP, PF_RING, DPDK, NETMAP, GENERIC, VFIO],
            [*KERNEL_KEEPS, NETMAP],
            id="82599 with the drivers of PF_RING and netmap",
        ),
        pytest.param(
            host(N82576, modules=OUTSIDE),
            [PACKET_MMAP, DPDK, NETMAP, GENERIC, VFIO],
            KERNEL_KEEPS,
            id="82576 with the modules of PF_RING and netmap",
        ),
        pytest.param(host(total_vfs=0), [], KERNEL_KEEPS, id="no SR-IOV"),
        pytest.param(host(driver="vfio-pci", **UNBOUND), [], KERNEL_KEEPS, id="the PF is in user space"),
        pytest.param(host(vf_default_driver=None), [DPDK, VFIO], KERNEL_KEEPS, id="no driver for VFs is installed"),
    ],
)
def test_a_vf_allows(facts, available, kernel_keeps):
    rows = vf_table(facts)
    assert [row.name for row in rows] == list(VF_NAMES)
    assert [row.name for row in rows if row.available] == available
    assert {row.name for row in rows if not row.kernel_loses_vf} == set(kernel_keeps)


def test_a_row_is_a_plain_dictionary_for_a_result():
    assert vf_technique(DPDK, host()).view() == {
        "name": "DPDK",
        "available": True,
        "why": f"DPDK has net_ixgbe_vf for it; {VFIO_IS_THERE}",
        "kernel_loses_vf": True,
        "price": "the VF leaves the kernel, which keeps enp1s0; hugepages",
    }


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        pytest.param(host(total_vfs=0), "the device offers no VFs (sriov_totalvfs)", id="no SR-IOV"),
        pytest.param(
            host(driver="vfio-pci", **UNBOUND),
            "the PF is bound to vfio-pci, which creates VFs with its parameter enable_sriov only",
            id="the PF is in user space",
        ),
        pytest.param(
            host(xdp_attached=True),
            "an XDP program is attached, and ixgbe creates no VFs beside a native one (ixgbe_pci_sriov_enable)",
            id="XDP on the PF",
        ),
    ],
)
def test_where_there_can_be_no_vf_every_row_says_so_and_nothing_else(facts, why):
    assert {(row.available, row.why) for row in vf_table(facts)} == {(False, why)}


@pytest.mark.parametrize(
    ("name", "facts", "price"),
    [
        pytest.param(
            PACKET_MMAP,
            host(),
            "no bypass: the kernel still handles every packet, and copies it into the ring; "
            "ixgbevf opens 2 RX queues at most",
            id="packet_mmap",
        ),
        pytest.param(
            PF_RING,
            host(vf=HERE, **WITH_VFS),
            "module and driver from outside the kernel, and a licence for ZC; while a program has zc:enp1s0v0 open, "
            "the kernel sees no packet of it; ixgbevf opens 2 RX queues at most",
            id="PF_RING",
        ),
        pytest.param(
            SNABB,
            X710,
            "the VF leaves the kernel, which keeps enp1s0; hugepages; the VF uses physical addresses: nothing keeps it "
            "from memory that is not Snabb's",
            id="Snabb",
        ),
        pytest.param(
            DPDK,
            host(**NO_IOMMU),
            "the VF leaves the kernel, which keeps enp1s0; without an IOMMU its user can write all memory; hugepages",
            id="no isolation",
        ),
        pytest.param(
            DPDK,
            CONNECTX5,
            "the kernel keeps the VF and what no flow rule takes; root or CAP_NET_RAW, and hugepages",
            id="beside mlx5_core",
        ),
        pytest.param(
            NETMAP,
            host(),
            "a module from outside the kernel; netmap:the VF takes every packet; a copy per packet: full speed needs a "
            "patched driver, which netmap has for ixgbevf; ixgbevf opens 2 RX queues at most",
            id="netmap emulated",
        ),
        pytest.param(
            NETMAP,
            X710,
            "a module from outside the kernel; netmap:the VF takes every packet; a copy per packet: full speed needs a "
            "patched driver, and netmap has none for iavf",
            id="netmap emulated, without remedy",
        ),
        pytest.param(
            NETMAP,
            host(vf=replace(HERE, netmap_native=True), **WITH_VFS),
            "a module from outside the kernel; netmap:enp1s0v0 takes every queue, netmap:enp1s0v0-N/R only RX queue N; "
            "ixgbevf opens 2 RX queues at most",
            id="netmap native",
        ),
        pytest.param(
            NATIVE,
            X710,
            "a copy per packet; a socket on each RX queue that frames come by; "
            "attaching the program resets the VF's queues",
            id="AF_XDP",
        ),
        pytest.param(
            GENERIC,
            X710,
            "the kernel builds a socket buffer for every packet first, and copies it: no faster than its own path; "
            "a socket on each RX queue that frames come by",
            id="AF_XDP generic",
        ),
        pytest.param(
            VFIO,
            CONNECTX5,
            "the VF leaves the kernel, for a virtual machine or a driver of your own; allow: [bifurcated], as DPDK "
            "drives it beside mlx5_core and not without",
            id="vfio-pci and mlx5",
        ),
        pytest.param(
            VFIO, N82599, "the VF leaves the kernel, for a virtual machine or a driver of your own", id="vfio-pci"
        ),
    ],
)
def test_the_price_is_told(name, facts, price):
    assert vf_technique(name, facts).price == price
