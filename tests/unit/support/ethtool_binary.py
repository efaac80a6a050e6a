# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real ethtool binary, as an oracle: which bytes it gives to the kernel for a command line."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import typing as t
from pathlib import Path

SOURCE = Path(__file__).with_name("ioctl_recorder.c")
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Said(t.NamedTuple):
    """What one run of ethtool did.

    :param requests: the bytes of each SIOCETHTOOL request, in their order.
    """

    status: int
    error: str
    requests: tuple[bytes, ...]

    def last(self, command: int) -> bytes:
        """The last request of this command."""
        return [request for request in self.requests if struct.unpack_from("=I", request)[0] == command][-1]


class EthtoolBinary:
    """ethtool behind a recorder that stands for a driver without rules.

    :param directory: for the compiled recorder and its records.
    :raises FileNotFoundError: there is no gcc, or no ethtool: Debian's packages have the same names.
    """

    def __init__(self, directory: Path, rings: int = 64, table: int = 128, locations: int = 2046) -> None:
        self._program = shutil.which("ethtool", path=PATH)
        if self._program is None:
            raise FileNotFoundError("no ethtool: install the package ethtool")
        self._library = directory / "ioctl_recorder.so"
        self._record = directory / "requests"
        flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run(["gcc", *flags, str(SOURCE), "-o", str(self._library), "-ldl"], check=True)
        self._settings = {
            "IOCTL_RINGS": str(rings),
            "IOCTL_TABLE": str(table),
            "IOCTL_LOCATIONS": str(locations),
            "IOCTL_KEY": "40",
        }

    def __call__(self, *words: str, **settings: int) -> Said:
        """`ethtool WORDS`.

        :param settings: for the recorder: rings, table, locations, key, old.
        """
        self._record.write_bytes(b"")
        own = {f"IOCTL_{name.upper()}": str(value) for name, value in settings.items()}
        environment = {**self._settings, **own, "IOCTL_RECORD": str(self._record), "LD_PRELOAD": str(self._library)}
        done = subprocess.run(
            [str(self._program), *words], env=environment, capture_output=True, text=True, check=False
        )
        return Said(done.returncode, done.stderr, tuple(_requests(self._record.read_bytes())))


def _requests(record: bytes) -> t.Iterator[bytes]:
    while record:
        size = struct.unpack_from("=I", record)[0]
        yield record[4 : 4 + size]
        record = record[4 + size :]
