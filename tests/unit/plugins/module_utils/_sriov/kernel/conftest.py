# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated kernel for questions and orders of ethtool."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import NUM_VFS


@pytest.fixture
def host(tmp_path):
    """A kernel with a NIC, some VFs, and some files that are others."""

    def made(nic=hosts.IXGBE, num_vfs=0, extra=None, **options):
        kernel = simulate(tmp_path, {**hosts.host(nic, **options), **(extra or {})})
        if num_vfs:
            kernel.sysfs.write(NUM_VFS, str(num_vfs))
        return kernel

    return made
