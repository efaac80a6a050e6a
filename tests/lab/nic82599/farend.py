# SPDX-License-Identifier: GPL-3.0-or-later
"""The far end of the cable: a unix stream socket where tests send and take frames, each with its length (4 octets,
big-endian) before it. The format is that of QEMU's `-netdev stream`, so a test serves both NICs."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from .sockets import listen

MAX_FRAME = 4096 + 65536  # as QEMU's stream netdev
MAX_QUEUED = 4 * 1024 * 1024


class FarEnd:
    """Serves one connection at a time; the next one waits, as with QEMU."""

    def __init__(self, path: str, received: Callable[[list[bytes]], object]):
        self.received = received
        self.listener = listen(path, socket.SOCK_STREAM)
        self.peer: socket.socket | None = None
        self.lost = 0  # frames sent to nobody, or to one who does not read
        self._input, self._output = bytearray(), bytearray()

    def accept(self) -> None:
        self.peer, _address = self.listener.accept()
        self.peer.setblocking(False)
        self._input.clear()
        self._output.clear()

    def close(self) -> None:
        if self.peer:
            self.peer.close()
        self.peer = None

    def readable(self) -> None:
        if self.peer is None:
            return
        try:
            data = self.peer.recv(256 * 1024)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._input += data
        frames = self._frames()
        if frames:
            self.received(frames)
        if not data:
            self.close()

    def _frames(self) -> list[bytes]:
        frames: list[bytes] = []
        at, have = 0, self._input
        while len(have) - at >= 4:
            size = int.from_bytes(have[at : at + 4], "big")
            if size > MAX_FRAME:
                self.close()  # out of step: nothing that follows can be trusted
                have.clear()
                return frames
            if len(have) - at - 4 < size:
                break
            frames.append(bytes(have[at + 4 : at + 4 + size]))
            at += 4 + size
        del have[:at]
        return [frame for frame in frames if len(frame) >= 14]

    def send(self, frame: bytes) -> None:
        if self.peer is None or len(self._output) > MAX_QUEUED:
            self.lost += 1
            return
        self._output += len(frame).to_bytes(4, "big") + frame
        self.writable()

    @property
    def wants_to_write(self) -> bool:
        return self.peer is not None and bool(self._output)

    def writable(self) -> None:
        if self.peer is None:
            return
        with contextlib.suppress(BlockingIOError):
            try:
                del self._output[: self.peer.send(self._output)]
            except (BrokenPipeError, ConnectionResetError):
                self.close()
