"""What the tests read in the guest: numbered frames, and the words of `ethtool`."""

from __future__ import annotations

import pytest
from lab import frames, traffic
from lab.ssh import Result
from lab.traffic_guest import GuestNic


def test_a_frame_carries_its_number_and_port_where_the_reader_looks():
    data = frames.numbered(77, dst_mac="02:00:00:00:01:00", dport=traffic.OTHER_PORT)
    assert data[42:46] == b"KBLT"
    assert int.from_bytes(data[46:50], "big") == 77
    assert int.from_bytes(data[36:38], "big") == traffic.OTHER_PORT


class FakeVm:
    """Answers each command by its first words."""

    def __init__(self, answers):
        self.answers = answers

    def ssh(self, remote, check=True):
        line = remote if isinstance(remote, str) else " ".join(remote)
        return Result(0, next(text for start, text in self.answers.items() if line.startswith(start)), "")


CHANNELS = "Pre-set maximums:\nOther: 1\nCombined:\t63\nCurrent hardware settings:\nOther:\t1\nCombined:\t4\n"
TABLE = """RX flow hash indirection table for enp1s0 with 4 RX ring(s):
    0:      0     1     2     3     0     1     2     3
    8:      0     1     2     3     0     1     2     3
RSS hash key:
25:31:a0:1e
RSS hash function:
    toeplitz: on
"""


def test_rss_is_what_is_set_not_what_could_be_and_the_key_is_no_queue():
    vm = FakeVm({"ethtool -l": CHANNELS, "ethtool -x": TABLE})
    assert GuestNic(vm).rss() == (4, {0, 1, 2, 3})


def test_counters_are_numbers_by_name():
    vm = FakeVm({"ethtool -S": "NIC statistics:\n     rx_packets: 122\n     fdir_match: 0\n"})
    assert GuestNic(vm).counters() == {"rx_packets": 122, "fdir_match": 0}


@pytest.mark.parametrize("build", [frames.udp, frames.tcp, frames.sctp, frames.gre])
def test_a_frame_of_any_protocol_is_found_by_its_mark_behind_the_headers(build):
    data = build(dst_mac="02:00:00:00:01:00", payload=frames.mark(77))
    at = data.find(b"KBLT", 34)
    assert at > 0 and int.from_bytes(data[at + 4 : at + 8], "big") == 77
