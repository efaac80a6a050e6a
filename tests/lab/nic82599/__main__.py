# SPDX-License-Identifier: GPL-3.0-or-later
"""One process, one NIC: python3 -m lab.nic82599 --socket PCIE --wire WIRE --control CONTROL --mac MAC

Ends when QEMU does (unless --keep), or on {"cmd": "quit"}, or on SIGTERM."""

from __future__ import annotations

import argparse
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable

from .control import Control, Quit, execute
from .farend import FarEnd
from .nic import Nic
from .pcie import Identity, Pcie
from .sockets import listen


def mac_address(text: str) -> bytes:
    mac = bytes.fromhex(text.replace(":", ""))
    if len(mac) != 6 or mac[0] & 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no unicast MAC address")
    return mac


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab.nic82599", description="An emulated Intel 82599 for QEMU.")
    parser.add_argument("--socket", required=True, help="where QEMU's shim connects (PCIEFN_SOCKET)")
    parser.add_argument("--wire", required=True, help="where the far end of the cable connects")
    parser.add_argument("--control", required=True, help="JSON lines: link, faults, statistics")
    parser.add_argument("--mac", required=True, type=mac_address)
    parser.add_argument("--port", type=int, choices=(0, 1), default=0, help="which port of the card (LAN id)")
    parser.add_argument("--total-vfs", type=int, default=63, help="VFs QEMU prepares: fewer start faster")
    parser.add_argument("--device-id", type=lambda text: int(text, 16), default=0x10FB, help="10fb SFP+, 10f7 KX4")
    parser.add_argument("--keep", action="store_true", help="serve the next QEMU when one ends")
    return parser.parse_args(argv)


class Server:
    """The event loop: QEMU, the far end and the control's clients, in one thread."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.nic: Nic | None = None
        self.pcie: Pcie | None = None
        self.selector = selectors.DefaultSelector()
        self.qemu_listener = listen(args.socket, socket.SOCK_SEQPACKET)
        self.far_end = FarEnd(args.wire, self._frames)
        self.control = Control(args.control, self._command)
        self._wire: tuple[socket.socket, int] | None = None  # what is watched of the far end
        self._watch(self.qemu_listener, self._accept_qemu)
        self._watch(self.control.listener, self._accept_client)

    def run(self) -> None:
        while True:
            self._watch_wire()
            try:
                for key, events in self.selector.select(0 if self.pcie and self.pcie.waiting else None):
                    key.data(events)
                if self.pcie:
                    self.pcie.pump()
            except Pcie.Disconnected:  # by whatever was about to touch the guest
                self._qemu_gone()
                if not self.args.keep:
                    return

    def _watch(self, sock: socket.socket, callback: Callable[[int], object]) -> None:
        self.selector.register(sock, selectors.EVENT_READ, callback)

    # ---- QEMU ---------------------------------------------------------------------------------------------------

    def _accept_qemu(self, events: int) -> None:
        sock, _address = self.qemu_listener.accept()
        self.pcie = Pcie(sock, Identity(device=self.args.device_id, total_vfs=self.args.total_vfs))
        self.nic = Nic(self.pcie, self.args.mac, self.args.port, self.far_end.send)
        self.pcie.handler = self.nic.request
        self.selector.unregister(self.qemu_listener)
        self._watch(sock, lambda events: None)  # every turn of the loop takes what has come

    def _qemu_gone(self) -> None:
        if self.pcie is None:
            return  # it left before it was told what it is connected to
        self.selector.unregister(self.pcie.sock)
        self.pcie.sock.close()
        self.pcie = self.nic = None
        self._watch(self.qemu_listener, self._accept_qemu)

    # ---- control ------------------------------------------------------------------------------------------------

    def _accept_client(self, events: int) -> None:
        client = self.control.accept()
        self._watch(client, lambda events: self._serve_client(client))

    def _serve_client(self, client: socket.socket) -> None:
        if not self.control.readable(client):
            self.selector.unregister(client)
            self.control.drop(client)

    def _command(self, request: dict) -> dict:
        if self.nic is None:
            if request.get("cmd") == "quit":
                raise Quit
            raise ValueError("no QEMU is connected")
        return execute(self.nic, request, lambda: {"wire_tx_lost": self.far_end.lost})

    # ---- far end --------------------------------------------------------------------------------------------------

    def _frames(self, frames: list[bytes]) -> None:
        if self.nic:
            self.nic.frames_from_wire(frames)

    def _serve_wire(self, events: int) -> None:
        if self.far_end.peer is None:
            self.far_end.accept()
        else:
            if events & selectors.EVENT_WRITE:
                self.far_end.writable()
            if events & selectors.EVENT_READ:
                self.far_end.readable()
        self._watch_wire()  # a closed socket must go before its number is used again

    def _watch_wire(self) -> None:
        """Watch the far end as it is now: the listener when nobody is there, else the connection."""
        sock = self.far_end.peer or self.far_end.listener
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.far_end.wants_to_write else 0)
        if self._wire == (sock, events):
            return
        if self._wire and self._wire[0] is sock:
            self.selector.modify(sock, events, self._serve_wire)
        else:
            if self._wire:
                self.selector.unregister(self._wire[0])
            self.selector.register(sock, events, self._serve_wire)
        self._wire = (sock, events)


def main() -> int:
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = Server(args)
    try:
        server.run()
    except (Quit, KeyboardInterrupt):
        pass
    finally:
        for path in (args.socket, args.wire, args.control):
            if os.path.exists(path):
                os.unlink(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
