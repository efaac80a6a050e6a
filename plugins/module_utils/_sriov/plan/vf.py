# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the attributes of VFs. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InvalidRequest
from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..model.attributes import VfAttributes, with_companions
from ..model.desired import AUTO
from ..model.host import Netdev
from ..model.mac import auto_mac
from ..model.selector import vf_indices
from ..steps.net import SetMtu, SetVf, WaitForCarrier
from ..steps.pci import Reload
from .check_vf import check_interface, check_macs, check_use, check_wish, has_interface
from .pf import no_netdev
from .predict import driver_of

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model.desired import VfWish
    from ..model.host import Device, Pf
    from ..steps.pci import Step

DEFAULT_MTU = 1500  # ETH_DATA_LEN, what an interface starts with
# What a driver that does not tell an attribute has anyway.
DEFAULTS: dict[str, t.Any] = {
    "min_tx_rate": 0,
    "max_tx_rate": 0,
    "link_state": "auto",
    "query_rss": False,
    "vlan_proto": "802.1Q",
}


def resolve(pf: Pf, wishes: Sequence[VfWish]) -> dict[int, VfWish]:
    """Each VF's wish, by index, `auto` made an address.

    :raises InvalidRequest: a VF that there will not be, or that is named twice.
    """
    found: dict[int, VfWish] = {}
    for wish in wishes:
        indices = vf_indices(wish.vfs, pf.num_vfs, pf.label)
        mac = wish.attributes.mac
        if mac not in (None, AUTO) and len(indices) > 1:
            raise InvalidRequest(
                f"mac: {mac} for VFs {wish.vfs}",
                device=pf.label,
                why="two VFs with one address would share their frames",
                remedy="give each its own, or auto",
            )
        for index in indices:
            if index in found:
                raise InvalidRequest(
                    f"vfs: VF {index} is named twice", device=pf.label, remedy="merge its entries into one"
                )
            found[index] = replace(wish, attributes=_with_address(pf, index, wish.attributes))
    return found


def plan_attributes(pf: Pf, wishes: Mapping[int, VfWish], force: bool, settling: bool) -> list[Step]:
    """The writes that give the VFs what they lack.

    :param settling: an earlier step of the plan takes the PF's link away for a while.
    :raises SriovError: what the driver does not take, or what would cut a user off.
    """
    if not wishes:
        return []
    netdev = pf.device.netdev
    if netdev is None:
        raise no_netdev(pf, "cannot set the attributes of its VFs")
    check_macs(pf, wishes)
    steps: list[Step] = []
    for index in sorted(wishes):
        vf, wish = pf.vfs[index], wishes[index]
        change = _missing(pf, vf, wish.attributes)
        check_wish(pf, vf, wish, change)
        check_use(pf, vf, wish, change, force)
        if change.words():
            before = attributes_of(vf)
            whole = with_companions(change, before.merged(wish.attributes))
            steps.append(SetVf(netdev.name, pf.label, index, whole, before))
    rates = [step for step in steps if isinstance(step, SetVf) and step.change.max_tx_rate is not None]
    if settling and rates and driver_of(pf).vf_support.rates:
        steps.insert(0, WaitForCarrier(netdev.name, pf.label, "the driver takes rates only then"))
    return steps


def plan_reloads(pf: Pf, wishes: Mapping[int, VfWish]) -> list[Step]:
    """For VFs whose kernel driver goes on with another MAC address than theirs.

    :param wishes: of those VFs that keep their driver.
    """
    steps: list[Step] = []
    for index in sorted(wishes):
        vf, mac = pf.vfs[index], wishes[index].attributes.mac
        if mac is not None and needs_reload(vf, mac):
            why = f"it has its MAC address from the time it was loaded{_old_mac(vf)}"
            steps.append(Reload(vf.address, vf_name(vf), t.cast(str, vf.driver), why, vf.physfn, vf.vf))
    return steps


def plan_mtus(pf: Pf, wishes: Mapping[int, VfWish]) -> list[Step]:
    """The MTU of VFs' interfaces, once they are there.

    :param pf: as it is after the drivers' steps.
    :raises NotSupported: a VF that has no interface here.
    """
    steps: list[Step] = []
    for index in sorted(wishes):
        vf, mtu = pf.vfs[index], wishes[index].mtu
        if mtu is not None:
            check_interface(pf, vf, mtu)
        if mtu is not None and mtu != present_mtu(vf):
            steps.append(SetMtu(vf.address, vf_name(vf), present_mtu(vf), mtu, vf.physfn, vf.vf))
    return steps


def predict_attributes(pf: Pf, wishes: Mapping[int, VfWish]) -> Pf:
    """The PF after all of these steps."""
    return replace(pf, vfs=tuple(_predicted(vf, wishes.get(index)) for index, vf in enumerate(pf.vfs)))


def _predicted(vf: Device, wish: VfWish | None) -> Device:
    if wish is None:
        return vf
    after = replace(vf, attributes=attributes_of(vf).merged(wish.attributes))
    wanted = {"mtu": wish.mtu, "mac": wish.attributes.mac}
    changes: dict[str, t.Any] = {name: value for name, value in wanted.items() if value is not None}
    if not changes or not has_interface(vf):
        return after
    # What a driver will call a new interface is not known.
    netdev = vf.netdev or Netdev(name="", ifindex=0, mac=attributes_of(vf).mac or "", mtu=DEFAULT_MTU)
    return replace(after, netdevs=(replace(netdev, **changes), *vf.netdevs[1:]))


def _with_address(pf: Pf, index: int, attributes: VfAttributes) -> VfAttributes:
    if attributes.mac is None:
        return attributes
    if attributes.mac != AUTO:
        return replace(attributes, mac=attributes.mac.lower())
    if pf.perm_mac is None:
        raise InvalidRequest(
            "mac: auto needs the PF's permanent address", device=pf.label, why="its driver does not tell one"
        )
    return replace(attributes, mac=auto_mac(pf.perm_mac, index))


def _missing(pf: Pf, vf: Device, wish: VfAttributes) -> VfAttributes:
    """What is to be written. Of a new VF nothing is taken for granted but what the driver refuses to change."""
    observed = attributes_of(vf)
    granted = driver_of(pf).vf_support.refuses if vf.planned else DEFAULTS
    untold = [name for name in DEFAULTS if name in granted and getattr(observed, name) is None]
    return wish.missing(replace(observed, **{name: DEFAULTS[name] for name in untold}))


def attributes_of(vf: Device) -> VfAttributes:
    """All None where the PF's driver tells nothing."""
    return vf.attributes or VfAttributes()


def needs_reload(vf: Device, mac: str) -> bool:
    """Whether a kernel driver has the VF under another address; one whose interface is elsewhere must be asked anew."""
    if vf.driver is None or vf.driver in BYPASS_DRIVERS:
        return False
    return vf.netdev.mac != mac if vf.netdev else attributes_of(vf).mac != mac


def present_mtu(vf: Device) -> int:
    return vf.netdev.mtu if vf.netdev else DEFAULT_MTU


def vf_name(vf: Device) -> str:
    """ "0000:01:10.0 (VF 0 of 0000:01:00.0)"."""
    return f"{vf.address} (VF {vf.vf} of {vf.physfn})"


def _old_mac(vf: Device) -> str:
    return f", {vf.netdev.mac}" if vf.netdev else ""
