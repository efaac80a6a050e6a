# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What VFs that are created again keep: attributes, driver, node, MTU and link, as flow rules are put back. Pure.

From one number of VFs to another the kernel destroys all of them. What the user has not said of a VF whose index
survives is then desired as it was; what cannot be had again is told.
"""

from __future__ import annotations

import typing as t

from ..knowledge.bypass_drivers import STUB_DRIVERS, bypass_of
from ..knowledge.index import without_port
from ..knowledge.new_vf import set_attributes
from ..model.attributes import VfAttributes, shown
from ..model.desired import DEFAULT, NONE, DesiredVf, DesiredVfs
from ..model.host import Fit
from ..model.paths import no_iommu_node
from ..model.selector import Selector
from ..model.vfs import said_of
from .after import DEFAULT_ACCESS, DEFAULT_MTU
from .check_vfs import check_vf
from .hindrance import hindrances
from .stage import AS_IT_WAS, no_netdev, vf_words

if t.TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from ..model.desired import DesiredPf
    from ..model.host import Device, Host, Pf

Words = t.Dict[str, t.Any]
"""Values by the options' words, and `up` of the VF's interface."""


class Kept(t.NamedTuple):
    """What is desired of VFs beside what the user says.

    :param entries: one for each VF, with words that the user has not said.
    :param fits: of drivers that VFs had, which the plan need not doubt.
    """

    entries: tuple[DesiredVfs, ...] = ()
    warnings: tuple[str, ...] = ()
    fits: tuple[Fit, ...] = ()


def plan_kept(before: Pf, now: Pf, desired: DesiredPf, taken: Container[str], host: Host) -> Kept:
    """What the VFs had before the plan created them again; nothing where it does not.

    :param before: the PF as it was.
    :param now: after the step that makes the VFs.
    :param taken: MAC addresses that the user gives to VFs.
    """
    if not before.vfs or not now.vfs or not now.vfs[0].planned:
        return Kept()
    entries, warnings, fits = [], [], []
    for old, new in zip(before.vfs, now.vfs):
        vf = _Vf(now, desired, old, new, taken, host)
        if vf.words:
            entries.append(DesiredVfs(Selector(((vf.index, vf.index),)), vf.words, AS_IT_WAS))
        if vf.words.get("driver") not in (None, NONE):
            fits.append(Fit(new.ids, vf.words["driver"], aliases=True, matches=True, vfio=old.vfio))
        warnings += vf.warnings
    warnings += [text for old in before.vfs[len(now.vfs) :] for text in _gone(now, old)]
    return Kept(tuple(entries), tuple(warnings), tuple(dict.fromkeys(fits)))


class _Vf:
    """One VF whose index survives."""

    def __init__(self, pf: Pf, desired: DesiredPf, old: Device, new: Device, taken: Container[str], host: Host) -> None:
        self.index = t.cast(int, new.vf)
        self.words: Words = {}
        self.warnings: list[str] = []
        self._pf, self._desired, self._old, self._new = pf, desired, old, new
        self._said = {word: value for word, (value, _entry) in said_of(desired.vfs, self.index).items()}
        self._attributes(taken)
        self._driver(host)
        if self._has_driver_again:
            self._node() if bypass_of(old) else self._interface()
        if old.holders:
            self._warn(f"comes back as a new device: {'; '.join(holder.text for holder in old.holders)}")

    def _warn(self, what: str) -> None:
        self.warnings.append(f"VF {self.index} of {self._pf.label} {what}")

    def _keep(self, word: str, value: t.Any, why: str = "") -> None:
        """:param why: what is in the way of it."""
        if why:
            self._warn(f"does not get back {word} {shown(value)}: {why}")
        else:
            self.words[word] = value

    def _attributes(self, taken: Container[str]) -> None:
        for word, value in set_attributes(self._pf, self._old).items():
            if word in self._said or (word == "qos" and self._said.get("vlan") == 0):
                continue
            if word == "mac" and self._desired.as_it_was:
                continue
            reason = "the address is given to another" if word == "mac" and value in taken else ""
            self._keep(word, value, reason or self._refusal(DesiredVf(VfAttributes(**{word: value}))))

    def _refusal(self, desired: DesiredVf) -> str:
        """Why the PF's driver would not take it now, or could not be told."""
        if self._pf.device.netdev is None:
            return no_netdev(self._pf, "").why
        return next((each.why for each in check_vf(self._pf, self._new, desired, desired.attributes)), "")

    def _driver(self, host: Host) -> None:
        old, new = self._old.driver, self._new.driver
        if "driver" in self._said or old == new:
            return
        if old in (None, self._new.default_driver) and self._desired.drivers_autoprobe is not None:
            # Whether the kernel binds VFs is said.
            if old and not new:
                self._keep("driver", old, "drivers_autoprobe is false, and no entry of vfs gives it a driver")
            return
        if old is None and new not in host.drivers:
            return  # nobody has taken it away: this kernel has not loaded it
        why, bypass = "", bypass_of(self._old)
        if bypass:
            found = (each for each in hindrances(self._new, bypass, host, self._without_iommu))
            why = next((each.why for each in found if each.consent not in self._desired.allow), "")
        self._keep("driver", old or NONE, why)

    @property
    def _without_iommu(self) -> bool:
        group = self._old.iommu_group
        return group is not None and self._old.dev_node == no_iommu_node(group)

    @property
    def _has_driver_again(self) -> bool:
        named = self.words.get("driver", self._said.get("driver", self._new.driver))
        found = self._new.default_driver if named == DEFAULT else named
        return self._old.driver is not None and self._old.driver == found

    def _node(self) -> None:
        """Whoever may open it."""
        if self._without_iommu and "no_iommu" not in self._said:
            self.words["no_iommu"] = True
        access = dict(zip(("owner", "group", "mode"), (self._old.dev_owner, self._old.dev_group, self._old.dev_mode)))
        if None in access.values() and self._old.cdev:
            access = dict(zip(access, self._old.cdev[1:]))
        if None in access.values() or tuple(access.values()) == tuple(DEFAULT_ACCESS.values()):
            return
        self.words.update((word, value) for word, value in access.items() if word not in self._said)

    def _interface(self) -> None:
        """Of one that a kernel driver gives it in this network namespace."""
        if self._old.driver in STUB_DRIVERS:
            return
        of_several = len(self._old.netdevs) > 1
        for netdev in self._old.netdevs:
            why = f"{netdev.name} is not its only interface" if of_several else ""
            if netdev.mtu not in (0, DEFAULT_MTU) and "mtu" not in self._said:
                self._keep("mtu", netdev.mtu, why or self._refusal(DesiredVf(mtu=netdev.mtu)))
            if netdev.up:
                self._keep("up", True, why or ("" if self._pf_has_link else "the PF is down"))

    @property
    def _pf_has_link(self) -> bool:
        """Of a PF without a port it is not known: the link of its VFs is that of another function."""
        return without_port(self._pf.device.driver) or any(netdev.up for netdev in self._pf.device.netdevs)


def _gone(pf: Pf, vf: Device) -> Iterator[str]:
    """A VF whose index does not survive. (Of the rules that lead into it plan_rules() tells.)"""
    had = [f"{word} {shown(value)}" for word, value in set_attributes(pf, vf).items()]
    had += [holder.text for holder in vf.holders]
    yield f"{vf_words(vf)} of {pf.label} does not come back{': ' if had else ''}{', '.join(had)}"
