# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dpdk-testpmd as the reader of a queue: with a pinned map alone, and its port is the proof."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import xsk_proof
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written

from .test_returns import differing, returned, said_by
from .test_xsk_proof import MAP, host, prove


@pytest.fixture
def kernel(tmp_path):
    return host(tmp_path)


MAC = hosts.IXGBE.mac
UP = f"EAL: RTE Version: 'DPDK 24.11.3'\nConfiguring Port 0 (socket 0)\nPort 0: {MAC.upper()}\nDone\n"
COUNT = "  RX-packets: {}  RX-missed: 0\n"
OLD = "EAL: RTE Version: 'DPDK 22.11.11'\nvdev_probe(): failed to initialize net_af_xdp0 device\n"


def test_dpdk_reads_by_the_pinned_map_and_changes_nothing_of_the_nic(kernel):
    before = written(kernel)
    found = prove(kernel, UP + COUNT.format(2000), by="dpdk", frames=2000, seconds=30)
    assert (found["failed"], found["frames"], found["mode"], found["statistics"]) == (False, 2000, None, {})
    (argv,) = kernel.run.started
    assert argv[argv.index("--") + 1 :] == [
        *("dpdk-testpmd", "-v", "-m", "128", "--in-memory", "--no-telemetry", "--no-pci"),
        f"--vdev=net_af_xdp0,iface=enp1s0,start_queue=1,use_pinned_map=1,dp_path={MAP}",
        *("--", "--total-num-mbufs=8192", "--no-mlockall", "--forward-mode=rxonly", "--stats-period=1"),
    ]
    assert argv[: argv.index("--")] == [
        *("systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--unit=kernel-bypass-sriov-reader-3-1"),
        *("--uid=capture", "-p", "NoNewPrivileges=yes", "-p", "CapabilityBoundingSet=CAP_NET_RAW"),
        *("-p", "AmbientCapabilities=CAP_NET_RAW", "-p", "LimitMEMLOCK=infinity", "-p", "RuntimeMaxSec=30"),
        *("-p", "CPUAffinity=0-7", "-p", "RuntimeDirectory=kernel-bypass-sriov-reader-3-1"),
        *("-p", "Environment=XDG_RUNTIME_DIR=/run/kernel-bypass-sriov-reader-3-1", "-p", "TimeoutStopSec=15"),
    ]
    assert written(kernel) == before


def test_dpdk_copies_where_that_was_asked(kernel):
    assert not prove(kernel, UP, by="dpdk", mode="copy", megabytes=64)["failed"]
    (argv,) = kernel.run.started
    assert f"dp_path={MAP},force_copy=1" in argv[argv.index("--no-pci") + 1] and "64" in argv
    assert "--stats-period=1" not in argv


DPDK_FAILS = {
    "an old one": (
        OLD,
        {},
        "dpdk-testpmd as user capture cannot read on queue 1 of enp1s0: DPDK 22.11 cannot use a map that is pinned, as "
        "DPDK 24.07 and later can: it loads a program of its own, which an ordinary user may not, and which drops "
        "rules and tables on some NICs. Remedy: take a newer one (Debian 13 has 24.11), or the reader of this "
        "collection.",
    ),
    "another port": (
        UP.replace(MAC.upper(), "02:00:00:00:99:99"),
        {},
        "dpdk-testpmd as user capture has another port on queue 1 of enp1s0: its port has MAC address "
        f"02:00:00:00:99:99, and enp1s0 has {MAC}. Remedy: look at dmesg too.",
    ),
    "no hugepages": (
        "EAL: RTE Version: 'DPDK 24.11.3'\nEAL: Cannot get hugepage information.\n",
        {},
        "dpdk-testpmd as user capture has no port on queue 1 of enp1s0: the host has no hugepages: EAL: Cannot get "
        "hugepage information.. Remedy: reserve some (role prepare).",
    ),
    "too few frames": (
        UP + COUNT.format(7),
        {"frames": 8},
        "dpdk-testpmd as user capture received too few frames on queue 1 of enp1s0: 7 of 8 frames came in 20 s. "
        "Remedy: look at the flow rules, and at who sends; rx_rate tells what the queue receives.",
    ),
    "nothing said": (
        "",
        {},
        "dpdk-testpmd as user capture has no port on queue 1 of enp1s0: it said nothing. Remedy: look at dmesg too.",
    ),
}


@pytest.mark.parametrize(("prints", "options", "told"), DPDK_FAILS.values(), ids=DPDK_FAILS)
def test_what_is_no_proof_by_dpdk_fails_with_the_reason(kernel, prints, options, told):
    found = prove(kernel, prints, by="dpdk", **options)
    assert (found["failed"], found["msg"]) == (True, told)


def test_what_dpdk_cannot_show_is_refused(kernel):
    found = prove(kernel, UP, by="dpdk", mode="zerocopy", seconds=5)
    assert [each["what"] for each in found["failures"]] == [
        "mode: dpdk-testpmd does not tell whether frames were copied",
        "seconds: it is for frames, where dpdk-testpmd reads",
    ]
    assert kernel.run.started == []


def test_what_is_returned_of_dpdk_is_documented(kernel):
    assert differing(said_by(xsk_proof), returned(prove(kernel, UP, by="dpdk")), "", set()) == []
