# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The program of the boot unit, and of the command `kernel-bypass-sriov`.

It is run by `python3 -I` from a copy of `_sriov/` (copies.py), without Ansible. USAGE has its verbs and exit
statuses. `--root DIRECTORY` stands for "/", for tests.
"""

from __future__ import annotations

import os
import sys
import typing as t
from contextlib import suppress

from ..alone import check_user
from ..errors import NotPermitted, SriovError
from ..kept.boot_result import EXIT, failure_of, outcome_of_failure
from ..kernel.kernel import Kernel
from ..kernel.sysfs import Sysfs
from ..model.printable import all_printable
from .check import check
from .forget import forget
from .status import status
from .unit import boot, record_timeout

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BAD_USAGE = 64  # EX_USAGE of sysexits.h
USAGE = """\
usage: kernel-bypass-sriov VERB

  status           who is at work, what earlier runs have left, and what came of the boot
  check            how the host differs from what is installed for the boot; changes nothing
  apply            reaches what is installed for the boot
  rollback         makes the generation that was installed before the current one
  forget PF        prints what a run that did not end owes a PF, and drops it
  boot             as apply; what the boot unit runs
  record-timeout   writes a result where the boot unit was ended without one (ExecStopPost=)

exit status: 0 all is well; 1 failed, also in part; 2 refused, and by check: it differs; 64 no such verb
"""


def main(arguments: Sequence[str], kernel: Kernel | None = None) -> int:
    """:param kernel: the outside; the real one unless a test gives its own.
    :returns: the exit status.
    """
    words = list(arguments)
    root = words[1] if words[:1] == ["--root"] and len(words) > 1 else None
    verb, *names = words[2:] if root else words or [""]
    if verb in ("-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0
    run = VERBS.get((verb, len(names)))
    if run is None:
        sys.stderr.write(USAGE)
        return BAD_USAGE
    outside = kernel or (Kernel(sysfs=Sysfs(root)) if root else Kernel())
    outside.guards_every_session = True  # systemctl restart: no parent of ours is a login
    try:
        check_user(outside)
        return run(outside, names)
    except NotPermitted as error:
        error.remedy = f"run it as root: sudo kernel-bypass-sriov {verb}"
        return _refused(error)
    except SriovError as error:
        return _refused(error)


def _refused(error: SriovError) -> int:
    _say(str(error))
    return EXIT[outcome_of_failure(failure_of(error))]


def _status(kernel: Kernel, _names: Sequence[str]) -> int:
    for line in status(kernel):
        _say(line)
    return 0


def _roll_back(kernel: Kernel, _names: Sequence[str]) -> int:
    from .rollback import rollback  # only here: a boot need not load what installs

    return rollback(kernel, _say)


VERBS: dict[tuple[str, int], Callable[[Kernel, Sequence[str]], int]] = {
    ("boot", 0): lambda kernel, _names: boot(kernel, "boot", _say),
    ("apply", 0): lambda kernel, _names: boot(kernel, "apply", _say),
    ("check", 0): lambda kernel, _names: check(kernel, _say),
    ("status", 0): _status,
    ("rollback", 0): _roll_back,
    ("forget", 1): lambda kernel, names: forget(kernel, names[0], _say),
    ("record-timeout", 0): lambda kernel, _names: record_timeout(kernel, os.environ, _say),
}
"""By name and the number of words behind it."""


def _say(text: str) -> None:
    """For the journal of systemd, and a terminal. Whoever reads no more ends nothing."""
    encoding = sys.stdout.encoding or "ascii"
    line = f"{all_printable(text)}\n".encode(encoding, "backslashreplace").decode(encoding)
    with suppress(OSError):
        sys.stdout.write(line)
        sys.stdout.flush()
