# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans a change of a PF: how many VFs, whether the kernel binds them, up or down. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..errors import InUse, InvalidRequest, NotSupported, WouldDestroy
from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..knowledge.rss import rss_explanation, rss_queues, vf_limit
from ..observe.management import ROUTE, SSH
from ..steps.pci import Plan, SetAutoprobe, SetLink, SetNumVfs, WaitForVfs
from .predict import driver_of, predict_rss, wanted_vfs

if t.TYPE_CHECKING:
    from ..model.host import Device, Pf, PfSpec
    from ..steps.pci import Step


def plan_pf(pf: Pf, spec: PfSpec) -> Plan:
    """The steps from the PF as it is to the PF as it is wanted; none when it is so already.

    :raises SriovError: the request cannot be met, or would destroy or cut what the user did not name.
    """
    check_request(pf, spec)
    steps: list[Step] = []
    if spec.drivers_autoprobe not in (None, pf.drivers_autoprobe):
        # First: it only holds for VFs created after it (drivers/pci/iov.c sriov_drivers_autoprobe_store).
        steps.append(SetAutoprobe(pf.device.address, pf.label, bool(spec.drivers_autoprobe)))
    netdev = pf.device.netdev
    if spec.up and netdev and not netdev.up:
        # Before the VFs: a VF driver that probes while the PF is down finds no mailbox, takes a random MAC and has no
        # link; some PF drivers (bnxt_en) do not create VFs at all while down.
        steps.append(SetLink(pf.device.address, netdev.name, True))
    steps += _count_steps(pf, spec)
    if spec.up is False and netdev and netdev.up:
        steps.append(SetLink(pf.device.address, netdev.name, False))
    return Plan(tuple(steps), tuple(_warnings(pf, spec)))


def check_request(pf: Pf, spec: PfSpec) -> None:
    """Every refusal, before the first step: first what can never be, then what is in the way now."""
    wanted = wanted_vfs(pf, spec)
    _check_count(pf, spec)
    _check_rss(pf, spec, wanted)
    if spec.up is False and wanted:
        raise InvalidRequest(
            "up: false goes with num_vfs: 0 only",
            device=pf.label,
            why=f"{wanted} VFs would be left without link and mailbox",
            remedy="leave out up, or set num_vfs: 0",
        )
    if spec.up is not None and pf.device.netdev is None:
        raise no_netdev(pf, f"cannot set the PF {'up' if spec.up else 'down'}")
    if spec.up is False and pf.device.netdev and pf.device.netdev.up:
        _check_management(pf, "cannot set the PF down", opted_in=None)
    if wanted != pf.num_vfs:
        _check_health(pf, wanted)
        _check_destruction(pf, spec, wanted)
        _check_management(pf, _cannot(wanted), opted_in=spec.allow_link_reset)


def _cannot(wanted: int) -> str:
    return f"cannot create {wanted} VFs" if wanted else "cannot remove the VFs"


def _count_steps(pf: Pf, spec: PfSpec) -> list[Step]:
    wanted = wanted_vfs(pf, spec)
    if wanted == pf.num_vfs:
        return []
    address, label = pf.device.address, pf.label
    steps: list[Step] = []
    if pf.num_vfs:
        # The kernel answers EBUSY to a change from one count to another (drivers/pci/iov.c sriov_numvfs_store).
        steps.append(SetNumVfs(address, label, pf.num_vfs, 0, tuple(map(_vf_words, pf.vfs))))
    if wanted:
        steps += [SetNumVfs(address, label, 0, wanted, fallback=pf.num_vfs), WaitForVfs(address, label, wanted)]
    return steps


def _vf_words(vf: Device) -> str:
    names = f", {vf.netdevs[0].name}" if vf.netdevs else ""
    return f"VF {vf.vf} ({vf.address}, {vf.driver or 'no driver'}{names})"


def _check_count(pf: Pf, spec: PfSpec) -> None:
    wanted = spec.num_vfs
    if wanted is None or wanted == pf.num_vfs:
        return
    if wanted < 0:
        raise InvalidRequest(f"num_vfs: {wanted} is negative", device=pf.label, remedy="give a number from 0 on")
    if pf.total_vfs == 0 and wanted:
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why="the device offers none (sriov_totalvfs is 0)",
            remedy="turn SR-IOV on in the firmware setup of host and NIC",
        )
    if wanted > pf.total_vfs:
        raise InvalidRequest(
            f"num_vfs: cannot create {wanted} VFs",
            device=pf.label,
            why=f"the device supports {pf.total_vfs} (sriov_totalvfs)",
            remedy=f"ask for at most {pf.total_vfs}",
        )
    classes = pf.device.netdev.num_tc if pf.device.netdev else 0
    limit = vf_limit(driver_of(pf), classes, pf.total_vfs)
    if wanted > limit:
        raise InvalidRequest(
            f"num_vfs: cannot create {wanted} VFs",
            device=pf.label,
            why=f"{pf.device.driver} gives {limit} with the {classes} traffic classes (DCB) configured: EPERM",
            remedy=f"ask for at most {limit}, or reduce the traffic classes",
        )


def _check_rss(pf: Pf, spec: PfSpec, wanted: int) -> None:
    if spec.min_rss_queues is None:
        return
    predicted = predict_rss(pf, wanted)
    if predicted is None:
        raise NotSupported(
            f"min_rss_queues: cannot tell the RSS group that {wanted} VFs leave",
            device=pf.label,
            why=f"nothing is known of driver {pf.device.driver}",
            remedy="leave out min_rss_queues, and look at `ethtool -l` afterwards",
        )
    if predicted < spec.min_rss_queues:
        explanation = rss_explanation(driver_of(pf))
        raise InvalidRequest(
            f"min_rss_queues: {wanted} VFs leave the PF an RSS group of {predicted}, less than {spec.min_rss_queues}",
            device=pf.label,
            why=f"{pf.device.driver}: {explanation or 'VFs take nothing from the PF'}; online CPUs: {pf.online_cpus}",
            remedy="ask for fewer VFs, or accept the smaller group by a lower min_rss_queues",
        )


def _check_health(pf: Pf, wanted: int) -> None:
    if not pf.device.answers:
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why="the device does not answer (configuration space reads as all ones): it failed or was removed",
            remedy="see dmesg for PCIe errors; reset the slot or the host",
        )
    if pf.device.driver is None or pf.device.driver in BYPASS_DRIVERS:
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why=f"the PF is bound to {pf.device.driver or 'no driver'}: only its kernel driver creates VFs",
            remedy=f"bind it to {pf.device.default_driver or 'its kernel driver'} (module pci_driver, driver: default)",
        )
    if pf.device.netdev is None:
        raise no_netdev(pf, _cannot(wanted))
    if wanted and pf.device.netdev.xdp and driver_of(pf).xdp_excludes_vfs:
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why=f"an XDP program is attached, and {pf.device.driver} has XDP or VFs, not both",
            remedy=f"detach it: ip link set dev {pf.device.netdev.name} xdp off",
        )


def no_netdev(pf: Pf, what: str) -> NotSupported:
    """The refusal of what needs the PF's interface."""
    return NotSupported(
        what,
        device=pf.label,
        why=f"driver {pf.device.driver} has given it no interface in this network namespace",
        remedy="see dmesg for the driver's messages; if the interface was moved to another namespace, bring it back",
    )


def _check_destruction(pf: Pf, spec: PfSpec, wanted: int) -> None:
    """Removing all VFs by num_vfs: 0 is named by the user; any other change of a count is not, and needs recreate."""
    if not pf.num_vfs:
        return
    going = f"VFs 0 to {pf.num_vfs - 1}" if pf.num_vfs > 1 else "VF 0"
    if wanted and not spec.recreate:
        raise WouldDestroy(
            f"num_vfs: cannot go from {pf.num_vfs} to {wanted} VFs",
            device=pf.label,
            why=f"the kernel does that only through 0: {', '.join(map(_vf_words, pf.vfs))} would be destroyed",
            remedy="set recreate: true if that is what you want",
        )
    for vf in pf.vfs:
        _refuse_if_management(vf, (SSH,), f"cannot remove VF {vf.vf}", vf.label)
    holders = [f"VF {vf.vf}: {holder.text}" for vf in pf.vfs for holder in vf.holders if holder.kind != SSH]
    if holders and not spec.force:
        raise InUse(
            f"num_vfs: cannot remove {going}",
            device=pf.label,
            why="; ".join(holders),
            remedy="release them, or set force: true",
            holders=holders,
        )


def _check_management(pf: Pf, what: str, opted_in: bool | None) -> None:
    """A change of the VF count closes and opens the PF: its link, and that of its VFs, is gone for seconds.

    :param opted_in: the user's word on that; None where the link would be gone for good and nothing is asked.
    """
    opt_in = "" if opted_in is None else ", or accept that its link is lost for some seconds: allow_link_reset: true"
    for device in () if opted_in else (pf.device, *pf.vfs):
        _refuse_if_management(device, (SSH, ROUTE), what, pf.label, opt_in)


def _refuse_if_management(device: Device, kinds: tuple[str, ...], what: str, label: str, opt_in: str = "") -> None:
    reasons = [holder.text for holder in device.holders if holder.kind in kinds]
    if reasons:
        raise InUse(
            what,
            device=label,
            why=f"{'it' if device.label == label else device.label} {' and '.join(reasons)}",
            remedy=f"reach the host over another NIC{opt_in}",
            holders=reasons,
        )


def _warnings(pf: Pf, spec: PfSpec) -> list[str]:
    wanted = wanted_vfs(pf, spec)
    found = []
    if wanted and spec.up is None and pf.device.netdev and not pf.device.netdev.up:
        found.append(f"{pf.label} is down: its VFs have no link and no mailbox until it is up (up: true)")
    if spec.drivers_autoprobe not in (None, pf.drivers_autoprobe) and wanted and wanted == pf.num_vfs:
        found.append(
            f"drivers_autoprobe of {pf.label} holds for VFs created from now on; the present ones keep their drivers"
        )
    usual = rss_queues(driver_of(pf), pf.num_vfs, pf.online_cpus) if driver_of(pf).rss else None
    if wanted != pf.num_vfs and pf.num_vfs and pf.combined and usual and pf.combined < usual:
        found.append(
            f"{pf.label} has {pf.combined} channels by hand (ethtool -L); the driver chooses anew when its VFs go"
        )
    busy = [holder.text for holder in pf.device.holders if holder.kind not in (SSH, ROUTE)]
    if wanted != pf.num_vfs and busy:
        found.append(f"the link of {pf.label} goes for some seconds when its number of VFs changes: {', '.join(busy)}")
    return found
