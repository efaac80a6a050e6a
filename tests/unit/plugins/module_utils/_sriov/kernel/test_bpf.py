# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bpf(2): the bytes that are given, on a simulated kernel; and this kernel's verifier, where it may be asked."""

from __future__ import annotations

import errno
import os
import struct

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, NotSupported
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import bpf as of_bpf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bpf import DROP, XSK, Bpf, assembled
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BPF
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.bpf import SimBpf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour, Devices
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build

MAP, PROGRAM = f"{BPF}/enp1s0/xsks_map", f"{BPF}/enp1s0/prog"


@pytest.fixture
def bpf(tmp_path):
    """On a host where a bpffs is mounted."""

    def made(mounts=f"bpf {BPF} bpf rw,mode=711 0 0", machine="x86_64", **refuses):
        root = build(tmp_path, {"proc/mounts": mounts, f"{BPF[1:]}/enp1s0": DIRECTORY, "sim": DIRECTORY})
        call = SimBpf(Devices(root, Behaviour()), {int(name[1:]): number for name, number in refuses.items()})
        return Bpf(Sysfs(root), call, machine)

    return made


def descriptors():
    return sorted(os.listdir("/proc/self/fd"))


def test_the_program_looks_into_the_map_for_its_queue_and_passes_on_what_no_socket_takes():
    words = [struct.unpack("<BBhi", assembled(XSK, 7)[start : start + 8]) for start in range(0, 48, 8)]
    assert words == [
        (0x61, 0x12, 16, 0),  # r2 = *(u32 *)(r1 + 16): xdp_md.rx_queue_index
        (0x18, 0x11, 0, 7),  # r1 = map by descriptor 7
        (0, 0, 0, 0),
        (0xB7, 0x03, 0, 2),  # r3 = XDP_PASS
        (0x85, 0, 0, 51),  # call bpf_redirect_map
        (0x95, 0, 0, 0),
    ]


def test_registers_are_bit_fields_of_the_machines_order(monkeypatch):
    monkeypatch.setattr(of_bpf.sys, "byteorder", "big")
    assert [assembled(XSK, 7)[place] for place in (1, 9)] == [0x21, 0x11]


def test_map_and_program_are_pinned_and_told_by_their_pins(bpf):
    ours, before = bpf(), descriptors()
    ours.pin_queue_program(MAP, PROGRAM, 64)
    found = ours.pinned_program(PROGRAM)
    assert (found.name, found.maps) == ("kernel_bypass", (ours.pinned_map(MAP),))
    assert ours.program(found.number) == found
    assert descriptors() == before, "none is left open"


def test_what_is_not_there_is_none(bpf):
    ours = bpf()
    assert (ours.pinned_program(PROGRAM), ours.pinned_map(MAP), ours.program(97)) == (None, None, None)


def test_a_program_that_nobody_pins_is_gone(bpf):
    with bpf().loaded(DROP, b"drop") as descriptor:
        assert os.fstat(descriptor)
    with pytest.raises(OSError):
        os.fstat(descriptor)


def test_what_the_verifier_says_is_told(bpf):
    with pytest.raises(KernelRefused) as caught, bpf().loaded(DROP[:1], b"half"):
        pass
    assert str(caught.value) == (
        "the kernel does not load an XDP program: last insn is not an exit or jmp [EINVAL: Invalid argument]."
    )


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (0, "the kernel makes no map of AF_XDP sockets"),
        (5, "the kernel does not load an XDP program"),
        (6, f"the kernel refused to pin {MAP}"),
    ],
)
def test_each_refusal_says_what_was_not_done_and_leaves_nothing_open(bpf, command, what):
    ours, before = bpf(**{f"c{command}": errno.EPERM}), descriptors()
    with pytest.raises(KernelRefused) as caught:
        ours.pin_queue_program(MAP, PROGRAM, 64)
    assert str(caught.value) == f"{what} [EPERM: Operation not permitted]."
    assert descriptors() == before


@pytest.mark.parametrize(
    ("command", "look", "what"),
    [
        (7, lambda ours: ours.pinned_map(MAP), f"the kernel refused to open {MAP}"),
        (13, lambda ours: ours.program(97), "the kernel does not show program 97"),
        (15, lambda ours: ours.pinned_program(PROGRAM), "the kernel tells nothing of a program or a map"),
    ],
)
def test_what_cannot_be_looked_at_is_not_what_is_not_there(bpf, command, look, what):
    ours = bpf(**{f"c{command}": errno.EPERM})
    ours.pin_queue_program(MAP, PROGRAM, 64)
    with pytest.raises(KernelRefused) as caught:
        look(ours)
    assert str(caught.value) == f"{what} [EPERM: Operation not permitted]."


def test_a_file_that_is_none_of_a_bpffs_is_no_pin(bpf):
    ours = bpf(mounts="")
    with pytest.raises(KernelRefused, match="refused to pin"):
        ours.pin_queue_program(MAP, PROGRAM, 64)


@pytest.mark.parametrize(
    ("machine", "number"), [("x86_64", 321), ("aarch64", 280), ("ppc64le", 361), ("s390x", 351), ("riscv64", 280)]
)
def test_the_call_has_its_number_on_each_machine(bpf, machine, number):
    ours = bpf(machine=machine)
    ours.pin_queue_program(MAP, PROGRAM, 64)
    assert set(ours._call.machine_numbers) == {number}


def test_a_machine_that_is_not_known_is_refused(bpf):
    ours = bpf(machine="mips64")
    with pytest.raises(NotSupported) as caught:
        ours.pin_queue_program(MAP, PROGRAM, 64)
    assert str(caught.value) == (
        "an XDP program can be neither loaded nor looked at: the number of bpf(2) on mips64 is not known to these "
        "modules, which know it on aarch64, ppc64le, riscv64, s390x, x86_64."
    )
    assert ours._call.machine_numbers == []


def test_a_python_of_32_bits_is_refused(bpf, monkeypatch):
    monkeypatch.setattr(of_bpf.struct, "calcsize", lambda _format: 4)
    assert bpf().why_not() == "this Python has 32 bits on x86_64, where bpf(2) has another number for it"


@pytest.mark.parametrize("program", [XSK, DROP], ids=["socket", "drop"])
def test_this_kernels_verifier_takes_the_programs(program):
    ours = Bpf(Sysfs())
    if ours.why_not() or os.geteuid() != 0:
        pytest.skip(ours.why_not() or "needs root")
    try:
        with ours._map(b"xsks_map", 64) as sockets, ours.loaded(program, b"tried", sockets) as descriptor:
            found = ours._program(descriptor)
    except KernelRefused as error:
        if error.errno not in (errno.EPERM, errno.ENOSYS):
            raise
        pytest.skip(str(error))
    assert (found.name, len(found.maps)) == ("tried", int(program is XSK))
