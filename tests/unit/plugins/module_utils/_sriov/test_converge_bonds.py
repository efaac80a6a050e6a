# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trusted VFs whose user has changed them: what a bond, a guest or a program does to its VF is no drift."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    desired_pf,
    desired_vfs,
    refusals,
)

TIMEOUT = 10
NIC = hosts.IXGBE
WANTED = Desired((desired_pf("enp1s0", num_vfs=2, vfs=[desired_vfs("all", mac="auto", trust=True)]),))
MACS = ["06:0b:00:00:01:00", "06:0b:01:00:01:00"]


def run(kernel, *words):
    code, _out, error = kernel.run(["ip", "link", "set", "dev", *words])
    assert code == 0, error


@pytest.fixture
def kernel(tmp_path):
    """Two trusted VFs as they are wanted, and a bond without ports."""
    kernel = simulate(tmp_path, {**hosts.host(NIC), **hosts.virtual("bond0", 9, "bond", mac="02:00:00:00:ee:00")})
    converge(kernel, WANTED, TIMEOUT)
    return kernel


def told(kernel):
    """The addresses of both VFs: as the PF's driver tells them, and as their interfaces have them."""
    of_pf = kernel.link.vf_attributes("enp1s0")
    entries = {entry["ifname"]: entry["address"] for entry in kernel.link.interfaces()}
    return [of_pf[0].mac, of_pf[1].mac], [entries["enp1s0v0"], entries["enp1s0v1"]]


def is_left_alone(kernel, wanted=WANTED):
    before = len(written(kernel))
    outcome = converge(kernel, wanted, TIMEOUT)
    return (outcome.plan.steps, outcome.plan.warnings, len(written(kernel))) == ((), (), before)


def test_a_bond_of_trusted_vfs_is_left_alone(kernel):
    assert told(kernel) == (MACS, MACS)
    for name in ("enp1s0v0", "enp1s0v1"):
        run(kernel, name, "master", "bond0")
    assert told(kernel) == ([MACS[0]] * 2, [MACS[0]] * 2), "the second one has the first one's address"
    assert is_left_alone(kernel)
    allowed = Desired((WANTED.pfs[0]._replace(allow=frozenset({"in_use", "destroy_vfs"})),))
    assert is_left_alone(kernel, allowed), "nor is it torn out where that is allowed"


def test_also_after_a_reset_of_the_vf(kernel):
    """ixgbevf then takes the PF's word for its permanent address (ixgbevf_reset)."""
    for name in ("enp1s0v0", "enp1s0v1"):
        run(kernel, name, "master", "bond0")
    path = kernel.sysfs.path("/sim/interfaces/enp1s0v1")
    with open(path, encoding="utf-8") as file:
        entry = json.load(file)
    del entry["permaddr"]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(entry, file)
    assert is_left_alone(kernel)


def test_a_new_address_for_a_port_is_a_wish_and_no_change_of_its_user(kernel):
    """What the PF and the interface tell is the bond's, whatever was wanted before."""
    for name in ("enp1s0v0", "enp1s0v1"):
        run(kernel, name, "master", "bond0")
    entry = desired_vfs("1", mac="02:00:00:00:aa:09")
    state = converge(kernel, Desired((desired_pf("enp1s0"),)), TIMEOUT).before
    (refusal,) = refusals(state, desired_pf(vfs=[entry]))
    assert str(refusal) == (
        f"mac: cannot give VF 1 02:00:00:00:aa:09 on {LABEL}: it is in use, and ixgbevf takes it only when it is "
        "loaded anew: enp1s0v1 is a port of bond bond0. Remedy: release it, or accept that its user loses it: "
        "allow: [in_use]."
    )


def test_the_mtu_of_a_bond_is_left_to_its_ports(kernel):
    wanted = Desired((desired_pf("enp1s0", vfs=[desired_vfs("0", mtu=1400)]),))
    converge(kernel, wanted, TIMEOUT)
    run(kernel, "enp1s0v0", "master", "bond0")
    outcome = converge(kernel, wanted, TIMEOUT)
    assert (outcome.plan.steps, outcome.plan.warnings) == (
        (),
        (f"VF 0 of {LABEL} has MTU 1500 from what it is a port of, not 1400",),
    )


def test_an_address_that_a_trusted_vf_was_given_is_left(kernel):
    run(kernel, "enp1s0v1", "address", "02:00:00:00:dd:00")
    assert told(kernel)[0] == [MACS[0], "02:00:00:00:dd:00"]
    assert is_left_alone(kernel)


def test_so_is_one_that_it_was_given_in_a_container(kernel):
    root, vf = kernel.sysfs.root, NIC.vf(1)
    run(kernel, "enp1s0v1", "address", "02:00:00:00:dd:00")
    with open(kernel.sysfs.path("/sim/interfaces/enp1s0v1"), encoding="utf-8") as file:
        inside = {**json.load(file), "ifname": "net1", "parentdev": vf}
    os.unlink(kernel.sysfs.path("/sim/interfaces/enp1s0v1"))
    os.rmdir(kernel.sysfs.path(f"/sys/bus/pci/devices/{vf}/net/enp1s0v1"))
    build(root, {"run/netns/pod": "net:[3]", "sim/netns/run/netns/pod": json.dumps([inside])})
    assert is_left_alone(kernel)


def test_another_address_that_is_wanted_is_given_all_the_same(kernel):
    run(kernel, "enp1s0v1", "master", "bond0")
    other = "02:00:00:00:aa:01"
    run(kernel, "enp1s0v0", "address", "02:00:00:00:dd:00")
    wanted = Desired((desired_pf("enp1s0", vfs=[desired_vfs("0", mac=other)]),))
    steps = [str(step) for step in converge(kernel, wanted, TIMEOUT).plan.steps]
    vf = f"{NIC.vf(0)} (VF 0 of {PF})"
    assert steps == [
        f"set VF 0 of {LABEL}: mac {other} (was 02:00:00:00:dd:00)",
        f"reload ixgbevf of {vf}: it has its MAC address from the time it was loaded, 02:00:00:00:dd:00",
    ]
    assert is_left_alone(kernel, wanted)


def test_a_vf_that_leaves_its_user_gets_its_own_address_back(kernel):
    """For DPDK it has what the PF's driver tells."""
    run(kernel, "enp1s0v1", "address", "02:00:00:00:dd:00")
    entries = [desired_vfs("1", mac=MACS[1], driver="vfio-pci")]
    steps = [str(step) for step in converge(kernel, Desired((desired_pf("enp1s0", vfs=entries),)), TIMEOUT).plan.steps]
    assert steps == [
        f"set VF 1 of {LABEL}: mac {MACS[1]} (was 02:00:00:00:dd:00)",
        "load kernel module vfio-pci",
        f"bind {NIC.vf(1)} (VF 1 of {PF}) to vfio-pci (now ixgbevf)",
    ]


def test_what_a_program_may_have_changed_is_left_and_told(kernel):
    """Which address it found, nothing tells; it would go on with the one it has."""
    entries = [desired_vfs("all", mac="auto", trust=True), desired_vfs("1", driver="vfio-pci")]
    wanted = Desired((desired_pf("enp1s0", vfs=entries),))
    converge(kernel, wanted, TIMEOUT)
    node = f"/dev/vfio/{kernel.pci.iommu_group(NIC.vf(1))}"
    build(kernel.sysfs.root, hosts.process(4711, "testpmd", [node]))
    run(kernel, "enp1s0", "vf", "1", "mac", "02:00:00:00:dd:00")  # as the mailbox would
    outcome = converge(kernel, wanted, TIMEOUT)
    assert (outcome.plan.steps, outcome.plan.warnings) == (
        (),
        (
            f"VF 1 of {LABEL} has MAC address 02:00:00:00:dd:00, not {MACS[1]}: it is trusted, and its user may have "
            f"given it that. It is left so while it is in use: process 4711 (testpmd) has {node} open",
        ),
    )
    os.unlink(kernel.sysfs.path("/proc/4711/fd/0"))
    steps = converge(kernel, wanted, TIMEOUT).plan.steps
    assert list(map(str, steps)) == [f"set VF 1 of {LABEL}: mac {MACS[1]} (was 02:00:00:00:dd:00)"]


def test_a_vf_that_is_not_trusted_and_in_use_keeps_its_address_by_refusal_only(kernel):
    """What was refused is refused: nothing tells that its user has changed it."""
    outcome = converge(kernel, Desired((desired_pf("enp1s0"),)), TIMEOUT)
    entry = hosts.interface("enp1s0v0", 10, MACS[0], up=True, addresses=["192.0.2.3"])
    for name, text in entry.items():
        with open(kernel.sysfs.path(name), "w", encoding="utf-8") as file:
            file.write(text)
    state = converge(kernel, Desired((desired_pf("enp1s0"),)), TIMEOUT).before
    assert outcome.before.pfs[PF].vfs[0].netdev.mac == MACS[0]
    (refusal,) = refusals(state, desired_pf(vfs=[desired_vfs("0", mac="02:00:00:00:aa:09")]))
    assert str(refusal) == (
        f"mac: cannot give VF 0 02:00:00:00:aa:09 on {LABEL}: it is in use, and ixgbevf takes it only when it is "
        "loaded anew: enp1s0v0 has address 192.0.2.3/24. Remedy: release it, or accept that its user loses it: "
        "allow: [in_use]."
    )
