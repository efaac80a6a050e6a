# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every step knows its way back, or says why it needs none."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import RingSizes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import net, pci, xsk
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.undo import (
    NOTHING_TAKEN,
    OWN_WAY_BACK,
    WAYS_BACK,
    command,
    owed,
    takes,
    way_back,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.vf_commands import driver_commands
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import LABEL, PF, RULE, rule

NAMED = (PF, "enp1s0", LABEL)
PINS = "/run/kernel-bypass-sriov/bpf/enp1s0"
TABLE = (0, 0, 1, 1)
OTHER = rule(dst_ip=1, dst_port=80, cookie=3, location=2045)
FLOW = "tcp4 dst-ip 192.168.254.30 dst-port 80 action 4294967296"


def classes():
    """The union Step, with the unions NetStep and XskStep in it."""
    return {kind for each in t.get_args(pci.Step) for kind in (t.get_args(each) or (each,))}


def test_every_class_of_steps_is_in_one_of_the_tables():
    tables = [*WAYS_BACK, *OWN_WAY_BACK, *NOTHING_TAKEN]
    assert (len(tables), set(tables)) == (len(set(tables)), classes())


@pytest.mark.parametrize(
    ("step", "back"),
    [
        pytest.param(
            net.DeleteRule(*NAMED, RULE), [f"ethtool -N enp1s0 flow-type {FLOW} loc 2045"], id="a rule is deleted"
        ),
        pytest.param(
            net.DeleteRule(*NAMED, RULE, driver_places=True),
            [f"ethtool -N enp1s0 flow-type {FLOW}"],
            id="the driver takes no location",
        ),
        pytest.param(net.InsertRule(*NAMED, RULE), ["ethtool -N enp1s0 delete 2045"], id="a rule is added"),
        pytest.param(
            net.InsertRule(*NAMED, OTHER, replaces=RULE),
            [f"ethtool -N enp1s0 flow-type {FLOW} loc 2045"],
            id="a rule is replaced",
        ),
        pytest.param(
            net.InsertRule(*NAMED, OTHER, moved=RULE),
            ["ethtool -N enp1s0 delete 2045", f"ethtool -N enp1s0 flow-type {FLOW} loc 2045"],
            id="a rule is added for one that was dropped",
        ),
        pytest.param(net.InsertRule(*NAMED, RULE, again=True), [], id="a rule is put back"),
        pytest.param(
            net.SetRss(*NAMED, None, before=TABLE), ["ethtool -X enp1s0 weight 2 2"], id="the table is the driver's"
        ),
        pytest.param(net.SetRss(*NAMED, None), [], id="it was the driver's before"),
        pytest.param(net.SetRss(*NAMED, (0, 1, 0, 1)), ["ethtool -X enp1s0 default"], id="a table is set"),
        pytest.param(
            net.SetRss(*NAMED, TABLE, before=(0, 1, 2, 0)), ["ethtool -X enp1s0 equal 3"], id="another table is set"
        ),
        pytest.param(net.SetChannels(*NAMED, 16, 2), ["ethtool -L enp1s0 combined 16"], id="channels"),
        pytest.param(
            net.SetRings(*NAMED, RingSizes(rx=512, tx=256), RingSizes(rx=64, tx=256)),
            ["ethtool -G enp1s0 rx 512 tx 256"],
            id="rings",
        ),
        pytest.param(
            net.SetHash(
                *NAMED,
                Hash("01:02", "xor", {"udp4": 0xF0, "tcp4": 0x30}),
                Hash("03:04", "toeplitz", {"udp4": 0, "tcp4": 0xF0, "udp6": 0xF0}),
            ),
            [
                "ethtool -N enp1s0 rx-flow-hash tcp4 sdfn",
                "ethtool -N enp1s0 rx-flow-hash udp4 ''",
                "ethtool -X enp1s0 hkey 03:04 hfunc toeplitz",
            ],
            id="the RSS hash, last first",
        ),
        pytest.param(
            net.DeleteRule(*NAMED, replace(RULE, context=1, cookie=0)),
            ["ethtool -N enp1s0 flow-type tcp4 dst-ip 192.168.254.30 dst-port 80 context 1 action 0 loc 2045"],
            id="a rule for an RSS context is deleted",
        ),
        pytest.param(pci.SetLink(PF, "enp1s0", False), ["ip link set dev enp1s0 up"], id="down"),
        pytest.param(pci.SetLink(PF, "enp1s0", True), [], id="up"),
        pytest.param(pci.SetNumVfs(PF, LABEL, 2, 0), [], id="a step that goes back by itself"),
        pytest.param(xsk.PinProgram(*NAMED, 64), [f"rm -r {PINS}"], id="a program is pinned"),
        pytest.param(
            xsk.DetachXdp(*NAMED, "native", 7),
            [f"ip link set dev enp1s0 xdpdrv pinned {PINS}/prog"],
            id="a program is detached",
        ),
        pytest.param(
            xsk.DetachXdp(*NAMED, "generic", 7),
            [f"ip link set dev enp1s0 xdpgeneric pinned {PINS}/prog"],
            id="one above the driver",
        ),
        pytest.param(xsk.DetachXdp(*NAMED, "native", 7, pinned=False), [], id="one that nobody can attach again"),
        pytest.param(xsk.AttachXdp(*NAMED, "native"), [], id="a program is attached"),
        pytest.param(
            xsk.SetMapGroup(*NAMED, 0, 990), [f"chgrp 0 {PINS} {PINS}/xsks_map"], id="another group has the map"
        ),
        pytest.param(
            xsk.SetNapi(*NAMED, "gro_flush_timeout", 0, 200000),
            ["echo 0 > /sys/class/net/enp1s0/gro_flush_timeout"],
            id="a value of NAPI",
        ),
    ],
)
def test_the_way_back_as_it_is_typed(step, back):
    assert [command(each) for each in way_back(step)] == back


@pytest.mark.parametrize(
    ("step", "due"),
    [
        pytest.param(net.InsertRule(*NAMED, RULE, again=True), [RULE], id="a rule that an earlier step dropped"),
        pytest.param(net.InsertRule(*NAMED, OTHER, moved=RULE), [RULE], id="one for which another was to come"),
        pytest.param(net.InsertRule(*NAMED, RULE), [], id="a new rule"),
        pytest.param(net.DeleteRule(*NAMED, RULE), [], id="one that has not gone"),
    ],
)
def test_what_is_owed_when_a_step_is_not_done_any_more(step, due):
    assert [each.rule for each in owed(step)] == due


def test_what_only_adds_takes_nothing_away():
    assert not takes(net.InsertRule(*NAMED, RULE))
    assert takes(net.InsertRule(*NAMED, OTHER, replaces=RULE)) and takes(net.DeleteRule(*NAMED, RULE))


def test_a_name_is_one_word_of_a_command(hostile="a;reboot;b"):
    named = (PF, hostile, LABEL)
    assert command(net.SetChannels(*named, 4, 2)) == f"ethtool -L '{hostile}' combined 2"
    assert command(net.SetRss(*named, TABLE)).startswith(f"ethtool -X '{hostile}' ")
    assert command(net.DeleteRule(*named, RULE)) == f"ethtool -N '{hostile}' delete 2045"


def test_a_driver_is_one_word_too():
    unbind, name, bind, clear = driver_commands("0000:01:10.0", "igbvf", "a$b")
    assert (name, bind) == (
        "echo 'a$b' > /sys/bus/pci/devices/0000:01:10.0/driver_override",
        "echo 0000:01:10.0 > '/sys/bus/pci/drivers/a$b/bind'",
    )
    assert unbind.endswith("/driver/unbind") and clear.endswith("/driver_override")
