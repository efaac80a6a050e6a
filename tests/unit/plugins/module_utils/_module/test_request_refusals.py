# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused of PFs and VFs before a host is asked, by the module in the same words; and a refusal as a result."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import (
    MODULES,
    desired_state,
    failed,
    refused,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.refused import (
    AS_VFIO,
    FEWER,
    HOW,
    MAC,
    NO_MAC,
    NODE,
    ON,
    TCP,
    V0,
    V1,
    pf,
    texts,
    vfs,
)

CREATE = "the PF has 2 VFs. Remedy: ask for more (num_vfs: 3), or name VFs 0 to 1."
TAG = f"without a VLAN{ON}: it is part of the VLAN tag that the card adds. Remedy: give vlan too, or leave out"
UNICAST = "Remedy: give a unicast address, or auto."
SHARED = "two VFs with one address would share their frames. Remedy: give each its own, or auto."
WAKE = -2

# PFs, and all that is said of them.
REFUSALS = {
    "a negative number of VFs": (
        [pf(num_vfs=-1, vfs=[{"vf": 9}])],
        [f"pfs[0].num_vfs: -1 is negative{ON}. Remedy: give a number from 0 on."],
    ),
    "VFs of a PF that is down": (
        [pf(up=False)],
        [
            f"pfs[0].up: false goes with num_vfs: 0 only{ON}: 2 VFs would be left without link and mailbox. "
            "Remedy: leave out up, or set num_vfs: 0."
        ],
    ),
    "a selector that is none": (
        vfs({"vf": "first"}),
        [f"{V0}.vf: 'first' names no VFs: 'first' is neither a number nor a range of two. {HOW}"],
    ),
    "a selector that goes backwards": (
        vfs({"vf": "3-1", "driver": "vfio-pci"}),
        [f"{V0}.vf: '3-1' names no VFs: '3-1' ends before it begins. {HOW}"],
    ),
    "a selector of nothing": (vfs({"vf": []}), [f"{V0}.vf: [] names no VFs: no VF is named. {HOW}"]),
    "selectors that are none, of a number not said": (
        vfs({"vf": [0, "x"]}, {"vf": True}, num_vfs=None),
        [
            f"{V0}.vf: [0, 'x'] names no VFs: 'x' is neither a number nor a range of two. {HOW}",
            f"{V1}.vf: True names no VFs: True is neither a number nor a text. {HOW}",
        ],
    ),
    "attributes beyond the last VF": (vfs({"vf": "0-2"}), [f"{V0}.vf: 0-2 names VF 2{ON}: {CREATE}"]),
    "a driver beyond the last VF": (
        vfs({"vf": [1, 2], "driver": "vfio-pci"}),
        [f"{V0}.vf: 1-2 names VF 2{ON}: {CREATE}"],
    ),
    "rules beyond the last VF": (
        [pf(rules=[{**TCP, "vf": 1}, {**TCP, "dst_port": 81, "vf": 2, "queue": 1}])],
        [f"pfs[0].rules[1]: cannot send to VF 2 queue 1{ON}: {CREATE}"],
    ),
    "a rule beyond the last VF, as a number": (
        [pf(num_vfs=1, rules=[{**TCP, "action": 2 << 32}])],
        [
            f"pfs[0].rules[0]: cannot send to VF 1 queue 0{ON}: the PF has 1 VF. "
            "Remedy: ask for more (num_vfs: 2), or name VF 0."
        ],
    ),
    "a rule that leads nowhere": (
        [pf(rules=[{**TCP, "action": WAKE}])],
        [
            f"pfs[0].rules[0]: action {WAKE % (1 << 64)} leads nowhere{ON}: it is for wake-on-LAN. "
            "Remedy: give vf and queue, queue, or drop."
        ],
    ),
    "two words for the same VFs": (
        vfs({"vf": "0-1", "trust": True}, {"vf": [0, 1], "trust": False}),
        [f"{V1}.trust: false contradicts true in {V0}{ON}: both name VF 0 (vf 0-1 and vf 0-1). {FEWER}"],
    ),
    "two words where VFs overlap": (
        vfs({"vf": "0-1", "trust": True, "vlan": 1}, {"vf": "1-2", "trust": False, "vlan": 2}, num_vfs=3),
        [
            f"{V1}.trust: false contradicts true in {V0}{ON}: both name VF 1 (vf 0-1 and vf 1-2). {FEWER}",
            f"{V1}.vlan: 2 contradicts 1 in {V0}{ON}: both name VF 1 (vf 0-1 and vf 1-2). {FEWER}",
        ],
    ),
    "the exception first": (
        vfs({"vf": 1, "driver": "none"}, {"vf": "all", "driver": "vfio-pci"}),
        [f"{V1}.driver: vfio-pci contradicts none in {V0}{ON}: both name VF 1 (vf 1 and vf all). {FEWER}"],
    ),
    "null is a word too": (
        vfs({"vf": "0-1", "mac": None}, {"vf": "1,0", "mac": "auto"}),
        [f"{V1}.mac: auto contradicts null in {V0}{ON}: both name VF 0 (vf 0-1 and vf 0-1). {FEWER}"],
    ),
    "what is no address": (vfs({"vf": "0", "mac": "02:00:00:00:AA"}), [f"{V0}.mac: '02:00:00:00:AA' {NO_MAC}"]),
    "a multicast address": (
        vfs({"vf": "0", "mac": "03-00-00-00-00-01"}),
        [f"{V0}.mac: 03:00:00:00:00:01 is a multicast address. {UNICAST}"],
    ),
    "no address": (
        vfs({"vf": "0", "mac": "0000.0000.0000"}),
        [f"{V0}.mac: 00:00:00:00:00:00 is no address at all. {UNICAST}"],
    ),
    "one address for two VFs": (
        vfs({"vf": "all", "mac": MAC}),
        [f"mac: {MAC} for VF 0 of enp1s0 and VF 1 of enp1s0: {SHARED}"],
    ),
    "one address for all": (
        vfs({"vf": "all", "mac": MAC}, num_vfs=63),
        [f"mac: {MAC} for VF 0 of enp1s0, VF 1 of enp1s0 and 61 more: {SHARED}"],
    ),
    "one address in two notations, on two PFs": (
        [*vfs({"vf": 0, "mac": "0200.0000.AA01"}), {"pf": "enp2s0", "vfs": [{"vf": 7, "mac": "02-00-00-00-AA-01"}]}],
        [f"mac: {MAC} for VF 0 of enp1s0 and VF 7 of enp2s0: {SHARED}"],
    ),
    "a VLAN that is none": (
        vfs({"vf": "all", "vlan": 4095}),
        [f"{V0}.vlan: 4095 is not between 0 and 4094. Remedy: give 0 to 4094."],
    ),
    "a rate below nothing": (
        vfs({"vf": "1", "max_tx_rate": -1}),
        [f"{V0}.max_tx_rate: -1 is not between 0 and 2147483648. Remedy: give 0 to 2147483648."],
    ),
    "a least rate above the greatest": (
        vfs({"vf": "all", "max_tx_rate": 10}, {"vf": 1, "min_tx_rate": 20}),
        [f"{V1}.min_tx_rate: 20 is more than max_tx_rate 10 in {V0}{ON}. Remedy: give a smaller one."],
    ),
    "a priority and a protocol without a VLAN": (
        vfs({"vf": 1, "qos": 3, "vlan_proto": "802.1ad"}, {"vf": 0, "vlan": 0, "qos": 1}),
        [
            f"{V1}.qos: 1 {TAG} qos.",
            f"{V0}.qos: 3 {TAG} qos.",
            f"{V0}.vlan_proto: 802.1ad {TAG} vlan_proto.",
        ],
    ),
    "a priority of a VLAN that another entry takes away": (
        vfs({"vf": "all", "vlan": 3, "qos": 1, "vlan_proto": "802.1Q"}, {"vf": 0, "vlan": None}, {"vf": 1, "vlan": 0}),
        [
            f"{V0}.qos: 1 without a VLAN{ON}: it is part of the VLAN tag that the card adds, and a later entry takes "
            "the VLAN of some VFs away. Remedy: say qos: null there too."
        ],
    ),
    "a driver by another name": (
        vfs({"vf": 0, "driver": "dpdk"}, {"vf": 1, "driver": "vfio"}),
        [
            f"{each}.driver: there is no driver '{name}': it is called 'vfio-pci' here. Remedy: write it 'vfio-pci'."
            for each, name in ((V0, "dpdk"), (V1, "vfio"))
        ],
    ),
    "a mode that YAML has read": (
        vfs({"vf": "0", "driver": "vfio-pci", "mode": 432}),
        [f'{V0}.mode: 432 is no octal file mode in quotes. Remedy: write it as in "0660".'],
    ),
    "whose node it is, without a driver": (
        vfs({"vf": "0", "group": "dpdk", "no_iommu": True}),
        [f"{V0}.{word}: {NODE}. {AS_VFIO}" for word in ("group", "no_iommu")],
    ),
    "two rules for one flow": (
        [pf(rules=[{**TCP, "vf": 0}, {**TCP, "vf": 1}])],
        [
            "pfs[0].rules[1]: the same flow as pfs[0].rules[0]: pfs[0].rules[0]: tcp4 dst-port 80 to VF 0 queue 0; "
            "pfs[0].rules[1]: tcp4 dst-port 80 to VF 1 queue 0. Remedy: name each flow once."
        ],
    ),
    "a PF that is named twice": (
        [pf(), pf()],
        ["pfs[1].pf: 'enp1s0' is also that of pfs[0]. Remedy: make one entry of the two."],
    ),
    "VLAN, MAC and port": (
        [pf(vfs=[{"vf": 0, "vlan": 5000, "mac": "x"}], rules=[{"flow_type": "tcp4", "dst_port": 70000, "vf": 0}])],
        [
            f"{V0}.vlan: 5000 is not between 0 and 4094. Remedy: give 0 to 4094.",
            f"{V0}.mac: 'x' {NO_MAC}",
            "pfs[0].rules[0].dst_port: 70000: it is not between 0 and 65535. Remedy: give 0 to 65535.",
        ],
    ),
    "something of each PF": (
        [
            pf(up=False, vfs=[{"vf": 2}, {"vf": "x"}]),
            {"pf": "enp2s0", "num_vfs": 1, "vfs": [{"vf": 0, "qos": 9}], "rules": [{**TCP, "vf": 1}]},
        ],
        [
            f"{V1}.vf: 'x' names no VFs: 'x' is neither a number nor a range of two. {HOW}",
            "pfs[1].vfs[0].qos: 9 is not between 0 and 7. Remedy: give 0 to 7.",
            f"pfs[0].up: false goes with num_vfs: 0 only{ON}: 2 VFs would be left without link and mailbox. "
            "Remedy: leave out up, or set num_vfs: 0.",
            f"{V0}.vf: 2 names VF 2{ON}: {CREATE}",
            "pfs[1].rules[0]: cannot send to VF 1 queue 0 on enp2s0: the PF has 1 VF. "
            "Remedy: ask for more (num_vfs: 2), or name VF 0.",
        ],
    ),
    "beside no VFs, what would be wrong with any": (
        [pf(num_vfs=0, vfs=[{"vf": 9, "vlan": 5000}], rules=[{**TCP, "vf": 3}, {**TCP, "dst_port": 81, "action": -2}])],
        [
            f"{V0}.vlan: 5000 is not between 0 and 4094. Remedy: give 0 to 4094.",
            f"pfs[0].rules[1]: action {WAKE % (1 << 64)} leads nowhere{ON}: it is for wake-on-LAN. "
            "Remedy: give vf and queue, queue, or drop.",
        ],
    ),
}
ACCEPTED = {
    "no VFs, and all that is left over from them": [
        pf(num_vfs=0, vfs=[{"vf": 7, "driver": "vfio-pci", "mac": MAC}], rules=[{**TCP, "vf": 3}], exclusive_rules=True)
    ],
    "VFs of a number that is not said": vfs({"vf": "0-7", "driver": "vfio-pci"}, num_vfs=None),
    "a range longer than any PF": vfs({"vf": "0-99999999999", "mac": "auto"}, {"vf": 99999999999}, num_vfs=None),
    "selectors in every notation": vfs({"vf": 3}, {"vf": "0-3,7"}, {"vf": [0, 1, "5-6"]}, {"vf": "all"}, num_vfs=8),
    "a rule into a VF that may be there": [pf(num_vfs=None, rules=[{**TCP, "vf": 7}])],
    "addresses made of the PF's": vfs({"vf": "all", "mac": "auto"}),
    "all first, exceptions after": vfs(
        {"vf": "all", "mac": "auto", "driver": "vfio-pci", "mode": "0660"},
        {"vf": [0, 1], "mac": MAC, "vlan": 7},
        {"vf": 1, "mac": None, "driver": "default", "mode": None, "qos": 3},
        num_vfs=3,
    ),
    "one word twice": vfs({"vf": "0-1", "trust": True}, {"vf": "1-2", "trust": True, "vlan": 3}, num_vfs=3),
    "an exception that is as its rule": vfs({"vf": 0, "mac": MAC}, {"vf": "0-1", "trust": True}),
    "one address, taken back from all but one": vfs({"vf": "all", "mac": MAC}, {"vf": 0, "mac": None}),
    "the priority of no VLAN": vfs({"vf": 0, "qos": 0, "vlan_proto": "802.1Q"}),
    "the priority of a wider entry's VLAN": vfs({"vf": "all", "vlan": 3}, {"vf": 1, "qos": 3}),
    "a least rate without a greatest": vfs({"vf": 0, "min_tx_rate": 9, "max_tx_rate": 0}),
    "no need of an IOMMU that is not claimed": vfs({"vf": 0, "no_iommu": False}),
    "rules whose masks some driver does not take together": [
        pf(rules=[{**TCP, "vf": 0}, {**TCP, "dst_ip": "192.0.2.1", "vf": 0}])
    ],
    "a PF whose names are not known to be one's": [pf(), pf(pf=hosts.IXGBE.address)],
    "null for what all others have": vfs({"vf": "all", "link_state": "enable"}, {"vf": 0, "link_state": None}),
    "nothing": [],
}


@pytest.mark.parametrize(("pfs", "told"), REFUSALS.values(), ids=REFUSALS)
def test_it_is_refused_as_by_the_module(tmp_path, pfs, told):
    assert texts("host", pfs=pfs) == told
    result = run_module(host, simulate(tmp_path, hosts.host()), pfs=pfs)
    assert result["failed"] and result["failure"]["kind"] == "invalid"
    several = "\n- ".join([f"{len(told)} things are refused:", *told])
    assert result["msg"] == (several if len(told) > 1 else told[0])


@pytest.mark.parametrize("pfs", ACCEPTED.values(), ids=ACCEPTED)
def test_what_a_host_may_meet_is_left_to_it(pfs):
    assert [each.pf for each in desired_state(MODULES["host"], {"pfs": pfs}).pfs] == [each["pf"] for each in pfs]


def test_a_refusal_is_a_result_like_the_modules():
    with pytest.raises(SriovError) as caught:
        desired_state(MODULES["host"], {"pfs": [pf(num_vfs=-1)]})
    result = failed(caught.value)
    assert (result["changed"], result["done"], result["msg"]) == (False, [], REFUSALS["a negative number of VFs"][1][0])
    assert result["failure"] == {
        **{"kind": "invalid", "what": "pfs[0].num_vfs: -1 is negative", "device": "enp1s0", "why": ""},
        **{"remedy": "give a number from 0 on", "errno": None, "step": ""},
    }
    assert "failures" not in result


def test_of_several_the_first_is_the_failure_and_all_are_told():
    with pytest.raises(SriovError) as caught:
        desired_state(MODULES["host"], {"pfs": [pf(num_vfs=-1), {"pf": "enp2s0", "num_vfs": -2}]})
    result = refused(caught.value)
    assert result["msg"] == (
        "2 things are refused:\n"
        "- pfs[0].num_vfs: -1 is negative on enp1s0. Remedy: give a number from 0 on.\n"
        "- pfs[1].num_vfs: -2 is negative on enp2s0. Remedy: give a number from 0 on."
    )
    assert [each["device"] for each in result["failures"]] == ["enp1s0", "enp2s0"]
    assert result["failure"] == result["failures"][0]
