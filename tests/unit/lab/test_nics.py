"""Numbers, addresses and wires of test NICs, where some cards have one port and some two."""

from __future__ import annotations

import os

import pytest
from lab import checks, nics, qemu
from lab.errors import LabError
from lab.image import Image
from lab.spec import VmSpec
from lab.ssh import Result
from lab.state import Process, StateDirectory, VmState
from lab.vm import Vm

DUAL = "82599-dual"
MIXED = (DUAL, "82576", "82599")
ADDRESSES = ["0000:01:00.0", "0000:01:00.1", "0000:02:00.0", "0000:03:00.0"]


@pytest.mark.parametrize(
    ("kinds", "addresses"),
    [
        (("82599",), ["0000:01:00.0"]),
        ((DUAL,), ["0000:01:00.0", "0000:01:00.1"]),
        (("82576", DUAL, "82599"), ["0000:01:00.0", "0000:02:00.0", "0000:02:00.1", "0000:03:00.0"]),
        ((DUAL, DUAL), ["0000:01:00.0", "0000:01:00.1", "0000:02:00.0", "0000:02:00.1"]),
        (MIXED, ADDRESSES),
    ],
    ids=", ".join,
)
def test_numbers_count_ports_and_buses_count_cards(kinds, addresses):
    found = nics.of_cards(kinds)
    assert [nic.pci_address for nic in found] == addresses
    assert [nic.index for nic in found] == list(range(len(addresses)))
    assert [nic.mac for nic in found] == [f"02:00:00:00:{number:02x}:00" for number in range(1, len(addresses) + 1)]


@pytest.fixture
def launch(tmp_path):
    return qemu.launch(VmSpec(nics=MIXED), Image(tmp_path), qemu.VmFiles(tmp_path, tmp_path), "tcg")


def device_options(launch, ident):
    [words] = [word.split(",") for word in launch.argv if f"id={ident}" in word.split(",")]
    return words


def test_the_ports_of_a_card_are_two_functions_behind_one_root_port(launch):
    first, second, other = (device_options(launch, f"nic{index}") for index in (0, 1, 3))
    assert {"bus=port0", "addr=0x0.0", "multifunction=on"} <= set(first)
    assert {"bus=port0", "addr=0x0.1"} <= set(second)
    assert {"bus=port2", "addr=0x0.0"} <= set(other) and "multifunction=on" not in other
    assert "bus=port1" in device_options(launch, "nic2")


def test_every_82599_with_one_port_or_two_has_a_model_and_the_device_type_of_its_socket(launch, tmp_path):
    sockets = launch.environment["PCIEFN_SOCKET"].split(":")
    assert sockets == [str(tmp_path / f"nic{index}.pcie") for index in (0, 1, 3)]
    assert [device_options(launch, f"nic{index}")[0] for index in (0, 1, 3)] == ["pciefn0", "pciefn1", "pciefn2"]
    for command, index, port in zip(launch.processes, (0, 1, 3), (0, 1, 0), strict=True):
        assert f"--socket={tmp_path / f'nic{index}.pcie'}" in command
        assert f"--wire={tmp_path / f'wire{index}.sock'}" in command
        assert f"--mac=02:00:00:00:0{index + 1}:00" in command
        assert f"--port={port}" in command


def test_the_wire_of_a_card_behind_one_with_two_ports_has_its_number(launch, tmp_path):
    assert f"stream,id=wire2,server=on,addr.type=unix,addr.path={tmp_path}/wire2.sock" in launch.argv
    assert {"netdev=wire2", "mac=02:00:00:00:03:00"} <= set(device_options(launch, "nic2"))


@pytest.mark.parametrize(
    ("kinds", "count"), [((DUAL,) * 4, None), ((DUAL,) * 4 + ("82576",), 9), (("82576",) * 7 + (DUAL,), 9)]
)
def test_the_ports_are_what_a_vm_takes_eight_of(kinds, count):
    spec = VmSpec(nics=kinds)
    if count is None:
        spec.check()
        return
    with pytest.raises(LabError, match=f"^{count} test NICs"):
        spec.check()


class FakeSsh:
    """A guest in which all functions but one are as they should be."""

    def __init__(self, broken):
        self.broken = broken

    def run(self, remote, timeout):
        drivers = {address: "igb" if address == "0000:02:00.0" else "ixgbe" for address in ADDRESSES}
        rows = [
            f"{a} driver {driver}\n{a} iommu 6\n" for a, driver in drivers.items() if a in remote and a != self.broken
        ]
        return Result(0, "".join(rows), "")


@pytest.mark.parametrize("broken", ADDRESSES)
def test_the_check_of_a_guest_looks_at_every_port(broken):
    checks.check_guest(FakeSsh(None), MIXED, iommu=True)
    with pytest.raises(LabError, match=f": {broken} is not on the PCI bus$"):
        checks.check_guest(FakeSsh(broken), MIXED, iommu=True)


@pytest.fixture
def vm(tmp_path):
    me = Process.of(os.getpid())
    state = VmState(
        spec=VmSpec(name="a", nics=MIXED),
        phase="ready",
        keeper=me,
        qemu=me,
        ssh_port=2222,
        accelerator="tcg",
        accelerator_reason="x",
        image="/i",
        started=1.5,
        owner=None,
    )
    return Vm(StateDirectory("a", tmp_path), state)


def test_status_tells_kind_address_and_wire_of_every_port(vm, tmp_path):
    found = vm.facts()["nics"]
    assert [nic["pci_address"] for nic in found] == ADDRESSES
    assert [nic["kind"] for nic in found] == [DUAL, DUAL, "82576", "82599"]
    assert [nic["wire"] for nic in found] == [str(vm.directory.files.wire(index)) for index in range(4)]


def test_a_number_beyond_the_last_port_is_refused(vm):
    with pytest.raises(LabError, match="no wire 4: it has 4 test NIC"):
        vm.wire(4)
    with pytest.raises(LabError, match=r"nic3\.control does not answer"):
        vm.control(3, {"cmd": "stats"})
