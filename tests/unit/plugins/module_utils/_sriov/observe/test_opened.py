# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs by the nodes that they have open."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import (
    CLOCK,
    PROCESS,
    VDPA,
    VFIO,
    Holder,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.opened import Opened
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

TESTPMD = "/usr/bin/dpdk-testpmd -l 0-1 -a 0000:01:10.0 --key=secret"


def opened(tmp_path, *processes):
    return Opened(Processes(sysfs(tmp_path, *processes, {"proc/self": DIRECTORY})))


def test_programs_that_have_a_node_open_are_named_and_their_arguments_are_not(tmp_path):
    nodes = ["/dev/null", "/dev/vfio/vfio", "/dev/vfio/12", "/dev/vfio/12", "socket:[7]", "/dev/vfio/devices/vfio0"]
    found = opened(tmp_path, hosts.process(4711, TESTPMD, nodes), hosts.process(4712, "reader", ["/dev/uio0"]))
    assert {node: [holder.text for holder in found.with_node(node)] for node in found.nodes()} == {
        "/dev/vfio/12": ["process 4711 (dpdk-testpmd) has /dev/vfio/12 open"],
        "/dev/vfio/devices/vfio0": ["process 4711 (dpdk-testpmd) has /dev/vfio/devices/vfio0 open"],
        "/dev/uio0": ["process 4712 (reader) has /dev/uio0 open"],
    }


def test_what_a_program_has_is_told_by_the_node(tmp_path):
    """Who takes away what was handed over waits until the program has closed it."""
    nodes = {
        "/dev/vfio/12": VFIO,
        "/dev/vfio/noiommu-0": VFIO,
        "/dev/vfio/devices/vfio0": VFIO,
        "/dev/vhost-vdpa-0": VDPA,
        "/dev/ptp0": CLOCK,
        "/dev/uio0": PROCESS,
        "/dev/infiniband/uverbs0": PROCESS,
        "/dev/infiniband/umad0": PROCESS,
        "/dev/infiniband/issm0": PROCESS,
    }
    found = opened(tmp_path, hosts.process(4711, TESTPMD, nodes))
    assert {node: [holder.kind for holder in found.with_node(node)] for node in found.nodes()} == {
        node: [kind] for node, kind in nodes.items()
    }


def test_a_socket_is_its_programs(tmp_path):
    found = opened(tmp_path, hosts.process(7, "/opt/xdpsock -q 3", ["socket:[77]"]))
    assert [found.with_socket(77), found.with_socket(78)] == [
        ("process 7 (xdpsock)", ""),
        ("a process that is not seen", ""),
    ]


def vfio_device(number, address, *nodes):
    """A program with a vfio device, as Linux 6.18 tells of its descriptor; older ones tell no path."""
    told = f"\nvfio-device-syspath: /sys/devices/pci0000:00/0000:00:01.0/{address}" if address else ""
    files = hosts.process(number, "/usr/bin/qemu", [*nodes, "anon_inode:[vfio-device]"])
    return {**files, f"proc/{number}/fdinfo/{len(nodes)}": hosts.fdinfo("02100002") + told}


def test_a_program_that_has_closed_the_node_has_the_device_all_the_same(tmp_path):
    processes = vfio_device(7, "0000:01:10.0"), vfio_device(8, "0000:01:10.2", "/dev/vfio/12"), vfio_device(9, "")
    found = opened(tmp_path, *processes)
    assert found and not opened(tmp_path / "none", hosts.process(9, "cat", ["/dev/null"]))
    words = "process 7 (qemu) has its vfio device open, and no node of it any more"
    assert found.with_function("0000:01:10.0", ["/dev/vfio/11"]) == [Holder(VFIO, words)]
    assert found.with_function("0000:01:10.2", ["/dev/vfio/12"]) == [
        Holder(VFIO, "process 8 (qemu) has /dev/vfio/12 open")
    ]
    assert found.with_function("0000:01:10.4", ["/dev/vfio/13"]) == []
