from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab import frames, pcap
from lab.errors import LabError
from lab.wire import MAX_FRAME, Decoder, Wire, encode

FRAMES = st.lists(st.binary(min_size=14, max_size=200), max_size=8)


@given(FRAMES, st.lists(st.integers(1, 40), min_size=1, max_size=50))
def test_frames_survive_any_cut_of_the_stream(sent, cuts):
    stream = b"".join(encode(frame) for frame in sent)
    decoder, received, position = Decoder(), [], 0
    while position < len(stream):
        size = cuts[position % len(cuts)]
        received += decoder.feed(stream[position : position + size])
        position += size
    assert received == sent


def test_length_comes_first_in_network_order():
    assert encode(b"x" * 300)[:4] == b"\x00\x00\x01\x2c"


@pytest.mark.parametrize("size", [0, 13, MAX_FRAME + 1])
def test_impossible_sizes_are_not_sent(size):
    with pytest.raises(LabError, match=f"frame of {size} bytes"):
        encode(b"x" * size)


def test_oversized_length_is_refused():
    with pytest.raises(LabError, match="4294967295 bytes"):
        list(Decoder().feed(b"\xff" * 8))


@pytest.fixture
def server(tmp_path):
    """A listening socket in QEMU's place, and its path."""
    path = tmp_path / "wire.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(1)
        yield listener, path


def test_send_and_receive(server, tmp_path):
    listener, path = server
    capture = tmp_path / "x.pcap"
    out, back = frames.numbered(1, dst_mac="02:00:00:00:01:00"), frames.numbered(2, dst_mac="02:00:00:00:ff:01")
    with Wire(path, capture) as wire:
        peer, dummy = listener.accept()
        with peer:
            wire.send(out)
            assert peer.recv(1000) == encode(out)
            data = encode(back) * 2
            peer.sendall(data[:10])
            assert wire.receive(0.05) is None
            peer.sendall(data[10:])
            assert wire.receive(1) == back
            assert wire.collect(0.1) == [back]
    assert capture.stat().st_size == 24 + 3 * (16 + 64)


def test_many_frames_at_once_are_one_write_of_them_all(server, tmp_path):
    listener, path = server
    capture = tmp_path / "x.pcap"
    many = [frames.numbered(number, dst_mac="02:00:00:00:01:00") for number in range(20)]
    with Wire(path, capture) as wire:
        peer, dummy = listener.accept()
        with peer:
            assert wire.send_at_once(iter(many)) == 20
            assert list(Decoder().feed(peer.recv(1 << 16))) == many
    assert capture.stat().st_size == 24 + 20 * (16 + 64)
    with pytest.raises(LabError, match="'with' block"):
        wire.send_at_once(many)


def test_end_of_the_vm_is_reported(server):
    listener, path = server
    with Wire(path) as wire:
        listener.accept()[0].close()
        with pytest.raises(LabError, match="it has ended"):
            wire.receive(1)


def test_no_vm_is_reported(tmp_path):
    with pytest.raises(LabError, match="Is the VM up"), Wire(tmp_path / "none.sock"):
        pass


def test_closed_wire_is_reported(tmp_path):
    with pytest.raises(LabError, match="'with' block"):
        Wire(tmp_path / "x").send(b"x" * 60)


def test_peer_that_takes_nothing_is_reported(server):
    listener, path = server
    with Wire(path, timeout=0.1) as wire, pytest.raises(LabError, match="took no frame"):
        peer, dummy = listener.accept()
        with peer:
            wire.send_many((b"x" * 60000 for dummy in range(100)), interval=0)


def test_both_sides_may_send_much_at_once(server):
    """A guest that answers every frame must not block a sender that reads only afterwards."""
    listener, path = server
    frame = b"x" * 1400

    def echo():
        peer, dummy = listener.accept()
        with peer:
            while data := peer.recv(1 << 16):
                peer.sendall(data)

    thread = threading.Thread(target=echo)
    thread.start()
    with Wire(path, timeout=10) as wire:
        assert wire.send_many((frame for dummy in range(2000)), interval=0) == 2000
        received = [wire.receive(5) for dummy in range(2000)]
    thread.join()
    assert received == [frame] * 2000


def test_pace_is_kept_by_an_absolute_schedule(server):
    listener, path = server
    with Wire(path) as wire:
        peer, dummy = listener.accept()
        with peer:

            def slow_frames():
                for number in range(10):
                    if number == 3:
                        time.sleep(0.05)
                    yield frames.numbered(number, dst_mac="02:00:00:00:01:00")

            started = time.monotonic()
            wire.send_many(slow_frames(), interval=0.02)
            # 9 intervals; the late frame delayed none of those after it.
            assert time.monotonic() - started == pytest.approx(0.18, abs=0.04)


def test_pcap_bytes():
    assert pcap.file_header().hex() == "4d3cb2a1" + "0200" + "0400" + "00000000" + "00000000" + "ffff0000" + "01000000"
    record = pcap.record(b"\xaa" * 60, 1_700_000_000_000_000_042)
    assert struct.unpack("<IIII", record[:16]) == (1_700_000_000, 42, 60, 60)
    assert record[16:] == b"\xaa" * 60


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
def test_tcpdump_reads_the_capture_and_agrees_with_the_checksums(tmp_path):
    path = tmp_path / "x.pcap"
    with pcap.PcapWriter(path.open("wb")) as writer:
        writer.write(frames.udp(dst_mac="02:00:00:00:01:00", payload=b"hi!"), 1_700_000_000_123_456_789)
        writer.write(frames.tcp(dst_mac="02:00:00:00:01:00", vlan=5), 1_700_000_001_000_000_000)
    command = ["tcpdump", "-nn", "-vv", "-e", "--nano", "-tt", "-r", str(path)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "1700000000.123456789" in text
    assert "udp sum ok" in text
    assert "vlan 5" in text
    assert "(correct)" in text and "incorrect" not in text
