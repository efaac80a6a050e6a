# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What could not be looked at, in sentences: unreadable is not absent."""

from __future__ import annotations

import re
import typing as t

from ..errors import errno_words
from ..model.paths import NAMED_NAMESPACES, PROCESSES
from .management import ssh_peer

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.kernel import Kernel, Refused

OF_PROCESS = re.compile(rf"{PROCESSES}/(\d+|self)/(\w+)(?:/.*)?")
MOST = 10  # other files that are named


def not_seen(kernel: Kernel) -> list[str]:
    """What was asked up to now and refused; not what nobody asked.

    A process that has ended since then is left out: its files are refused while it ends.
    """
    refused = kernel.refused
    told = lists_of_namespaces(kernel)
    others = {path: n for path, n in refused.files.items() if not OF_PROCESS.fullmatch(path) and path not in told}
    return [
        *_of_processes(kernel, _by_file(kernel)),
        *_of_files(others),
        *(f"what the driver of {name} tells {_why(number)}" for name, number in refused.interfaces.items()),
        *(f"{what} {_why(number)}" for what, number in _of_parts(refused)),
        *(f"{what}: {said}" for what, said in refused.commands.items()),
    ]


def unseen_users(kernel: Kernel) -> list[str]:
    """Of what was refused, that which may hide a user of a device: to be asked when all has been looked at."""
    hidden = (f"{what}: {said}" for what, said in kernel.hidden_users.items())
    return [*_users_of_processes(kernel, _by_file(kernel)), *hidden]


def _by_file(kernel: Kernel) -> dict[str, set[str]]:
    """Which processes' files were refused: the file's name -> processes."""
    matches = (OF_PROCESS.fullmatch(path) for path in kernel.refused.files)
    pairs = [(match.group(2), match.group(1)) for match in matches if match]
    there = {"self", *kernel.processes.ids()} if pairs else set()
    by_file: dict[str, set[str]] = {}
    for file, process in pairs:
        if process in there:
            by_file.setdefault(file, set()).add(process)
    return by_file


def _of_processes(kernel: Kernel, refused: dict[str, set[str]]) -> Iterable[str]:
    yield from _users_of_processes(kernel, refused)
    if "stat" in refused:
        yield f"what started {_named(kernel, refused['stat'], '')}: what carries an SSH connection is not known"
    if "environ" in refused and ssh_peer(kernel.processes) is None:
        yield (
            f"the environment of {_named(kernel, refused['environ'], '')}, which started this: what carries an SSH "
            "connection is not known"
        )


def _users_of_processes(kernel: Kernel, refused: dict[str, set[str]]) -> Iterable[str]:
    if kernel.processes.hidden:
        yield (
            f"processes of other users, which {PROCESSES} hides (mount option hidepid): holders, and what carries an "
            "SSH connection, may be missing"
        )
    if PROCESSES in kernel.refused.files:
        yield f"which processes there are {_why(kernel.refused.files[PROCESSES])}"
    if "fd" in refused:
        yield f"what {_named(kernel, refused['fd'])} open: holders of VFs for user space may be missing"
    if "fdinfo" in refused:
        yield f"more of what {_named(kernel, refused['fdinfo'])} open: holders of VFs for user space may be missing"
    for path in lists_of_namespaces(kernel):
        yield f"{path} {_why(kernel.refused.files[path])}: interfaces in other network namespaces may be missing"
    if "ns" in refused:
        yield f"which network namespace {_named(kernel, refused['ns'])}: interfaces in others may be missing"


def lists_of_namespaces(kernel: Kernel) -> list[str]:
    """What tells of the network namespaces that are mounted, and could not be read."""
    beginnings = (NAMED_NAMESPACES, *(f"{PROCESSES}/{process}/mountinfo" for process in ("self", "1")))
    return [path for path in kernel.refused.files if path.startswith((*beginnings, f"{PROCESSES}/1/root"))]


def _named(kernel: Kernel, processes: set[str], verb: str = "has") -> str:
    """ "process 1 (systemd) has", "71 processes (1, systemd, is one) have"."""
    first = min(processes, key=lambda name: (len(name), name))
    program = kernel.processes.name(first)
    if len(processes) == 1:
        return f"process {first} ({program}) {verb}".strip()
    return f"{len(processes)} processes ({first}, {program}, is one) {'have' if verb == 'has' else verb}".strip()


def _of_parts(refused: Refused) -> Iterable[tuple[str, int]]:
    """Not of a driver that may not be asked anything: that is told as one."""
    return (each for each in refused.parts.items() if each[0].rpartition(" of ")[2] not in refused.interfaces)


def _of_files(refused: t.Mapping[str, int]) -> Iterable[str]:
    listed = sorted(refused.items())
    yield from (f"{path} {_why(number)}" for path, number in listed[:MOST])
    if len(listed) > MOST:
        yield f"{len(listed) - MOST} more files"


def _why(number: int) -> str:
    return f"[{errno_words(number)}]"
