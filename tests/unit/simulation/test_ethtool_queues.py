# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated ixgbe and igb divide their queues as their sources say, and refuse channels as the kernel does."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP, encode_action
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import (
    I350,
    NAME,
    NTUPLE,
    NUM_VFS,
    combined,
    insert,
    locations,
)

X550 = hosts.Nic("ixgbe", "ixgbevf", "1563", "1565", 63)

# Queues: ixgbe_lib.c, ixgbe_ethtool.c, igb_main.c. Columns: most channels, channels, rings, table as (entries, queues).

QUEUES = [
    pytest.param(hosts.IXGBE, 0, 8, 1, (8, 8, 8, 128, 8), id="82599"),
    pytest.param(hosts.IXGBE, 0, 32, 1, (32, 32, 16, 128, 16), id="82599: flow director has more than RSS"),
    pytest.param(hosts.IXGBE, 0, 100, 1, (63, 63, 16, 128, 16), id="82599 with many CPUs"),
    pytest.param(hosts.IXGBE, 0, 1, 1, (1, 1, 1, 128, 1), id="82599 with one CPU"),
    pytest.param(hosts.IXGBE, 1, 32, 1, (4, 4, 4, 128, 4), id="82599, one VF"),
    pytest.param(hosts.IXGBE, 31, 32, 1, (4, 4, 4, 128, 4), id="82599, 32 pools"),
    pytest.param(hosts.IXGBE, 32, 32, 1, (2, 2, 2, 128, 2), id="82599, 64 pools"),
    pytest.param(hosts.IXGBE, 63, 32, 1, (2, 2, 2, 128, 2), id="82599, all VFs"),
    pytest.param(hosts.IXGBE, 4, 3, 1, (3, 2, 2, 128, 2), id="82599, a pool of three"),
    pytest.param(hosts.IXGBE, 4, 1, 1, (1, 1, 1, 128, 1), id="82599, VFs and one CPU"),
    pytest.param(hosts.IXGBE, 0, 32, 4, (16, 16, 16, 128, 16), id="82599, traffic classes"),
    pytest.param(hosts.IXGBE, 0, 32, 8, (8, 8, 16, 128, 8), id="82599, all traffic classes"),
    pytest.param(hosts.IXGBE, 4, 32, 4, (1, 1, 4, 128, 1), id="82599, VFs and traffic classes"),
    pytest.param(X550, 0, 100, 1, (63, 63, 63, 512, 63), id="X550"),
    pytest.param(X550, 4, 100, 1, (4, 4, 4, 64, 4), id="X550 with VFs"),
    pytest.param(X550, 32, 100, 1, (2, 2, 2, 64, 2), id="X550, 64 pools"),
]


@pytest.mark.parametrize(("nic", "num_vfs", "cpus", "classes", "expected"), QUEUES)
def test_ixgbe_divides_its_queues(host, nic, num_vfs, cpus, classes, expected):
    most, channels, rings, entries, queues = expected
    ethtool = host(nic, num_vfs, cpus=cpus, classes=classes).ethtool
    answer = ethtool.channels(NAME)
    assert (answer.max_combined, answer.combined, answer.other, answer.rx, answer.tx) == (most, channels, 1, 0, 0)
    rss = ethtool.rss(NAME)
    assert (rss.rings, rss.table) == (rings, tuple(entry % queues for entry in range(entries)))


@pytest.mark.parametrize(
    ("nic", "num_vfs", "cpus", "expected"),
    [
        pytest.param(hosts.IGB, 0, 16, (8, 8, 8), id="82576"),
        pytest.param(hosts.IGB, 0, 2, (8, 2, 2), id="82576 with two CPUs"),
        pytest.param(hosts.IGB, 3, 16, (2, 2, 2), id="82576 with VFs"),
        pytest.param(hosts.IGB, 3, 1, (2, 1, 2), id="82576 with VFs, its table is for pools of two"),
        pytest.param(I350, 0, 16, (8, 8, 8), id="i350"),
        pytest.param(I350, 3, 16, (1, 1, 1), id="i350 with VFs"),
    ],
)
def test_igb_divides_its_queues(host, nic, num_vfs, cpus, expected):
    most, channels, queues = expected
    ethtool = host(nic, num_vfs, cpus=cpus, ntuple=False).ethtool
    answer = ethtool.channels(NAME)
    assert (answer.max_combined, answer.combined, answer.other) == (most, channels, 1)
    # In blocks, as igb_setup_mrqc() fills it; `default` takes turns.
    assert ethtool.rss(NAME).table == tuple(entry * queues // 128 for entry in range(128))


def test_ntuple_leaves_the_channels_as_they_are(host):
    """ixgbe_get_channels() looks at the ATR sample rate, which ntuple does not touch."""
    kernel = host(cpus=32, ntuple=False)
    kernel.ethtool.set_feature(NAME, NTUPLE, True)
    assert kernel.ethtool.channels(NAME).combined == 32


def test_a_choice_of_channels_survives_the_first_vf_and_not_the_last(host):
    kernel = host(cpus=32)
    assert combined(kernel, 2) == 0
    kernel.sysfs.write(NUM_VFS, "4")
    assert kernel.ethtool.channels(NAME).combined == 2
    kernel.sysfs.write(NUM_VFS, "0")
    # ixgbe_disable_sriov() resets the limit of RSS only: flow director's, which is what is reported, stays. The
    # table then names rings that do not exist: on the lab's NIC 300 of 400 flows were lost, until `ethtool -L` was used
    # once more.
    assert (kernel.ethtool.channels(NAME).combined, kernel.ethtool.rings(NAME)) == (2, 2)
    assert set(kernel.ethtool.rss(NAME).table) == set(range(16))
    kernel.sysfs.write(NUM_VFS, "4")
    assert kernel.ethtool.channels(NAME).combined == 4


def test_igb_forgets_a_choice_of_channels_with_any_change_of_vfs(host):
    kernel = host(hosts.IGB, cpus=16, ntuple=False)
    assert combined(kernel, 3) == 0
    kernel.sysfs.write(NUM_VFS, "2")
    kernel.sysfs.write(NUM_VFS, "0")
    assert kernel.ethtool.channels(NAME).combined == 8


@pytest.mark.parametrize(
    ("nic", "num_vfs", "count", "expected"),
    [
        (hosts.IXGBE, 0, 32, 0),
        (hosts.IXGBE, 0, 33, errno.EINVAL),
        (hosts.IXGBE, 4, 4, 0),
        (hosts.IXGBE, 4, 5, errno.EINVAL),
        (hosts.IXGBE, 32, 3, errno.EINVAL),
        (hosts.IXGBE, 4, 0, errno.EINVAL),
        (hosts.IGB, 2, 3, errno.EINVAL),
        (hosts.IGB, 2, 1, 0),
    ],
)
def test_channels_have_a_limit(host, nic, num_vfs, count, expected):
    assert combined(host(nic, num_vfs, cpus=32), count) == expected


# ethtool_check_max_channel(): net/ethtool/common.c.


def test_a_table_that_was_set_refuses_fewer_channels_until_it_is_forgotten(host):
    kernel = host(num_vfs=4)
    kernel.ethtool.set_rss(NAME, (0, 1, 2, 2) * 32)
    assert combined(kernel, 2) == errno.EINVAL
    assert combined(kernel, 3) == 0
    assert kernel.ethtool.rss(NAME).table == (0, 1) * 64, "and the driver's table is back"
    assert combined(kernel, 1) == errno.EINVAL, "but it still counts as set"
    kernel.ethtool.set_rss(NAME, None)
    assert combined(kernel, 1) == 0


def test_a_rule_for_a_queue_refuses_fewer_channels_and_one_for_a_vf_does_not(host):
    kernel = host(num_vfs=4)
    for location, cookie in enumerate((encode_action(3, 3), DROP, 1)):
        assert insert(kernel, cookie=cookie, location=location) == 0
    assert combined(kernel, 1) == errno.EINVAL
    assert combined(kernel, 2) == 0
    assert locations(kernel) == [], "and all of them are gone"


def test_the_same_channels_change_nothing(host):
    kernel = host(num_vfs=4)
    assert insert(kernel, location=5) == 0
    kernel.ethtool.set_rss(NAME, (1,) * 128)
    assert combined(kernel, 4) == 0
    assert (locations(kernel), kernel.ethtool.rss(NAME).table) == ([5], (1,) * 128)
