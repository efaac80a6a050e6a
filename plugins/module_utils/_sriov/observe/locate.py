# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A desired state with addresses in place of names."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotKnown
from ..faults import Faults
from ..kernel.users import group_number, user_number
from ..model.check import named_twice
from ..model.desired import Node
from ..model.selector import EVERY_VF, check_there
from .names import Nic, describe, existing_device, find_pf, more_than_one
from .ports import own_names
from .unseen import unclear_vfs

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..kernel.kernel import Kernel
    from ..model.desired import Desired, DesiredDevice, DesiredPf
    from ..model.selector import Selector
    from ..model.xsk import DesiredXsk
    from .names import Entries

OF_THE_FUNCTION = ("driver", "owner", "group", "mode", "no_iommu")
"""What is said of a VF and set without its PF's interface."""


def locate(kernel: Kernel, interfaces: Entries, desired: Desired) -> tuple[Desired, list[SriovError]]:
    """The desired state with PCI addresses in place of names, and numbers in place of owners; one device an entry.

    :returns: what can be located, and of the rest why not: a name that means nothing here or too much, a device that is
        named twice, an unknown user.
    """
    faults = Faults()
    pfs: dict[str, DesiredPf] = {}
    for each in desired.pfs:
        with faults.gathered():
            found = _located_pf(kernel, interfaces, each, faults)
            if found.pf in pfs:
                raise _named_again(kernel, interfaces, pfs[found.pf], found, each)
            pfs[found.pf] = found
    devices: dict[str, DesiredDevice] = {}
    for entry in desired.devices:
        with faults.gathered():
            for device in _located_devices(kernel, interfaces, entry, faults):
                _check_unique(device, devices)
                devices[device.device] = device
    return desired._replace(pfs=tuple(pfs.values()), devices=tuple(devices.values())), faults.found


def _located_pf(kernel: Kernel, interfaces: Entries, desired: DesiredPf, faults: Faults) -> DesiredPf:
    # What has a port is located already: the name would not lead back to it.
    nic = (
        Nic(desired.pf, desired.port)
        if desired.port
        else find_pf(kernel, interfaces, desired.pf, plain=not _needs_vfs(desired))
    )
    ports = [] if nic.port else own_names(interfaces, kernel.pci.interfaces(nic.address))
    if len(ports) > 1 and _needs_port(desired):
        raise more_than_one(desired.pf, "interface", ports)
    vfs = tuple(entry._replace(said=_with_numbers(entry.said, faults)) for entry in desired.vfs)
    xsk = desired.xsk and desired.xsk._replace(group=_located_group(desired.xsk, faults))
    return desired._replace(pf=nic.address, port=nic.port, vfs=vfs, xsk=xsk)


def _named_again(
    kernel: Kernel, interfaces: Entries, first: DesiredPf, second: DesiredPf, named: DesiredPf
) -> InvalidRequest:
    """:param named: the second, as the user calls it."""
    if first.port == second.port:
        return named_twice(first, named, describe(kernel, second.pf))
    ports = own_names(interfaces, kernel.pci.interfaces(second.pf))
    if len(ports) == 1:  # once by the interface, once by the function
        return named_twice(first, named, describe(kernel, second.pf))
    return InvalidRequest(
        f"{named.place}pf: {named.pf!r} is a port of the PF of {first.place.rstrip('.') or 'another entry'}",
        device=second.pf,
        why=f"{', '.join(ports)} are one PCI function, with one num_vfs and one set of VFs",
        remedy="make one entry of the two; what else the other port shall have, modules vf, rss and flow_rule set",
    )


def _needs_vfs(desired: DesiredPf) -> bool:
    """Whether only a PF will do: for queues and rules any NIC does. What it was before, it can be whatever it is."""
    if desired.as_before:
        return desired.num_vfs is not None
    if desired.num_vfs is not None or desired.drivers_autoprobe is not None or desired.vfs:
        return True
    if desired.rss is None and desired.rules is None and desired.xsk is None:
        return True
    return desired.rules is not None and any(rule.into_vf for rule in desired.rules.present)


def _needs_port(desired: DesiredPf) -> bool:
    """Whether it is about an interface; the number of VFs, and their drivers, are the function's."""
    words = {word for each in desired.vfs for word, value in each.said.items() if value is not None}
    of_queues = (desired.min_rss_queues, desired.rss, desired.rules, desired.xsk)
    return desired.up is not None or any(each is not None for each in of_queues) or not words <= {*OF_THE_FUNCTION}


def _with_numbers(said: t.Mapping[str, t.Any], faults: Faults) -> dict[str, t.Any]:
    node = _located_node(Node(said.get("owner"), said.get("group")), faults)
    numbers = {word: getattr(node, word) for word in ("owner", "group") if word in said}
    return {**said, **numbers}


def _located_devices(
    kernel: Kernel, interfaces: Entries, desired: DesiredDevice, faults: Faults
) -> list[DesiredDevice]:
    node = _located_node(desired.node, faults)
    if desired.pf is None:
        addresses = [existing_device(kernel, desired.device)]
    else:
        addresses = _addresses_of_vfs(kernel, find_pf(kernel, interfaces, desired.pf).address, desired.vf)
    return [desired._replace(device=address, node=node, pf=None, vf=EVERY_VF) for address in addresses]


def _addresses_of_vfs(kernel: Kernel, pf: str, selector: Selector) -> list[str]:
    by_index = kernel.pci.vf_links(pf)
    unclear = "; ".join(each.why for each in unclear_vfs(by_index, len(by_index)))
    if unclear:
        what = "vf: cannot tell which VFs there are"
        raise NotKnown(what, device=describe(kernel, pf), why=unclear, remedy="run it again, and see dmesg")
    check_there(selector, len(by_index), "vf", describe(kernel, pf))
    return [t.cast(str, by_index[index]) for index in selector.indices(len(by_index))]


def _located_node(node: Node, faults: Faults) -> Node:
    """A name that nobody has stays, and is refused."""
    with faults.gathered():
        node = node._replace(owner=user_number(node.owner))
    with faults.gathered():
        node = node._replace(group=group_number(node.group))
    return node


def _located_group(xsk: DesiredXsk, faults: Faults) -> str | int | None:
    """A name that nobody has stays, and is refused."""
    group = xsk.group
    with faults.gathered():
        group = group_number(xsk.group, f"{xsk.place}group")
    return group


def _check_unique(device: DesiredDevice, others: t.Mapping[str, DesiredDevice]) -> None:
    if device.device in others:
        raise InvalidRequest(
            f"{device.device} is named twice",
            why="a device has one driver",
            remedy="name each device in one assignment",
        )
