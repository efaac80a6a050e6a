# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who else sets hugepages, kernel arguments or CPUs on a host, with file and line. Nothing here writes."""

from __future__ import annotations

import re
import typing as t

from ..boot_loaders.places import place_of
from ..model.dpdk import SERVICE_LINK, SERVICE_PAGES
from ..model.kernel_arguments import line_pools, size_text
from ..model.paths import SYSCTL
from ..model.platform import PlatformOwner

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Boot

DPDK_SIZES = {"NR_2M_PAGES": 2048, "NR_1G_PAGES": 1 << 20, "NR_16M_PAGES": 16 << 10, "NR_16G_PAGES": 16 << 20}
ACTIVE_PROFILE = "/etc/tuned/active_profile"
PROFILES = ("/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned")
IRQBALANCE = ("/etc/default/irqbalance", "/etc/sysconfig/irqbalance")
BANNED = re.compile(r"\s*(?:export\s+)?(IRQBALANCE_BANNED_CPU(?:S|LIST)=.*\S)")
ASSIGNED = re.compile(r"-?\s*([\w./-]+)\s*=\s*(.*?)\s*")
DEPTH = 8  # profiles of tuned that include one another


def observe_owners(kernel: Kernel, boot: Boot, foreign: Tokens, default_kb: int) -> list[PlatformOwner]:
    """:param foreign: the arguments of the next boot that are not ours.
    :param default_kb: the size of hugepages that is meant where none is said.
    :raises UnreadableFile: a file that may set them cannot be read.
    """
    found = [*_of_line(boot, foreign), *_of_sysctl(kernel), *_of_dpdk(kernel), *_of_tuned(kernel), *_of_irqs(kernel)]
    return [
        each._replace(size_kb=each.size_kb or default_kb, what=each.what or f"hugepages of {size_text(default_kb)}")
        if each.what in ("", "hugepages")
        else each
        for each in found
    ]


def _of_line(boot: Boot, foreign: Tokens) -> t.Iterator[PlatformOwner]:
    for pool in line_pools(foreign):
        place = place_of(boot, pool.tokens[-1])
        what = "" if pool.size_kb is None else f"hugepages of {size_text(pool.size_kb)}"
        yield PlatformOwner(what, *place, " ".join(pool.tokens), pool.size_kb, of_line=True)


def _of_sysctl(kernel: Kernel) -> t.Iterator[PlatformOwner]:
    """vm.nr_hugepages is of the whole host, of the default size: it spreads them anew and undoes those by node.

    The first directory that has a name hides the later ones (sysctl.d(5)).
    """
    files: dict[str, str] = {}
    for directory in SYSCTL:
        for name in kernel.etc.names(directory):
            if name.endswith(".conf"):
                files.setdefault(name, f"{directory}/{name}")
    for path in ["/etc/sysctl.conf", *(files[name] for name in sorted(files))]:
        for number, word, value in _assigned(kernel, path):
            if word.replace("/", ".") in ("vm.nr_hugepages", "vm.nr_hugepages_mempolicy"):
                yield PlatformOwner("", path, number, f"{word}={value}")


def _of_dpdk(kernel: Kernel) -> t.Iterator[PlatformOwner]:
    """Debian's dpdk.service sets what its file says; as packaged it says nothing, and one that is masked rests."""
    if (kernel.etc.link(SERVICE_LINK) or "").endswith("/null"):
        return
    for number, word, value in _assigned(kernel, SERVICE_PAGES):
        if word in DPDK_SIZES and value.strip("\"'") not in ("", "0"):
            size_kb = DPDK_SIZES[word]
            what = f"hugepages of {size_text(size_kb)}"
            yield PlatformOwner(what, SERVICE_PAGES, number, f"{word}={value}", size_kb)


def _of_tuned(kernel: Kernel) -> t.Iterator[PlatformOwner]:
    names = active_profile(kernel).split()
    for name in dict.fromkeys([*names, *(more for each in names for more in _included(kernel, each, DEPTH))]):
        path, text = _profile(kernel, name)
        for number, line in enumerate(text.splitlines(), 1):
            match = ASSIGNED.fullmatch(line)
            if match is None or line.lstrip().startswith(("#", ";")):
                continue
            if match.group(1) == "vm.nr_hugepages":
                yield PlatformOwner("", path, number, line.strip())
            elif match.group(1).startswith("cmdline"):
                for pool in line_pools(match.group(2).lstrip("+-").split()):
                    what = "" if pool.size_kb is None else f"hugepages of {size_text(pool.size_kb)}"
                    yield PlatformOwner(what, path, number, " ".join(pool.tokens), pool.size_kb)


def active_profile(kernel: Kernel) -> str:
    """What tuned has chosen; "" where it is not there."""
    return (kernel.etc.read(ACTIVE_PROFILE) or "").strip()


def _included(kernel: Kernel, name: str, depth: int) -> list[str]:
    if not depth:
        return []
    found = re.findall(r"^include\s*=\s*(.+)$", _profile(kernel, name)[1], re.MULTILINE)
    names = [each for line in found for each in re.split(r"[,\s]+", line.strip()) if each]
    return [*names, *(more for each in names for more in _included(kernel, each, depth - 1))]


def _profile(kernel: Kernel, name: str) -> tuple[str, str]:
    if re.fullmatch(r"[\w.-]+", name):
        for directory in PROFILES:
            text = kernel.etc.read(f"{directory}/{name}/tuned.conf")
            if text is not None:
                return f"{directory}/{name}/tuned.conf", text
    return "", ""


def _of_irqs(kernel: Kernel) -> t.Iterator[PlatformOwner]:
    """systemd reads them after the unit's own Environment=, which they replace."""
    for path in IRQBALANCE:
        for number, line in enumerate((kernel.etc.read(path) or "").splitlines(), 1):
            match = BANNED.match(line)
            if match:
                yield PlatformOwner("the CPUs that irqbalance leaves alone", path, number, match.group(1))


def _assigned(kernel: Kernel, path: str) -> t.Iterator[tuple[int, str, str]]:
    for number, line in enumerate((kernel.etc.read(path) or "").splitlines(), 1):
        match = ASSIGNED.fullmatch(line.strip())
        if match and not line.lstrip().startswith(("#", ";")):
            yield number, match.group(1), match.group(2)
