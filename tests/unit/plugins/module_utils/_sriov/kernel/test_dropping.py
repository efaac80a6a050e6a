# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules and programs that drop: what is run, and what is understood of the answers."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.dropping import TABLE, nft_table
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.filters import Filters

IPTABLES, NFT, XDP = "iptables-legacy", "nft", "XDP"
LISTED = """\
Chain PREROUTING (policy ACCEPT 12 packets, 840 bytes)
    pkts      bytes target     prot opt in     out     source               destination
    1536    70656 DROP       udp  --  enp1s0 *       0.0.0.0/0            0.0.0.0/0            udp dpt:4321
       7      322 DROP       udp  --  enp2s0 *       0.0.0.0/0            0.0.0.0/0            udp dpt:4321
       9      414 DROP       udp  --  enp1s0 *       0.0.0.0/0            0.0.0.0/0            udp dpt:43
       3      138 ACCEPT     udp  --  enp1s0 *       0.0.0.0/0            0.0.0.0/0            udp dpt:4321
"""
NFT_LISTED = f"""\
table ip {TABLE} {{
	chain raw {{
		type filter hook prerouting priority raw; policy accept;
		iifname "enp1s0" udp dport 4321 counter packets 1536 bytes 70656 drop
	}}
}}
"""


@pytest.fixture
def kernel(tmp_path):
    return Filters.on(simulate(tmp_path, hosts.host(hosts.IXGBE)))


@pytest.mark.parametrize("by", [IPTABLES, NFT, XDP])
def test_each_comes_and_goes_and_is_told_from_none(kernel, by):
    dropping = kernel.dropping
    dropping.stop(by, "enp1s0", 4321)
    assert not dropping.is_there(by, "enp1s0", 4321)
    dropping.start(by, "enp1s0", 4321)
    assert dropping.is_there(by, "enp1s0", 4321)
    dropping.stop(by, "enp1s0", 4321)
    assert not dropping.is_there(by, "enp1s0", 4321)


def test_the_rule_is_where_the_table_raw_is():
    rule = 'iifname "enp1s0" udp dport 4321 counter drop'
    assert nft_table("enp1s0", 4321) == (
        f"table ip {TABLE} {{ chain raw {{ type filter hook prerouting priority -300; {rule}; }}; }}\n"
    )


@pytest.mark.parametrize(("by", "listed", "count"), [(IPTABLES, LISTED, 1536), (NFT, NFT_LISTED, 1536)])
def test_only_the_packets_of_our_rule_are_counted(kernel, by, listed, count):
    kernel.run.lists[by] = listed
    assert kernel.dropping.count(by, "enp1s0", 4321) == count


def test_nobody_counts_what_the_program_drops(kernel):
    assert kernel.dropping.count(XDP, "enp1s0", 4321) is None


def test_anothers_xdp_program_stays(kernel):
    kernel.run.attach_anothers("enp1s0")
    assert not kernel.dropping.is_there(XDP, "enp1s0", 4321)
    kernel.dropping.stop(XDP, "enp1s0", 4321)
    assert kernel.run.attached


def test_the_program_needs_no_name_once_it_is_attached(kernel, tmp_path):
    kernel.dropping.start(XDP, "enp1s0", 4321)
    assert list((tmp_path / "run/kernel-bypass-sriov/bpf").iterdir()) == []


def test_what_is_refused_is_told(kernel):
    kernel.run.refuses = "nft -f -"
    with pytest.raises(KernelRefused, match="Operation not supported"):
        kernel.dropping.start(NFT, "enp1s0", 4321)


def test_a_program_is_known_by_its_being_started(kernel):
    assert kernel.dropping.has("nft")
    kernel.run.without.add("nft")
    assert not kernel.dropping.has("nft")
