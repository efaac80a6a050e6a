"""Numbered frames and TCP between the functions of a NIC, seen from inside the guest by small Python programs.

Every frame is accounted for by its number, so that a lost, a doubled and a misdelivered one cannot make up for each
other in a sum.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab import frames
from lab.errors import LabError
from lab.vm import Vm
from lab.wire import Wire

OTHER_PORT = frames.TEST_PORT + 1  # no test's flow rule names it

# The receive buffers hold all that a test sends: a reader that TCG makes slow loses nothing.
_READER = """\
import json, selectors, socket, sys
seen = {name: [] for name in sys.argv[1:]}
wait = selectors.DefaultSelector()
for name in seen:
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.setsockopt(socket.SOL_SOCKET, 33, 128 << 20)  # SO_RCVBUFFORCE
    link.bind((name, 0))
    link.setblocking(False)
    wait.register(link, selectors.EVENT_READ, name)
wait.register(sys.stdin, selectors.EVENT_READ, None)
print("ready", flush=True)
quiet = None
# Told to stop, it reads on until nothing has come for a second.
while ready := wait.select(quiet):
    for key, dummy in ready:
        if key.data is None:
            wait.unregister(sys.stdin)
            quiet = 1.0
            continue
        while True:
            try:
                data, address = key.fileobj.recvfrom(2048)
            except BlockingIOError:
                break
            at = data.find(b"KBLT", 34)  # behind the headers, whichever they are
            if address[2] != socket.PACKET_OUTGOING and at > 0:
                number, port = int.from_bytes(data[at + 4:at + 8], "big"), int.from_bytes(data[36:38], "big")
                seen[key.data].append((number, data[:6].hex(":"), port))
json.dump(seen, sys.stdout)
"""

_SENDER = """\
import socket, sys, time
name, count, interval = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
frame = bytearray.fromhex(sys.argv[4])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((name, 0))
frame[6:12] = bytes.fromhex(sys.argv[5]) or link.getsockname()[4]
for number in range(count):
    frame[46:50] = number.to_bytes(4, "big")
    link.send(frame)
    time.sleep(interval)
"""

_TCP_SERVER = """\
import hashlib, socket, sys
with socket.create_server((sys.argv[1], 5001)) as server:
    print("ready", flush=True)
    connection, peer = server.accept()
    digest = hashlib.sha256()
    while data := connection.recv(1 << 16):
        digest.update(data)
print(digest.hexdigest())
"""

_TCP_CLIENT = """\
import hashlib, os, socket, sys
data = os.urandom(int(sys.argv[2]))
with socket.create_connection((sys.argv[1], 5001), 30) as connection:
    connection.sendall(data)
print(hashlib.sha256(data).hexdigest())
"""


@dataclass(frozen=True)
class Seen:
    """A numbered frame as an interface got it."""

    number: int
    dst_mac: str
    dport: int


class Reader:
    """Reads the numbered frames that interfaces of the guest receive; as a context manager."""

    def __init__(self, vm: Vm, interfaces: Sequence[str]) -> None:
        self._command = vm.ssh_command(["python3", "-c", _READER, *interfaces])
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Reader:
        self._process = _start_and_wait_until_ready(self._command)
        return self

    def __exit__(self, *_details: object) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()

    def stop(self) -> dict[str, list[Seen]]:
        """What each interface has received, in order."""
        assert self._process is not None
        output, errors = self._process.communicate("stop\n", timeout=60)
        if self._process.returncode != 0:
            raise LabError(f"The reader in the guest failed: {errors}")
        return {name: [Seen(*entry) for entry in entries] for name, entries in json.loads(output).items()}


class Paced:
    """Sends numbered frames at a fixed pace, beside whatever else goes on, until told to stop; as a context manager."""

    def __init__(self, wire: Wire, dst_mac: str, interval: float) -> None:
        self._end = threading.Event()
        self._frames = self._numbered(dst_mac)
        self._sent = 0
        self._thread = threading.Thread(target=self._send, args=(wire, interval), daemon=True)

    def _numbered(self, dst_mac: str) -> Iterator[bytes]:
        for number in itertools.count():
            if self._end.is_set():
                return
            yield frames.numbered(number, dst_mac=dst_mac)

    def _send(self, wire: Wire, interval: float) -> None:
        self._sent = wire.send_many(self._frames, interval)

    def __enter__(self) -> Paced:
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self.finish()

    def finish(self) -> int:
        """How many frames were sent: 0 to one less than that."""
        self._end.set()
        self._thread.join()
        return self._sent


def send_from_guest(
    vm: Vm, interface: str, count: int, dst_mac: str, interval: float = 0.001, src_mac: str = ""
) -> None:
    """Sends frames 0 to `count` - 1 out of an interface of the guest, from its own MAC address or from `src_mac`."""
    template, source = frames.numbered(0, dst_mac=dst_mac).hex(), frames.parse_mac(src_mac).hex() if src_mac else ""
    vm.ssh(["python3", "-c", _SENDER, interface, str(count), str(interval), template, source], timeout=120)


def transfer(vm: Vm, size: int, sender: str, receiver: str, receiver_ip: str) -> tuple[str, str]:
    """The SHA-256 of random bytes as sent over TCP, and as received.

    :param sender: network namespace of the guest; "" is the first one.
    :param receiver: namespace of the server, which listens on `receiver_ip`.
    """
    command = vm.ssh_command([*_inside(receiver), "python3", "-c", _TCP_SERVER, receiver_ip])
    server = _start_and_wait_until_ready(command)
    try:
        client = [*_inside(sender), "python3", "-c", _TCP_CLIENT, receiver_ip, str(size)]
        sent = vm.ssh(client, timeout=120).stdout.strip()
        received = server.communicate(timeout=60)[0].strip()
    finally:
        server.kill()
        server.communicate()
    return sent, received


def _inside(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace] if namespace else []


def _start_and_wait_until_ready(command: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        process.kill()
        raise LabError(f"A program in the guest did not start: {process.communicate()[1]}")
    return process
