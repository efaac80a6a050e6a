# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What module boot_state asks for, and what it is told."""

from __future__ import annotations

import typing as t

from ..model.desired import Desired

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..alone import Tell
    from ..kernel.deadline import Deadline
    from ..kernel.kernel import Kernel
    from ..model.selector import Selector
    from ..steps.boot import BootStep

PRESENT, MARKED, ABSENT, ROLLBACK = "present", "marked", "absent", "rollback"
STATES = (PRESENT, MARKED, ABSENT, ROLLBACK)
AUTO = "auto"


class Request(t.NamedTuple):
    """What is asked for.

    :param program: the module of `_sriov` whose main() runs at boot: "at_boot.program".
    :param desired: of module host, as the options name it.
    :param timeout: seconds that the program has at a boot.
    :param pf_timeout: seconds of them until a PF is there.
    :param managed: PFs, as the options name them -> VFs that other managers may have.
    :param unmanaged: they may have no others.
    :param metrics: a directory, AUTO or "".
    :param interval: of the timer that looks whether all is as desired, as systemd.time(7) writes it; "" for none.
    :param override: other owners of the PFs' VFs are no reason to refuse.
    """

    state: str
    program: str
    desired: Desired = Desired()
    timeout: int = 180
    pf_timeout: int = 30
    managed: Mapping[str, Sequence[Selector]] = {}
    unmanaged: bool = True
    metrics: str = AUTO
    interval: str = ""
    override: bool = False


class Done(t.NamedTuple):
    """What was done, or would be.

    :param before, after: for a diff.
    :param installed: as it is afterwards, or would be.
    :param differences: steps that are missing for the desired state; of a rollback, what the next boot would do.
    """

    steps: Sequence[BootStep]
    before: dict[str, t.Any]
    after: dict[str, t.Any]
    generation: str | None
    previous: str | None
    differences: Sequence[str] = ()
    owners: Sequence[str] = ()
    warnings: Sequence[str] = ()


class Run(t.NamedTuple):
    """What all parts need.

    :param check: nothing is written.
    :param tell: gets what is about to be done.
    """

    kernel: Kernel
    request: Request
    check: bool
    deadline: Deadline
    tell: Tell
