# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The PFs of a boot: waits for them, and knows whether they are the cards that were meant."""

from __future__ import annotations

import typing as t

from ..errors import DeviceNotFound, NotKnown
from ..kept.boot_result import label_of
from ..kernel.deadline import Deadline
from ..model.mac import ZERO
from ..observe.names import describe
from ..observe.ports import is_own

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..errors import SriovError
    from ..kept.boot import BootPf
    from ..kernel.kernel import Kernel
    from ..model.desired import DesiredPf

POLL = 0.05  # seconds
NO_ADDRESS = (None, "", ZERO)
IF_MEANT = "if that is meant, run the playbook again for what is there now (module boot_state)"


class Card(t.NamedTuple):
    """What a NIC tells of itself.

    :param perm_macs: permanent ones, of each port.
    :param macs: those that it has, where the other one is not told.
    """

    perm_macs: frozenset[str]
    macs: frozenset[str] = frozenset()


def await_pfs(kernel: Kernel, pfs: Sequence[BootPf], seconds: float) -> dict[str, str]:
    """Until each has its device, its interface, and udev's last name for it: all at once, so that one that never comes
    takes nothing of the others' time.

    :param seconds: with 0.0 it is looked once.
    :returns: of those that are not there, by PCI address, what is missing.
    """
    lacking: dict[str, str] = {}

    def are_there() -> bool:
        lacking.clear()
        lacking.update((pf.desired.pf, why) for pf in pfs for why in [_lacking(kernel, pf)] if why)
        return not lacking

    Deadline(seconds).reached(are_there, every=POLL)
    return lacking


def _lacking(kernel: Kernel, pf: BootPf) -> str:
    address = pf.desired.pf
    if not kernel.pci.exists(address):
        return "there is no such PCI device"
    names = kernel.pci.interfaces(address)
    if pf.name and not names:
        driver = kernel.pci.driver(address)
        return f"its driver {driver} has given it no interface" if driver else "it has no driver"
    unnamed = [name for name in names if not kernel.interfaces.has_last_name(name)]
    return f"udev has not named {', '.join(unnamed)} yet" if unnamed else ""


def card_faults(
    kernel: Kernel, pfs: Sequence[BootPf], lacking: Mapping[str, str], waited: float
) -> dict[str, SriovError]:
    """Of PFs that are not there, or are other cards, by PCI address, why nothing is done for them.

    :param lacking: as await_pfs() gives it.
    :param waited: seconds that it took.
    :raises KernelRefused: the interfaces cannot be read.
    """
    cards = _cards(kernel)
    found = {pf.desired.pf: _fault(kernel, pf, cards, lacking.get(pf.desired.pf, ""), waited) for pf in pfs}
    return {pf: fault for pf, fault in found.items() if fault}


def with_present_name(kernel: Kernel, pf: BootPf) -> tuple[DesiredPf, str]:
    """A card that is the one that was saved may have another name: where it has one interface, that is meant.

    :returns: what is desired of it, and a sentence where it is called otherwise now; "".
    """
    desired, names = pf.desired, kernel.pci.interfaces(pf.desired.pf)
    if desired.port in ("", *names) or len(names) != 1:
        return desired, ""
    return desired._replace(port=names[0]), f"{desired.port} is called {names[0]} now: {desired.pf} is meant"


def _fault(kernel: Kernel, pf: BootPf, cards: Mapping[str, Card], lacking: str, waited: float) -> SriovError | None:
    address, saved = pf.desired.pf, pf.perm_mac
    others = [each for each, card in cards.items() if saved in card.perm_macs and each != address]
    now = "; ".join(f"that one is now at {describe(kernel, each)}" for each in others) if saved else ""
    if lacking:
        return _absent(pf, lacking, now, waited)
    card = cards.get(address, Card(frozenset()))
    if saved in NO_ADDRESS or saved in card.perm_macs | card.macs:
        return None
    if not card.perm_macs:
        return NotKnown(
            f"it is not known whether the card at {address} is the one that was saved",
            why=f"its permanent MAC cannot be read; saved {saved}",
            remedy=f"see dmesg, and `ip -d link show dev {pf.name}`",
        )
    there = ", ".join(sorted(card.perm_macs))
    return DeviceNotFound(
        f"the card at {address} is another one",
        why=f"permanent MAC {there}, saved {saved}; {now or 'that one is not on this host'}",
        remedy=IF_MEANT,
    )


def _absent(pf: BootPf, lacking: str, now: str, waited: float) -> DeviceNotFound:
    address = pf.desired.pf
    label = label_of(address, pf.name)
    if now:
        why = f"{lacking}; saved permanent MAC {pf.perm_mac}; {now}"
        return DeviceNotFound(f"the card of {label} has moved", why=why, remedy=IF_MEANT)
    so_long = f" after {waited:g} s" if waited else ""
    return DeviceNotFound(
        f"{label} is not there{so_long}", why=lacking, remedy="see dmesg and lspci for the card and its driver"
    )


def _cards(kernel: Kernel) -> dict[str, Card]:
    """NICs that are no VFs, by PCI address."""
    found: dict[str, Card] = {}
    for entry in filter(is_own, kernel.link.interfaces()):
        address = kernel.interfaces.function(entry["ifname"])
        if address and kernel.pci.physfn(address) is None:
            before, now = found.get(address, Card(frozenset())), _card(kernel, entry)
            found[address] = Card(before.perm_macs | now.perm_macs, before.macs | now.macs)
    return found


def _card(kernel: Kernel, entry: dict[str, t.Any]) -> Card:
    told = kernel.ethtool.permanent_mac(entry["ifname"])
    mac = entry.get("permaddr") if told in NO_ADDRESS else told
    if mac in NO_ADDRESS:
        return Card(frozenset(), frozenset({str(entry.get("address", ""))}))
    return Card(frozenset({str(mac)}))
