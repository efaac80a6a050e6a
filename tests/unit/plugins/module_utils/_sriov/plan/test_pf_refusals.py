# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every refusal of plan_pf, word for word: the message is what an operator gets."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    InvalidRequest,
    NotSupported,
    WouldDestroy,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.pf import plan_pf
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    LABEL,
    PROGRAM,
    ROUTE,
    SSH,
    desired_pf,
    desired_vfs,
    ixgbe,
    netdev,
    pf,
    planned,
    refusals,
    vf,
)

ON = " on enp1s0 (0000:01:00.0): "
OPT_IN = "allow: [link_reset]."
IN_USE = "Remedy: release them, or accept that its user loses it: allow: [in_use]."

REFUSALS = [
    pytest.param(
        pf(),
        desired_pf(num_vfs=8),
        InvalidRequest,
        f"num_vfs: cannot create 8 VFs{ON}the device supports 7 (sriov_totalvfs). Remedy: ask for at most 7.",
        id="more than the device has",
    ),
    pytest.param(
        pf(total_vfs=0),
        desired_pf(num_vfs=1),
        NotSupported,
        f"cannot create 1 VF{ON}the device offers none (sriov_totalvfs is 0). "
        "Remedy: turn SR-IOV on in the firmware setup of host and NIC.",
        id="a device with SR-IOV off",
    ),
    pytest.param(
        ixgbe(num_tc=4),
        desired_pf(num_vfs=32),
        InvalidRequest,
        f"num_vfs: cannot create 32 VFs{ON}ixgbe gives 31 with the 4 traffic classes (DCB) configured: EPERM. "
        "Remedy: ask for at most 31, or reduce the traffic classes.",
        id="more than traffic classes leave",
    ),
    pytest.param(
        ixgbe(online_cpus=16),
        desired_pf(num_vfs=4, min_rss_queues=16),
        InvalidRequest,
        f"min_rss_queues: 4 VFs leave the PF an RSS group of 4, less than 16{ON}ixgbe: 0 VFs: 16, from 1 VF on: 4, "
        "from 32 VFs on: 2; online CPUs: 16. "
        "Remedy: ask for fewer VFs, or accept the smaller group by a lower min_rss_queues.",
        id="an RSS group that would be too small",
    ),
    pytest.param(
        pf(driver="i40e", device="1572", combined_channels=4),
        desired_pf(num_vfs=4, min_rss_queues=8),
        InvalidRequest,
        f"min_rss_queues: 4 VFs leave the PF an RSS group of 4, less than 8{ON}i40e: VFs take nothing from the PF; "
        "online CPUs: 8. Remedy: ask for fewer VFs, or accept the smaller group by a lower min_rss_queues.",
        id="an RSS group that is too small as it is",
    ),
    pytest.param(
        pf(driver="mystery"),
        desired_pf(num_vfs=4, min_rss_queues=8),
        NotSupported,
        f"min_rss_queues: cannot tell the RSS group that 4 VFs leave{ON}nothing is known of driver mystery. "
        "Remedy: leave out min_rss_queues, and look at `ethtool -l` afterwards.",
        id="an RSS group that nobody can predict",
    ),
    pytest.param(
        pf(2),
        desired_pf(up=False),
        InvalidRequest,
        f"up: false goes with num_vfs: 0 only{ON}2 VFs would be left without link and mailbox. "
        "Remedy: leave out up, or set num_vfs: 0.",
        id="down with VFs",
    ),
    *(
        pytest.param(
            pf(netdevs=()),
            desired,
            NotSupported,
            f"{what} on 0000:01:00.0: driver igb has given it no interface in this network namespace. Remedy: see "
            "dmesg for the driver's messages; if the interface was moved to another namespace, bring it back.",
            id=f"without an interface: {what}",
        )
        for desired, what in (
            (desired_pf(up=True), "cannot set the PF up"),
            (desired_pf(up=False), "cannot set the PF down"),
            (desired_pf(num_vfs=2), "cannot create 2 VFs"),
        )
    ),
    pytest.param(
        pf(holders=(SSH,)),
        desired_pf(up=False, allow=CONSENTS),
        InUse,
        f"cannot set the PF down{ON}it carries the SSH connection from 192.0.2.1. "
        "Remedy: reach the host over another NIC.",
        id="down under the operator's feet, whatever is accepted",
    ),
    pytest.param(
        pf(holders=(Holder("address", "enp1s0 has address 192.0.2.3/24"),)),
        desired_pf(up=False),
        InUse,
        f"cannot set the PF down{ON}enp1s0 has address 192.0.2.3/24. "
        "Remedy: release it, or accept that its user loses it: allow: [in_use].",
        id="down, with an address",
    ),
    pytest.param(
        pf(
            holders=(
                Holder("master", "enp1s0 is a port of bridge br0"),
                Holder("upper", "vlan v7 is stacked on enp1s0"),
            )
        ),
        desired_pf(num_vfs=0, up=False, allow={*CONSENTS} - {"in_use"}),
        InUse,
        f"cannot set the PF down{ON}enp1s0 is a port of bridge br0; vlan v7 is stacked on enp1s0. "
        "Remedy: release it, or accept that its user loses it: allow: [in_use].",
        id="down, as a port",
    ),
    pytest.param(
        pf(answers=False),
        desired_pf(num_vfs=4),
        NotSupported,
        f"cannot create 4 VFs{ON}the device does not answer (configuration space reads as all ones): it failed or was "
        "removed. Remedy: see dmesg for PCIe errors; reset the slot or the host.",
        id="a dead device",
    ),
    pytest.param(
        pf(driver=None, netdevs=()),
        desired_pf(num_vfs=4),
        NotSupported,
        "cannot create 4 VFs on 0000:01:00.0: the PF is bound to no driver: only its kernel driver creates VFs. "
        "Remedy: bind it to igb (module pci_driver, driver: default).",
        id="a PF without driver",
    ),
    pytest.param(
        pf(driver="vfio-pci", default_driver=None, netdevs=()),
        desired_pf(num_vfs=4),
        NotSupported,
        "cannot create 4 VFs on 0000:01:00.0: the PF is bound to vfio-pci: that creates VFs with its parameter "
        "enable_sriov only, for users who share a token (vf_token). Remedy: bind it to its kernel driver (module "
        "pci_driver, driver: default).",
        id="a PF that was given away",
    ),
    pytest.param(
        ixgbe(xdp=True),
        desired_pf(num_vfs=4),
        NotSupported,
        f"cannot create 4 VFs{ON}an XDP program is attached, and ixgbe has XDP or VFs, not both. "
        "Remedy: detach it: ip link set dev enp1s0 xdp off.",
        id="XDP and VFs on ixgbe",
    ),
    pytest.param(
        pf(2),
        desired_pf(num_vfs=4, allow=["in_use"]),
        WouldDestroy,
        f"num_vfs: cannot go from 2 to 4 VFs{ON}the kernel does that only through 0: VF 0 (0000:01:10.0, igbvf, "
        "enp1s0v0), VF 1 (0000:01:10.2, igbvf, enp1s0v1) would be destroyed. "
        "Remedy: allow: [destroy_vfs] if that is what you want.",
        id="another number, and nobody has said that the VFs may go",
    ),
    pytest.param(
        pf(1, vfs=(vf(0, holders=(SSH,)),)),
        desired_pf(num_vfs=0, allow=CONSENTS),
        InUse,
        f"num_vfs: cannot remove VF 0{ON}VF 0: carries the SSH connection from 192.0.2.1. "
        "Remedy: reach the host over another NIC.",
        id="the VF that carries the operator, whatever is accepted",
    ),
    pytest.param(
        pf(1, vfs=(vf(0, driver="uio_pci_generic", holders=(PROGRAM,)),)),
        desired_pf(num_vfs=0),
        InUse,
        f"num_vfs: cannot remove VF 0{ON}VF 0: process 4712 (l2fwd) has /dev/uio0 open. {IN_USE}",
        id="a VF that a process holds",
    ),
    pytest.param(
        pf(1, vfs=(vf(0, driver="vfio-pci", holders=(BUSY,)),)),
        desired_pf(num_vfs=0, allow=CONSENTS),
        InUse,
        f"num_vfs: cannot remove VF 0{ON}VF 0: process 4711 (dpdk-testpmd) has /dev/vfio/10 open. "
        "Remedy: end the program first: nothing allows this while it has the device open.",
        id="a VF whose vfio node a process has open, whatever is accepted",
    ),
    pytest.param(
        pf(3, vfs=(vf(0), vf(1, holders=(PROGRAM,)), vf(2, holders=(PROGRAM, ROUTE)))),
        desired_pf(num_vfs=2, allow=["destroy_vfs", "link_reset"]),
        InUse,
        f"num_vfs: cannot remove VFs 0 to 2{ON}VF 1: process 4712 (l2fwd) has /dev/uio0 open; VF 2: "
        f"process 4712 (l2fwd) has /dev/uio0 open; VF 2: carries a default route. {IN_USE}",
        id="consent to the loss of VFs does not take those in use",
    ),
    pytest.param(
        pf(holders=(SSH, ROUTE)),
        desired_pf(num_vfs=4, allow=["in_use"]),
        InUse,
        f"cannot create 4 VFs{ON}it carries the SSH connection from 192.0.2.1 and carries a default "
        f"route. Remedy: reach the host over another NIC, or accept that its link is lost for some seconds: {OPT_IN}",
        id="VFs on the NIC that carries the operator",
    ),
    pytest.param(
        pf(2, holders=(ROUTE,)),
        desired_pf(num_vfs=0),
        InUse,
        f"cannot remove the VFs{ON}it carries a default route. "
        f"Remedy: reach the host over another NIC, or accept that its link is lost for some seconds: {OPT_IN}",
        id="no VFs any more on the NIC with the default route",
    ),
    pytest.param(
        pf(1, vfs=(vf(0, holders=(ROUTE,)),)),
        desired_pf(num_vfs=0, allow=["in_use"]),
        InUse,
        f"cannot remove the VFs{ON}enp1s0v0 (0000:01:10.0) carries a default route. "
        f"Remedy: reach the host over another NIC, or accept that its link is lost for some seconds: {OPT_IN}",
        id="the VF with the default route",
    ),
]


@pytest.mark.parametrize(("state", "desired", "kind", "message"), REFUSALS)
def test_a_refusal_says_what_why_and_what_to_do(state, desired, kind, message):
    (refused,) = refusals(state, desired)
    assert (type(refused), str(refused)) == (kind, message)


def test_holders_are_named_one_by_one():
    state = pf(2, vfs=(vf(0, holders=(PROGRAM,)), vf(1, holders=(ROUTE,))))
    (refused,) = refusals(state, desired_pf(num_vfs=0, allow=["link_reset"]))
    assert refused.details()["holders"] == [f"VF 0: {PROGRAM.text}", f"VF 1: {ROUTE.text}"]


def test_all_that_is_in_the_way_is_told_each_with_its_consent():
    state = ixgbe(2, online_cpus=16, holders=(SSH,), vfs=(vf(0, holders=(PROGRAM,)), vf(1, holders=(BUSY,))))
    found = refusals(state, desired_pf(num_vfs=4, min_rss_queues=16))
    assert [(each.what, each.consent) for each in found] == [
        ("min_rss_queues: 4 VFs leave the PF an RSS group of 4, less than 16", ""),
        ("num_vfs: cannot go from 2 to 4 VFs", "destroy_vfs"),
        ("num_vfs: cannot remove VFs 0 to 1", ""),
        ("num_vfs: cannot remove VFs 0 to 1", "in_use"),
        ("cannot create 4 VFs", "link_reset"),
    ]


def test_a_pf_that_may_not_be_down_has_no_faults_of_one_that_is():
    found = refusals(ixgbe(1, carrier=True), desired_pf(up=False, vfs=[desired_vfs(max_tx_rate=100)]))
    assert [each.what for each in found] == ["up: false goes with num_vfs: 0 only"]


@pytest.mark.parametrize(
    ("state", "desired", "allowed"),
    [
        pytest.param(pf(2), desired_pf(num_vfs=0, allow=CONSENTS), [], id="nothing was needed"),
        pytest.param(
            pf(1),
            desired_pf(num_vfs=2, allow=CONSENTS),
            [
                f"destroy_vfs for {LABEL}: the kernel does that only through 0: VF 0 (0000:01:10.0, igbvf, enp1s0v0) "
                "would be destroyed"
            ],
            id="VFs go that nobody named",
        ),
        pytest.param(
            pf(1, holders=(SSH,), vfs=(vf(holders=(PROGRAM,)),)),
            desired_pf(num_vfs=0, allow=CONSENTS),
            [
                f"in_use for {LABEL}: VF 0: process 4712 (l2fwd) has /dev/uio0 open",
                f"link_reset for {LABEL}: it carries the SSH connection from 192.0.2.1",
            ],
            id="each consent that was used",
        ),
    ],
)
def test_it_is_told_which_consent_was_used_and_for_what(state, desired, allowed):
    assert list(planned(state, desired).plan.allowed) == allowed


def test_a_device_without_interface_can_be_told_nothing_about_its_link_and_yet_be_left_alone():
    state = pf(netdevs=(), driver="vfio-pci")
    assert plan_pf(state, desired_pf(num_vfs=0, drivers_autoprobe=True)).steps == []
    assert netdev().name not in state.label
