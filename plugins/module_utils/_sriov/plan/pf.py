# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans a change of a PF: how many VFs, whether the kernel binds them, up or down. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from shlex import quote

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.index import without_port
from ..knowledge.queues import driver_of, predict_rss
from ..knowledge.rss import rss_explanation, rss_queues, vf_limit
from ..model.check import check_down
from ..model.holders import ROUTE, SSH, Claim
from ..model.unread import CHANNELS, CPUS, FUNCTION, NUM_VFS, VF_STATE, VIRTFN, WHICH_VFS
from ..model.vfs import count_of_vfs
from ..model.xsk import OUR_PROGRAM
from ..steps.pci import SetAutoprobe, SetLink, SetNumVfs, WaitForVfs
from . import guard
from .check_taken import same_card
from .stage import Stage, check_known, no_netdev, vf_words

if t.TYPE_CHECKING:
    from ..model.desired import DesiredPf
    from ..model.host import Device, Netdev, Pf
    from ..model.kept import Record
    from ..steps.pci import Step


def plan_pf(pf: Pf, desired: DesiredPf, record: Record | None = None) -> Stage:
    """The steps from the PF as it is to the PF as it is wanted; none when it is so already.

    :param record: what it was before the first change.
    :returns: with refusals of what is in the way now, or would be destroyed or cut and was not named.
    :raises SriovError: there can be no such PF.
    """
    faults = _refusals(pf, desired)
    steps: list[Step] = []
    autoprobe = _autoprobe(pf, desired, record)
    if autoprobe != pf.drivers_autoprobe:
        # First: it only holds for VFs created after it (drivers/pci/iov.c sriov_drivers_autoprobe_store).
        steps.append(SetAutoprobe(pf.device.address, pf.label, autoprobe))
    netdev = None if without_port(pf.device.driver) else pf.device.netdev
    if desired.up and netdev and not netdev.up:
        # Before the VFs: a VF driver that probes while the PF is down finds no mailbox, takes a random MAC and has no
        # link; some PF drivers (bnxt_en) do not create VFs at all while down.
        steps.append(SetLink(pf.device.address, netdev.name, True))
    steps += _count_steps(pf, desired)
    if desired.up is False and netdev and netdev.up and not faults.found:  # else what follows would find it down
        steps.append(SetLink(pf.device.address, netdev.name, False))
    return Stage(steps, _warnings(pf, desired), faults)


def _refusals(pf: Pf, desired: DesiredPf) -> Faults:
    """First what can never be, then what is in the way now."""
    faults = Faults(desired.allow)
    check_known(pf, "cannot tell which VFs there are", WHICH_VFS)
    if desired.num_vfs is not None or desired.vfs:
        check_known(pf, "num_vfs: cannot tell how many VFs there are", NUM_VFS)
    num_vfs = _num_vfs(pf, desired)
    if _is_about_vfs(desired) and num_vfs == pf.num_vfs:
        check_known(pf, "vfs: cannot tell which VFs there are", VIRTFN)
    if num_vfs != pf.num_vfs or desired.up is not None:
        check_known(pf, _cannot(num_vfs) if num_vfs != pf.num_vfs else "cannot set the PF up or down", FUNCTION)
    if num_vfs != pf.num_vfs:
        check_known(pf, f"{_cannot(num_vfs)}: cannot tell what comes of the PF's queues", CPUS)
    if num_vfs not in (0, pf.num_vfs):
        check_known(pf, f"{_cannot(num_vfs)}: cannot tell what the present ones are to get back", VF_STATE)
    _check_count(pf, desired.num_vfs)
    if num_vfs != pf.num_vfs:
        _check_health(pf, num_vfs)
        _check_up(pf, desired, num_vfs)
    if without_port(pf.device.driver):
        _check_no_link(pf, desired)
    elif desired.up is not None and pf.device.netdev is None:
        raise no_netdev(pf, f"cannot set the PF {'up' if desired.up else 'down'}")
    with faults.gathered():
        _check_rss(pf, desired.min_rss_queues, num_vfs)
    with faults.gathered():
        check_down(desired, num_vfs, pf.label)
    if desired.up is False and pf.device.netdev and pf.device.netdev.up:
        faults.add(*guard.pf_goes_down(pf))
    if num_vfs != pf.num_vfs:
        faults.add(*guard.num_vfs_changes(pf, num_vfs, _cannot(num_vfs)))
    return faults


def _is_about_vfs(desired: DesiredPf) -> bool:
    """Whether it names some of them."""
    return bool(desired.vfs or (desired.rules and any(rule.into_vf for rule in desired.rules.present)))


def _check_no_link(pf: Pf, desired: DesiredPf) -> None:
    """Up it is as far as it can be: the link of its VFs is that of another function."""
    if desired.up is False:
        raise NotSupported(
            "cannot set the PF down",
            device=pf.label,
            why=f"a PF of driver {pf.device.driver} has no port",
            remedy="leave out up",
        )


def _autoprobe(pf: Pf, desired: DesiredPf, record: Record | None) -> bool:
    """Without VFs it goes back to what it was before there were any of ours."""
    if desired.drivers_autoprobe is not None:
        return desired.drivers_autoprobe
    if desired.num_vfs == 0 and record and same_card(record.perm_mac, pf):
        return record.drivers_autoprobe
    return pf.drivers_autoprobe


def _num_vfs(pf: Pf, desired: DesiredPf) -> int:
    """How many VFs there will be."""
    return pf.num_vfs if desired.num_vfs is None else desired.num_vfs


def _cannot(wanted: int) -> str:
    return f"cannot create {count_of_vfs(wanted)}" if wanted else "cannot remove the VFs"


def _count_steps(pf: Pf, desired: DesiredPf) -> list[Step]:
    wanted = _num_vfs(pf, desired)
    if wanted == pf.num_vfs:
        return []
    address, label = pf.device.address, pf.label
    steps: list[Step] = []
    if pf.num_vfs:
        # The kernel answers EBUSY to a change from one count to another (drivers/pci/iov.c sriov_numvfs_store).
        steps.append(SetNumVfs(address, label, pf.num_vfs, 0, tuple(map(vf_words, pf.vfs))))
    if wanted:
        steps += [SetNumVfs(address, label, 0, wanted, fallback=pf.num_vfs), WaitForVfs(address, label, wanted)]
    return steps


def _check_count(pf: Pf, wanted: int | None) -> None:
    if wanted is None or wanted == pf.num_vfs:
        return
    driver = driver_of(pf)
    if not driver.creates_vfs:
        why = f"driver {driver.name} does not change their number while it runs"
        raise NotSupported(_cannot(wanted), device=pf.label, why=why, remedy=driver.how_else)
    if pf.total_vfs == 0 and wanted:
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why="the device offers none (sriov_totalvfs is 0)",
            remedy=driver.how_else or "turn SR-IOV on in the firmware setup of host and NIC",
        )
    if wanted > pf.total_vfs:
        raise InvalidRequest(
            f"num_vfs: cannot create {count_of_vfs(wanted)}",
            device=pf.label,
            why=f"the device supports {pf.total_vfs} (sriov_totalvfs)",
            remedy=f"ask for at most {pf.total_vfs}",
        )
    classes = max((netdev.num_tc for netdev in pf.device.netdevs), default=0)
    limit = vf_limit(driver, classes, pf.total_vfs)
    if wanted > limit - pf.macvlans and wanted <= limit:
        name = quote(pf.device.netdev.name) if pf.device.netdev else "PF"
        raise InvalidRequest(
            f"num_vfs: cannot create {count_of_vfs(wanted)}",
            device=pf.label,
            why=f"{pf.device.driver} gives {limit}, less one for each macvlan that the card carries (l2-fwd-offload), "
            f"and there {'is 1' if pf.macvlans == 1 else f'are {pf.macvlans}'}: EPERM",
            remedy=f"ask for at most {limit - pf.macvlans}, or `ethtool -K {name} l2-fwd-offload off`",
        )
    if wanted > limit:
        raise InvalidRequest(
            f"num_vfs: cannot create {count_of_vfs(wanted)}",
            device=pf.label,
            why=f"{pf.device.driver} gives {limit} with the {classes} traffic classes (DCB) configured: EPERM",
            remedy=f"ask for at most {limit}, or reduce the traffic classes",
        )


def _check_rss(pf: Pf, least: int | None, num_vfs: int) -> None:
    if least is None:
        return
    leave = "leaves" if num_vfs == 1 else "leave"
    check_known(pf, f"min_rss_queues: cannot tell the RSS group that {count_of_vfs(num_vfs)} {leave}", CHANNELS, CPUS)
    predicted = predict_rss(pf, num_vfs)
    if predicted is None:
        raise NotSupported(
            f"min_rss_queues: cannot tell the RSS group that {count_of_vfs(num_vfs)} {leave}",
            device=pf.label,
            why=f"nothing is known of driver {pf.device.driver}",
            remedy="leave out min_rss_queues, and look at `ethtool -l` afterwards",
        )
    if predicted < least:
        explanation = rss_explanation(driver_of(pf))
        raise InvalidRequest(
            f"min_rss_queues: {count_of_vfs(num_vfs)} {leave} the PF an RSS group of {predicted}, less than {least}",
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
    if pf.device.driver is None or bypass_of(pf.device):
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why=f"the PF is bound to {pf.device.driver or 'no driver'}: {_who_creates(pf.device)}",
            remedy=f"bind it to {pf.device.default_driver or 'its kernel driver'} (module pci_driver, driver: default)",
        )
    if not pf.device.netdevs and not without_port(pf.device.driver):
        raise no_netdev(pf, _cannot(wanted))
    with_xdp = [netdev.name for netdev in pf.device.netdevs if netdev.xdp]
    if wanted and with_xdp and driver_of(pf).xdp_excludes_vfs:
        ours = any(netdev.xdp_name == OUR_PROGRAM for netdev in pf.device.netdevs)
        detach = f"detach it: ip link set dev {quote(with_xdp[0])} xdp off"
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why=f"an XDP program is attached, and {pf.device.driver} has XDP or VFs, not both",
            remedy="take the queues for AF_XDP back first (module xsk_queue, state: absent)" if ours else detach,
        )


def _who_creates(pf: Device) -> str:
    """drivers/vfio/pci/vfio_pci.c vfio_pci_sriov_configure: with its parameter enable_sriov; every user of a VF then
    has to know the token that the user of the PF has set (vfio_pci_validate_vf_token)."""
    if pf.driver != "vfio-pci":
        return "only its kernel driver creates VFs"
    return "that creates VFs with its parameter enable_sriov only, for users who share a token (vf_token)"


def _check_up(pf: Pf, desired: DesiredPf, wanted: int) -> None:
    """:raises NotSupported: the driver would create none."""
    netdev = pf.device.netdev
    if wanted and driver_of(pf).needs_up and netdev and not (netdev.up or desired.up):
        raise NotSupported(
            _cannot(wanted),
            device=pf.label,
            why=f"the PF is down, and driver {pf.device.driver} creates VFs only while it is up",
            remedy="set it up first (up: true)",
        )


def _warnings(pf: Pf, desired: DesiredPf) -> list[str]:
    wanted = _num_vfs(pf, desired)
    found, netdev = [], None if without_port(pf.device.driver) else pf.device.netdev
    if wanted and desired.up is None and netdev and not netdev.up:
        found.append(f"{pf.label} is down: its VFs have no link and no mailbox until it is up (up: true)")
    if desired.drivers_autoprobe not in (None, pf.drivers_autoprobe) and wanted and wanted == pf.num_vfs:
        found.append(
            f"drivers_autoprobe of {pf.label} holds for VFs created from now on; the present ones keep their drivers"
        )
    if wanted and wanted != pf.num_vfs and predict_rss(pf, wanted) is None:
        found.append(
            f"what {wanted} VFs take of the queues of {pf.label} is not known of driver {pf.device.driver}: look at "
            "`ethtool -l` and `ethtool -x` afterwards"
        )
    usual = rss_queues(driver_of(pf), pf.num_vfs, pf.online_cpus) if driver_of(pf).rss else None
    if wanted != pf.num_vfs and pf.num_vfs and pf.combined and usual and pf.combined < usual:
        found.append(
            f"{pf.label} has {pf.combined} channels by hand (ethtool -L); the driver chooses anew when its VFs go"
        )
    found += _unmet_claims(pf, wanted)
    busy = [holder.text for holder in pf.device.holders if holder.kind not in (SSH, ROUTE)]
    if wanted != pf.num_vfs and busy and guard.link_goes_with_vfs(pf):
        found.append(f"the link of {pf.label} goes for some seconds when its number of VFs changes: {', '.join(busy)}")
    return found


def _unmet_claims(pf: Pf, wanted: int) -> list[str]:
    """Who will want a VF that is not there any more: it starts later, and uses nothing now."""
    going = {vf.address: vf for vf in pf.vfs[wanted:]}
    going.update({name: vf for vf in pf.vfs[wanted:] for netdev in vf.netdevs for name in _names(netdev)})
    found = []
    for claim in pf.claims if going else ():
        vf = going.get(claim.function or claim.interface or "")
        if vf is not None:
            found.append(f"{claim.owner} wants {vf_words(vf)} when it starts, which goes")
        elif claim.pf in _names(pf.device.netdev) and not wanted:
            found.append(f"{claim.owner} takes VFs of {pf.label} when it is used, and there will be none")
        elif claim == Claim(claim.owner):
            found.append(f"{claim.owner} cannot be read as XML: whether it wants VFs of {pf.label} is not known")
    return list(dict.fromkeys(found))


def _names(netdev: Netdev | None) -> tuple[str, ...]:
    return (netdev.name, *netdev.altnames) if netdev else ()
