# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Everything that module info tells, from one look at the host. Nothing here writes."""

from __future__ import annotations

import typing as t

from .bypass.on_vf import vf_techniques
from .bypass.techniques import MODULES, OPTIONS, techniques
from .errors import InUse, TookTooLong
from .knowledge.queues import driver_of, is_set_by_hand, predict_rss, with_queues_unknown
from .knowledge.rss import rss_explanation
from .model.rss_hash import HASHED_FLOWS
from .model.version import VERSION
from .observe.blocked import LETS_GO
from .observe.bypass import BypassObserver
from .observe.names import Nic, find_pf
from .observe.not_seen import not_seen
from .observe.observer import Observer
from .observe.pcie import pcie_result
from .observe.queues import with_hash_fields
from .results import pf_result, record_result

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .kernel.kernel import Kernel
    from .model.host import Device, Host, Pf
    from .model.kept import Record

LRO = "rx-lro"


def read_info(
    kernel: Kernel,
    name: str | None,
    timeout: float,
    blocked: Mapping[str, str] | None = None,
    records: Mapping[str, Record] | None = None,
) -> dict[str, t.Any]:
    """The return values of module info.

    :param name: the PF, or a NIC without SR-IOV; None for all PFs.
    :param timeout: seconds for reads that take a device lock.
    :param blocked: functions that the kernel has not let go yet, by PCI address, and why: they are not looked at.
    :param records: what PFs were before the first change, by PCI address.
    :raises SriovError: the PF that is named cannot be looked at; of all PFs those that cannot are told in not_seen.
    """
    nics = [Nic(address) for address in kernel.pci.pfs()]
    observer = Observer(kernel, timeout if name is not None else timeout / (len(nics) + 1), blocked)
    if name is not None:
        nics = [find_pf(kernel, observer.interfaces, name, plain=True)]
    seen, locked = _look(observer, nics, blocked or {})
    if name is not None and locked:
        raise next(iter(locked.values()))
    pfs = [with_hash_fields(kernel, pf, HASHED_FLOWS) for pf in seen]
    devices = [device for pf in pfs for device in (pf.device, *pf.vfs)]
    host = observer.host(devices, [])
    bypass = BypassObserver(kernel, host, MODULES, OPTIONS)
    views = [_pf(kernel, pf, host, bypass) for pf in pfs]
    for view in views:
        record = (records or {}).get(view["pci_address"])
        view["before"] = record_result(record) if record else None
    found = {"pfs": views, "host": host_result(kernel, host, pfs)}
    return {**found, "not_seen": [*map(_in_words, locked.values()), *not_seen(kernel), *bypass.not_seen]}


def _look(
    observer: Observer, nics: Iterable[Nic], blocked: Mapping[str, str]
) -> tuple[list[Pf], dict[str, InUse | TookTooLong]]:
    """What can be looked at, and why the rest cannot, by address."""
    seen: list[Pf] = []
    locked: dict[str, InUse | TookTooLong] = {}
    for nic in nics:
        try:
            if nic.address in blocked:
                raise InUse("", why=blocked[nic.address])
            seen += _ports(observer, nic)
        except (InUse, TookTooLong) as error:
            locked[nic.address] = _locked(observer, nic.address, error)
    return seen, locked


def _locked(observer: Observer, address: str, error: InUse | TookTooLong) -> InUse | TookTooLong:
    """The same, with who may be the reason: whoever takes a device away from a program waits for it in the kernel."""
    users = observer.users_of_vfs(address)
    what, why = f"{address} cannot be looked at now", "; ".join([error.why or error.what, *users])
    if isinstance(error, InUse):
        return InUse(what, why=why, remedy=LETS_GO, holders=users)
    return TookTooLong(what, why=why, remedy=LETS_GO)


def _in_words(error: InUse | TookTooLong) -> str:
    return f"{error.what}: {error.why}"


def _ports(observer: Observer, nic: Nic) -> list[Pf]:
    """One for each port, where several are one PCI function and none is named."""
    pf = observer.pf(nic.address, nic.port)
    ports = [netdev.name for netdev in pf.device.netdevs]
    return [pf] if nic.port or len(ports) < 2 else [observer.pf(nic.address, port) for port in ports]


def _pf(kernel: Kernel, pf: Pf, host: Host, bypass: BypassObserver) -> dict[str, t.Any]:
    netdev = pf.device.netdev
    features = kernel.ethtool.features(netdev.name) if netdev else {}
    lro = features.get(LRO)
    facts = bypass.facts(pf, lro=None if lro is None else lro.on)
    seen = pf_result(pf)
    seen.update(
        perm_mac=pf.perm_mac,
        altnames=list(netdev.altnames) if netdev else [],
        vendor=pf.device.vendor,
        device=pf.device.device,
        driver_info=kernel.ethtool.driver_info(netdev.name) if netdev else {},
        features={name: feature._asdict() for name, feature in features.items()},
        rss_limit=rss_limit(pf),
        pcie=pcie_result(kernel.pci, pf.device.address),
        vf_total_msix=kernel.pci.number(pf.device.address, "sriov_vf_total_msix"),
        iommu_group_members=_members(pf.device, host),
        bypass=[technique.view() for technique in techniques(facts)],
        vf_bypass=[technique.view() for technique in vf_techniques(facts)],
    )
    for view, vf in zip(seen["vfs"], pf.vfs):
        view["iommu_group_members"] = _members(vf, host)
    return seen


def rss_limit(pf: Pf) -> dict[str, t.Any]:
    """How large the RSS group can be, why, and what there would be without VFs; None where it is not known."""
    driver = driver_of(pf)
    without, channels = predict_rss(with_queues_unknown(pf), 0), pf.queues.channels
    most = (channels.max_combined or channels.max_rx) if channels else 0
    explanation = rss_explanation(driver)
    cause = f"{pf.device.driver}: {explanation or 'VFs take nothing from the PF'}; online CPUs: {pf.online_cpus}"
    return {
        "queues": most if most and pf.num_vfs else predict_rss(pf, pf.num_vfs),
        "without_vfs": without,
        "cause": cause if driver.rss is not None else f"nothing is known of driver {pf.device.driver}",
        "table_set_by_hand": is_set_by_hand(pf),
        "table_shared_with_vfs": driver.table == "shared" and pf.num_vfs > 0,
    }


def _members(device: Device, host: Host) -> list[str]:
    members = () if device.iommu_group is None else host.group_members(device.iommu_group)
    return [member.address for member in members]


def host_result(kernel: Kernel, host: Host, pfs: list[Pf]) -> dict[str, t.Any]:
    """Facts of the whole host."""
    system = kernel.system
    return {
        "collection": VERSION,
        "kernel": system.release,
        "online_cpus": pfs[0].online_cpus if pfs else None,
        "iommu_active": host.iommu,
        "iommu_groups": len(system.iommu_groups()),
        "lockdown": host.lockdown,
        "hugepages": system.hugepages(),
        "vfio": {
            "loaded": system.module_is_loaded("vfio"),
            "pci_driver": "vfio-pci" in host.drivers,
            "no_iommu_mode": host.noiommu_mode,
            "nodes": system.vfio_nodes(),
        },
    }
