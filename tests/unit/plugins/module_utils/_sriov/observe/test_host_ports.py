# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which interfaces of a PCI function are read as its own, and who uses them: virtio, representors, two ports."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.observer import Observer
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link

VIRTIO, VF = "0000:61:00.0", "0000:61:00.1"


@pytest.fixture
def kernel(tmp_path):
    """A virtio NIC with SR-IOV whose VF is the port of a bond."""
    files = {
        **hosts.host(),
        **hosts.virtio(VIRTIO, "ens2", 35, "02:00:00:00:35:00"),
        **hosts.virtio(VF, "ens2v0", 36, "02:00:00:00:36:00", number=1),
        **hosts.interface("ens2v0", 36, "02:00:00:00:36:00", master="bond0", linkinfo={"info_slave_kind": "bond"}),
        f"{hosts.DEVICES}/{VIRTIO}/sriov_numvfs": "1",
        f"{hosts.DEVICES}/{VIRTIO}/virtfn0": Link(f"../{VF}"),
        f"{hosts.DEVICES}/{VF}/physfn": Link(f"../{VIRTIO}"),
    }
    return simulate(tmp_path, files)


def test_a_virtio_nic_has_its_interface_and_its_vf_true_holders(kernel):
    pf = Observer(kernel).pf(VIRTIO)
    assert (pf.label, pf.device.netdev.mac) == (f"ens2 ({VIRTIO})", "02:00:00:00:35:00")
    assert [holder.text for holder in pf.vfs[0].holders] == ["ens2v0 is a port of bond bond0"]
    assert pf.vfs[0].netdev.name == "ens2v0"


@pytest.mark.parametrize(
    ("port", "name", "label"),
    [("", None, "0000:01:00.0"), ("two", "two", "two (0000:01:00.0)"), ("gone", None, "0000:01:00.0")],
)
def test_of_two_ports_the_one_that_is_named_is_read(tmp_path, port, name, label):
    two = {**hosts.behind(hosts.IGB.address, "two"), **hosts.interface("two", 1, "02:00:00:00:01:02")}
    pf = Observer(simulate(tmp_path, {**hosts.host(), **two})).pf(hosts.IGB.address, port)
    assert (pf.device.netdev and pf.device.netdev.name, pf.label) == (name, label)
    assert {netdev.name for netdev in pf.device.netdevs} == {"two", "enp1s0"}
    assert (pf.queues.channels is None) == (name is None)


def test_a_function_left_with_representors_has_no_interface(tmp_path):
    """The port itself went to another network namespace."""
    alone = hosts.interface("enp1s0", 3, hosts.IGB.mac, phys_port_name="pf0vf0")
    pf = Observer(simulate(tmp_path, {**hosts.host(), **alone})).pf(hosts.IGB.address)
    assert (pf.device.netdevs, pf.label) == ((), hosts.IGB.address)
