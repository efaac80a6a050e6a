# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A predicted host against the one that is read: everything that can be known before must agree."""

from __future__ import annotations

import functools
from dataclasses import fields

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.since import Seen, consents
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.again import users_now
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.host import observe
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from hypothesis import event

TIMEOUT = 30.0

# Of an interface or a node that a step makes: what it is called, and what else only the kernel knows.
OF_NEW_INTERFACES = {
    "name",
    "ifindex",
    "altnames",
    "perm_mac",
    "min_mtu",
    "max_mtu",
    "up",
    "carrier",
    "speed",
    "num_tc",
}
OF_NEW_VFS = {"iommu_group", "dev_node", "planned"}


def look(kernel, module, options):
    """What a module's options want, located, and the host as it is.

    :raises SriovError: what is refused before there is a plan.
    """
    desired, before, unknown = observe(kernel, desired_state(MODULES[module], options), TIMEOUT)
    faults = Faults()
    faults.add(*unknown)
    faults.tell()
    return desired, before


def seen(kernel, desired, before):
    """What a run takes along of the host that it was planned for."""
    return Seen(before, functools.partial(users_now, kernel), consents(desired, before))


def check_after(kernel, module, options):
    """after() is the twin of performing a step: a plan leads to what is read after it; nothing where it is refused."""
    try:
        desired, before = look(kernel, module, options)
        steps = plan_host(before, desired).steps
    except SriovError as refused:
        event(refused.kind)
        return
    event(f"{min(len(steps), 6)} steps or more")
    apply_steps(kernel, steps, Deadline(TIMEOUT))
    _desired, read, _unknown = observe(kernel, desired, TIMEOUT)
    differing = unlike(after_all(before, steps), read)
    assert not differing, "; ".join(differing)


def unlike(predicted, read):
    """Where they differ, in words: [] where the prediction holds."""
    found = _mapping("", predicted.pfs, read.pfs, _pf)
    found += _mapping("", predicted.devices, read.devices, _device)
    if not predicted.host.drivers <= read.host.drivers:
        found.append(f"drivers: {predicted.host.drivers - read.host.drivers} are not there")
    # Whether vfio has its no-IOMMU mode on is known once it is loaded.
    beside = {"drivers", "modules", "groups", *(() if predicted.host.noiommu_mode else ("noiommu_mode",))}
    return [*found, *_fields("host", predicted.host, read.host, beside)]


def _mapping(path, predicted, read, compare):
    if list(predicted) != list(read):
        return [f"{path}{list(predicted)} became {list(read)}"]
    return [words for name in predicted for words in compare(f"{path}{name}", predicted[name], read[name])]


def _pf(path, predicted, read):
    found = _fields(path, predicted, read, {"device", "vfs", "queues", "xsk"})
    found += (
        []
        if _without_number(predicted) == _without_number(read)
        else [f"{path}.xsk: {predicted.xsk} became {read.xsk}"]
    )
    found += _device(path, predicted.device, read.device)
    found += _fields(f"{path}.queues", predicted.queues, read.queues, {"rules"})
    found += _rules(path, predicted.queues.rules, read.queues.rules)
    if len(predicted.vfs) != len(read.vfs):
        return [*found, f"{path}: {len(predicted.vfs)} VFs became {len(read.vfs)}"]
    pairs = zip(predicted.vfs, read.vfs)
    return [*found, *(words for index, pair in enumerate(pairs) for words in _device(f"{path}.vfs.{index}", *pair))]


def _without_number(pf):
    """The kernel gives a program its number when it is loaded."""
    attached = pf.xsk.attached if pf.xsk else None
    return pf.xsk._replace(attached=attached._replace(number=0)) if attached else pf.xsk


def _rules(path, predicted, read):
    if predicted is None or read is None:
        return [] if predicted == read else [f"{path}.rules: {predicted} became {read}"]
    found = _fields(f"{path}.rules", predicted, read, {"rules"})
    if set(predicted.rules) != set(read.rules):
        found.append(f"{path}.rules: {sorted(map(str, predicted.rules))} became {sorted(map(str, read.rules))}")
    return found


def _device(path, predicted, read):
    beside = {"netdevs", "holders", "attributes", *(OF_NEW_VFS if predicted.planned else ())}
    if (predicted.dev_owner, predicted.dev_group, predicted.dev_mode) == (0, 0, 0o600):
        beside |= {"dev_owner", "dev_group", "dev_mode"}  # what vfio makes of a node, before udev's rules
    if predicted.driver == "vfio-pci" and predicted.dev_node is None:
        beside |= {"iommu_group", "dev_node"}  # a group that vfio makes up
    found = _fields(path, predicted, read, beside)
    found += _attributes(path, predicted.attributes, read.attributes)
    if len(predicted.netdevs) != len(read.netdevs):
        return [*found, f"{path}: interfaces {predicted.netdevs} became {read.netdevs}"]
    return [*found, *(words for pair in zip(predicted.netdevs, read.netdevs) for words in _netdev(path, *pair))]


def _netdev(path, predicted, read):
    beside = OF_NEW_INTERFACES if predicted.ifindex == 0 else set()
    beside = {*beside, *(() if predicted.xdp_number else ("xdp_number",))}
    beside = beside if predicted.name == "" else beside - {"name", "up"}
    return _fields(f"{path}.interface", predicted, read, beside | ({"mac"} if predicted.mac == "" else set()))


def _attributes(path, predicted, read):
    """None in a prediction: each driver starts with its own."""
    pairs = (
        (
            (field.name, getattr(predicted, field.name, None), getattr(read, field.name, None))
            for field in fields(read or predicted)
        )
        if read or predicted
        else ()
    )
    return [f"{path}.{name}: {one} became {other}" for name, one, other in pairs if one is not None and one != other]


def _fields(path, predicted, read, beside):
    names = getattr(predicted, "_fields", None) or [field.name for field in fields(predicted)]
    pairs = [(name, getattr(predicted, name), getattr(read, name)) for name in names]
    return [f"{path}.{name}: {one} became {other}" for name, one, other in pairs if name not in beside and one != other]
