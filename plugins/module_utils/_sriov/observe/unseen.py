# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What could not be read, where somebody decides by it: unreadable is not absent.

Of all other reads that fail only not_seen.py tells: they are missing in a result, and nothing rests on them.
"""

from __future__ import annotations

import typing as t

from ..errors import errno_words
from ..kernel.ethtool import PERMANENT_MAC
from ..kernel.interface_list import UNREAD
from ..model.holders import UNSEEN, Holder
from ..model.paths import CPUS_ONLINE, PCI_DEVICES
from ..model.unread import (
    ATTRIBUTES,
    CHANNELS,
    CPUS,
    FUNCTION,
    HASH_FIELDS,
    NTUPLE,
    NUM_VFS,
    PERM_MAC,
    RING_SIZES,
    RSS,
    RULES,
    VF_STATE,
    VIRTFN,
    WHICH_VFS,
    Unread,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..kernel.kernel import Kernel
    from ..model.host import Device

    Entry = t.Dict[str, t.Any]

# Files of a PCI function that lead to its users; "" is the function's own directory.
LEADING = ("", "/driver", "/net", "/iommu_group", "/physfn", "/class", "/uio", "/vfio-dev", "/infiniband_verbs")
OF_SRIOV = ("totalvfs", "offset", "stride", "vf_device", "drivers_autoprobe")
OWN = ("driver", "net", "config", "vendor", *(f"sriov_{word}" for word in OF_SRIOV))
OF_DRIVER = {
    CHANNELS: "channels",
    RSS: "RSS table",
    NTUPLE: "features",
    RULES: "flow rules",
    RING_SIZES: "ring sizes",
    HASH_FIELDS: "hash fields",
    PERM_MAC: PERMANENT_MAC,
}


def unseen_of_function(kernel: Kernel, address: str, names: Sequence[str], interfaces: Sequence[Entry]) -> list[Holder]:
    """One for each way to a function's users that could not be gone. (not_seen.unseen_users() has those to all users.)

    :param names: its interfaces by sysfs.
    :param interfaces: as Link.interfaces() gives them.
    """
    refused, entries = kernel.refused.files, {entry["ifname"]: entry for entry in interfaces}
    paths = [f"{PCI_DEVICES}/{address}{file}" for file in LEADING]
    texts = [f"who uses it is not known: {path} [{errno_words(refused[path])}]" for path in paths if path in refused]
    for name in names:
        if name not in entries:
            texts.append(f"who uses it is not known: its interface {name!r} is not among those that `ip` tells")
        elif UNREAD in entries[name]:
            texts.append(f"who uses {name} is not known: {entries[name][UNREAD]}")
    return [Holder(UNSEEN, text) for text in texts]


def unseen_parts(
    kernel: Kernel, pf: Device, name: str | None, links: Mapping[int, str | None], vfs: Sequence[Device]
) -> tuple[Unread, ...]:
    """What could not be read of a PF.

    :param name: its interface; None for none.
    :param links: as Pci.vf_links() gave them.
    :param vfs: those of its virtfnN.
    """
    refused, address, present = kernel.refused, pf.address, pf.num_vfs
    files, commands, base = refused.files, refused.commands, f"{PCI_DEVICES}/{address}"
    leading = [path for path in files if path in (base, f"{base}/sriov_numvfs") or path.startswith(f"{base}/virtfn")]
    found = [Unread(NUM_VFS, f"{path} [{errno_words(files[path])}]") for path in sorted(leading)]
    own = [f"{base}/{file}" for file in OWN]
    found += [Unread(FUNCTION, f"{path} [{errno_words(files[path])}]") for path in own if path in files]
    if not leading:
        found += unclear_vfs(links, present or 0)
    if CPUS_ONLINE in files:
        found.append(Unread(CPUS, f"{CPUS_ONLINE} [{errno_words(files[CPUS_ONLINE])}]"))
    of_vfs = [path for vf in vfs for path in _that_tell_its_state(vf) if path in files]
    found += [Unread(VF_STATE, f"{path} [{errno_words(files[path])}]") for path in of_vfs]
    for part in OF_DRIVER:
        found += untold(kernel, name, part)
    attributes = f"the attributes of the VFs of {name}"
    if attributes in commands:
        found.append(Unread(ATTRIBUTES, commands[attributes]))
    return tuple(found)


def unclear_vfs(links: Mapping[int, str | None], present: int) -> Iterator[Unread]:
    """VFs are counted from 0 on: where one is missing, the next one is not in its place."""
    for index in (index for index, vf in links.items() if vf is None):
        yield Unread(WHICH_VFS, f"virtfn{index} leads to no device, as where a VF was removed by itself")
    if list(links) != list(range(len(links))):
        yield Unread(WHICH_VFS, f"there are only {', '.join(f'virtfn{index}' for index in links)}")
    elif present != len(links):
        yield Unread(VIRTFN, f"sriov_numvfs says {present}, and there are {len(links)} virtfnN")


def _that_tell_its_state(vf: Device) -> list[str]:
    """Files by which a VF that is made anew gets back what it had."""
    own = [f"{PCI_DEVICES}/{vf.address}{file}" for file in (*LEADING, "/driver_override", "/driver/module")]
    return [*own, *([vf.dev_node] if vf.dev_node else []), *([vf.cdev.path] if vf.cdev else [])]


def untold(kernel: Kernel, name: str | None, part: str) -> list[Unread]:
    """The part, where the driver of an interface was asked for it and failed to tell."""
    words = OF_DRIVER[part]
    number = kernel.ethtool.failed.get(f"the {words} of {name}")
    if number is None:
        return []
    return [Unread(part, f"the driver of {name} did not tell its {words} [{errno_words(number)}]")]
