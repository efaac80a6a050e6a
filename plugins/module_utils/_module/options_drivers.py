# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options of module pci_driver to one DriverSpec for each device."""

from __future__ import annotations

import grp
import pwd
import re
import typing as t

from .._sriov.errors import InvalidRequest
from .._sriov.model.host import DriverSpec, NodeSpec
from .._sriov.model.selector import vf_indices
from .._sriov.observe.host import virtual_functions
from .._sriov.observe.names import describe, existing_device, find_pf

if t.TYPE_CHECKING:
    from .._sriov.kernel.kernel import Kernel


def driver_specs(params: dict[str, t.Any], kernel: Kernel) -> list[DriverSpec]:
    """The drivers that the options ask for, in the order of the options.

    :raises SriovError: a device that is not there, a VF that the PF has not, a device named twice, an unknown user.
    """
    specs: list[DriverSpec] = []
    for assignment in [params] if params["assignments"] is None else params["assignments"]:
        node = node_spec(assignment)
        specs += [
            DriverSpec(
                address, assignment["driver"], node, assignment["no_iommu"] or params["no_iommu"], params["force"]
            )
            for address in _addresses(assignment, params["pf"], kernel)
        ]
    _check_unique(specs)
    return specs


def _addresses(assignment: dict[str, t.Any], pf: str | None, kernel: Kernel) -> list[str]:
    if assignment["devices"] is not None:
        return [existing_device(kernel, text) for text in assignment["devices"]]
    if pf is None:
        raise InvalidRequest("vfs: whose VFs they are is not said", remedy="name their PF: pf: …")
    address = find_pf(kernel, pf)
    indices = virtual_functions(kernel.sysfs, address)
    by_index = {index: vf for vf, index in indices.items()}
    label = describe(kernel, address)
    return [by_index[index] for index in vf_indices(assignment["vfs"], len(by_index), label)]


def _check_unique(specs: list[DriverSpec]) -> None:
    seen: set[str] = set()
    for spec in specs:
        if spec.address in seen:
            raise InvalidRequest(
                f"{spec.address} is named twice",
                why="a device has one driver",
                remedy="name each device in one assignment",
            )
        seen.add(spec.address)


def node_spec(options: dict[str, t.Any]) -> NodeSpec:
    """Owner, group and mode as numbers.

    :raises InvalidRequest: no such user or group on this host, or no such mode.
    """
    return NodeSpec(
        owner=_number("owner", options["owner"], lambda name: pwd.getpwnam(name).pw_uid),
        group=_number("group", options["group"], lambda name: grp.getgrnam(name).gr_gid),
        mode=_mode(options["mode"]),
    )


def _number(option: str, value: str | None, look_up: t.Callable[[str], int]) -> int | None:
    if value is None or value.isdigit():
        return None if value is None else int(value)
    try:
        return look_up(value)
    except KeyError:
        raise InvalidRequest(
            f"{option}: there is no {'user' if option == 'owner' else 'group'} {value!r} on this host",
            remedy="create it first",
        ) from None


def _mode(value: t.Any) -> int | None:
    """A quoted "0660". Bare numbers are refused: YAML reads 0660 as 432 and 660 as 660, which is 01224."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch("[0-7]{3,4}", value):
        raise InvalidRequest(f"mode: {value!r} is no octal file mode in quotes", remedy='write it as in "0660"')
    return int(value, 8)
