# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a host to a desired one, on the simulated kernel: what is read, planned, done, read again and compared."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse, InvalidRequest, NotReached
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Several
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import LABEL, PF, desired_pf, desired_vfs

MAC = "02:00:00:00:aa:00"
TWO_VFS = Desired((desired_pf("enp1s0", num_vfs=2),))
MAC_AND_TRUST = Desired((desired_pf("enp1s0", vfs=[desired_vfs(mac=MAC, trust=True)]),))
SET_MAC = f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)"
SET_TRUST = f"set VF 0 of {LABEL}: trust on (was off)"
TIMEOUT = 10


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, hosts.host())


@pytest.fixture
def trusted(kernel):
    """VF 0 has no driver and is trusted."""
    kernel.pci.set_drivers_autoprobe(PF, False, TIMEOUT)
    kernel.pci.set_num_vfs(PF, 1, TIMEOUT)
    kernel.run(["ip", "link", "set", "dev", "enp1s0", "vf", "0", "trust", "on"])
    return kernel


class ForgetsTrust:
    """`ip` of a driver that turns trust off when it changes a VF otherwise, so many times."""

    def __init__(self, run, times):
        self._run, self._times = run, times
        self.calls = run.calls

    def __call__(self, argv, stdin=""):
        result = self._run(argv, stdin)
        if "-batch" in argv and self._times:
            self._times -= 1
            self._run(["ip", "link", "set", "dev", "enp1s0", "vf", "0", "trust", "off"])
        return result


def forgetful(kernel, times):
    kernel.run = kernel.link._run = ForgetsTrust(kernel.run, times)
    return kernel


def test_a_host_is_brought_to_what_is_desired_and_a_second_run_finds_nothing(kernel):
    outcome = converge(kernel, TWO_VFS, TIMEOUT)
    assert [each.pf for each in outcome.desired.pfs] == [PF], "located"
    assert (outcome.before.pfs[PF].num_vfs, outcome.after.pfs[PF].num_vfs) == (0, 2)
    assert outcome.plan.steps
    again = converge(kernel, TWO_VFS, TIMEOUT)
    assert (again.plan.steps, again.before) == ((), again.after)


def test_what_cannot_be_had_is_refused_before_anything_is_written(tmp_path, kernel):
    before = snapshot(tmp_path)
    with pytest.raises(InvalidRequest) as refused:
        converge(kernel, Desired((desired_pf("enp1s0", num_vfs=8),)), TIMEOUT)
    assert (refused.value.done, snapshot(tmp_path), written(kernel)) == ([], before, [])


def test_a_check_predicts_and_writes_nothing(tmp_path, kernel):
    before = snapshot(tmp_path)
    predicted = converge(kernel, TWO_VFS, TIMEOUT, check=True)
    assert (snapshot(tmp_path), written(kernel)) == (before, [])
    assert predicted.after.pfs[PF].num_vfs == 2
    assert predicted.plan == converge(kernel, TWO_VFS, TIMEOUT).plan


def test_what_a_driver_changes_besides_is_put_right_by_a_second_plan(trusted):
    outcome = converge(forgetful(trusted, times=1), MAC_AND_TRUST, TIMEOUT)
    assert [str(step) for step in outcome.plan.steps] == [SET_MAC, SET_TRUST]
    vf = outcome.after.pfs[PF].vfs[0].attributes
    assert (vf.mac, vf.trust) == (MAC, True)


def test_what_a_second_plan_does_not_reach_either_is_an_error_with_all_that_was_done(trusted):
    with pytest.raises(NotReached) as failed:
        converge(forgetful(trusted, times=9), MAC_AND_TRUST, TIMEOUT)
    assert failed.value.done == [SET_MAC, SET_TRUST]
    assert failed.value.why == f"{PF}.vfs.0.trust: planned True, found False"


def test_what_no_host_can_meet_is_refused_before_the_host_is_read(kernel):
    vfs = [desired_vfs("0", trust=True), desired_vfs("0", trust=False)]
    with pytest.raises(InvalidRequest) as refused:
        converge(kernel, Desired((desired_pf("not-there", vfs=vfs),)), TIMEOUT)
    assert "contradicts" in refused.value.what
    assert kernel.run.calls == []


def test_a_name_that_means_nothing_is_told_with_what_else_cannot_be(tmp_path, kernel):
    before = snapshot(tmp_path)
    with pytest.raises(Several) as refused:
        converge(kernel, Desired((desired_pf("eth7"), desired_pf("enp1s0", num_vfs=8))), TIMEOUT)
    assert [each.kind for each in refused.value.each()] == ["not_found", "invalid"]
    assert (refused.value.done, snapshot(tmp_path)) == ([], before)


def test_a_consent_is_told_where_it_is_used_and_only_there(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.ssh_from("198.51.100.7", "enp1s0")})
    with pytest.raises(InUse) as refused:
        converge(kernel, TWO_VFS, TIMEOUT)
    assert refused.value.consent == "link_reset"
    allowed = Desired((desired_pf("enp1s0", num_vfs=2, allow=["link_reset", "destroy_vfs"]),))
    told = (f"link_reset for {LABEL}: it carries the SSH connection from 198.51.100.7",)
    assert converge(kernel, allowed, TIMEOUT, check=True).plan.allowed == told
    assert converge(kernel, allowed, TIMEOUT).plan.allowed == told
    assert converge(kernel, allowed, TIMEOUT).plan.allowed == (), "nothing is to be done any more"
