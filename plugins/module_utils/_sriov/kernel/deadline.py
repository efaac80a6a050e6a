# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How long a run, or a part of it, may still take."""

from __future__ import annotations

import copy
import time
import typing as t

POLL = 0.1  # seconds

# Until so many seconds after its end a run may do what must be done all the same. All are counted from the one end,
# so that each has some time of its own, however many there are, and whatever came before it took.
TO_MEND = 1.0  # a step: a device its driver, a PF its VFs
TO_GIVE_BACK = 1.5  # the steps of a purpose
TO_LOOK = 2.0  # at the host, under device locks
TO_START = 2.5  # units that were stopped
GRACE = 3.0  # then it is ended by whoever waits for it


def told(seconds: float) -> str:
    """ "5 s", of 4.9 too; "0.2 s"."""
    return f"{round(seconds) if seconds > 0.75 else round(seconds, 1):g} s"


class Deadline:
    """One for all that is done within it.

    :param seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._more = 0.0

    def with_more(self, seconds: float) -> Deadline:
        """For what must be done all the same: so many seconds after the end count as well, and the end is the same."""
        found = copy.copy(self)
        found._more = seconds
        return found

    def left(self, beyond: float = 0.0) -> float:
        """Seconds; 0.0 once it is over.

        :param beyond: seconds after it that count as well.
        """
        return max(0.0, self._end + max(self._more, beyond) - time.monotonic())

    def reached(self, holds: t.Callable[[], bool], every: float = POLL) -> bool:
        """Poll until something holds: False where it does not in time. It is asked once in any case."""
        while not holds():
            if not self.left():
                return False
            time.sleep(min(every, self.left()))
        return True
