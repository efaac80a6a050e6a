"""The kinds of network card that the lab can put into a VM.

A kind is data: how its cards become QEMU arguments, and what they need beside stock QEMU: a library preloaded into it,
a process for each port. The keeper starts whatever `lab.qemu` puts into a `Launch`.

A test NIC is a port: a card with two of them is two test NICs, with two numbers, MAC addresses and wires.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError
from lab.nic82599 import launch
from lab.paths import cache_home


@dataclass(frozen=True)
class Place:
    """Where one test NIC sits: its number (0, 1, ...), PCIe port, MAC address and the socket that is its cable.

    `sockets` is where a kind that is a process of its own may have more sockets; `function` is the NIC's PCI function,
    one of as many as its card has `ports`.
    """

    index: int
    bus: str
    mac: str
    wire: Path
    sockets: Path
    function: int = 0
    ports: int = 1

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
    """One kind of card; `driver` is the kernel driver that must bind its PFs by itself."""

    name: str
    description: str
    driver: str
    parts: Callable[[list[Place]], Parts]  # of all test NICs of a VM that are made by it
    ports: int = 1


@dataclass(frozen=True)
class Nic:
    """A test NIC: `index` counts all of a VM, `card` its cards, `function` the ports of its card."""

    index: int
    kind: NicKind
    card: int
    function: int = 0

    @property
    def mac(self) -> str:
        """Permanent address: 02:00:00:00:01:00, 02:00:00:00:02:00, ..."""
        return f"02:00:00:00:{self.index + 1:02x}:00"

    @property
    def pci_address(self) -> str:
        """Address in the guest."""
        return pci_address_of(self.card, self.function)


def _igb(places: list[Place]) -> Parts:
    """QEMU's igb. ``romfile=``: without the network boot ROM the firmware is 4 s faster under TCG."""
    arguments: list[str] = []
    for place in places:
        arguments += ["-netdev", f"stream,id=wire{place.index},server=on,addr.type=unix,addr.path={place.wire}"]
        device = f"igb,id=nic{place.index},romfile=,bus={place.bus},netdev=wire{place.index},mac={place.mac}"
        arguments += ["-device", device]
    return Parts(arguments)


def _nic82599(places: list[Place]) -> Parts:
    """Our own 82599 (docs/emulated-82599.md): a shim preloaded into QEMU, a process for each port."""
    cards = [
        launch.Card(
            pcie=place.sockets / f"nic{place.index}.pcie",
            wire=place.wire,
            control=place.control,
            mac=place.mac,
            bus=place.bus,
            port=place.function,
            ident=f"nic{place.index}",
            two_ports=place.ports == 2,
        )
        for place in places
    ]
    processes = [card.command() for card in cards]
    return Parts(launch.qemu_arguments(cards), launch.qemu_environment(cards, cache_home() / "shim"), processes)


KINDS = {
    "82599": NicKind("82599", "Intel 82599, 10 Gbit/s, 63 VFs (our model)", "ixgbe", _nic82599),
    "82599-dual": NicKind("82599-dual", "the same with two ports: two test NICs", "ixgbe", _nic82599, ports=2),
    "82576": NicKind("82576", "Intel 82576, 1 Gbit/s, 7 VFs (QEMU's igb)", "igb", _igb),
}


def kind(name: str) -> NicKind:
    """The kind of that name."""
    try:
        return KINDS[name]
    except KeyError:
        raise LabError(f"No NIC kind {name!r}; there are: {', '.join(KINDS)}.") from None


def of_cards(names: Sequence[str]) -> list[Nic]:
    """The test NICs that cards of these kinds are, in order."""
    ports = [(card, kind(name), port) for card, name in enumerate(names) for port in range(kind(name).ports)]
    return [Nic(index, of_kind, card, port) for index, (card, of_kind, port) in enumerate(ports)]


def pci_address_of(card: int, function: int = 0) -> str:
    """Address in the guest: each card sits alone behind a root port, so its bus number is card + 1."""
    return f"0000:{card + 1:02x}:00.{function}"
