# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A desired state with addresses in place of names: PFs, ranges of VFs, users."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.desired import pci_driver
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredDevice,
    DesiredPf,
    Node,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.locate import locate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import desired_vfs

PF = hosts.IGB.address


@pytest.fixture
def kernel(tmp_path):
    """One PF with an altname, and three VFs."""
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.interface("enp1s0", 3, hosts.IGB.mac, altnames=["uplink"])})
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "3")
    return kernel


def located(kernel, **options):
    """The devices of module pci_driver's options."""
    faults = Faults()
    found, unknown = locate(kernel, kernel.link.interfaces(), pci_driver(options, faults))
    faults.add(*unknown)
    faults.tell()
    return list(found.devices)


@pytest.mark.parametrize(
    ("vf", "addresses"),
    [
        (0, ["0000:01:10.0"]),
        ("2", ["0000:01:10.4"]),
        ("0,2", ["0000:01:10.0", "0000:01:10.4"]),
        ([2, 0], ["0000:01:10.0", "0000:01:10.4"]),
        ("all", ["0000:01:10.0", "0000:01:10.2", "0000:01:10.4"]),
    ],
    ids=repr,
)
def test_one_entry_for_several_vfs(kernel, vf, addresses):
    found = located(kernel, pf="enp1s0", vf=vf, driver="vfio-pci", allow=["in_use"])
    assert found == [DesiredDevice(address, "vfio-pci", allow=frozenset({"in_use"})) for address in addresses]


def test_several_entries(kernel):
    first = {"vf": "1", "driver": "default"}
    second = {"devices": ["01:10.0"], "driver": "vfio-pci", "no_iommu": True, "mode": "0660"}
    assert located(kernel, pf=PF, assignments=[first, second]) == [
        DesiredDevice("0000:01:10.2", "default"),
        DesiredDevice("0000:01:10.0", "vfio-pci", Node(mode=0o660), no_iommu=True),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"assignments": [{"vf": "0", "driver": "none"}]},
            "assignments[0].vf: whose VFs they are is not said. Remedy: name their PF: pf: ….",
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
                    {"vf": "all", "driver": "none"},
                    {"devices": ["01:10.2"], "driver": "default"},
                ],
            },
            "0000:01:10.2 is named twice: a device has one driver. Remedy: name each device in one assignment.",
            id="twice in two assignments",
        ),
        pytest.param(
            {"pf": "enp1s0", "vf": "1-3", "driver": "none"},
            f"vf: 1-3 names VF 3 on enp1s0 ({PF}): the PF has 3 VFs. "
            "Remedy: ask for more (num_vfs: 4), or name VFs 0 to 2.",
            id="a VF that is not there",
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
        located(kernel, **options)
    assert str(refused.value) == message


def test_users_and_modes_become_numbers(kernel):
    vf = {"devices": ["01:10.0"], "driver": "vfio-pci"}
    nodes = [located(kernel, **vf, owner="root", group="12", mode="0640"), located(kernel, **vf)]
    assert [found.node for (found,) in nodes] == [Node(0, 12, 0o640), Node()]


@pytest.mark.parametrize("name", ["enp1s0", "uplink", hosts.IGB.address])
def test_a_pf_of_a_desired_host_is_located_by_all_its_names(kernel, name):
    port = "" if name == PF else "enp1s0"
    found = locate(kernel, kernel.link.interfaces(), Desired((DesiredPf(name),)))
    assert found == (Desired((DesiredPf(PF, port=port),)), [])
    assert locate(kernel, kernel.link.interfaces(), found[0]) == found


def test_a_pf_that_is_named_twice_is_refused(kernel):
    found, (refused,) = locate(kernel, kernel.link.interfaces(), Desired((DesiredPf("enp1s0"), DesiredPf(PF))))
    assert found == Desired((DesiredPf(PF, port="enp1s0"),))
    assert str(refused) == (
        "pf: '0000:01:00.0' is the PF of another entry on enp1s0 (0000:01:00.0). Remedy: make one entry of the two."
    )


def test_owners_of_vfs_become_numbers_and_null_stays(kernel):
    wanted = DesiredPf("enp1s0", vfs=(desired_vfs(owner="root", group="12", mode=0o600), desired_vfs(group=None)))
    found, unknown = locate(kernel, kernel.link.interfaces(), Desired((wanted,)))
    assert [each.said for each in found.pfs[0].vfs] == [{"owner": 0, "group": 12, "mode": 0o600}, {"group": None}]
    assert not unknown


def test_all_names_that_mean_nothing_are_told_and_the_rest_is_located(kernel):
    lost = DesiredPf("eth7")
    wanted = DesiredPf("enp1s0", num_vfs=2, vfs=(desired_vfs(trust=True, owner="nobody-here", group="nor-here"),))
    devices = [DesiredDevice(address, "none", Node(group="nor-here")) for address in ("05:00.0", "01:10.0", "enp1s0v0")]
    found, unknown = locate(kernel, kernel.link.interfaces(), Desired((lost, wanted), tuple(devices)))
    assert [each.what for each in unknown] == [
        "pf: nothing on this host is called 'eth7'",
        "owner: there is no user 'nobody-here' on this host",
        "group: there is no group 'nor-here' on this host",
        "devices: there is no PCI device 0000:05:00.0 on this host",
        "devices: 'enp1s0v0' is no PCI address",
    ]
    (pf,) = found.pfs
    assert (pf.pf, pf.num_vfs, pf.vfs[0].said["trust"]) == (PF, 2, True)
    assert [each.device for each in found.devices] == ["0000:01:10.0"]
