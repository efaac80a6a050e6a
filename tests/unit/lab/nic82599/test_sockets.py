# SPDX-License-Identifier: GPL-3.0-or-later
"""The process's three sockets: QEMU (a socketpair plays the shim), the far end, the control."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from lab.nic82599 import control, pcie
from lab.nic82599 import regs as R
from lab.nic82599.farend import FarEnd
from nicframes import udp4


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield pcie.Pcie(ours, pcie.Identity()), theirs
    ours.close()
    theirs.close()


def test_hello_says_what_the_function_is(pair):
    packet = pair[1].recv(4096)
    assert packet[0] == pcie.HELLO and len(packet) == 24 + 44
    assert packet[24:32] == b"PCIEFN1\0"
    assert int.from_bytes(packet[32:34], "little") == 0x8086
    assert int.from_bytes(packet[34:36], "little") == 0x10FB


def test_read_is_answered_and_write_is_not(pair):
    bus, qemu = pair
    qemu.recv(4096)
    seen = []
    bus.handler = lambda *request: seen.append(request) or 0xCAFE
    qemu.send(pcie.HEADER.pack(pcie.WRITE, 3, 0, 4, 0, 0x10, 7))
    qemu.send(pcie.HEADER.pack(pcie.READ, 0, 0, 4, 0, 0x20, 0))
    bus.pump()
    assert seen == [(pcie.WRITE, 3, 4, 0x10, 7), (pcie.READ, 0, 4, 0x20, 0)]
    assert pcie.HEADER.unpack(qemu.recv(100))[0::6] == (pcie.READ_REPLY, 0xCAFE)


def test_what_arrives_during_dma_is_put_aside_in_order(pair):
    bus, qemu = pair
    qemu.recv(4096)
    seen = []
    bus.handler = lambda op, function, size, addr, value: seen.append(addr)
    for addr in (1, 2):
        qemu.send(pcie.HEADER.pack(pcie.WRITE, 0, 0, 4, 0, addr, 0))
    qemu.send(pcie.HEADER.pack(pcie.DMA_DATA, 2, 0, 0, 0, 0, 0) + b"abcdefg")
    assert bus.dma_read(2, [(0x1000, 3), (0x2000, 4)]) == [b"abc", b"defg"]
    request = qemu.recv(100)
    assert request[:2] == bytes([pcie.DMA_READ, 2]) and request[24:] == b"".join(
        pcie.SEGMENT.pack(*segment) for segment in ((0x1000, 3), (0x2000, 4))
    )
    assert bus.waiting
    bus.pump()
    assert seen == [1, 2] and not bus.waiting


def test_refused_dma(pair):
    bus, qemu = pair
    qemu.send(pcie.HEADER.pack(pcie.DMA_DATA, 0, 0, 0, 0, 0, 1) + bytes(4))
    assert bus.dma_read(0, [(0, 4)]) is None


def test_large_transfers_are_cut(pair):
    bus, qemu = pair
    qemu.recv(4096)
    bus.dma_write(1, [(n << 16, bytes(40000)) for n in range(4)])
    sizes = [len(qemu.recv(1 << 18)) for _turn in range(2)]
    assert sizes == [24 + 2 * 12 + 80000] * 2


def test_qemu_gone(pair):
    bus, qemu = pair
    qemu.close()
    with pytest.raises(pcie.Pcie.Disconnected):
        bus.pump()


def test_far_end_frames_in_pieces(tmp_path):
    got = []
    end = FarEnd(str(tmp_path / "wire"), got.extend)
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(tmp_path / "wire"))
    end.accept()
    stream = b"".join(len(f).to_bytes(4, "big") + f for f in (udp4(), udp4(sport=5)))
    for at in range(0, len(stream), 50):
        client.sendall(stream[at : at + 50])
        end.readable()
    assert got == [udp4(), udp4(sport=5)]
    end.send(udp4(dport=9))
    assert client.recv(1000) == len(udp4()).to_bytes(4, "big") + udp4(dport=9)
    client.close()
    end.readable()
    assert end.peer is None
    end.send(udp4())
    assert end.lost == 1


def test_control_commands(bench):
    nic = bench.nic

    def run(**request):
        return control.execute(nic, request)

    run(cmd="link", up=False)
    assert not nic.read(R.LINKS) & R.LINKS_UP
    assert run(cmd="fault", drop=3, silent_vfs=[1, 2])["faults"]["silent_vfs"] == [1, 2]
    run(cmd="heal")
    assert nic.read(R.LINKS) & R.LINKS_UP and nic.faults.drop == 0
    bench.rx_ring(0)
    bench.receive(udp4())
    assert run(cmd="stats")["stats"]["wire_rx_frames"] == 1
    state = run(cmd="state")["state"]
    assert state["rx_rings"][0]["head"] == 1 and state["addresses"] == {"02:82:59:90:00:0a": "0x1"}
    json.dumps(state)
    with pytest.raises(ValueError, match="no command"):
        run(cmd="dance")


@pytest.fixture
def process(tmp_path):
    paths = {name: str(tmp_path / name) for name in ("socket", "wire", "control")}
    arguments = [f"--{name}={path}" for name, path in paths.items()]
    root = Path(pcie.__file__).parents[2]
    running = subprocess.Popen(
        [sys.executable, "-m", "lab.nic82599", *arguments, "--mac=02:82:59:90:00:0a"],
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    deadline = time.monotonic() + 20
    while not all(map(os.path.exists, paths.values())) and time.monotonic() < deadline:
        time.sleep(0.02)
    yield running, paths
    running.kill()
    running.wait()


def ask(path, request):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(path)
        client.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(client.makefile().readline() or "{}")


def test_the_process_serves_all_sockets_and_ends_with_qemu(process):
    running, paths = process
    assert ask(paths["control"], {"cmd": "stats"}) == {"ok": False, "error": "ValueError: no QEMU is connected"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as qemu, socket.socket(socket.AF_UNIX) as far:
        qemu.settimeout(20)
        qemu.connect(paths["socket"])
        assert qemu.recv(4096)[0] == pcie.HELLO
        qemu.send(pcie.HEADER.pack(pcie.WRITE, 0, 0, 4, 0, R.RXCTRL, 1))
        qemu.send(pcie.HEADER.pack(pcie.READ, 0, 0, 4, 0, R.STATUS, 0))
        assert pcie.HEADER.unpack(qemu.recv(100))[6] == R.STATUS_GIO
        far.connect(paths["wire"])
        far.sendall(len(udp4()).to_bytes(4, "big") + udp4())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = ask(paths["control"], {"cmd": "stats"})["stats"]
            if answer.get("wire_rx_frames"):
                break
        assert answer["wire_rx_frames"] == 1
        assert not ask(paths["control"], {"cmd": "fault", "nonsense": 1})["ok"]
    assert running.wait(20) == 0
    assert not any(map(os.path.exists, paths.values()))


@pytest.mark.parametrize("how", ["quit", "SIGTERM"])
def test_the_process_ends_when_told(process, how):
    running, paths = process
    if how == "quit":
        threading.Thread(target=ask, args=(paths["control"], {"cmd": "quit"}), daemon=True).start()
    else:
        running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 0
