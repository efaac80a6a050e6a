# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab has to start: one process a NIC, QEMU with the shim preloaded, one -device a NIC.

    run = Path("/run/lab")
    cards = [Card(run / "pcie", run / "wire", run / "control", "02:00:00:00:01:00", bus="rp1")]
    models = [subprocess.Popen(card.command(), env=os.environ | card.environment()) for card in cards]
    qemu = subprocess.Popen([..., *qemu_arguments(cards)], env=os.environ | qemu_environment(cards))

The order does not matter within five seconds: the shim waits that long for its models. Models end when QEMU does."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .shim.build import build

PACKAGE_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Card:
    """One port of an 82599. Two ports of one card share a bus: port 0 and port 1."""

    pcie: Path  # sockets: for QEMU,
    wire: Path  # the far end of the cable,
    control: Path  # and requests
    mac: str
    bus: str
    port: int = 0
    total_vfs: int = 63
    ident: str | None = None  # QEMU's id for the device
    two_ports: bool = False  # the bus holds another Card with the other port

    def command(self, python: str = sys.executable) -> list[str]:
        options = {"socket": self.pcie, "wire": self.wire, "control": self.control, "mac": self.mac}
        options |= {"port": self.port, "total-vfs": self.total_vfs}
        return [python, "-m", "lab.nic82599", *(f"--{name}={value}" for name, value in options.items())]

    @staticmethod
    def environment() -> dict[str, str]:
        return {"PYTHONPATH": str(PACKAGE_ROOT)}


def qemu_environment(cards: list[Card], cache: Path | None = None) -> dict[str, str]:
    """Compiles the shim when needed. A socket's path may be 107 characters long and must not hold a colon."""
    preload = [str(build(cache)), *filter(None, [os.environ.get("LD_PRELOAD")])]
    return {"LD_PRELOAD": ":".join(preload), "PCIEFN_SOCKET": ":".join(str(card.pcie) for card in cards)}


def qemu_arguments(cards: list[Card]) -> list[str]:
    """The n-th card is the n-th socket in the environment: device type pciefn<n>."""
    arguments = []
    for number, card in enumerate(cards):
        options = [f"pciefn{number}", f"bus={card.bus}", f"addr=0x0.{card.port}"]
        if card.ident:
            options.append(f"id={card.ident}")
        if card.two_ports and card.port == 0:
            # Linux walks the functions of an ARI device by their next-function numbers, 0 being the end.
            options += ["multifunction=on", "x-pcie-ari-nextfn-1=on"]
        arguments += ["-device", ",".join(options)]
    return arguments
