# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Runs the steps of a plan through the kernel layer, each until the kernel has settled."""

from __future__ import annotations

import typing as t

from ..errors import SriovError, TookTooLong
from ..kernel.deadline import TO_GIVE_BACK, told
from ..steps import net as net_steps
from ..steps import pci as pci_steps
from ..steps import units as unit_steps
from ..steps import xsk as xsk_steps
from . import drivers, net, rings, rss_hash, units, vfs, xsk
from .names import Names
from .since import ON_QUEUES, ON_RULES, Since
from .undo import give_back
from .waiting import tell_if_gone

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.deadline import Deadline
    from ..kernel.kernel import Kernel
    from ..steps.pci import Step
    from .since import Seen

Tell = t.Callable[[t.Sequence["Step"]], None]
Performer = t.Callable[[t.Any, "Kernel", float], t.Any]
"""Does one step within so many seconds, or raises SriovError; gives the step as it was done, or None: as planned."""

# Without StartUnit: that is for the end of a run, whatever came of its steps (owed.py).
PERFORMERS: dict[type, Performer] = {
    unit_steps.StopUnit: units.stop_unit,
    pci_steps.SetAutoprobe: vfs.set_autoprobe,
    pci_steps.SetLink: vfs.set_link,
    pci_steps.SetNumVfs: vfs.set_num_vfs,
    pci_steps.WaitForVfs: vfs.wait_for_vfs,
    pci_steps.LoadModule: drivers.load_module,
    pci_steps.AllowNoIommu: drivers.allow_no_iommu,
    pci_steps.Unbind: drivers.unbind,
    pci_steps.ClearOverride: drivers.clear_override,
    pci_steps.Reload: drivers.reload,
    net_steps.WaitForCarrier: net.wait_for_carrier,
    net_steps.SetMtu: net.set_mtu,
    net_steps.SetVfLink: net.set_vf_link,
    net_steps.SetChannels: net.set_channels,
    net_steps.SetRings: rings.set_rings,
    net_steps.SetNtuple: net.set_ntuple,
    net_steps.SetRss: net.set_rss,
    net_steps.SetHash: rss_hash.set_hash,
    net_steps.DeleteRule: net.delete_rule,
    net_steps.InsertRule: net.insert_rule,
    xsk_steps.PinProgram: xsk.pin_program,
    xsk_steps.Unpin: xsk.unpin,
    xsk_steps.SetMapGroup: xsk.set_map_group,
    xsk_steps.AttachXdp: xsk.attach,
    xsk_steps.DetachXdp: xsk.detach,
    xsk_steps.SetNapi: xsk.set_napi,
}
# Steps of which neighbours are done together: one process for all is much cheaper than one for each.
TOGETHER: dict[type, t.Callable[[t.Any, Kernel, float, list[str]], None]] = {
    pci_steps.Bind: drivers.bind_all,
    pci_steps.SetNode: drivers.set_nodes,
    net_steps.SetVf: net.set_vfs,
}


def apply_steps(
    kernel: Kernel,
    steps: Sequence[Step],
    deadline: Deadline,
    purposes: Sequence[int] = (),
    tell: Tell | None = None,
    names: Names | None = None,
    seen: Seen | None = None,
) -> list[str]:
    """Run every step in order.

    :param deadline: for all of them.
    :param purposes: as in Plan.
    :param tell: gets what is about to be done: steps, most of the time one.
    :param names: knows the interfaces of the time when the steps were planned.
    :param seen: the host that the steps were planned for: what has come since then is not taken away.
    :returns: the steps done, in words.
    :raises SriovError: at the first step that fails, with the steps done before it in its attribute done; those of its
        purpose are undone, and what other steps have dropped is put back.
    """
    going = _Going(kernel, steps, purposes, deadline, names or Names(kernel))
    since = Since(kernel, seen) if seen else None
    for run in batches(steps):
        try:
            going.do(run, since, tell)
        except SriovError as error:
            going.give_back(error, run)
            raise
    if going.done:  # interfaces are renamed by udev after they appear: read them under their last names
        kernel.settle(going.deadline.left())
    return going.done


class _Going:
    """How far it has come."""

    def __init__(
        self, kernel: Kernel, steps: Sequence[Step], purposes: Sequence[int], deadline: Deadline, names: Names
    ) -> None:
        self._kernel = kernel
        self._steps = steps
        self._purposes = purposes
        self._names = names
        self._performed: list[Step] = []
        self._begun = False  # the run that it is at
        self.deadline = deadline
        self.done: list[str] = []

    def do(self, run: Sequence[Step], since: Since | None, tell: Tell | None) -> None:
        """Steps that are done together."""
        self._begun = False
        _check_time(self.deadline)
        if since:
            since.check(run)
        now = [self._names.now(step) for step in run]
        if tell:
            tell(run)
        self._begun = True
        self._performed += _perform(self._kernel, now, self.deadline, self.done)
        if since:
            since.did(run)

    def give_back(self, error: SriovError, run: Sequence[Step]) -> None:
        """After a refusal, which gets what came of all."""
        error.step, error.done, error.begun = error.step or str(run[0]), self.done, self._begun
        undone = [*_of_same_purpose(self._performed, self._purposes), *error.partly]
        error.attempted = [*self._performed, *(run if self._begun else ())]
        owing = _of_touched(self._steps[len(self._performed) :], error.attempted)
        left = self.deadline.left(TO_GIVE_BACK)
        error.done += give_back(self._kernel, error, undone, owing, left, self._names)
        tell_if_gone(self._kernel, error, run[0])


def _perform(kernel: Kernel, run: Sequence[Step], deadline: Deadline, done: list[str]) -> Sequence[Step]:
    """:returns: the steps as they were done."""
    kind = type(run[0])
    if kind in TOGETHER:
        TOGETHER[kind](run, kernel, deadline.left(), done)
        return run
    performed = PERFORMERS[kind](run[0], kernel, deadline.left()) or run[0]
    done.append(str(run[0]))
    return [performed]


def _of_same_purpose(performed: Sequence[Step], purposes: Sequence[int]) -> list[Step]:
    """Those of the steps that were done that have the purpose of the one after them, which was refused."""
    if not purposes:
        return list(performed)
    return [step for step, purpose in zip(performed, purposes) if purpose == purposes[len(performed)]]


def _of_touched(left: Sequence[Step], begun: Sequence[Step]) -> list[Step]:
    """Steps left of PFs that may have lost something: what the others have now somebody else has given them."""
    touched = {step.address for step in begun if isinstance(step, (*ON_QUEUES, *ON_RULES, net_steps.SetRss))}
    return [step for step in left if getattr(step, "address", None) in touched]


def _check_time(deadline: Deadline) -> None:
    if deadline.left() == 0.0:
        raise TookTooLong(
            "the time is over",
            why=f"{told(deadline.seconds)} were left when it began, and this step and those after it were not begun",
            remedy="give more time (timeout), and run again: it goes on from there",
        )


def batches(steps: Sequence[Step]) -> list[list[Step]]:
    """Each step for itself, but neighbours of a kind that is done together in one list, PF by PF."""
    found: list[list[Step]] = []
    for step in steps:
        if found and _batch(step) and _batch(step) == _batch(found[-1][0]):
            found[-1].append(step)
        else:
            found.append([step])
    return found


def _batch(step: t.Any) -> tuple[type, str | None] | None:
    """What must be the same of two steps that are done together; None for one that is done by itself."""
    if type(step) not in TOGETHER:
        return None
    return type(step), step.address if isinstance(step, net_steps.SetVf) else None
