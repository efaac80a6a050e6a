# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which ways past the kernel a PF's NIC allows on this host, and at what price. Pure: facts in, a table out."""

from __future__ import annotations

import typing as t

from ..knowledge import index
from .facts import (
    RING_COPY,
    Evidence,
    af_packet,
    foreign_module,
    has_interface,
    kernel_driver,
    knowledge,
    management_price,
    module,
    row,
)
from .handover import handover, no_lockdown, physical_dma
from .outside import netmap_copy, netmap_mode, pf_ring_mode
from .vf import vf_row, vfs
from .xdp import af_xdp

if t.TYPE_CHECKING:
    from ..model.bypass import BypassFacts
    from .facts import Technique

# Modules that the table asks about, beside those of BYPASS_DRIVERS.
MODULES = ("af_packet", "pf_ring", "netmap", "sfc_char", "mlx4_ib", "mlx5_ib", "mana_ib")
OPTIONS = ("CONFIG_PACKET", "CONFIG_XDP_SOCKETS", "CONFIG_BPF_SYSCALL", "CONFIG_PCI_IOV")


def techniques(facts: BypassFacts) -> tuple[Technique, ...]:
    """The table, one row a technique: what the host was found to be, and what the tables say of its driver."""
    return (
        _packet_mmap(facts),
        _pf_ring_zc(facts),
        _snabb(facts),
        _dpdk(facts),
        _netmap(facts),
        _ef_vi(facts),
        *af_xdp(facts),
        vf_row(facts),
    )


def _packet_mmap(facts: BypassFacts) -> Technique:
    evidence = [has_interface(facts), af_packet(facts.kernel)]
    return row("packet_mmap", evidence, kernel_loses_nic=False, price=[RING_COPY])


def _pf_ring_zc(facts: BypassFacts) -> Technique:
    evidence = [has_interface(facts), foreign_module(facts, "pf_ring")]
    if evidence[-1].found:
        evidence.append(pf_ring_mode(facts.name, facts.driver, facts.pf_ring))
    price = [
        "module and driver from outside the kernel, and a licence for ZC",
        f"while a program has zc:{facts.name} open, the kernel sees no packet of it",
        management_price(facts, "that is cut meanwhile"),
    ]
    return row("PF_RING ZC", evidence, kernel_loses_nic=True, price=price)


def _snabb(facts: BypassFacts) -> Technique:
    card = f"{facts.pf.device.vendor}:{facts.pf.device.device}"
    known = any(card in driver.snabb for driver in index.driver_or_all(kernel_driver(facts)))
    listed = f"Snabb {'lists' if known else 'does not list'} {card} (lib/hardware/pci.lua)"
    evidence = [Evidence(known, listed), physical_dma(facts), no_lockdown(facts, "mapping the NIC's registers")]
    return row("Snabb", evidence, kernel_loses_nic=True, price=_whole_nic(facts))


def _dpdk(facts: BypassFacts) -> Technique:
    driver = knowledge(facts)
    if driver.bifurcated:
        evidence = [has_interface(facts), Evidence(True, f"DPDK has {driver.dpdk}, beside {driver.name}")]
        price = [
            f"the kernel keeps {facts.name} and what no flow rule takes",
            "root or CAP_NET_RAW, and hugepages",
        ]
        evidence.append(module(facts.kernel, driver.verbs))
        return row("DPDK on the PF", evidence, kernel_loses_nic=False, price=price)
    if driver.dpdk:
        has = Evidence(True, f"DPDK has {driver.dpdk} for it")
    else:
        has = Evidence(False, f"no DPDK driver is known in place of {driver.name}")
    evidence = [has, handover(facts, vf=False)]
    return row("DPDK on the PF", evidence, kernel_loses_nic=True, price=_whole_nic(facts))


def _netmap(facts: BypassFacts) -> Technique:
    evidence = [has_interface(facts), foreign_module(facts, "netmap")]
    native = facts.netmap_native
    if evidence[-1].found:
        evidence.append(netmap_mode(facts.driver, native))
    name = f"netmap:{facts.name}"
    price = [
        "a module from outside the kernel",
        f"{name} takes every queue, {name}-N/R only RX queue N" if native else f"{name} takes every packet",
        "" if native else netmap_copy(knowledge(facts)),
        management_price(facts, "that is cut if every queue is taken" if native else "that is cut meanwhile"),
    ]
    return row("netmap", evidence, kernel_loses_nic=not native, price=price)


def _ef_vi(facts: BypassFacts) -> Technique:
    fits = index.driver(facts.driver).ef_vi
    needs = f"driver is {facts.driver or 'none'}"
    needs += "" if fits else f", EF_VI needs {' or '.join(index.EF_VI_DRIVERS)}"
    evidence = [has_interface(facts), Evidence(fits, needs), foreign_module(facts, "sfc_char")]
    price = ["a Solarflare NIC and OpenOnload's modules", "the kernel keeps what no filter takes"]
    return row("EF_VI", evidence, kernel_loses_nic=False, price=price)


def _whole_nic(facts: BypassFacts) -> list[str]:
    """The price of handing the PF to user space."""
    return [
        f"{facts.name} leaves the kernel whole, with its addresses, routes, firewall and counters",
        f"its {vfs(facts.pf.num_vfs)} go with its driver" if facts.pf.num_vfs else "",
        management_price(facts, "that is cut"),
        "hugepages",
    ]
