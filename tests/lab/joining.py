"""Joins two wires, as a cable joins two ports: what comes out of each NIC goes into the other.

Neither side is ever kept waiting, as a wire's peer that does not read stops the VM: what the other side has not taken
yet is kept up to a bound, and frames above it are lost and counted, as in a switch.
"""

from __future__ import annotations

import contextlib
import selectors
import threading
import time
from pathlib import Path

from lab.errors import LabError
from lab.wire import Decoder, connect, encode

MAX_KEPT = 4 << 20  # bytes on the way to one side
_READ = 1 << 18
_NAP = 0.2  # seconds after which a join that has been told to end looks up


class _End:
    """One wire's connection, and what is on its way into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = connect(path)
        self.socket.setblocking(False)
        self.decoder = Decoder()
        self.kept = bytearray()
        self.taken = self.lost = 0  # frames that were for this wire

    def give(self, frame: bytes) -> None:
        """A frame for this wire; kept as a whole, or not at all."""
        data = encode(frame)
        if len(self.kept) + len(data) > MAX_KEPT:
            self.lost += 1
            return
        self.kept += data
        self.taken += 1

    def send(self) -> None:
        """As much as the wire takes now."""
        with contextlib.suppress(BlockingIOError):
            del self.kept[: self.socket.send(self.kept)]

    def receive(self) -> bytes:
        """What has come out of the wire; nothing when its VM has ended."""
        try:
            return self.socket.recv(_READ)
        except ConnectionResetError:
            return b""


class Join:
    """Two wires that are joined until `run` ends; or, as a context manager, beside whatever else goes on."""

    def __init__(self, one: Path, other: Path) -> None:
        if one == other:
            raise LabError(f"The wire {one} cannot be joined with itself: name two.")
        self._paths = (one, other)
        self._ends: list[_End] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._problem: LabError | None = None

    @property
    def passed(self) -> tuple[int, int]:
        """Frames for the first wire and for the second one, without those that were lost."""
        first, second = (end.taken for end in self._ends) if self._ends else (0, 0)
        return first, second

    @property
    def lost(self) -> int:
        """Frames that found more than `MAX_KEPT` bytes before them."""
        return sum(end.lost for end in self._ends)

    def __enter__(self) -> Join:
        self._connect()
        self._thread = threading.Thread(target=self._in_background, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
        self._close()

    def check(self) -> None:
        """Raises the `LabError` that has ended a join in the background."""
        if self._problem:
            raise self._problem

    def run(self, seconds: float | None = None) -> Path | None:
        """Passes frames on until the VM of a wire ends, whose path is returned; None: the time is over."""
        self._connect()
        try:
            return self._pass_on(None if seconds is None else time.monotonic() + seconds)
        finally:
            self._close()

    def _connect(self) -> None:
        self._ends = []
        try:
            for path in self._paths:
                self._ends.append(_End(path))
        except LabError:
            self._close()
            raise

    def _close(self) -> None:
        for end in self._ends:
            end.socket.close()

    def _in_background(self) -> None:
        try:
            gone = self._pass_on(None)
            if gone:
                self._problem = LabError(f"The VM closed the wire {gone}: it has ended.")
        except LabError as error:
            self._problem = error

    def _pass_on(self, until: float | None) -> Path | None:
        one, other = self._ends
        with selectors.DefaultSelector() as selector:
            for end, opposite in ((one, other), (other, one)):
                selector.register(end.socket, selectors.EVENT_READ, (end, opposite))
            while not self._stop.is_set() and (until is None or time.monotonic() < until):
                for key, events in selector.select(_NAP):
                    end, opposite = key.data
                    gone = _serve(end, opposite, events)
                    if gone:
                        return gone
                self._watch(selector)
        return None

    def _watch(self, selector: selectors.BaseSelector) -> None:
        """Only for a wire that something is kept for does it matter that it takes more."""
        for end in self._ends:
            key = selector.get_key(end.socket)
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if end.kept else 0)
            if key.events != wanted:
                selector.modify(end.socket, wanted, key.data)


def _serve(end: _End, opposite: _End, events: int) -> Path | None:
    """What one wire is ready for; its path, or the other's, when that one's VM has ended."""
    if events & selectors.EVENT_READ:
        data = end.receive()
        if not data:
            return end.path
        for frame in end.decoder.feed(data):
            opposite.give(frame)
    for each in (end, opposite):
        try:
            if each.kept:
                each.send()
        except (BrokenPipeError, ConnectionResetError):
            return each.path
    return None
