# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strange options and strange hosts, many of them.

    PYTHONPATH=.build/link python tests/bench/strange.py [--options 20000] [--hosts 5000] [--seed NUMBER]

Prints what falls short; the exit status is 1 if anything does.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import typing as t

from ansible_collections.kernel_bypass.sriov.tests.unit.support import strange
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st


def tried(what: str, number: int, start: int, draws: tuple[t.Any, ...], attempt: t.Callable[..., list[str]]) -> int:
    """How many of so many fall short."""
    short, begin = 0, time.monotonic()

    def one(drawn: t.Any) -> None:
        nonlocal short
        found = attempt(*drawn)
        if found:
            short += 1
            print(f"{drawn!r:.1000}", *found, sep="\n    ", flush=True)

    if number:
        quick = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
        seed(start)(settings(quick, max_examples=number)(given(st.tuples(*draws))(one)))()
    print(f"{number} strange {what} in {time.monotonic() - begin:.0f} s: {short} fall short", flush=True)
    return short


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=int, default=20000)
    parser.add_argument("--hosts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    given_ = parser.parse_args()
    print(f"seed {given_.seed}")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as parent:
        trial = strange.Trial(lambda: tempfile.mkdtemp(dir=parent))
        wishes = st.sampled_from(strange.WISHES)
        short = tried("options", given_.options, given_.seed, (strange.strange_options(),), trial.options)
        short += tried("hosts", given_.hosts, given_.seed, (strange.damages(trial.paths), wishes), trial.host)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
