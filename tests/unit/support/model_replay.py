# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A path of the small model on the simulated kernel: a run that is killed after some steps, and the next one."""

from __future__ import annotations

import shutil
import typing as t

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.memory import Memory
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.host import observe
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.modules import host

from ..simulation import hosts
from ..simulation.devices import Behaviour
from ..simulation.kernel import behaving
from ..simulation.tree import build
from . import model, predictions, scenes
from .campaign import difference, nic, seen
from .modules import run_module

if t.TYPE_CHECKING:
    import random

CASES = len(model.STARTS) * len(model.WISHES)
KINDS = {"ixgbe": "82599", "igb": "82576"}
FLOW = {"flow_type": "tcp4", "dst_ip": "192.168.254.30"}
WORDS = {
    model.OURS: {**FLOW, "dst_port": 80, "vf": 0},
    model.OURS_QUEUE: {**FLOW, "dst_port": 81, "queue": 0},
}


def replay(number: int, chance: random.Random, roots: t.Callable[[], str]) -> list[str]:
    """What differs from the model; nothing where it is right, or where nothing is planned.

    :param number: a case of the model with one PF.
    :param chance: chooses the step after which the run is killed.
    """
    wish, start = divmod(number, len(model.STARTS))
    root, options = roots(), _options(model.WISHES[wish])
    kernel = _start(root, model.STARTS[start])
    try:
        desired, before = predictions.look(kernel, "host", options)
        plan = plan_host(before, desired)
    except SriovError:
        return []
    clean = shutil.copytree(root, roots(), symlinks=True, dirs_exist_ok=True)
    done = run_module(host, behaving(clean, Behaviour()), **options)
    if done["failed"]:
        return [f"the run without a kill fails: {done['msg']}"]
    number_of_steps = chance.randint(0, len(plan.steps))
    memory = Memory(kernel)
    memory.note(memory.recall(before), plan, desired)
    cut = plan.steps[:number_of_steps]
    apply_steps(
        kernel,
        cut,
        Deadline(predictions.TIMEOUT),
        plan.purposes[:number_of_steps],
        seen=predictions.seen(kernel, desired, before),
    )
    _desired, read, _unknown = observe(kernel, desired, predictions.TIMEOUT)
    found = predictions.unlike(after_all(before, cut), read)
    again = run_module(host, behaving(root, Behaviour()), **options)
    if again["failed"]:
        found.append(f"the second run fails: {again['msg']}")
    elif seen(root) != seen(clean):
        found.append(f"the second run does not reach it: {difference(seen(clean), seen(root))[:400]}")
    return [f"killed after step {number_of_steps} of {len(plan.steps)}: {each}" for each in found]


def _options(wish: model.Wish) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {"pf": "enp1s0", "vfs": [{"vf": vf, **said} for vf, said in wish.vfs]}
    if wish.num_vfs is not None:
        entry["num_vfs"] = wish.num_vfs
    if wish.rules is not None:
        entry.update(rules=[WORDS[rule] for rule in wish.rules], exclusive_rules=wish.exclusive)
    if wish.equal:
        entry["rss"] = {"equal": wish.equal}
    return {"pfs": [entry], "allow": list(wish.allow)}


def _start(root: str, start: model.PfStart) -> t.Any:
    kind = KINDS[start.kind]
    rules = tuple(rule for rule in start.rules if kind == "82599")
    weights = (3, 1) if start.table else None
    pf = scenes.PfState(kind, nic(kind), len(start.drivers), weights=weights, ntuple=kind == "82599", rules=rules)
    kernel = scenes.start(root, scenes.HostState((pf,), 8, True, None))
    for index, driver in enumerate(start.drivers):
        address = pf.nic.vf(index)
        base = f"/sys/bus/pci/devices/{address}"
        if driver != "kernel":
            kernel.sysfs.write(f"{base}/driver/unbind", address)
        if driver == "vfio-pci":
            kernel.sysfs.write(f"{base}/driver_override", "vfio-pci\n")
            kernel.sysfs.write("/sys/bus/pci/drivers/vfio-pci/bind", address)
            kernel.sysfs.write(f"{base}/driver_override", "\n")
    if start.holder == model.OPEN and start.drivers[:1] == ("vfio-pci",):
        build(root, hosts.process(4711, "testpmd", [f"/dev/vfio/{kernel.pci.iommu_group(pf.nic.vf(0))}"]))
    return kernel
