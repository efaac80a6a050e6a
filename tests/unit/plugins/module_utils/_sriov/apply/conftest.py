# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated kernel for steps on PFs and their VFs."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import NUM_VFS

LOADED = (*hosts.LOADED, "vfio-pci")


@pytest.fixture
def kernel_with(tmp_path):
    """A simulated kernel that behaves so, with this many VFs."""

    def make(num_vfs=1, extra=None, loaded=LOADED, host=None, **behaviour):
        files = {**hosts.host(loaded=loaded, **(host or {})), **(extra or {})}
        kernel = simulate(tmp_path, files, Behaviour(**behaviour))
        if num_vfs:
            kernel.sysfs.write(NUM_VFS, str(num_vfs))
        return kernel

    return make
