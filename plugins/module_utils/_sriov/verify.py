# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Everything in which a host differs from what is wanted, in sentences. It looks, and changes nothing.

What the NICs should be like is compared by the planner itself, as in check mode: what a run would do is a difference.
"""

from __future__ import annotations

import typing as t

from .alone import check_user
from .compare import spoken_of
from .converge import converge
from .drift import OF_DRIVERS, drift
from .errors import NotPermitted, SriovError, TookTooLong
from .kept.boot_result import REACHED, boot_result, last_result
from .kept.files import Files
from .kernel.deadline import Deadline
from .kernel.units import GONE
from .model.consent import CONSENTS
from .model.paths import BOOT_UNIT, CURRENT
from .model.vfs import desired_by_vf
from .observe.owners import owned_pf, second_owners

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .compare import Part
    from .converge import Outcome
    from .kernel.kernel import Kernel
    from .model.compared import Pages, Wanted
    from .model.desired import Desired, DesiredPf
    from .model.host import Device, Pf, State

AGAIN = 1.0  # seconds: between two drivers a VF has none, and a rule that is changed is away
VFIO = "vfio-pci"
FOUND = ", found "


class Compared(t.NamedTuple):
    """What has come of it.

    :param differences: sentences, without their ends.
    """

    differences: list[str]
    warnings: list[str]


def compare_host(kernel: Kernel, wanted: Wanted, timeout: float, sleep: Callable[[float], None]) -> Compared:
    """What differs at two looks, of which the second is left out where the first finds nothing.

    Where nothing of it is the same, what differs at the second.

    :raises SriovError: it cannot be looked at as a whole: no root, no time.
    """
    check_user(kernel)
    deadline = Deadline(timeout)
    found = _look(kernel, wanted, deadline)
    if found.differences:
        sleep(min(AGAIN, deadline.left()))
        kernel.forget()
        again = _look(kernel, wanted, deadline)
        found = Compared(_lasting(found.differences, again.differences), again.warnings)
    return found


def _lasting(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Differences of the second look that the first had too, whatever value was found; all of them where none had been.

    A host that differs at both looks is never as wanted, however fast it changes.
    """
    known = {_about_what(each) for each in before}
    return [each for each in now if _about_what(each) in known] or [*now]


def _about_what(difference: str) -> str:
    """Without the value that was found."""
    return difference.partition(FOUND)[0]


def _look(kernel: Kernel, wanted: Wanted, deadline: Deadline) -> Compared:
    nics = Compared([], [])
    if wanted.desired and wanted.desired.pfs:
        nics = _of_nics(kernel, wanted, deadline.left())
    of_pages = [*_of_pages(wanted.pages, kernel.system.hugepages())]
    of_boot = [] if wanted.boots is False else [*_of_boot(kernel, wanted.boots)]
    return nics._replace(differences=[*nics.differences, *of_pages, *of_boot])


def _of_nics(kernel: Kernel, wanted: Wanted, timeout: float) -> Compared:
    try:
        outcome = converge(kernel, _allowing(wanted), timeout, check=True)
    except (NotPermitted, TookTooLong):
        raise
    except SriovError as error:
        return Compared([str(each).rstrip(".") for each in error.each()], [])
    found = [line for pf in outcome.before.pfs for line in _of_pf(outcome, pf)]
    if not found:  # a module to be loaded is of no PF
        found = [f"it would be changed: {step}" for step in outcome.plan.steps]
    found += [line for each in outcome.desired.pfs for line in _not_alone(outcome.before, each)]
    if not wanted.only_owner:
        return Compared(found, [])
    owners = second_owners(kernel, [owned_pf(pf) for pf in outcome.before.pfs.values()])
    found += [owner.text for owner in owners if owner.forbids]
    return Compared(found, [owner.text for owner in owners if not owner.forbids])


def _allowing(wanted: Wanted) -> Desired:
    """With every consent: nothing is taken away here, and who would have to agree to it is no difference."""
    desired = t.cast("Desired", wanted.desired)
    pfs = (pf._replace(allow=frozenset(CONSENTS), release=frozenset()) for pf in desired.pfs)
    return desired._replace(pfs=tuple(pfs))


def _of_pf(outcome: Outcome, address: str) -> Iterator[str]:
    """What is not as it would be after the plan; else the steps that would be done all the same."""
    label = outcome.before.pfs[address].label
    wanted, found = (spoken_of(state, outcome.desired)[address] for state in (outcome.after, outcome.before))
    texts = [each.text for each in drift(_causes(wanted, found), found)]
    if not texts:
        functions = {address, *(vf.address for vf in outcome.after.pfs[address].vfs)}
        steps = (step for step in outcome.plan.steps if _about(step) & functions)
        texts = [f"it would be changed: {step}" for step in steps]
    yield from (f"{label} {text}" if text.startswith(("VF ", "rule ")) else f"{label}: {text}" for text in texts)


def _about(step: t.Any) -> set[str]:
    return {getattr(step, word, None) or "" for word in ("address", "physfn", "pf")} - {""}


def _causes(wanted: Part, found: Part) -> Part:
    """Without what differs because something else does: a node's mode of a VF with another driver."""
    vfs = {}
    for index, words in wanted.get("vfs", {}).items():
        there = found.get("vfs", {}).get(index, {})
        left_out: set[str] = set()
        if words.get("driver") != there.get("driver"):
            left_out |= {*OF_DRIVERS} - {"driver"}
        if words.get("mac") != there.get("mac"):
            left_out.add("interface_mac")
        vfs[index] = {word: value for word, value in words.items() if word not in left_out}
    return {**wanted, "vfs": vfs} if vfs else wanted


def _not_alone(state: State, desired: DesiredPf) -> Iterator[str]:
    """VFs for user space whose IOMMU group has others in it: vfio gives away a group as a whole."""
    pf: Pf = state.pfs[desired.pf]
    wishes = desired_by_vf(desired.every_vfs, pf.num_vfs)
    for index, vf in pf.by_index.items():
        if index in wishes and vf.driver == VFIO and vf.iommu_group is not None:
            others = [each.address for each in state.host.group_members(vf.iommu_group) if _shares(each, vf)]
            if others:
                yield f"{pf.label} VF {index}: its IOMMU group {vf.iommu_group} is shared with {', '.join(others)}"


def _shares(member: Device, vf: Device) -> bool:
    return member.address != vf.address and member.driver != "pcieport"


def _of_pages(wanted: Sequence[Pages], pools: Sequence[Part]) -> Iterator[str]:
    for each in wanted:
        mine = [pool for pool in pools if pool["size_kb"] == each.size_kb and each.node in (None, pool["node"])]
        where = "" if each.node is None else f" on NUMA node {each.node}"
        if any(pool["nr"] is None for pool in mine):
            yield f"hugepages of {each.size_kb} kB{where}: wanted {each.least}, found what cannot be read"
        elif sum(pool["nr"] for pool in mine) < each.least:
            count = sum(pool["nr"] for pool in mine)
            yield f"hugepages of {each.size_kb} kB{where}: wanted {each.least}, found {count}"


def _of_boot(kernel: Kernel, wanted: bool | None) -> Iterator[str]:
    """What the boot unit says of this boot: one that has failed is a difference, whatever the NICs are like now."""
    files = Files(kernel.root)
    try:
        if kernel.etc.link(CURRENT) is None:
            if wanted:
                yield f"{BOOT_UNIT}: it is not installed: nothing is kept over a reboot"
            return
        found = boot_result(files, kernel.system.boot_id() or "")
        if found is None:
            yield from _not_run(kernel, last_result(files) is not None)
        elif found["outcome"] not in REACHED:
            failures = {address: told["failure"] for address, told in found["pfs"].items() if told.get("failure")}
            whys = [f"{address}: {failure['msg']}" for address, failure in failures.items()]
            whys += [found["failure"]["msg"]] if found.get("failure") else []
            yield f"{BOOT_UNIT}: its last run in this boot: {found['outcome']}: {' '.join(whys).rstrip('.')}"
    except SriovError as error:
        yield f"{BOOT_UNIT}: {str(error).rstrip('.')}"


def _not_run(kernel: Kernel, ran_before: bool) -> Iterator[str]:
    """One that was installed in this boot, and has never run, is as it should be."""
    now = kernel.units.now(BOOT_UNIT)
    if now.state not in GONE or now.busy:
        yield f"{BOOT_UNIT}: it has not ended yet ({now.state})"
    elif now.state == "failed" or now.result not in ("", "success"):
        yield f"{BOOT_UNIT}: its last run in this boot left no result: {now.result or now.state}"
    elif ran_before:
        yield f"{BOOT_UNIT}: it has not run in this boot"
