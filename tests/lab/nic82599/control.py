# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: one JSON object a line in, one out.

    {"cmd": "link", "up": false}          light off (LSC interrupt); true: on
    {"cmd": "fault", "stall_ms": 50}      set any of faults.Faults but the link
    {"cmd": "faults"} {"cmd": "heal"}     show them, or set all back (the link too)
    {"cmd": "stats"}                      what the model counted, never cleared by the driver
    {"cmd": "state"}                      pools, addresses, rules, rings as the driver has set them up
    {"cmd": "read", "addr": 20560}        a register of the PF, without the side effects of reading it
    {"cmd": "settled"}                    whether the guest has taken all it was given, and waits for the next frame
    {"cmd": "quit"}                       end the process

An answer has "ok"; when it is false, "error" says why."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import regs as R
from .faults import Faults
from .sockets import listen

if TYPE_CHECKING:
    from .nic import Nic


class Quit(Exception):
    """The process was told to end."""


def state(nic: Nic) -> dict:
    def ring(base: int) -> dict:
        return {name: nic[base + at] for name, at in (("head", R.HEAD), ("tail", R.TAIL))} | {
            "size": nic[base + R.LEN] >> 4
        }

    def enabled(base: int) -> int:
        return nic[base + R.DCTL] & R.DCTL_ENABLE

    return {
        "link": nic.faults.link,
        "num_vfs": nic.num_vfs,
        "queues_per_pool": nic.queues_per_pool,
        "default_pool": nic.pools.default if nic.pools.enabled else None,
        "addresses": {mac.hex(":"): hex(pools) for mac, pools in nic.pools.addresses.items()},
        "flow_rules": [
            {"soft_id": f.soft_id, "queue": f.queue, "drop": f.drop, "function": nic.function_of(f.queue)}
            for f in nic.fdir.filters.values()
        ],
        "rx_rings": {r.queue: ring(r.base) | {"waiting": len(r.backlog)} for r in nic.rx.rings if enabled(r.base)},
        "tx_rings": {q: ring(R.tx_ring(q)) for q in range(R.NUM_QUEUES) if enabled(R.tx_ring(q))},
        "packet_buffer_used": nic.rx.used,
        "rate_limits": {queue: value for (reg, queue), value in nic.pools.rates.items() if reg == R.RTTBCNRC and value},
        "faults": nic.faults.as_dict(),
    }


def execute(nic: Nic, request: dict, extra_stats: Callable[[], dict] = dict) -> dict:
    """One command; ValueError and TypeError say what is wrong with it."""
    arguments = dict(request)
    command = arguments.pop("cmd", None)
    if command == "link":
        nic.set_link(bool(arguments["up"]))
        return {}
    if command == "fault":
        if "link" in arguments:
            raise ValueError("use the command link")
        nic.faults.set(**arguments)
        return {"faults": nic.faults.as_dict()}
    if command == "heal":
        link, nic.faults = nic.faults.link, Faults()
        nic.faults.link = link
        nic.set_link(True)
        return {}
    if command == "faults":
        return {"faults": nic.faults.as_dict()}
    if command == "stats":
        return {"stats": dict(nic.counters.totals) | extra_stats()}
    if command == "state":
        return {"state": state(nic)}
    if command == "settled":
        # The driver polls the PF's queues while their interrupt is masked. Who has none just gives buffers back.
        settled = not nic.interrupts.served and nic.rx.is_given_back()
        return {"settled": settled, "wire_rx_frames": nic.counters.totals["wire_rx_frames"]}
    if command == "read":
        addr = int(arguments["addr"])
        return {"value": nic[R.ALIASES.get(addr, addr)]}
    if command == "quit":
        raise Quit
    raise ValueError(f"no command {command!r}")


class Control:
    def __init__(self, path: str, run: Callable[[dict], dict]):
        self.listener = listen(path, socket.SOCK_STREAM)
        self.run = run
        self.clients: dict[socket.socket, bytearray] = {}

    def accept(self) -> socket.socket:
        client, _address = self.listener.accept()
        self.clients[client] = bytearray()
        return client

    def readable(self, client: socket.socket) -> bool:
        """Answer what has come; False: the client has gone."""
        try:
            data = client.recv(65536)
            self.clients[client] += data
            *lines, rest = self.clients[client].split(b"\n")
            self.clients[client] = rest
            for line in lines:
                client.sendall(json.dumps(self._answer(bytes(line))).encode() + b"\n")
        except OSError:
            data = b""
        return bool(data)

    def drop(self, client: socket.socket) -> None:
        del self.clients[client]
        client.close()

    def _answer(self, line: bytes) -> dict:
        try:
            return {"ok": True} | self.run(json.loads(line))
        except (ValueError, TypeError, KeyError, IndexError) as err:
            return {"ok": False, "error": f"{type(err).__name__}: {err}"}
