# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which service a process runs in."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

V1 = "12:pids:/elsewhere.service\n1:name=systemd:{}\n0::/hybrid.service\n"


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/dpdk-app.service\n", "dpdk-app.service"),
        ("0::/system.slice/dpdk-app.service/worker\n", "dpdk-app.service"),
        ("0::/system.slice/system-dpdk.slice/dpdk@0.service\n", "dpdk@0.service"),
        ("0::/system.slice/_my:app.service\n", "my:app.service"),
        (V1.format("/system.slice/dpdk-app.service"), "dpdk-app.service"),
        (V1.format("/user.slice/user-0.slice/session-3.scope"), ""),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app.service\n", ""),
        ("0::/machine.slice/machine-qemu.scope/libvirt/emulator\n", ""),
        ("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n", ""),
        ("0::/docker/0123/system.slice/inner.service\n", ""),
        ("0::/\n", ""),
        ("garbage\n", ""),
        (None, ""),
    ],
)
def test_by_its_cgroup(tmp_path, cgroup, unit):
    files = {"proc/7/comm": "app"} if cgroup is None else {"proc/7/cgroup": cgroup}
    assert Processes(sysfs(tmp_path, files)).unit("7") == unit
