# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads a host as it is prepared for kernel bypass. Nothing here writes."""

from __future__ import annotations

import re
import typing as t

from ..errors import SriovError
from ..faults import Faults
from ..kernel.system import module_name
from ..model.kernel_arguments import without
from ..model.platform import ObservedPlatform, Stored
from ..model.platform_files import OURS
from ..model.platform_kept import ARGUMENTS, PLATFORM, to_made, to_owned, to_stored
from .names import find_pf
from .platform_boot import observe_boot, read_again
from .platform_kept import read_kept
from .platform_owners import active_profile, observe_owners

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.platform import Boot, DesiredPlatform, Owned, PfGroup

T = t.TypeVar("T")
IRQBALANCE = "/usr/sbin/irqbalance"
SAID = re.compile(r"AMD-Vi|DMAR|IOMMU")
MOST_SAID = 5  # lines


def observe_platform(kernel: Kernel, desired: DesiredPlatform) -> ObservedPlatform:
    """:raises SriovError: all that cannot be read, or is named and is not there."""
    faults = Faults()
    pfs = _pfs(kernel, desired, faults)
    nothing: tuple[Owned, ...] = ()
    owned = _kept(kernel, ARGUMENTS, to_owned, nothing, faults)
    made = None if faults.found else _kept(kernel, ARGUMENTS, to_made, None, faults)
    stored = _kept(kernel, PLATFORM, to_stored, Stored(), faults)
    boot = _gathered(faults, lambda: observe_boot(kernel, desired.boot_loader))
    looks: dict[str, t.Callable[[], t.Any]] = {
        "files": lambda: {path: kernel.etc.read(path) for path in OURS},
        "cpus": kernel.platform.cpus,
        "nodes": lambda: tuple(kernel.platform.nodes()),
        "pools": lambda: tuple(kernel.platform.pools()),
        "iommu_table": kernel.platform.iommu_table,
        "tuned": lambda: active_profile(kernel),
    }
    if boot is not None:
        foreign = without(boot.line, [each.token for each in owned])
        default_kb = kernel.platform.default_page_kb()
        looks["owners"] = lambda: tuple(observe_owners(kernel, boot, foreign, default_kb))
    # Who else sets hugepages or CPUs matters to whom wants some.
    idle = Faults() if not desired.hugepages and not desired.isolated_cpus else faults
    read: dict[str, t.Any] = {
        name: _gathered(idle if name in ("owners", "tuned") else faults, look) for name, look in looks.items()
    }
    unread = tuple(map(str, idle.found)) if idle is not faults else ()
    faults.tell()
    known = t.cast("Boot", boot)  # else it was told
    return ObservedPlatform(
        pfs=tuple(pfs),
        owned=owned,
        made=made,
        stored=stored,
        boot=known,
        running=known.seen.running,
        unread=unread,
        said=_said(kernel) if any(each.group is None for each in pfs) else (),
        **{**read, "owners": read.get("owners") or (), "tuned": read["tuned"] or ""},
        **_plain(kernel, desired),
    )


def _plain(kernel: Kernel, desired: DesiredPlatform) -> dict[str, t.Any]:
    """What can always be told."""
    return {
        "machine": kernel.platform.machine,
        "release": release_numbers(kernel.system.release),
        "loaded": frozenset(name for name in desired.modules if is_loaded(kernel, name)),
        "unknown_modules": tuple(name for name in desired.modules if not _is_known(kernel, name)),
        "has_irqbalance": kernel.platform.is_there(IRQBALANCE),
        "default_page_kb": kernel.platform.default_page_kb(),
        "dma_entry_limit": kernel.platform.dma_entry_limit(),
    }


def observe_again(kernel: Kernel, before: ObservedPlatform, desired: DesiredPlatform) -> ObservedPlatform:
    """After steps: what they may have changed."""
    return before._replace(
        boot=read_again(kernel, before.boot),
        owned=read_kept(kernel, ARGUMENTS, to_owned, before.owned[:0]),
        stored=read_kept(kernel, PLATFORM, to_stored, Stored()),
        pools=tuple(kernel.platform.pools()),
        nodes=tuple(kernel.platform.nodes()),
        files={path: kernel.etc.read(path) for path in OURS},
        loaded=frozenset(name for name in desired.modules if is_loaded(kernel, name)),
    )


def release_numbers(release: str) -> tuple[int, int]:
    """(6, 12) of "6.12.0-1-amd64"; (0, 0) where it has none: what newer kernels can do is not asked for then."""
    match = re.match(r"([0-9]{1,4})\.([0-9]{1,4})", release)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def is_loaded(kernel: Kernel, name: str) -> bool:
    """Whether a module is there, or one that the name is an alias of, or the kernel has it built in."""
    if kernel.system.module_is_loaded(name) or module_name(name) in kernel.system.built_in_modules():
        return True
    return any(kernel.system.module_is_loaded(each) for each in kernel.resolve_modules(name))


def _pfs(kernel: Kernel, desired: DesiredPlatform, faults: Faults) -> list[PfGroup]:
    addresses: list[str] = []
    if not desired.pfs:
        addresses = kernel.pci.pfs()
    else:
        interfaces = kernel.link.interfaces()
        for name in desired.pfs:
            with faults.gathered():
                addresses.append(find_pf(kernel, interfaces, name).address)
    found = []
    for address in dict.fromkeys(addresses):
        with faults.gathered():
            found.append(kernel.platform.group(address))
    return found


def _is_known(kernel: Kernel, name: str) -> bool:
    return is_loaded(kernel, name) or bool(kernel.resolve_modules(name))


def _said(kernel: Kernel) -> tuple[str, ...]:
    """What the kernel's log has of IOMMUs; where it cannot be read, nothing rests on it."""
    code, out, _error = kernel.run(["dmesg"])
    return tuple(line.strip() for line in out.splitlines() if SAID.search(line))[:MOST_SAID] if code == 0 else ()


def _gathered(faults: Faults, look: t.Callable[[], T]) -> T | None:
    try:
        return look()
    except SriovError as error:
        faults.add(error)
        return None


def _kept(kernel: Kernel, path: str, understood: t.Callable[[str], T], none: T, faults: Faults) -> T:
    try:
        return read_kept(kernel, path, understood, none)
    except SriovError as error:
        faults.add(error)
        return none
