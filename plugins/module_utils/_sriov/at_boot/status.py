# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What `kernel-bypass-sriov status` prints: who is at work, what is left of earlier runs, and the last boot."""

from __future__ import annotations

import time
import typing as t

from ..errors import SriovError
from ..kept.boot_result import boot_result, done, label_of, last_result
from ..kept.files import Files
from ..model.paths import CURRENT, PREVIOUS
from ..observe.generation import generation_name
from ..others import others
from .generations import described

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kept.envelope import Json
    from ..kernel.kernel import Kernel

NONE_SINCE = "has not run in this boot, or has not ended"


def status(kernel: Kernel) -> list[str]:
    """Lines. What cannot be read is said to be so."""
    lines: list[str] = []
    for part in (_runs, _boot, _generations):
        try:
            lines += part(kernel)
        except SriovError as error:
            lines.append(f"not known: {error}")
    return [*lines, "differences: `kernel-bypass-sriov check` looks for them"]


def _runs(kernel: Kernel) -> list[str]:
    return others(kernel) or ["no run is under way, and none has left anything"]


def _boot(kernel: Kernel) -> Iterator[str]:
    files, boot_id = Files(kernel.root), kernel.system.boot_id()
    found = boot_result(files, boot_id or "")
    if found:
        yield from _of_result(found["verb"], found)
        return
    yield f"boot: {NONE_SINCE}"
    last = last_result(files)
    if last:
        yield from _of_result("before" if last["boot"] == boot_id else "boot before", last)


def _of_result(title: str, result: Json) -> Iterator[str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(result["completed"]))
    yield f"{title}: {result['outcome']}, {done(result)}, {when}"
    if result["failure"]:
        yield f"  {result['failure']['msg']}"
    for address, told in result["pfs"].items():
        why = f": {told['failure']['msg']}" if told["failure"] else ""
        yield f"  {label_of(address, told['name'])}: {told['outcome']}{why}"
    yield from (f"  warning: {text}" for text in result["warnings"])


def _generations(kernel: Kernel) -> Iterator[str]:
    for title, link in (("current", CURRENT), ("previous", PREVIOUS)):
        name = generation_name(kernel, link)
        yield f"{title}: {described(kernel, name) if name else 'none'}"
