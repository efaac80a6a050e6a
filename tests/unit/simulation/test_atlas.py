# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drivers of atlas/ answer, each where it is unlike the others: a row that does not count would show here."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import encode_action, flow_rule
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.atlas.index import BY_NAME, NAME
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.atlas.nic import NTUPLE
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import nic
from ansible_collections.kernel_bypass.sriov.tests.unit.support.driver_wishes import NUM_VFS, kernel_of

FOUR = {"src_ip": (1, 2**32 - 1), "dst_ip": (2, 2**32 - 1), "src_port": (3, 0xFFFF), "dst_port": (4, 0xFFFF)}
FOUR6 = {**FOUR, "src_ip": (1, 2**128 - 1), "dst_ip": (2, 2**128 - 1)}


@pytest.fixture
def kernel(tmp_path):
    return lambda name, **options: kernel_of(tmp_path, BY_NAME[name], **options)


def told(kernel):
    return list(kernel.ethtool.rules(NAME).rules)


def vf(kernel, *words):
    """What `ip` says to an order, and VF 0 after it."""
    _code, _out, error = kernel.run(["ip", "link", "set", "dev", NAME, "vf", "0", *words])
    return error, kernel.link.vf_attributes(NAME).get(0)


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("i40e X710", 13, errno.EPERM),
        ("ice E810", 13, errno.EOPNOTSUPP),
        ("mlx4_core ConnectX-3", 1, errno.ENOENT),
        ("qede 41000", 13, errno.EINVAL),
    ],
)
def test_sriov_numvfs_is_refused(kernel, name, number, expected):
    simulated = kernel(name, num_vfs=0)
    with pytest.raises(KernelRefused) as refused:
        simulated.sysfs.write(NUM_VFS, str(number))
    assert (refused.value.errno, simulated.sysfs.read_int(NUM_VFS)) == (expected, 0)


@pytest.mark.parametrize(
    ("name", "up", "number", "given"),
    [
        ("bnxt_en 57416 (P4)", False, 2, 0),
        ("bnxt_en 57416 (P4)", True, 13, 12),
        ("sfc_siena", True, 2, 0),
    ],
)
def test_sriov_numvfs_succeeds_and_gives_fewer(kernel, name, up, number, given):
    simulated = kernel(name, up=up, num_vfs=0)
    simulated.sysfs.write(NUM_VFS, str(number))
    assert simulated.sysfs.read_int(NUM_VFS) == given


def test_attributes_as_they_are_told(kernel):
    assert vf(kernel("qede 41000"), "vlan", "7", "qos", "3")[1].qos == 0


def test_no_limit_is_told_as_the_speed_of_the_link(kernel):
    error, found = vf(kernel("qede 41000"), "trust", "on")
    assert (error, found.max_tx_rate, found.trust) == ("", 25000, True)


def test_what_a_driver_does_not_tell_is_not_there(kernel):
    error, found = vf(kernel("sfc EF10"), "spoofchk", "on")
    assert (error, found.spoofchk) == ("", None)


def test_an_attribute_that_needs_the_pf_up(kernel):
    error, found = vf(kernel("octeontx2 (rvu_nicpf)", up=False), "mac", "02:00:00:00:aa:01")
    assert ("temporarily unavailable" in error, found) == (True, None)


def test_qede_tells_no_masks_and_drops_rules_with_its_channels(kernel):
    simulated = kernel("qede 41000")
    simulated.ethtool.insert_rule(NAME, flow_rule("tcp4", FOUR, encode_action(None, 1), 5))
    assert [each.location for each in told(simulated)] == [5]
    channels = simulated.ethtool.channels(NAME)
    simulated.ethtool.set_channels(NAME, channels._replace(combined=4))
    assert told(simulated) == []


def test_a_place_that_is_taken(kernel):
    simulated = kernel("qede 41000")
    simulated.ethtool.insert_rule(NAME, flow_rule("tcp4", FOUR, 1, 5))
    with pytest.raises(KernelRefused) as refused:
        simulated.ethtool.insert_rule(NAME, flow_rule("udp4", FOUR, 1, 5))
    assert refused.value.errno == errno.EINVAL


@pytest.mark.parametrize(
    ("name", "rule", "expected"),
    [
        ("sfc EF10", flow_rule("tcp4", FOUR, 1, 5), errno.EINVAL),
        ("ice E810", flow_rule("tcp4", FOUR, encode_action(0), 5), errno.EINVAL),
        ("ice E810", flow_rule("tcp4", FOUR, 1, 512), errno.ENOSPC),
        ("mlx5_core ConnectX-5", flow_rule("sctp4", FOUR, 1, 5), 524),
        ("i40e X710", flow_rule("tcp4", FOUR, encode_action(0, 4), 5), errno.EINVAL),
        ("bnxt_en 57416 (P4)", flow_rule("tcp4", FOUR, encode_action(0)), errno.EOPNOTSUPP),
    ],
)
def test_a_rule_is_refused(kernel, name, rule, expected):
    simulated = kernel(name)
    with pytest.raises(KernelRefused) as refused:
        simulated.ethtool.insert_rule(NAME, rule)
    assert refused.value.errno == expected


def test_i40e_tells_masks_of_ipv6_where_ipv4_has_them(kernel):
    simulated = kernel("i40e X710")
    simulated.ethtool.insert_rule(NAME, flow_rule("tcp6", FOUR6, 1, 5))
    request = simabi.Rxnfc()
    interface = nic(simulated.run.devices, NAME)
    interface.tell_rule(interface.rule_at(5), request)
    masks = bytes(request.fs.m_u)
    assert (masks[:16], masks[16:32], masks[32:36]) == (bytes(16 * [255]), bytes(16 * [255]), bytes(4))


def test_cxgb4_tells_the_absolute_queue(kernel):
    simulated = kernel("cxgb4 PF4")
    simulated.ethtool.insert_rule(NAME, flow_rule("tcp4", FOUR, 1, 5))
    assert [each.destination.queue for each in told(simulated)] == [97]


def test_octeontx2_takes_rules_only_with_ntuple(kernel):
    simulated = kernel("octeontx2 (rvu_nicpf)")
    rule = flow_rule("tcp4", FOUR, encode_action(0), 5)
    with pytest.raises(KernelRefused) as refused:
        simulated.ethtool.insert_rule(NAME, rule)
    assert refused.value.errno == errno.EOPNOTSUPP
    simulated.ethtool.set_feature(NAME, NTUPLE, True)
    simulated.ethtool.insert_rule(NAME, rule)
    assert told(simulated) == [rule]
    simulated.ethtool.set_feature(NAME, NTUPLE, False)
    assert told(simulated) == []
