# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A program that is talked to, as somebody at a terminal would: what it prints comes at once then, line by line."""

from __future__ import annotations

import os
import select
import subprocess
import typing as t

from .commands import ENVIRONMENT
from .deadline import Deadline


class Ended(Exception):
    """It said what was not waited for, and no more.

    :param said: all that it has printed since it was last listened to.
    """

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class Talk(t.Protocol):
    def say(self, line: str) -> None:
        """Type a line."""

    def until(self, *words: str, seconds: float) -> str:
        """What it prints up to these words, one after the other.

        :raises Ended: it ended, or did not print them in time.
        """

    def close(self) -> None:
        """End it."""


class Conversation:
    """One program. Where we are gone its terminal is, and it finds the end of what is typed."""

    def __init__(self, argv: t.Sequence[str]) -> None:
        """:raises OSError: it cannot be started."""
        import pty  # only here: few runs need it

        self._terminal, of_program = pty.openpty()
        try:
            self._process = subprocess.Popen(
                list(argv), stdin=of_program, stdout=of_program, stderr=of_program, env=ENVIRONMENT
            )
        except OSError:
            os.close(self._terminal)
            raise
        finally:
            os.close(of_program)
        self._heard = b""

    def say(self, line: str) -> None:
        os.write(self._terminal, f"{line}\n".encode())

    def until(self, *words: str, seconds: float) -> str:
        deadline, at = Deadline(seconds), 0
        for word in words:
            while self._heard.find(word.encode(), at) < 0:
                more = self._listen(deadline.left())
                if not more:
                    said, self._heard = self._heard, b""
                    raise Ended(_text(said))
                self._heard += more.replace(b"\r", b"")  # a terminal's
            at = self._heard.find(word.encode(), at) + len(word.encode())
        said, self._heard = self._heard[:at], self._heard[at:]
        return _text(said)

    def close(self) -> None:
        os.close(self._terminal)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self, seconds: float) -> bytes:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._terminal, 1 << 16)
        except OSError:  # EIO: nobody has the other end any more
            return b""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
