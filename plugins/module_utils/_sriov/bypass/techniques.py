# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which ways past the kernel a PF's NIC allows on this host, and at what price. Pure: facts in, a table out."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..knowledge import index
from ..knowledge.bypass_drivers import BYPASS_DRIVERS, bypass_of
from ..knowledge.driver import BY_MAC, NO_CHANGE, QUEUE, VF_RSS
from ..knowledge.queues import predict_rss, without_vfs
from ..knowledge.rss import rss_explanation
from ..model.paths import NETMAP_HOLDERS, pf_ring_interface
from ..plan.after import planned_vf
from ..plan.hindrance import has_group, hindrances
from .facts import (
    Evidence,
    foreign_module,
    has_interface,
    has_rules,
    kernel_driver,
    knowledge,
    management_price,
    module,
    option,
    row,
)
from .xdp import af_xdp

if t.TYPE_CHECKING:
    from ..knowledge.bypass_drivers import BypassDriver
    from ..model.bypass import BypassFacts
    from ..model.host import Device, Pf
    from .facts import Technique

# Modules that the table asks about, beside those of BYPASS_DRIVERS.
MODULES = ("af_packet", "pf_ring", "netmap", "sfc_char", "mlx4_ib", "mlx5_ib", "mana_ib")
FLOWS_INTO_VFS = {
    QUEUE: "flows of the PF's own address reach a VF by ntuple rules",
    VF_RSS: "flows of the PF's own address reach a VF by ntuple rules, whose RSS spreads them",
    BY_MAC: "a VF gets further MAC addresses by ntuple rules, and no flow of the PF's",
}
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
        _vf(facts),
    )


def _packet_mmap(facts: BypassFacts) -> Technique:
    kernel = facts.kernel
    witness = option(kernel, "CONFIG_PACKET", protocol="PACKET")
    if not witness.found and kernel.config_file is None or kernel.config.get("CONFIG_PACKET") == "m":
        witness = module(kernel, "af_packet")
    price = "no bypass: the kernel still handles every packet, and copies it into the ring"
    return row("packet_mmap", [has_interface(facts), witness], kernel_loses_nic=False, price=[price])


def _pf_ring_zc(facts: BypassFacts) -> Technique:
    evidence = [has_interface(facts), foreign_module(facts, "pf_ring")]
    if evidence[-1].found:
        evidence.append(_pf_ring_driver(facts))
    price = [
        "module and driver from outside the kernel, and a licence for ZC",
        f"while a program has zc:{facts.name} open, the kernel sees no packet of it",
        management_price(facts, "that is cut meanwhile"),
    ]
    return row("PF_RING ZC", evidence, kernel_loses_nic=True, price=price)


def _pf_ring_driver(facts: BypassFacts) -> Evidence:
    """pf_ring.c ring_proc_dev_get_info prints "Polling Mode: NAPI/ZC" for an interface whose driver knows ZC."""
    file = pf_ring_interface(facts.name)
    if facts.pf_ring is None:
        return Evidence(False, f"{file}, which tells whether a driver does ZC, is not there")
    told = f"{file} says polling mode {facts.pf_ring}"
    return Evidence("ZC" in facts.pf_ring, told if "ZC" in facts.pf_ring else f"{told}: no ZC in {facts.driver}")


def _snabb(facts: BypassFacts) -> Technique:
    card = f"{facts.pf.device.vendor}:{facts.pf.device.device}"
    known = any(card in driver.snabb for driver in index.driver_or_all(kernel_driver(facts)))
    listed = f"Snabb {'lists' if known else 'does not list'} {card} (lib/hardware/pci.lua)"
    evidence = [Evidence(known, listed), _physical_dma(facts), _no_lockdown(facts, "mapping the NIC's registers")]
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
    evidence = [has, _handover(facts, vf=False)]
    return row("DPDK on the PF", evidence, kernel_loses_nic=True, price=_whole_nic(facts))


def _netmap(facts: BypassFacts) -> Technique:
    evidence = [has_interface(facts), foreign_module(facts, "netmap")]
    native = facts.netmap_native
    if evidence[-1].found:
        uses = f"driver {facts.driver} {'uses it' if native else 'does not use it'} ({NETMAP_HOLDERS})"
        evidence.append(Evidence(True, f"{uses}: {'native' if native else 'emulated'} mode"))
    name = f"netmap:{facts.name}"
    price = [
        "a module from outside the kernel",
        f"{name} takes every queue, {name}-N/R only RX queue N" if native else f"{name} takes every packet",
        "" if native else "a copy per packet: full speed needs a patched driver",
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


def _vf(facts: BypassFacts) -> Technique:
    offered = f"VFs: {facts.pf.num_vfs} of {facts.pf.total_vfs}" if facts.pf.total_vfs else _no_vfs(facts)
    by = [] if facts.pf.num_vfs else [_vf_creator(facts)]
    evidence = [Evidence(bool(facts.pf.total_vfs), offered), *by, _handover(facts, vf=True), *_dpdk_of_vfs(facts)]
    native = facts.xdp_attached and not facts.xdp_generic
    if native and not facts.pf.num_vfs and knowledge(facts).xdp_excludes_vfs:
        driver = knowledge(facts).name
        words = f"an XDP program is attached, and {driver} creates no VFs beside a native one (ixgbe_pci_sriov_enable)"
        evidence.append(Evidence(False, words))
    link_goes = not facts.pf.num_vfs and knowledge(facts).vf_change != NO_CHANGE
    price = [
        _rss_price(facts),
        _steering_price(facts),
        f"no native XDP on {facts.name} beside VFs" if knowledge(facts).xdp_excludes_vfs else "",
        "creating VFs takes the link away for some seconds" if link_goes else "",
        management_price(facts, "the connection stands still meanwhile") if link_goes else "",
        "without an IOMMU a VF's user can write all memory" if facts.pf.device.iommu_group is None else "",
    ]
    return row("VF", evidence, kernel_loses_nic=False, price=price)


def _dpdk_of_vfs(facts: BypassFacts) -> list[Evidence]:
    """The driver that DPDK has for the VFs, where it is known; another program needs none of it."""
    driver = knowledge(facts)
    name = driver.vf_driver.dpdk if driver.vf_driver else driver.dpdk
    beside = f" beside {driver.name}" if driver.bifurcated else ""
    return [Evidence(True, f"DPDK has {name} for them{beside}")] if name else []


def _no_vfs(facts: BypassFacts) -> str:
    built = option(facts.kernel, "CONFIG_PCI_IOV")
    return "the device offers no VFs (sriov_totalvfs)" if built.found else f"the device offers no VFs; {built.words}"


def _vf_creator(facts: BypassFacts) -> Evidence:
    if facts.driver is None or bypass_of(facts.pf.device):
        taken = f"bound to {facts.driver}" if facts.driver else "without driver"
        but = ", which creates VFs with its parameter enable_sriov only" if facts.driver == "vfio-pci" else ""
        return Evidence(False, f"the PF is {taken}{but or ': only its kernel driver creates VFs'}")
    return Evidence(True, f"driver {facts.driver} has the PF")


def _rss_price(facts: BypassFacts) -> str:
    driver = knowledge(facts)
    pf = replace(facts.pf, device=replace(facts.pf.device, driver=kernel_driver(facts)))
    before, beside = predict_rss(without_vfs(pf), 0), predict_rss(pf, max(pf.num_vfs, 1))
    if before is None or beside is None:
        return f"what VFs cost of the RSS group is not known for {driver.name}"
    if driver.rss == ():
        return "VFs take nothing from the PF's RSS group"
    table = f"{driver.name}: {rss_explanation(driver)}; online CPUs: {facts.pf.online_cpus}"
    if facts.pf.num_vfs:
        now = beside
        return f"the PF's RSS group has {_queues(now)} beside {_vfs(facts.pf.num_vfs)}, {before} without ({table})"
    if before == beside:
        return f"the PF's RSS group keeps its {_queues(before)} with 1 VF ({table})"
    return f"the PF's RSS group falls from {_queues(before)} to {beside} with 1 VF ({table})"


def _queues(number: int) -> str:
    return f"{number} queue{'' if number == 1 else 's'}"


def _vfs(number: int) -> str:
    return f"{number} VF{'' if number == 1 else 's'}"


def _steering_price(facts: BypassFacts) -> str:
    steering = knowledge(facts).steering
    if steering.to_vf and has_rules(facts) is not False:
        reach = FLOWS_INTO_VFS[steering.to_vf]
        return f"that {reach} is unproven: {steering.unproven}" if steering.unproven else reach
    reason = f"{facts.name} has no ntuple rules" if steering.vf else f"{knowledge(facts).name}: {steering.no_vf}"
    return f"a VF gets its own address only, no flow of the PF's ({reason})"


def _whole_nic(facts: BypassFacts) -> list[str]:
    """The price of handing the PF to user space."""
    return [
        f"{facts.name} leaves the kernel whole, with its addresses, routes, firewall and counters",
        f"its {_vfs(facts.pf.num_vfs)} go with its driver" if facts.pf.num_vfs else "",
        management_price(facts, "that is cut"),
        "hugepages",
    ]


def _handover(facts: BypassFacts, vf: bool) -> Evidence:
    """Whether some driver hands the PF, or a VF of it, to user space: the first that does, or why none does."""
    tried = [_through(facts, driver, vf) for driver in BYPASS_DRIVERS.values()]
    ways = [way for way in tried if way.found]
    return ways[0] if ways else Evidence(False, "; ".join(way.words for way in tried))


def _through(facts: BypassFacts, driver: BypassDriver, vf: bool) -> Evidence:
    """As the plan would judge it (plan.hindrance), had the user allowed the no-IOMMU mode where the host has it on."""
    have = module(facts.kernel, driver.name.replace("-", "_"))
    if not have.found:
        return have
    device = _function(facts.pf, vf)
    no_iommu = bool(facts.host.noiommu_mode)
    found = next(hindrances(device, driver, facts.host, no_iommu, _own_vfs(facts.pf, vf)), None)
    if found:
        return Evidence(False, f"not by {driver.name}: {found.why}")
    needs = _way(facts, device) if driver.iommu else _physical_dma(facts)
    words = f"{have.words}, and {needs.words}" if needs.found else f"not by {driver.name}: {needs.words}"
    return Evidence(needs.found, words)


def _function(pf: Pf, vf: bool) -> Device:
    """The PF, or its first VF, which need not be there yet."""
    if not vf:
        return pf.device
    return pf.vfs[0] if pf.vfs else planned_vf(pf, 0)


def _own_vfs(pf: Pf, vf: bool) -> dict[str, str | None]:
    """With the PF its VFs go from the kernel anyway."""
    return {} if vf else {each.address: None for each in pf.vfs}


def _way(facts: BypassFacts, device: Device) -> Evidence:
    if has_group(device, facts.host):
        group = facts.pf.device.iommu_group
        return Evidence(True, "the IOMMU is on" + ("" if group is None else f" (the PF is in group {group})"))
    return Evidence(True, "there is no IOMMU group, and vfio's no-IOMMU mode is on")


def _physical_dma(facts: BypassFacts) -> Evidence:
    """Programs that give the NIC physical addresses work where the IOMMU is off or passes them through."""
    if facts.pf.device.iommu_group is None:
        return Evidence(True, "there is no IOMMU group in its way")
    kind = f"IOMMU group {facts.pf.device.iommu_group} is of type {facts.iommu_type or 'unknown'}"
    if facts.iommu_type == "identity":
        return Evidence(True, f"{kind}: physical addresses pass")
    return Evidence(False, f"{kind}: the NIC cannot use physical addresses (iommu=pt lets it)")


def _no_lockdown(facts: BypassFacts, what: str) -> Evidence:
    """LOCKDOWN_PCI_ACCESS: drivers/pci/pci-sysfs.c pci_mmap_resource."""
    mode = facts.host.lockdown
    return Evidence(mode == "none", f"lockdown is {mode}" if mode == "none" else f"lockdown ({mode}) refuses {what}")
