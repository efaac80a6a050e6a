# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module xsk_queue where a step, or all of it, is refused: nothing is left behind, and nobody has lost anything."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BPF
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, xsk_queue
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.xdp import foreign_program
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

LABEL = f"enp1s0 ({hosts.IXGBE.address})"
PINS = f"{BPF}/enp1s0"
PIN = f"pin a map of AF_XDP sockets of {LABEL} and its program in {PINS}"
RULE = rule(dst_port=9, cookie=2, location=7)
BY_HAND = (0, 1) * 64


@pytest.fixture
def kernel(tmp_path):
    """With a table and a rule that somebody has set."""

    def made(behaviour=None, **extra):
        kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE, cpus=4), **extra}, behaviour)
        kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
        kernel.ethtool.insert_rule("enp1s0", RULE)
        kernel.ethtool.set_rss("enp1s0", BY_HAND)
        return kernel

    return made


def run(kernel, check=False, **options):
    return run_module(xsk_queue, kernel, check, **{"pf": "enp1s0", **options})


def state(kernel):
    rules = [(each.location, each.cookie) for each in kernel.ethtool.rules("enp1s0").rules]
    return rules, kernel.ethtool.rss("enp1s0").table


THERE = ([(7, 2)], BY_HAND)


def when(kernel, beginning, act):
    """Somebody acts right before a command that begins so."""
    run_it = kernel.run

    def run_and_act(argv, stdin=""):
        if " ".join(argv).startswith(beginning):
            act()
        return run_it(argv, stdin)

    run_and_act.calls, run_and_act.devices = run_it.calls, run_it.devices
    kernel.run = kernel.link._run = kernel.bpffs._run = run_and_act


def test_where_all_is_refused_nothing_is_written(tmp_path, kernel):
    made = kernel()
    foreign_program(made.run.devices, "enp1s0")
    before, writes = snapshot(tmp_path), written(made)
    done = run(made, queues=[1, 9])
    assert [each["kind"] for each in done["failures"]] == ["invalid", "in_use"]
    assert (snapshot(tmp_path), written(made)) == (before, writes)


def test_a_group_that_nobody_has_is_refused_as_it_is_called(kernel):
    done = run_module(host, kernel(), pfs=[{"pf": "enp1s0", "xsk": {"queues": [1], "group": "nobody_has_this"}}])
    assert done["msg"] == (
        "pfs[0].xsk.group: there is no group 'nobody_has_this' on this host. Remedy: create it first (role "
        "kernel_bypass.sriov.dpdk does), or name another."
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "queues: none is named. Remedy: name the queues that sockets shall have, or say state: absent."),
        ({"queues": [-1, 1]}, "queues[0]: -1 is negative. Remedy: queues count from 0 on."),
        (
            {"queues": [1], "gro_flush_timeout": -1},
            "gro_flush_timeout: -1 is not between 0 and 4294967295. Remedy: give one.",
        ),
    ],
)
def test_what_no_host_can_meet_is_refused(kernel, options, text):
    assert run(kernel(), **options)["msg"] == text


def test_a_program_that_comes_meanwhile_stays_and_nothing_of_ours_does(tmp_path, kernel):
    made = kernel()
    when(made, "mount", lambda: foreign_program(made.run.devices, "enp1s0"))
    done = run(made, queues=[1])
    assert done["msg"] == (
        f"cannot attach an XDP program (native) on {LABEL}: Error: XDP program already attached; what was pinned for "
        f"AF_XDP sockets of {LABEL} is removed again. Remedy: look at dmesg."
    )
    assert done["done"] == [PIN, f"remove the map of AF_XDP sockets of {LABEL} and its program from {PINS}"]
    assert not os.path.exists(tmp_path / PINS[1:])
    assert state(made) == THERE


def test_a_program_that_takes_the_place_of_ours_is_not_detached(kernel):
    made = kernel()
    run(made, queues=[3])
    # It is seen as ours when the host is looked at, and is another's when its turn comes.
    when(made, "ip -j -d link show dev enp1s0", lambda: foreign_program(made.run.devices, "enp1s0"))
    done = run(made, state="absent")
    assert done["msg"] == (
        f"not done: detach the XDP program for AF_XDP sockets from {LABEL} (native) on {LABEL}: since the host was "
        "looked at: another XDP program is attached, 97. Remedy: end the program that has attached it, and run again."
    )
    assert state(made) == THERE


def test_a_socket_that_comes_meanwhile_keeps_its_program(tmp_path, kernel):
    made = kernel(**hosts.sockets())
    run(made, queues=[3])
    more = {**hosts.sockets(hosts.xdp_socket(77, 3, 3)), **hosts.process(4711, "/usr/bin/reader", ["socket:[77]"])}
    looks = iter([{}, more])  # the first look does not see it

    def comes():
        build(tmp_path, next(looks, {}))

    when(made, "ip -j -d address show", comes)
    done = run(made, state="absent")
    assert done["failure"]["holders"] == ["process 4711 (reader) has an AF_XDP socket on queue 3 of enp1s0"]
    assert done["failure"]["what"] == f"not done: detach the XDP program for AF_XDP sockets from {LABEL} (native)"


def test_pins_that_cannot_be_made_leave_nothing(tmp_path, kernel):
    made = kernel(Behaviour(bpf_errors={5: errno.EPERM}))
    done = run(made, queues=[1])
    assert done["msg"] == f"the kernel does not load an XDP program on {LABEL} [EPERM: Operation not permitted]."
    assert (state(made), done.get("steps", [])) == (THERE, [])
    assert run(made, check=True, queues=[1])["steps"][0] == PIN, "what is left of it is made anew"


def test_where_the_table_is_refused_the_rules_are_back_and_the_program_stays(tmp_path, kernel):
    """What it drops comes back: frames reach the kernel with it as without it."""
    made = kernel()
    made.ethtool = SimEthtool(made.root, refuses={"ethtool -X enp1s0 0:128": errno.EBUSY})
    done = run(made, queues=[1])
    assert done["failed"]
    assert state(made)[0] == [(7, 2)]
    assert f"put back flow rule 7 of {LABEL}: {RULE}" in done["done"]


def test_what_is_pinned_and_cannot_be_read_is_not_taken_for_what_is_not_there(kernel):
    made = kernel()
    run(made, queues=[1])
    made.bpf._call._refuses[7] = errno.EPERM
    done = run(made, queues=[1])
    assert done["msg"] == (
        f"xsk: cannot tell which XDP program is attached, and what is pinned on {LABEL}: the kernel refused to open "
        f"{PINS}/prog [EPERM: Operation not permitted]. Remedy: run it again, and see dmesg."
    )
