# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader on this kernel: on a veth in a namespace of its own, as a user that has CAP_NET_RAW alone.

What it does with a real NIC, zero-copy too, is shown in scenario queue_bypass.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import xsk_reader
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bpf import SYSCALLS

PYTHON = "/usr/bin/python3"  # one that any user may run
NEEDS = ("unshare", "setpriv", "prlimit", "ip")
ALL = 3000  # frames: more than a ring has room for
# In namespaces of its own: pairs of interfaces, the program and the map of ours on one end, then each case.
SCRIPT = r"""
import json, os, socket, subprocess, sys, threading, time
sys.path[:0] = json.loads(sys.argv[1])
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import paths
reader, python, bpf, frames = sys.argv[2:]
run = lambda *argv: subprocess.run(argv, check=True, capture_output=True)
run("mount", "-t", "tmpfs", "tmpfs", "/run")
run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
run("ip", "link", "set", "v0", "up")
run("ip", "link", "set", "v1", "up")
kernel = Kernel()
kernel.bpffs.mount()
kernel.bpffs.make_directory("v0")
kernel.bpf.pin_queue_program(paths.queue_map("v0"), paths.queue_program("v0"), 1)
os.chmod(paths.queue_pins("v0"), 0o711)
os.chmod(paths.queue_map("v0"), 0o666)
run("ip", "link", "set", "dev", "v0", "xdpdrv", "pinned", paths.queue_program("v0"))

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs")
ONE = ("--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw")
NONE = ("--inh-caps=-all", "--bounding-set=-all")

def start(*words, capabilities=ONE, limit=()):
    program = [*NOBODY, *capabilities, *limit, python, "-I", "-", *words, bpf]
    return subprocess.Popen(program, stdin=open(reader), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

def ended(process):
    return [json.loads(line) if line[0] == "{" else line for line in process.communicate(timeout=60)[0].splitlines()]

def queue(number=0, seconds=20, count=0, mode="any", name="v0", path=paths.queue_map("v0")):
    return [name, str(number), path, str(seconds), str(count), mode]

def send(count):
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind(("v1", 0))
    for number in range(count):
        sender.send(b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5" + number.to_bytes(4, "big") + bytes(50))
        if number % 250 == 249:
            time.sleep(0.05)

def counted(count, *words):
    process = start(*words)
    first = process.stdout.readline()
    send(count)
    return [json.loads(first), *ended(process)]

found = {
    "all": counted(int(frames), *queue(count=int(frames))),
    "again": counted(10, *queue(seconds=2, count=-1)),
    "too few": counted(3, *queue(seconds=1, count=9000)),
    "no capability": ended(start(*queue(), capabilities=NONE)),
    "memlock": ended(start(*queue(), limit=["prlimit", "--memlock=65536"])),
    "no zero-copy": ended(start(*queue(mode="zerocopy"))),
    "no such queue": ended(start(*queue(7))),
    "no such interface": ended(start(*queue(name="v9"))),
    "no map": ended(start(*queue(path="/run/none"))),
}
os.chmod(paths.queue_map("v0"), 0o600)
found["not in the group"] = ended(start(*queue()))
os.chmod(paths.queue_map("v0"), 0o666)
first = start(*queue(seconds=60, count=-1))
first.stdout.readline()
found["taken"] = ended(start(*queue()))
first.kill()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    missing = [each for each in NEEDS if not shutil.which(each)]
    if os.geteuid() != 0 or missing or not os.path.exists(PYTHON) or os.uname().machine not in SYSCALLS:
        pytest.skip(f"needs root, {', '.join(NEEDS)} and {PYTHON}")
    program = Path(xsk_reader.__file__).read_text(encoding="utf-8")
    number = str(SYSCALLS[os.uname().machine])
    with open(os.memfd_create("reader"), "w", encoding="utf-8") as file:  # as it comes over standard input
        file.write(program)
        file.flush()
        reader = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        words = [json.dumps(sys.path), reader, PYTHON, number, str(ALL)]
        argv = ["unshare", "--net", "--mount", sys.executable, "-c", SCRIPT, *words]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=180, check=False)
    if ran.returncode:
        why = ran.stderr.strip().splitlines()[-1]
        # Some sandboxes have no namespaces, no bpf(2), no veth.
        assert "CalledProcessError" in why or "EPERM" in why or why.startswith("unshare:"), ran.stderr
        pytest.skip(why)
    return json.loads(ran.stdout)


def test_all_frames_are_counted_also_those_behind_the_end_of_a_ring(found):
    ready, result = found["all"]
    assert ready == {"event": "ready", "mode": "copy"}
    # The kernel itself sends a few (IPv6), so more may have come with the last.
    assert ALL <= result["frames"] < ALL + 64
    assert 0 < result["cpu_seconds"] < 60
    assert result["statistics"] == dict.fromkeys(xsk_reader.COUNTERS, 0)


def test_the_map_stays_and_the_next_reader_gets_what_comes_then(found):
    ready, result = found["again"]
    assert ready["event"] == "ready" and 10 <= result["frames"] < 74
    assert 2 <= result["seconds"] < 10


def test_it_ends_when_its_time_is_over(found):
    result = found["too few"][-1]
    assert 3 <= result["frames"] < 67 and result["seconds"] >= 1


@pytest.mark.parametrize(
    ("case", "act", "number"),
    [
        ("no capability", "socket", errno.EPERM),
        ("memlock", "umem", errno.ENOBUFS),
        ("no zero-copy", "bind", errno.EOPNOTSUPP),
        ("no such queue", "bind", errno.EINVAL),
        ("no such interface", "interface", errno.ENODEV),
        ("no map", "map", errno.ENOENT),
        ("not in the group", "map", errno.EACCES),
        ("taken", "bind", errno.EBUSY),
    ],
)
def test_what_the_kernel_refuses_is_told_with_where_it_was(found, case, act, number):
    (event,) = found[case]
    assert (event["event"], event["act"], event["errno"]) == ("failed", act, number)


def test_layouts_have_the_sizes_of_the_kernel_s_headers():
    """include/uapi/linux/if_xdp.h, of 6.12; nothing in them depends on the machine."""
    assert (xsk_reader.UMEM.size, xsk_reader.ADDRESS.size, xsk_reader.ELEMENT.size) == (32, 16, 32)
    assert xsk_reader.UMEM.pack(1, 2, 3, 4, 5, 6) == struct.pack("=Q", 1) + struct.pack("=QIIII", 2, 3, 4, 5, 6)
    assert xsk_reader.RING_DESCRIPTORS == {"rx": 16, "fill": 8}


class Socket:
    """What getsockopt(2) gives."""

    def __init__(self, told):
        self._told = told

    def getsockopt(self, _level, _option, _length):
        return self._told


def reader(told):
    made = xsk_reader.Reader.__new__(xsk_reader.Reader)
    made._socket = Socket(told)
    return made


@pytest.mark.parametrize("numbers", [3, 4], ids=["before Linux 5.4", "with flags"])
def test_offsets_of_rings_are_read_as_this_kernel_has_them(numbers):
    told = struct.pack(f"={4 * numbers}Q", *range(4 * numbers))
    assert [each[:3] for each in reader(told)._offsets()] == [
        tuple(range(ring * numbers, ring * numbers + 3)) for ring in range(4)
    ]


def test_a_kernel_that_counts_less_is_told_as_it_is():
    told = reader(struct.pack("=3Q", 5, 6, 7)).statistics()
    assert told == {"rx_dropped": 5, "rx_invalid_descs": 6, "tx_invalid_descs": 7}


def test_counters_of_rings_begin_again_after_32_bits(tmp_path):
    """They are free-running: kernel, net/xdp/xsk_queue.h."""
    rings = []
    for name, size in (("rx", 16), ("fill", 8)):
        path = tmp_path / name
        path.write_bytes(bytes(4096 + xsk_reader.CHUNKS * size))
        with open(path, "r+b") as file:
            rings.append(xsk_reader.Ring(file.fileno(), (0, 64, 4096), size, 0))
    made = xsk_reader.Reader.__new__(xsk_reader.Reader)
    made._rx, made._fill = rings
    last = (1 << 32) - 2
    made._taken, made._given = last, last + xsk_reader.CHUNKS
    for number, chunk in enumerate((7, 8, 9, 10)):
        made._rx.entries[2 * ((last + number) % xsk_reader.CHUNKS)] = chunk * xsk_reader.CHUNK + 256
    made._rx.produce(last + 4)
    assert made._rx.produced == 2
    assert (made.take(), made.take()) == (4, 0)
    given = [made._fill.entries[(last + number) % xsk_reader.CHUNKS] for number in range(4)]
    assert given == [chunk * xsk_reader.CHUNK for chunk in (7, 8, 9, 10)]
    assert made._fill.produced == (2 + xsk_reader.CHUNKS)
