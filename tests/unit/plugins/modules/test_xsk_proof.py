# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proof is what the reader was told by the kernel; it has CAP_NET_RAW alone, and leaves nothing behind."""

from __future__ import annotations

import ast
import errno
import json
import sys

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import xsk_reader
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bpf import DROP, SYSCALLS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import (
    BPF,
    queue_map,
    queue_program,
)
from ansible_collections.kernel_bypass.sriov.plugins.modules import xsk_proof
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

from .test_dpdk_proof import Started
from .test_returns import differing, returned, said_by

MAP = "/run/kernel-bypass-sriov/bpf/enp1s0/xsks_map"
WISH = {"pf": "enp1s0", "queue": 1, "user": "capture"}
IFINDEX = 3
NATIVE, GENERIC = 1, 2
STATISTICS = dict.fromkeys(xsk_reader.COUNTERS, 0)


def said(*events):
    return "".join(f"{json.dumps(event)}\n" for event in events)


def ready(mode="zerocopy"):
    return {"event": "ready", "mode": mode}


def result(frames, **lost):
    return {"event": "result", "frames": frames, "seconds": 1.5, "statistics": {**STATISTICS, **lost}}


def failed(act, number):
    return {"event": "failed", "act": act, "errno": number, "text": "as errno(3) says it"}


def attach(kernel, mode, number):
    """As `ip link set dev enp1s0 xdpdrv` does."""
    path = kernel.bpffs._sysfs.path("sim/interfaces/enp1s0")
    with open(path, encoding="utf-8") as file:
        entry = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**entry, "xdp": {"mode": mode, "prog": {"id": number, "jited": 1}}}, file)


def host(tmp_path, files=None):
    """Four queues; the map is pinned, and a program that looks into it is attached."""
    queues = {f"sys/class/net/enp1s0/queues/rx-{queue}": DIRECTORY for queue in range(4)}
    pins = {"proc/mounts": f"bpf {BPF} bpf rw,mode=711 0 0", f"{BPF[1:]}/enp1s0": DIRECTORY}
    found = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **queues, **pins, **(files or {})})
    found.bpf.pin_queue_program(queue_map("enp1s0"), queue_program("enp1s0"), 4)
    attach(found, NATIVE, found.bpf.pinned_program(queue_program("enp1s0")).number)
    return found


@pytest.fixture
def kernel(tmp_path):
    return host(tmp_path)


class Program(Started):
    """Also keeps what the program is given."""

    def __call__(self, argv, stdin=""):
        if argv[0] == "systemd-run":
            self.source = stdin
        return super().__call__(argv, stdin)


def prove(kernel, prints="", check=False, stays=False, **options):
    kernel.run = kernel.units._run = Program(kernel.run, prints, stays=stays)
    return run_module(xsk_proof, kernel, check=check, **{**WISH, **options})


def test_frames_that_come_are_a_proof_and_the_socket_s_own_counters_are_told(kernel):
    before = written(kernel)
    found = prove(kernel, said(ready(), result(2000)), frames=2000, seconds=30)
    assert (found["failed"], found["changed"]) == (False, False)
    assert {name: found[name] for name in ("interface", "queue", "map", "mode", "frames", "seconds", "statistics")} == {
        **{"interface": "enp1s0", "queue": 1, "map": MAP, "mode": "zerocopy", "frames": 2000, "seconds": 1.5},
        "statistics": STATISTICS,
    }
    assert written(kernel) == before


def test_the_reader_has_cap_net_raw_alone_and_ends_by_itself(kernel):
    prove(kernel, said(ready(), result(7)), seconds=7, python="/usr/bin/python3")
    (argv,) = kernel.run.started
    assert argv[: argv.index("--")] == [
        *("systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--unit=kernel-bypass-sriov-reader-3-1"),
        *("--uid=capture", "-p", "NoNewPrivileges=yes", "-p", "CapabilityBoundingSet=CAP_NET_RAW"),
        *("-p", "AmbientCapabilities=CAP_NET_RAW", "-p", "LimitMEMLOCK=infinity"),
        *("-p", "RuntimeMaxSec=67", "-p", "TimeoutStopSec=15"),
    ]
    words = argv[argv.index("--") + 1 :]
    assert words[:3] == ["/usr/bin/python3", "-I", "-"]
    number = SYSCALLS[kernel.bpf.machine]
    assert xsk_reader.parsed(words[3:]) == xsk_reader.Wanted("enp1s0", 1, MAP, 7.0, -1, "any", number)


def test_the_program_comes_whole_over_its_standard_input(kernel):
    """Its user can read no file of ours; so it imports none."""
    prove(kernel, said(ready(), result(0)))
    with open(xsk_reader.__file__, encoding="utf-8") as file:
        assert kernel.run.source == file.read()
    named = [node for node in ast.walk(ast.parse(kernel.run.source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = [alias.name for node in named if isinstance(node, ast.Import) for alias in node.names]
    assert {each.partition(".")[0] for each in modules} <= sys.stdlib_module_names
    assert {node.module for node in named if isinstance(node, ast.ImportFrom)} == {"__future__"}


@pytest.mark.parametrize(
    ("options", "seconds", "frames"),
    [({}, 20.0, 0), ({"frames": 5}, 20.0, 5), ({"seconds": 3}, 3.0, -1), ({"frames": 5, "seconds": 3}, 3.0, 5)],
)
def test_it_reads_as_long_as_was_asked(kernel, options, seconds, frames):
    prove(kernel, said(ready(), result(9)), **options)
    (argv,) = kernel.run.started
    asked = xsk_reader.parsed(argv[argv.index("-") + 1 :])
    assert (asked.seconds, asked.frames) == (seconds, frames)


WHAT = "the reader as user capture cannot read on queue 1 of enp1s0"
ENDED = "the reader as user capture did not come to its end on queue 1 of enp1s0"
ANOTHER = "Remedy: look at dmesg; where its user may not run this Python, name another (python: /usr/bin/python3)."
FAILS = {
    "no capability": (
        said(failed("socket", errno.EPERM)),
        {},
        f"{WHAT}: it may not open an AF_XDP socket without CAP_NET_RAW [EPERM: Operation not permitted]. Remedy: "
        "AmbientCapabilities=CAP_NET_RAW for its service: role queue_bypass writes it (queue_bypass_units).",
    ),
    "memlock": (
        said(failed("umem", errno.ENOBUFS)),
        {},
        f"{WHAT}: it may not lock its memory (RLIMIT_MEMLOCK) [ENOBUFS: No buffer space available]. Remedy: "
        "LimitMEMLOCK=infinity for its service: role queue_bypass writes it (queue_bypass_units).",
    ),
    "no zero-copy": (
        said(failed("bind", errno.EOPNOTSUPP)),
        {"mode": "zerocopy"},
        f"{WHAT}: the driver does not do so on this kernel: without zero-copy there is copy mode [EOPNOTSUPP: "
        "Operation not supported]. Remedy: mode: copy, or any.",
    ),
    "not in the group": (
        said(failed("map", errno.EACCES)),
        {},
        f"{WHAT}: its user may not open the map [EACCES: Permission denied]. Remedy: put the user into the group that "
        "the queue was given (dpdk_users, or usermod).",
    ),
    "what nobody has thought of": (
        said(failed("ring", errno.ENOMEM)),
        {},
        f"{WHAT}: at making and mapping its rings [ENOMEM: Cannot allocate memory]. Remedy: look at dmesg.",
    ),
    "no program": (
        "reader.service: Failed to execute /root/venv/bin/python3: Permission denied\n",
        {},
        f"{ENDED}: reader.service: Failed to execute /root/venv/bin/python3: Permission denied. {ANOTHER}",
    ),
    "killed": (said(ready()), {}, f"{ENDED}: it said nothing. {ANOTHER}"),
    "too few frames": (
        said(ready(), result(1999, rx_ring_full=1)),
        {"frames": 2000},
        "the reader as user capture received too few frames on queue 1 of enp1s0: 1999 of 2000 frames came in 1.5 s; "
        "its socket has lost frames, or had no room: rx_ring_full 1. Remedy: look at the flow rules, and at who sends; "
        "rx_rate tells what the queue receives.",
    ),
}


@pytest.mark.parametrize(("prints", "options", "told"), FAILS.values(), ids=FAILS)
def test_what_is_no_proof_fails_with_the_reason(kernel, prints, options, told):
    found = prove(kernel, prints, **options)
    assert (found["failed"], found["msg"]) == (True, told)


def reader_of_queue_1(queue=1):
    return {
        **hosts.sockets(hosts.xdp_socket(32, IFINDEX, 2), hosts.xdp_socket(31, IFINDEX, queue)),
        **hosts.process(7, "/usr/bin/app", ["socket:[31]"]),
    }


def test_a_queue_that_was_taken_meanwhile_names_who_has_it(tmp_path):
    """bind(2) says EBUSY; the kernel shows the socket by then."""
    files = reader_of_queue_1()
    kernel = host(tmp_path, {**files, "sim/sockets": "[]"})

    class Taken(Program):
        def __call__(self, argv, stdin=""):
            if argv[0] == "systemd-run":
                (tmp_path / "sim/sockets").write_text(files["sim/sockets"], encoding="utf-8")
            return super().__call__(argv, stdin)

    kernel.run = kernel.units._run = Taken(kernel.run, said(failed("bind", errno.EBUSY)))
    found = run_module(xsk_proof, kernel, **WISH)
    assert found["failure"]["why"] == "another program has the queue; process 7 (app)"
    assert (found["failure"]["errno"], found["failure"]["kind"]) == ("EBUSY", "kernel_refused")


def test_a_queue_that_somebody_reads_is_refused_before_anything_starts(tmp_path):
    kernel = host(tmp_path, reader_of_queue_1())
    found = prove(kernel, said(ready(), result(0)))
    assert (found["failure"]["kind"], kernel.run.started) == ("in_use", [])
    assert found["failure"]["holders"] == ["process 7 (app) has an AF_XDP socket on it"]
    assert not prove(kernel, said(ready(), result(0)), queue=3)["failed"]


def test_generic_mode_copies_whatever_the_kernel_says(kernel):
    """Seen on Linux 6.12: XDP_OPTIONS says zero-copy beneath a program that is attached generically."""
    attach(kernel, GENERIC, kernel.bpf.pinned_program(queue_program("enp1s0")).number)
    assert prove(kernel, said(ready("zerocopy"), result(0)))["mode"] == "copy"
    found = prove(kernel, said(ready("zerocopy"), result(0)), mode="zerocopy")
    assert found["msg"].startswith("the reader as user capture has no zero-copy on queue 1 of enp1s0: its program is")


def test_without_a_map_nothing_is_started(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    found = prove(kernel, said(ready(), result(0)), queue=0)
    assert (found["msg"], kernel.run.started) == (
        f"cannot read from queue 0 of enp1s0 by AF_XDP: {MAP} is not there. Remedy: have the queue prepared first: "
        "module xsk_queue, or role queue_bypass.",
        [],
    )


def test_without_a_program_no_frame_comes_to_the_map(kernel):
    path = kernel.bpffs._sysfs.path("sim/interfaces/enp1s0")
    with open(path, encoding="utf-8") as file:
        entry = {name: value for name, value in json.load(file).items() if name != "xdp"}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(entry, file)
    found = prove(kernel, said(ready(), result(0)))
    assert found["failure"]["why"] == "no XDP program is attached to enp1s0, so that nobody looks into the map"
    assert kernel.run.started == []


def test_a_program_that_does_not_look_into_the_map_is_no_way_to_it(kernel):
    path = f"{queue_program('enp1s0')}2"
    with kernel.bpf.loaded(DROP, b"other") as descriptor:
        kernel.bpf.pin(descriptor, path)
    number = kernel.bpf.pinned_program(path).number
    attach(kernel, NATIVE, number)
    found = prove(kernel, said(ready(), result(0)))
    assert found["failure"]["why"] == f"the XDP program that is attached (id {number}, other) does not look into {MAP}"
    assert kernel.run.started == []


def test_a_queue_that_is_not_there_is_refused(kernel):
    assert prove(kernel, queue=4)["msg"] == (
        "queue: there is no queue 4 on enp1s0: its queues are 0 to 3. Remedy: name one of these."
    )
    assert kernel.run.started == []


def test_what_runs_on_is_stopped_and_told(kernel):
    found = prove(kernel, said(ready(), result(0)), stays=True)
    assert found["msg"].startswith("kernel-bypass-sriov-reader-3-1.service did not end in its time.")
    assert kernel.run.stopped == ["kernel-bypass-sriov-reader-3-1.service"]


def test_in_check_mode_nothing_is_started(kernel):
    found = prove(kernel, check=True)
    assert (found["failed"], found["mode"], found["statistics"], kernel.run.started) == (False, None, {}, [])


def test_lost_frames_are_a_warning_where_enough_came(kernel):
    found = prove(kernel, said(ready(), result(5, rx_dropped=3, tx_ring_empty_descs=9)), seconds=1)
    assert (found["failed"], found["frames"]) == (False, 5)
    assert "its socket has lost frames, or had no room: rx_dropped 3" in str(found["warnings"])


def test_all_that_is_wrong_is_told_at_once(kernel):
    found = prove(kernel, user="-x", seconds=0, frames=0, python="python3")
    assert [each["what"].partition(":")[0] for each in found["failures"]] == ["frames", "seconds", "user", "python"]


@pytest.mark.parametrize("prints", [said(ready(), result(1)), said(failed("bind", errno.EBUSY))])
def test_all_that_is_returned_is_documented_as_it_is(kernel, prints):
    assert differing(said_by(xsk_proof), returned(prove(kernel, prints)), "", set()) == []


def test_what_is_returned_in_check_mode_is_documented(kernel):
    assert differing(said_by(xsk_proof), returned(prove(kernel, check=True)), "", set()) == []
