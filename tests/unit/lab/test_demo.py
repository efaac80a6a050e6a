"""The second act of the demonstration, up to the guest: what is asked of it, and what the last table says."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from lab import demo_queue, receivers, telling
from lab.delivery import Delivery
from lab.demo_queue import Line
from lab.errors import LabError

READY = {"event": "ready", "mode": "zerocopy"}
RESULT = {"event": "result", "frames": 1000, "seconds": 4.5, "cpu_seconds": 0.05, "statistics": {}}
MAC = "02:00:00:00:01:00"


class Guest:
    """A VM in which the reader has said this; it has ended where that is all."""

    def __init__(self, *events, runs=False):
        self.log, self.runs, self.asked, self.files = "".join(f"{json.dumps(e)}\n" for e in events), runs, [], {}

    def ssh(self, remote, check=True, timeout=60, stdin=""):
        words = remote if isinstance(remote, str) else " ".join(remote)
        self.asked.append(words)
        if words.startswith("tee "):
            self.files[words[4:]] = stdin
        code = 0 if self.runs or "is-active" not in words else 3
        return SimpleNamespace(stdout=self.log if words.startswith("cat ") else "", returncode=code)


def reader(*events, **options):
    return receivers.XskReceiver(Guest(*events, **options), "enp1s0", 1, "capture", 1000)


def test_the_reader_is_the_collection_s_and_an_ordinary_user_s():
    with reader(READY, RESULT) as reading:
        assert (reading.mode, reading.received(), reading.cost()) == ("zerocopy", 1000, pytest.approx(50_000))
    guest = reading._vm
    ((path, program),) = guest.files.items()
    assert program == receivers.READER.read_text(encoding="utf-8") and "class Reader" in program
    (started,) = [words for words in guest.asked if "systemd-run" in words]
    assert "--uid=capture" in started and "CapabilityBoundingSet=CAP_NET_RAW " in started
    map_of_pf = "/run/kernel-bypass-sriov/bpf/enp1s0/xsks_map"
    assert started.endswith(f"/usr/bin/python3 -I {path} enp1s0 1 {map_of_pf} 60.0 1000 any 321")
    assert guest.asked[-1] == "systemctl stop reader-enp1s0-1"


def test_a_reader_that_ends_before_it_reads_is_told_with_what_it_said():
    with pytest.raises(LabError, match='did not come to its \'ready\':\n.*"act": "map"'):
        reader({"event": "failed", "act": "map", "errno": 13}).__enter__()


def test_without_frames_there_is_no_cost():
    assert reader(READY, {**RESULT, "frames": 0}).cost() is None


def lines(monkeypatch, steered, cost=50_123.4):
    """Of a second act whose reader got so many."""

    class Receiver(SimpleNamespace):
        def __enter__(self):
            return self

        def __exit__(self, *details):
            pass

    got = Receiver(mode="zerocopy", cost=lambda: cost)
    monkeypatch.setattr(demo_queue, "KernelReceiver", lambda *_given: Receiver(mac=MAC))
    monkeypatch.setattr(demo_queue, "XskReceiver", lambda *_given: got)
    sent = []

    def send(_vm, streams, count):
        sent.extend((stream.dst_mac, stream.dport) for stream in streams)
        return [Delivery(MAC, count, count), Delivery(MAC, count, steered)]

    monkeypatch.setattr(demo_queue, "send", send)
    found = demo_queue.traffic(Guest())
    assert sent == [(MAC, 4322), (MAC, 4321)], "the rule alone tells them apart"
    return [Line("1", "VF 0", "PF's MAC", 4321, Delivery(MAC, 1000, 995), "DPDK", enough=True), *found]


def test_the_last_table_has_both_acts_and_what_was_measured(monkeypatch, capsys):
    assert demo_queue.verdict(lines(monkeypatch, 1000)) == 0
    said = capsys.readouterr().out
    assert said.split("\n\n")[0].splitlines()[1:] == [
        "  act                    sent to   UDP port  sent  received  by                          ns a packet",
        "  1    VF 0              PF's MAC  4321      1000  995       DPDK                        -            ok",
        "  2    PF, other queues  PF's MAC  4322      1000  1000      kernel                      -            ok",
        "  2    PF, queue 1       PF's MAC  4321      1000  1000      capture, AF_XDP (zerocopy)  50,123       ok",
    ]
    assert "no\n  measure of AF_XDP" in said


@pytest.mark.parametrize(("received", "code"), [(999, 1), (1000, 0)])
def test_one_frame_that_is_missing_is_no_proof(monkeypatch, capsys, received, code):
    assert demo_queue.verdict(lines(monkeypatch, received)) == code
    said = capsys.readouterr().out
    assert ("MISSING" in said) is ("the proof does not hold" in said) is bool(code)


def test_a_second_run_that_changes_something_is_told(monkeypatch):
    vm = SimpleNamespace(inventory=lambda: "all: {}")
    ends = "lab-demo : ok=7 changed=1 unreachable=0\n"
    asked = []
    monkeypatch.setattr(
        telling, "_printed", lambda command, _environment: asked.append(command) or ["PLAY RECAP\n", ends]
    )
    telling.play(vm, "queue_bypass", "a: 1\n")
    assert asked[0][-1] == "kernel_bypass.sriov.queue_bypass"
    with pytest.raises(LabError, match="changed something"):
        telling.play(vm, "queue_bypass", "a: 1\n", idempotent=True)
