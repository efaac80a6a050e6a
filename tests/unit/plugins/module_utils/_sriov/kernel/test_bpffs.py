# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bpffs of our own: mounted once, with a directory an interface."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bpffs import BpfFs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BPF, MOUNTS, RUN, queue_map
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build

MOUNTED = f"proc /proc proc rw 0 0\nbpf {BPF} bpf rw,relatime,mode=711 0 0"


@pytest.fixture
def host(tmp_path):
    def made(mounts="proc /proc proc rw 0 0", answer=(0, "", ""), **files):
        root = build(tmp_path, {"proc/mounts": mounts, "run": DIRECTORY, **files})
        called = []

        def run(argv, stdin=""):
            called.append(" ".join(argv))
            return answer

        return BpfFs(run, Sysfs(root)), called, tmp_path

    return made


def mode(path):
    return oct(os.stat(path).st_mode & 0o7777)


def test_it_is_mounted_where_who_may_read_can_come_by_and_see_nothing(host):
    ours, called, root = host()
    ours.mount()
    assert called == [f"mount -t bpf -o mode=711 bpf {BPF}"]
    assert [mode(root / path[1:]) for path in (RUN, BPF)] == ["0o711", "0o711"]


def test_it_is_mounted_once(host):
    ours, called, _root = host(MOUNTED)
    ours.mount()
    assert ours.is_mounted() and called == []


def test_another_file_system_there_is_not_ours(host):
    ours, _called, _root = host(f"tmpfs {BPF} tmpfs rw 0 0", **{f"{BPF[1:]}/enp1s0": DIRECTORY})
    assert not ours.is_mounted() and not ours.has("enp1s0")


def test_what_mount_says_is_told(host):
    ours, _called, _root = host(answer=(32, "", "mount: unknown filesystem type 'bpf'.\n"))
    with pytest.raises(KernelRefused) as caught:
        ours.mount()
    assert str(caught.value) == (f"`mount -t bpf -o mode=711 bpf {BPF}` failed: mount: unknown filesystem type 'bpf'.")


def test_an_interface_has_a_directory_that_goes_with_its_pins(host):
    ours, _called, root = host(MOUNTED, **{BPF[1:]: DIRECTORY})
    ours.make_directory("enp1s0")
    assert ours.has("enp1s0") and mode(root / BPF[1:] / "enp1s0") == "0o700"
    (root / queue_map("enp1s0")[1:]).touch()  # and no program: a run was killed in between
    ours.remove("enp1s0")
    ours.remove("enp1s0")
    assert not ours.has("enp1s0")


def test_what_cannot_be_read_is_not_what_is_not_there(host):
    ours, _called, _root = host(MOUNTED)
    ours._sysfs.refused[MOUNTS] = errno.EACCES
    with pytest.raises(KernelRefused) as caught:
        ours.has("enp1s0")
    assert str(caught.value) == "/proc/mounts cannot be looked at [EACCES: Permission denied]."


def test_what_others_have_put_there_is_not_removed(host):
    ours, _called, _root = host(MOUNTED, **{f"{BPF[1:]}/enp1s0/theirs": ""})
    with pytest.raises(KernelRefused) as caught:
        ours.remove("enp1s0")
    assert caught.value.errno == errno.ENOTEMPTY
    assert str(caught.value) == f"{BPF}/enp1s0 could not be removed [ENOTEMPTY: Directory not empty]."


def test_a_directory_that_cannot_be_made_is_told(host):
    ours, _called, _root = host(MOUNTED)
    with pytest.raises(KernelRefused) as caught:
        ours.make_directory("enp1s0")
    assert str(caught.value) == f"the directory {BPF}/enp1s0 could not be made [ENOENT: No such file or directory]."
