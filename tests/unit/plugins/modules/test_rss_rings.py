# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes of rings, and the end of flow rules: what a driver drops for them comes back, or is told."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import flow_rule, host, info, rss
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

LABEL = f"enp1s0 ({hosts.IXGBE.address})"
BY_HAND = (0,) * 64 + (1,) * 64
RULE = rule(dst_port=9, cookie=1, location=7)
BACK = f"put back the RSS table of {LABEL}: of 128 entries queue 0 has 64, queue 1 has 64"


def start(root, nic=hosts.IXGBE, rules=(RULE,), **files):
    """A PF with a table that somebody has set, and a rule."""
    kernel = simulate(root, {**hosts.host(nic, cpus=16), **files})
    if nic is hosts.IXGBE:
        kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
        for each in rules:
            kernel.ethtool.insert_rule("enp1s0", each)
    if nic.driver in ("ixgbe", "igb"):
        kernel.ethtool.set_rss("enp1s0", BY_HAND)
    return kernel


def both(kernel, module, **options):
    """A check and the run itself, which must agree, and a second run, which must find nothing to do."""
    planned = run_module(module, kernel, True, pf="enp1s0", **options)
    done = run_module(module, kernel, pf="enp1s0", **options)
    assert (planned["steps"], planned["diff"]) == (done["steps"], done["diff"])
    assert not run_module(module, kernel, pf="enp1s0", **options)["changed"]
    return done


def table(kernel):
    return kernel.ethtool.rss("enp1s0").table


def test_rings_are_shown(tmp_path):
    sizes = {"max_rx": 4096, "max_tx": 4096, "rx": 512, "tx": 512}
    assert run_module(info, start(tmp_path))["pfs"][0]["ring_sizes"] == sizes


def test_ixgbe_refills_the_table_which_comes_back(tmp_path):
    kernel = start(tmp_path)
    done = both(kernel, rss, rings={"rx": 4096})
    assert done["steps"] == [f"set the rings of {LABEL} to rx 4096 tx 512 (were rx 512 tx 512)", BACK]
    assert done["diff"] == {
        "before": {"rings": "rx 512 tx 512", "rss_table": "0*64 1*64"},
        "after": {"rings": "rx 4096 tx 512", "rss_table": "0*64 1*64"},
    }
    assert (table(kernel), kernel.ethtool.rules("enp1s0").rules) == (BY_HAND, (RULE,))


def test_igb_keeps_the_table(tmp_path):
    done = both(start(tmp_path, hosts.IGB), rss, rings={"rx": 1024, "tx": 512})
    assert done["steps"] == [f"set the rings of {LABEL} to rx 1024 tx 512 (were rx 256 tx 256)"]


def test_rings_beside_channels_and_a_table(tmp_path):
    done = both(start(tmp_path, rules=()), rss, channels=8, rings={"tx": 64}, equal=4)
    assert done["steps"][:2] == [
        f"set the combined channels of {LABEL} from 16 to 8",
        f"set the rings of {LABEL} to rx 512 tx 64 (were rx 512 tx 512)",
    ]
    assert len(done["steps"]) == 3


CARRIES = hosts.routes({"dst": "default", "gateway": "192.0.2.1", "dev": "enp1s0"})


@pytest.mark.parametrize(
    ("nic", "rings", "files", "kind", "message"),
    [
        pytest.param(
            hosts.IXGBE,
            {"rx": 8192},
            {},
            "invalid",
            f"rings.rx: cannot set 8192 on {LABEL}: the driver has 1 to 4096. Remedy: ask for one that it has.",
            id="too many",
        ),
        pytest.param(
            hosts.IXGBE,
            {"tx": 0},
            {},
            "invalid",
            f"rings.tx: cannot set 0 on {LABEL}: the driver has 1 to 4096. Remedy: ask for one that it has.",
            id="none",
        ),
        pytest.param(
            hosts.Nic("mystery", device="abcd"),
            {"tx": 512},
            {},
            "unsupported",
            f"rings: cannot set tx 512 on {LABEL}: driver mystery has no such sizes. Remedy: leave out rings.",
            id="a driver without",
        ),
        pytest.param(
            hosts.IXGBE,
            {"rx": 1024},
            CARRIES,
            "in_use",
            f"rings: cannot set rx 1024 on {LABEL}: the PF is reset by it, and carries a default route. Remedy: reach "
            "the host over another NIC, or accept that its link is lost for some seconds: allow: [link_reset].",
            id="a default route",
        ),
    ],
)
def test_rings_that_cannot_be_had(tmp_path, nic, rings, files, kind, message):
    refused = run_module(rss, start(tmp_path, nic, **files), pf="enp1s0", rings=rings)
    assert (refused["failure"]["kind"], refused["msg"]) == (kind, message)


def test_the_link_may_be_given_up_for_rings(tmp_path):
    done = run_module(rss, start(tmp_path, **CARRIES), pf="enp1s0", rings={"rx": 1024}, allow=["link_reset"])
    assert (done["failed"], done["changed"]) == (False, True)


def test_a_driver_that_rounds_is_told_and_undone(tmp_path):
    kernel = start(tmp_path)
    refused = run_module(rss, kernel, pf="enp1s0", rings={"rx": 1001})
    assert refused["msg"] == (
        f"rings are rx 1008 tx 512 after rx 1001 tx 512 was set on {LABEL}: the driver makes other sizes of them; the "
        f"size of the rings of {LABEL} (rx 512 tx 512) is back; the RSS table of {LABEL} is back. Remedy: ask for rx "
        "1008 tx 512."
    )
    assert (kernel.ethtool.ring_sizes("enp1s0").rx, table(kernel)) == (512, BY_HAND)
    assert refused["done"] == [f"set the rings of {LABEL} to rx 512 tx 512 (were rx 1008 tx 512)", BACK]


def test_rings_that_cannot_be_put_back_are_told_with_the_command(tmp_path):
    kernel = start(tmp_path)
    kernel.ethtool = SimEthtool(tmp_path, refuses={"ethtool -G enp1s0 rx 512 tx 512": errno.EBUSY})
    refused = run_module(rss, kernel, pf="enp1s0", rings={"rx": 1001})
    assert refused["lost"] == ["ethtool -G enp1s0 rx 512 tx 512"]


def test_a_refusal_has_its_cause(tmp_path):
    kernel = start(tmp_path)
    kernel.ethtool = SimEthtool(tmp_path, refuses={"ethtool -G enp1s0": errno.EBUSY})
    refused = run_module(rss, kernel, pf="enp1s0", rings={"rx": 1024})
    assert refused["msg"] == (
        f"cannot set rings rx 1024 tx 512 on {LABEL}: the driver refused `ethtool -G enp1s0 rx 1024 tx 512` [EBUSY: "
        "Device or resource busy]. Remedy: an AF_XDP socket has a queue, or the device is in reset: end that, and run "
        "again."
    )


# ntuple: false.


def test_the_feature_goes_off_once_the_rules_have_gone_and_the_table_comes_back(tmp_path):
    kernel = start(tmp_path)
    done = both(kernel, flow_rule, ntuple=False, exclusive=True)
    assert done["steps"] == [
        f"delete flow rule 7 of {LABEL}: tcp4 dst-port 9 to queue 1",
        f"turn ntuple filters of {LABEL} off",
        BACK,
    ]
    assert done["diff"]["after"]["ntuple"] is False
    assert (table(kernel), kernel.ethtool.feature("enp1s0").on) == (BY_HAND, False)


def test_the_hash_is_set_where_the_feature_goes_off_too(tmp_path):
    kernel = start(tmp_path, rules=())
    wish = {"pf": "enp1s0", "ntuple": False, "rss": {"hash_fields": {"udp4": "sdfn"}}}
    assert run_module(host, kernel, pfs=[wish])["steps"] == [
        f"turn ntuple filters of {LABEL} off",
        BACK,
        f"set the RSS hash of {LABEL}: fields of udp4 sdfn (was sd)",
    ]
    assert not run_module(host, kernel, pfs=[wish])["changed"]


def test_rules_that_would_be_in_force_no_more_are_named(tmp_path):
    kernel = start(tmp_path)
    refused = run_module(flow_rule, kernel, True, pf="enp1s0", ntuple=False)
    assert refused["msg"] == (
        f"ntuple: cannot turn ntuple filters off on {LABEL}: flow rules would be in force no more: 7: tcp4 dst-port 9 "
        "to queue 1. Remedy: remove them first (exclusive with no rules), or accept that: allow: [in_use]."
    )
    done = both(kernel, flow_rule, ntuple=False, allow=["in_use"])
    assert done["steps"] == [f"turn ntuple filters of {LABEL} off", BACK]


def test_the_feature_may_be_asked_for_without_rules(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    done = both(kernel, flow_rule, ntuple=True)
    assert done["steps"] == [f"turn ntuple filters of {LABEL} on"]
    assert [done["diff"][when]["ntuple"] for when in ("before", "after")] == [False, True]
    back = both(kernel, flow_rule, ntuple=False)
    assert back["steps"] == [f"turn ntuple filters of {LABEL} off"]


def test_the_reset_needs_the_link(tmp_path):
    kernel = start(tmp_path, rules=(), **CARRIES)
    refused = run_module(flow_rule, kernel, True, pf="enp1s0", ntuple=False)
    assert refused["failure"]["why"] == "the PF is reset by it, and carries a default route"
    assert run_module(flow_rule, kernel, True, pf="enp1s0", ntuple=False, allow=["link_reset"])["changed"]


def test_a_feature_that_is_fixed_stays(tmp_path):
    nic = hosts.Nic("mystery", device="abcd")
    refused = run_module(flow_rule, start(tmp_path, nic), True, pf="enp1s0", ntuple=False)
    assert refused["msg"] == (
        f"ntuple: cannot turn ntuple filters off on {LABEL}: driver mystery keeps them on (ethtool -k: [fixed]). "
        "Remedy: leave out ntuple, and remove the rules."
    )


def test_rules_contradict_it_before_the_host_is_asked(tmp_path):
    wish = {"pf": "enp1s0", "ntuple": False, "rules": [{"flow_type": "tcp4", "dst_port": 80, "queue": 0}]}
    refused = run_module(host, start(tmp_path), True, pfs=[wish])
    assert refused["msg"] == (
        "pfs[0].ntuple: false contradicts pfs[0].rules[0] on enp1s0: without the feature no flow rule is in force. "
        "Remedy: leave out one of them."
    )
