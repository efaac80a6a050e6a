# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back, tried on the host that a plan leads to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Taken
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.tried import tried_way_back
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.way_back import way_back
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.units import StartUnit, StopUnit
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    PF,
    desired_driver,
    desired_pf,
    desired_vfs,
    host_state,
    pf,
    planned,
    vf,
)

MAC = "02:00:00:00:aa:00"
LABEL = "enp1s0 (0000:01:00.0)"


def tried(before, desired):
    before = host_state(before)
    return tried_way_back(before, planned(before, desired).plan)


def test_channels_that_the_driver_chooses_anew_when_its_vfs_go_are_asked_for():
    before = host_state(pf(combined_channels=2))
    plan = planned(before, desired_pf(num_vfs=2)).plan
    assert way_back(before, plan).pfs[0].rss is None
    wish, missed = tried_way_back(before, plan)
    assert (wish.pfs[0].rss.channels, missed) == (2, [])


# The host, what is desired, and why there is no way back.
NO_WAY = {
    "what is refused": (
        pf(combined_channels=1, table=(0, 1) * 64),
        desired_pf(rss=DesiredRss(verb="default")),
        "cannot set the RSS table as it was: the RSS group has 1 queues, 0 to 0, and queue 1 is not among them",
    ),
    "an address that only the interface has": (
        pf(1, vfs=(vf(attributes=replace(FRESH, mac=MAC)),), combined_channels=8),
        desired_pf(vfs=[desired_driver("0", "vfio-pci")]),
        "what it has now would not come back: interface's address of VF 0",
    ),
}


@pytest.mark.parametrize("name", NO_WAY)
def test_what_would_not_be_as_it_was_is_told(name):
    before, desired, expected = NO_WAY[name]
    _wish, missed = tried(before, desired)
    assert [str(each) for each in missed] == [
        f"confirm: there is no way back on {LABEL}: {expected}. Remedy: leave out confirm."
    ]


def test_units_that_handed_over_do_so_again():
    before = host_state(pf(1, vfs=(vf(),)))
    plan = planned(before, desired_pf(vfs=[desired_driver("0", "none")])).plan
    plan = plan._replace(steps=(StopUnit("app.service", "VF 0"), *plan.steps, StartUnit("app.service")))
    assert way_back(before, plan).pfs[0].release == {"app.service"}


def test_what_an_earlier_run_has_taken_from_a_vf_is_not_taken_again():
    before = host_state(pf(1, vfs=(vf(driver=None),)))
    before = before._replace(
        taken={PF: Taken(PF, before.pfs[PF].perm_mac, (), None, (KeptVf(0, {"driver": "igbvf"}),))}
    )
    plan = planned(before, desired_pf(vfs=[desired_vfs("0", trust=True)])).plan
    assert any("igbvf" in str(step) for step in plan.steps)
    assert way_back(before, plan).pfs[0].vfs[-1].said == {"driver": "igbvf"}
