# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Whether a PF can have VFs that user space may take, and what they cost the PF. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..knowledge import index
from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.driver import BY_MAC, NO_CHANGE, QUEUE, VF_RSS
from ..knowledge.queues import predict_rss, without_vfs
from ..knowledge.rss import rss_explanation
from .facts import Evidence, has_rules, kernel_driver, knowledge, management_price, option, row
from .handover import handover

if t.TYPE_CHECKING:
    from ..model.bypass import BypassFacts
    from .facts import Technique

FLOWS_INTO_VFS = {
    QUEUE: "flows of the PF's own address reach a VF by ntuple rules",
    VF_RSS: "flows of the PF's own address reach a VF by ntuple rules, whose RSS spreads them",
    BY_MAC: "a VF gets further MAC addresses by ntuple rules, and no flow of the PF's",
}


def vf_row(facts: BypassFacts) -> Technique:
    """The row of the PF's table. What a VF is good for then is a table of its own (on_vf.py)."""
    offered, *others = vfs_to_be_had(facts)
    link_goes = not facts.pf.num_vfs and knowledge(facts).vf_change != NO_CHANGE
    price = [
        _rss_price(facts),
        _steering_price(facts),
        f"no native XDP on {facts.name} beside VFs" if knowledge(facts).xdp_excludes_vfs else "",
        "creating VFs takes the link away for some seconds" if link_goes else "",
        management_price(facts, "the connection stands still meanwhile") if link_goes else "",
        "without an IOMMU a VF's user can write all memory" if facts.pf.device.iommu_group is None else "",
    ]
    evidence = [offered, *others, _way_past(facts)]
    return row("VF", evidence, kernel_loses_nic=False, price=price)


def _way_past(facts: BypassFacts) -> Evidence:
    driver = index.driver(facts.pf.vf_default_driver)
    if driver.bifurcated:
        return Evidence(True, f"DPDK drives a VF beside {driver.name}, which keeps it")
    return handover(facts, vf=True)


def vfs_to_be_had(facts: BypassFacts) -> list[Evidence]:
    """Whether there are VFs, or could be."""
    offered = f"VFs: {facts.pf.num_vfs} of {facts.pf.total_vfs}" if facts.pf.total_vfs else _no_vfs(facts)
    evidence = [Evidence(bool(facts.pf.total_vfs), offered)]
    if facts.pf.num_vfs:
        return evidence
    evidence.append(_vf_creator(facts))
    if facts.xdp_attached and not facts.xdp_generic and knowledge(facts).xdp_excludes_vfs:
        driver = knowledge(facts).name
        words = f"an XDP program is attached, and {driver} creates no VFs beside a native one (ixgbe_pci_sriov_enable)"
        evidence.append(Evidence(False, words))
    return evidence


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
        return f"the PF's RSS group has {_queues(now)} beside {vfs(facts.pf.num_vfs)}, {before} without ({table})"
    if before == beside:
        return f"the PF's RSS group keeps its {_queues(before)} with 1 VF ({table})"
    return f"the PF's RSS group falls from {_queues(before)} to {beside} with 1 VF ({table})"


def _queues(number: int) -> str:
    return f"{number} queue{'' if number == 1 else 's'}"


def vfs(number: int) -> str:
    """ "1 VF", "2 VFs"."""
    return f"{number} VF{'' if number == 1 else 's'}"


def _steering_price(facts: BypassFacts) -> str:
    steering = knowledge(facts).steering
    if steering.to_vf and has_rules(facts) is not False:
        reach = FLOWS_INTO_VFS[steering.to_vf]
        return f"that {reach} is unproven: {steering.unproven}" if steering.unproven else reach
    reason = f"{facts.name} has no ntuple rules" if steering.vf else f"{knowledge(facts).name}: {steering.no_vf}"
    return f"a VF gets its own address only, no flow of the PF's ({reason})"
