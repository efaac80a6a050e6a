# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /sys/class/net tells of interfaces."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.interfaces import Interfaces
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

NET = "sys/class/net"
VIRTIO = hosts.virtio("0000:61:00.0", "eth0", 9, "02:00:00:00:09:00")
USB = hosts.on_bus("usb", "1-1:1.0", "cdc_ether", "usb0", 10, "02:00:00:00:10:00")
VLAN = {f"{NET}/vlan7/lower_bond0": DIRECTORY, f"{NET}/bond0/lower_enp1s0": DIRECTORY}
QUEUES = {
    **{f"{NET}/enp1s0/queues/rx-{number}": DIRECTORY for number in range(3)},
    **{f"{NET}/enp1s0/queues/tx-{number}/traffic_class": str(number // 2) for number in range(4)},
}


@pytest.fixture
def interfaces(tmp_path):
    return Interfaces(sysfs(tmp_path, hosts.host(), VIRTIO, USB, VLAN, QUEUES, {f"{NET}/enp1s0/carrier": "1"}))


@pytest.mark.parametrize(
    ("question", "name", "answer"),
    [
        ("exists", "enp1s0", True),
        ("exists", "enp9s0", False),
        ("has_device", "enp1s0", True),
        ("has_device", "bond0", False),
        ("device", "enp1s0", hosts.IGB.address),
        ("device", "eth0", "virtio0"),
        ("device", "bond0", None),
        ("function", "enp1s0", hosts.IGB.address),
        ("function", "eth0", "0000:61:00.0"),
        ("function", "usb0", None),
        ("function", "bond0", None),
        ("bus", "usb0", "usb"),
        ("bus", "bond0", None),
        ("driver", "enp1s0", "igb"),
        ("driver", "eth0", "virtio_net"),
        ("driver", "bond0", None),
        ("carrier", "enp1s0", True),
        ("carrier", "bond0", False),
        ("lowers", "vlan7", ["bond0"]),
        ("lowers", "enp1s0", []),
        ("rx_queues", "enp1s0", 3),
        ("rx_queues", "enp9s0", 0),
        ("traffic_classes", "enp1s0", 2),
        ("traffic_classes", "bond0", 0),
        ("has_last_name", "enp1s0", True),
    ],
)
def test_an_interface_is_as_its_files_say(interfaces, question, name, answer):
    assert getattr(interfaces, question)(name) == answer


@pytest.mark.parametrize(("name", "known"), [("enp1s0", True), ("eth0", False), ("enp9s0", False)])
def test_udev_renames_no_more_what_it_has_a_record_of(tmp_path, name, known):
    found = Interfaces(sysfs(tmp_path, hosts.host(), {"run/udev/data/n3": "I:1"}))
    assert found.has_last_name(name) == known
