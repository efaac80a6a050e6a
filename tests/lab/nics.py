"""The kinds of network card that the lab can put into a VM.

A kind is data: how it becomes QEMU arguments. A kind that needs more than stock QEMU (a model process beside the VM, a
preloaded library) adds it to the `Launch` that `lab.qemu` hands to the keeper; the keeper starts whatever is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError


@dataclass(frozen=True)
class Place:
    """Where one card sits: its number (0, 1, ...), PCIe port, MAC address and the socket that is its cable."""

    index: int
    bus: str
    mac: str
    wire: Path


@dataclass(frozen=True)
class NicKind:
    """One kind of card; `driver` is the kernel driver that must bind its PF by itself."""

    name: str
    description: str
    driver: str
    arguments: Callable[[Place], list[str]]


def _igb_arguments(place: Place) -> list[str]:
    """QEMU's igb. ``romfile=``: without the network boot ROM the firmware is 4 s faster under TCG."""
    return [
        "-netdev",
        f"stream,id=wire{place.index},server=on,addr.type=unix,addr.path={place.wire}",
        "-device",
        f"igb,id=nic{place.index},romfile=,bus={place.bus},netdev=wire{place.index},mac={place.mac}",
    ]


KINDS = {
    "82576": NicKind("82576", "Intel 82576, 1 Gbit/s, 7 VFs (QEMU's igb)", "igb", _igb_arguments),
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
