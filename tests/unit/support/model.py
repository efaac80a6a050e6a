# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small host as a model: its start states, what may be wished of it, and all that runs which are killed, and one
foreign write, can make of it. No file, no process: the planner and `after` alone.

A run is killed before its first step, after each, and in the middle of those that are more than one write; the run
after it too, and so on, until there is no state left that was not seen.
"""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import replace

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.queues import is_set_by_hand
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired, DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Device, Host, Pf, State
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.mac import ZERO
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.check_taken import still_owed
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.record import new_records, outlived
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.taken import to_note
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.net import DeleteRule, InsertRule, SetRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import (
    Bind,
    Plan,
    Reload,
    SetNumVfs,
    Unbind,
)

from . import models

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredPf
    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import FlowRule

KERNEL = {"ixgbe": "ixgbevf", "igb": "igbvf"}
DRIVERS = ("kernel", "vfio-pci", None)
OPEN = Holder("vfio", "process 4711 (testpmd) has /dev/vfio/10 open")
ADDRESS = Holder("address", "enp1s0v0 has address 192.0.2.9/24")
NEW_OPEN = Holder("vfio", "process 4799 (testpmd) has /dev/vfio/10 open")
IP = 0xC0A8FE1E
TO_QUEUE = models.rule(cookie=1, location=3, dst_ip=IP, dst_port=90)
TO_VF = models.rule(vf=0, location=5, dst_ip=IP, dst_port=91)
OURS = models.rule(vf=0, location=None, dst_ip=IP, dst_port=80)
OURS_QUEUE = models.rule(cookie=0, location=None, dst_ip=IP, dst_port=81)
FOREIGN = models.rule(cookie=0, location=7, dst_ip=IP, dst_port=99)
MAC, SET_MAC = "02:00:00:00:bb:00", "02:00:00:00:aa:01"
MADE_UP = "02:00:00:00:02:"  # by a VF's driver


class PfStart(t.NamedTuple):
    """A PF and what somebody has done to it.

    :param holder: of VF 0.
    """

    kind: str = "ixgbe"
    drivers: tuple[str | None, ...] = ()
    rules: tuple[FlowRule, ...] = ()
    table: bool = False
    holder: Holder | None = None
    autoprobe: bool = True


class Wish(t.NamedTuple):
    """What is wished of one PF."""

    num_vfs: int | None = None
    vfs: tuple[tuple[str, t.Mapping[str, t.Any]], ...] = ()
    rules: tuple[FlowRule, ...] | None = None
    exclusive: bool = False
    equal: int | None = None
    allow: tuple[str, ...] = CONSENTS


DRIVERS_OF_VFS = tuple(drivers for number in range(4) for drivers in itertools.product(DRIVERS, repeat=number))
STARTS = tuple(
    PfStart(*each)
    for each in itertools.product(
        ("ixgbe", "igb"), DRIVERS_OF_VFS, ((), (TO_QUEUE,), (TO_QUEUE, TO_VF)), (False, True), (None, OPEN, ADDRESS)
    )
)
VFS = (
    (),
    (("all", {"driver": "vfio-pci"}),),
    (("0", {"driver": "vfio-pci"}),),
    (("all", {"driver": "default"}),),
    (("0", {"driver": "none"}),),
    (("0", {"mac": MAC}),),
    (("0", {"mac": MAC, "mtu": 1400}), ("1-2", {"driver": "vfio-pci"})),
)
RULES = ((None, False), ((OURS,), False), ((OURS_QUEUE,), True), ((), True))
WISHES = tuple(
    Wish(num_vfs, vfs, rules, exclusive, equal, allow)
    for num_vfs, vfs, (rules, exclusive), equal, allow in itertools.product(
        (None, 0, 1, 2, 3), VFS, RULES, (None, 2), (CONSENTS, ())
    )
)
# Beside it, on a second PF.
OTHERS = (
    (None, None),
    (PfStart("igb", ("kernel", "vfio-pci"), table=True), None),
    (PfStart("igb", ("kernel",), table=True), Wish(2, (("all", {"driver": "vfio-pci"}),))),
    (PfStart("ixgbe", ("vfio-pci", None), (TO_QUEUE,), table=True), Wish(3, (("0", {"driver": "default"}),))),
    (PfStart("ixgbe", (), (TO_QUEUE,), table=True), Wish(1, rules=(OURS,))),
)
WHOLE = len(STARTS) * len(WISHES) * len(OTHERS)


def case(number: int) -> tuple[State, Desired]:
    """The Nth of WHOLE: a host, and what is wished of it."""
    rest, start = divmod(number, len(STARTS))
    other, wish = divmod(rest, len(WISHES))
    second, second_wish = OTHERS[other]
    pfs = [start_pf(STARTS[start]), *([start_pf(second, models.SECOND)] if second else [])]
    wished = [_desired(models.PF, WISHES[wish]), *([_desired(models.SECOND, second_wish)] if second_wish else [])]
    return State({pf.device.address: pf for pf in pfs}, Host(drivers=models.DRIVERS)), Desired(tuple(wished))


def _desired(address: str, wish: Wish) -> DesiredPf:
    rules = None if wish.rules is None else models.desired_rules(*wish.rules, exclusive=wish.exclusive)
    rss = DesiredRss(verb="equal", numbers=(wish.equal,)) if wish.equal else None
    vfs = [models.desired_vfs(vf, **said) for vf, said in wish.vfs]
    return models.desired_pf(address, rss, rules, vfs, wish.allow, num_vfs=wish.num_vfs)


def start_pf(start: PfStart, address: str = models.PF) -> Pf:
    kind = models.ixgbe if start.kind == "ixgbe" else models.pf
    words = {"combined_channels": 8, "ntuple": "on", "carrier": True, "drivers_autoprobe": start.autoprobe}
    made = models.second(0, kind, **words) if address == models.SECOND else kind(**words)
    made = replace(made, vf_default_driver=KERNEL[start.kind])
    state = State({address: made}, Host(drivers=models.DRIVERS))
    if start.drivers:
        state = observed(after(state, SetNumVfs(address, "", 0, len(start.drivers))))
    pf = state.pfs[address]
    vfs = tuple(_start_vf(start, vf, driver) for vf, driver in zip(pf.vfs, start.drivers))
    queues = pf.queues
    if queues.rules and start.kind == "ixgbe":
        queues = queues._replace(rules=queues.rules._replace(rules=start.rules))
    if queues.rss and start.table:
        size = len(queues.rss.table)
        queues = queues._replace(rss=queues.rss._replace(table=tuple(int(n >= 3 * size // 4) for n in range(size))))
    return replace(pf, vfs=vfs, queues=queues)


def _start_vf(start: PfStart, vf: Device, driver: str | None) -> Device:
    if vf.vf == 1:
        vf = replace(vf, attributes=replace(t.cast("t.Any", vf.attributes), mac=SET_MAC, vlan=7))
    made = _with_driver(vf, driver if driver != "kernel" else KERNEL[start.kind])
    if vf.vf != 0 or not start.holder:
        return made
    if start.holder == ADDRESS and made.netdev:
        return replace(made.with_netdev(replace(made.netdev, mtu=1300, up=True, carrier=True)), holders=(ADDRESS,))
    return replace(made, holders=(OPEN,)) if start.holder == OPEN and made.vfio else made


def _with_driver(vf: Device, driver: str | None) -> Device:
    """By the steps that do it, so that all goes with it."""
    state = State({}, Host(drivers=models.DRIVERS), {vf.address: vf})
    step = Bind(vf.address, "", vf.driver, driver) if driver else Unbind(vf.address, "", vf.driver or "")
    return _read_device(after(state, step).devices[vf.address])


# --- What is read after steps: nothing of it is a prediction any more ------------------------------------------------


def observed(state: State) -> State:
    for address, pf in state.pfs.items():
        netdevs = tuple(replace(netdev, ifindex=netdev.ifindex or 3) for netdev in pf.device.netdevs)
        device = replace(pf.device, netdevs=netdevs)
        vfs = tuple(_read_device(vf, pf) for vf in pf.vfs)
        state = state._replace(pfs={**state.pfs, address: replace(pf, device=device, vfs=vfs)})
    return state


def _read_device(vf: Device, pf: Pf | None = None) -> Device:
    index = vf.vf or 0
    group = vf.iommu_group if vf.iommu_group is not None else 10 + index
    told = models.FRESH.merged(vf.attributes) if vf.attributes else models.FRESH
    if vf.netdev and told.mac == ZERO:
        told = replace(told, mac=vf.netdev.mac or f"{MADE_UP}{index:02x}")
    netdevs = tuple(
        replace(netdev, name=netdev.name or f"{vf.address}-if", ifindex=20 + index, mac=netdev.mac or str(told.mac))
        for netdev in vf.netdevs
    )
    node = f"/dev/vfio/{group}" if vf.vfio else None
    changes: dict[str, t.Any] = {"iommu_group": group, "attributes": told, "netdevs": netdevs, "dev_node": node}
    return replace(vf, planned=False, **changes)


def key(state: State) -> t.Hashable:
    """Equal for equal states."""
    pfs = tuple((pf.device, pf.num_vfs, pf.drivers_autoprobe, pf.vfs, *pf.queues[:4]) for pf in state.pfs.values())
    taken = tuple((each.rules, each.table, each.channels, repr(each.vfs)) for each in state.taken.values())
    return pfs, taken, repr(state.records)


# --- One run, and where it may end -----------------------------------------------------------------------------------


class Run(t.NamedTuple):
    """What a run makes of a state.

    :param cut: states that it leaves where it is killed, with the steps that were done.
    :param end: once it has settled; None where it is refused.
    """

    plan: Plan | None
    cut: tuple[tuple[State, int], ...] = ()
    end: State | None = None
    refused: str = ""
    noted: State | None = None


def one_run(state: State, desired: Desired) -> Run:
    """As converge does, journal and record included."""
    try:
        plan = plan_host(state, desired)
    except SriovError as error:
        return Run(None, refused="; ".join(map(str, error.each())))
    if not plan.steps:
        return Run(plan, end=_settled(state, desired))
    taken = {**state.taken, **{each.pf: each for each in to_note(state, plan, desired)}}
    noted = state._replace(taken=taken, records={**state.records, **new_records(state, plan.steps)})
    cut, now = [(noted, 0)], noted
    for number, step in enumerate(plan.steps, 1):
        cut += [(observed(torn), number) for torn in torn_by(now, step)]
        now = after(now, step)
        cut.append((observed(now), number))
    return Run(plan, tuple(cut), _settle(observed(now), desired), noted=noted)


def _settle(state: State, desired: Desired) -> State:
    """A second plan, of what is read then; its steps are done as well."""
    more = plan_host(state._replace(taken={}, records={}), desired)
    for step in more.steps:
        state = after(state, step)
    return _settled(observed(state), desired)


def _settled(state: State, desired: Desired) -> State:
    over, wishes = outlived(state), {each.pf: each for each in desired.pfs}
    records = {pf: each for pf, each in state.records.items() if pf not in over}
    owed = {pf: still_owed(each, state.pfs[pf], wishes[pf]) for pf, each in state.taken.items()}
    return state._replace(taken={pf: each for pf, each in owed.items() if not each.is_empty}, records=records)


def torn_by(state: State, step: t.Any) -> Iterator[State]:
    """Where a step of several writes may be killed in its middle."""
    if isinstance(step, (Bind, Reload)):
        device = state.device(step.address)
        if device.driver:
            free = after(state, Unbind(step.address, step.label, device.driver))
            yield free
            yield free.with_device(replace(free.device(step.address), driver_override=step.driver))
    if isinstance(step, Reload):
        bound = after(state, Bind(step.address, step.label, None, step.driver))
        yield bound
        yield bound.with_device(replace(bound.device(step.address), driver_override=step.driver))


# --- Somebody else ---------------------------------------------------------------------------------------------------


def foreign_writes(state: State, address: str = models.PF) -> Iterator[tuple[str, State]]:
    """What somebody else may do to a PF, each by itself."""
    pf = state.pfs[address]
    for vf in (vf for vf in pf.vfs[:1] if not vf.holders):
        if vf.driver != "vfio-pci":
            yield "binds VF 0", observed(after(state, Bind(vf.address, "", vf.driver, "vfio-pci")))
        else:
            yield "opens VF 0", state.with_device(replace(vf, holders=(NEW_OPEN,)))
        if vf.driver:
            yield "unbinds VF 0", observed(after(state, Unbind(vf.address, "", vf.driver)))
    rules, rss, name = pf.queues.rules, pf.queues.rss, "enp1s0"
    if rules and pf.device.driver == "ixgbe" and FOREIGN not in rules.rules:
        yield "adds a rule", after(state, InsertRule(address, name, "", FOREIGN))
    if rules and TO_QUEUE in rules.rules:
        yield "deletes a rule", after(state, DeleteRule(address, name, "", TO_QUEUE))
    if rss:
        table = tuple(int(n % 3 == 0) for n in range(len(rss.table)))
        yield "sets a table", after(state, SetRss(address, name, "", table))
    if not any(vf.holders for vf in pf.vfs):
        for number in {0, 2} - {pf.num_vfs}:
            gone = after(state, SetNumVfs(address, "", pf.num_vfs, 0)) if pf.num_vfs else state
            made = after(gone, SetNumVfs(address, "", 0, number)) if number else gone
            yield f"makes {number} VFs", observed(made)


# --- All of it -------------------------------------------------------------------------------------------------------


class Found(t.NamedTuple):
    """A path to what should not be."""

    path: tuple[str, ...]
    what: str

    def __str__(self) -> str:
        return f"{self.what}\n      " + "\n      ".join(self.path)


class Node(t.NamedTuple):
    state: State
    foreign: str
    path: tuple[str, ...]


def explore(start: State, desired: Desired, most: int = 40000) -> tuple[int, list[Found]]:
    """Everything that may come of a start and a wish.

    :param most: states; what is beyond is told as found, so that nothing is left out in silence.
    :returns: how many states were seen, and what is wrong.
    """
    known: dict[t.Hashable, Run] = {}

    def run(state: State) -> Run:
        mark = key(state)
        if mark not in known:
            known[mark] = one_run(state, desired)
        return known[mark]

    first = run(start)
    if first.plan is None:
        return 1, []
    goal, found = t.cast(State, first.end), []
    waiting, seen = [Node(start, "", ())], set()
    while waiting:
        node = waiting.pop()
        mark = (key(node.state), node.foreign)
        if mark in seen:
            continue
        seen.add(mark)
        if len(seen) > most:
            return len(seen), [*found, Found(node.path, f"more than {most} states")]
        one = run(node.state)
        found += [Found(node.path, what) for what in _wrong(run, node, one, start, goal, desired)]
        for cut, number in one.cut:
            path = (*node.path, f"killed at step {number} of {len(one.plan.steps) if one.plan else 0}")
            waiting.append(Node(cut, node.foreign, path))
            if not node.foreign:
                waiting += [Node(made, who, (*path, who)) for who, made in foreign_writes(cut)]
    return len(seen), found


def _wrong(
    run: Callable[[State], Run], node: Node, one: Run, start: State, goal: State, desired: Desired
) -> Iterator[str]:
    if one.end is None:
        without = run(node.state._replace(taken={})).refused
        if not node.foreign or one.refused != without:
            yield f"refused: {one.refused}"
        return
    again = run(one.end)
    if again.plan is None or again.plan.steps:
        yield f"not reached: {again.refused or [str(step) for step in again.plan.steps if again.plan]}"
    if not node.foreign:
        yield from (f"another end than without a kill: {words}" for words in unlike(goal, one.end))
        yield from _lost(start, one.end, desired)
        return
    yield from _lost_of_foreign(node, one.end, desired)


def unlike(goal: State, end: State) -> Iterator[str]:
    for address, pf in goal.pfs.items():
        other = end.pfs[address]
        if pf.queues != other.queues and (_rules(pf), pf.queues.rss) != (_rules(other), other.queues.rss):
            yield f"{address}: {_queue_words(pf)} became {_queue_words(other)}"
        if (pf.num_vfs, pf.drivers_autoprobe) != (other.num_vfs, other.drivers_autoprobe):
            yield f"{address}: {pf.num_vfs} VFs, autoprobe {pf.drivers_autoprobe} became {other}"
        for vf, read in zip(pf.vfs, other.vfs):
            if _vf_words(vf) != _vf_words(read):
                yield f"VF {vf.vf}: {_vf_words(vf)} became {_vf_words(read)}"


def _vf_words(vf: Device) -> tuple[t.Any, ...]:
    """But for an address that nobody has set."""
    told = vf.attributes
    if told and told.mac and told.mac.startswith(MADE_UP):
        told = replace(told, mac=ZERO)
    link = (vf.netdev.mtu, vf.netdev.up) if vf.netdev else ()
    return vf.driver, vf.driver_override, told, vf.dev_owner, vf.dev_group, vf.dev_mode, link


def _queue_words(pf: Pf) -> tuple[t.Any, ...]:
    table = pf.queues.rss.table if pf.queues.rss else ()
    return sorted(map(str, _rules(pf))), [table.count(queue) for queue in sorted(set(table))]


def _rules(pf: Pf) -> frozenset[FlowRule]:
    return frozenset(pf.queues.rules.rules if pf.queues.rules else ())


def _lost(start: State, end: State, desired: Desired) -> Iterator[str]:
    """Of what nobody has named: rules to queues, the table, drivers of VFs that stay."""
    wished = {each.pf: each for each in desired.pfs}
    for address, pf in start.pfs.items():
        wish, now = wished.get(address), end.pfs[address]
        if not (wish and wish.rules and wish.rules.exclusive) and TO_QUEUE in _rules(pf) - _rules(now):
            yield f"{address}: a rule to a queue is lost"
        if not (wish and wish.rss) and is_set_by_hand(pf) and _two_queues(pf) and not is_set_by_hand(now):
            yield f"{address}: the table is lost"
        for vf, read in zip(pf.vfs, now.vfs):
            said = any("driver" in each.said and vf.vf in each.vf.indices(3) for each in wish.vfs) if wish else False
            if not said and vf.driver != read.driver and not (vf.driver is None and now.num_vfs != pf.num_vfs):
                yield f"VF {vf.vf}: {vf.driver} became {read.driver}"


def _two_queues(pf: Pf) -> bool:
    return bool(pf.queues.rss and set(pf.queues.rss.table) <= {0, 1})


def _lost_of_foreign(node: Node, end: State, desired: Desired) -> Iterator[str]:
    wish, now = desired.pfs[0], end.pfs[models.PF]
    if node.foreign == "adds a rule" and FOREIGN not in _rules(now) and not (wish.rules and wish.rules.exclusive):
        yield "the rule that was added is lost"
    if (
        node.foreign == "sets a table"
        and not wish.rss
        and not is_set_by_hand(now)
        and _two_queues(node.state.pfs[models.PF])
    ):
        yield "the table that was set is lost"
    named = any("driver" in each.said and 0 in each.vf.indices(3) for each in wish.vfs)
    if node.foreign == "binds VF 0" and not named and now.vfs and now.vfs[0].driver != "vfio-pci":
        yield f"the VF that was bound to vfio-pci has {now.vfs[0].driver}"
