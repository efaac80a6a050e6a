# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what an operator writes to the interface that is sampled."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    DeviceNotFound,
    InvalidRequest,
    NotSupported,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.names import (
    find_interface,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate

PF = hosts.IGB.address
VF = hosts.IGB.vf(0)
BYPASSED = hosts.IGB.vf(1)
VIRTIO = "0000:00:03.0"
NAME_IT = "name a network card by interface name, altname, MAC or PCI address"


@pytest.fixture
def kernel(tmp_path):
    """A PF in a bond, with a VLAN and a representor; two VFs, one without an interface; a virtio NIC."""
    names = {"altnames": ["uplink"], "permaddr": "02:00:00:00:01:99"}
    files = {
        **hosts.host(),
        **hosts.interface("enp1s0", 3, "02:00:00:00:0b:0d", **names),
        **hosts.virtual("vlan7", 10, "vlan", ["enp1s0"], mac="02:00:00:00:0b:0d", id=7),
        **hosts.virtual("bond0", 11, "bond", ["enp1s0"], mac="02:00:00:00:0b:0d"),
        **hosts.function("0000:02:00.0", "15b3", "1019", "mlx5_core"),
        **hosts.behind("0000:02:00.0", "enp2s0"),
        **hosts.behind("0000:02:00.0", "enp2s0r0"),
        **hosts.interface("enp2s0", 12, "02:00:00:00:20:00"),
        **hosts.interface("enp2s0r0", 13, "02:00:00:00:20:01"),
        **hosts.virtio(VIRTIO, "enp0s3", 14, "52:54:00:00:00:01"),
        **hosts.function("0000:03:00.0", "8086", "10fb", "vfio-pci"),
    }
    kernel = simulate(tmp_path, files)
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "1")
    return kernel


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((text, "enp1s0") for text in ("enp1s0", " enp1s0 ", "uplink", "02:00:00:00:01:99", PF, "01:00.0")),
        *((text, "enp1s0v0") for text in ("enp1s0v0", VF, "02:00:00:00:02:00")),
        *((text, "enp2s0r0") for text in ("enp2s0r0", "02:00:00:00:20:01")),
        *((text, "enp0s3") for text in ("enp0s3", VIRTIO, "52:54:00:00:00:01")),
    ],
)
def test_an_interface_answers_to_each_of_its_names(kernel, text, name):
    assert find_interface(kernel, text) == name


CARDS = "its network cards are enp1s0, enp2s0, enp2s0r0, enp0s3, enp1s0v0"


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        *(
            pytest.param(
                text,
                DeviceNotFound,
                f"pf: nothing on this host is called {text!r}: {CARDS}. Remedy: {NAME_IT}.",
                id=f"not there: {text}",
            )
            for text in ("eth7", "0000:05:00.0", "02:00:00:00:55:55")
        ),
        *(
            pytest.param(
                text,
                InvalidRequest,
                f"pf: {text!r} is {what}, not a network card: the host's {CARDS[4:]}. Remedy: {remedy}.",
                id=f"no card: {text}",
            )
            for text, what, remedy in (
                ("bond0", "a bond with port enp1s0", "name what is below it: enp1s0"),
                ("vlan7", "VLAN 7 on enp1s0", "name what is below it: enp1s0"),
                ("lo", "the loopback interface", NAME_IT),
            )
        ),
        pytest.param(
            "0000:02:00.0",
            InvalidRequest,
            "pf: '0000:02:00.0' means more than one interface: enp2s0, enp2s0r0. Remedy: name it by interface name.",
            id="a PF with a representor",
        ),
        pytest.param(
            "03:00.0",
            NotSupported,
            "pf: 0000:03:00.0 has no interface in this network namespace: its driver is vfio-pci. Remedy: "
            f"{NAME_IT}; what user space receives past the kernel is counted by user space, and for a VF often by its "
            "PF (`ip -s link show dev PF`).",
            id="a bypassed function",
        ),
    ],
)
def test_what_is_no_interface_of_a_card_is_refused(kernel, text, kind, message):
    with pytest.raises(kind) as refused:
        find_interface(kernel, text)
    assert str(refused.value) == message


def test_the_driver_and_the_queues_behind_an_interface(kernel):
    assert [kernel.interfaces.driver(name) or "none" for name in ("enp1s0", "enp2s0", "enp0s3", "lo")] == [
        "igb",
        "mlx5_core",
        "virtio_net",
        "none",
    ]
    assert [kernel.interfaces.rx_queues(name) for name in ("enp1s0", "lo")] == [1, 0]
