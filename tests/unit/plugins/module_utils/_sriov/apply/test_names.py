# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interfaces that are renamed, swapped or gone between the plan and a step: by ifindex and function, never by name."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.names import Names
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import NotReached
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import RingSizes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import net, pci
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import FRESH, RULE

NIC = hosts.IXGBE
PF, NAME = NIC.address, NIC.name
LABEL = f"{NAME} ({PF})"
OTHER = hosts.Nic("ixgbe", "ixgbevf", "10fb", "10ed", 63, "0000:02:00.0", "enp2s0", "02:00:00:00:01:01")
LONG = 10
NAMED = (PF, NAME, LABEL)
STEPS = {
    "link": pci.SetLink(PF, NAME, False),
    "carrier": net.WaitForCarrier(*NAMED, "a test"),
    "attributes": net.SetVf(*NAMED, 0, VfAttributes(trust=True), FRESH),
    "channels": net.SetChannels(*NAMED, 8, 4),
    "rings": net.SetRings(*NAMED, RingSizes(), RingSizes(rx=512, tx=512)),
    "ntuple": net.SetNtuple(*NAMED, True),
    "table": net.SetRss(*NAMED, None),
    "hash": net.SetHash(*NAMED, Hash(), Hash()),
    "a rule that goes": net.DeleteRule(*NAMED, RULE),
    "a rule that comes": net.InsertRule(*NAMED, RULE),
}
REMEDY = "Remedy: look who renames or moves interfaces (udev, NetworkManager), and run again."


@pytest.fixture
def kernel(tmp_path):
    """Two cards, enp1s0 with ifindex 3 and enp2s0 with ifindex 4; the first has two VFs."""
    made = simulate(tmp_path, {**hosts.host(NIC, cpus=16), **hosts.pf(OTHER, 2, 4)})
    made.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "2")
    return made


@pytest.fixture
def names(kernel):
    return Names(kernel, {"enp1s0": 3, "enp2s0": 4})


def rename(kernel, old, new):
    """`ip link set dev OLD name NEW`."""
    root = kernel.root
    device = os.path.join(root, "sys/class/net", old, "device")
    function = os.path.basename(os.readlink(device))
    os.rename(
        os.path.join(root, hosts.DEVICES, function, "net", old), os.path.join(root, hosts.DEVICES, function, "net", new)
    )
    os.rename(os.path.join(root, "sys/class/net", old), os.path.join(root, "sys/class/net", new))
    entry = os.path.join(root, "sim/interfaces", old)
    with open(entry, encoding="utf-8") as file:
        value = {**json.load(file), "ifname": new}
    os.unlink(entry)
    with open(os.path.join(root, "sim/interfaces", new), "w", encoding="utf-8") as file:
        json.dump(value, file)


def remove(kernel, name):
    function = os.path.basename(os.readlink(os.path.join(kernel.root, "sys/class/net", name, "device")))
    shutil.rmtree(os.path.join(kernel.root, hosts.DEVICES, function, "net", name))
    shutil.rmtree(os.path.join(kernel.root, "sys/class/net", name))


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_as_it_was_it_keeps_its_name(names, step):
    assert names.now(step) == step


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_one_that_was_renamed_is_meant_by_its_new_name(kernel, names, step):
    rename(kernel, "enp1s0", "wan")
    assert names.now(step) == step._replace(name="wan")


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_of_two_that_have_swapped_their_names_the_planned_one_is_meant(kernel, names, step):
    rename(kernel, "enp1s0", "between")
    rename(kernel, "enp2s0", "enp1s0")
    rename(kernel, "between", "enp2s0")
    assert names.now(step) == step._replace(name="enp2s0")


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_one_that_is_gone_is_refused_before_its_step(kernel, names, step):
    remove(kernel, "enp1s0")
    before = written(kernel)
    with pytest.raises(NotReached) as refused:
        apply_steps(kernel, [step], Deadline(LONG), names=names)
    assert str(refused.value) == (
        f"the interface enp1s0 is gone on {PF}: it was there when the steps were planned. {REMEDY}"
    )
    assert (refused.value.begun, refused.value.done, written(kernel)) == (False, [], before)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_another_functions_interface_with_its_name_is_left_alone(kernel, names, step):
    remove(kernel, "enp1s0")
    rename(kernel, "enp2s0", "enp1s0")
    before = written(kernel)
    with pytest.raises(NotReached) as refused:
        apply_steps(kernel, [step], Deadline(LONG), names=names)
    assert str(refused.value) == (
        f"the interface enp1s0 is gone on {PF}: enp1s0 is an interface of 0000:02:00.0 now. {REMEDY}"
    )
    assert written(kernel) == before


def test_where_nothing_is_known_of_its_number_the_function_decides(kernel):
    """Names of a plan that was made by hand, in tests."""
    step = STEPS["ntuple"]
    assert Names(kernel).now(step) == step
    rename(kernel, "enp1s0", "wan")
    with pytest.raises(NotReached):
        Names(kernel).now(step)


def test_one_that_the_driver_has_made_anew_is_the_same(kernel):
    step = STEPS["ntuple"]
    assert Names(kernel, {"enp1s0": 77}).now(step) == step


def test_the_way_back_finds_it_too(kernel, names):
    """Renamed after the step that takes something away; the one after it is refused."""
    down = STEPS["link"]

    def tell(steps):
        if isinstance(steps[0], net.InsertRule):
            rename(kernel, "enp1s0", "wan")

    with pytest.raises(Exception) as refused:
        apply_steps(kernel, [down, STEPS["a rule that comes"]], Deadline(LONG), tell=tell, names=names)
    assert refused.value.done == ["set enp1s0 down", "set enp1s0 up"]
    assert kernel.run.calls[-1] == "ip link set dev wan up"


@pytest.mark.parametrize("step", [pci.LoadModule("vfio-pci"), net.SetMtu(NIC.vf(0), "VF 0", None, 1400, PF, 0)])
def test_a_step_without_an_interface_of_a_pf_is_as_it_was(names, step):
    assert names.now(step) is step
