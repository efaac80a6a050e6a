"""Says on standard error what the lab is doing and how long it has been at it."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """One line a message: ``lab  12.3 s  text``. Seconds count from the creation of the object."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        if not self._quiet:
            print(f"lab {self.seconds:6.1f} s  {text}", file=self._stream, flush=True)
