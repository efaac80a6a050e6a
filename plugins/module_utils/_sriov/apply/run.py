# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Runs the steps of a plan through the kernel layer, each until the kernel has settled."""

from __future__ import annotations

import typing as t

from ..errors import SriovError
from ..steps import net as net_steps
from ..steps import pci as pci_steps
from . import drivers, net, rings, rss_hash, vfs
from .undo import give_back

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.kernel import Kernel
    from ..steps.pci import Step

Performer = t.Callable[[t.Any, "Kernel", float], t.Any]
"""Does one step within so many seconds, or raises SriovError; gives the step as it was done, or None: as planned."""

PERFORMERS: dict[type, Performer] = {
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
}
# Steps of which neighbours are done together: one process for all is much cheaper than one for each.
TOGETHER: dict[type, t.Callable[[t.Any, Kernel, float, list[str]], None]] = {
    pci_steps.Bind: drivers.bind_all,
    pci_steps.SetNode: drivers.set_nodes,
    net_steps.SetVf: net.set_vfs,
}


def apply_steps(kernel: Kernel, steps: Sequence[Step], timeout: float, purposes: Sequence[int] = ()) -> list[str]:
    """Run every step in order.

    :param timeout: seconds for one step.
    :param purposes: as in Plan.
    :returns: the steps done, in words.
    :raises SriovError: at the first step that fails, with the steps done before it in its attribute done; those of its
        purpose are undone, and what other steps have dropped is put back.
    """
    done: list[str] = []
    performed: list[Step] = []
    for run in batches(steps):
        kind = type(run[0])
        try:
            if kind in TOGETHER:
                TOGETHER[kind](run, kernel, timeout, done)
                performed += run
            else:
                performed.append(PERFORMERS[kind](run[0], kernel, timeout) or run[0])
                done.append(str(run[0]))
        except SriovError as error:
            error.step, error.done = error.step or str(run[0]), done
            undone = [*_of_same_purpose(performed, purposes), *error.partly]
            error.done += give_back(kernel, error, undone, steps[len(performed) :], timeout)
            raise
    if done:
        kernel.settle(timeout)  # interfaces are renamed by udev after they appear: read them under their last names
    return done


def _of_same_purpose(performed: Sequence[Step], purposes: Sequence[int]) -> list[Step]:
    """Those of the steps that were done that have the purpose of the one after them, which was refused."""
    if not purposes:
        return list(performed)
    return [step for step, purpose in zip(performed, purposes) if purpose == purposes[len(performed)]]


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
