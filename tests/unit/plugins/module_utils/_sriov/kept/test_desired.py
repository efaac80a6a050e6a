# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A desired state as JSON and back, every word of it."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.boot import (
    BootHost,
    BootPf,
    from_boot,
    to_boot,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.desired import from_desired, to_desired
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredPf,
    DesiredRss,
    DesiredRules,
    DesiredVfs,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import FlowRule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Rings
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.xsk import DesiredXsk

RULES = tuple(FlowRule("tcp4", (), number, number, number) for number in range(1, 5))
WORDS = {
    "rules": DesiredRules(RULES[:1], ("rules[0]",), True, True, RULES[1:2], RULES[2:3], RULES[3:]),
    "rss": DesiredRss(4, "weights", (1, 2), 2, Rings(512, 256), Hash("6d:5a", "toeplitz", {"udp4": 0x30})),
}
PF = DesiredPf(
    "0000:01:00.0",
    num_vfs=2,
    drivers_autoprobe=False,
    min_rss_queues=2,
    up=True,
    vfs=(DesiredVfs(parse_selector("0-1,5"), {"mac": "auto", "vlan": 7}, "vfs[0]"),),
    rss=WORDS["rss"],
    rules=WORDS["rules"],
    allow=frozenset(("in_use",)),
    place="pfs[0].",
    port="enp1s0",
    kept=(DesiredVfs(parse_selector("all"), {"mtu": 1500}, ""),),
    ntuple=True,
    release=frozenset(("app.service",)),
    as_it_was=True,
    as_before=True,
    xsk=DesiredXsk((1, 2), 990, "generic", {"gro_flush_timeout": 5}, True, {"napi_defer_hard_irqs": 2}, "pfs[0].xsk."),
)


def again(desired):
    return to_desired(json.loads(json.dumps(from_desired(desired))))


def test_every_word_is_said_here():
    """What is added to the model is added here as well, or this fails."""
    bare = DesiredPf("")
    assert [word for word in DesiredPf._fields if getattr(PF, word) == getattr(bare, word)] == []
    assert [word for word in DesiredRss._fields if getattr(PF.rss, word) == getattr(DesiredRss(), word)] == []
    assert [word for word in DesiredXsk._fields if getattr(PF.xsk, word) == getattr(DesiredXsk(), word)] == []
    names = [each.name for each in fields(DesiredRules)]
    assert [word for word in names if getattr(PF.rules, word) == getattr(DesiredRules(), word)] == []


def test_it_comes_back_as_it_was():
    assert again(Desired((PF, DesiredPf("0000:02:00.0")))) == Desired((PF, DesiredPf("0000:02:00.0")))
    host = BootHost((BootPf(PF, "02:00:00:00:01:00", "enp1s0", "ixgbe"),), "1.2.3", 180.0, 30.0, "/metrics")
    assert to_boot(json.loads(json.dumps(from_boot(host)))) == host


def test_rules_of_an_earlier_run_without_unwanted_ones_are_read():
    value = from_desired(Desired((PF,)))
    del value[0]["rules"]["unwanted"]
    rules = to_desired(value).pfs[0].rules
    assert (rules.unwanted, rules.rules) == ((), PF.rules.rules)


@pytest.mark.parametrize("word", ["rules", "leftover", "spared"])
def test_others_that_are_missing_are_not_none(word):
    value = from_desired(Desired((PF,)))
    del value[0]["rules"][word]
    with pytest.raises(KeyError):
        to_desired(value)
