# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that nobody means, and hosts that no kernel shows. More of them: tests/bench/strange.py."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support import strange
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

OPTIONS, HOSTS, PARTS = 1000, 500, 4
as_they_come = settings(deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])


@pytest.mark.parametrize("part", range(PARTS))
def test_strange_options_are_refused_by_name_or_met(roots, part):
    trial = strange.Trial(roots)

    @settings(as_they_come, max_examples=OPTIONS // PARTS)
    @given(strange.strange_options())
    def holds(options):
        assert trial.options(options) == []

    holds()


@pytest.mark.parametrize("part", range(PARTS))
def test_strange_hosts_give_a_refusal_or_a_result(roots, part):
    trial = strange.Trial(roots)

    @settings(as_they_come, max_examples=HOSTS // PARTS)
    @given(strange.damages(trial.paths), st.sampled_from(strange.WISHES))
    def holds(damages, wish):
        assert trial.host(damages, wish) == []

    holds()


def test_a_vf_that_is_not_shown_any_more_gets_nothing_back_after_a_refusal(roots):
    """The kernel says two VFs, and what one of them leads to is no device; the number cannot be written."""
    trial = strange.Trial(roots)
    gone = [strange.Damage("sys/bus/pci/devices/0000:01:10.2", b"garbage\n")]
    more = [(name, options) for name, options in strange.WISHES if options.get("pfs", [{}])[0].get("num_vfs") == 3]
    assert more
    for wish in more:
        assert trial.host(gone, wish) == []
