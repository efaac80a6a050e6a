"""What tests/bench/selftests.py makes of the kernel's selftests."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from lab.errors import LabError

sys.path.append(str(Path(__file__).parents[2] / "bench"))
from judges import qstats_guest
from judges.expected import TABLE, differences
from judges.guest import cases_of

TAP = """\
TAP version 13
1..5
# Exception| Traceback: not ok 9 ntuple.queue.none
ok 1 ntuple.queue.tcp4.src_ip
not ok 2 ntuple.queue.tcp6.src_ip
ok 3 ntuple.contexts # SKIP there are none
# Check| not ok
not ok 4 ntuple.other # XFAIL later
ok 5 ntuple.last
# Totals: pass:2 fail:1 xfail:1 xpass:0 skip:1 error:0
"""


def test_each_case_has_its_verdict():
    assert cases_of(TAP) == {
        "queue.tcp4.src_ip": "pass",
        "queue.tcp6.src_ip": "fail",
        "contexts": "skip",
        "other": "xfail",
        "last": "pass",
    }


@pytest.mark.parametrize("text", [TAP.replace("1..5", "1..6"), TAP.replace("ok 5", "# 5"), "", "Traceback"])
def test_a_selftest_that_has_not_come_to_its_end_is_no_result(text):
    with pytest.raises(LabError, match="not come to its end"):
        cases_of(text)


ROWS = (("queue.tcp4.*", "pass"), ("queue.*", "fail"))


def test_what_is_as_in_the_table_is_no_difference_and_the_first_row_that_fits_counts():
    assert differences(ROWS, {"queue.tcp4.a": "pass", "queue.tcp6.a": "fail"}) == []


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (
            {"queue.tcp4.a": "fail", "queue.tcp6.a": "pass"},
            ["queue.tcp4.a: fail, and the table says pass", "queue.tcp6.a: pass, and the table says fail"],
        ),
        ({"queue.tcp4.a": "pass"}, ["queue.*: the table has it, and no case is called so"]),
        (
            {"queue.tcp4.a": "pass", "queue.udp4.a": "fail", "new": "pass"},
            ["new: pass, and the table does not know it"],
        ),
    ],
)
def test_differences_in_either_direction_are_told(cases, expected):
    assert differences(ROWS, cases) == expected


def test_the_table_names_each_row_of_a_test_once_and_knows_four_verdicts():
    for tests in TABLE.values():
        for rows in tests.values():
            assert len({pattern for pattern, _verdict in rows}) == len(rows)
            assert {verdict for _pattern, verdict in rows} <= {"pass", "fail", "skip", "xfail"}


STATISTICS = """\
NIC statistics:
     rx_packets: 99
     tx_queue_0_packets: 7
     tx_queue_0_bytes: 700
     rx_queue_0_packets: 5
     rx_queue_1_packets: 6
     rx_queue_2_packets: 0
"""


class Netdev:
    """A NetdevFamily; `answer` is what the kernel says, or what it raises."""

    answer: list | Exception = []

    def __init__(self, recv_size=0):
        self.recv_size = recv_size

    def qstats_get(self, attrs, dump=False):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def guest(monkeypatch):
    answers = {"ip": '[{"ifindex": 1, "ifname": "lo"}, {"ifindex": 3, "ifname": "enp1s0"}]', "ethtool": STATISTICS}
    monkeypatch.setattr(qstats_guest.subprocess, "check_output", lambda words, **_options: answers[words[0]])
    queues = {"/sys/class/net/enp1s0/queues": ["rx-0", "rx-1", "tx-0"]}
    monkeypatch.setattr(qstats_guest, "os", SimpleNamespace(listdir=queues.__getitem__))


@pytest.mark.parametrize("answer", [[], OSError("not supported")])
def test_where_netlink_has_no_counters_of_queues_ethtool_has_those_in_use(guest, answer):
    family = qstats_guest.with_ethtool(type("Family", (Netdev,), {"answer": answer}))(recv_size=9)
    assert family.recv_size == 9
    found = family.qstats_get({"ifindex": 3, "scope": ["queue"]}, dump=True)
    assert {
        (each["queue-type"], each["queue-id"]): each.get("rx-packets", each.get("tx-packets")) for each in found
    } == {
        ("tx", 0): 7,
        ("rx", 0): 5,
        ("rx", 1): 6,
    }


def test_where_netlink_has_them_they_are_those():
    theirs = [{"queue-type": "rx", "queue-id": 0, "rx-packets": 1}]
    family = qstats_guest.with_ethtool(type("Family", (Netdev,), {"answer": theirs}))()
    assert family.qstats_get({"ifindex": 3, "scope": ["queue"]}, dump=True) == theirs
