# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner as a whole: what comes after what, over one PF and over several. No kernel is involved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    InvalidRequest,
    NotSupported,
    SriovError,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Consent,
    DesiredRss,
    Node,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    LABEL,
    PF,
    RULE,
    SECOND,
    SECOND_LABEL,
    SSH,
    desired_pf,
    desired_rules,
    desired_vfs,
    host_state,
    ixgbe,
    netdev,
    pf,
    planned,
    rule,
    second,
    sentences,
    vf,
)

MAC = "02:00:00:00:aa:00"
RULE_WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
TO_DPDK = desired_driver("0", "vfio-pci")
FREE = vf(driver=None)


def vf_name(index, physfn=PF):
    return f"0000:01:10.{2 * index + int(physfn[-1])} (VF {index} of {physfn})"


def bound(index, driver, before, physfn=PF):
    return f"bind {vf_name(index, physfn)} to {driver} (now {before})"


def everything(address=PF, **options):
    """One PF from nothing to all that can be desired."""
    return desired_pf(
        address,
        num_vfs=2,
        drivers_autoprobe=False,
        up=True,
        min_rss_queues=4,
        vfs=[desired_vfs("0", mac="auto", vlan=100, max_tx_rate=1000), desired_vfs("1", mac=MAC, mtu=1400)],
        drivers=[
            desired_driver("0", "vfio-pci", Node(owner=1000, mode=0o600)),
            desired_driver("1", "default"),
        ],
        rss=DesiredRss(verb="exclude_queues", numbers=(3,), min_queues=4),
        rules=desired_rules(RULE.at(None), rule(dst_ip=1, dst_port=80, cookie=3, location=None), exclusive=True),
        **options,
    )


def test_the_whole_plan_has_the_order_of_the_kernel_s_needs():
    state = host_state(
        ixgbe(combined_channels=16, online_cpus=16, up=False),
        drivers=frozenset({"ixgbe", "igbvf"}),
        modules=frozenset({"vfio-pci"}),
    )
    assert sentences(state, everything()) == [
        f"set sriov_drivers_autoprobe of {LABEL} to 0: new VFs stay without a driver",
        "set enp1s0 up",
        f"set sriov_numvfs of {LABEL} from 0 to 2",
        f"wait until all 2 VFs of {LABEL} are there",
        f"wait until {LABEL} has a link: the driver takes rates only then",
        f"set VF 0 of {LABEL}: mac 06:0b:00:00:01:00, vlan 100 (was 0), max_tx_rate 1000 (was 0)",
        f"set VF 1 of {LABEL}: mac {MAC}",
        "load kernel module vfio-pci",
        bound(0, "vfio-pci", "no driver"),
        bound(1, "igbvf", "no driver"),
        f"give the vfio node of {vf_name(0)} owner 1000, mode 0600",
        f"set the MTU of {vf_name(1)} to 1400 (was 1500)",
        f"turn ntuple filters of {LABEL} on",
        f"set the RSS table of {LABEL}: of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43",
        f"add flow rule 2045 of {LABEL}: {RULE_WORDS}",
        f"add flow rule 2044 of {LABEL}: tcp4 dst-ip 0.0.0.1 dst-port 80 to queue 3",
    ]


def test_a_driver_that_takes_devices_as_it_is_loaded_is_loaded_before_they_are_looked_at():
    """With autoprobe on, the module takes VF 1 as well, which shall have no driver."""
    state = host_state(pf(2, vfs=(FREE, vf(1, driver=None))), drivers=frozenset({"igb"}), modules=frozenset({"igbvf"}))
    desired = desired_pf(drivers=[desired_driver("0", "igbvf"), desired_driver("1", "none")])
    outcome = planned(state, desired)
    assert [str(step) for step in outcome.plan.steps][0] == "load kernel module igbvf"
    assert [member.driver for member in outcome.after.pfs[PF].vfs] == ["igbvf", None]
    assert planned(outcome.after, desired).plan.steps == ()


def test_after_the_whole_plan_there_is_nothing_to_do():
    state = host_state(ixgbe(combined_channels=16, online_cpus=16, carrier=True))
    after = planned(state, everything()).after
    assert planned(after, everything()).plan.steps == ()


def test_two_pfs_go_through_each_stage_together():
    state = host_state(
        ixgbe(combined_channels=16, online_cpus=16, carrier=True, drivers_autoprobe=False),
        second(kind=ixgbe, combined_channels=16, online_cpus=16, carrier=True, drivers_autoprobe=False),
    )
    desired = [
        desired_pf(
            address, num_vfs=1, vfs=[desired_vfs(mac="auto")], drivers=[TO_DPDK], rules=desired_rules(RULE.at(None))
        )
        for address in (PF, SECOND)
    ]
    assert sentences(state, *desired) == [
        f"set sriov_numvfs of {LABEL} from 0 to 1",
        f"wait until all 1 VFs of {LABEL} are there",
        f"set sriov_numvfs of {SECOND_LABEL} from 0 to 1",
        f"wait until all 1 VFs of {SECOND_LABEL} are there",
        f"set VF 0 of {LABEL}: mac 06:0b:00:00:01:00",
        f"set VF 0 of {SECOND_LABEL}: mac 06:0b:00:00:01:01",
        bound(0, "vfio-pci", "no driver"),
        bound(0, "vfio-pci", "no driver", SECOND),
        f"turn ntuple filters of {LABEL} on",
        f"add flow rule 2045 of {LABEL}: {RULE_WORDS}",
        f"turn ntuple filters of {SECOND_LABEL} on",
        f"add flow rule 2045 of {SECOND_LABEL}: {RULE_WORDS}",
    ]


def test_each_pf_has_what_its_own_driver_can():
    state = host_state(ixgbe(1, combined_channels=4, ntuple="on"), second(1, combined_channels=2))
    ours, theirs = (
        desired_pf(rules=desired_rules(RULE.at(None))),
        desired_pf(SECOND, vfs=[desired_vfs(link_state="disable")]),
    )
    assert sentences(state, ours, desired_pf(SECOND, vfs=[desired_vfs(trust=True)]))
    with pytest.raises(NotSupported) as refused:
        planned(state, ours, theirs)
    assert str(refused.value) == (
        f"link_state: cannot set disable for VF 0 on {SECOND_LABEL}: driver igb: it leaves a VF's link to the PF's. "
        "Remedy: leave out link_state."
    )


def test_a_pf_of_which_nothing_is_desired_is_left_alone():
    other = second(2, kind=ixgbe, combined_channels=4, rules=(RULE,), table=(0,) * 128)
    outcome = planned(host_state(ixgbe(combined_channels=16), other), desired_pf(num_vfs=1), desired_pf(SECOND))
    assert outcome.after.pfs[SECOND] == other
    assert not [step for step in outcome.plan.steps if SECOND in str(step)]


def test_a_refusal_of_the_last_pf_leaves_the_first_one_alone():
    state = host_state(ixgbe(combined_channels=16), second())
    with pytest.raises(InvalidRequest):
        planned(state, desired_pf(num_vfs=1), desired_pf(SECOND, num_vfs=8))


@pytest.mark.parametrize(
    ("host", "desired", "kind", "message"),
    [
        pytest.param(
            {"iommu": False},
            desired_pf(num_vfs=1, drivers=[TO_DPDK]),
            NotSupported,
            "driver: cannot bind to vfio-pci on 0000:01:10.0: the device is in no IOMMU group: the IOMMU is off. "
            "Remedy: turn VT-d or AMD-Vi on in the firmware setup and boot with intel_iommu=on iommu=pt (Intel); "
            "no_iommu: true gives up the protection of memory.",
            id="the IOMMU is off",
        ),
        pytest.param(
            {"drivers": frozenset({"igb"})},
            desired_pf(num_vfs=1, drivers=[TO_DPDK]),
            InvalidRequest,
            "driver: there is no driver 'vfio-pci' on this host: "
            "it is not registered in /sys/bus/pci/drivers and no kernel module has the name. "
            "Remedy: install its module for the running kernel, or name another.",
            id="a driver that is not there",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=1, drivers=[desired_driver("1", "vfio-pci")]),
            InvalidRequest,
            f"vfs: '1' names VF 1 on {LABEL}: the PF has 1 VFs, 0 to 0. "
            "Remedy: create it first with module pf (num_vfs), or name another.",
            id="a driver for a VF that there will not be",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=2, drivers=[TO_DPDK, desired_driver("all", "igbvf")]),
            InvalidRequest,
            f"drivers: VF 0 is named twice on {LABEL}: a device has one driver. Remedy: name each VF in one entry.",
            id="two drivers for a VF",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=1, vfs=[desired_vfs(mac="03:00:00:00:00:00")]),
            InvalidRequest,
            f"mac: 03:00:00:00:00:00 is a multicast address (VF 0) on {LABEL}. "
            "Remedy: give a unicast address, or auto.",
            id="an address of many",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=1, rules=desired_rules(rule(vf=1, dst_port=80, location=None))),
            InvalidRequest,
            f"rules[0]: cannot send to VF 1 queue 0 on {LABEL}: the PF has 1 VFs, 0 to 0. "
            "Remedy: create it first with module pf (num_vfs), or name another.",
            id="a rule for a VF that there will not be",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=1, rss=DesiredRss(min_queues=8)),
            InvalidRequest,
            f"min_queues: the RSS group has 4 queues, less than 8 on {LABEL}: ixgbe: 0 VFs: 16, from 1 VF on: 4, from "
            "32 VFs on: 2; without VFs the PF would have 16; online CPUs: 16. "
            "Remedy: ask for fewer VFs, raise the channels, or accept the smaller group.",
            id="an RSS group that the VFs would make too small",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=1, rss=DesiredRss(verb="queues", numbers=(8,))),
            InvalidRequest,
            f"queues: 8 on {LABEL}: the RSS group has 4 queues, 0 to 3, and queue 8 is not among them; beside 1 VF "
            "(ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2). Remedy: name queues of the group.",
            id="a queue that the VFs take",
        ),
    ],
)
def test_what_new_vfs_cannot_have_is_refused_before_they_are_there(host, desired, kind, message):
    state = host_state(ixgbe(combined_channels=16, online_cpus=16), **host)
    with pytest.raises(kind) as refused:
        planned(state, desired)
    assert str(refused.value) == message


def test_without_an_iommu_new_vfs_may_do_without_it():
    state = host_state(pf(drivers_autoprobe=False), iommu=False, noiommu_mode=False)
    steps = sentences(state, desired_pf(num_vfs=1, drivers=[desired_driver("0", "vfio-pci", no_iommu=True)]))
    assert steps[2:] == [
        "turn on vfio's no-IOMMU mode: devices bound in it can write to all memory; it taints the kernel",
        bound(0, "vfio-pci", "no driver"),
    ]


def test_vfs_that_come_anew_get_all_that_is_desired_and_nothing_that_they_had():
    known = vf(driver="vfio-pci", attributes=replace(FREE.attributes, mac=MAC, trust=True))
    state = ixgbe(1, vfs=(known,), combined_channels=4, carrier=True, drivers_autoprobe=False)
    steps = sentences(
        state, desired_pf(num_vfs=2, allow=["destroy_vfs"], vfs=[desired_vfs(mac=MAC)], drivers=[TO_DPDK])
    )
    assert steps[-2:] == [f"set VF 0 of {LABEL}: mac {MAC}", bound(0, "vfio-pci", "no driver")]


BY_HAND = (0,) * 64 + (1,) * 64
PUT_BACK_TABLE = f"put back the RSS table of {LABEL}: of 128 entries queue 0 has 64, queue 1 has 64"


@pytest.mark.parametrize(
    ("desired", "last"),
    [
        pytest.param(
            desired_pf(num_vfs=2, allow=["destroy_vfs"]), [PUT_BACK_TABLE, "put back"], id="the number of VFs"
        ),
        pytest.param(desired_pf(rss=DesiredRss(channels=4)), [PUT_BACK_TABLE, "put back"], id="the channels"),
        pytest.param(
            desired_pf(num_vfs=2, allow=["destroy_vfs"], rss=DesiredRss(verb="equal", numbers=(1,))),
            [f"set the RSS table of {LABEL}: of 128 entries queue 0 has 128", "put back"],
            id="the number of VFs, and another table is desired",
        ),
        pytest.param(
            desired_pf(num_vfs=2, allow=["destroy_vfs"], rules=desired_rules(exclusive=True)),
            [PUT_BACK_TABLE],
            id="and no rules are",
        ),
    ],
)
def test_tables_and_rules_that_a_change_drops_are_put_back(desired, last):
    state = ixgbe(
        1, vfs=(FREE,), combined_channels=2, max_channels=4, online_cpus=16, ntuple="on", table=BY_HAND, rules=(RULE,)
    )
    steps = sentences(state, desired)
    expected = [f"put back flow rule 2045 of {LABEL}: {RULE_WORDS}" if step == "put back" else step for step in last]
    assert [step for step in steps if "flow rule" in step or "RSS table" in step] == expected
    assert steps[-len(expected) :] == expected


def test_a_table_is_lost_on_the_way_through_no_vfs():
    """igb keeps its table as long as the queues are as many; in between they are not."""
    state = pf(1, vfs=(FREE,), combined_channels=2, table=(0,) * 128)
    steps = sentences(state, desired_pf(num_vfs=2, allow=["destroy_vfs"]))
    assert steps[-1] == f"put back the RSS table of {LABEL}: of 128 entries queue 0 has 128"


def test_what_is_put_back_is_settled():
    state = host_state(
        ixgbe(1, vfs=(FREE,), combined_channels=4, ntuple="on", table=BY_HAND, rules=(RULE,), carrier=True)
    )
    desired = desired_pf(num_vfs=2, allow=["destroy_vfs"])
    after = planned(state, desired).after
    assert after.pfs[PF].queues.rss.table == BY_HAND
    assert after.pfs[PF].queues.rules.rules == (RULE,)
    assert planned(after, desired).plan.steps == ()


def test_vfs_in_use_go_only_by_force_and_then_their_link_may():
    state = ixgbe(1, vfs=(vf(driver="vfio-pci", holders=(BUSY,)),), combined_channels=4)
    with pytest.raises(InUse):
        planned(state, desired_pf(num_vfs=2, allow=["destroy_vfs"]))
    assert sentences(state, desired_pf(num_vfs=2, allow=["destroy_vfs", "in_use"]))


def test_the_operator_s_pf_is_changed_only_where_that_is_accepted():
    state = host_state(ixgbe(combined_channels=16, holders=(SSH,)), second())
    desired = [desired_pf(num_vfs=1), desired_pf(SECOND, num_vfs=1)]
    with pytest.raises(InUse):
        planned(state, *desired)
    assert sentences(state, desired[0]._replace(consent=Consent(allow=["link_reset"])), desired[1])


def test_an_interface_that_appears_in_the_plan_has_no_name_yet():
    outcome = planned(
        pf(drivers_autoprobe=False),
        desired_pf(num_vfs=1, vfs=[desired_vfs(mac=MAC, mtu=1400)], drivers=[desired_driver("0", "igbvf")]),
    )
    (made,) = outcome.after.pfs[PF].vfs
    assert made.netdev == netdev("", ifindex=0, mac=MAC, mtu=1400, up=False)


def test_nothing_is_planned_of_nothing():
    state = host_state(ixgbe(2, combined_channels=4, rules=(RULE,)), second())
    outcome = planned(state, desired_pf(), desired_pf(SECOND))
    assert (outcome.plan.steps, outcome.plan.warnings, outcome.after) == ((), (), state)


def test_every_refusal_is_one_of_the_family():
    with pytest.raises(SriovError) as refused:
        planned(ixgbe(), desired_pf(num_vfs=64))
    assert refused.value.details()["remedy"]
