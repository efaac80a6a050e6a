# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""From what an operator writes to the NIC that is meant: its PCI function, and which of its interfaces."""

from __future__ import annotations

import re
import typing as t

from ..errors import DeviceNotFound, InvalidRequest, NotKnown, NotSupported, SriovError, errno_words
from ..model.desired import BY_WHAT
from ..model.mac import parse_mac
from ..model.paths import PCI_DEVICES
from .holders import Users
from .kinds import kind_of_function, kind_of_interface, what_below
from .ports import is_own, own_names

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

PCI_ADDRESS = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")
IDS = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})")

Entries = t.List[t.Dict[str, t.Any]]
"""Interfaces as Link.interfaces() gives them."""


class Nic(t.NamedTuple):
    """What a name means.

    :param address: of the PCI function; "" where there is none.
    :param port: the interface that is named; "" where the function is.
    """

    address: str
    port: str = ""


class Scope(t.NamedTuple):
    """Which NICs a name may mean.

    :param word: one of them.
    :param kind: all that the host has.
    """

    word: str
    kind: str


PFS = Scope("a PF", "SR-IOV devices")
NICS = Scope("a NIC on PCI", "NICs")
CARDS = Scope("a network card", "network cards")


def pci_address(text: str) -> str | None:
    """The full form of a PCI address ("01:10.0" -> "0000:01:10.0"), None if the text is none."""
    match = PCI_ADDRESS.fullmatch(text.strip().lower())
    return f"{match.group(1) or '0000'}:{match.group(2)}:{match.group(3)}.{match.group(4)}" if match else None


def existing_device(kernel: Kernel, text: str) -> str:
    """The address of a PCI device that must be there.

    :raises InvalidRequest: the text is no PCI address.
    :raises DeviceNotFound: no such device.
    """
    address = pci_address(text)
    if address is None:
        raise InvalidRequest(f"devices: {text!r} is no PCI address", remedy='write it as in "0000:01:10.0"')
    if not kernel.pci.exists(address):
        raise DeviceNotFound(
            f"devices: there is no PCI device {address} on this host",
            remedy=f"`ls {PCI_DEVICES}` lists them; a VF is there only after its PF has created it",
        )
    return address


def find_pf(kernel: Kernel, interfaces: Entries, text: str, plain: bool = False) -> Nic:
    """The PF that an interface name, an altname, a MAC, a PCI address or "vendor:device" means.

    :param plain: a NIC without SR-IOV will do as well; a VF never does.
    :raises DeviceNotFound: nothing answers to it.
    :raises InvalidRequest: it is a VF, or no NIC at all, or more than one device or interface answers to it.
    :raises NotSupported: the device cannot have VFs.
    """
    scope = NICS if plain else PFS
    meant = _meant(kernel, interfaces, text)
    foreign = {entry["ifname"] for entry in interfaces if not is_own(entry)}
    found = [nic for nic in meant if nic.port not in foreign and _is_one(kernel, nic.address, scope)]
    if IDS.fullmatch(text.strip().lower()) and len(meant) > 1:
        found = meant  # one of several is not told apart by what it can do
    addresses = sorted({nic.address for nic in found})
    if len(addresses) > 1:
        raise more_than_one(text, "device", [describe(kernel, address) for address in addresses])
    if len(found) > 1:
        raise more_than_one(text, "interface", sorted(nic.port for nic in found))
    if not found:
        raise _refusal(kernel, interfaces, text, meant, scope)
    return found[0]


def find_interface(kernel: Kernel, text: str) -> str:
    """The interface that a name means: of a PF, a VF or any other network function.

    :raises DeviceNotFound: nothing answers to it.
    :raises InvalidRequest: it is no network card, or more than one interface answers to it.
    :raises NotSupported: what answers to it has no interface in this network namespace.
    """
    interfaces = kernel.link.interfaces()
    meant = _meant(kernel, interfaces, text)
    found = sorted({name for nic in meant for name in _interfaces_of(kernel, interfaces, nic)})
    if len(found) > 1:
        raise more_than_one(text, "interface", found)
    if found:
        return found[0]
    if meant and not meant[0].port:
        raise _without_interface(kernel, meant[0].address)
    raise _refusal(kernel, interfaces, text, meant, CARDS)


def more_than_one(text: str, what: str, candidates: t.Sequence[str]) -> InvalidRequest:
    """The refusal of a name that is not enough.

    :param what: "device" or "interface".
    """
    remedy = f"name it by {'interface name' if what == 'interface' else 'PCI address'}"
    return InvalidRequest(f"pf: {text!r} means more than one {what}", why=", ".join(candidates), remedy=remedy)


def describe(kernel: Kernel, address: str) -> str:
    """ "enp1s0 (0000:01:00.0)"; with all names where several ports share the function."""
    names = kernel.pci.interfaces(address)
    shown = ", ".join(names) if len(names) <= MOST_PORTS else f"{len(names)} interfaces"
    return f"{shown} ({address})" if names else address


MOST_PORTS = 4  # of one function (cxgb4); more interfaces than that are representors


def _meant(kernel: Kernel, interfaces: Entries, text: str) -> list[Nic]:
    """All that answer to a name, whatever they are."""
    address = pci_address(text)
    if address:
        return [Nic(address)] if kernel.pci.exists(address) else []
    cards = [entry for entry in interfaces if kernel.interfaces.has_device(entry["ifname"])]
    entries = called(interfaces, cards, text)
    ids = IDS.fullmatch(text.strip().lower())
    if ids and not entries:
        return [Nic(address) for address in kernel.pci.with_ids(*ids.groups()) if _is_one(kernel, address, NICS)]
    return [Nic(kernel.interfaces.function(entry["ifname"]) or "", entry["ifname"]) for entry in entries]


def _is_one(kernel: Kernel, address: str, scope: Scope) -> bool:
    if not address or not kernel.pci.is_nic(address):
        return False
    return kernel.pci.can_have_vfs(address) or (scope is NICS and kernel.pci.physfn(address) is None)


def _interfaces_of(kernel: Kernel, interfaces: Entries, nic: Nic) -> list[str]:
    if nic.port:
        return [nic.port] if kernel.interfaces.has_device(nic.port) else []
    return own_names(interfaces, kernel.pci.interfaces(nic.address))


def _refusal(kernel: Kernel, interfaces: Entries, text: str, meant: list[Nic], scope: Scope) -> SriovError:
    """Why none of what answers to a name is one of these."""
    if not meant:
        return _not_there(kernel, interfaces, text, scope)
    hidden = _unreadable(kernel, [nic.address for nic in meant])
    if hidden:
        return NotKnown(f"pf: it is not known what {text!r} is", why=hidden, remedy="run it again; see dmesg")
    entries = {entry["ifname"]: entry for entry in interfaces}
    nic = next((nic for nic in meant if nic.address), meant[0])
    label = repr(text) + (f" ({nic.port})" if nic.port not in ("", text.strip()) else "")
    entry = entries.get(nic.port)
    if entry and (not nic.address or not is_own(entry)):
        remedy = what_below(
            kernel, interfaces, entry, lambda name: is_own(entries[name]) and _would_do(kernel, name, scope)
        )
        return InvalidRequest(
            f"pf: {label} is {kind_of_interface(kernel, entry)}, not {scope.word}",
            why=f"the host's {_all(kernel, interfaces, scope)}",
            remedy=remedy or _name_it(scope),
        )
    return _not_a_pf(kernel, interfaces, label, nic.address, scope)


def _unreadable(kernel: Kernel, addresses: list[str]) -> str:
    """Files that would tell, and could not be read.

    :param addresses: "" for an interface of which no function was found: any may be its.
    """
    bases = tuple(f"{PCI_DEVICES}/{address}" for address in addresses)
    refused = ((path, number) for path, number in kernel.refused.files.items() if path.startswith(bases))
    return "; ".join(f"{path} [{errno_words(number)}]" for path, number in sorted(refused))


def _would_do(kernel: Kernel, name: str, scope: Scope) -> bool:
    if scope is CARDS:
        return kernel.interfaces.has_device(name)
    return _is_one(kernel, kernel.interfaces.function(name) or "", scope)


def _not_a_pf(kernel: Kernel, interfaces: Entries, label: str, address: str, scope: Scope) -> SriovError:
    physfn = kernel.pci.physfn(address)
    if (physfn or kernel.pci.can_have_vfs(address)) and not kernel.pci.is_nic(physfn or address):
        return NotSupported(
            f"pf: {label} is no NIC (PCI class {kernel.pci.attribute(address, 'class')})",
            why=f"its driver is {kernel.pci.driver(address) or 'none'}; the host's {_all(kernel, interfaces, scope)}",
            remedy=f"{_name_it(scope)}; module pci_driver gives VFs of other devices a driver by their addresses, in "
            "devices",
        )
    if physfn:
        index = kernel.pci.virtual_functions(physfn).get(address)
        return InvalidRequest(
            f"pf: {label} is a VF, not a PF",
            why=f"{address} is VF {index} of {describe(kernel, physfn)}",
            remedy=f"name its PF: pf: {physfn}",
        )
    firmware = "" if scope is NICS else "; if this NIC has SR-IOV, turn it on in the firmware setup of host and NIC"
    return NotSupported(
        f"pf: {label} is {kind_of_function(kernel, address)}, not {scope.word}",
        why=f"the host's {_all(kernel, interfaces, scope)}",
        remedy=_name_it(scope) + firmware,
    )


def _not_there(kernel: Kernel, interfaces: Entries, text: str, scope: Scope) -> DeviceNotFound:
    if IDS.fullmatch(text.strip().lower()):
        owners = (f"{describe(kernel, each)} {kernel.pci.ids(each)}" for each in _nics(kernel, NICS))
        why = f"the host's NICs are {', '.join(owners) or 'none'}; VFs do not count"
        return DeviceNotFound(f"pf: no NIC on this host is {text!r}", why=why, remedy=_name_it(scope))
    away = [] if pci_address(text) else _in_other_namespaces(kernel, text)
    if away:
        return DeviceNotFound(
            f"pf: {text!r} is not in this network namespace",
            why=" and ".join(away),
            remedy="bring it back, or name the PF by PCI address for what needs no interface",
        )
    return DeviceNotFound(
        f"pf: nothing on this host is called {text!r}",
        why=f"its {_all(kernel, interfaces, scope)}",
        remedy=_name_it(scope),
    )


def _in_other_namespaces(kernel: Kernel, text: str) -> list[str]:
    """Where else interfaces with a device (Linux 5.14 and later tell) answer to a name."""
    found = []
    for label, told in kernel.namespace_interfaces():
        cards = [entry for entry in told.links if entry.get("parentdev")]
        for entry in called(cards, cards, text):
            found.append(f"interface {entry['ifname']} of {entry['parentdev']} is in network namespace {label}")
    return found


def _without_interface(kernel: Kernel, address: str) -> NotSupported:
    others = Users(kernel, []).elsewhere.holders if kernel.pci.driver(address) else {}
    away = [holder.text for holder in others.get(address, [])]
    return NotSupported(
        f"pf: {address} has no interface in this network namespace",
        why=" and ".join(away) or f"its driver is {kernel.pci.driver(address) or 'none'}",
        remedy=f"{_name_it(CARDS)}; what user space receives past the kernel is counted by user space, and for a VF "
        "often by its PF (`ip -s link show dev PF`)",
    )


def _name_it(scope: Scope) -> str:
    return f"name {scope.word} {BY_WHAT}"


def _nics(kernel: Kernel, scope: Scope) -> list[str]:
    return [address for address in kernel.pci.devices() if _is_one(kernel, address, scope)]


def _all(kernel: Kernel, interfaces: Entries, scope: Scope) -> str:
    """What the host has of them, as the end of a sentence."""
    if scope is CARDS:
        names = [entry["ifname"] for entry in interfaces if kernel.interfaces.has_device(entry["ifname"])]
    else:
        names = [describe(kernel, address) for address in _nics(kernel, scope)]
    return f"{scope.kind} are {', '.join(names) or 'none'}"


def called(interfaces: Entries, cards: Entries, text: str) -> Entries:
    """The interfaces that a name, an altname or a MAC means.

    A name may look like the twelve digits of an address, and counts before it. A card counts before what is stacked on
    it, which has its MAC too.
    """
    return _by_name(interfaces, text.strip()) or _by_mac(cards, text) or _by_mac(interfaces, text)


def _by_name(interfaces: Entries, text: str) -> Entries:
    return [entry for entry in interfaces if text in (entry["ifname"], *entry.get("altnames", ()))]


def _by_mac(interfaces: Entries, text: str) -> Entries:
    """By the permanent address first, as the ports of a bond share the other."""
    try:
        mac = parse_mac(text)
    except ValueError:
        return []
    permanent = [entry for entry in interfaces if entry.get("permaddr", entry.get("address")) == mac]
    return permanent or [entry for entry in interfaces if entry.get("address") == mac]
