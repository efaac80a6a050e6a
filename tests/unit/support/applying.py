# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step by itself, as the run of a plan performs it, on a PF and its VF 0."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import PERFORMERS, TOGETHER
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import pci

from ..simulation import hosts

PF = hosts.IGB.address
LABEL = f"enp1s0 ({PF})"
VF0 = hosts.IGB.vf(0)
VF_LABEL = f"{VF0} (VF 0 of {PF})"
DEVICE = f"/sys/bus/pci/devices/{VF0}"
NUM_VFS = f"/sys/bus/pci/devices/{PF}/sriov_numvfs"
BIND = pci.Bind(VF0, VF_LABEL, "igbvf", "vfio-pci")
LONG, SHORT = 10, 0.2


def perform(step, kernel, timeout):
    """Do it, and nothing after it."""
    kind = type(step)
    if kind in TOGETHER:
        TOGETHER[kind]([step], kernel, timeout, [])
    else:
        PERFORMERS[kind](step, kernel, timeout)


def failure(kernel, step, kind, timeout=LONG):
    """What is said of a step that fails."""
    with pytest.raises(kind) as failed:
        perform(step, kernel, timeout)
    return str(failed.value)


def number_of_vfs(kernel):
    """As sriov_numvfs has it, and as there are."""
    return int(kernel.sysfs.read(NUM_VFS)), len(kernel.pci.virtual_functions(PF))


def recreate(count):
    """Two VFs go, so many come."""
    return (
        pci.SetNumVfs(PF, LABEL, 2, 0, ("VF 0",)),
        pci.SetNumVfs(PF, LABEL, 0, count, fallback=2),
        pci.WaitForVfs(PF, LABEL, count),
    )
