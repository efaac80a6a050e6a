# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of bypass techniques as a whole. What the lab's hosts allow was tried there by hand, on kernels 6.12 and
6.1: programs attached, sockets bound and frames sent to them, the PF unbound and given away, with and without VFs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.netdev_genl import XDP_FEATURES
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.bypass import KernelFacts, VfFacts
from ansible_collections.kernel_bypass.sriov.tests.unit.support.bypass import (
    BOOKWORM,
    CONFIG_FILE,
    DPDK,
    EF_VI,
    GENERIC,
    MODULES,
    N82576,
    NAMES,
    NATIVE,
    NETMAP,
    OPTIONS,
    PACKET_MMAP,
    PF_RING,
    SNABB,
    UNBOUND,
    VF_NAMES,
    WITH_VFS,
    ZERO_COPY,
    Card,
    host,
    table,
    technique,
    vf_table,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("facts", "available", "loses"),
    [
        pytest.param(
            host(),
            [PACKET_MMAP, SNABB, DPDK, ZERO_COPY, NATIVE, GENERIC, "VF"],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="82599",
        ),
        pytest.param(
            host(**WITH_VFS),
            [PACKET_MMAP, SNABB, DPDK, GENERIC, "VF"],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="82599 with VFs",
        ),
        pytest.param(
            host(kernel=BOOKWORM, xdp_features=None),
            [PACKET_MMAP, SNABB, DPDK, ZERO_COPY, NATIVE, GENERIC, "VF"],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="82599 on kernel 6.1",
        ),
        pytest.param(
            host(kernel=BOOKWORM, xdp_features=None, **WITH_VFS),
            [PACKET_MMAP, SNABB, DPDK, GENERIC, "VF"],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="82599 with VFs on kernel 6.1",
        ),
        pytest.param(
            N82576, [PACKET_MMAP, DPDK, NATIVE, GENERIC, "VF"], [PF_RING, SNABB, DPDK, NETMAP], id="82576 on kernel 6.1"
        ),
        pytest.param(
            replace(N82576, num_vfs=2, channels=2),
            [PACKET_MMAP, DPDK, NATIVE, GENERIC, "VF"],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="82576 with VFs on kernel 6.1",
        ),
        pytest.param(
            host(driver="vfio-pci", modules={"vfio_pci": "loaded"}, **UNBOUND),
            [SNABB, DPDK],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="82599 on vfio-pci",
        ),
        pytest.param(
            host(lockdown="integrity"),
            [PACKET_MMAP, DPDK, ZERO_COPY, NATIVE, GENERIC, "VF"],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="82599 under lockdown",
        ),
        pytest.param(
            host(
                driver="mlx5_core",
                default_driver="mlx5_core",
                vendor="15b3",
                device="101d",
                modules={"mlx5_ib": "loaded"},
            ),
            [PACKET_MMAP, SNABB, DPDK, ZERO_COPY, NATIVE, GENERIC, "VF"],
            [PF_RING, SNABB, NETMAP],
            id="ConnectX-6 Dx: DPDK beside the kernel",
        ),
        pytest.param(
            host(
                driver="sfc",
                default_driver="sfc",
                vendor="1924",
                device="0a03",
                modules={"sfc_char": "loaded"},
                xdp_features=frozenset({"basic", "redirect", "ndo-xmit"}),
            ),
            [PACKET_MMAP, DPDK, EF_VI, NATIVE, GENERIC, "VF"],
            [PF_RING, SNABB, DPDK, NETMAP],
            id="Solarflare with OpenOnload",
        ),
        pytest.param(
            host(modules={"netmap": "loaded", "pf_ring": "loaded"}, netmap_native=True, pf_ring="NAPI/ZC"),
            [name for name in NAMES if name != EF_VI],
            [PF_RING, SNABB, DPDK],
            id="82599 with PF_RING's and netmap's modules",
        ),
    ],
)
def test_a_host_allows(facts, available, loses):
    rows = table(facts)
    assert [row.name for row in rows] == list(NAMES)
    assert [row.name for row in rows if row.available] == available
    assert [row.name for row in rows if row.kernel_loses_nic] == loses


def test_a_row_is_a_plain_dictionary_for_a_result():
    row = technique(EF_VI, host())
    assert row.view() == {
        "name": "EF_VI",
        "available": False,
        "why": "driver is ixgbe, EF_VI needs sfc or xilinx_efct; module sfc_char is neither loaded nor installed",
        "kernel_loses_nic": False,
        "price": "a Solarflare NIC and OpenOnload's modules; the kernel keeps what no filter takes",
    }


MAYBE = st.sampled_from([None, True, False])
STATES = st.sampled_from(["loaded", "built in", "installed"])
KERNELS = st.builds(
    KernelFacts,
    release=st.sampled_from(["4.18.0", "6.1.0-56-amd64", "6.14.2"]),
    config_file=st.sampled_from([None, CONFIG_FILE]),
    config=st.dictionaries(st.sampled_from(sorted(OPTIONS)), st.sampled_from("ym")),
    protocols=st.frozensets(st.sampled_from(["PACKET", "XDP"])),
    modules=st.dictionaries(st.sampled_from([*MODULES, "igb_uio", "pf_ring", "netmap", "sfc_char", "mlx5_ib"]), STATES),
)
KERNEL_DRIVERS = ["ixgbe", "igb", "i40e", "mlx5_core", "sfc", "mystery"]  # without one there is no interface
HOSTS = st.builds(
    Card,
    kernel=KERNELS,
    interface=st.sampled_from([None, "enp1s0"]),
    driver=st.sampled_from([None, *KERNEL_DRIVERS, "vfio-pci"]),
    default_driver=st.sampled_from([None, "ixgbe", "igb"]),
    driver_out_of_tree=st.booleans(),
    vendor=st.just("8086"),
    device=st.sampled_from(["10fb", "10c9", "1521"]),
    num_vfs=st.integers(0, 63),
    total_vfs=st.integers(0, 63),
    online_cpus=st.integers(1, 300),
    channels=st.none() | st.integers(1, 63),
    mtu=st.sampled_from([1500, 9000]),
    num_tc=st.integers(0, 8),
    iommu_group=st.none() | st.integers(0, 99),
    iommu_type=st.sampled_from([None, "identity", "DMA"]),
    group_others=st.sampled_from([(), (("0000:01:00.1", "ixgbe"),)]),
    management=st.sampled_from([(), ("carries a default route",)]),
    ntuple_supported=MAYBE,
    ntuple_on=MAYBE,
    lro=MAYBE,
    xdp_features=st.none() | st.frozensets(st.sampled_from(XDP_FEATURES)),
    xdp_attached=st.booleans(),
    xdp_generic=st.booleans(),
    pf_ring=st.sampled_from([None, "NAPI", "NAPI/ZC"]),
    netmap_native=st.booleans(),
    lockdown=st.sampled_from(["none", "integrity"]),
    noiommu_mode=MAYBE,
    vf_device=st.sampled_from(["", "10ed", "154c"]),
    vf_default_driver=st.sampled_from([None, "ixgbevf", "igbvf", "iavf", "mlx5_core", "sfc", "mystery"]),
    vf=st.builds(
        VfFacts,
        interface=st.sampled_from([None, "enp1s0v0"]),
        driver=st.sampled_from([None, "ixgbevf", "igbvf", "mlx5_core"]),
        xdp_features=st.none() | st.frozensets(st.sampled_from(XDP_FEATURES)),
        pf_ring=st.sampled_from([None, "NAPI", "NAPI/ZC"]),
        netmap_native=st.booleans(),
        iommu_type=st.sampled_from([None, "identity", "DMA"]),
    ),
).map(lambda facts: facts if facts.driver in KERNEL_DRIVERS else replace(facts, interface=None))


@given(HOSTS)
def test_every_host_gets_the_whole_table_in_words(facts):
    rows, of_vf = table(facts), vf_table(facts)
    assert ([row.name for row in rows], [row.name for row in of_vf]) == (list(NAMES), list(VF_NAMES))
    for row in (*rows, *of_vf):
        assert row.why and row.price
        assert "None" not in row.why + row.price and ";;" not in row.why + row.price, row


@given(HOSTS)
def test_a_better_mode_implies_the_lesser_ones(facts):
    zero_copy, native, generic = (technique(name, facts).available for name in (ZERO_COPY, NATIVE, GENERIC))
    assert (zero_copy, native) <= (native, generic)


@given(HOSTS)
def test_a_vf_is_of_use_only_where_there_can_be_one(facts):
    if any(row.available for row in vf_table(facts)):
        assert facts.num_vfs or (facts.total_vfs and facts.driver not in (None, "vfio-pci"))


@given(HOSTS)
def test_without_an_interface_only_what_takes_the_nic_is_left(facts):
    rows = table(replace(facts, interface=None))
    assert {row.name for row in rows if row.available} <= {SNABB, DPDK, "VF"}
