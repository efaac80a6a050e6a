# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner as a whole: what comes after what, over one PF and over several. No kernel is involved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    DeviceNotFound,
    InUse,
    InvalidRequest,
    NotSupported,
    SriovError,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Several
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredDevice,
    DesiredRss,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Host, State
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    DRIVERS,
    LABEL,
    PF,
    PROGRAM,
    ROUTE,
    RULE,
    SECOND,
    SECOND_LABEL,
    SSH,
    desired_driver,
    desired_pf,
    desired_rules,
    desired_vfs,
    host_state,
    ixgbe,
    netdev,
    pf,
    pf_device,
    planned,
    refusals,
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
        vfs=[
            desired_vfs("0", mac="auto", vlan=100, max_tx_rate=1000, driver="vfio-pci", owner=1000, mode=0o600),
            desired_vfs("1", mac=MAC, mtu=1400, driver="default"),
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
    desired = desired_pf(vfs=[desired_driver("0", "igbvf"), desired_driver("1", "none")])
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
        desired_pf(address, num_vfs=1, vfs=[desired_vfs(mac="auto"), TO_DPDK], rules=desired_rules(RULE.at(None)))
        for address in (PF, SECOND)
    ]
    assert sentences(state, *desired) == [
        f"set sriov_numvfs of {LABEL} from 0 to 1",
        f"wait until the VF of {LABEL} is there",
        f"set sriov_numvfs of {SECOND_LABEL} from 0 to 1",
        f"wait until the VF of {SECOND_LABEL} is there",
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
    (refused,) = refusals(state, ours, theirs)
    assert str(refused) == (
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
            desired_pf(num_vfs=1, vfs=[TO_DPDK]),
            NotSupported,
            "driver: cannot bind to vfio-pci on 0000:01:10.0: the device is in no IOMMU group: the IOMMU is off. "
            "Remedy: turn VT-d or AMD-Vi on in the firmware setup and boot with intel_iommu=on iommu=pt (Intel); "
            "no_iommu: true gives up the protection of memory.",
            id="the IOMMU is off",
        ),
        pytest.param(
            {"drivers": frozenset({"igb"})},
            desired_pf(num_vfs=1, vfs=[TO_DPDK]),
            InvalidRequest,
            "driver: there is no driver 'vfio-pci' on this host: "
            "it is not registered in /sys/bus/pci/drivers and no kernel module has the name. "
            "Remedy: install its module for the running kernel, or name another.",
            id="a driver that is not there",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=1, vfs=[desired_driver("1", "vfio-pci")]),
            InvalidRequest,
            f"vfs[0].vf: 1 names VF 1 on {LABEL}: the PF has 1 VF. Remedy: ask for more (num_vfs: 2), or name VF 0.",
            id="a driver for a VF that there will not be",
        ),
        pytest.param(
            {},
            desired_pf(num_vfs=1, rules=desired_rules(rule(vf=1, dst_port=80, location=None))),
            InvalidRequest,
            f"rules[0]: cannot send to VF 1 queue 0 on {LABEL}: the PF has 1 VF. "
            "Remedy: ask for more (num_vfs: 2), or name VF 0.",
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
    (refused,) = refusals(state, desired)
    assert (type(refused), str(refused)) == (kind, message)


def test_without_an_iommu_new_vfs_may_do_without_it():
    state = host_state(pf(drivers_autoprobe=False), iommu=False, noiommu_mode=False)
    steps = sentences(state, desired_pf(num_vfs=1, vfs=[desired_driver("0", "vfio-pci", no_iommu=True)]))
    assert steps[2:] == [
        "turn on vfio's no-IOMMU mode: devices bound in it can write to all memory; it taints the kernel",
        bound(0, "vfio-pci", "no driver"),
    ]


def test_vfs_that_come_anew_get_all_that_is_desired_and_what_they_had():
    known = vf(driver="vfio-pci", attributes=replace(FREE.attributes, mac=MAC, trust=True))
    state = ixgbe(1, vfs=(known,), combined_channels=4, carrier=True, drivers_autoprobe=False)
    steps = sentences(state, desired_pf(num_vfs=2, allow=["destroy_vfs"], vfs=[desired_vfs(mac=MAC), TO_DPDK]))
    assert steps[-2:] == [f"set VF 0 of {LABEL}: mac {MAC}, trust on", bound(0, "vfio-pci", "no driver")]


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


def test_vfs_in_use_go_only_where_that_is_allowed_and_then_their_link_may():
    state = ixgbe(1, vfs=(vf(driver="uio_pci_generic", holders=(PROGRAM,)),), combined_channels=4)
    assert [each.consent for each in refusals(state, desired_pf(num_vfs=2, allow=["destroy_vfs"]))] == ["in_use"]
    assert sentences(state, desired_pf(num_vfs=2, allow=["destroy_vfs", "in_use"]))


def test_a_vf_whose_vfio_node_is_open_stays_whatever_is_allowed():
    state = ixgbe(2, vfs=(vf(driver="vfio-pci", holders=(BUSY,)), vf(1, driver=None)), combined_channels=4)
    for desired in (
        desired_pf(num_vfs=0, allow=CONSENTS),
        desired_pf(vfs=[desired_driver("0", "none")], allow=CONSENTS),
        desired_pf(rss=DesiredRss(channels=2), allow=CONSENTS),
    ):
        (refused,) = refusals(state, desired)
        assert (type(refused), refused.consent) == (InUse, "")


def test_the_operator_s_pf_is_changed_only_where_that_is_accepted():
    state = host_state(ixgbe(combined_channels=16, holders=(SSH,)), second())
    desired = [desired_pf(num_vfs=1), desired_pf(SECOND, num_vfs=1)]
    assert [each.consent for each in refusals(state, *desired)] == ["link_reset"]
    assert sentences(state, desired_pf(num_vfs=1, allow=["link_reset"]), desired[1])


def test_consent_for_one_pf_is_none_for_another():
    state = host_state(pf(1), second(1))
    found = refusals(state, desired_pf(num_vfs=2, allow=CONSENTS), desired_pf(SECOND, num_vfs=2))
    assert [(each.device, each.consent) for each in found] == [(SECOND_LABEL, "destroy_vfs")]


def test_a_consent_that_is_used_for_many_devices_for_one_reason_is_told_once():
    members = tuple(vf(index, driver="mlx5_core") for index in range(2))
    desired = desired_pf(vfs=[desired_driver("all", "vfio-pci")], allow=["bifurcated"])
    assert list(planned(pf(2, vfs=members), desired).plan.allowed) == [
        "bifurcated for 0000:01:10.0 and 0000:01:10.2: DPDK drives this NIC beside its kernel driver igbvf"
    ]


def test_consent_for_a_device_is_of_its_own_entry():
    state = State({}, Host(drivers=DRIVERS), {each.address: each for each in (pf_device(), vf(holders=(PROGRAM,)))})
    devices = [DesiredDevice(PF, "none"), DesiredDevice(vf().address, "none", allow=frozenset(CONSENTS))]
    assert [each.consent for each in refusals(state, devices=devices)] == ["take_pf"]
    allowed = planned(state, devices=[each._replace(allow=frozenset(CONSENTS)) for each in devices]).plan.allowed
    assert [each.partition(": ")[0] for each in allowed] == [f"take_pf for {LABEL}", f"in_use for {vf().label}"]


def test_all_refusals_of_all_stages_and_all_pfs_are_told_at_once():
    state = host_state(
        ixgbe(1, combined_channels=4, online_cpus=16, vfs=(vf(holders=(ROUTE,)),)),
        second(kind=ixgbe, combined_channels=16, online_cpus=16, up=False),
        iommu=False,
    )
    first = desired_pf(
        num_vfs=2,
        min_rss_queues=8,
        vfs=[desired_vfs("0-1", min_tx_rate=5), desired_vfs("0", mtu=9000), desired_vfs("1", driver="uio")],
        rss=DesiredRss(verb="equal", numbers=(64,)),
        rules=desired_rules(rule(vf=2), rule("ip6", cookie=0, location=1)),
    )
    other = desired_pf(SECOND, num_vfs=64)
    assert [f"{each.what} on {each.device}" for each in refusals(state, first, other)] == [
        f"min_rss_queues: 2 VFs leave the PF an RSS group of 4, less than 8 on {LABEL}",
        f"num_vfs: cannot go from 1 to 2 VFs on {LABEL}",
        f"num_vfs: cannot remove VF 0 on {LABEL}",
        f"cannot create 2 VFs on {LABEL}",
        f"num_vfs: cannot create 64 VFs on {SECOND_LABEL}",
        f"min_tx_rate: cannot set 5 for VFs 0-1 on {LABEL}",
        f"mtu: cannot set 9000 for VF 0 on {LABEL}",
        "driver: there is no driver 'uio' on ",
        f"equal: 64 on {LABEL}",
        f"rules[0]: cannot send to VF 2 queue 0 on {LABEL}",
        f"rules[1]: flow type ip6 on {LABEL}",
    ]


def test_an_iommu_that_is_off_is_told_once_however_many_vfs_are_to_bypass_the_kernel():
    state = host_state(ixgbe(), second(kind=ixgbe), iommu=False)
    vfs = [desired_driver("all", "vfio-pci")]
    (refused,) = refusals(state, desired_pf(num_vfs=2, vfs=vfs), desired_pf(SECOND, num_vfs=8, vfs=vfs))
    assert str(refused) == (
        "driver: cannot bind to vfio-pci on 0000:01:10.0, 0000:01:10.2, 0000:01:10.1 and 7 more: the device is in no "
        "IOMMU group: the IOMMU is off. Remedy: turn VT-d or AMD-Vi on in the firmware setup and boot with "
        "intel_iommu=on iommu=pt (Intel); no_iommu: true gives up the protection of memory."
    )


def test_what_was_found_wrong_with_the_names_is_told_with_the_rest():
    unknown = DeviceNotFound("pf: nothing on this host is called 'eth7'")
    with pytest.raises(Several) as refused:
        plan_host(host_state(pf()), Desired((desired_pf(num_vfs=8),)), [unknown])
    assert [each.kind for each in refused.value.each()] == ["not_found", "invalid"]
    with pytest.raises(DeviceNotFound):
        plan_host(host_state(pf()), Desired((desired_pf(num_vfs=1),)), [unknown])


def test_of_a_pf_that_there_cannot_be_nothing_else_is_told():
    """What is said of its VFs, table and rules has no number of VFs to be judged by."""
    desired = desired_pf(
        num_vfs=64, vfs=[desired_vfs("40", min_tx_rate=5), TO_DPDK], rules=desired_rules(rule(vf=50)), rss=DesiredRss(0)
    )
    assert [each.what for each in refusals(host_state(ixgbe(), iommu=False), desired)] == [
        "num_vfs: cannot create 64 VFs"
    ]


def test_channels_that_there_cannot_be_hide_no_rule_that_the_driver_never_takes():
    """Where a rule leads, and what the table spreads, is not judged: that depends on the channels that are meant."""
    state = ixgbe(combined_channels=2, max_channels=4)
    rules = desired_rules(rule("ip6", cookie=0, location=1), rule(cookie=8, location=9999), rule(dst_port=1, cookie=8))
    desired = desired_pf(rss=DesiredRss(99, "equal", (9,), 9), rules=rules)
    assert [each.what for each in refusals(state, desired)] == [
        "channels: cannot set 99 combined channels",
        "rules[0]: flow type ip6",
        "rules[1]: location 9999 is out of range",
    ]


def test_all_that_is_wrong_with_one_rule_and_with_one_table_is_told():
    desired = desired_pf(
        rss=DesiredRss(None, "equal", (9,), 8), rules=desired_rules(rule(cookie=8, location=9999), rule(cookie=1))
    )
    assert [each.what for each in refusals(ixgbe(combined_channels=4), desired)] == [
        "min_queues: the RSS group has 4 queues, less than 8",
        "equal: 9",
        "rules[0]: location 9999 is out of range",
        "rules[0]: cannot send to queue 8",
    ]


def test_refusals_that_want_consent_alone_leave_the_rest_to_be_judged_as_if_it_were_given():
    """VFs 2 and 3 are still to come: nothing is refused for want of them."""
    state = ixgbe(2, combined_channels=4, online_cpus=16, carrier=True)
    desired = desired_pf(
        num_vfs=4,
        vfs=[desired_vfs("2-3", mac="auto"), desired_driver("3", "vfio-pci")],
        rules=desired_rules(rule(vf=3)),
    )
    assert [each.consent for each in refusals(state, desired)] == ["destroy_vfs"]


def test_an_interface_that_appears_in_the_plan_has_no_name_yet():
    outcome = planned(
        pf(drivers_autoprobe=False),
        desired_pf(num_vfs=1, vfs=[desired_vfs(mac=MAC, mtu=1400, driver="igbvf")]),
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
