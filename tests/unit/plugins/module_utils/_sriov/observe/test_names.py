# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what an operator writes to devices: names, addresses, ranges, users."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.desired import desired_devices
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    DeviceNotFound,
    InvalidRequest,
    NotSupported,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredDevice,
    DesiredPf,
    Node,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.names import (
    existing_device,
    find_pf,
    locate,
    pci_address,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from hypothesis import given
from hypothesis import strategies as st

PF = hosts.IGB.address
SECOND = hosts.Nic(address="0000:02:00.0", name="enp2s0", mac="02:00:00:00:01:00")
PLAIN = "0000:00:02.0"  # a NIC without SR-IOV
NODE = {"no_iommu": False, "owner": None, "group": None, "mode": None}


@pytest.fixture
def kernel(tmp_path):
    """One PF with an altname and another permanent MAC, three VFs, and a plain NIC."""
    names = {"altnames": ["enx020000000100", "uplink"], "permaddr": "02:00:00:00:01:99"}
    files = {
        **hosts.host(),
        **hosts.interface("enp1s0", 3, hosts.IGB.mac, **names),
        **hosts.function(PLAIN, "8086", "1533"),
        **hosts.behind(PLAIN, "enp0s2"),
        **hosts.interface("enp0s2", 9, "02:00:00:00:09:00"),
        **hosts.interface("vlan7", 10, hosts.IGB.mac, link="enp1s0"),
    }
    kernel = simulate(tmp_path, files)
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "3")
    return kernel


@pytest.mark.parametrize(
    "text", ["enp1s0", " enp1s0 ", "uplink", "02:00:00:00:01:00", "02:00:00:00:01:99", "0000:01:00.0", "01:00.0"]
)
def test_a_pf_answers_to_each_of_its_names(kernel, text):
    assert find_pf(kernel, kernel.link.interfaces(), text) == PF


def test_a_mac_may_be_written_in_capitals(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.interface("enp1s0", 3, "0a:0b:0c:0d:0e:0f")})
    assert find_pf(kernel, kernel.link.interfaces(), "0A:0B:0C:0D:0E:0F") == PF


PFS = f"its SR-IOV devices are enp1s0 ({PF})"
NAME_IT = "Remedy: name a PF by interface name, altname, MAC or PCI address."


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        *(
            pytest.param(
                text,
                DeviceNotFound,
                f"pf: nothing on this host is called {text!r}: {PFS}. {NAME_IT}",
                id=f"not there: {text}",
            )
            for text in ("eth7", "0000:05:00.0", "02:00:00:00:55:55")
        ),
        pytest.param(
            "enp1s0v1",
            InvalidRequest,
            f"pf: 'enp1s0v1' is a VF, not a PF: 0000:01:10.2 is VF 1 of enp1s0 ({PF}). Remedy: name its PF: pf: {PF}.",
            id="a VF by name",
        ),
        pytest.param(
            "01:10.4",
            InvalidRequest,
            f"pf: '01:10.4' is a VF, not a PF: 0000:01:10.4 is VF 2 of enp1s0 ({PF}). Remedy: name its PF: pf: {PF}.",
            id="a VF by address",
        ),
        pytest.param(
            "enp0s2",
            NotSupported,
            "pf: 'enp0s2' (0000:00:02.0) cannot have VFs: it has no SR-IOV capability in PCI configuration space "
            "(no sriov_totalvfs). Remedy: name a PF of an SR-IOV NIC; if it is one, turn SR-IOV on in the firmware "
            "setup of host and NIC.",
            id="a NIC without SR-IOV",
        ),
    ],
)
def test_what_is_no_pf_is_refused(kernel, text, kind, message):
    with pytest.raises(kind) as refused:
        find_pf(kernel, kernel.link.interfaces(), text)
    assert str(refused.value) == message


def test_a_host_without_sriov_says_so(tmp_path):
    kernel = simulate(tmp_path, {**hosts.interface("lo", 1, "")})
    with pytest.raises(DeviceNotFound) as refused:
        find_pf(kernel, kernel.link.interfaces(), "enp1s0")
    assert "its SR-IOV devices are none" in str(refused.value)


def test_a_mac_of_two_pfs_is_refused(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.pf(SECOND, group=2, ifindex=4)})
    with pytest.raises(InvalidRequest) as refused:
        find_pf(kernel, kernel.link.interfaces(), SECOND.mac)
    assert str(refused.value) == (
        "pf: '02:00:00:00:01:00' means more than one device: 0000:01:00.0, 0000:02:00.0. Remedy: name it by PCI "
        "address."
    )


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        pytest.param(
            "enp1s0v0",
            InvalidRequest,
            "devices: 'enp1s0v0' is no PCI address. Remedy: write it as in \"0000:01:10.0\".",
            id="a name",
        ),
        pytest.param(
            "01:1f.0",
            DeviceNotFound,
            "devices: there is no PCI device 0000:01:1f.0 on this host. Remedy: `ls /sys/bus/pci/devices` lists "
            "them; a VF is there only after its PF has created it.",
            id="nothing there",
        ),
    ],
)
def test_a_device_that_is_not_there_is_refused(kernel, text, kind, message):
    with pytest.raises(kind) as refused:
        existing_device(kernel, text)
    assert str(refused.value) == message


hexadecimal = st.integers(0, 255).map("{:02x}".format)
addresses = st.builds(
    "{}:{}:{}.{}".format, st.integers(0, 65535).map("{:04x}".format), hexadecimal, hexadecimal, st.integers(0, 7)
)


@given(addresses)
def test_a_pci_address_has_one_full_form(address):
    assert pci_address(address) == address
    assert pci_address(f" {address.upper()} ") == address
    assert pci_address(f"0000:{address.split(':', 1)[1]}") == pci_address(address.split(":", 1)[1])


@pytest.mark.parametrize("text", ["", "enp1s0", "01:10", "01:10.8", "1:10.0", "02:00:00:00:01:00", "0000:01:10.0/.."])
def test_other_texts_are_no_pci_address(text):
    assert pci_address(text) is None


def params(**given_options):
    return {
        **{"assignments": None, "devices": None, "vfs": None, "pf": None, "driver": None, "force": False, **NODE},
        **given_options,
    }


def located(kernel, options):
    return list(locate(kernel, kernel.link.interfaces(), desired_devices(options)).devices)


def test_one_entry_for_several_vfs(kernel):
    assert located(kernel, params(pf="enp1s0", vfs="0,2", driver="vfio-pci", force=True)) == [
        DesiredDevice("0000:01:10.0", "vfio-pci", force=True),
        DesiredDevice("0000:01:10.4", "vfio-pci", force=True),
    ]


def test_several_entries(kernel):
    first = {"devices": None, "vfs": "1", "driver": "default", **NODE}
    second = {"devices": ["01:10.0"], "vfs": None, "driver": "vfio-pci", **NODE, "no_iommu": True, "mode": "0660"}
    assert located(kernel, params(pf=PF, assignments=[first, second])) == [
        DesiredDevice("0000:01:10.2", "default"),
        DesiredDevice("0000:01:10.0", "vfio-pci", Node(mode=0o660), no_iommu=True),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"vfs": "0", "driver": "none"},
            "vfs: whose VFs they are is not said. Remedy: name their PF: pf: ….",
            id="VFs of nobody",
        ),
        pytest.param(
            {"devices": ["01:10.0", "0000:01:10.0"], "driver": "none"},
            "0000:01:10.0 is named twice: a device has one driver. Remedy: name each device in one assignment.",
            id="twice in one list",
        ),
        pytest.param(
            {
                "pf": "enp1s0",
                "assignments": [
                    {"devices": None, "vfs": "all", "driver": "none", **NODE},
                    {"devices": ["01:10.2"], "vfs": None, "driver": "default", **NODE},
                ],
            },
            "0000:01:10.2 is named twice: a device has one driver. Remedy: name each device in one assignment.",
            id="twice in two assignments",
        ),
        pytest.param(
            {"devices": ["01:10.0"], "driver": "vfio-pci", "owner": "no-such-user"},
            "owner: there is no user 'no-such-user' on this host. Remedy: create it first, or name another.",
            id="no such user",
        ),
        pytest.param(
            {"devices": ["01:10.0"], "driver": "vfio-pci", "group": "no-such-group"},
            "group: there is no group 'no-such-group' on this host. Remedy: create it first (role "
            "kernel_bypass.sriov.dpdk does), or name another.",
            id="no such group",
        ),
        *(
            pytest.param(
                {"devices": ["01:10.0"], "driver": "vfio-pci", "mode": mode},
                f'mode: {mode!r} is no octal file mode in quotes. Remedy: write it as in "0660".',
                id=f"no mode: {mode}",
            )
            for mode in ("rw", "0888", "17777", -1, 0o640, 660, True)
        ),
    ],
)
def test_options_that_mean_nothing_are_refused(kernel, options, message):
    with pytest.raises(InvalidRequest) as refused:
        located(kernel, params(**options))
    assert str(refused.value) == message


def test_users_and_modes_become_numbers(kernel):
    vf = {"devices": ["01:10.0"], "driver": "vfio-pci"}
    nodes = [located(kernel, params(**vf, owner="root", group="12", mode="0640")), located(kernel, params(**vf))]
    assert [found.node for (found,) in nodes] == [Node(0, 12, 0o640), Node()]


def test_the_tree_says_what_ip_says(kernel):
    """The fixture itself: names of one interface are in one entry."""
    entry = json.loads(kernel.sysfs.read("/sim/interfaces/enp1s0"))
    assert entry["altnames"] == ["enx020000000100", "uplink"]


def test_a_permanent_mac_tells_the_ports_of_a_bond_apart(tmp_path):
    """Both carry the bond's address."""
    ports = {
        **hosts.host(),
        **hosts.interface("enp1s0", 3, "02:00:00:00:0b:0d", permaddr="02:00:00:00:01:00"),
        **hosts.interface("enp2s0", 4, "02:00:00:00:0b:0d", permaddr="02:00:00:00:0b:0d"),
        **hosts.function("0000:02:00.0", "8086", "10c9"),
        **hosts.behind("0000:02:00.0", "enp2s0"),
        "sys/bus/pci/devices/0000:02:00.0/sriov_numvfs": "0",
    }
    kernel = simulate(tmp_path, ports)
    assert find_pf(kernel, kernel.link.interfaces(), "02:00:00:00:01:00") == PF
    assert find_pf(kernel, kernel.link.interfaces(), "02:00:00:00:0b:0d") == "0000:02:00.0"


@pytest.mark.parametrize("name", ["enp1s0", "uplink", hosts.IGB.address])
def test_a_pf_of_a_desired_host_is_located_by_all_its_names(kernel, name):
    assert locate(kernel, kernel.link.interfaces(), Desired((DesiredPf(name),))) == Desired((DesiredPf(PF),))


def test_a_pf_that_is_named_twice_is_refused(kernel):
    with pytest.raises(InvalidRequest) as refused:
        locate(kernel, kernel.link.interfaces(), Desired((DesiredPf("enp1s0"), DesiredPf(PF))))
    assert str(refused.value) == (
        "pfs: '0000:01:00.0' is named twice on enp1s0 (0000:01:00.0). Remedy: merge its entries."
    )
