# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller refuses of module host's options: what the module refuses too, and in the same words."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.refusal import check_host_options, failed
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

ON, LABEL = " on enp1s0", f" on enp1s0 ({hosts.IXGBE.address})"
MAC = "02:00:00:00:aa:01"
HOW = 'Remedy: write it as in "0", "0-3", "0-3,7" or "all".'
CREATE = "Remedy: create it first with module pf (num_vfs), or name another."
TCP = {"flow_type": "tcp4", "dst_port": 80}
WAKE = -2


def pf(**options):
    return {"pf": "enp1s0", "num_vfs": 2, **options}


def vfs(*entries, **options):
    return [pf(vfs=list(entries), **options)]


def drivers(*selectors, **options):
    return [pf(drivers=[{"vfs": each, "driver": "vfio-pci"} for each in selectors], **options)]


# PFs, and what is said of them.
REFUSALS = {
    "a negative number of VFs": ([pf(num_vfs=-1)], f"num_vfs: -1 is negative{ON}. Remedy: give a number from 0 on."),
    "VFs of a PF that is down": (
        [pf(up=False)],
        f"up: false goes with num_vfs: 0 only{ON}: 2 VFs would be left without link and mailbox. "
        "Remedy: leave out up, or set num_vfs: 0.",
    ),
    "a selector that is none": (vfs({"vf": "first"}), f"vfs: 'first' is no list of VFs. {HOW}"),
    "a selector of a driver that is none": (drivers("3-1"), f"vfs: '3-1' is no list of VFs. {HOW}"),
    "one that is none, of a number not said": (
        drivers("x", num_vfs=None),
        f"vfs: 'x' is no list of VFs. {HOW}",
    ),
    "attributes beyond the last VF": (
        vfs({"vf": "0-2"}),
        f"vfs: '0-2' names VF 2{ON}: the PF has 2 VFs, 0 to 1. {CREATE}",
    ),
    "a driver beyond the last VF": (drivers("2"), f"vfs: '2' names VF 2{ON}: the PF has 2 VFs, 0 to 1. {CREATE}"),
    "a driver where all VFs go": (drivers("0", num_vfs=0), f"vfs: '0' names VF 0{ON}: the PF has 0 VFs. {CREATE}"),
    "a rule beyond the last VF": (
        [pf(rules=[{**TCP, "vf": 1}, {**TCP, "dst_port": 81, "vf": 2, "queue": 1}])],
        f"rules[1]: cannot send to VF 2 queue 1{ON}: the PF has 2 VFs, 0 to 1. {CREATE}",
    ),
    "a rule beyond the last VF, as a number": (
        [pf(num_vfs=1, rules=[{**TCP, "action": 2 << 32}])],
        f"rules[0]: cannot send to VF 1 queue 0{ON}: the PF has 1 VFs, 0 to 0. {CREATE}",
    ),
    "a rule that leads nowhere": (
        [pf(rules=[{**TCP, "action": WAKE}])],
        f"rules[0]: action {WAKE % (1 << 64)} leads nowhere{ON}: it is for wake-on-LAN. "
        "Remedy: give vf and queue, queue, or drop.",
    ),
    "a VF with two entries": (
        vfs({"vf": "all"}, {"vf": "1"}),
        f"vfs: VF 1 is named twice{ON}. Remedy: merge its entries into one.",
    ),
    "a VF with two drivers": (
        drivers("0-1", "1"),
        f"drivers: VF 1 is named twice{ON}: a device has one driver. Remedy: name each VF in one entry.",
    ),
    "what is no address": (
        vfs({"vf": "0", "mac": "02:00:00:00:AA"}),
        f"mac: '02:00:00:00:AA' is no MAC address (VF 0){ON}. Remedy: write it as in \"02:00:00:00:00:01\", or auto.",
    ),
    "a multicast address": (
        vfs({"vf": "0", "mac": "03:00:00:00:00:01"}),
        f"mac: 03:00:00:00:00:01 is a multicast address (VF 0){ON}. Remedy: give a unicast address, or auto.",
    ),
    "one address for two VFs": (
        vfs({"vf": "all", "mac": MAC}),
        f"mac: {MAC} for VFs all{ON}: two VFs with one address would share their frames. "
        "Remedy: give each its own, or auto.",
    ),
    "an address that comes twice": (
        vfs({"vf": "0", "mac": MAC}, {"vf": "1", "mac": MAC.upper()}),
        f"mac: {MAC} for VF 1 of enp1s0: VF 0 of enp1s0 shall have it too. Remedy: give each VF its own.",
    ),
    "a VLAN that is none": (
        vfs({"vf": "all", "vlan": 4095}),
        f"vlan: 4095 is not between 0 and 4094 (VF 0){ON}. Remedy: give 0 to 4094.",
    ),
    "a rate below nothing": (
        vfs({"vf": "1", "max_tx_rate": -1}),
        f"max_tx_rate: -1 is not between 0 and 2147483648 (VF 1){ON}. Remedy: give 0 to 2147483648.",
    ),
    "a least rate above the greatest": (
        vfs({"vf": "1", "min_tx_rate": 2, "max_tx_rate": 1}),
        f"min_tx_rate: 2 is more than max_tx_rate 1 (VF 1){ON}. Remedy: give a smaller one.",
    ),
    "a mode that YAML has read": (
        [pf(drivers=[{"vfs": "0", "driver": "vfio-pci", "mode": 432}])],
        'mode: 432 is no octal file mode in quotes. Remedy: write it as in "0660".',
    ),
    "two rules for one flow": (
        [pf(rules=[{**TCP, "vf": 0}, {**TCP, "vf": 1}])],
        "rules[1]: the same flow as rules[0]: rules[0]: tcp4 dst-port 80 to VF 0 queue 0; "
        "rules[1]: tcp4 dst-port 80 to VF 1 queue 0. Remedy: name each flow once.",
    ),
}
ACCEPTED = {
    "no VFs, and a driver for all of them": drivers("all", num_vfs=0),
    "VFs of a number that is not said": drivers("0-7", num_vfs=None),
    "a range longer than any PF": drivers("0-99999999999", num_vfs=None),
    "a rule into a VF that may be there": [pf(num_vfs=None, rules=[{**TCP, "vf": 7}])],
    "addresses made of the PF's": vfs({"vf": "all", "mac": "auto"}),
    "rules whose masks some driver does not take together": [
        pf(rules=[{**TCP, "vf": 0}, {**TCP, "dst_ip": "192.0.2.1", "vf": 0}])
    ],
    "a PF whose names are not known to be one's": [pf(), pf(pf=hosts.IXGBE.address)],
}


def refusal(**options):
    with pytest.raises(InvalidRequest) as caught:
        check_host_options(options)
    return str(caught.value)


@pytest.mark.parametrize(("pfs", "text"), REFUSALS.values(), ids=REFUSALS)
def test_it_is_refused_as_by_the_module(tmp_path, pfs, text):
    assert refusal(pfs=pfs) == text
    result = run_module(host, simulate(tmp_path, hosts.host(hosts.IXGBE)), pfs=pfs)
    assert result["failed"] and result["failure"]["kind"] == "invalid"
    # The module knows the PF by more names than the options do, and has the address in lower case.
    assert result["msg"].replace(LABEL, ON).replace(LABEL.replace("on", "of"), " of enp1s0").lower() == text.lower()


@pytest.mark.parametrize("pfs", ACCEPTED.values(), ids=ACCEPTED)
def test_what_a_host_may_meet_is_left_to_it(pfs):
    check_host_options({"pfs": pfs})


def test_a_pf_that_is_named_twice_is_refused():
    assert refusal(pfs=[pf(), pf()]) == "pfs: 'enp1s0' is named twice. Remedy: merge its entries."


def test_a_vf_with_two_drivers_is_refused_whatever_the_number_of_vfs():
    assert refusal(pfs=drivers("0-7", "6", num_vfs=None)).startswith(f"drivers: VF 6 is named twice{ON}")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "missing required arguments: pfs."),
        ({"pfs": [{"num_vfs": 1}]}, "missing required arguments: pf found in pfs."),
        ({"pfs": [pf(num_vfs="two")]}, "num_vfs"),
        (
            {"pfs": vfs({"vf": "0", "link_state": "up"})},
            "value of link_state must be one of: auto, enable, disable",
        ),
        ({"pfs": [pf(rules=[{**TCP, "vf": 0, "drop": True}])]}, "parameters are mutually exclusive: vf|drop|action"),
        (
            {"pfs": [pf(numvfs=1)]},
            "Unsupported parameters for (kernel_bypass.sriov.host) module: pfs.numvfs. Supported parameters include: ",
        ),
        ({"pfs": [], "timeout": 0}, "timeout: 0 is less than a second. Remedy: give 1 or more."),
    ],
)
def test_options_of_another_kind_are_refused(options, text):
    found = refusal(**options)
    assert text in found and found.endswith(".") and not found.endswith("..")


def test_a_refusal_is_a_result_like_the_modules():
    with pytest.raises(InvalidRequest) as caught:
        check_host_options({"pfs": [pf(num_vfs=-1)]})
    result = failed(caught.value)
    assert (result["changed"], result["done"], result["msg"]) == (False, [], REFUSALS["a negative number of VFs"][1])
    assert result["failure"] == {
        **{"kind": "invalid", "what": "num_vfs: -1 is negative", "device": "enp1s0", "why": ""},
        **{"remedy": "give a number from 0 on", "errno": None, "step": ""},
    }
