# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The way back of each step: steps that give back what it takes away, as data, and in words that can be typed.

Every class of steps is in one of the three tables. A step is undone when a later one of its purpose is refused
(apply/undo.py does it): what it took away was taken for the sake of that one.
"""

from __future__ import annotations

import typing as t
from shlex import quote  # the kernel takes ; $ ` and | in names

from ..model.flow import ethtool_words
from ..model.paths import INTERFACES, queue_map, queue_pins, queue_program
from ..model.rss_hash import field_letters
from ..model.rss_table import ethtool_words as table_words
from ..model.xsk import GENERIC
from . import net, pci, units, xsk

if t.TYPE_CHECKING:
    from .pci import Step


def way_back(step: Step) -> tuple[Step, ...]:
    """The steps that give back what a step that was done has taken away; none where it takes nothing."""
    return WAYS_BACK[type(step)](step) if type(step) in WAYS_BACK else ()


def takes(step: Step) -> bool:
    """Whether a step takes something away: what only adds a rule does not, and stays when a later one is refused."""
    adds = isinstance(step, net.InsertRule) and step.replaces is None
    return not adds and bool(way_back(step))


def owed(step: Step) -> tuple[Step, ...]:
    """What shall be there although this step is not done any more: an earlier one that stays done has dropped it."""
    if isinstance(step, net.InsertRule) and step.moved is not None:
        return (step._replace(rule=step.moved, replaces=None, again=True, moved=None),)
    if isinstance(step, net.SetRss) and step.before is not None:
        return (step._replace(table=step.before, again=True),)
    return (step,) if isinstance(step, (net.InsertRule, net.SetRss)) and step.again else ()


def command(step: Step) -> str:
    """A step of a way back, as an operator types it."""
    name = quote(t.cast(t.Any, step).name)
    if isinstance(step, net.InsertRule):
        return f"ethtool -N {name} flow-type {ethtool_words(step.rule)}"
    if isinstance(step, net.DeleteRule):
        return f"ethtool -N {name} delete {step.rule.location}"
    if isinstance(step, net.SetRss):
        return f"ethtool -X {name} {table_words(step.table)}"
    if isinstance(step, net.SetChannels):
        return f"ethtool -L {name} combined {step.combined}"
    if isinstance(step, net.SetHash):
        return _hash_command(name, step)
    if isinstance(step, net.SetRings):
        return f"ethtool -G {name} {step.after}"
    if isinstance(step, t.get_args(xsk.XskStep)):
        return _xsk_command(name, step)
    link = t.cast(pci.SetLink, step)
    return f"ip link set dev {name} {'up' if link.up else 'down'}"


def _xsk_command(name: str, step: t.Any) -> str:
    """Of those that a way back has."""
    if isinstance(step, xsk.AttachXdp):
        hook = "xdpgeneric" if step.mode == GENERIC else "xdpdrv"
        return f"ip link set dev {name} {hook} pinned {quote(queue_program(step.name))}"
    if isinstance(step, xsk.SetMapGroup):
        return f"chgrp {step.group} {quote(queue_pins(step.name))} {quote(queue_map(step.name))}"
    if isinstance(step, xsk.SetNapi):
        return f"echo {step.value} > {quote(f'{INTERFACES}/{step.name}/{step.word}')}"
    return f"rm -r {quote(queue_pins(step.name))}"


def _hash_command(name: str, step: net.SetHash) -> str:
    """Of one part. The letters of no field at all are an empty word."""
    for flow_type, bits in step.change.fields.items():
        letters = field_letters(bits) or "''"
        return f"ethtool -N {name} rx-flow-hash {flow_type} {letters}"
    words = (("hkey", step.change.key), ("hfunc", step.change.function))
    return " ".join(["ethtool -X", name, *(f"{word} {value}" for word, value in words if value)])


def _rule_again(step: net.DeleteRule) -> tuple[Step, ...]:
    """A driver that places rules itself takes no location, not even the one that it has given."""
    rule = step.rule.at(None) if step.driver_places else step.rule
    return (net.InsertRule(step.address, step.name, step.label, rule, again=True),)


def _rule_out(step: net.InsertRule) -> tuple[Step, ...]:
    named = (step.address, step.name, step.label)
    if step.again:
        return ()  # it was there before the plan, whatever becomes of this purpose
    if step.replaces is not None:
        return (net.InsertRule(*named, step.replaces, step.rule, again=True),)
    return (net.DeleteRule(*named, step.rule), *owed(step))


def _table_again(step: net.SetRss) -> tuple[Step, ...]:
    """The driver's own table is not written back as if somebody had set it: the kernel would keep it from then on."""
    if step.again or step.table == step.before:
        return ()
    return (step._replace(table=step.before, before=step.table, again=True),)


def _channels_again(step: net.SetChannels) -> tuple[Step, ...]:
    return (step._replace(before=step.combined, combined=step.before),)


def _hash_again(step: net.SetHash) -> tuple[Step, ...]:
    """One step for each write, as each is a command."""
    parts = reversed(step.change.parts)
    return tuple(step._replace(change=step.before.like(part), before=part) for part in parts)


def _rings_again(step: net.SetRings) -> tuple[Step, ...]:
    return (step._replace(before=step.after, after=step.before),)


def _link_again(step: pci.SetLink) -> tuple[Step, ...]:
    """Up takes nothing away."""
    return () if step.up else (step._replace(up=True),)


def _unpinned(step: xsk.PinProgram) -> tuple[Step, ...]:
    return (xsk.Unpin(step.address, step.name, step.label),)


def _attached_again(step: xsk.DetachXdp) -> tuple[Step, ...]:
    return (xsk.AttachXdp(step.address, step.name, step.label, step.mode),) if step.pinned else ()


def _group_again(step: xsk.SetMapGroup) -> tuple[Step, ...]:
    return (step._replace(before=step.group, group=step.before),)


def _napi_again(step: xsk.SetNapi) -> tuple[Step, ...]:
    return (step._replace(before=step.value, value=step.before),)


WAYS_BACK: dict[type, t.Callable[[t.Any], tuple[Step, ...]]] = {
    net.DeleteRule: _rule_again,
    net.InsertRule: _rule_out,
    net.SetRss: _table_again,
    net.SetHash: _hash_again,
    net.SetChannels: _channels_again,
    net.SetRings: _rings_again,
    pci.SetLink: _link_again,
    xsk.PinProgram: _unpinned,
    xsk.DetachXdp: _attached_again,
    xsk.SetMapGroup: _group_again,
    xsk.SetNapi: _napi_again,
}
# Steps that go back by themselves: only what does them knows how far it came.
OWN_WAY_BACK: dict[type, str] = {
    pci.SetNumVfs: "as many VFs as before are created again (apply/vfs.py)",
    pci.Bind: "a device whose new driver is refused gets the old one (apply/drivers.py)",
    pci.Reload: "the driver is the same; where it is refused, there is none to go back to (apply/drivers.py)",
    units.StopUnit: "it is started again, whatever becomes of the rest (owed.py)",
}
# Steps that take nothing away from anybody, or just what was asked for, and nothing is done for their sake.
NOTHING_TAKEN: dict[type, str] = {
    pci.SetAutoprobe: "it holds for VFs that are yet to be created",
    pci.WaitForVfs: "it waits",
    pci.LoadModule: "it gives",
    units.StartUnit: "it gives",
    pci.AllowNoIommu: "it gives, and holds for devices that are bound from then on",
    pci.Unbind: "no driver is what was asked for",
    pci.ClearOverride: "it holds for drivers that are bound from then on",
    pci.SetNode: "owner and mode are what was asked for",
    net.WaitForCarrier: "it waits",
    net.SetVf: "the attributes are what was asked for",
    net.SetMtu: "the MTU is what was asked for",
    net.SetVfLink: "up is what the interface was, or what was asked for",
    net.SetNtuple: "the table that it drops is put back by a step; turned back it would reset the PF once more",
    xsk.AttachXdp: "what it drops is put back by steps; turned back it would drop it once more, and frames reach the "
    "kernel with it as without it",
    xsk.Unpin: "it is what was asked for, and comes last",
}
