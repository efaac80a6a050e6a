# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PCI functions: what is read of them, and how drivers are given: by which writes, and which never begin."""

from __future__ import annotations

import errno
import time
from unittest.mock import Mock

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.pci import Pci, vf_alias
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import kernel as simulation
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

PF = hosts.IGB.address
BASE = f"{hosts.DEVICES}/{PF}"
FIRST, SECOND, THIRD = VFS = [hosts.IGB.vf(index) for index in range(3)]
LOADED = (*hosts.LOADED, "vfio-pci", "igb_uio")
LONG, SHORT = 10, 0.1
BUSY = {"probe_errors": {"igb_uio": errno.EBUSY}}
TO_USER_SPACE = [(FIRST, "vfio-pci"), (SECOND, "igb_uio"), (THIRD, "vfio-pci")]


@pytest.fixture
def kernel_with(tmp_path):
    """A simulated kernel that behaves so, with three VFs that the kernel has bound."""

    def make(**behaviour):
        kernel = simulate(tmp_path, hosts.host(loaded=LOADED), Behaviour(**behaviour))
        kernel.pci.set_num_vfs(PF, 3, LONG)
        return kernel

    return make


def writes(kernel, address):
    """What was written to a device's files, or of it to a driver's."""
    lines = kernel.sysfs.read("/sim/writes").splitlines()
    return [line.split("/")[-1] for line in lines if address in line]


def state(kernel, address):
    return kernel.pci.driver(address), kernel.sysfs.read(f"/{hosts.DEVICES}/{address}/driver_override")


def rebound(driver, address):
    return [f"unbind {address}", f"driver_override {driver}", f"bind {address}", "driver_override "]


def test_all_get_their_drivers_and_no_override_stays(kernel_with):
    kernel = kernel_with()
    assert list(kernel.pci.rebind_all(TO_USER_SPACE, LONG)) == VFS
    for address, driver in TO_USER_SPACE:
        assert state(kernel, address) == (driver, "(null)")
        assert writes(kernel, address) == rebound(driver, address)


def test_a_device_that_is_refused_stops_the_rest_before_its_unbind(kernel_with):
    kernel, done = kernel_with(**BUSY), []
    with pytest.raises(KernelRefused) as refused:
        for address in kernel.pci.rebind_all(TO_USER_SPACE, LONG):
            done.append(address)
    assert (refused.value.errno, done) == (errno.EBUSY, [FIRST])
    assert (state(kernel, SECOND), writes(kernel, SECOND)) == ((None, "(null)"), rebound("igb_uio", SECOND))
    assert (state(kernel, THIRD), writes(kernel, THIRD)) == (("igbvf", "(null)"), [])


def test_a_bind_that_succeeds_and_binds_nothing_is_refused(kernel_with):
    kernel = kernel_with(declines=("vfio-pci",))
    with pytest.raises(KernelRefused, match="the kernel bound no driver instead"):
        kernel.pci.rebind(FIRST, "vfio-pci", LONG)
    assert state(kernel, FIRST) == (None, "(null)")


def test_a_device_without_driver_is_not_unbound(kernel_with):
    kernel = kernel_with()
    kernel.pci.unbind(FIRST, LONG)
    kernel.pci.rebind(FIRST, "vfio-pci", LONG)
    assert writes(kernel, FIRST) == rebound("vfio-pci", FIRST)


def test_a_device_that_blocks_is_left_and_nothing_more_is_written_even_when_it_ends(monkeypatch, kernel_with):
    monkeypatch.setattr(simulation, "BLOCKED", 0.5)
    kernel = kernel_with(blocks=("igbvf",))
    with pytest.raises(TookTooLong):
        list(kernel.pci.rebind_all(TO_USER_SPACE, SHORT))
    end = time.monotonic() + LONG
    while kernel.pci.driver(FIRST) and time.monotonic() < end:
        time.sleep(SHORT)
    time.sleep(SHORT)  # what the child would do next takes less
    assert state(kernel, FIRST) == (None, "(null)")
    assert [writes(kernel, address) for address in VFS] == [[f"unbind {FIRST}"], [], []]


def test_what_is_cleared_after_a_refusal_is_within_the_same_time(monkeypatch, kernel_with):
    kernel, given = kernel_with(), []

    def refused(_writes, _timeout):
        time.sleep(0.3)
        yield from Mock(side_effect=KernelRefused("no"))()

    monkeypatch.setattr(kernel.sysfs, "write_all", refused)
    monkeypatch.setattr(kernel.pci, "set_override", lambda _address, _driver, timeout: given.append(timeout))
    for timeout in (2.0, 0.1):
        with pytest.raises(KernelRefused):
            kernel.pci.rebind(FIRST, "vfio-pci", timeout)
    assert given[0] <= 1.7 and given[1] == 1.0


def test_vfs_have_the_numbers_of_their_links_not_of_the_order_of_names(tmp_path):
    base = f"{hosts.DEVICES}/{PF}"
    links = {f"{base}/virtfn{index}": Link(f"../{hosts.IGB.vf(index)}") for index in (0, 2, 10)}
    there = {f"{hosts.DEVICES}/{hosts.IGB.vf(index)}": DIRECTORY for index in (0, 2, 10)}
    pci = Pci(sysfs(tmp_path, links, there, {f"{base}/virtfnx": "", f"{base}/virtfn3": ""}))
    assert pci.virtual_functions(PF) == {hosts.IGB.vf(index): index for index in (0, 2, 10)}
    assert pci.virtual_function(PF, 2) == hosts.IGB.vf(2) and pci.virtual_function(PF, 5) is None


def test_a_link_to_a_function_that_is_gone_leads_to_none(tmp_path):
    base = f"{hosts.DEVICES}/{PF}"
    links = {f"{base}/virtfn{index}": Link(f"../{hosts.IGB.vf(index)}") for index in (0, 1)}
    pci = Pci(sysfs(tmp_path, links, {f"{hosts.DEVICES}/{hosts.IGB.vf(1)}": DIRECTORY}))
    assert pci.vf_links(PF) == {0: None, 1: hosts.IGB.vf(1)}
    assert pci.virtual_functions(PF) == {hosts.IGB.vf(1): 1}


@pytest.mark.parametrize(
    ("question", "answer"),
    [("can_have_vfs", True), ("answers", True), ("is_ethernet", True), ("driver", "igb"), ("interfaces", ["enp1s0"])],
)
def test_a_function_is_as_its_files_say(tmp_path, question, answer):
    assert getattr(Pci(sysfs(tmp_path, hosts.host())), question)(PF) == answer


def test_a_device_that_reads_as_all_ones_does_not_answer(tmp_path):
    gone = {f"{hosts.DEVICES}/{PF}/config": b"\xff" * 4}
    assert not Pci(sysfs(tmp_path, hosts.host(), gone)).answers(PF)


def test_what_is_read_under_the_lock_is_read_as_the_kernel_prints_it(kernel_with):
    kernel = kernel_with()
    kernel.pci.set_override(SECOND, "vfio-pci", LONG)
    assert kernel.pci.locked_files([PF, FIRST, SECOND, "0000:99:00.0"], LONG) == {
        PF: (3, None),
        FIRST: (None, None),
        SECOND: (None, "vfio-pci"),
        "0000:99:00.0": (None, None),
    }


def test_a_number_of_vfs_is_a_pf_s(kernel_with):
    kernel = kernel_with()
    assert (kernel.pci.num_vfs(PF, LONG), kernel.pci.num_vfs(FIRST, LONG)) == (3, None)


def test_the_alias_of_a_vf_that_is_not_there_yet_has_its_ids():
    assert vf_alias("8086", "10ca") == "pci:v00008086d000010CAsv00000000sd00000000bc02sc00i00"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param({}, (False, False, False), id="nothing"),
        pytest.param({f"{BASE}/vfio-dev/vfio0": None}, (True, True, False), id="vfio since Linux 6.1"),
        pytest.param(hosts.vfio_module("x", "x_vfio"), (True, False, False), id="vfio before"),
        pytest.param(
            {f"{hosts.DRIVERS}/x/module": Link("../../../../module/x")}, (False, False, False), id="another module"
        ),
        pytest.param({f"{BASE}/uio/uio0": None}, (False, True, False), id="uio"),
        pytest.param({f"{BASE}/vdpa12": None}, (False, True, False), id="vDPA"),
        pytest.param({f"{BASE}/vdpa": None, f"{BASE}/pci.vdpa0": None}, (False, False, False), id="other names"),
        pytest.param({f"{BASE}/pds_core.vDPA.3": None}, (False, False, True), id="a part that is no interface"),
        pytest.param(
            {f"{BASE}/mlx5_core.eth.3": None, f"{BASE}/mlx5_core.rdma.3": None},
            (False, False, False),
            id="one that is",
        ),
    ],
)
def test_what_a_driver_has_made_of_a_function(tmp_path, files, found):
    tree = {f"{BASE}/driver": Link(f"../../../../../{hosts.DRIVERS}/x"), f"{hosts.DRIVERS}/x/bind": ""}
    pci = Pci(sysfs(tmp_path, {**tree, **files}))
    assert (pci.has_vfio_driver(PF), pci.is_given_away(PF), pci.has_other_parts(PF)) == found


def test_a_function_is_reset_where_the_kernel_knows_how(kernel_with):
    pci = kernel_with().pci
    assert (pci.can_reset(FIRST), pci.can_reset(PF)) == (True, False)
    pci.reset(FIRST, LONG)
    with pytest.raises(KernelRefused):
        pci.reset(PF, LONG)
