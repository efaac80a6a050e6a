# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the options of any module is told before a host is asked: all at once, causes alone."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
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
    assert set(MODULES) == {"boot_state", "host", "pf", "vf", "rss", "xsk_queue", "flow_rule", "pci_driver"}
    assert all("allow" in each.spec and "timeout" in each.spec for each in MODULES.values())
