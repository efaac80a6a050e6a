# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How a piece of a judgement on kernel bypass is quoted. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ..knowledge import index
from ..knowledge.bypass_drivers import bypass_of
from ..model.bypass import INSTALLED
from ..model.paths import SOCKET_FAMILIES

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..knowledge.driver import Driver
    from ..model.bypass import BypassFacts, KernelFacts


def kernel_driver(facts: BypassFacts) -> str | None:
    """The driver that the kernel has for the chip, also while another has the device."""
    taken = facts.driver is None or bypass_of(facts.pf.device) is not None
    return facts.pf.device.default_driver if taken else facts.driver


def knowledge(facts: BypassFacts) -> Driver:
    """What is known of that driver."""
    return index.driver(kernel_driver(facts), facts.pf.device.vendor, facts.pf.device.device)


def has_rules(facts: BypassFacts) -> bool | None:
    """Whether the PF takes flow rules, by feature ntuple where its driver looks at that; None: not known."""
    return facts.ntuple_supported if knowledge(facts).ntuple_needed else True


RING_COPY = "no bypass: the kernel still handles every packet, and copies it into the ring"


@dataclass(frozen=True)
class Technique:
    """One row of the table.

    :param why: the evidence, or everything that is in the way.
    :param kernel_loses_nic: its use takes the whole NIC from the kernel.
    """

    name: str
    available: bool
    why: str
    kernel_loses_nic: bool
    price: str

    def view(self) -> dict[str, t.Any]:
        """As a module's result."""
        return asdict(self)


@dataclass(frozen=True)
class VfTechnique:
    """One row of the table of a VF: as a Technique, but that the kernel keeps the NIC.

    :param kernel_loses_vf: its use takes the VF from the kernel.
    """

    name: str
    available: bool
    why: str
    kernel_loses_vf: bool
    price: str

    def view(self) -> dict[str, t.Any]:
        """As a module's result."""
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """Something that was looked for, and what was found, in words.

    :param decisive: without it nothing else is worth a word.
    """

    found: bool
    words: str
    decisive: bool = False


class Verdict(t.NamedTuple):
    available: bool
    why: str
    price: str


def verdict(evidence: Iterable[Evidence], price: Iterable[str]) -> Verdict:
    """Available if nothing is missing; then `why` is all the evidence, else everything that is missing.

    :param price: words; empty ones count for nothing.
    """
    pieces = list(evidence)
    missing = [piece for piece in pieces if not piece.found]
    told = [piece for piece in missing if piece.decisive] or missing or pieces
    why = "; ".join(piece.words for piece in told)
    return Verdict(not missing, why, "; ".join(words for words in price if words))


def row(name: str, evidence: Iterable[Evidence], kernel_loses_nic: bool, price: Iterable[str]) -> Technique:
    """A row of the PF's table, by verdict()."""
    found = verdict(evidence, price)
    return Technique(name, found.available, found.why, kernel_loses_nic, found.price)


def option(kernel: KernelFacts, name: str, protocol: str = "") -> Evidence:
    """A configuration option.

    :param protocol: what it registers in /proc/net/protocols, the witness where no configuration was found.
    """
    if kernel.config_file is not None:
        value = kernel.config.get(name)
        return Evidence(value is not None, f"{name}{f'={value}' if value else ' is not set'} in {kernel.config_file}")
    if protocol:
        found = protocol in kernel.protocols
        return Evidence(found, f"{SOCKET_FAMILIES} {'lists' if found else 'does not list'} {protocol}")
    return Evidence(False, f"{name} is not known: no configuration of kernel {kernel.release} was found")


def module(kernel: KernelFacts, name: str) -> Evidence:
    """A module: loaded, part of the kernel, or there to be loaded."""
    state = kernel.modules.get(name)
    if state is None:
        return Evidence(False, f"module {name} is neither loaded nor installed")
    words = f"module {name} is {state}"
    return Evidence(True, words if state != INSTALLED else f"{words}, not loaded")


def af_packet(kernel: KernelFacts) -> Evidence:
    """Whether there are packet sockets."""
    witness = option(kernel, "CONFIG_PACKET", protocol="PACKET")
    if not witness.found and kernel.config_file is None or kernel.config.get("CONFIG_PACKET") == "m":
        return module(kernel, "af_packet")
    return witness


def foreign_module(facts: BypassFacts, name: str) -> Evidence:
    """A module that is not the kernel's own: under lockdown it loads only with a signature that the kernel trusts."""
    found, lockdown = module(facts.kernel, name), facts.host.lockdown
    if facts.kernel.modules.get(name) != INSTALLED or lockdown == "none":
        return found
    return Evidence(False, f"{found.words}, and lockdown ({lockdown}) wants a signature that the kernel trusts")


def has_interface(facts: BypassFacts) -> Evidence:
    """Whether the kernel can be asked for the PF's packets."""
    if facts.interface:
        return Evidence(True, f"{facts.driver} drives {facts.interface}")
    driver = f"it is bound to {facts.driver}" if facts.driver else "it has no driver"
    return Evidence(False, f"the PF has no interface in this network namespace: {driver}", decisive=True)


def management_price(facts: BypassFacts, price: str) -> str:
    """What the operator would notice; nothing where the PF does not carry him."""
    return f"it {' and '.join(facts.management)}: {price}" if facts.management else ""
