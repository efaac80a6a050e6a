# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AF_XDP's rows of the table of bypass techniques. Each refusal of ixgbe and igb is the kernel's EINVAL in a lab VM."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.driver import KernelRange
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.bypass import KernelFacts
from ansible_collections.kernel_bypass.sriov.tests.unit.support.bypass import (
    BOOKWORM,
    CONFIG_FILE,
    GENERIC,
    N82576,
    NATIVE,
    NO_CONFIG,
    NO_INTERFACE,
    SSH,
    UNBOUND,
    ZERO_COPY,
    host,
    technique,
)

BY_TABLE = "kernel 6.1 cannot tell; by the table of drivers"
IXGBE_SETUP = "(ixgbe_main.c ixgbe_xdp_setup)"


@pytest.mark.parametrize(
    ("name", "facts", "available", "why"),
    [
        pytest.param(
            ZERO_COPY, host(), True, "the kernel lists basic, redirect, xsk-zerocopy for enp1s0", id="zero-copy"
        ),
        pytest.param(
            ZERO_COPY,
            host(xdp_features=frozenset({"basic", "redirect"})),
            False,
            "the kernel lists basic, redirect for enp1s0, not xsk-zerocopy (netlink family netdev)",
            id="no zero-copy",
        ),
        pytest.param(
            ZERO_COPY,
            host(xdp_features=frozenset({"xsk-zerocopy"})),
            False,
            "the kernel lists xsk-zerocopy for enp1s0, not basic and redirect",
            id="zero-copy without a program",
        ),
        pytest.param(
            NATIVE,
            host(xdp_features=frozenset()),
            False,
            "the kernel lists no XDP feature for enp1s0 (netlink family netdev)",
            id="no XDP at all",
        ),
        pytest.param(
            NATIVE,
            host(kernel=BOOKWORM, xdp_features=None),
            True,
            f"{BY_TABLE} ixgbe has native XDP from kernel.org's 4.12 on {IXGBE_SETUP}",
            id="native by the table",
        ),
        pytest.param(
            ZERO_COPY,
            N82576,
            False,
            f"{BY_TABLE} igb has AF_XDP zero-copy from kernel.org's 6.14 on (igb_main.c igb_xdp_setup)",
            id="zero-copy of a later kernel",
        ),
        pytest.param(
            ZERO_COPY,
            host(kernel=BOOKWORM, xdp_features=None, driver="bnxt_en"),
            False,
            f"{BY_TABLE} bnxt_en has no AF_XDP zero-copy (bnxt_xdp.c bnxt_xdp_set)",
            id="no zero-copy by the table",
        ),
        pytest.param(
            NATIVE,
            host(kernel=BOOKWORM, xdp_features=None, driver_out_of_tree=True),
            True,
            f"{IXGBE_SETUP}, but this one is not the kernel's own",
            id="a driver from outside, judged by the table",
        ),
        pytest.param(
            NATIVE,
            host(kernel=BOOKWORM, xdp_features=None, driver="mystery"),
            False,
            "kernel 6.1 cannot tell, and the table of drivers does not know mystery",
            id="an unknown driver",
        ),
        pytest.param(
            NATIVE,
            host(num_vfs=1),
            False,
            f"ixgbe refuses XDP while there are VFs, and there is 1 {IXGBE_SETUP}",
            id="ixgbe beside a VF",
        ),
        pytest.param(NATIVE, host(mtu=3050), True, "CONFIG_BPF_SYSCALL=y", id="the largest MTU"),
        pytest.param(
            NATIVE,
            host(mtu=3051),
            False,
            f"ixgbe refuses XDP with an MTU above 3050, and it is 3051 {IXGBE_SETUP}",
            id="one more",
        ),
        pytest.param(NATIVE, replace(N82576, mtu=3046), True, "igb has native XDP", id="the largest MTU of igb"),
        pytest.param(
            NATIVE, replace(N82576, mtu=3047), False, "igb refuses XDP with an MTU above 3046", id="one more of igb"
        ),
        pytest.param(
            NATIVE,
            host(lro=True),
            False,
            f"ixgbe refuses XDP while large-receive-offload is on {IXGBE_SETUP}",
            id="LRO",
        ),
        pytest.param(
            NATIVE,
            host(num_tc=4),
            False,
            f"ixgbe refuses XDP with traffic classes, and there are 4 {IXGBE_SETUP}",
            id="DCB",
        ),
        pytest.param(NATIVE, host(num_tc=1), True, "the kernel lists", id="one traffic class is none"),
        pytest.param(
            NATIVE,
            host(online_cpus=129),
            False,
            f"ixgbe refuses XDP with more than 128 CPUs, and there are 129 {IXGBE_SETUP}",
            id="too many CPUs",
        ),
        pytest.param(
            NATIVE,
            host(num_vfs=2, lro=True),
            False,
            f"ixgbe refuses XDP while there are VFs, and there are 2 {IXGBE_SETUP}; "
            f"ixgbe refuses XDP while large-receive-offload is on {IXGBE_SETUP}",
            id="all that is in the way is reported",
        ),
        pytest.param(
            GENERIC,
            host(xdp_features=frozenset(), num_vfs=2, mtu=9000),
            True,
            f"CONFIG_XDP_SOCKETS=y in {CONFIG_FILE}",
            id="generic needs nothing of the driver",
        ),
        pytest.param(
            GENERIC,
            host(config={"CONFIG_BPF_SYSCALL": "y"}),
            False,
            f"CONFIG_XDP_SOCKETS is not set in {CONFIG_FILE}",
            id="no AF_XDP",
        ),
        pytest.param(
            GENERIC, host(kernel=NO_CONFIG), True, "/proc/net/protocols lists XDP", id="AF_XDP without configuration"
        ),
        pytest.param(
            GENERIC,
            host(kernel=NO_CONFIG, protocols=frozenset({"PACKET"})),
            False,
            "/proc/net/protocols does not list XDP",
            id="no AF_XDP, without configuration",
        ),
        pytest.param(
            NATIVE,
            host(driver="vfio-pci", **UNBOUND),
            False,
            f"{NO_INTERFACE}it is bound to vfio-pci",
            id="XDP on vfio-pci",
        ),
    ],
)
def test_the_evidence_is_quoted(name, facts, available, why):
    row = technique(name, facts)
    assert (row.available, why in row.why) == (available, True), row.why


@pytest.mark.parametrize(
    ("name", "facts", "price"),
    [
        pytest.param(
            ZERO_COPY,
            host(channels=20),
            "one RX queue of 16 to 19, which are outside the RSS group of 16 anyway",
            id="a queue that RSS does not use",
        ),
        pytest.param(
            ZERO_COPY,
            host(channels=16),
            "one RX queue leaves the RSS group, which falls from 16 queues to 15",
            id="a queue that RSS uses",
        ),
        pytest.param(
            ZERO_COPY,
            host(channels=1),
            "the only RX queue: every packet of the kernel passes the program first",
            id="the only queue",
        ),
        pytest.param(ZERO_COPY, host(channels=None), "one RX queue leaves the RSS group;", id="unknown"),
        pytest.param(
            NATIVE,
            N82576,
            "a socket on each of 8 RX queues: enp2s0 has no ntuple rules, the hash picks the queue",
            id="no flow rules",
        ),
        pytest.param(
            NATIVE,
            host(),
            "by ntuple rules, and ntuple is off: ethtool -K enp1s0 ntuple on, which resets the link",
            id="ntuple off",
        ),
        pytest.param(NATIVE, host(ntuple_on=True), "steered to it by ntuple rules (ntuple is on)", id="ntuple on"),
        pytest.param(
            NATIVE, host(ntuple_supported=None), "whether ntuple rules can steer flows", id="ntuple not known"
        ),
        pytest.param(NATIVE, host(), "a copy per packet", id="native copies"),
        pytest.param(GENERIC, host(), "no faster than its own path", id="generic is slow"),
        pytest.param(
            NATIVE, host(ntuple_on=True, **SSH), "192.0.2.1: the connection stands still meanwhile", id="SSH waits"
        ),
        pytest.param(GENERIC, host(**SSH), "192.0.2.1: the connection stands still", id="SSH waits for ntuple"),
        pytest.param(NATIVE, host(xdp_attached=True), "enp1s0 has an XDP program already", id="somebody is there"),
    ],
)
def test_the_price_is_reported(name, facts, price):
    assert price in technique(name, facts).price


@pytest.mark.parametrize(
    ("name", "facts", "price"),
    [
        pytest.param(GENERIC, host(ntuple_on=True, **SSH), "stands still", id="generic XDP resets nothing"),
    ],
)
def test_what_costs_nothing_is_not_in_the_price(name, facts, price):
    assert price not in technique(name, facts).price


@pytest.mark.parametrize(
    ("release", "cpus", "available", "why"),
    [
        pytest.param("5.15.0-91-generic", 64, True, "ixgbe has native XDP", id="as many as there are queues"),
        pytest.param(
            "5.15.0-91-generic",
            72,
            False,
            "ixgbe refuses XDP with more than 64 CPUs before 5.16 of kernel.org, if no backport has changed it, and "
            f"there are 72 {IXGBE_SETUP}",
            id="more, in an old kernel",
        ),
        pytest.param("5.16.0", 72, True, "ixgbe has native XDP", id="more, in the first that shares queues"),
        pytest.param("6.1.0", 129, False, "with more than 128 CPUs, and there are 129", id="more than may share"),
    ],
)
def test_the_limit_of_cpus_goes_by_release(release, cpus, available, why):
    """ixgbe_xdp_setup(): ENOMEM; commit 4fe815850bdc, first in 5.16."""
    found = technique(NATIVE, host(release=release, xdp_features=None, online_cpus=cpus))
    assert (found.available, why in found.why) == (available, True), found


@pytest.mark.parametrize(
    ("release", "cpus", "told"),
    [("5.15.1", 72, False), ("6.1.0", 64, False), ("6.3.9", 72, True), ("6.4.0", 72, False)],
)
def test_kernels_that_a_program_ends_are_told_of(release, cpus, told):
    """ixgbe_determine_xdp_ring() went out of bounds until commit c23ae5091a8b, first in 6.4."""
    facts = host(release=release, xdp_features=None, online_cpus=cpus)
    words = (
        f"with more than 64 CPUs, and there are {cpus}, a program that sends is the end of kernels from 5.16 on, "
        "before 6.4 of kernel.org, unless it was mended in this one"
    )
    assert (words in technique(NATIVE, facts).price) is told
    assert words not in technique(GENERIC, facts).price


@pytest.mark.parametrize(
    ("kernels", "words", "releases"),
    [
        pytest.param(KernelRange(), "", {(2, 6): True, (6, 12): True}, id="all"),
        pytest.param(
            KernelRange((5, 16)), "from 5.16 on", {(5, 15): False, (5, 16): True, (6, 0): True}, id="later ones"
        ),
        pytest.param(
            KernelRange(before=(6, 4)), "before 6.4", {(6, 3): True, (6, 4): False, (5, 19): True}, id="older"
        ),
        pytest.param(
            KernelRange((5, 16), (6, 4)),
            "from 5.16 on, before 6.4",
            {(5, 9): False, (6, 0): True, (7, 0): False},
            id="some",
        ),
    ],
)
def test_a_range_of_kernels(kernels, words, releases):
    assert (str(kernels), {release: kernels.has(release) for release in releases}) == (words, releases)


@pytest.mark.parametrize(
    ("release", "version"),
    [("6.12.118+deb13-amd64", (6, 12)), ("6.1.0-56-amd64", (6, 1)), ("7.2-rc1", (7, 2)), ("5.14.0-427.el9", (5, 14))],
)
def test_a_release_has_a_version(release, version):
    assert KernelFacts(release).version == version


@pytest.mark.parametrize(
    ("release", "available"), [("6.13.9", False), ("6.14.0", True), ("7.0.1", True), ("10.0", True)]
)
def test_the_table_goes_by_release(release, available):
    assert technique(ZERO_COPY, host(N82576, release=release)).available is available
