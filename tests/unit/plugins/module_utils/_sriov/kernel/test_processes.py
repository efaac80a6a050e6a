# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /proc tells of processes."""

from __future__ import annotations

import os
import signal

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes, Status
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs


def test_a_program_is_named_without_its_arguments(tmp_path):
    """Those hold secrets, and results are logged."""
    tree = sysfs(tmp_path, hosts.process(7, "/usr/bin/mysql --password=secret"))
    assert Processes(tree).name("7") == "mysql"


def test_a_process_that_has_gone_has_no_name(tmp_path):
    assert Processes(sysfs(tmp_path)).name("7") == "?"


def test_namespaces_are_the_named_ones_and_those_that_processes_keep(tmp_path):
    tree = sysfs(
        tmp_path,
        {"proc/self/ns/net": "ours", "run/netns/red": "red", "run/netns/ours": Link("../../proc/self/ns/net")},
        {"hidden": "a namespace without a name"},
        hosts.process(50, "init"),
        hosts.process(51, "in-red", netns="run/netns/red"),
        hosts.process(52, "container", netns="hidden"),
        hosts.process(53, "same-container", netns="hidden"),
    )
    assert Processes(tree).namespaces() == [
        ("/run/netns/red", "red"),
        ("/proc/52/ns/net", "of process 52 (container)"),
    ]


def test_a_namespace_is_found_that_is_mounted_anywhere_or_only_open(tmp_path):
    mounts = "36 35 0:4 net:[7] /run/docker/netns/abc rw - nsfs nsfs rw\n37 35 0:9 / /tmp rw - tmpfs none rw"
    tree = sysfs(
        tmp_path,
        {"proc/self/ns/net": "ours", "proc/self/mountinfo": mounts, "proc/1/mountinfo": "short"},
        {"proc/self/root/run/docker/netns/abc": "mounted"},
        hosts.process(50, "cni"),
        {"proc/50/fd/3": Link("net:[8]"), "proc/50/fd/net:[8]": "open", "proc/50/fd/4": Link("/dev/vfio/7")},
    )
    processes = Processes(tree)
    mounted = ("/proc/self/root/run/docker/netns/abc", "/run/docker/netns/abc")
    assert processes.namespaces() == [mounted]
    assert processes.open_files("50").nodes == {"/dev/vfio/7"}
    assert processes.namespaces() == [mounted, ("/proc/50/fd/3", "of process 50 (cni)")]


def test_a_parent_is_found_behind_any_name(tmp_path):
    processes = Processes(sysfs(tmp_path, hosts.process(5, "x", parent=4), {"proc/6/stat": "6 (a) b) S"}))
    assert [processes.parent(number) for number in ("5", "6", "7")] == ["4", "", ""]


def test_nodes_of_devices_and_sockets_are_told_from_other_files(tmp_path):
    nodes = ["/dev/vfio/12", "/dev/vfio/devices/vfio0", "/dev/uio0", "/dev/infiniband/uverbs0", "/dev/infiniband/umad1"]
    nodes += ["/dev/vhost-vdpa-0", "/dev/ptp0"]
    others = ["/dev/null", "/dev/vfio/vfio", "/dev/infiniband/rdma_cm", "/dev/vhost-net", "anon_inode:[eventpoll]"]
    processes = Processes(sysfs(tmp_path, hosts.process(7, "testpmd", [*nodes, *others, "socket:[7]"])))
    assert processes.ids() == ["7"]
    assert processes.open_files("7") == (set(nodes), {7}, set())
    assert processes.open_files("8") == (set(), set(), set())


def test_a_node_that_was_opened_by_its_path_only_is_not_open(tmp_path):
    """O_PATH: so udev sets owner and mode."""
    processes = Processes(sysfs(tmp_path, hosts.process(7, "udevd", ["/dev/vfio/1", "/dev/vfio/2"], path_only=[0])))
    assert processes.open_files("7").nodes == {"/dev/vfio/2"}


def test_a_node_whose_flags_cannot_be_read_is_open(tmp_path):
    tree = sysfs(tmp_path, {"proc/7/fd/3": Link("/dev/vfio/1"), "proc/7/fd/4": Link("/dev/vfio/2 (deleted)")})
    assert Processes(tree).open_files("7").nodes == {"/dev/vfio/1", "/dev/vfio/2"}


def stat(process, state, session, start):
    fields = [process, "(a ) b)", state, 1, session, session, *[0] * 15, start, 0]
    return {f"proc/{process}/stat": " ".join(map(str, fields))}


def test_a_session_has_all_its_processes_that_have_not_ended(tmp_path):
    files = [stat(7, "S", 7, 50), stat(8, "D", 7, 51), stat(9, "Z", 7, 52), stat(10, "R", 10, 53)]
    processes = Processes(sysfs(tmp_path, *files))
    assert processes.of_session("7") == {"7": Status("S", "1", "7", 50), "8": Status("D", "1", "7", 51)}


def test_one_that_cannot_be_read_may_be_of_any_session(tmp_path):
    processes = Processes(sysfs(tmp_path, {"proc/7/stat": "7 (a) S 1"}))
    assert processes.status("7") is None and processes.there("7")
    assert processes.of_session("70") == {"7": None}
    assert not processes.there("8")


def test_the_kernel_tells_who_has_a_lock(tmp_path):
    locks = "1: FLOCK  ADVISORY  WRITE 70 00:1a:5678 0 EOF\n1: -> FLOCK ADVISORY WRITE 71 00:1a:5678 0 EOF\n"
    processes = Processes(sysfs(tmp_path, {"proc/locks": f"{locks}2: POSIX ADVISORY WRITE 72 00:1a:5678 0 EOF"}))
    assert [processes.has_lock(process, 5678) for process in ("70", "71", "72")] == [True, False, False]
    assert not processes.has_lock("70", 78)


def test_processes_of_another_tree_are_not_killed(tmp_path, monkeypatch):
    killed = []
    monkeypatch.setattr(os, "kill", lambda *words: killed.append(words))
    Processes(sysfs(tmp_path)).kill("7")
    assert killed == []
    Processes(Sysfs()).kill("7")
    assert killed == [(7, signal.SIGKILL)]
