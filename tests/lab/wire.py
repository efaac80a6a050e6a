"""The far end of a test NIC's cable: sends and receives raw Ethernet frames.

QEMU's stream netdev puts a 4-byte big-endian length before each frame. It serves one peer at a time: a second `Wire` on
the same socket waits unserved. Without a peer the guest's frames are dropped, its link stays up and nothing blocks; the
first frame after connecting arrives, without any pause.
"""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from lab.errors import LabError
from lab.pcap import PcapWriter

# QEMU's NET_BUFSIZE: what it can hand over at most; anything longer means that the stream lost its framing.
MAX_FRAME = 4096 + 65536
_LENGTH = struct.Struct(">I")


def encode(frame: bytes) -> bytes:
    """A frame as it travels on the socket."""
    if not 14 <= len(frame) <= MAX_FRAME:
        raise LabError(
            f"A frame of {len(frame)} bytes: Ethernet needs at least 14, the wire carries up to {MAX_FRAME}."
        )
    return _LENGTH.pack(len(frame)) + frame


class Decoder:
    """Cuts a byte stream, in pieces of any size, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` completes."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise LabError(f"The wire announces a frame of {length} bytes: at most {MAX_FRAME} are possible.")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield frame


def connect(path: Path | str) -> socket.socket:
    """A connection to the wire at `path`, which is closed by whoever gets it."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise LabError(f"The wire {path} cannot be reached: {error.strerror}. Is the VM up?") from error
    return connection


class Wire:
    """A connection to one test NIC, as a context manager; `pcap` names a file that records what passes.

    A thread reads all the time: a peer that is connected and does not read would stop the guest's transmission.
    """

    def __init__(self, path: Path | str, pcap: Path | str | None = None, timeout: float = 30.0) -> None:
        self._path = str(path)
        self._pcap_path = pcap
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._capture: PcapWriter | None = None
        self._capture_lock = threading.Lock()
        self._received: queue.SimpleQueue[bytes | LabError] = queue.SimpleQueue()

    def __enter__(self) -> Wire:
        connection = connect(self._path)
        connection.settimeout(self._timeout)
        if self._pcap_path is not None:
            self._capture = PcapWriter(Path(self._pcap_path).open("wb"))  # noqa: SIM115 (closed in __exit__)
        self._socket = connection
        self._reader = threading.Thread(target=self._read, args=(connection,), daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_details: object) -> None:
        if self._socket and self._reader:
            # Ends the thread's recv.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._reader.join()
            self._socket.close()
        if self._capture:
            self._capture.close()
        self._socket = self._reader = self._capture = None

    def _read(self, connection: socket.socket) -> None:
        """The thread: puts frames into the queue, and at the end the reason why there are no more."""
        decoder = Decoder()
        try:
            while data := self._wait_and_receive(connection):
                for frame in decoder.feed(data):
                    self._record(frame)
                    self._received.put(frame)
            self._received.put(LabError(f"The VM closed the wire {self._path}: it has ended."))
        except OSError as error:
            self._received.put(LabError(f"The wire {self._path} broke: {error.strerror}."))
        except LabError as error:
            self._received.put(error)

    @staticmethod
    def _wait_and_receive(connection: socket.socket) -> bytes:
        # The socket's timeout is for sending; waiting for frames has no end.
        select.select([connection], [], [])
        return connection.recv(1 << 16)

    def _record(self, frame: bytes) -> None:
        if self._capture:
            with self._capture_lock:
                self._capture.write(frame, time.time_ns())

    def send(self, frame: bytes) -> None:
        """Sends one frame."""
        if self._socket is None:
            raise LabError("This wire is closed: use it in a 'with' block.")
        try:
            self._socket.sendall(encode(frame))
        except TimeoutError:
            raise LabError(
                f"The NIC took no frame for {self._timeout} s. A wire serves one peer at a time: does another program "
                f"use {self._path}?"
            ) from None
        except OSError as error:
            raise LabError(f"The wire {self._path} broke: {error.strerror}. Has the VM ended?") from error
        self._record(frame)

    def send_many(self, frames: Iterable[bytes], interval: float = 0.001) -> int:
        """Sends frames at a fixed pace and returns their number.

        Frame n goes out at start + n * `interval`: a late frame does not delay the ones after it. A burst overflows the
        receive ring of a TCG guest, so an interval of 0 is for tests of just that.
        """
        start = time.monotonic()
        count = 0
        for count, frame in enumerate(frames, 1):
            delay = start + (count - 1) * interval - time.monotonic()
            if delay > 0:
                time.sleep(delay)
            self.send(frame)
        return count

    def send_at_once(self, frames: Iterable[bytes]) -> int:
        """Sends frames in one piece, faster than any guest reads them, and returns their number."""
        if self._socket is None:
            raise LabError("This wire is closed: use it in a 'with' block.")
        many = list(frames)
        self._socket.sendall(b"".join(encode(frame) for frame in many))
        for frame in many:
            self._record(frame)
        return len(many)

    def receive(self, timeout: float) -> bytes | None:
        """The next frame from the guest; None when none comes in time."""
        try:
            item = self._received.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        if isinstance(item, LabError):
            raise item
        return item

    def collect(self, seconds: float) -> list[bytes]:
        """All frames that come within `seconds`."""
        end = time.monotonic() + seconds
        frames = []
        while (frame := self.receive(end - time.monotonic())) is not None:
            frames.append(frame)
        return frames
