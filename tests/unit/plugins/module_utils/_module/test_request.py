# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before a host is asked: all of it at once, and by the module in the same words."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import (
    MODULES,
    desired_state,
    failed,
    refused,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest, SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

ON = " on enp1s0"
MAC = "02:00:00:00:aa:01"
HOW = 'Remedy: write it as in 3, "0-3,7", [0, 1] or all.'
FEWER = "Remedy: name each VF once; only an entry for fewer of the VFs of an earlier one may say otherwise."
CREATE = "the PF has 2 VFs. Remedy: ask for more (num_vfs: 3), or name VFs 0 to 1."
TAG = f"without a VLAN{ON}: it is part of the VLAN tag that the card adds. Remedy: give vlan too, or leave out"
NODE = f"without a driver{ON}: it is about the node of a driver for user space"
AS_VFIO = "Remedy: give the driver too, as in driver: vfio-pci."
NO_MAC = 'is no MAC address. Remedy: write it as in "02:00:00:00:00:01", in quotes, or auto.'
UNICAST = "Remedy: give a unicast address, or auto."
SHARED = "two VFs with one address would share their frames. Remedy: give each its own, or auto."
TCP = {"flow_type": "tcp4", "dst_port": 80}
WAKE = -2
V0, V1 = "pfs[0].vfs[0]", "pfs[0].vfs[1]"


def pf(**options):
    return {"pf": "enp1s0", "num_vfs": 2, **options}


def vfs(*entries, **options):
    return [pf(vfs=list(entries), **options)]


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


def texts(name, **options):
    """All that is said of a module's options."""
    with pytest.raises(SriovError) as caught:
        desired_state(MODULES[name], options)
    assert all(isinstance(each, InvalidRequest) for each in caught.value.each())
    return [str(each) for each in caught.value.each()]


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


OFF = "there is no driver 'off': it is called 'none' here. Remedy: write it 'none'."
DPDK = "there is no driver 'dpdk': it is called 'vfio-pci' here. Remedy: write it 'vfio-pci'."
X = f"'x' names no VFs: 'x' is neither a number nor a range of two. {HOW}"
MODE = '660 is no octal file mode in quotes. Remedy: write it as in "0660".'
LONG = "Remedy: write it in digits, as in 4."
ONE = "only one of them can be. Remedy: leave out the others."
# Module, options, and all that is said of them: what is of another kind, and what the values are.
OPTIONS = {
    "nothing": ("host", {}, ["pfs: missing. Remedy: give it."]),
    "no name": ("host", {"pfs": [{"num_vfs": 1}]}, ["pfs[0].pf: missing. Remedy: give it."]),
    "no time": ("host", {"pfs": [], "timeout": 0}, ["timeout: 0 is less than a second. Remedy: give 1 or more."]),
    "more time than the kernel counts": (
        "pf",
        {"pf": "enp1s0", "timeout": 10**30},
        [f"timeout: {10**30} is more than a day. Remedy: give 86400 or less."],
    ),
    "true where a number belongs": (
        "vf",
        {"pf": "enp1s0", "vfs": [{"vf": 0, "vlan": True}]},
        [f"vfs[0].vlan: true is no whole number. {LONG}"],
    ),
    "a consent that is none": (
        "host",
        {"pfs": [pf(allow=["in_us"])], "allow": ["everything"]},
        [
            f"pfs[0].allow[0]: 'in_us' is none of {', '.join(CONSENTS)}; did you mean in_use?",
            f"allow[0]: 'everything' is none of {', '.join(CONSENTS)}. Remedy: give one of them.",
        ],
    ),
    "a choice of few": (
        "vf",
        {"pf": "enp1s0", "vfs": [{"vf": 0, "vlan_proto": "802.1p", "link_state": "up", "vlan": 1}]},
        [
            "vfs[0].vlan_proto: '802.1p' is none of 802.1Q, 802.1ad. Remedy: give one of them.",
            "vfs[0].link_state: 'up' is none of auto, enable, disable. Remedy: give one of them.",
        ],
    ),
    "words and values": (
        "host",
        {"pfs": vfs({"vf": "all", "vlan": "x"}, {"vf": 0, "spoofcheck": False, "mac": "x"}), "timeout": "long"},
        [
            f"{V0}.vlan: 'x' is no whole number. {LONG}",
            f"{V1}.spoofcheck: unknown, did you mean spoofchk?",
            f"timeout: 'long' is no whole number. {LONG}",
            f"{V1}.mac: 'x' {NO_MAC}",
        ],
    ),
    "pf": (
        "pf",
        {"pf": "enp1s0", "num_vfs": -1, "up": "perhaps", "alow": []},
        [
            "up: 'perhaps' is neither true nor false. Remedy: write true or false.",
            "alow: unknown, did you mean allow?",
            f"num_vfs: -1 is negative{ON}. Remedy: give a number from 0 on.",
        ],
    ),
    "pf, down with VFs": (
        "pf",
        {"pf": "enp1s0", "num_vfs": 1, "up": False, "timeout": -5},
        [
            "timeout: -5 is less than a second. Remedy: give 1 or more.",
            f"up: false goes with num_vfs: 0 only{ON}: 1 VF would be left without link and mailbox. "
            "Remedy: leave out up, or set num_vfs: 0.",
        ],
    ),
    "vf": (
        "vf",
        {"pf": "enp1s0", "vfs": [{"vf": "x", "vlan": 4095}, {"vf": 0, "trust": True}, {"vf": [0], "trust": False}]},
        [
            "vfs[0].vlan: 4095 is not between 0 and 4094. Remedy: give 0 to 4094.",
            f"vfs[0].vf: {X}",
            f"vfs[2].trust: false contradicts true in vfs[1]{ON}: both name VF 0 (vf 0 and vf 0). {FEWER}",
        ],
    ),
    "words of the hash of RSS": (
        "host",
        {"pfs": [{"pf": "enp1s0", "rss": {"hash_function": "topelitz", "hash_fields": {"ip4": "sd"}}}]},
        [
            "pfs[0].rss.hash_function: 'topelitz' is none of toeplitz, xor, crc32; did you mean toeplitz?",
            "pfs[0].rss.hash_fields.ip4: unknown. Remedy: use one of tcp4, udp4, sctp4, tcp6, udp6, sctp6.",
        ],
    ),
    "values of the hash of RSS": (
        "host",
        {"pfs": [{"pf": "enp1s0", "rss": {"hash_key": "6d-5a", "hash_fields": {"udp4": "x"}}}]},
        [
            "pfs[0].rss.hash_key: '6d-5a' is no hash key: it is hexadecimal bytes with colons between them. Remedy: "
            'write it as in "6d:5a:6d:5a", in quotes.',
            "pfs[0].rss.hash_fields.udp4: 'x' names no fields: 'x' is none of m, v, t, s, d, f, n. Remedy: write them "
            "as in sdfn.",
        ],
    ),
    "an RSS context and another place": (
        "flow_rule",
        {"pf": "enp1s0", "rules": [{**TCP, "vf": 0, "context": 1}, {**TCP, "masks": {"dst_prt": 3}, "queue": 1}]},
        [
            "rules[0]: vf, context: only one of them can be. Remedy: leave out the others.",
            "rules[1].masks.dst_prt: unknown, did you mean dst_port?",
        ],
    ),
    "rss": (
        "rss",
        {"pf": "enp1s0", "channels": "x", "equal": 1, "queues": [1]},
        [f"channels: 'x' is no whole number. {LONG}", f"queues, equal: {ONE}"],
    ),
    "flow_rule": (
        "flow_rule",
        {"pf": "enp1s0", "rules": [{**TCP, "src_ip": "a"}, {"flow_type": "tpc4"}], "state": "gone"},
        [
            "rules[1].flow_type: 'tpc4' is none of tcp4, udp4, sctp4, ip4, tcp6, udp6, sctp6, ip6, ether; "
            "did you mean tcp4?",
            "state: 'gone' is none of present, absent. Remedy: give one of them.",
            "rules[0].src_ip: 'a': it is no IP address or network. Remedy: write it as in \"192.0.2.0/24\".",
            "rules[0]: where its frames shall go is not said. Remedy: give vf, queue, drop, action or context.",
        ],
    ),
    "flow_rule, absent and exclusive": (
        "flow_rule",
        {"pf": "enp1s0", "rules": [{**TCP, "vlan": 4095}], "state": "absent", "exclusive": True},
        [
            "exclusive goes with state: present only. Remedy: leave out one of them.",
            "rules[0].vlan: 4095: it is not between 0 and 4094. Remedy: give 0 to 4094.",
        ],
    ),
    "pci_driver, nothing": (
        "pci_driver",
        {},
        ["one of devices, vf, assignments is missing. Remedy: give the one that is meant."],
    ),
    "pci_driver, VFs of nobody": (
        "pci_driver",
        {"vf": "x", "driver": "off", "mode": 660},
        ["pf: missing beside vf. Remedy: give it.", f"driver: {OFF}", f"mode: {MODE}", f"vf: {X}"],
    ),
    "pci_driver, no driver": (
        "pci_driver",
        {"pf": "enp1s0", "vf": 0, "owner": "root"},
        ["driver: missing beside vf. Remedy: give it."],
    ),
    "pci_driver, an empty text for a driver": (
        "pci_driver",
        {"devices": ["0000:01:10.0"], "driver": ""},
        ["driver: '' names no driver. Remedy: give a name, default or none."],
    ),
    "pci_driver, null for a driver": (
        "pci_driver",
        {"devices": ["0000:01:10.0"], "driver": None, "mode": 660},
        ["driver: missing beside devices. Remedy: give it.", f"mode: {MODE}"],
    ),
    "pci_driver, assignments": (
        "pci_driver",
        {"assignments": [{"vf": 0, "driver": "dpdk"}, {"devices": ["0000:01:10.0"], "driver": "off", "mode": 660}]},
        [
            f"assignments[0].driver: {DPDK}",
            "assignments[0].vf: whose VFs they are is not said. Remedy: name their PF: pf: ….",
            f"assignments[1].driver: {OFF}",
            f"assignments[1].mode: {MODE}",
        ],
    ),
    "pci_driver, an entry of nothing": (
        "pci_driver",
        {"pf": "enp1s0", "assignments": [{"vf": "x", "driver": "dpdk"}, {"driver": "none"}]},
        [
            "assignments[1]: one of devices, vf is missing. Remedy: give the one that is meant.",
            f"assignments[0].driver: {DPDK}",
            f"assignments[0].vf: {X}",
        ],
    ),
}


@pytest.mark.parametrize(("name", "options", "told"), OPTIONS.values(), ids=OPTIONS)
def test_all_that_is_wrong_is_told_at_once(name, options, told):
    assert texts(name, **options) == told


# Entries of VFs in which one thing is wrong, of which others depend.
ONE_FAULT = {
    "a value": vfs({"vf": 0, "vlan": 5000, "qos": 3, "vlan_proto": "802.1ad"}),
    "a value of another kind": vfs({"vf": 0, "vlan": "x", "qos": 3}),
    "a value of a wider entry": vfs({"vf": "all", "vlan": 5000}, {"vf": 0, "qos": 3}),
    "a misspelt word": vfs({"vf": 0, "vlna": 5, "qos": 3}),
    "a driver by another name": vfs({"vf": 0, "driver": "dpdk", "mode": "0660", "no_iommu": True}),
    "a misspelt driver": vfs({"vf": 0, "drivr": "vfio-pci", "group": "dpdk"}),
    "a selector": vfs({"vf": "all,0", "vlan": 5}, {"vf": 0, "qos": 3}),
    "what is no number of VFs": vfs({"vf": 7, "mac": MAC}, num_vfs="four"),
    "an entry": vfs("all", {"vf": 0, "qos": 3}),
    "a rule's field": [pf(rules=[{**TCP, "dst_port": 70000, "vf": 0}, {**TCP, "vf": 1}])],
    "a PF": [{"pf": None, "vfs": [{"vf": 0, "qos": 3}]}],
}


@pytest.mark.parametrize("pfs", ONE_FAULT.values(), ids=ONE_FAULT)
def test_what_follows_from_a_fault_is_no_other(pfs):
    assert len(texts("host", pfs=pfs)) == 1


def test_what_does_not_follow_from_it_is():
    told = texts("host", pfs=vfs({"vf": 0, "mac": "x", "qos": 3, "mode": "0660"}, {"vf": 1, "vlan": 5000, "qos": 9}))
    assert told == [
        f"{V0}.mac: 'x' {NO_MAC}",
        f"{V1}.vlan: 5000 is not between 0 and 4094. Remedy: give 0 to 4094.",
        f"{V1}.qos: 9 is not between 0 and 7. Remedy: give 0 to 7.",
        f"{V0}.mode: {NODE}. {AS_VFIO}",
    ]


def test_every_module_that_changes_something_is_known():
    assert set(MODULES) == {"host", "pf", "vf", "rss", "flow_rule", "pci_driver"}
    assert all("allow" in each.spec and "timeout" in each.spec for each in MODULES.values())


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
