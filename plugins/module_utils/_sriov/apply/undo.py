# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""After a step was refused: gives back what steps before it have taken away, by the way back that each knows."""

from __future__ import annotations

import typing as t

from ..errors import SriovError, StillInKernel
from ..kernel.deadline import Deadline
from ..knowledge import index
from ..steps.net import DeleteRule, InsertRule, SetChannels, SetHash, SetRings, SetRss
from ..steps.pci import SetLink
from ..steps.undo import command, owed, takes, way_back
from ..steps.xsk import AttachXdp, SetMapGroup, SetNapi, Unpin
from . import net, rings, rss_hash, vfs, xsk
from .names import Names

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..kernel.kernel import Kernel
    from ..model.flow import FlowRule
    from ..steps.pci import Step

PERFORMERS: dict[type, t.Callable[[t.Any, Kernel, float], t.Any]] = {
    DeleteRule: net.delete_rule,
    InsertRule: net.insert_rule,
    SetRss: net.set_rss,
    SetHash: rss_hash.set_hash,
    SetChannels: net.set_channels,
    SetRings: rings.set_rings,
    SetLink: vfs.set_link,
    Unpin: xsk.unpin,
    AttachXdp: xsk.attach,
    SetMapGroup: xsk.set_map_group,
    SetNapi: xsk.set_napi,
}
OF_XSK: dict[type, str] = {
    Unpin: "what was pinned for AF_XDP sockets",
    AttachXdp: "the XDP program for AF_XDP sockets",
    SetMapGroup: "the group of the map of AF_XDP sockets",
    SetNapi: "a value of NAPI",
}
TOLD = 3  # so many of a kind are told one by one


class Return(t.NamedTuple):
    """One step of a way back, and why it was refused."""

    step: t.Any
    error: SriovError | None


def give_back(
    kernel: Kernel,
    error: SriovError,
    done: Sequence[Step],
    left: Sequence[Step],
    timeout: float,
    names: Names | None = None,
) -> list[str]:
    """Undo the steps of the purpose, last first, and do those left that only put back what earlier steps have dropped.

    Where none of them has taken anything away there is nothing to undo: rules that were added stay.

    :param error: the refusal; gets what came of it, and commands for what could not be put back.
    :param done: the steps of its purpose that were done, as they were done.
    :param left: the step that was refused, and all that come after it, whatever their purpose.
    :returns: the steps that were done here, in words.
    """
    back = [each for step in reversed(done) for each in way_back(step)] if any(map(takes, done)) else []
    due = [each for step in left for each in owed(step)]
    if isinstance(error, StillInKernel):  # the device is locked: whatever else is written to it would wait as well
        error.lost += [command(step) for step in (*back, *due)]
        error.why += "".join(f"; {text}" for text in _told([f"not put back: `{each}`" for each in error.lost]))
        return []
    names, deadline = names or Names(kernel), Deadline(timeout)
    returns = [_return(kernel, step, deadline, names) for step in back]
    # Nothing of what is there: the steps left were planned for a loss that may not have come about.
    returns += [_return(kernel, step, deadline, names) for step in _missing(kernel, due)]
    error.lost += [command(each.step) for each in returns if each.error]
    error.why += "".join(f"; {text}" for text in _texts(returns))
    return [str(each.step) for each in returns if not each.error]


def _return(kernel: Kernel, step: t.Any, deadline: Deadline, names: Names) -> Return:
    try:
        return Return(PERFORMERS[type(step)](names.now(step), kernel, deadline.left()) or step, None)
    except SriovError as error:
        return Return(step, error)


def _missing(kernel: Kernel, due: Sequence[t.Any]) -> Iterator[t.Any]:
    rules, tables = {}, {}
    for name, address in {step.name: step.address for step in due}.items():
        steering = index.driver(kernel.pci.driver(address)).steering
        listed, rss = kernel.ethtool.rules(name, steering.masks_told), kernel.ethtool.rss(name)
        rules[name] = {_key(rule) for rule in listed.rules} if listed else set()
        tables[name] = rss.table if rss else None
    for step in due:
        is_rule = isinstance(step, InsertRule)
        if (_key(step.rule) not in rules[step.name]) if is_rule else (step.table != tables[step.name]):
            yield step


def _key(rule: FlowRule) -> tuple[t.Any, ...]:
    return rule.flow, rule.target


def _texts(returns: list[Return]) -> Iterator[str]:
    yield from _told([_done_words(each.step) for each in returns if not each.error])
    yield from _told(
        [f"{_what(each.step)} is lost ({each.error}): `{command(each.step)}`" for each in returns if each.error]
    )


def _told(texts: list[str]) -> list[str]:
    more = [f"and {len(texts) - TOLD} more"] if len(texts) > TOLD else []
    return [*texts[:TOLD], *more]


def _done_words(step: t.Any) -> str:
    if isinstance(step, InsertRule):
        return f"{_what(step)} is back: {step.rule}"
    if isinstance(step, DeleteRule):
        return f"{_what(step)}, added before it, is out again: {step.rule}"
    if isinstance(step, Unpin):
        return f"{_what(step)} is removed again"
    return f"{_what(step)} is back"


def _what(step: t.Any) -> str:
    if isinstance(step, (InsertRule, DeleteRule)):
        place = "" if step.rule.location is None else f" {step.rule.location}"
        return f"flow rule{place} of {step.label}"
    if isinstance(step, SetRss):
        return f"the RSS table of {step.label}"
    if isinstance(step, SetHash):
        return f"the RSS hash of {step.label} ({step.change.names})"
    if isinstance(step, SetRings):
        return f"the size of the rings of {step.label} ({step.after})"
    if isinstance(step, SetLink):
        return f"the link of {step.name}"
    if type(step) in OF_XSK:
        return f"{OF_XSK[type(step)]} of {step.label}"
    return f"the number of channels of {step.label}"
