"""A load in bursts, each of which waits until the guest has taken the one before.

The sender, and the model of the NIC, run outside the clock of a guest that counts instructions. Of a load that is sent
as fast as it goes, how many frames come together depends on how busy this machine is, and with it what one of them
costs the guest. Here each run of its driver finds one burst, on one queue: the cost of a frame repeats.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lab import frames
from lab.errors import LabError

POLL = 0.0002  # seconds between two questions
SILENCE = 60.0  # seconds after which a guest that takes nothing is given up: testpmd alone takes some to start


@dataclass(frozen=True)
class Burst:
    """Equal frames: RSS has one queue for all of them."""

    size: int
    frame: bytes

    @classmethod
    def of_flow(cls, flow: int, size: int, dst_mac: str, dport: int) -> Burst:
        """Flows differ in their source: RSS spreads them over the queues."""
        source = f"10.0.{1 + flow // 250}.{1 + flow % 250}"
        frame = frames.udp(dst_mac=dst_mac, src_ip=source, sport=1000 + flow, dport=dport, payload=bytes(18))
        return cls(size, frame)


class Cable(Protocol):
    def send_at_once(self, frames: Iterable[bytes]) -> int:
        """Frames in one piece; returns their number."""


class Load:
    """Sends bursts in turns to one test NIC, an 82599, until it is told to stop.

    :param wire: its cable.
    :param ask: of its model.
    """

    def __init__(self, wire: Cable, ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._wire = wire
        self._ask = ask
        self.sent = 0

    def run(self, bursts: Sequence[Burst], go_on: Callable[[], bool]) -> int:
        """How many frames were sent. What the guest has not taken when it stops is not waited for."""
        before = self._ask({"cmd": "settled"})["wire_rx_frames"]
        turns = itertools.cycle(bursts)
        while self._settled(before + self.sent, go_on):
            burst = next(turns)
            self.sent += self._wire.send_at_once([burst.frame] * burst.size)
        return self.sent

    def _settled(self, count: int, go_on: Callable[[], bool]) -> bool:
        """Waits until the NIC has had so many frames, and the guest has taken them; False: told to stop meanwhile."""
        end = time.monotonic() + SILENCE
        while go_on():
            answer = self._ask({"cmd": "settled"})
            if answer["settled"] and answer["wire_rx_frames"] >= count:
                return True
            if time.monotonic() > end:
                raise LabError(f"The guest has not taken the {self.sent} frames that it was sent in {SILENCE:g} s.")
            time.sleep(POLL)
        return False
