# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.pci import Pci
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.pcie import pcie_result
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link, build

ROOT, UPPER, LOWER, NIC = "0000:00:01.0", "0000:01:00.0", "0000:02:08.0", "0000:03:00.0"


def found(root, **hops):
    """What is told of a NIC below these ports: (speed, width, most speed, most width) each."""
    files, path = {}, "sys/devices/pci0000:00"
    for address, (speed, width, max_speed, max_width) in hops.items():
        path += f"/{address}"
        words = {"current_link_speed": speed, "current_link_width": width, "max_link_speed": max_speed}
        files.update({f"{path}/{word}": text for word, text in {**words, "max_link_width": max_width}.items()})
        files[f"sys/bus/pci/devices/{address}"] = Link(f"../../../../{path}")
    return pcie_result(Pci(Sysfs(build(root, files))), NIC)


GEN2, GEN3, GEN4 = "5.0 GT/s PCIe", "8.0 GT/s PCIe", "16.0 GT/s PCIe"
WHOLE = (GEN3, "8", GEN3, "8")


@pytest.mark.parametrize(
    ("hops", "narrowest", "gigabits", "degraded"),
    [
        pytest.param({ROOT: WHOLE, NIC: WHOLE}, NIC, 63.0, [], id="all it can"),
        pytest.param({ROOT: (GEN3, "8", GEN4, "16"), NIC: WHOLE}, NIC, 63.0, [], id="a port that could do more"),
        pytest.param({ROOT: (GEN3, "4", GEN3, "4"), NIC: (GEN3, "4", GEN3, "8")}, NIC, 31.5, [], id="a narrow slot"),
        pytest.param(
            {ROOT: (GEN2, "8", GEN3, "8"), NIC: (GEN2, "8", GEN3, "8")},
            NIC,
            32.0,
            [f"{ROOT} to {NIC}: 5 GT/s x8, and both ends can do 8 GT/s x8"],
            id="a link that came up slow",
        ),
        pytest.param(
            {ROOT: (GEN3, "4", GEN3, "16"), UPPER: (GEN3, "4", GEN3, "8"), LOWER: WHOLE, NIC: WHOLE},
            UPPER,
            31.5,
            [f"{ROOT} to {UPPER}: 8 GT/s x4, and both ends can do 8 GT/s x8"],
            id="above a switch",
        ),
        pytest.param({NIC: ("Unknown", "0", "Unknown", "0")}, None, None, [], id="a virtual machine's"),
        pytest.param({ROOT: WHOLE, NIC: ("Unknown", "255", "Unknown", "255")}, ROOT, 63.0, [], id="one end tells"),
        pytest.param({NIC: ("64.0 GT/s PCIe", "2", "64.0 GT/s PCIe", "2")}, NIC, 128.0, [], id="PCIe 6"),
        pytest.param({NIC: ("2.5 GT/s", "1", "2.5 GT/s", "1")}, NIC, 2.0, [], id="an older kernel's words"),
    ],
)
def test_the_narrowest_hop_is_named_and_only_a_link_below_both_its_ends_is_a_fault(
    tmp_path, hops, narrowest, gigabits, degraded
):
    result = found(tmp_path, **hops)
    assert (result["narrowest"], result["gigabits"], result["degraded"]) == (narrowest, gigabits, degraded)


def test_what_the_function_itself_has(tmp_path):
    result = found(tmp_path, **{ROOT: WHOLE, NIC: (GEN3, "4", GEN4, "8")})
    assert {word: result[word] for word in ("speed", "width", "max_speed", "max_width")} == {
        "speed": 8.0,
        "width": 4,
        "max_speed": 16.0,
        "max_width": 8,
    }
