# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The steps a plan is made of: data that says what is to be done, in words an operator would use.

A step on a VF that the same plan creates names it by PF and index: where virtfnN points by then is the VF's address.
"""

from __future__ import annotations

import typing as t

from ..model.desired import DesiredVfs, Node
from .net import NetStep
from .units import UnitStep
from .xsk import XskStep


class SetAutoprobe(t.NamedTuple):
    """`echo 0 > sriov_drivers_autoprobe`: VFs created from now on stay without a driver."""

    address: str
    label: str
    value: bool

    def __str__(self) -> str:
        effect = "new VFs are bound by the kernel" if self.value else "new VFs stay without a driver"
        return f"set sriov_drivers_autoprobe of {self.label} to {int(self.value)}: {effect}"


class SetLink(t.NamedTuple):
    """`ip link set dev NAME up`."""

    address: str
    name: str
    up: bool

    def __str__(self) -> str:
        return f"set {self.name} {'up' if self.up else 'down'}"


class SetNumVfs(t.NamedTuple):
    """`echo NUM_VFS > sriov_numvfs`.

    :param destroys: the VFs that go, in words.
    :param fallback: how many to create again when the kernel refuses this number after the old VFs have gone.
    """

    address: str
    label: str
    before: int
    num_vfs: int
    destroys: tuple[str, ...] = ()
    fallback: int = 0

    def __str__(self) -> str:
        lost = f": destroys {', '.join(self.destroys)}" if self.destroys else ""
        return f"set sriov_numvfs of {self.label} from {self.before} to {self.num_vfs}{lost}"


class WaitForVfs(t.NamedTuple):
    """Wait until the VFs, and the interfaces of those that the kernel binds, are there and have their names."""

    address: str
    label: str
    num_vfs: int

    def __str__(self) -> str:
        who = "the VF" if self.num_vfs == 1 else f"all {self.num_vfs} VFs"
        return f"wait until {who} of {self.label} {'is' if self.num_vfs == 1 else 'are'} there"


class LoadModule(t.NamedTuple):
    """`modprobe NAME`."""

    name: str

    def __str__(self) -> str:
        return f"load kernel module {self.name}"


class AllowNoIommu(t.NamedTuple):
    """`echo Y > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode`."""

    def __str__(self) -> str:
        return "turn on vfio's no-IOMMU mode: devices bound in it can write to all memory; it taints the kernel"


class Bind(t.NamedTuple):
    """Give a device another driver by driver_override; on failure it gets the old one back."""

    address: str
    label: str
    before: str | None
    driver: str
    physfn: str | None = None
    vf: int | None = None

    def __str__(self) -> str:
        return f"bind {self.label} to {self.driver} (now {self.before or 'no driver'})"


class Unbind(t.NamedTuple):
    """Take a device's driver away."""

    address: str
    label: str
    before: str
    physfn: str | None = None
    vf: int | None = None

    def __str__(self) -> str:
        return f"unbind {self.label} from {self.before}"


class ClearOverride(t.NamedTuple):
    """`echo > driver_override`: a name left behind keeps every other driver from binding later."""

    address: str
    label: str
    before: str

    def __str__(self) -> str:
        return f"clear driver_override of {self.label} (now {self.before})"


class SetNode(t.NamedTuple):
    """`chown` and `chmod` of /dev/vfio/N and /dev/vfio/devices/vfioN, whichever the device has by then."""

    address: str
    label: str
    node: Node = Node()
    physfn: str | None = None
    vf: int | None = None

    def __str__(self) -> str:
        parts = {"owner": self.node.owner, "group": self.node.group}
        words = [f"{name} {value}" for name, value in parts.items() if value is not None]
        if self.node.mode is not None:
            words.append(f"mode {self.node.mode:04o}")
        return f"give the vfio node of {self.label} {', '.join(words)}"


class Reload(t.NamedTuple):
    """Unbind and bind again: the driver of a VF reads its MAC address from the PF at probe only.

    :param heals: the VF's driver has left it half-way: it is reset between the two, where the kernel can.
    """

    address: str
    label: str
    driver: str
    why: str
    physfn: str | None = None
    vf: int | None = None
    heals: bool = False

    def __str__(self) -> str:
        how = "reset and reload" if self.heals else "reload"
        return f"{how} {self.driver} of {self.label}: {self.why}"


Step = t.Union[
    SetAutoprobe,
    SetLink,
    SetNumVfs,
    WaitForVfs,
    LoadModule,
    AllowNoIommu,
    Bind,
    Unbind,
    ClearOverride,
    SetNode,
    Reload,
    NetStep,
    XskStep,
    UnitStep,
]


class Plan(t.NamedTuple):
    """Steps in their order, and what the operator should know beside them.

    :param allowed: which consent was used, and for what.
    :param kept: what is desired of VFs that it creates again beside what the user says, by the address of their PF.
    :param purposes: of each step the number of its purpose: steps of one are undone together; empty: all have one.
    """

    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    kept: t.Mapping[str, tuple[DesiredVfs, ...]] = {}
    purposes: tuple[int, ...] = ()
