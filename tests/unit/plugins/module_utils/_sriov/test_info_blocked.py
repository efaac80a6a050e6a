# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the kernel has not let a PF go, the others are told all the same, and who may be the reason."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse, TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.info import read_info
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import PF

SECOND = hosts.Nic(address="0000:02:00.0", name="enp2s0", mac="02:00:00:00:02:00")
FILE = f"/sys/bus/pci/devices/{PF}/sriov_numvfs"
VF = hosts.IGB.vf(0)
REASON = "the kernel has not ended a step of an earlier run: set sriov_numvfs (process 70)"
REMEDY = "find what it waits for (dmesg names a vfio user), and end that; nothing else lets the kernel go on"
HELD = "process 4711 (dpdk-testpmd) has /dev/vfio/{} open"


@pytest.fixture
def kernel(tmp_path):
    """VF 0 of the first of two PFs is held, and the kernel, which removes it, has taken virtfn0 away already."""
    files = {**hosts.host(loaded=(*hosts.LOADED, "vfio-pci")), **hosts.pf(SECOND, group=2, ifindex=4)}
    simulated = simulate(tmp_path, files)
    simulated.pci.set_num_vfs(PF, 1, 10)
    simulated.pci.rebind(VF, "vfio-pci", 10)
    node = f"/dev/vfio/{simulated.pci.iommu_group(VF)}"
    build(tmp_path, hosts.process(4711, "/usr/bin/dpdk-testpmd", [node]))
    os.unlink(tmp_path / f"sys/bus/pci/devices/{PF}/virtfn0")
    yield simulated
    os.close(os.open(simulated.sysfs.path(FILE), os.O_RDWR))  # a FIFO by then: those that wait go on


def who(kernel):
    return f"{VF}: {HELD.format(kernel.pci.iommu_group(VF))}"


def never_read(kernel):
    """Whoever opens a FIFO that nobody writes to waits, as for a device lock."""
    path = kernel.sysfs.path(FILE)
    os.unlink(path)
    os.mkfifo(path)


def test_a_pf_that_is_noted_is_not_asked(kernel):
    never_read(kernel)
    found = read_info(kernel, None, 60, {PF: REASON})
    assert [pf["pci_address"] for pf in found["pfs"]] == [SECOND.address]
    assert found["not_seen"] == [f"{PF} cannot be looked at now: {REASON}; {who(kernel)}"]


def test_one_whose_lock_somebody_else_has_is_left_out_as_well(kernel):
    never_read(kernel)
    found = read_info(kernel, None, 1.5)
    assert [pf["pci_address"] for pf in found["pfs"]] == [SECOND.address]
    (sentence,) = found["not_seen"]
    assert sentence.startswith(f"{PF} cannot be looked at now: ")
    assert sentence.endswith(f"; {who(kernel)}")


def test_the_one_that_is_named_is_refused_with_its_holders(kernel):
    never_read(kernel)
    with pytest.raises(InUse) as raised:
        read_info(kernel, "enp1s0", 60, {PF: REASON})
    assert str(raised.value) == f"{PF} cannot be looked at now: {REASON}; {who(kernel)}. Remedy: {REMEDY}."
    assert raised.value.holders == [who(kernel)]
    with pytest.raises(TookTooLong, match=re.escape(who(kernel))):
        read_info(kernel, "enp1s0", 0.5)


def test_the_other_one_is_looked_at_by_name(kernel):
    never_read(kernel)
    found = read_info(kernel, "enp2s0", 60, {PF: REASON})
    assert ([pf["pci_address"] for pf in found["pfs"]], found["not_seen"]) == ([SECOND.address], [])
