"""The kinds of network card that the lab can put into a VM.

A kind is data: how its cards become QEMU arguments, and what they need beside stock QEMU: a library preloaded into it,
a process for each card. The keeper starts whatever `lab.qemu` puts into a `Launch`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError
from lab.nic82599 import launch
from lab.paths import cache_home


@dataclass(frozen=True)
class Place:
    """Where one card sits: its number (0, 1, ...), PCIe port, MAC address and the socket that is its cable.

    `sockets` is where a kind that is a process of its own may have more sockets.
    """

    index: int
    bus: str
    mac: str
    wire: Path
    sockets: Path

    @property
    def control(self) -> Path:
        """Takes requests to the model: link, faults, statistics."""
        return self.sockets / f"nic{self.index}.control"


@dataclass(frozen=True)
class Parts:
    """What cards add to a VM: QEMU arguments and environment, and processes that QEMU talks to."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class NicKind:
    """One kind of card; `driver` is the kernel driver that must bind its PF by itself."""

    name: str
    description: str
    driver: str
    parts: Callable[[list[Place]], Parts]  # of all cards of the kind in a VM


def _igb(places: list[Place]) -> Parts:
    """QEMU's igb. ``romfile=``: without the network boot ROM the firmware is 4 s faster under TCG."""
    arguments: list[str] = []
    for place in places:
        arguments += ["-netdev", f"stream,id=wire{place.index},server=on,addr.type=unix,addr.path={place.wire}"]
        device = f"igb,id=nic{place.index},romfile=,bus={place.bus},netdev=wire{place.index},mac={place.mac}"
        arguments += ["-device", device]
    return Parts(arguments)


def _nic82599(places: list[Place]) -> Parts:
    """Our own 82599 (docs/emulated-82599.md): a shim preloaded into QEMU, a process for each card."""
    cards = [
        launch.Card(
            pcie=place.sockets / f"nic{place.index}.pcie",
            wire=place.wire,
            control=place.control,
            mac=place.mac,
            bus=place.bus,
            ident=f"nic{place.index}",
        )
        for place in places
    ]
    processes = [card.command() for card in cards]
    return Parts(launch.qemu_arguments(cards), launch.qemu_environment(cards, cache_home() / "shim"), processes)


KINDS = {
    "82599": NicKind("82599", "Intel 82599, 10 Gbit/s, 63 VFs (our model)", "ixgbe", _nic82599),
    "82576": NicKind("82576", "Intel 82576, 1 Gbit/s, 7 VFs (QEMU's igb)", "igb", _igb),
}


def kind(name: str) -> NicKind:
    """The kind of that name."""
    try:
        return KINDS[name]
    except KeyError:
        raise LabError(f"No NIC kind {name!r}; there are: {', '.join(KINDS)}.") from None


def mac_of(index: int) -> str:
    """Permanent MAC of test NIC `index`: 02:00:00:00:01:00, 02:00:00:00:02:00, ..."""
    return f"02:00:00:00:{index + 1:02x}:00"


def pci_address_of(index: int) -> str:
    """Address of test NIC `index` in the guest: each sits alone behind a root port, so its bus number is index + 1."""
    return f"0000:{index + 1:02x}:00.0"
