# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The prices in the table of bypass techniques, AF_XDP aside."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.bypass import (
    DPDK,
    N82576,
    NETMAP,
    NO_IOMMU,
    PACKET_MMAP,
    PF_RING,
    SNABB,
    SSH,
    WITH_VFS,
    host,
    technique,
)


@pytest.mark.parametrize(
    ("name", "facts", "price"),
    [
        pytest.param(PACKET_MMAP, host(), "the kernel still handles every packet, and copies it", id="no bypass"),
        pytest.param(DPDK, host(), "enp1s0 leaves the kernel whole", id="the whole NIC"),
        pytest.param(DPDK, host(num_vfs=2), "its 2 VFs go with its driver", id="the VFs as well"),
        pytest.param(SNABB, host(num_vfs=1), "its 1 VF go", id="the one VF as well"),
        pytest.param(
            DPDK,
            host(**SSH),
            "it carries the SSH connection from 192.0.2.1: that is cut",
            id="and the operator himself",
        ),
        pytest.param(
            DPDK,
            host(driver="mlx5_core", default_driver="mlx5_core"),
            "the kernel keeps enp1s0 and what no flow rule takes",
            id="not with mlx5",
        ),
        pytest.param(
            PF_RING, host(), "while a program has zc:enp1s0 open, the kernel sees no packet of it", id="PF_RING"
        ),
        pytest.param(NETMAP, host(), "a copy per packet: full speed needs a patched driver", id="netmap emulated"),
        pytest.param(NETMAP, host(), "driver, which netmap has for ixgbe", id="netmap has patches"),
        pytest.param(NETMAP, host(driver="sfc"), "driver, and netmap has none for sfc", id="netmap has none"),
        pytest.param(
            NETMAP,
            host(netmap_native=True),
            "netmap:enp1s0 takes every queue, netmap:enp1s0-N/R only RX queue N",
            id="netmap native",
        ),
        pytest.param(
            "VF",
            host(),
            "the PF's RSS group falls from 16 queues to 4 with 1 VF "
            "(ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2; online CPUs: 20)",
            id="RSS falls",
        ),
        pytest.param(
            "VF",
            host(online_cpus=2, channels=2),
            "the PF's RSS group keeps its 2 queues with 1 VF",
            id="RSS cannot fall",
        ),
        pytest.param("VF", host(channels=3), "falls from 3 queues to 2 with 1 VF", id="RSS that was made smaller"),
        pytest.param("VF", host(**WITH_VFS), "RSS group has 4 queues beside 2 VFs, 16 without", id="RSS beside VFs"),
        pytest.param(
            "VF",
            host(num_vfs=40, channels=2),
            "RSS group has 2 queues beside 40 VFs, 16 without",
            id="RSS beside many",
        ),
        pytest.param("VF", host(num_vfs=2, channels=1), "has 1 queue beside 2 VFs, 16 without", id="RSS as it is"),
        pytest.param("VF", host(ntuple_supported=False), "(enp1s0 has no ntuple rules)", id="no flow rules at all"),
        pytest.param("VF", host(driver="i40e"), "VFs take nothing from the PF's RSS group", id="i40e"),
        pytest.param("VF", host(driver="x"), "what VFs cost of the RSS group is not known for x", id="unknown driver"),
        pytest.param("VF", host(), "flows of the PF's own address reach a VF by ntuple rules", id="flows into VFs"),
        pytest.param("VF", N82576, "a VF gets its own address only, no flow of the PF's (igb: its rules", id="not so"),
        pytest.param("VF", host(), "no native XDP on enp1s0 beside VFs", id="XDP goes"),
        pytest.param("VF", host(**SSH), "192.0.2.1: the connection stands still meanwhile", id="SSH waits for VFs"),
        pytest.param("VF", host(**NO_IOMMU), "without an IOMMU a VF's user can write all memory", id="no isolation"),
    ],
)
def test_the_price_is_reported(name, facts, price):
    assert price in technique(name, facts).price


@pytest.mark.parametrize(
    ("name", "facts", "price"),
    [
        pytest.param("VF", host(num_vfs=2, **SSH), "stands still", id="VFs that are there reset nothing"),
        pytest.param("VF", N82576, "XDP", id="igb has XDP beside VFs"),
        pytest.param("VF", host(), "all memory", id="an IOMMU isolates"),
        pytest.param(DPDK, host(), "VF", id="no VFs, none to lose"),
    ],
)
def test_what_costs_nothing_is_not_in_the_price(name, facts, price):
    assert price not in technique(name, facts).price
