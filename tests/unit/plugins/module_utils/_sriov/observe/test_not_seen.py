# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unreadable is not absent: what module info says of a host that does not let it see all."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.info import read_info
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.namespaces import Links
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.not_seen import not_seen
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.nics import refusal
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link

PF = hosts.IGB.address
TIMEOUT = 10
DENIED = "[EACCES: Permission denied]"
FD = "open: holders of VFs for user space may be missing"
NETNS = "interfaces in others may be missing"
SSH = "which started this: what carries an SSH connection is not known"
# An interface of the PF is in a container, so other namespaces are looked at.
AWAY = {
    **hosts.host(),
    **hosts.process(7, "/usr/bin/testpmd -l 0", ["/dev/vfio/12"]),
    **hosts.process(8, "/sbin/other"),
    **hosts.process(60, "sudo -u nobody", parent=1),
    **hosts.process(90, "/usr/sbin/in-red", netns="red"),
    "proc/self/stat": "100 (python3) S 60 0 0",
    "red": "net:[2]",
    "sim/netns/proc/90/ns/net": "[]",
}


def seen(tmp_path, unreadable="(?!)", files=None, without=()):
    kernel = simulate(tmp_path, {**AWAY, **(files or {})}, Behaviour(user=1000, unreadable=unreadable))
    for path in without:
        (tmp_path / path).unlink() if (tmp_path / path).is_file() else (tmp_path / path).rmdir()
    return read_info(kernel, None, TIMEOUT)["not_seen"]


@pytest.mark.parametrize(
    ("unreadable", "sentences"),
    [
        pytest.param("(?!)", [], id="all may be read"),
        pytest.param("/proc/7/fd", [f"what process 7 (testpmd) has {FD}"], id="one process"),
        pytest.param(r"/proc/7/fd/\d+", [f"what process 7 (testpmd) has {FD}"], id="what it has open"),
        pytest.param(r"/proc/\d+/fd", [f"what 5 processes (1, systemd, is one) have {FD}"], id="all processes"),
        pytest.param(
            "/proc/(7|8)/ns/net",
            [f"which network namespace 2 processes (7, testpmd, is one) have: {NETNS}"],
            id="namespaces",
        ),
        pytest.param("/proc/60/environ", [f"the environment of process 60 (sudo), {SSH}"], id="who started us"),
        pytest.param(
            f"/sys/bus/pci/devices/{PF}/(config|driver_override)",
            [f"/sys/bus/pci/devices/{PF}/config {DENIED}", f"/sys/bus/pci/devices/{PF}/driver_override {DENIED}"],
            id="files of a device, read in a child process too",
        ),
        pytest.param("/dev/vfio", [f"/dev/vfio {DENIED}"], id="a directory"),
        pytest.param(
            "/sys/kernel/security/lockdown", [f"/sys/kernel/security/lockdown {DENIED}"], id="a file of the host"
        ),
    ],
)
def test_what_may_not_be_read_is_listed(tmp_path, unreadable, sentences):
    files = {f"{hosts.DEVICES}/{PF}/net": None} if "ns" in unreadable else None
    away = ["sys/bus/pci/devices/0000:01:00.0/net/enp1s0"] if files else []
    assert seen(tmp_path, unreadable, files, away) == sentences


def test_an_ssh_connection_that_is_found_further_up_is_no_secret(tmp_path):
    shell = hosts.process(60, "sudo", parent=70)
    login = hosts.process(70, "bash", environ=b"SSH_CONNECTION=198.51.100.7 50022 192.0.2.10 22\0")
    files = {**shell, **login, **hosts.routes(towards={"198.51.100.7": "eth0"})}
    assert seen(tmp_path, "/proc/60/environ", files) == []


def test_processes_that_proc_hides_are_missing(tmp_path):
    found = seen(tmp_path, without=["proc/1/comm", "proc/1"])
    assert found == [
        "processes of other users, which /proc hides (mount option hidepid): holders, and what carries an SSH "
        "connection, may be missing"
    ]


def test_a_namespace_that_may_not_be_entered_is_told_and_one_that_has_gone_is_not(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), "run/netns/blue": "net:[3]", "run/netns/gone": Link("nowhere")})
    assert not_seen(kernel) == []
    assert kernel.namespace_interfaces() == [("blue", Links([], "[EPERM: not permitted]"))]
    assert not_seen(kernel) == ["the interfaces of network namespace /run/netns/blue: [EPERM: not permitted]"]


def test_a_process_that_has_ended_is_not_told(tmp_path):
    kernel = simulate(tmp_path, AWAY, Behaviour(unreadable="/proc/99/fd"))
    assert kernel.processes.open_files("99") == (set(), set(), set())
    assert not_seen(kernel) == []


class Mute(SimEthtool):
    """What a sandbox makes of it: no driver may be asked."""

    def _ioctl(self, name, buffer):
        raise refusal(errno.EPERM)


def test_a_driver_that_may_not_be_asked_is_told(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    kernel.ethtool = Mute(tmp_path)
    found = read_info(kernel, None, TIMEOUT)
    assert found["pfs"][0]["channels"] is None
    assert found["not_seen"] == ["what the driver of enp1s0 tells [EPERM: Operation not permitted]"]


def test_of_many_files_some_are_named(tmp_path):
    kernel = simulate(tmp_path, hosts.host(), Behaviour(unreadable=r"/sys/file\d+"))
    for number in range(10, 23):
        kernel.sysfs.read(f"/sys/file{number}")
    found = not_seen(kernel)
    assert (found[0], found[9:]) == (f"/sys/file10 {DENIED}", [f"/sys/file19 {DENIED}", "3 more files"])
