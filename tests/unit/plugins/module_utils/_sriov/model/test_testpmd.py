# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What dpdk-testpmd prints, of versions 22.11 and 24.11, as an ordinary user."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.testpmd import told_by_testpmd

STARTS = """\
EAL: Detected CPU lcores: 2
EAL: Detected NUMA nodes: 1
EAL: Detected shared linkage of DPDK
EAL: Selected IOVA mode 'VA'
EAL: VFIO support initialized
"""
UP = f"""\
{STARTS}EAL: Using IOMMU type 1 (Type 1)
EAL: Probe PCI driver: net_ixgbe_vf (8086:10ed) device: 0000:01:10.0 (socket -1)
TELEMETRY: No legacy callbacks, legacy socket not created
Set rxonly packet forwarding mode
testpmd: create a new mbuf pool <mb_pool_0>: n=8192, size=2176, socket=0
testpmd: preferred mempool ops selected: ring_mp_mc
Configuring Port 0 (socket 0)
Port 0: 02:00:00:00:01:99
Checking link statuses...
Done
No commandline core given, start packet forwarding
rxonly packet forwarding - ports=1 - cores=1 - streams=1 - NUMA support enabled, MP allocation mode: native
"""
COUNTS = """\
  ######################## NIC statistics for port 0  ########################
  RX-packets: 400        RX-missed: 0          RX-bytes:  24000
  ######################## NIC statistics for port 0  ########################
  RX-packets: 1000       RX-missed: 0          RX-bytes:  60000
"""
NO_PORT = f"""\
{STARTS}EAL: Cannot set up DMA remapping, error 12 (Cannot allocate memory)
EAL: 0000:01:10.0 DMA remapping failed, error 12 (Cannot allocate memory)
EAL: Requested device 0000:01:10.0 cannot be used
testpmd: No probed ethernet devices
Set rxonly packet forwarding mode
testpmd: create a new mbuf pool <mb_pool_0>: n=8192, size=2176, socket=0
Done
  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++
  RX-packets: 0              RX-dropped: 0             RX-total: 0
"""


def test_a_port_that_is_up_is_known_by_its_address():
    seen = told_by_testpmd(UP)
    assert (seen.mac, seen.frames, seen.lines) == ("02:00:00:00:01:99", 0, ())


def test_the_last_count_is_the_count():
    assert told_by_testpmd(UP + COUNTS).frames == 1000


def test_an_address_in_capitals_is_the_same():
    assert told_by_testpmd("Port 0: 02:00:00:00:AA:01\n").mac == "02:00:00:00:aa:01"


def test_without_a_port_it_starts_all_the_same_and_counts_nothing():
    seen = told_by_testpmd(NO_PORT)
    assert (seen.mac, seen.frames) == (None, 0)
    assert seen.lines[0] == "EAL: Cannot set up DMA remapping, error 12 (Cannot allocate memory)"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (NO_PORT, "it may not lock its memory (RLIMIT_MEMLOCK)"),
        ("Failed to find executable dpdk-testpmd: No such file or directory\n", "it is not installed"),
        (
            "EAL: get_seg_fd(): open '/dev/hugepages/rtemap_0' failed: Permission denied\n"
            "EAL: FATAL: Cannot init memory\n",
            "it may not write to the file system of hugepages",
        ),
        ("EAL: No free 2048 kB hugepages reported on node 0\nEAL: Cannot init memory\n", "there are no free hugepages"),
        (
            "EAL: No free 1048576 kB hugepages reported on node 0\nEAL: Error - exiting with code: 1\n"
            "No cores defined for forwarding\nCheck the core mask argument\n",
            "it needs two CPUs, and may not run on so many",
        ),
        ("EAL: Cannot get hugepage information.\nEAL: Error - exiting\n", "the host has no hugepages"),
        ("EAL: Cannot open /dev/vfio/7: Permission denied\n", "the user may not open the VF's node"),
        ("EAL: Cannot open /dev/vfio/7: Device or resource busy\n", "somebody else has the VF open"),
    ],
)
def test_why_there_is_no_port(text, why):
    assert told_by_testpmd(text).cause.why == why


def test_what_is_not_known_has_no_cause():
    assert told_by_testpmd("EAL: Error - something new\n").cause is None
