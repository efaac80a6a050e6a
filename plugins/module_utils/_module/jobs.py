# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A wish as a job: what every module that changes PFs is made of."""

from __future__ import annotations

import typing as t

from .._sriov.compare import asked_host, asked_pf
from .._sriov.observe.host import Observer
from .._sriov.plan.host import State, plan_host
from .._sriov.results import pf_view
from .run import Job

if t.TYPE_CHECKING:
    from .._sriov.kernel.kernel import Kernel
    from .._sriov.model.desired import HostWish, PfWish
    from .._sriov.model.host import Pf

CHOSEN = ("default", "none")  # words that are no driver's name


def host_job(kernel: Kernel, wish: HostWish, timeout: float) -> Job[State]:
    """All PFs of a wish, in one plan."""
    return Job(
        read=lambda: read_state(kernel, wish, timeout),
        plan=lambda state: plan_host(state, wish),
        asked=lambda state: asked_host(state, wish),
        view=lambda state: {"pfs": [pf_view(state.pfs[each.address]) for each in wish.pfs]},
    )


def pf_job(
    kernel: Kernel, wish: HostWish, timeout: float, view: t.Callable[[Pf], dict[str, t.Any]] | None = None
) -> Job[State]:
    """One PF."""
    (only,) = wish.pfs
    shown = view or (lambda pf: {"pf": pf_view(pf)})
    return Job(
        read=lambda: read_state(kernel, wish, timeout),
        plan=lambda state: plan_host(state, wish),
        asked=lambda state: asked_pf(state.pfs[only.address], only),
        view=lambda state: shown(state.pfs[only.address]),
    )


def read_state(kernel: Kernel, wish: HostWish, timeout: float) -> State:
    """One look at the PFs that a wish names."""
    observer = Observer(kernel, timeout)
    pfs = {each.address: observer.pf(each.address) for each in wish.pfs}
    vfs = [vf for pf in pfs.values() for vf in pf.vfs]
    drivers = {name for each in wish.pfs for name in _drivers(each, pfs[each.address])}
    return State(pfs, observer.host(vfs, sorted(drivers)))


def _drivers(wish: PfWish, pf: Pf) -> set[str]:
    """Every driver that a plan may have to load."""
    named = {driver.driver for driver in wish.drivers}
    defaults = {vf.default_driver for vf in pf.vfs} | {pf.vf_default_driver} if "default" in named else set()
    return {name for name in named | defaults if name and name not in CHOSEN}
