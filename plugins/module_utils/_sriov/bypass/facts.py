# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a judgement on kernel bypass rests on, and how a piece of it is quoted. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass, field

from ..knowledge import index
from ..knowledge.bypass_drivers import BYPASS_DRIVERS

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..knowledge.driver import Driver

LOADED, BUILT_IN, INSTALLED = "loaded", "built in", "installed"


@dataclass(frozen=True)
class KernelFacts:
    """Of the whole host.

    :param config_file: where the kernel's configuration was read; None: nowhere.
    :param config: option -> "y" or "m"; an option that is not there is not set.
    :param protocols: socket families that are registered: names in /proc/net/protocols.
    :param modules: name with underscores -> LOADED, BUILT_IN or INSTALLED; one that is not there is none of them.
    :param noiommu_mode: vfio's enable_unsafe_noiommu_mode; None: compiled out.
    """

    release: str
    config_file: str | None = None
    config: t.Mapping[str, str] = field(default_factory=dict)
    protocols: frozenset[str] = frozenset()
    modules: t.Mapping[str, str] = field(default_factory=dict)
    lockdown: str = "none"
    noiommu_mode: bool | None = None

    @property
    def version(self) -> tuple[int, int]:
        """(6, 12) of "6.12.118+deb13-amd64"."""
        match = re.match(r"(\d+)\.(\d+)", self.release)
        return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


@dataclass(frozen=True)
class BypassFacts:
    """Of one PF. None: not known.

    :param driver_out_of_tree: its module is not the kernel's own ("O" in /sys/module/NAME/taint).
    :param channels: combined channels in use: `ethtool -l`.
    :param rss_queues: the RSS group in use.
    :param iommu_type: of its group: "identity" where device addresses are physical ones, "DMA", "DMA-FQ".
    :param group_others: other functions of its IOMMU group that user space could not have together with it.
    :param management: what it carries of the operator: "carries a default route".
    :param ntuple_supported: whether it has flow rules at all, on or off.
    :param lro: large-receive-offload is on.
    :param xdp_features: names of netdev_genl.XDP_FEATURES; None: the kernel cannot tell.
    :param xdp_generic: the attached program runs in the generic hook, which no driver knows of (`ip -j link`: mode 2).
    :param pf_ring: the polling mode that the module pf_ring reports for the interface.
    :param netmap_native: its driver uses the module netmap.
    """

    kernel: KernelFacts
    interface: str | None = None
    driver: str | None = None
    default_driver: str | None = None
    driver_out_of_tree: bool = False
    vendor: str = ""
    device: str = ""
    num_vfs: int = 0
    total_vfs: int = 0
    online_cpus: int = 1
    channels: int | None = None
    rss_queues: int | None = None
    mtu: int = 1500
    num_tc: int = 0
    iommu_group: int | None = None
    iommu_type: str | None = None
    group_others: tuple[str, ...] = ()
    management: tuple[str, ...] = ()
    ntuple_supported: bool | None = None
    ntuple_on: bool | None = None
    lro: bool | None = None
    xdp_features: frozenset[str] | None = None
    xdp_attached: bool = False
    xdp_generic: bool = False
    pf_ring: str | None = None
    netmap_native: bool = False

    @property
    def name(self) -> str:
        return self.interface or "the PF"

    @property
    def kernel_driver(self) -> str | None:
        """The driver that the kernel has for the chip, also while another has the device."""
        taken = self.driver is None or self.driver in BYPASS_DRIVERS
        return self.default_driver if taken else self.driver

    @property
    def knowledge(self) -> Driver:
        return index.driver(self.kernel_driver, self.vendor, self.device)


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
class Evidence:
    """Something that was looked for, and what was found, in words.

    :param decisive: without it nothing else is worth a word.
    """

    found: bool
    words: str
    decisive: bool = False


def row(name: str, evidence: Iterable[Evidence], kernel_loses_nic: bool, price: Iterable[str]) -> Technique:
    """Available if nothing is missing; then `why` is all the evidence, else everything that is missing.

    :param price: words; empty ones count for nothing.
    """
    pieces = list(evidence)
    missing = [piece for piece in pieces if not piece.found]
    told = [piece for piece in missing if piece.decisive] or missing or pieces
    why = "; ".join(piece.words for piece in told)
    return Technique(name, not missing, why, kernel_loses_nic, "; ".join(words for words in price if words))


def option(kernel: KernelFacts, name: str, protocol: str = "") -> Evidence:
    """A configuration option.

    :param protocol: what it registers in /proc/net/protocols, the witness where no configuration was found.
    """
    if kernel.config_file is not None:
        value = kernel.config.get(name)
        return Evidence(value is not None, f"{name}{f'={value}' if value else ' is not set'} in {kernel.config_file}")
    if protocol:
        found = protocol in kernel.protocols
        return Evidence(found, f"/proc/net/protocols {'lists' if found else 'does not list'} {protocol}")
    return Evidence(False, f"{name} is not known: no configuration of kernel {kernel.release} was found")


def module(kernel: KernelFacts, name: str) -> Evidence:
    """A module: loaded, part of the kernel, or there to be loaded."""
    state = kernel.modules.get(name)
    if state is None:
        return Evidence(False, f"module {name} is neither loaded nor installed")
    words = f"module {name} is {state}"
    return Evidence(True, words if state != INSTALLED else f"{words}, not loaded")


def foreign_module(kernel: KernelFacts, name: str) -> Evidence:
    """A module that is not the kernel's own: under lockdown it loads only with a signature that the kernel trusts."""
    found = module(kernel, name)
    if kernel.modules.get(name) != INSTALLED or kernel.lockdown == "none":
        return found
    return Evidence(False, f"{found.words}, and lockdown ({kernel.lockdown}) wants a signature that the kernel trusts")


def has_interface(facts: BypassFacts) -> Evidence:
    """Whether the kernel can be asked for the PF's packets."""
    if facts.interface:
        return Evidence(True, f"{facts.driver} drives {facts.interface}")
    driver = f"it is bound to {facts.driver}" if facts.driver else "it has no driver"
    return Evidence(False, f"the PF has no interface in this network namespace: {driver}", decisive=True)


def management_price(facts: BypassFacts, price: str) -> str:
    """What the operator would notice; nothing where the PF does not carry him."""
    return f"it {' and '.join(facts.management)}: {price}" if facts.management else ""
