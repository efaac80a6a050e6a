# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What an interface is called by now: a step has the name that it had when it was planned."""

from __future__ import annotations

import typing as t

from ..errors import NotReached

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel


class Names:
    """Interfaces go by the PCI function that they are of, and by their ifindex: no two have one, and none changes it.

    :param indices: the ifindex of each interface, by the name that steps have.
    """

    def __init__(self, kernel: Kernel, indices: t.Mapping[str, int] | None = None) -> None:
        self._kernel = kernel
        self._indices = indices or {}

    def now(self, step: t.Any) -> t.Any:
        """The step with the name that its interface has now; one without a name as it is. Right before it is done.

        :raises NotReached: the interface is gone, whoever has its name now.
        """
        if not getattr(step, "name", "") or not hasattr(step, "address"):
            return step
        name = self._name(step.name, self._kernel.pci.interfaces(step.address))
        if name is None:
            raise self._gone(step)
        return step if name == step.name else step._replace(name=name)

    def _name(self, planned: str, names: list[str]) -> str | None:
        """:param names: the interfaces of its function now."""
        index = self._indices.get(planned)
        if index:
            numbers = {self._kernel.interfaces.number(name, "ifindex"): name for name in names}
            # One that the driver has made anew has another number; of several it may be any.
            return numbers.get(index) or (planned if names == [planned] else None)
        return planned if planned in names else None

    def _gone(self, step: t.Any) -> NotReached:
        there = self._kernel.interfaces.exists(step.name)
        owner = self._kernel.interfaces.function(step.name) if there else None
        another = f"{step.name} is an interface of {owner or 'another device'} now"
        if owner == step.address:
            another = f"{step.name} is another interface of the function now"
        return NotReached(
            f"the interface {step.name} is gone",
            device=step.address,
            why=another if there else "it was there when the steps were planned",
            remedy="look who renames or moves interfaces (udev, NetworkManager), and run again",
        )
