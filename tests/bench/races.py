# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once: the second begins at each call of the first, for each pair of wishes.

    PYTHONPATH=.build/link python tests/bench/races.py [PAIR …]

Prints what is not as one after the other; the exit status is 1 if anything is.
"""

from __future__ import annotations

import sys
import tempfile
import time

from ansible_collections.kernel_bypass.sriov.tests.unit.support.races import PAIRS, Pair


def main() -> int:
    short = 0
    for name in sys.argv[1:] or PAIRS:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as parent:
            begin, pair = time.monotonic(), Pair(*PAIRS[name], lambda: tempfile.mkdtemp(dir=parent))
            for number, call in enumerate(pair.calls):
                found = pair.shortcoming(number)
                short += bool(found)
                if found:
                    print(f"{name}: the second begins at call {number}, {call}", found, sep="\n    ", flush=True)
            print(f"{name}: {len(pair.calls)} beginnings in {time.monotonic() - begin:.0f} s", flush=True)
    print(f"{short} fall short")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
