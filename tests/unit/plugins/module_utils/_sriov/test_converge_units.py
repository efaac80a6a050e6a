# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that hand over what they have open, and have it back."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    InvalidRequest,
    KernelRefused,
    NotReached,
    NotSupported,
    TookTooLong,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.units import service
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import PF, desired_driver, desired_pf

TIMEOUT = 10
APP = "dpdk-app.service"
VF0 = hosts.IGB.vf(0)
STOP = f"stop unit {APP}, which has VF 0 ({VF0}, vfio-pci) open"
START = f"start unit {APP} again"
BIND = f"bind {VF0} (VF 0 of {PF}) to igbvf (now vfio-pci)"
RELEASE = frozenset({APP})
NOTE = "/run/kernel-bypass-sriov/units.json"


def make(root, units=None, held=0, **behaviour):
    """Two VFs for programs; services have one of them open.

    :param units: states of services by name; APP unless told.
    """
    kernel = simulate(root, hosts.host(loaded=(*hosts.LOADED, "vfio-pci")), Behaviour(**behaviour))
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe", "0")
    kernel.pci.set_num_vfs(PF, 2, TIMEOUT)
    for index in (0, 1):
        kernel.pci.rebind(hosts.IGB.vf(index), "vfio-pci", TIMEOUT)
    node = f"/dev/vfio/{kernel.pci.iommu_group(hosts.IGB.vf(held))}"
    for number, (name, state) in enumerate((units or {APP: {}}).items()):
        build(root, service(name, 4711 + number, "/usr/bin/dpdk-app", [node], **state))
    return kernel


def wanted(vf="0", release=RELEASE):
    return Desired((desired_pf("enp1s0", vfs=[desired_driver(vf, "default")], release=release),))


def steps(outcome):
    return [str(step) for step in outcome.plan.steps]


def asked(kernel):
    return [call for call in kernel.run.calls if call.startswith("systemctl") and " show " not in call]


def state_of(kernel, name=APP):
    return kernel.units.now(name).state


def test_the_unit_is_stopped_and_started_again(tmp_path):
    kernel = make(tmp_path)
    checked = converge(kernel, wanted(), TIMEOUT, check=True)
    assert steps(checked) == [STOP, BIND, START]
    assert asked(kernel) == []
    assert steps(converge(kernel, wanted(), TIMEOUT)) == [STOP, BIND, START]
    assert asked(kernel) == [
        f"systemctl stop --no-block --no-ask-password -- {APP}",
        f"systemctl start --no-block --no-ask-password -- {APP}",
    ]
    assert (state_of(kernel), kernel.sysfs.exists(NOTE)) == ("active", False)


def test_all_vfs_may_go(tmp_path):
    kernel = make(tmp_path)
    wish = Desired((desired_pf("enp1s0", num_vfs=0, release=RELEASE),))
    assert steps(converge(kernel, wish, TIMEOUT))[0] == STOP
    assert (kernel.pci.num_vfs(PF, TIMEOUT), state_of(kernel)) == (0, "active")


@pytest.mark.parametrize("release", [frozenset(), frozenset({"other.service"})])
def test_a_unit_that_is_not_named_is_the_remedy(tmp_path, release):
    kernel = make(tmp_path)
    node = f"/dev/vfio/{kernel.pci.iommu_group(VF0)}"
    build(tmp_path, service("other.service", 99, "other", []))
    with pytest.raises(InUse) as raised:
        converge(kernel, wanted(release=release), TIMEOUT)
    assert str(raised.value) == (
        f"driver: cannot change vfio-pci to igbvf on {VF0}: process 4711 (dpdk-app) has {node} open. "
        "Remedy: end the program first: nothing allows this while it has the device open; or have it stopped for the "
        f"time of the run, and started again: release: [{APP}]."
    )
    assert asked(kernel) == []


def test_one_of_whose_devices_nothing_changes_is_not_touched(tmp_path):
    kernel = make(tmp_path, held=1)
    assert steps(converge(kernel, wanted(), TIMEOUT)) == [BIND]
    assert asked(kernel) == []


def test_but_not_one_that_would_be_gone(tmp_path):
    kernel = make(tmp_path, {APP: {"Transient": "yes"}})
    with pytest.raises(InUse) as raised:
        converge(kernel, wanted(release=frozenset()), TIMEOUT)
    assert str(raised.value).endswith("nothing allows this while it has the device open.")


def test_what_else_is_refused_is_told_and_nothing_is_stopped(tmp_path):
    kernel = make(tmp_path, {APP: {}, "other.service": {}})
    with pytest.raises(InUse, match=r"release: \[other.service\]"):
        converge(kernel, wanted(), TIMEOUT)
    assert asked(kernel) == []


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"Transient": "yes"}, "it is transient (systemd-run): once stopped it is gone, and cannot be started again"),
        ({"CanStop": "no"}, "it may not be stopped and started by hand (RefuseManualStop, RefuseManualStart)"),
        ({"CanStart": "no"}, "it may not be stopped and started by hand (RefuseManualStop, RefuseManualStart)"),
        ({"LoadState": "not-found"}, "systemd does not know it"),
    ],
)
def test_one_that_could_not_be_started_again_is_not_stopped(tmp_path, state, why):
    kernel = make(tmp_path, {APP: state})
    with pytest.raises(NotSupported) as raised:
        converge(kernel, wanted(), TIMEOUT)
    assert str(raised.value) == (
        f"release: {APP} cannot hand over VF 0 ({VF0}, vfio-pci): {why}. Remedy: end it yourself, and leave it out."
    )
    assert asked(kernel) == []


@pytest.mark.parametrize("kind", ["RequiredBy", "BoundBy", "ConsistsOf", "RequisiteOf", "PropagatesStopTo"])
def test_one_that_would_take_others_along_is_not_stopped(tmp_path, kind):
    """`systemctl start` of the one does not bring the others back."""
    kernel = make(tmp_path, {APP: {kind: "monitor.service idle.service", "WantedBy": "multi-user.target"}})
    build(tmp_path, service("monitor.service", 99, "monitor", []))
    build(tmp_path, service("idle.service", 98, "idle", [], ActiveState="inactive", ConsistsOf="behind.service"))
    build(tmp_path, service("behind.service", 97, "behind", [], BoundBy=APP))
    with pytest.raises(NotSupported) as raised:
        converge(kernel, wanted(), TIMEOUT)
    assert str(raised.value) == (
        f"release: {APP} cannot hand over VF 0 ({VF0}, vfio-pci): behind.service, monitor.service would be stopped "
        "with it (Requires=, BindsTo=, PartOf=), and not be started again with it. Remedy: `systemctl stop "
        "behind.service monitor.service` first, and start that again afterwards."
    )
    assert asked(kernel) == []
    for name in ("monitor.service", "behind.service"):
        kernel.units.stop(name)
    assert steps(converge(kernel, wanted(), TIMEOUT)) == [STOP, BIND, START]


def test_nor_the_one_that_this_run_is_in(tmp_path):
    kernel = make(tmp_path)
    build(tmp_path, {"proc/self/cgroup": f"0::/system.slice/{APP}/sub\n"})
    with pytest.raises(NotSupported, match="this run is part of it, and would end with it"):
        converge(kernel, wanted(), TIMEOUT)


def test_without_systemd_it_is_refused(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    kernel.pci.set_num_vfs(PF, 1, TIMEOUT)
    with pytest.raises(NotSupported, match="release: this host is not run by systemd"):
        converge(kernel, wanted(), TIMEOUT)


def test_after_a_refusal_it_is_started_again(tmp_path):
    kernel = make(tmp_path, probe_errors={"igbvf": errno.ENOMEM})
    with pytest.raises(KernelRefused) as raised:
        converge(kernel, wanted(), TIMEOUT)
    assert raised.value.done == [STOP, START]
    assert (state_of(kernel), raised.value.lost) == ("active", [])
    assert not kernel.sysfs.exists(NOTE), "whoever stops it from now on has his reason"


def test_after_a_fault_of_ours_too(tmp_path, monkeypatch):
    kernel = make(tmp_path)
    monkeypatch.setattr(kernel.pci, "rebind_all", lambda *_given: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        converge(kernel, wanted(), TIMEOUT)
    assert (state_of(kernel), kernel.sysfs.exists(NOTE)) == ("active", False)


def test_one_that_is_started_for_an_earlier_run_is_a_change(tmp_path, monkeypatch):
    kernel = make(tmp_path)
    killed_once_it_was_stopped(kernel, monkeypatch)
    monkeypatch.setattr(kernel.pci, "rebind_all", refusing)
    with pytest.raises(KernelRefused) as raised:
        converge(kernel, Desired((desired_pf("enp1s0", vfs=[desired_driver("1", "default")]),)), TIMEOUT)
    assert (raised.value.done, raised.value.changed) == ([f"{START}, which an earlier run has stopped"], True)
    assert (state_of(kernel), kernel.sysfs.exists(NOTE)) == ("active", False)


def test_one_that_runs_is_owed_nothing_after_a_failure_either(tmp_path, monkeypatch):
    kernel = make(tmp_path)
    killed_once_it_was_stopped(kernel, monkeypatch)
    kernel.units.start(APP)
    monkeypatch.setattr(kernel.pci, "rebind_all", refusing)
    with pytest.raises(KernelRefused) as raised:
        converge(kernel, Desired((desired_pf("enp1s0", vfs=[desired_driver("1", "default")]),)), TIMEOUT)
    assert (raised.value.done, raised.value.changed, kernel.sysfs.exists(NOTE)) == ([], False, False)


def test_of_two_the_one_that_did_not_start_is_still_owed(tmp_path):
    kernel = make(tmp_path, {APP: {}, "other.service": {"fails": True}})
    with pytest.raises(NotReached) as raised:
        converge(kernel, wanted(release=frozenset({APP, "other.service"})), TIMEOUT)
    assert (raised.value.done[-1], raised.value.lost) == (START, ["systemctl start other.service"])
    assert json.loads(kernel.sysfs.read(NOTE))["units"] == ["other.service"]


def test_each_step_of_the_outcome_has_its_purpose(tmp_path):
    plan = converge(make(tmp_path), wanted(), TIMEOUT).plan
    assert len(plan.purposes) == len(plan.steps) == 3


@pytest.mark.parametrize("state", [{"stuck": True}, {"stays": True}])
def test_one_that_does_not_let_go_is_given_up(tmp_path, state):
    kernel = make(tmp_path, {APP: state})
    before = written(kernel)
    with pytest.raises(TookTooLong) as raised:
        converge(kernel, wanted(), 4)
    assert raised.value.what == f"unit {APP} did not let go of VF 0 ({VF0}, vfio-pci)"
    assert (raised.value.done, state_of(kernel), written(kernel)) == ([START], "active", before)


def refusing(*_given):
    raise KernelRefused("no")


def mend(kernel):
    path = kernel.sysfs.path(f"/sim/units/{APP}")
    with open(path, encoding="utf-8") as file:
        unit = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**unit, "fails": False}, file)


def test_one_that_does_not_start_is_told_until_it_does(tmp_path):
    kernel = make(tmp_path, {APP: {"fails": True}})
    with pytest.raises(NotReached) as raised:
        converge(kernel, wanted(), TIMEOUT)
    assert raised.value.done == [STOP, BIND]
    assert raised.value.lost == [f"systemctl start {APP}"]
    assert str(raised.value) == (
        f"what was stopped does not run: {APP} is not started again: it is failed (exit-code). Remedy: see what it "
        "says (journalctl), and start it (lost has the commands); the next run tries again."
    )
    mend(kernel)
    assert steps(converge(kernel, wanted(), TIMEOUT)) == [f"{START}, which an earlier run has stopped"]
    assert (state_of(kernel), kernel.sysfs.exists(NOTE)) == ("active", False)


def killed_once_it_was_stopped(kernel, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*_given):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(kernel.pci, "rebind_all", die)
        converge(kernel, wanted(), TIMEOUT)
    assert state_of(kernel) == "inactive"


def test_after_a_kill_the_next_run_starts_it_whatever_it_is_about(tmp_path, monkeypatch):
    kernel = make(tmp_path)
    killed_once_it_was_stopped(kernel, monkeypatch)
    other = Desired((desired_pf("enp1s0", vfs=[desired_driver("1", "none")]),))
    assert steps(converge(kernel, other, TIMEOUT))[1:] == [f"{START}, which an earlier run has stopped"]
    assert state_of(kernel) == "active"


def test_what_somebody_has_started_since_then_is_left(tmp_path, monkeypatch):
    kernel = make(tmp_path)
    killed_once_it_was_stopped(kernel, monkeypatch)
    kernel.units.start(APP)
    assert converge(kernel, Desired((desired_pf("enp1s0"),)), TIMEOUT).plan.steps == ()
    assert not kernel.sysfs.exists(NOTE)


def test_a_refused_run_says_what_is_not_started(tmp_path, monkeypatch):
    kernel = make(tmp_path)
    killed_once_it_was_stopped(kernel, monkeypatch)
    with pytest.raises(InvalidRequest, match="num_vfs") as raised:
        converge(kernel, Desired((desired_pf("enp1s0", num_vfs=99),)), TIMEOUT)
    assert raised.value.lost == [f"systemctl start {APP}"]


def unwritable(monkeypatch):
    """Once they were started it cannot be noted."""
    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.units import StoppedUnits

    write = StoppedUnits.write
    monkeypatch.setattr(StoppedUnits, "write", lambda self, units: write(self, units) if units else refusing())


def test_what_was_started_is_told_though_it_cannot_be_noted(tmp_path, monkeypatch):
    unwritable(monkeypatch)
    done = converge(make(tmp_path), wanted(), TIMEOUT).plan
    assert (steps_of(done)[-1], len(done.warnings)) == (START, 1)
    assert done.warnings[0].endswith("what was noted on the way is left: no.")


def test_after_a_failure_too(tmp_path, monkeypatch):
    kernel = make(tmp_path)
    unwritable(monkeypatch)
    monkeypatch.setattr(kernel.pci, "rebind_all", refusing)
    with pytest.raises(KernelRefused) as raised:
        converge(kernel, wanted(), TIMEOUT)
    assert (raised.value.changed, raised.value.done[-1]) == (True, START)
    assert raised.value.why.endswith("; which units are owed a start could not be noted (no)")


def steps_of(plan):
    return [str(step) for step in plan.steps]
