# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which ways past the kernel a VF of a PF allows on this host, and at what price. Pure: facts in, a table out.

A VF is judged as its kernel driver would have it, or user space, whichever the technique needs; which driver VFs have
now says nothing about that. What VFs cost the PF, and which frames reach them, is in row "VF" of the PF's own table.
"""

from __future__ import annotations

import typing as t

from ..knowledge import index, xdp
from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..model.consent import BIFURCATED
from .facts import RING_COPY, Evidence, VfTechnique, af_packet, foreign_module, module, verdict
from .handover import function, handover, handover_by, no_lockdown, physical_dma
from .outside import netmap_copy, netmap_mode, pf_ring_mode
from .vf import vfs_to_be_had
from .xdp import GENERIC_COST, NATIVE_COST, xdp_sockets

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..knowledge.driver import Driver, VfDriver
    from ..model.bypass import BypassFacts


def vf_techniques(facts: BypassFacts) -> tuple[VfTechnique, ...]:
    """The table, one row a technique, in the order of the PF's."""
    return (
        _packet_mmap(facts),
        _pf_ring_zc(facts),
        _snabb(facts),
        _dpdk(facts),
        _netmap(facts),
        _ef_vi(facts),
        _af_xdp(facts, "AF_XDP zero-copy", [_redirects(facts, xdp.ZERO_COPY)], ""),
        _af_xdp(facts, "AF_XDP native", [_redirects(facts, xdp.NATIVE)], NATIVE_COST),
        _af_xdp(facts, "AF_XDP generic", [], GENERIC_COST),
        _vfio(facts),
    )


def _row(
    facts: BypassFacts, name: str, evidence: Iterable[Evidence], kernel_loses_vf: bool, price: Iterable[str]
) -> VfTechnique:
    """Where there can be no VF, that is all there is to say."""
    hindered = [Evidence(False, had.words, decisive=True) for had in vfs_to_be_had(facts) if not had.found]
    found = verdict([*hindered, *evidence], price)
    return VfTechnique(name, found.available, found.why, kernel_loses_vf, found.price)


def _driver(facts: BypassFacts) -> str | None:
    """The driver of the VF that was looked at, or else the one that the kernel has for VFs."""
    return facts.vf.driver or facts.pf.vf_default_driver


def _known(facts: BypassFacts) -> VfDriver:
    return index.driver_of_vfs(_driver(facts))


def _shared(facts: BypassFacts) -> Driver:
    """What is known of the VFs' driver as one of PFs; nothing where PFs have another one."""
    return index.driver(_driver(facts), facts.pf.device.vendor, facts.pf.device.device)


def _name(facts: BypassFacts) -> str:
    return facts.vf.interface or "the VF"


def _ids(facts: BypassFacts) -> str:
    return function(facts.pf, vf=True).ids


def _has_interface(facts: BypassFacts) -> Evidence:
    """Whether the kernel can be asked for a VF's packets, once a VF has the kernel's driver."""
    driver = _driver(facts)
    if driver:
        words = f"{driver} drives {facts.vf.interface}" if facts.vf.interface else f"the kernel has {driver} for it"
        return Evidence(True, words)
    several = " or ".join(facts.pf.vf_possible_drivers)
    none = f"which of {several} the kernel would bind is not known" if several else "the kernel has no driver for it"
    return Evidence(False, f"a VF ({_ids(facts)}) gets no interface: {none}", decisive=True)


def _queues(facts: BypassFacts) -> str:
    queues = _known(facts).queues
    return f"{_driver(facts)} opens {queues} RX queues at most" if queues else ""


def _left(facts: BypassFacts) -> list[str]:
    """The price of handing a VF to user space."""
    return [f"the VF leaves the kernel, which keeps {facts.name}", _unguarded(facts), "hugepages"]


def _unguarded(facts: BypassFacts) -> str:
    return "without an IOMMU its user can write all memory" if facts.pf.device.iommu_group is None else ""


def _packet_mmap(facts: BypassFacts) -> VfTechnique:
    evidence = [_has_interface(facts), af_packet(facts.kernel)]
    return _row(facts, "packet_mmap", evidence, kernel_loses_vf=False, price=[RING_COPY, _queues(facts)])


def _pf_ring_zc(facts: BypassFacts) -> VfTechnique:
    evidence = [_has_interface(facts), foreign_module(facts, "pf_ring")]
    if evidence[-1].found and facts.vf.interface:
        evidence.append(pf_ring_mode(facts.vf.interface, _driver(facts), facts.vf.pf_ring))
    else:
        evidence += _pf_ring_driver(facts, loaded=evidence[-1].found)
    price = [
        "module and driver from outside the kernel, and a licence for ZC",
        f"while a program has zc:{_name(facts)} open, the kernel sees no packet of it",
        _queues(facts),
    ]
    return _row(facts, "PF_RING ZC", evidence, kernel_loses_vf=True, price=price)


def _pf_ring_driver(facts: BypassFacts, loaded: bool) -> list[Evidence]:
    """Whether there is one at all; the one that is installed is not taken for it while no VF tells."""
    driver = _driver(facts)
    if not _known(facts).pf_ring:
        return [Evidence(False, f"PF_RING has no driver with ZC in place of {driver}")]
    untold = f"whether the {driver} that is here is PF_RING's is told by the interface of a VF only"
    return [Evidence(True, f"PF_RING has a {driver} with ZC"), *([Evidence(False, untold)] if loaded else [])]


def _snabb(facts: BypassFacts) -> VfTechnique:
    ids = _ids(facts)
    known = any(ids in each.snabb for each in _drivers_of_vfs(facts))
    listed = f"Snabb {'lists' if known else 'does not list'} {ids} (lib/hardware/pci.lua)"
    evidence = [Evidence(known, listed), physical_dma(facts, vf=True), no_lockdown(facts, "mapping the VF's registers")]
    price = [*_left(facts), "the VF uses physical addresses: nothing keeps it from memory that is not Snabb's"]
    return _row(facts, "Snabb", evidence, kernel_loses_vf=True, price=price)


def _drivers_of_vfs(facts: BypassFacts) -> list[VfDriver]:
    """That of the VFs; where the kernel has none, its PF's file may know the card."""
    of_pf = index.driver(facts.pf.device.default_driver or facts.driver).vf_driver
    return [_known(facts), *([of_pf] if of_pf else [])]


def _dpdk(facts: BypassFacts) -> VfTechnique:
    known = _shared(facts)
    if known.bifurcated:
        has = Evidence(True, f"DPDK has {known.dpdk}, beside {known.name}")
        evidence = [_has_interface(facts), has, module(facts.kernel, known.verbs)]
        price = ["the kernel keeps the VF and what no flow rule takes", "root or CAP_NET_RAW, and hugepages"]
        return _row(facts, "DPDK", evidence, kernel_loses_vf=False, price=price)
    dpdk = next((each.dpdk for each in _drivers_of_vfs(facts) if each.dpdk), None)
    none = f"no DPDK driver is known in place of {_driver(facts)}" if _driver(facts) else "no DPDK driver is known"
    has = Evidence(bool(dpdk), f"DPDK has {dpdk} for it" if dpdk else none)
    return _row(facts, "DPDK", [has, handover(facts, vf=True)], kernel_loses_vf=True, price=_left(facts))


def _netmap(facts: BypassFacts) -> VfTechnique:
    driver, native = _driver(facts), facts.vf.netmap_native
    evidence = [_has_interface(facts), foreign_module(facts, "netmap")]
    if evidence[-1].found:
        evidence.append(netmap_mode(driver, native))
    name = f"netmap:{_name(facts)}"
    price = [
        "a module from outside the kernel",
        f"{name} takes every queue, {name}-N/R only RX queue N" if native else f"{name} takes every packet",
        "" if native else netmap_copy(_known(facts)),
        _queues(facts),
    ]
    return _row(facts, "netmap", evidence, kernel_loses_vf=not native, price=price)


def _ef_vi(facts: BypassFacts) -> VfTechnique:
    driver = _driver(facts)
    needs = f"driver of the VFs is {driver or 'none'}"
    fits = _shared(facts).ef_vi
    needs += "" if fits else f", EF_VI needs {' or '.join(index.EF_VI_DRIVERS)}"
    evidence = [_has_interface(facts), Evidence(fits, needs), foreign_module(facts, "sfc_char")]
    price = ["a Solarflare NIC and OpenOnload's modules", "the kernel keeps what no filter takes"]
    return _row(facts, "EF_VI", evidence, kernel_loses_vf=False, price=price)


def _af_xdp(facts: BypassFacts, name: str, driver: list[Evidence], cost: str) -> VfTechnique:
    """One mode.

    :param driver: what the mode needs of the driver; empty: nothing.
    """
    evidence = [_has_interface(facts), *driver, *xdp_sockets(facts.kernel)]
    resets = "attaching the program resets the VF's queues" if driver else ""
    price = [cost, "a socket on each RX queue that frames come by", _queues(facts), resets]
    return _row(facts, name, evidence, kernel_loses_vf=False, price=price)


def _redirects(facts: BypassFacts, needed: tuple[str, ...]) -> Evidence:
    """By the kernel's word where there is a VF to ask about, by the table where not."""
    if facts.vf.interface and facts.vf.xdp_features is not None:
        return Evidence(*xdp.by_kernel(facts.vf.interface, facts.vf.xdp_features, needed))
    known = _known(facts)
    if known.no_af_xdp:
        return Evidence(False, known.no_af_xdp)
    found = xdp.by_table(facts.kernel.version, known.name, _shared(facts).xdp, zero_copy=needed == xdp.ZERO_COPY)
    return Evidence(found.holds, found.words if facts.vf.interface else f"{found.words}; there is no VF to ask about")


def _vfio(facts: BypassFacts) -> VfTechnique:
    bifurcated = _shared(facts).bifurcated
    price = [
        "the VF leaves the kernel, for a virtual machine or a driver of your own",
        f"allow: [{BIFURCATED}], as DPDK drives it beside {_driver(facts)} and not without" if bifurcated else "",
        _unguarded(facts),
    ]
    evidence = [handover_by(facts, BYPASS_DRIVERS["vfio-pci"], vf=True, consent=BIFURCATED)]
    return _row(facts, "vfio-pci", evidence, kernel_loses_vf=True, price=price)
