# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules in force beside VFs, and the sentences of their steps."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import encode_action

from .drivers import LENIENT
from .models import LABEL, RULE, ixgbe, rule

ON = " on enp1s0 (0000:01:00.0): "
RULE_WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
RULE_WORDS_1 = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 1 queue 1"
OTHER = rule(dst_ip=0xC0A8FE1F, dst_port=80, location=2044)
OTHER_WORDS = "tcp4 dst-ip 192.168.254.31 dst-port 80 to VF 0 queue 0"


def to(vf_index, queue=0, location=None):
    """The flow of RULE, sent elsewhere."""
    return replace(RULE, cookie=encode_action(vf_index, queue), location=location)


def with_rules(*rules, num_vfs=4, combined=4, cpus=16, **changes):
    """An 82599 beside VFs, with rules in force."""
    facts = {"combined_channels": combined, "max_channels": 4, "ntuple": "on", "rules": rules}
    return ixgbe(num_vfs, online_cpus=cpus, **{**facts, **changes})


def unknown_driver(*rules, **changes):
    """A driver that knows VFs and leaves no rule in place of another."""
    return with_rules(*rules, driver=LENIENT.name, device="9999", **changes)


def add(words, location, of=LABEL):
    return f"add flow rule {location} of {of}: {words}"


def delete(words, location):
    return f"delete flow rule {location} of {LABEL}: {words}"


def replaced(words, old, location=2045):
    return f"replace flow rule {location} of {LABEL}: {words} (was: {old})"
