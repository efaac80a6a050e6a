# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The MAC addresses that a host has, and whose they are; what a VF may be given beside them."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.addresses import host_addresses
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import LABEL, LABEL_2, ONE, TWO

OWN, BOND, A, B = "02:00:00:00:31:00", "02:00:00:00:0b:0d", "02:00:00:00:aa:0a", "02:00:00:00:aa:0b"
NIC = "0000:00:03.0"
MANAGEMENT = {**hosts.function(NIC, "8086", "1533", "e1000e"), **hosts.behind(NIC, "eno1")}
OWNER = f"eno1 ({NIC})"


def management(mac=OWN, **more):
    return {**MANAGEMENT, **hosts.interface("eno1", 20, mac, up=True, **more)}


def start(root, behaviour=None, **extra):
    """An 82599 with two VFs, an 82576 with one, and what else there is."""
    files = {**hosts.host(ONE, cpus=16), **hosts.pf(TWO, group=2, ifindex=4), **extra}
    kernel = simulate(root, files, behaviour)
    for nic, number in ((ONE, 2), (TWO, 1)):
        kernel.sysfs.write(f"/sys/bus/pci/devices/{nic.address}/sriov_numvfs", str(number))
    return kernel


def given(kernel, nic, vf, mac):
    kernel.run(["ip", "link", "set", "dev", nic.name, "vf", str(vf), "mac", mac])


def run(kernel, *pfs):
    return run_module(host, kernel, pfs=list(pfs))


def wish(nic, *macs, **options):
    return {"pf": nic.name, "vfs": [{"vf": vf, "mac": mac} for vf, mac in enumerate(macs)], **options}


ALL_KINDS = {
    "a plain NIC": (management(), [(OWN, OWNER, NIC)]),
    "one that is not on PCI": (hosts.on_bus("usb", "1-1:1.0", "cdc_ether", "usb0", 20, OWN), [(OWN, "usb0", None)]),
    "one with another address than in the card": (management(permaddr=A), [(OWN, OWNER, NIC)]),
    "a port of a bond": (
        {**management(BOND, permaddr=OWN, master="bond0"), **hosts.virtual("bond0", 21, "bond", ["eno1"], mac=BOND)},
        [(OWN, OWNER, NIC)],
    ),
    "the port that its bond has the address of": (
        {**management(OWN, master="bond0"), **hosts.virtual("bond0", 21, "bond", ["eno1"], mac=OWN)},
        [(OWN, OWNER, NIC)],
    ),
    "a port of a bridge": (
        {**management(OWN, permaddr=A, master="br0"), **hosts.virtual("br0", 21, "bridge", ["eno1"], mac=OWN)},
        [(OWN, OWNER, NIC)],
    ),
    "a VLAN, and one of no device": (
        {
            **hosts.virtual("vlan7", 21, "vlan", ["enp1s0"], mac=ONE.mac, id=7),
            **hosts.virtual("dummy0", 22, "dummy", mac=OWN),
        },
        [],
    ),
    "a representor": (management(phys_port_name="pf0vf3"), []),
    "the port of a card": (management(phys_port_name="p0"), [(OWN, OWNER, NIC)]),
    "an InfiniBand port": (management(":".join(["02"] * 20)), []),
    "no address": (management("00:00:00:00:00:00"), []),
}


@pytest.mark.parametrize(("files", "found"), ALL_KINDS.values(), ids=ALL_KINDS)
def test_whose_an_address_is(tmp_path, files, found):
    kernel = simulate(tmp_path, {**hosts.host(), **files})
    addresses, unread = host_addresses(kernel, kernel.link.interfaces())
    assert [each for each in addresses if each.function != hosts.IGB.address] == found
    assert unread == {}


@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(address_without_vfs=True)], ids=["new", "old iproute2"])
def test_vfs_have_addresses_by_their_pf_s_word_and_by_their_own(tmp_path, behaviour):
    kernel = start(tmp_path, behaviour)
    given(kernel, TWO, 0, A)
    found, _unread = host_addresses(kernel, kernel.link.interfaces())
    vf = TWO.vf(0)
    assert [each for each in found if each.function == vf] == [
        (A, f"VF 0 of {LABEL_2}", vf),
        ("02:00:00:00:02:00", f"enp2s0v0 ({vf})", vf),
    ]


# What is there beside two VFs, and who has address A by it.
TAKEN = {
    "the management NIC": (management(A), OWNER),
    "a port of a bond": (
        {**management(BOND, permaddr=A, master="bond0"), **hosts.virtual("bond0", 21, "bond", ["eno1"], mac=BOND)},
        OWNER,
    ),
    "another PF": (hosts.interface("enp2s0", 4, A, up=True), LABEL_2),
}


@pytest.mark.parametrize(("files", "owner"), TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize("pfs", [[], [{"pf": "enp2s0"}]], ids=["alone", "beside the other PF"])
def test_an_address_that_another_interface_has_is_refused(tmp_path, files, owner, pfs):
    result = run(start(tmp_path, **files), wish(ONE, A), *pfs)
    assert result["failed"]
    assert result["msg"] == (
        f"mac: {A} for VF 0 on {LABEL}: {owner} has it too. Remedy: give each function an address of its own."
    )


def test_so_is_that_of_a_vf_of_a_pf_that_is_not_named(tmp_path):
    kernel = start(tmp_path)
    given(kernel, TWO, 0, A)
    result = run(kernel, wish(ONE, A))
    assert result["msg"] == (
        f"mac: {A} for VF 0 on {LABEL}: VF 0 of {LABEL_2} has it too. Remedy: give each function an address of its own."
    )


def deaf_ip(kernel, name):
    """An `ip` that tells of VFs by no command: that for one interface fails."""
    run = kernel.run

    def _run(argv, stdin=""):
        if argv[-4:] == ["link", "show", "dev", name]:
            return 1, "", "RTNETLINK answers: Message too long\n"
        return run(argv, stdin)

    kernel.run = _run
    kernel.link._run = _run


HIDDEN = (
    f"mac: cannot tell whether another has {A} on {LABEL}: the addresses of this host are not all known: those of the "
    f"VFs of {LABEL_2}: `ip -j -d link show dev enp2s0` failed: RTNETLINK answers: Message too long. "
    "Remedy: run it again; a newer iproute2 may tell."
)


@pytest.mark.parametrize("pfs", [[], [{"pf": TWO.name}]], ids=["alone", "beside the other PF"])
def test_where_the_addresses_of_another_s_vfs_cannot_be_read_no_new_one_is_given(tmp_path, pfs):
    kernel = start(tmp_path, Behaviour(address_without_vfs=True))
    deaf_ip(kernel, TWO.name)
    result = run(kernel, wish(ONE, A), *pfs)
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, HIDDEN)


def test_but_one_that_the_vf_has_is_left_alone(tmp_path):
    kernel = start(tmp_path, Behaviour(address_without_vfs=True))
    given(kernel, ONE, 0, A)
    deaf_ip(kernel, TWO.name)
    assert run(kernel, {"pf": ONE.name, "vfs": [{"vf": 0, "spoofchk": False, "mac": A}]})["changed"]


def test_a_vf_in_a_bond_keeps_its_address_beside_the_bond_and_its_other_port(tmp_path):
    kernel = start(tmp_path, **management(BOND, permaddr=OWN, master="bond0"))
    assert run(kernel, wish(ONE, A, B))["changed"]
    bonded = {
        **hosts.virtual("bond0", 30, "bond", ["enp1s0v0", "eno1"], mac=A),
        **hosts.interface("enp1s0v0", 31, A, master="bond0"),
        **hosts.interface("eno1", 20, A, permaddr=OWN, master="bond0"),
    }
    build(tmp_path, bonded)
    again = run(kernel, wish(ONE, A, B))
    assert (again["failed"], again["changed"]) == (False, False)


@pytest.mark.parametrize("driver", [{}, {"driver": "none"}], ids=["with their driver", "without"])
def test_two_vfs_swap_their_addresses_and_have_them_afterwards(tmp_path, driver):
    kernel = start(tmp_path)
    wishes = [{**wish(ONE, *macs)} for macs in ((A, B), (B, A))]
    for each in wishes:
        each["vfs"].append({"vf": "all", **driver} if driver else {"vf": "all", "spoofchk": True})
    assert run(kernel, wishes[0])["changed"]
    swapped = run(kernel, wishes[1])
    assert (swapped["failed"], swapped["steps"][:2]) == (
        False,
        [f"set VF 0 of {LABEL}: mac {B} (was {A})", f"set VF 1 of {LABEL}: mac {A} (was {B})"],
    )
    assert [vf["attributes"]["mac"] for vf in swapped["pfs"][0]["vfs"]] == [B, A]
    assert run(kernel, wishes[1])["steps"] == []


def test_also_vfs_of_two_pfs(tmp_path):
    kernel = start(tmp_path)
    assert run(kernel, wish(ONE, A), wish(TWO, B))["changed"]
    assert not run(kernel, wish(ONE, B), wish(TWO, A))["failed"]
    assert run(kernel, wish(ONE, B), wish(TWO, A))["steps"] == []
