# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small model: start states and wishes, a kill at every step of every run, and one foreign write at each. Then
some of its paths on the simulated kernel.

    PYTHONPATH=.build/link python tests/bench/model.py [--states N] [--paths N] [--seed N] [--part N/M]

About 150 states a second on one core. The cases are drawn without repetition until so many states were seen: all of
them are model.WHOLE. Prints what falls short; the exit status is 1 if anything does.
"""

from __future__ import annotations

import argparse
import functools
import gc
import random
import sys
import tempfile
import time

from ansible_collections.kernel_bypass.sriov.tests.unit.support import model, model_replay

TELL = 60  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=1_000_000, help="so many, then it ends")
    parser.add_argument("--paths", type=int, default=5_000, help="so many on the simulated kernel")
    parser.add_argument("--seed", type=int, default=11, help="of the order of the cases")
    parser.add_argument("--part", default="1/1", help="the Nth of M parts of the cases")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    cases = random.Random(options.seed).sample(range(model.WHOLE), model.WHOLE)[part - 1 :: parts]
    seen = tried = short = 0
    begin = told = time.monotonic()
    gc.disable()  # no circles are made
    for number in cases:
        states, found = model.explore(*model.case(number))
        seen, tried, short = seen + states, tried + 1, short + bool(found)
        if found:
            print(f"case {number}: {len(found)} in {states} states, the first is: {found[0]}", flush=True)
        if time.monotonic() - told > TELL:
            told = time.monotonic()
            print(f"{seen} states of {tried} cases in {told - begin:.0f} s, {short} fall short", flush=True)
            gc.collect()
        if seen >= options.states:
            break
    print(f"{seen} states of {tried} cases in {time.monotonic() - begin:.0f} s; {short} of the cases fall short")
    short += _replay(options.paths, random.Random(options.seed))
    return 1 if short else 0


def _replay(paths: int, chance: random.Random) -> int:
    """:returns: how many of the paths fall short."""
    begin, short = time.monotonic(), 0
    for _path in range(paths):
        number = chance.randrange(model_replay.CASES)
        with tempfile.TemporaryDirectory(dir="/dev/shm") as parent:
            found = model_replay.replay(number, chance, functools.partial(tempfile.mkdtemp, dir=parent))
        short += bool(found)
        if found:
            print(f"case {number} on the simulated kernel:", *found, sep="\n    ", flush=True)
    print(f"{paths} paths in {time.monotonic() - begin:.0f} s; {short} fall short")
    return short


if __name__ == "__main__":
    sys.exit(main())
