# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Module platform: options to what a host shall be prepared like, and what it is like to return values."""

from __future__ import annotations

import re
import typing as t

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.boot_loaders.index import OPTIONS
from .._sriov.errors import InvalidRequest
from .._sriov.faults import Faults
from .._sriov.model import kernel_arguments as arguments
from .._sriov.model.cpus import cpus_text, parse_cpus
from .._sriov.model.platform import DesiredPlatform, WantedPages

if t.TYPE_CHECKING:
    from .._sriov.model.platform import ObservedPlatform, Reason
    from .._sriov.platform import Prepared
    from .options import Params, Spec

PAGES: Spec = {
    "size": {"type": "str", "required": True},
    "count": {"type": "int"},
    "nodes": {"type": "dict"},
}
PLATFORM: Spec = {
    "pfs": {"type": "list", "elements": "str", "default": []},
    "iommu": {"type": "str", "choices": ["required", "ignored"], "default": "required"},
    "passthrough": {"type": "bool"},
    "hugepages": {"type": "list", "elements": "dict", "options": PAGES, "default": []},
    "hugepages_keep": {"type": "raw", "default": "auto"},
    "modules": {"type": "list", "elements": "str", "default": ["vfio-pci"]},
    "isolated_cpus": {"type": "str", "default": ""},
    "kernel_arguments": {"type": "list", "elements": "str", "default": []},
    "boot_loader": {"type": "str", "choices": list(OPTIONS), "default": "auto"},
    "memlock_group": {"type": "str", "default": ""},
    "override": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "timeout": {"type": "int", "default": 300},
}
MODULE = re.compile(r"[A-Za-z0-9_-]{1,64}")
GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
SPECIAL = re.compile(r"[$`\\;&|<>{}']")  # to GRUB's script language, or to a shell
MOST_PAGES = 1 << 30
# What stands in the name of an option, by names of arguments.
BY_OPTION = {
    "intel_iommu": "iommu: required",
    "isolcpus": "isolated_cpus",
    "nohz_full": "isolated_cpus",
    "rcu_nocbs": "isolated_cpus",
    "irqaffinity": "isolated_cpus",
}


def desired_platform(params: Params) -> DesiredPlatform:
    """:param params: as AnsibleModule has them, of the right types.
    :raises SriovError: all that is wrong with their values.
    """
    nothing = DesiredPlatform(
        iommu=False, boot_loader=params["boot_loader"], override=params["override"], keeps_passthrough=False
    )
    if params["state"] == "absent":
        return nothing
    faults = Faults()
    pages = [_pages(number, each, faults) for number, each in enumerate(params["hugepages"])]
    desired = nothing._replace(
        pfs=tuple(params["pfs"]),
        iommu=params["iommu"] == "required",
        passthrough=params["passthrough"],
        keeps_passthrough=True,
        hugepages=tuple(each for each in pages if each is not None),
        keep_mib=_keep(params["hugepages_keep"], faults),
        modules=tuple(dict.fromkeys(params["modules"])),
        isolated_cpus=_cpus(params["isolated_cpus"], faults),
        arguments=tuple(params["kernel_arguments"]),
        memlock_group=params["memlock_group"],
    )
    _check_names(desired, faults)
    _check_sizes(desired, faults)
    for number, token in enumerate(desired.arguments):
        _check_argument(f"kernel_arguments[{number}]", token, desired, faults)
    faults.tell()
    return desired


def _cpus(text: str, faults: Faults) -> tuple[int, ...]:
    try:
        return parse_cpus(text)
    except ValueError as error:
        faults.add(InvalidRequest(f"isolated_cpus: {error}", remedy='write them as in "2-7,9"'))
        return ()


def _pages(number: int, given: Params, faults: Faults) -> WantedPages | None:
    place = f"hugepages[{number}]"
    size = arguments.size_kb(given["size"])
    if size is None:
        faults.add(InvalidRequest(f"{place}.size: {given['size']!r} is no size", remedy="write it as 2M or 1G"))
        return None
    count, nodes = given.get("count"), given.get("nodes")
    if (count is None) == (nodes is None):
        faults.add(InvalidRequest(f"{place}: one of count and nodes is to be given", remedy="give one of them"))
        return None
    if count is not None:
        return WantedPages(size, count) if _is_count(f"{place}.count", count, faults) else None
    found: dict[int, int] = {}
    for node, pages in (nodes or {}).items():
        if not re.fullmatch(r"[0-9]{1,4}", str(node)):
            what = f"{place}.nodes: {node!r} is no number of a node"
            faults.add(InvalidRequest(what, remedy="write it as {0: 4, 1: 0}"))
        elif _is_count(f"{place}.nodes.{node}", pages, faults):
            found[int(node)] = int(pages)
    return WantedPages(size, nodes=found)


def _is_count(place: str, value: t.Any, faults: Faults) -> bool:
    if not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,10}", str(value)) and int(value) <= MOST_PAGES:
        return True
    faults.add(InvalidRequest(f"{place}: {value!r} is no number of pages", remedy="give 0 or more, in digits"))
    return False


def _keep(value: t.Any, faults: Faults) -> int | None:
    if value == "auto" or value is None:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)):
        what = f"hugepages_keep: {value!r} is neither auto nor a number of MiB"
        faults.add(InvalidRequest(what, remedy="write it in digits, as in 4096"))
        return None
    return int(value)


def _check_names(desired: DesiredPlatform, faults: Faults) -> None:
    for name in desired.modules:
        if not MODULE.fullmatch(name):
            faults.add(InvalidRequest(f"modules: {name!r} is no name of a module", remedy="write it as vfio-pci"))
    if desired.memlock_group and not GROUP.fullmatch(desired.memlock_group):
        what = f"memlock_group: {desired.memlock_group!r} is no name of a group"
        faults.add(InvalidRequest(what, remedy='give a group, or "" for none'))


def _check_sizes(desired: DesiredPlatform, faults: Faults) -> None:
    sizes = [each.size_kb for each in desired.hugepages]
    of_arguments = [pool.size_kb for pool in arguments.line_pools(desired.arguments)]
    for size in dict.fromkeys(each for each in sizes if sizes.count(each) > 1):
        what = f"hugepages: {arguments.size_text(size)} is there twice"
        faults.add(InvalidRequest(what, remedy="make one entry of them"))
    for size in dict.fromkeys(each for each in sizes if each in of_arguments or each == 2048 and None in of_arguments):
        faults.add(
            InvalidRequest(
                f"hugepages: {arguments.size_text(size)} is in kernel_arguments too",
                why="two owners of one size undo each other",
                remedy="leave out one of them",
            )
        )


def _check_argument(place: str, token: str, desired: DesiredPlatform, faults: Faults) -> None:
    if not arguments.key(token) or arguments.split(token) != (token,) or token.count('"') % 2:
        faults.add(
            InvalidRequest(
                f"{place}: {token!r} is not one argument",
                why="white space parts arguments where it is not in double quotes",
                remedy="give each as an entry of its own",
            )
        )
    elif SPECIAL.search(token):
        faults.add(
            InvalidRequest(
                f"{place}: {token!r} has {' '.join(SPECIAL.findall(token))} in it",
                why="boot loaders take that for a word of their own language",
                remedy="leave it out, or write it into the boot loader's settings by hand",
            )
        )
    elif arguments.key(token) == "amd_iommu" and arguments.value(token) == "on":
        faults.add(
            InvalidRequest(
                f"{place}: {token} is not known to the kernel",
                why="it turns AMD's IOMMU on by itself, and logs this as an unknown option",
                remedy="leave it out; where the IOMMU is off all the same, the BIOS has it off",
            )
        )
    elif arguments.key(token) in BY_OPTION and _is_used(token, desired):
        option = BY_OPTION[arguments.key(token)]
        faults.add(InvalidRequest(f"{place}: {token} is set by {option}", remedy="leave out one of them"))
    elif arguments.passthrough([token]) is not None and desired.passthrough is not None:
        faults.add(InvalidRequest(f"{place}: {token} is set by passthrough", remedy="leave out one of them"))


def _is_used(token: str, desired: DesiredPlatform) -> bool:
    return bool(desired.isolated_cpus) if arguments.key(token) != "intel_iommu" else desired.iommu


def values(desired: DesiredPlatform, prepared: Prepared) -> Params:
    """Return values."""
    host = prepared.after
    return {
        "next_boot": " ".join(host.boot.line) if host.boot.name else None,
        "boot_loader": host.boot.name or None,
        "effects": _effects(desired, host),
        "reboot": _reboot(prepared.reasons),
        "owners": [
            {"what": each.what, "file": each.file, "line": each.line or None, "text": each.text} for each in host.owners
        ],
    }


def _reboot(reasons: t.Sequence[Reason]) -> Params:
    return {
        "needed": any(each.needed for each in reasons),
        "wanted": any(not each.needed for each in reasons),
        "reasons": [str(each) for each in reasons if each.needed],
        "wanted_reasons": [str(each) for each in reasons if not each.needed],
    }


def _effects(desired: DesiredPlatform, host: ObservedPlatform) -> Params:
    by_pool = {each.pool: each.number for each in host.stored.pages}
    cpus = host.cpus
    return {
        "iommu": [
            {"pf": each.name or None, "pci_address": each.address, "group": each.group, "type": each.kind}
            for each in host.pfs
        ],
        "hugepages": [
            {
                "node": None if pool.node < 0 else pool.node,
                "size": arguments.size_text(pool.size_kb),
                "wanted": by_pool.get((pool.node, pool.size_kb)),
                "now": pool.nr,
                "free": pool.free,
            }
            for pool in host.pools
        ],
        "isolation": {
            "wanted": cpus_text(desired.isolated_cpus),
            "isolated": cpus_text(cpus.isolated),
            "nohz_full": None if cpus.nohz_full is None else cpus_text(cpus.nohz_full),
        },
        "modules": sorted(host.loaded),
    }


def shown(host: ObservedPlatform) -> Params:
    """What a diff shows."""
    return {
        "next_boot": list(host.boot.line),
        "kernel_arguments": [each.token for each in host.owned],
        "hugepages": {f"{each.node}:{arguments.size_text(each.size_kb)}": each.nr for each in host.pools},
        "files": {path: text for path, text in host.files.items() if text is not None},
        "modules": sorted(host.loaded),
    }
