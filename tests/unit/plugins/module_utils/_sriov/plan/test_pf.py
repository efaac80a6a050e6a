# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""plan_pf as a table: state, request, sentences. No kernel is involved."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.queues import predict_rss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Claim
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.pf import plan_pf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import SetNumVfs
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    LABEL,
    PF,
    ROUTE,
    RULE,
    SSH,
    desired_pf,
    ixgbe,
    netdev,
    pf,
    pf_after,
    vf,
)

CREATE_4 = [f"set sriov_numvfs of {LABEL} from 0 to 4", f"wait until all 4 VFs of {LABEL} are there"]
REMOVE_2 = (
    f"set sriov_numvfs of {LABEL} from 2 to 0: "
    "destroys VF 0 (0000:01:10.0, igbvf, enp1s0v0), VF 1 (0000:01:10.2, igbvf, enp1s0v1)"
)
AUTOPROBE_0 = f"set sriov_drivers_autoprobe of {LABEL} to 0: new VFs stay without a driver"
AUTOPROBE_1 = f"set sriov_drivers_autoprobe of {LABEL} to 1: new VFs are bound by the kernel"


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(pf(), desired_pf(), [], id="nothing is desired"),
        pytest.param(pf(), desired_pf(num_vfs=0), [], id="no VFs where there are none"),
        pytest.param(pf(4), desired_pf(num_vfs=4), [], id="the number that is there"),
        pytest.param(
            pf(4), desired_pf(num_vfs=4, allow=["destroy_vfs"]), [], id="recreate destroys nothing that is as wanted"
        ),
        pytest.param(pf(), desired_pf(num_vfs=4), CREATE_4, id="VFs where there are none"),
        pytest.param(pf(2), desired_pf(num_vfs=0), [REMOVE_2], id="0 removes all"),
        pytest.param(
            pf(2), desired_pf(num_vfs=4, allow=["destroy_vfs"]), [REMOVE_2, *CREATE_4], id="another number through 0"
        ),
        pytest.param(
            pf(1, vfs=(vf(0, driver="vfio-pci"),)),
            desired_pf(num_vfs=0),
            [f"set sriov_numvfs of {LABEL} from 1 to 0: destroys VF 0 (0000:01:10.0, vfio-pci)"],
            id="a destroyed VF without interface",
        ),
        pytest.param(
            pf(1, vfs=(vf(0, driver=None),)),
            desired_pf(num_vfs=0),
            [f"set sriov_numvfs of {LABEL} from 1 to 0: destroys VF 0 (0000:01:10.0, no driver)"],
            id="a destroyed VF without driver",
        ),
        pytest.param(pf(), desired_pf(drivers_autoprobe=False), [AUTOPROBE_0], id="autoprobe alone"),
        pytest.param(
            pf(drivers_autoprobe=False), desired_pf(drivers_autoprobe=True), [AUTOPROBE_1], id="autoprobe on again"
        ),
        pytest.param(pf(), desired_pf(drivers_autoprobe=True), [], id="autoprobe as it is"),
        pytest.param(
            pf(up=False),
            desired_pf(num_vfs=4, drivers_autoprobe=False, up=True),
            [AUTOPROBE_0, "set enp1s0 up", *CREATE_4],
            id="autoprobe first, then up, then VFs",
        ),
        pytest.param(pf(), desired_pf(up=True), [], id="up as it is"),
        pytest.param(pf(), desired_pf(up=False), ["set enp1s0 down"], id="down without VFs"),
        pytest.param(pf(2), desired_pf(num_vfs=0, up=False), [REMOVE_2, "set enp1s0 down"], id="down after the VFs"),
        pytest.param(
            pf(holders=(SSH, ROUTE)),
            desired_pf(num_vfs=4, allow=["link_reset"]),
            CREATE_4,
            id="the link's loss is accepted",
        ),
        pytest.param(
            pf(1, vfs=(vf(0, holders=(BUSY,)),)),
            desired_pf(num_vfs=0, allow=["in_use"]),
            [f"set sriov_numvfs of {LABEL} from 1 to 0: destroys VF 0 (0000:01:10.0, igbvf, enp1s0v0)"],
            id="VFs in use go by force",
        ),
        pytest.param(
            pf(2, vfs=(vf(0, holders=(BUSY,)), vf(1))),
            desired_pf(num_vfs=2),
            [],
            id="VFs in use that stay are no matter",
        ),
        pytest.param(
            pf(driver="vfio-pci", netdevs=()), desired_pf(num_vfs=0), [], id="a PF on vfio-pci whose number is right"
        ),
        pytest.param(pf(xdp=True), desired_pf(num_vfs=4), CREATE_4, id="XDP does not keep igb from VFs"),
        pytest.param(pf(), desired_pf(num_vfs=4, min_rss_queues=2), CREATE_4, id="the RSS group is just large enough"),
        pytest.param(pf(driver="mystery"), desired_pf(num_vfs=4), CREATE_4, id="a driver that is an unknown driver"),
    ],
)
def test_the_plan_is_what_is_missing(state, desired, steps):
    assert [str(step) for step in plan_pf(state, desired).steps] == steps


def test_a_recreation_falls_back_to_the_old_number():
    steps = plan_pf(pf(2), desired_pf(num_vfs=4, allow=["destroy_vfs"])).steps
    assert steps[1] == SetNumVfs(PF, LABEL, 0, 4, fallback=2)


@pytest.mark.parametrize(
    ("state", "desired", "warnings"),
    [
        pytest.param(pf(), desired_pf(num_vfs=4), (), id="nothing to say"),
        pytest.param(
            pf(up=False),
            desired_pf(num_vfs=4),
            (f"{LABEL} is down: its VFs have no link and no mailbox until it is up (up: true)",),
            id="VFs of a PF that is down",
        ),
        pytest.param(pf(up=False), desired_pf(num_vfs=4, up=True), (), id="VFs of a PF that will be up"),
        pytest.param(pf(up=False), desired_pf(num_vfs=0), (), id="down and no VFs"),
        pytest.param(
            pf(2),
            desired_pf(drivers_autoprobe=False),
            (f"drivers_autoprobe of {LABEL} holds for VFs created from now on; the present ones keep their drivers",),
            id="autoprobe comes too late for the present VFs",
        ),
        pytest.param(
            pf(2),
            desired_pf(num_vfs=3, allow=["destroy_vfs"], drivers_autoprobe=False),
            (),
            id="autoprobe in time for new VFs",
        ),
    ],
)
def test_a_plan_warns_of_what_it_does_not_mend(state, desired, warnings):
    assert plan_pf(state, desired).warnings == list(warnings)


@pytest.mark.parametrize(
    ("state", "num_vfs", "queues"),
    [
        pytest.param(pf(combined_channels=8), 0, 8, id="igb as it is"),
        pytest.param(pf(), 1, 2, id="82576 with VFs"),
        pytest.param(pf(device="1521"), 1, 1, id="i350 with VFs"),
        pytest.param(pf(2, combined_channels=2), 0, 8, id="igb gets its queues back"),
        pytest.param(ixgbe(combined_channels=32, online_cpus=32), 0, 16, id="flow director's queues are not RSS"),
        pytest.param(ixgbe(combined_channels=32, online_cpus=32), 4, 4, id="82599 with few VFs"),
        pytest.param(ixgbe(combined_channels=32, online_cpus=32), 32, 2, id="82599 with many VFs"),
        pytest.param(ixgbe(combined_channels=2), 4, 2, id="a smaller choice of channels survives"),
        pytest.param(ixgbe(4, combined_channels=2), 8, 4, id="but not a second change"),
        pytest.param(ixgbe(4, combined_channels=4, online_cpus=32), 0, 16, id="82599 gets its queues back"),
        pytest.param(pf(driver="i40e", device="1572", combined_channels=6), 4, 6, id="VFs take nothing from i40e"),
        pytest.param(pf(driver="mystery", combined_channels=6), 0, 6, id="an unknown driver as it is"),
        pytest.param(pf(driver="mystery"), 4, None, id="an unknown driver with VFs"),
        pytest.param(pf(driver="igb", device="ffff"), 4, None, id="an igb chip that is not known"),
        pytest.param(ixgbe(netdevs=()), 4, 4, id="without an interface"),
        pytest.param(ixgbe(num_tc=4), 4, 1, id="82599 with VFs and traffic classes"),
        pytest.param(ixgbe(num_tc=1), 4, 4, id="one traffic class is none"),
    ],
)
def test_the_rss_group_is_predicted(state, num_vfs, queues):
    assert predict_rss(state, num_vfs) == queues


def test_the_prediction_has_what_was_asked_and_the_vfs_as_far_as_they_are_known():
    after = pf_after(pf(up=False), desired_pf(num_vfs=4, up=True, drivers_autoprobe=False))
    assert (after.num_vfs, after.device.num_vfs, after.drivers_autoprobe) == (4, 4, False)
    assert after.device.netdev == netdev(up=True, carrier=True)
    assert [(vf.address, vf.vf, vf.driver, vf.planned) for vf in after.vfs] == [
        (f"0000:01:10.{2 * index}", index, None, True) for index in range(4)
    ]


def test_vfs_to_be_are_bound_by_the_kernel_where_it_binds_them():
    assert [vf.driver for vf in pf_after(pf(), desired_pf(num_vfs=2)).vfs] == ["igbvf", "igbvf"]


def test_the_prediction_of_an_82599_has_its_queues_its_default_table_and_no_rules():
    before = ixgbe(combined_channels=16, online_cpus=16, rules=(RULE,), table=(0,) * 128)
    after = pf_after(before, desired_pf(num_vfs=4))
    assert (after.combined, after.queues.rss.rings, after.queues.rules.rules) == (4, 4, ())
    assert after.queues.rss.table == tuple(range(4)) * 32


def test_the_prediction_of_nothing_is_the_present():
    state = pf(2, combined_channels=2)
    assert pf_after(state, desired_pf()) == state


VF_0, VF_1 = "VF 0 (0000:01:10.0, igbvf, enp1s0v0)", "VF 1 (0000:01:10.2, igbvf, enp1s0v1)"
DOMAIN, NETWORK, BROKEN = "libvirt domain web1", "libvirt network fast", "/etc/libvirt/qemu/a.xml"


@pytest.mark.parametrize(
    ("claim", "left", "warnings"),
    [
        (Claim(DOMAIN, function="0000:01:10.2"), 0, [f"{DOMAIN} wants {VF_1} when it starts, which goes"]),
        (Claim(DOMAIN, function="0000:01:10.2"), 1, [f"{DOMAIN} wants {VF_1} when it starts, which goes"]),
        (Claim(DOMAIN, function="0000:01:10.2"), 2, []),
        (Claim(DOMAIN, function="0000:01:10.0"), 1, []),
        (Claim(DOMAIN, interface="enp1s0v0"), 0, [f"{DOMAIN} wants {VF_0} when it starts, which goes"]),
        (Claim(DOMAIN, function="0000:41:00.0"), 0, []),
        (Claim(NETWORK, pf="enp1s0"), 0, [f"{NETWORK} takes VFs of {LABEL} when it is used, and there will be none"]),
        (Claim(NETWORK, pf="enp1s0"), 1, []),
        (Claim(NETWORK, pf="enp2s0"), 0, []),
        (Claim(BROKEN), 0, [f"{BROKEN} cannot be read as XML: whether it wants VFs of {LABEL} is not known"]),
        (Claim(BROKEN), 2, []),
    ],
)
def test_whoever_will_want_a_vf_that_goes_is_told(claim, left, warnings):
    """And needs no consent: nobody uses it now."""
    stage = plan_pf(pf(2, claims=(claim, claim)), desired_pf(num_vfs=left, allow=["destroy_vfs"]))
    assert (stage.warnings, stage.faults.found) == (warnings, [])
