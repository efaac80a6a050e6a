# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at a PF fails, before the steps or after them: refused, in words."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.faulty import Fault, faulty
from ansible_collections.kernel_bypass.sriov.tests.unit.support.campaign import RUNS
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.scenes import start

PF, VF = "/sys/bus/pci/devices/0000:01:00.0", "/sys/bus/pci/devices/0000:01:10.0"


def failing(roots, name, path, last):
    """The run in which the first or last look at a path fails."""
    root = roots()
    start(root, RUNS[name].state)
    kernel, calls = faulty(root)
    run_module(host, kernel, **RUNS[name].options)
    numbers = [number for number, call in enumerate(calls.made()) if call == f"read {path}"]
    root = roots()
    start(root, RUNS[name].state)
    kernel, _calls = faulty(root, Fault(numbers[-1 if last else 0], errno.EIO))
    return run_module(host, kernel, **RUNS[name].options)


@pytest.mark.parametrize("path", [f"{PF}/virtfn0", f"{PF}/virtfn1"])
def test_which_vfs_there_are_after_the_steps_is_not_known(roots, path):
    result = failing(roots, "rebind", path, last=True)
    assert result["msg"] == (
        f"what has come of the steps is not known on enp1s0 (0000:01:00.0): {path} [EIO: Input/output error]. "
        "Remedy: run it again, and see dmesg."
    )
    assert result["changed"] is True and len(result["done"]) == 3


def test_a_vf_whose_driver_cannot_be_read_is_not_made_anew(roots):
    result = failing(roots, "create again", f"{VF}/driver", last=False)
    assert result["msg"] == (
        "cannot create 3 VFs: cannot tell what the present ones are to get back on enp1s0 (0000:01:00.0): "
        f"{VF}/driver [EIO: Input/output error]. Remedy: run it again, and see dmesg."
    )
    assert (result["changed"], result["done"]) == (False, [])
