"""Writes captures in the classic pcap format, with nanoseconds, for tcpdump and Wireshark."""

from __future__ import annotations

import struct
from types import TracebackType
from typing import BinaryIO

_MAGIC_NANOSECONDS = 0xA1B23C4D
_LINKTYPE_ETHERNET = 1
_SNAPLEN = 65535


def file_header() -> bytes:
    """The 24 bytes at the start of the file, in the byte order of this machine's users: little-endian."""
    return struct.pack("<IHHiIII", _MAGIC_NANOSECONDS, 2, 4, 0, 0, _SNAPLEN, _LINKTYPE_ETHERNET)


def record(frame: bytes, nanoseconds: int) -> bytes:
    """One captured frame; `nanoseconds` since the epoch."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    kept = frame[:_SNAPLEN]
    return struct.pack("<IIII", seconds, fraction, len(kept), len(frame)) + kept


class PcapWriter:
    """Appends frames to a stream that it then owns."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.write(file_header())

    def write(self, frame: bytes, nanoseconds: int) -> None:
        self._stream.write(record(frame, nanoseconds))

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> PcapWriter:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
