# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What VFs get back after a refusal, where the kernel counts VFs that it does not show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Host, State
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import SetNumVfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.vfs_again import lost_commands, vfs_again
from ansible_collections.kernel_bypass.sriov.tests.unit.support import model, models

WISH = Desired((models.desired_pf(num_vfs=3, allow=("destroy_vfs",)),))
OF_VF_1 = [
    "ip link set dev enp1s0 vf 1 mac 02:00:00:00:aa:01 vlan 7 qos 0 proto 802.1Q",
    "echo vfio-pci > /sys/bus/pci/devices/0000:01:10.2/driver_override",
    "echo 0000:01:10.2 > /sys/bus/pci/drivers/vfio-pci/bind",
    "echo > /sys/bus/pci/devices/0000:01:10.2/driver_override",
]


def state(drivers, fresh=0):
    """:param fresh: how many VFs the kernel shows, new ones; 0: as they are."""
    pf = model.start_pf(model.PfStart("ixgbe", drivers))
    shown = [replace(vf, attributes=models.FRESH) for vf in pf.vfs[:fresh]] if fresh else pf.vfs
    return State({models.PF: replace(pf, vfs=tuple(shown))}, Host(drivers=models.DRIVERS))


@pytest.mark.parametrize(("shown", "back"), [(2, [0, 1]), (1, [0])], ids=["both", "one of two"])
def test_what_is_not_shown_is_told_and_not_planned(shown, back):
    before, now = state(("vfio-pci", "vfio-pci")), state(("kernel", "kernel"), shown)
    again = vfs_again(before, now, WISH, [SetNumVfs(models.PF, "", 2, 0)])
    (pf,) = again.desired.pfs
    assert [entry.vf.indices(2)[0] for entry in pf.kept] == back
    done = plan_host(again.state, again.desired).steps
    assert {step.vf for step in done if getattr(step, "vf", None) is not None} == {*back}
    told = lost_commands(before, now, again.had, ())
    assert (told[-len(OF_VF_1) :] == OF_VF_1) == (shown == 1)
