# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated drivers: what flow rules and tables survive, which traces orders leave, and the bytes of an ioctl."""

from __future__ import annotations

import ctypes
import errno

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import (
    ETYPE,
    I350,
    NAME,
    NTUPLE,
    NUM_VFS,
    WEB,
    combined,
    insert,
    locations,
)

# What rules and tables survive.


def link(kernel, *states):
    for state in states:
        kernel.run(["ip", "link", "set", "dev", NAME, *state.split()])


def feature(kernel, *changes):
    for name, on in changes:
        kernel.ethtool.set_feature(NAME, name, on)


EVENTS = {
    "nothing": lambda kernel: None,
    "more VFs": lambda kernel: kernel.sysfs.write(NUM_VFS, "3"),
    "more VFs, by a child process": lambda kernel: kernel.sysfs.write(NUM_VFS, "3", timeout=5),
    "fewer channels": lambda kernel: combined(kernel, 7),
    "up again": lambda kernel: link(kernel, "up"),
    "down": lambda kernel: link(kernel, "down"),
    "down and up": lambda kernel: link(kernel, "down", "up"),
    "another MTU": lambda kernel: link(kernel, "mtu 9000"),
    "the same MTU": lambda kernel: link(kernel, "mtu 1500"),
    "VFs while down": lambda kernel: (link(kernel, "down"), kernel.sysfs.write(NUM_VFS, "3")),
    "ntuple off": lambda kernel: feature(kernel, (NTUPLE, False)),
    "ntuple off and on": lambda kernel: feature(kernel, (NTUPLE, False), (NTUPLE, True)),
    "TC offload too": lambda kernel: feature(kernel, ("hw-tc-offload", True)),
    "rx-all": lambda kernel: feature(kernel, ("rx-all", True)),
    "rx-checksum": lambda kernel: feature(kernel, ("rx-checksum", False)),
    "RSC": lambda kernel: feature(kernel, ("rx-lro", True)),
}
SURVIVES = {
    # event: (rules, table) of ixgbe, of igb
    "nothing": ((True, True), (True, True)),
    "more VFs": ((False, False), (True, False)),
    "more VFs, by a child process": ((False, False), (True, False)),
    "fewer channels": ((False, False), (True, False)),
    "up again": ((True, True), (True, True)),
    "down": ((False, True), (True, True)),
    "down and up": ((False, False), (True, True)),
    "another MTU": ((True, False), (True, True)),
    "the same MTU": ((True, True), (True, True)),
    "VFs while down": ((False, True), (True, False)),
    "ntuple off": ((True, False), (False, True)),
    "ntuple off and on": ((True, False), (False, True)),
    "TC offload too": ((True, True), (True, True)),
    "rx-all": ((True, False), (True, True)),
    "rx-checksum": ((True, True), (True, True)),
    "RSC": ((True, False), (True, True)),
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("nic", [hosts.IXGBE, I350], ids=["82599", "i350"])
def test_rules_and_tables_have_their_lifetime(host, nic, event):
    kernel = host(nic)
    rule = ("tcp4", WEB) if nic == hosts.IXGBE else ("ether", ETYPE)
    assert insert(kernel, *rule, location=9) == 0
    kernel.ethtool.set_rss(NAME, (0,) * 128)
    EVENTS[event](kernel)
    rules, table = SURVIVES[event][0 if nic == hosts.IXGBE else 1]
    assert locations(kernel) == ([9] if rules else [])
    # An i350 with VFs has one queue: what is left of the table looks the same.
    one_queue = nic == I350 and "VFs" in event
    assert one_queue or (kernel.ethtool.rss(NAME).table == (0,) * 128) is table


def test_a_new_table_is_for_the_queues_that_there_are(host):
    kernel = host(num_vfs=4)
    kernel.ethtool.set_rss(NAME, (0,) * 128)
    kernel.sysfs.write(NUM_VFS, "0")
    kernel.sysfs.write(NUM_VFS, "40")
    assert kernel.ethtool.rss(NAME).table == (0, 1) * 64


# The tree.


def without_writes(root):
    return {path: value for path, value in snapshot(root).items() if path != "sim/writes"}


def test_questions_leave_no_trace(tmp_path, host):
    kernel = host(num_vfs=2)
    before = snapshot(tmp_path)
    for question in ("channels", "rings", "rss", "rules", "features", "statistics", "driver_info", "permanent_mac"):
        assert getattr(kernel.ethtool, question)(NAME) is not None
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("nic", [hosts.IXGBE, I350, hosts.Nic("mystery", device="abcd")], ids=lambda nic: nic.driver)
def test_what_is_put_back_is_as_if_it_had_never_been(tmp_path, host, nic):
    kernel = host(nic, ntuple=False)
    kernel.ethtool.set_feature(NAME, "rx-gro-list", True)
    before = without_writes(tmp_path)
    rule = {"ixgbe": ("tcp4", WEB)}.get(nic.driver, ("ether", ETYPE))
    kernel.ethtool.set_feature(NAME, NTUPLE, True)
    combined(kernel, 3)
    kernel.ethtool.set_rss(NAME, (0, 1) * 64)
    insert(kernel, *rule, location=3)
    assert without_writes(tmp_path) != before
    kernel.ethtool.delete_rule(NAME, 3)
    kernel.ethtool.set_rss(NAME, None)
    combined(kernel, 8)
    kernel.ethtool.set_rss(NAME, None)
    kernel.ethtool.set_feature(NAME, NTUPLE, False)
    table = kernel.ethtool.rss(NAME).table
    assert table == tuple(entry % 8 for entry in range(128))
    if nic.driver != "igb":  # whose own table is another
        assert without_writes(tmp_path) == before


def test_orders_are_listed_in_their_place_even_if_they_are_refused(host):
    kernel = host(num_vfs=2, ntuple=False)
    assert insert(kernel) == errno.EOPNOTSUPP
    kernel.sysfs.write(NUM_VFS, "0")
    assert written(kernel) == [
        f"{NUM_VFS} 2",
        "ethtool -N enp1s0 flow-type tcp4 action 0 loc 0",
        f"{NUM_VFS} 0",
    ]


def test_a_test_may_refuse_orders(tmp_path, host):
    kernel = host()
    kernel.ethtool = SimEthtool(tmp_path, refuses={"ethtool -N enp1s0 flow-type udp4": errno.ENOSPC})
    assert (insert(kernel, "udp4"), insert(kernel, "tcp4")) == (errno.ENOSPC, 0)


# The bytes: net/ethtool/ioctl.c.


def ioctl(kernel, structure, extra=0, **members):
    """The answer to a structure with room for so many bytes behind it, or an errno."""
    buffer = bytearray(ctypes.sizeof(structure) + extra)
    request = structure.from_buffer(buffer)
    for name, value in members.items():
        setattr(request, name, value)
    del request
    try:
        kernel.ethtool._ioctl(NAME, buffer)
    except OSError as refused:
        return refused.errno
    return structure.from_buffer_copy(buffer)


@pytest.mark.parametrize(
    ("members", "extra", "expected"),
    [
        pytest.param({"indir_size": 128, "key_size": 40}, 552, 128, id="all of it"),
        pytest.param({"indir_size": 128}, 512, 128, id="without the key"),
        pytest.param({}, 0, 128, id="the sizes"),
        pytest.param({"indir_size": 64}, 256, errno.EINVAL, id="another size"),
        pytest.param({"key_size": 52}, 52, errno.EINVAL, id="another size of the key"),
        pytest.param({"rsvd32": 1}, 0, errno.EINVAL, id="something reserved"),
        pytest.param({"rss_context": 1}, 0, errno.EOPNOTSUPP, id="a context"),
    ],
)
def test_a_table_is_reported_to_those_who_know_its_size(host, members, extra, expected):
    answer = ioctl(host(), simabi.Rxfh, extra, cmd=simabi.GRSSH, **members)
    assert getattr(answer, "indir_size", answer) == expected


@pytest.mark.parametrize(
    ("structure", "members"),
    [
        pytest.param(simabi.Gstrings, {"cmd": simabi.GSTRINGS, "string_set": simabi.SS_FEATURES}, id="strings"),
        pytest.param(simabi.Sized, {"cmd": simabi.GSTATS}, id="statistics"),
        pytest.param(simabi.Rxfh, {"cmd": simabi.GRSSH, "indir_size": 128}, id="table"),
        pytest.param(simabi.Sized, {"cmd": simabi.GFEATURES, "size": 2}, id="features"),
        pytest.param(simabi.SsetInfo, {"cmd": simabi.GSSET_INFO, "sset_mask": 1 << 4}, id="string sets"),
    ],
)
def test_an_answer_without_room_is_an_error_of_the_test(host, structure, members):
    """The kernel would write into somebody else's memory."""
    with pytest.raises(ValueError, match="Buffer size too small"):
        ioctl(host(), structure, **members)


def test_another_number_of_strings_gets_none(host):
    answer = ioctl(host(), simabi.Gstrings, 96, cmd=simabi.GSTRINGS, string_set=simabi.SS_FEATURES, len=3)
    assert answer.len == 0


def test_features_come_in_two_blocks(host):
    kernel = host()
    assert ioctl(kernel, simabi.Sized, 16, cmd=simabi.SFEATURES, size=1) == errno.EINVAL
    assert ioctl(kernel, simabi.Sized, 16, cmd=simabi.GFEATURES, size=1).size == 2


def test_a_buffer_that_is_too_short_for_an_address_is_refused(host):
    assert ioctl(host(), simabi.Sized, 32, cmd=simabi.GPERMADDR, size=5) == 525


def test_a_rule_that_is_not_there_leaves_the_question_as_it_was(host):
    assert ioctl(host(), simabi.Rxnfc, cmd=simabi.GRXCLSRULE) == errno.EINVAL
