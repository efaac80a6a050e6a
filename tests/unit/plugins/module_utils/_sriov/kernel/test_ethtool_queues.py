# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions and orders of class Ethtool for channels, the indirection table and the hash, on a simulated kernel."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Channels
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import HASHED_FLOWS
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import NAME, UNKNOWN, refusal

# Channels.


@pytest.mark.parametrize(
    ("nic", "num_vfs", "cpus", "channels"),
    [
        pytest.param(hosts.IXGBE, 0, 8, Channels(max_combined=8, other=1, combined=8), id="82599"),
        pytest.param(hosts.IXGBE, 4, 8, Channels(max_combined=4, other=1, combined=4), id="82599 with VFs"),
        pytest.param(hosts.IGB, 0, 4, Channels(max_combined=8, other=1, combined=4), id="82576 with few CPUs"),
        pytest.param(UNKNOWN, 0, 4, Channels(max_combined=4, combined=4), id="an unknown driver"),
    ],
)
def test_channels_are_read(host, nic, num_vfs, cpus, channels):
    assert host(nic, num_vfs, cpus=cpus).ethtool.channels(NAME) == channels


def test_channels_are_set_and_the_others_given_back_as_they_were(host):
    kernel = host()
    channels = kernel.ethtool.channels(NAME)
    kernel.ethtool.set_channels(NAME, channels._replace(combined=4))
    assert kernel.ethtool.channels(NAME) == channels._replace(combined=4)
    assert written(kernel) == ["ethtool -L enp1s0 combined 4"]


@pytest.mark.parametrize(
    "changes",
    [{"combined": 9}, {"combined": 0}, {"rx": 1}, {"other": 0}],
    ids=["more than there are", "none at all", "of a kind that there is none of", "no other"],
)
def test_channels_that_the_driver_cannot_have_are_refused(host, changes):
    ethtool = host().ethtool
    channels = ethtool.channels(NAME)
    with pytest.raises(KernelRefused) as caught:
        ethtool.set_channels(NAME, channels._replace(**changes))
    assert caught.value.errno == errno.EINVAL
    assert caught.value.what == f"the driver refused `ethtool -L enp1s0 combined {changes.get('combined', 8)}`"
    assert ethtool.channels(NAME) == channels


# The indirection table.


def test_a_table_is_read_whole(host):
    rss = host(num_vfs=4).ethtool.rss(NAME)
    assert (rss.rings, rss.hash_function) == (4, "toeplitz")
    assert rss.table == (0, 1, 2, 3) * 32
    assert rss.key.startswith("01:02:03") and len(rss.key) == 40 * 3 - 1


def test_a_key_that_the_driver_does_not_tell_is_empty(host):
    rss = host(hosts.IGB).ethtool.rss(NAME)
    assert (len(rss.table), rss.key, rss.hash_function) == (128, "", "toeplitz")


def test_a_table_is_set_and_forgotten(host):
    kernel = host(num_vfs=4)
    own = (0,) * 32 + (1,) * 64 + (2,) * 32
    kernel.ethtool.set_rss(NAME, own)
    assert kernel.ethtool.rss(NAME).table == own
    kernel.ethtool.set_rss(NAME, None)
    assert kernel.ethtool.rss(NAME).table == (0, 1, 2, 3) * 32
    assert written(kernel)[1:] == ["ethtool -X enp1s0 0:32 1:64 2:32", "ethtool -X enp1s0 default"]


@pytest.mark.parametrize(
    "table", [(4,) * 128, (0,) * 127, (0,) * 64], ids=["a queue too many", "an entry too few", "half of it"]
)
def test_a_table_that_does_not_fit_is_refused(host, table):
    ethtool = host(num_vfs=4).ethtool
    assert refusal(ethtool.set_rss, NAME, table) == errno.EINVAL
    assert ethtool.rss(NAME).table == (0, 1, 2, 3) * 32


# The hash.


def test_a_hash_key_is_set_and_the_table_stays(host):
    kernel = host(num_vfs=4)
    kernel.ethtool.set_rss(NAME, (0,) * 128)
    kernel.ethtool.set_hash(NAME, ":".join(["6d:5a"] * 20), None)
    rss = kernel.ethtool.rss(NAME)
    assert (rss.key, rss.table) == (":".join(["6d:5a"] * 20), (0,) * 128)


@pytest.mark.parametrize(
    ("nic", "key", "function", "expected"),
    [
        pytest.param(hosts.IXGBE, "6d:5a", None, errno.EINVAL, id="a key of another length"),
        pytest.param(hosts.IXGBE, None, "xor", errno.EOPNOTSUPP, id="ixgbe: another function"),
        pytest.param(hosts.IXGBE, None, None, errno.EINVAL, id="nothing at all"),
        pytest.param(hosts.IGB, "6d:5a", None, errno.EINVAL, id="igb has no key"),
        pytest.param(hosts.IGB, None, "xor", errno.EOPNOTSUPP, id="igb: another function"),
    ],
)
def test_a_hash_that_the_driver_does_not_take(host, nic, key, function, expected):
    assert refusal(host(nic).ethtool.set_hash, NAME, key, function) == expected


@pytest.mark.parametrize("nic", [hosts.IXGBE, hosts.IGB], ids=["ixgbe", "igb"])
def test_of_the_hash_fields_those_of_udp_can_be_changed(host, nic):
    ethtool = host(nic).ethtool
    assert [ethtool.hash_fields(NAME, flow) for flow in HASHED_FLOWS] == [0xF0, 0x30, 0x30] * 2
    ethtool.set_hash_fields(NAME, "udp6", 0xF0)
    assert [ethtool.hash_fields(NAME, flow) for flow in HASHED_FLOWS] == [0xF0, 0x30, 0x30, 0xF0, 0xF0, 0x30]
    ethtool.set_hash_fields(NAME, "udp6", 0x30)
    for flow_type, bits in (("tcp4", 0x30), ("udp4", 0x70), ("sctp6", 0xF0), ("udp4", 0xF8), ("udp4", 0)):
        assert refusal(ethtool.set_hash_fields, NAME, flow_type, bits) == errno.EINVAL
    assert ethtool.hash_fields("lo", "tcp4") is None


def test_an_rss_context_is_there_or_not(host):
    ethtool = host(UNKNOWN).ethtool
    assert [ethtool.context(NAME, number) for number in (0, 1, 3)] == [0, 0, errno.ENOENT]


def test_a_driver_without_rss_contexts_says_so(host):
    assert host(hosts.IXGBE).ethtool.context(NAME, 1) == errno.EOPNOTSUPP
