# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated kernel for questions and orders of ethtool."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import NAME, NTUPLE, NUM_VFS


@pytest.fixture
def host(tmp_path):
    """A kernel with a NIC, VFs and traffic classes; flow rules are possible where they can be."""

    def made(nic=hosts.IXGBE, num_vfs=0, ntuple=True, classes=1, **options):
        classes = {f"sys/class/net/{NAME}/queues/tx-{n}/traffic_class": str(n) for n in range(classes)}
        kernel = simulate(tmp_path, {**hosts.host(nic, **options), **classes})
        if num_vfs:
            kernel.sysfs.write(NUM_VFS, str(num_vfs))
        if ntuple:
            kernel.ethtool.set_feature(NAME, NTUPLE, True)
        return kernel

    return made
