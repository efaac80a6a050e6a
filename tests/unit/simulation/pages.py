# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hugepages of a simulated kernel: a number that is too much is taken, and fewer pages are given (mm/hugetlb.c)."""

from __future__ import annotations

import os
import re

SIZE = re.compile(r"hugepages-([0-9]+)kB")


def set_pages(root, path, wanted):
    """Write nr_hugepages. sim/most/NAME, with the pool's directory as a name, is what memory in one piece allows.

    What is in use is never taken: it becomes surplus.
    """
    pool = os.path.join(root, os.path.dirname(path).lstrip("/"))
    size = int(SIZE.search(path).group(1))
    memory = os.path.join(os.path.dirname(os.path.dirname(pool)), "meminfo")
    text = _read(memory)
    free_kb = int(re.search(r"MemFree:\s+([0-9]+)", text).group(1))
    now, free = int(_read(os.path.join(pool, "nr_hugepages"))), int(_read(os.path.join(pool, "free_hugepages")))
    given = min(max(wanted, now - free), now + free_kb // size, _most(root, path))
    _write(os.path.join(pool, "nr_hugepages"), given)
    _write(os.path.join(pool, "free_hugepages"), free + given - now)
    left = free_kb - (given - now) * size
    _write(memory, re.sub(r"(MemFree:\s+)[0-9]+", lambda match: f"{match.group(1)}{left}", text).rstrip("\n"))


def _most(root, path):
    words = os.path.dirname(path).strip("/").split("/")
    try:
        return int(_read(os.path.join(root, "sim", "most", f"{words[-3]}-{words[-1]}")))
    except FileNotFoundError:
        return 1 << 40


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{value}\n")
