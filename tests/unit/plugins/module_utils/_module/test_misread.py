# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and addresses that YAML reads as numbers: refused with what was written."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.misread import mac_addresses, pci_addresses
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, info, pci_driver, rx_rate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from hypothesis import given
from hypothesis import strategies as st

QUOTES = "Remedy: write it in quotes."
NAME = f"where a name or an address is expected. {QUOTES}"
WORDS = (
    f"where a name or an address is expected: YAML reads on, off, yes and no without quotes as true and false. {QUOTES}"
)


def as_one(place, number, written):
    return f"{place}: {number} is a number: YAML reads {written} without quotes as one. {QUOTES}"


# What is written in a playbook, for which module, and all that is said of it.
REFUSALS = {
    "a PCI address": (
        "pfs: [{pf: 0000:01:00.0, num_vfs: 1}]",
        "host",
        [as_one("pfs[0].pf", 60.0, "0000:01:00.0")],
    ),
    "another": ("{pf: 0000:18:00.1}", "pf", [as_one("pf", 1080.1, "0000:18:00.1")]),
    "one without a domain": ("{pf: 18:00.1}", "rss", [as_one("pf", 1080.1, "0000:18:00.1")]),
    "one that may be in another domain": ("{pf: 80:00.0}", "pf", [as_one("pf", 4800.0, "0001:20:00.0 or 80:00.0")]),
    "a MAC address of a PF": ("{pf: 60:20:30:40:50:11}", "pf", [as_one("pf", 46921827011, "60:20:30:40:50:11")]),
    "a hash key": ("{pf: enp1s0, hash_key: 10:20:30:40}", "rss", [f"hash_key: 2233840 is a number, {NAME}"]),
    "a mask": (
        "{pf: enp1s0, rules: [{flow_type: ether, dst_mac: 'a', masks: {dst_mac: 020000000000}, queue: 0}]}",
        "flow_rule",
        [
            as_one("rules[0].masks.dst_mac", 2147483648, "020000000000"),
        ],
    ),
    "MAC addresses of VFs": (
        "{pf: enp1s0, vfs: [{vf: 0, mac: 60:20:30:40:50:11}, {vf: 1, mac: 020000000001}, {vf: 2, mac: 200000000001}]}",
        "vf",
        [
            as_one("vfs[0].mac", 46921827011, "60:20:30:40:50:11"),
            as_one("vfs[1].mac", 2147483649, "020000000001"),
            as_one("vfs[2].mac", 200000000001, "200000000001"),
        ],
    ),
    "a number that may be two": (
        "{pf: enp1s0, vfs: [{vf: 0, mac: 10:20:30:40:50:11}]}",
        "vf",
        [as_one("vfs[0].mac", 8041827011, "10:20:30:40:50:11 or 073725105303")],
    ),
    "MAC addresses of a rule": (
        "{pf: enp1s0, rules: [{flow_type: ether, queue: 1, src_mac: 12:34:56:10:20:30, dst_mac: 7}]}",
        "flow_rule",
        [
            as_one("rules[0].src_mac", 9783973230, "12:34:56:10:20:30"),
            f"rules[0].dst_mac: 7 is a number, {NAME}",
        ],
    ),
    "devices": (
        "{devices: [0000:01:10.2, enp1s0, 01:10.4], driver: none}",
        "pci_driver",
        [as_one("devices[0]", 70.2, "0000:01:10.2"), as_one("devices[2]", 70.4, "0000:01:10.4")],
    ),
    "one device": ("{devices: 0000:01:10.2, driver: none}", "pci_driver", [as_one("devices", 70.2, "0000:01:10.2")]),
    "devices of an entry": (
        "assignments: [{devices: [5], driver: none}]",
        "pci_driver",
        [f"assignments[0].devices[0]: 5 is a number, {NAME}"],
    ),
    "numbers that no address makes": (
        "pfs: [{pf: 7}, {pf: 85.0}, {pf: 60.9}, {pf: 60.05}, {pf: -60.0}, {pf: .inf}, {pf: .nan}, {pf: 1.0e+300}]",
        "host",
        [
            f"pfs[{number}].pf: {value} is a number, {NAME}"
            for number, value in enumerate((7, 85.0, 60.9, 60.05, -60.0, "inf", "nan", 1e300))
        ],
    ),
    "words": (
        "pfs: [{pf: on, vfs: [{vf: 0, mac: no}]}]",
        "host",
        [f"pfs[0].pf: true, {WORDS}", f"pfs[0].vfs[0].mac: false, {WORDS}"],
    ),
}


@pytest.mark.parametrize(("written", "module", "told"), REFUSALS.values(), ids=REFUSALS)
def test_what_yaml_reads_as_a_number_is_told_as_it_was_written(written, module, told):
    with pytest.raises(SriovError) as refused:
        desired_state(MODULES[module], yaml.safe_load(written))
    assert [str(each) for each in refused.value.each()] == told


def test_in_quotes_it_is_what_it_is():
    options = yaml.safe_load(
        "pfs: [{pf: '0000:01:00.0', vfs: [{vf: 0, mac: '020000000001'}]}, {pf: '60.0'}, {pf: '10:20:30:40:50:11'}]"
    )
    found = desired_state(MODULES["host"], options)
    assert [each.pf for each in found.pfs] == ["0000:01:00.0", "60.0", "10:20:30:40:50:11"]
    assert found.pfs[0].vfs[0].said["mac"] == "02:00:00:00:00:01"


@pytest.mark.parametrize(
    ("module", "options", "told"),
    [
        (host, {"pfs": [{"pf": 60.0}]}, as_one("pfs[0].pf", 60.0, "0000:01:00.0")),
        (pci_driver, {"devices": [70.2], "driver": "none"}, as_one("devices[0]", 70.2, "0000:01:10.2")),
        (info, {"pf": 60.0}, as_one("pf", 60.0, "0000:01:00.0")),
        (rx_rate, {"pf": 1080.1}, as_one("pf", 1080.1, "0000:18:00.1")),
    ],
)
def test_the_module_says_so_too(tmp_path, module, options, told):
    result = run_module(module, simulate(tmp_path, hosts.host()), **options)
    assert (result["failed"], result["msg"]) == (True, told)


two_digits = st.integers(0, 99).map("{:02}".format)
up_to_59 = st.integers(0, 59).map("{:02}".format)


@given(st.integers(0, 9999), up_to_59, st.integers(0, 19), st.integers(0, 7))
def test_every_pci_address_of_digits_is_found(domain, bus, device, function):
    address = f"{domain:04}:{bus}:{device:02}.{function}"
    assert address in pci_addresses(yaml.safe_load(address))


@given(st.integers(60, 99), st.integers(0, 19), st.integers(0, 7))
def test_also_on_a_high_bus_without_its_domain(bus, device, function):
    address = f"{bus}:{device:02}.{function}"
    assert address in pci_addresses(yaml.safe_load(address))


@given(st.integers(10, 99), st.lists(up_to_59, min_size=5, max_size=5))
def test_every_mac_address_of_digits_is_found(first, others):
    address = ":".join([str(first), *others])
    assert address in mac_addresses(yaml.safe_load(address))


@given(st.lists(two_digits, min_size=6, max_size=6).map("".join))
def test_also_without_colons(address):
    value = yaml.safe_load(address)
    assert isinstance(value, str) or address in mac_addresses(value) or address.startswith("000")
