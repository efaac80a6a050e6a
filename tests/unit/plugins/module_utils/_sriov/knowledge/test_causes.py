# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KERNELS_OWN
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.causes import CAUSES, remedy_of
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.driver import (
    CHANNELS,
    NUM_VFS,
    RULE,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import all_drivers

NAMES = {*errno.errorcode.values(), *KERNELS_OWN.values(), "EOPNOTSUPP"}
OF_DRIVERS = [
    (driver.name, act, name) for driver in all_drivers() for act in driver.causes for name in driver.causes[act]
]

FEW = "there are too few interrupts (MSI-X) or queues for so many VFs: ask for fewer"


def test_each_errno_has_a_name_of_the_kernel_or_is_a_number_beyond_them():
    of_acts = [name for causes in CAUSES.values() for name in causes]
    numbers = [name for _driver, _act, name in OF_DRIVERS if name.isdigit()]
    assert {*of_acts, *(name for _driver, _act, name in OF_DRIVERS)} - NAMES == {*numbers}
    assert all(int(number) > max(errno.errorcode) for number in numbers)
    assert {act for _driver, act, _name in OF_DRIVERS} <= set(CAUSES)


@pytest.mark.parametrize(
    ("act", "name", "driver", "begins"),
    [
        (
            NUM_VFS,
            "ENOSPC",
            "ixgbe",
            "there are too few interrupts (MSI-X) or queues for so many VFs: ask for fewer, or ",
        ),
        (
            NUM_VFS,
            "ENOSPC",
            "ice",
            "there are too few interrupts (MSI-X) or queues for so many VFs: ask for fewer, give",
        ),
        (NUM_VFS, "ENOSYS", None, "this kernel was built without SR-IOV (CONFIG_PCI_IOV)"),
        (NUM_VFS, "ENOTSUPP", "cxgb4", "the bridge above the card has no ARI"),
        (NUM_VFS, "EAGAIN", "i40e", "something asked for the VFs at the same time"),
        (NUM_VFS, "EPERM", "i40e", "the firmware gives this port fewer VFs"),
        (NUM_VFS, "EOPNOTSUPP", "ice", "the driver is in safe mode"),
        (NUM_VFS, "EOPNOTSUPP", "cxgb4", "the firmware is not initialised"),
        (NUM_VFS, "EOPNOTSUPP", "idpf", "the control plane of the device gives this function no VFs"),
        (NUM_VFS, "EPERM", "ixgbe", "traffic classes (DCB) leave fewer VFs, and each macvlan"),
        (NUM_VFS, "EINVAL", "qede", "the card has fewer virtual ports than that"),
        (NUM_VFS, "EINVAL", "bnx2x", "the PF is down: set it up first"),
        (NUM_VFS, "EPERM", "hinic", "another change of the VFs is under way"),
        (RULE, "EPERM", "bnxt_en", "ntuple filters are off: the driver turns them off by itself"),
        (RULE, "EIO", "qede", "the card took no such rule: there may be no such VF"),
        (CHANNELS, "EBUSY", "ixgbe", "the RDMA driver of the NIC is bound, an AF_XDP socket has a queue"),
        (CHANNELS, "EBUSY", "ice", "the RDMA driver (irdma) is bound to the NIC"),
        (RULE, "ENOTSUPP", "mlx5_core", "the driver has no rules of this flow type (sctp)"),
        (RULE, "709", "rvu_nicpf", "the VF has no queues yet: bind its driver first"),
        (RULE, "709", "ixgbe", ""),
        (RULE, "ENOSPC", "no such driver", "the driver's table is full"),
        ("no such act", "EBUSY", "ice", ""),
    ],
)
def test_what_a_driver_means_comes_before_what_most_mean(act, name, driver, begins):
    remedy = remedy_of(act, name, driver)
    assert remedy.startswith(begins)
    assert bool(remedy) == bool(begins)
