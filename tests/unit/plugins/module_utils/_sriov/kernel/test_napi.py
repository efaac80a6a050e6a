# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The threads of NAPI, and the time that they have run."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.napi import Napi
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

NAMES = {
    1: "systemd",
    11: "napi/ens4f0np0-8193",
    12: "napi/ens4f0np0-8194",
    13: "napi/ens4f0np0v1-8195",  # another interface
    14: "napi/ens4f0np",
    15: "napi/ens4f0np01",  # cut off, and not ours
    16: "napi/ens4f0np0-",  # cut off, as before Linux 5.17
}


@pytest.fixture
def napi(tmp_path):
    files = {f"proc/{number}/comm": name for number, name in NAMES.items()}
    times = {f"proc/{number}/schedstat": f"{number}000 5 7" for number in NAMES}
    sysfs = Sysfs(build(tmp_path, {**files, **times, "sys/class/net/ens4f0np0/threaded": "1"}))
    return Napi(sysfs, Processes(sysfs))


def test_threads_are_known_by_their_names(napi):
    assert napi.threads("ens4f0np0") == ["11", "12", "16"]
    assert napi.threads("ens4f0np0v1") == ["13"]


def test_time_is_added_up_and_a_thread_that_is_gone_has_none(napi):
    assert napi.cpu_time(["11", "12", "99"]) == 23000


def test_whether_there_are_threads_is_asked_of_the_kernel(napi):
    assert (napi.threaded("ens4f0np0"), napi.threaded("eth7")) == (1, None)
