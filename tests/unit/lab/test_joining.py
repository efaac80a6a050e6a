from __future__ import annotations

import os
import socket
import threading
import time

import pytest
from lab import cli, joining
from lab.errors import LabError
from lab.joining import Join
from lab.wire import MAX_FRAME, Decoder, encode


class Nic:
    """A listening socket in the place of a NIC's wire, and its one peer."""

    def __init__(self, path):
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._decoder = Decoder()
        self.received = []

    def accept(self):
        self.peer, _address = self._listener.accept()
        self.peer.settimeout(5)

    def read(self, count):
        while len(self.received) < count:
            data = self.peer.recv(1 << 16)
            assert data, "the join has ended"
            self.received += self._decoder.feed(data)
        return self.received

    def close(self):
        self._listener.close()
        if hasattr(self, "peer"):
            self.peer.close()


@pytest.fixture
def nics(tmp_path):
    both = [Nic(tmp_path / "one.sock"), Nic(tmp_path / "other.sock")]
    yield both
    for each in both:
        each.close()


@pytest.fixture
def joined(nics):
    with Join(*(each.path for each in nics)) as join:
        for each in nics:
            each.accept()
        yield join


def frame(number, size=60):
    return number.to_bytes(size, "big")


def test_each_side_gets_what_the_other_sends_whole_and_in_order(nics, joined):
    one, other = nics
    there, back = [frame(n) for n in range(300)], [frame(n, 1500) for n in range(1000, 1200)]
    one.peer.sendall(b"".join(map(encode, there)))
    other.peer.sendall(b"".join(map(encode, back)))
    assert other.read(300) == there
    assert one.read(200) == back
    assert (joined.passed, joined.lost) == ((200, 300), 0)


def test_a_frame_in_pieces_is_passed_on_once_it_is_whole(nics, joined):
    one, other = nics
    data = encode(frame(7))
    one.peer.sendall(data[:30])
    other.peer.settimeout(0.3)
    with pytest.raises(TimeoutError):
        other.peer.recv(100)
    one.peer.sendall(data[30:])
    assert other.read(1) == [frame(7)]


def test_a_side_that_does_not_read_keeps_nobody_waiting_and_costs_bounded_memory(nics, joined, monkeypatch):
    monkeypatch.setattr(joining, "MAX_KEPT", 100_000)
    one, other = nics
    count = 2000
    one.peer.sendall(b"".join(encode(frame(n, 1000)) for n in range(count)))  # returns: all of it was read
    end = time.monotonic() + 5
    while sum(joined.passed) + joined.lost < count and time.monotonic() < end:
        time.sleep(0.01)
    other.peer.sendall(encode(frame(1)))
    assert one.read(1) == [frame(1)], "the other way is open"
    taken = joined.passed[1]
    assert joined.lost > 0 and taken + joined.lost == count
    numbers = [int.from_bytes(data, "big") for data in other.read(taken)]
    assert numbers == sorted(set(numbers)) and numbers[0] == 0 and numbers[-1] < count, "none is torn"


def run_in_background(join, *arguments):
    ended = []

    def run():
        try:
            ended.append(join.run(*arguments))
        except LabError as error:
            ended.append(str(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, ended


@pytest.mark.parametrize("which", [0, 1])
def test_it_ends_with_either_vm_and_says_with_which(nics, which):
    thread, ended = run_in_background(Join(*(each.path for each in nics)))
    for each in nics:
        each.accept()
    nics[which].peer.close()
    thread.join(5)
    assert ended == [nics[which].path]
    assert nics[1 - which].peer.recv(1) == b"", "the other one is free for the next peer"


def test_it_ends_when_its_time_is_over(nics):
    thread, ended = run_in_background(Join(*(each.path for each in nics)), 0.3)
    for each in nics:
        each.accept()
    thread.join(5)
    assert ended == [None]


def test_a_stream_without_frames_ends_it(nics):
    thread, ended = run_in_background(Join(*(each.path for each in nics)))
    for each in nics:
        each.accept()
    nics[0].peer.sendall((MAX_FRAME + 1).to_bytes(4, "big"))
    thread.join(5)
    assert f"{MAX_FRAME + 1} bytes" in ended[0]


def test_a_join_in_the_background_tells_whose_end_was_its_own(nics, joined):
    joined.check()
    nics[1].peer.close()
    end = time.monotonic() + 5
    with pytest.raises(LabError, match="other.sock: it has ended"):
        while time.monotonic() < end:
            joined.check()
            time.sleep(0.01)


def test_a_wire_is_not_joined_with_itself_nor_with_one_that_is_not_there(nics, tmp_path):
    with pytest.raises(LabError, match="cannot be joined with itself"):
        Join(nics[0].path, nics[0].path)
    descriptors = len(os.listdir("/proc/self/fd"))
    with pytest.raises(LabError, match="Is the VM up"):
        Join(nics[0].path, tmp_path / "none.sock").run()
    assert len(os.listdir("/proc/self/fd")) == descriptors, "the connection to the first one is closed"


@pytest.mark.parametrize(
    ("text", "expected"), [("lab:1", ("lab", 1)), ("other", ("other", 0)), ("a-b:12", ("a-b", 12))]
)
def test_an_end_is_a_vm_and_the_number_of_its_wire(text, expected):
    options = cli.build_parser().parse_args(["join", text, "lab:0", "--seconds", "1.5"])
    assert (options.one, options.other, options.seconds) == (expected, ("lab", 0), 1.5)


@pytest.mark.parametrize("text", ["", ":1", "lab:", "lab:x", "lab:-1"])
def test_anything_else_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        cli.build_parser().parse_args(["join", text, "lab:0"])
    assert "is not like lab:1" in capsys.readouterr().err


def test_before_it_has_begun_nothing_has_passed(nics):
    join = Join(*(each.path for each in nics))
    assert (join.passed, join.lost) == ((0, 0), 0)
