# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole campaign of faults: every call of each run, each errno, before and after its effect, and kills.

    PYTHONPATH=.build/link python tests/bench/faults.py [RUN …] [--part N/M]

About half an hour on one core. After every second point a run with another wish comes first, in which something cannot
be read. Prints what falls short; the exit status is 1 if anything does.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time

from ansible_collections.kernel_bypass.sriov.tests.unit.support.campaign import RUNS, Campaign, points, read_faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", default=list(RUNS), help="of these runs alone")
    parser.add_argument("--part", default="1/1", help="the Nth of M parts of the points")
    parser.add_argument("--seed", type=int, default=10, help="of what cannot be read in the run between")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    short = 0
    for name in options.runs:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as parent:
            begin, campaign = time.monotonic(), Campaign(name, lambda: tempfile.mkdtemp(dir=parent))
            tried = list(points(campaign.calls))[part - 1 :: parts]
            between, chance = list(read_faults(campaign.calls)), random.Random(options.seed)
            for number, fault in enumerate(tried):
                other = chance.choice(between) if number % 2 else None
                found = campaign.shortcomings(fault, other)
                short += bool(found)
                if found:
                    print(f"{name}: {campaign.what(fault)}, {other} between", *found, sep="\n    ", flush=True)
            print(f"{name}: {len(tried)} points in {time.monotonic() - begin:.0f} s", flush=True)
    print(f"{short} fall short")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
