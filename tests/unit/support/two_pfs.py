# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two PFs for module host: an 82599 and an 82576, all that is desired of them, and the steps to that."""

from __future__ import annotations

from ..simulation import hosts
from ..simulation.kernel import simulate

ONE = hosts.IXGBE
TWO = hosts.Nic(address="0000:02:00.0", name="enp2s0", mac="02:00:00:00:02:99")
LABEL, LABEL_2 = f"enp1s0 ({ONE.address})", f"enp2s0 ({TWO.address})"
RULE_WORDS = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80, "vf": 0}
WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
MAC = "02:00:00:00:aa:01"
FIRST = {
    "pf": "enp1s0",
    "num_vfs": 2,
    "min_rss_queues": 4,
    "vfs": [
        {"vf": "all", "mac": "auto", "vlan": 100, "driver": "vfio-pci", "mode": "0660"},
        {"vf": 1, "driver": "default", "mode": None},
    ],
    "rss": {"exclude_queues": [3], "min_queues": 4},
    "rules": [RULE_WORDS, {**RULE_WORDS, "dst_port": 81, "vf": None, "queue": 3}],
    "exclusive_rules": True,
}
SECOND = {"pf": "enp2s0", "num_vfs": 1, "vfs": [{"vf": "0", "mac": MAC, "spoofchk": False, "mtu": 1400}]}


def name_of(nic, index):
    return f"{nic.vf(index)} (VF {index} of {nic.address})"


STEPS = [
    f"set sriov_drivers_autoprobe of {LABEL} to 0: new VFs stay without a driver",
    f"set sriov_numvfs of {LABEL} from 0 to 2",
    f"wait until all 2 VFs of {LABEL} are there",
    f"set sriov_numvfs of {LABEL_2} from 0 to 1",
    f"wait until the VF of {LABEL_2} is there",
    f"set VF 0 of {LABEL}: mac 06:0b:00:00:01:00, vlan 100 (was 0)",
    f"set VF 1 of {LABEL}: mac 06:0b:01:00:01:00, vlan 100 (was 0)",
    f"set VF 0 of {LABEL_2}: mac {MAC}, spoofchk off",
    "load kernel module vfio-pci",
    f"bind {name_of(ONE, 0)} to vfio-pci (now no driver)",
    f"bind {name_of(ONE, 1)} to ixgbevf (now no driver)",
    f"give the vfio node of {name_of(ONE, 0)} mode 0660",
    f"reload igbvf of {name_of(TWO, 0)}: it has its MAC address from the time it was loaded",
    f"set the MTU of {name_of(TWO, 0)} to 1400 (was 1500)",
    f"turn ntuple filters of {LABEL} on",
    f"set the RSS table of {LABEL}: of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43",
    f"add flow rule 2045 of {LABEL}: {WORDS}",
    f"add flow rule 2044 of {LABEL}: tcp4 dst-ip 192.168.254.30 dst-port 81 to queue 3",
]


def start(root, behaviour=None, **extra):
    files = {**hosts.host(ONE, cpus=16), **hosts.pf(TWO, group=2, ifindex=4), **extra}
    return simulate(root, files, behaviour)
