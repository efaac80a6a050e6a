# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option plan_file on the host: the plan as a text, and a run that is the saved one or nothing."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import ONE, start

WISH = {"pf": ONE.name, "vfs": [{"vf": 0, "trust": True}]}
VF = f"/sys/bus/pci/devices/{ONE.vf(1)}"
AGAIN = "\nRemedy: run it in check mode (--check), and review the plan that this writes."


@pytest.fixture
def root(tmp_path):
    return tmp_path


@pytest.fixture
def kernel(root):
    found = start(root)
    assert not run_module(host, found, pfs=[{"pf": ONE.name, "num_vfs": 2}])["failed"]
    return found


def run(kernel, check=False, **options):
    return run_module(host, kernel, check, **{"pfs": [WISH], **options})


def saved(kernel):
    return run(kernel, check=True, plan_file="plan.json")["plan_file"]


def to_vfio(kernel):
    kernel.sysfs.write(f"{VF}/driver/unbind", ONE.vf(1))
    kernel.run(["modprobe", "--", "vfio-pci"])
    kernel.sysfs.write(f"{VF}/driver_override", "vfio-pci\n")
    kernel.sysfs.write("/sys/bus/pci/drivers/vfio-pci/bind", ONE.vf(1))
    kernel.sysfs.write(f"{VF}/driver_override", "\n")


def test_a_host_that_has_changed_since_is_left_as_it_is(root, kernel):
    plan = saved(kernel)
    kernel.run(["ip", "link", "set", "dev", ONE.name, "vf", "1", "vlan", "7"])
    before, writes = snapshot(root), written(kernel)
    found = run(kernel, plan_file=plan)
    assert found["msg"] == (
        f"plan_file: the plan is not the saved one:\n- facts: {ONE.address}.vfs.1.attributes.vlan was 0, is 7{AGAIN}"
    )
    assert (found["failure"]["kind"], found["done"], found["changed"]) == ("plan_changed", [], False)
    assert snapshot(root) == before and written(kernel) == writes


def test_another_driver_is_told_by_its_name(kernel):
    plan = saved(kernel)
    to_vfio(kernel)
    lines = run(kernel, plan_file=plan)["failure"]["why"].splitlines()
    assert f"facts: {ONE.address}.vfs.1.driver was ixgbevf, is vfio-pci" in lines
    assert f"facts: {ONE.address}.vfs.1.netdevs is gone" in lines


def test_what_differs_from_run_to_run_is_no_difference(root, kernel):
    to_vfio(kernel)
    node = f"/dev/vfio/{kernel.sysfs.link_name(f'{VF}/iommu_group')}"
    build(root, hosts.process(4711, "testpmd", [node]))
    plan = saved(kernel)
    assert f"vfio: process (testpmd) has {node} open" in plan and "4711" not in plan
    shutil.rmtree(root / "proc" / "4711")
    build(root, hosts.process(4812, "testpmd", [node]))
    assert plan == saved(kernel)
    found = run(kernel, plan_file=plan)
    assert (found["failed"], found["steps"]) == (False, [f"set VF 0 of {ONE.name} ({ONE.address}): trust on (was off)"])
    assert "plan_file" not in found, "the controller has the file"


def test_consent_is_part_of_the_wish(kernel):
    found = run(kernel, plan_file=saved(kernel), allow=["in_use"])
    assert found["failure"]["why"] == f"desired: {ONE.address}.allow: new: in_use"


def test_a_host_that_is_as_desired_has_a_plan_too(root, kernel):
    run(kernel)
    before, plan = snapshot(root), saved(kernel)
    assert '"steps": []' in plan
    found = run(kernel, plan_file=plan)
    assert (found["failed"], found["changed"]) == (False, False) and snapshot(root) == before


def test_a_path_where_a_plan_is_needed_is_refused(kernel):
    assert run(kernel, plan_file="plan.json")["msg"] == (
        "plan_file: what was given is damaged: it is no JSON (Expecting value: line 1 column 1 (char 0)). "
        "Remedy: run it in check mode (--check), and review the plan that this writes."
    )


def test_steps_of_a_file_are_never_carried_out(root, kernel):
    plan = saved(kernel).replace("trust on (was off)", "trust off")
    before = snapshot(root)
    found = run(kernel, plan_file=plan)
    label = f"set VF 0 of {ONE.name} ({ONE.address}): trust"
    assert found["failure"]["why"].splitlines() == [
        f"steps: no longer: {label} off",
        f"steps: new: {label} on (was off)",
    ]
    assert snapshot(root) == before
