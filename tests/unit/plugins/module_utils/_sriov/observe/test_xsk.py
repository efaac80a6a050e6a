# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose XDP program is attached, what is pinned, and what of it could not be read."""

from __future__ import annotations

import errno
import json
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bpf import DROP
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import (
    BPF,
    queue_map,
    queue_program,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.unread import XSK
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.xsk import Attached, Pins
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.observer import Observer
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.xsk import with_xdp_facts, with_xsk
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.xdp import foreign_program

NAME, PF = "enp1s0", hosts.IXGBE.address


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, hosts.host(hosts.IXGBE))


def look(kernel):
    return Observer(kernel).pf(PF)


def pin(kernel):
    kernel.bpffs.mount()
    kernel.bpffs.make_directory(NAME)
    kernel.bpf.pin_queue_program(queue_map(NAME), queue_program(NAME), 64)


def attach(kernel, generic=False):
    kernel.link.attach_xdp(NAME, queue_program(NAME), generic)


def rename(kernel, **changes):
    """What `ip` shows of the program."""
    entry = json.loads(kernel.run.devices.read("sim/interfaces", NAME))
    entry["xdp"]["prog"].update(changes)
    kernel.run.devices.put(f"sim/interfaces/{NAME}", json.dumps(entry))


def test_where_there_is_nothing_of_it_it_is_left_out_unless_it_is_named(kernel):
    seen = look(kernel)
    assert (seen.xsk, seen.unread) == (None, ())
    named = with_xsk(kernel, seen, named=True).xsk
    assert (named.attached, named.pins, dict(named.napi)) == (
        None,
        None,
        {"napi_defer_hard_irqs": 0, "gro_flush_timeout": 0},
    )


@pytest.mark.parametrize("generic", [False, True], ids=["native", "generic"])
def test_ours_is_the_one_that_is_pinned(kernel, generic):
    pin(kernel)
    assert look(kernel).xsk.pins == Pins(True)
    attach(kernel, generic)
    found = look(kernel).xsk
    assert found.attached == Attached(2, "kernel_bypass", "generic" if generic else "native", True, True)
    assert found.is_ready


def test_an_ip_that_does_not_tell_the_name_is_no_matter(kernel):
    pin(kernel)
    attach(kernel)
    rename(kernel, name="")
    assert look(kernel).xsk.is_ready
    os.unlink(kernel.sysfs.path(queue_program(NAME)))
    # By the name that the kernel tells of its number.
    assert look(kernel).xsk.attached == Attached(2, "kernel_bypass", "native", True, False)


def test_another_program_is_another_s(kernel):
    foreign_program(kernel.run.devices, NAME)
    found = look(kernel).xsk
    assert (found.attached, found.ours, found.is_ready) == (
        Attached(97, "xdp_dispatcher", "native", False, False),
        None,
        False,
    )


def test_several_programs_are_another_s(kernel):
    foreign_program(kernel.run.devices, NAME, mode=4)  # XDP_ATTACHED_MULTI
    entry = json.loads(kernel.run.devices.read("sim/interfaces", NAME))
    entry["xdp"] = {"mode": 4, "attached": [{"mode": 1, "prog": {"id": 7}}, {"mode": 2, "prog": {"id": 8}}]}
    kernel.run.devices.put(f"sim/interfaces/{NAME}", json.dumps(entry))
    assert look(kernel).xsk.attached == Attached(0, "", "native", False, False)


def test_half_of_what_should_be_pinned_is_not_whole(kernel):
    pin(kernel)
    os.unlink(kernel.sysfs.path(queue_map(NAME)))
    assert look(kernel).xsk.pins == Pins(False)


def test_a_map_that_the_program_does_not_use_is_not_whole(kernel):
    pin(kernel)
    os.unlink(kernel.sysfs.path(queue_program(NAME)))
    with kernel.bpf.loaded(DROP, b"another") as program:
        kernel.bpf.pin(program, queue_program(NAME))
    assert look(kernel).xsk.pins == Pins(False)


def test_the_group_is_that_of_the_map_where_its_members_may_use_it(kernel):
    pin(kernel)
    path = kernel.sysfs.path(queue_map(NAME))
    os.chown(path, -1, 12345)
    assert look(kernel).xsk.pins == Pins(True, 0)
    os.chmod(path, 0o660)
    assert look(kernel).xsk.pins == Pins(True, 12345)


def test_a_directory_that_is_no_bpffs_has_nothing_pinned(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), f"{BPF[1:]}/{NAME}/prog": ""})
    assert look(kernel).xsk is None


def test_what_cannot_be_read_is_told_and_is_not_taken_for_nothing(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE), Behaviour(bpf_errors={7: errno.EPERM}))
    pin(kernel)
    why = f"the kernel refused to open {queue_program(NAME)} [EPERM: Operation not permitted]"
    found = look(kernel)
    assert (found.xsk, found.unknown(XSK)) == (None, why)
    assert kernel.refused.commands[f"what {NAME} has for AF_XDP"] == why


def test_facts_of_the_driver_and_the_kernel(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **hosts.sockets()}, Behaviour(tells_xdp_features=False))
    kernel.system.release = "6.1.0-1-amd64"
    kernel.bpf.machine = "mips64"
    facts = with_xdp_facts(kernel, look(kernel)).xdp_facts
    assert (facts.version, facts.features, facts.lro, facts.out_of_tree) == ((6, 1), None, False, False)
    assert facts.families == {"XDP", "PACKET"} and facts.no_bpf.startswith("the number of bpf(2) on mips64")
