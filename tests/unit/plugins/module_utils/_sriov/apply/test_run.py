# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan on the simulated kernel: step by step, and what was done in words."""

from __future__ import annotations

import errno
import shutil

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.net import InsertRule, SetVf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import (
    Bind,
    ClearOverride,
    Reload,
    SetAutoprobe,
    SetLink,
    SetNumVfs,
    Unbind,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import (
    LABEL,
    LONG,
    PF,
    VF0,
    VF_LABEL,
    number_of_vfs,
    recreate,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import FRESH, RULE


def test_what_was_done_is_reported_in_words(kernel_with):
    kernel = kernel_with(2)
    plan = recreate(4)
    assert apply_steps(kernel, plan, Deadline(LONG)) == [str(step) for step in plan]
    assert number_of_vfs(kernel) == (4, 4)
    assert kernel.run.calls[-1].startswith("udevadm settle --timeout=")


def test_an_empty_plan_waits_for_nothing(kernel_with):
    kernel = kernel_with(0)
    assert apply_steps(kernel, (), Deadline(LONG)) == []
    assert kernel.run.calls == []


GONE = (
    f"{PF} does not answer any more, its config space reads as all ones; the step ended with: ",
    "look at dmesg for the card (PCIe errors, hot-plug); with power and link back, run again",
)
ON_VF0 = (VF0, VF_LABEL)
OF_VF0 = {"physfn": PF, "vf": 0}
FAILING = {
    "VFs that go": SetNumVfs(PF, LABEL, 2, 0),
    "VFs that come": SetNumVfs(PF, LABEL, 0, 99),
    "autoprobe": SetAutoprobe(PF, LABEL, True),
    "a driver": Bind(*ON_VF0, "igbvf", "vfio-pci", **OF_VF0),
    "no driver": Unbind(*ON_VF0, "igbvf", **OF_VF0),
    "the driver anew": Reload(*ON_VF0, "igbvf", "a test", **OF_VF0),
    "an override": ClearOverride(PF, LABEL, "vfio-pci"),
    "attributes": SetVf(PF, "enp1s0", LABEL, 0, VfAttributes(trust=True), FRESH),
    "a rule": InsertRule(PF, "enp1s0", LABEL, RULE),
    "the link": SetLink(PF, "enp1s0", False),
}


@pytest.mark.parametrize("step", FAILING.values(), ids=FAILING)
def test_whatever_fails_on_a_card_that_is_gone_it_says_so_first(kernel_with, step, monkeypatch):
    kernel = kernel_with(2)

    def off(*_args, **_more):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(kernel.sysfs, "_write", off)
    monkeypatch.setattr(kernel.ethtool, "_ioctl", off)
    monkeypatch.setattr(kernel.link, "_run", lambda *_args: (2, "", "RTNETLINK answers: Input/output error\n"))
    for address in (PF, VF0):
        with open(kernel.sysfs.path(f"/sys/bus/pci/devices/{address}/config"), "wb") as file:
            file.write(b"\xff" * 64)
    with pytest.raises(SriovError) as failed:
        apply_steps(kernel, [step], Deadline(LONG))
    assert failed.value.why.startswith(GONE[0])
    assert len(failed.value.why) > len(GONE[0])
    assert failed.value.remedy == GONE[1]


def test_a_function_that_is_no_more_on_the_bus_is_told_so(kernel_with):
    kernel = kernel_with(1)
    shutil.rmtree(kernel.sysfs.path(f"/sys/bus/pci/devices/{PF}"))
    with pytest.raises(SriovError) as failed:
        apply_steps(kernel, [SetAutoprobe(PF, LABEL, True)], Deadline(LONG))
    assert failed.value.why == (
        f"{PF} is gone from the bus; the step ended with: the kernel refused '1' for "
        f"/sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe"
    )


def test_a_card_that_answers_keeps_what_an_errno_means(kernel_with):
    kernel = kernel_with(0)
    with pytest.raises(SriovError) as failed:
        apply_steps(kernel, [SetNumVfs(PF, LABEL, 0, 99)], Deadline(LONG))
    assert "answer any more" not in str(failed.value)


def test_a_step_that_was_not_begun_is_told_from_one_that_failed(kernel_with):
    kernel = kernel_with(0)
    with pytest.raises(SriovError) as late:
        apply_steps(kernel, [SetAutoprobe(PF, LABEL, True)], Deadline(0.0))
    assert (late.value.begun, late.value.done) == (False, [])
    with pytest.raises(SriovError) as failed:
        apply_steps(kernel, [SetNumVfs(PF, LABEL, 0, 99)], Deadline(LONG))
    assert (failed.value.begun, failed.value.done) == (True, [])
