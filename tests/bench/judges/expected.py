"""What the kernel's selftests say of an 82599 with ixgbe, in the guest's kernel; and how another outcome differs."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

Rows = Sequence[tuple[str, str]]
"""Patterns of names of cases, each with its verdict; the first one that fits counts."""

NTUPLE: Rows = (("queue.???4.*", "pass"), ("queue.???6.*", "fail"))
CSUM: Rows = (("*", "pass"),)
RSS_CTX: Rows = (("*", "pass"),)
QUEUES: Rows = (("*", "pass"),)

PF_TESTS = {
    ("hw/ntuple.py", "enp1s0"): NTUPLE,
    ("hw/csum.py", "enp1s0"): CSUM,
    ("hw/rss_ctx.py", "enp1s0"): RSS_CTX,
    ("queues.py", "enp1s0"): QUEUES,
}
TABLE = {"before": PF_TESTS, "after provision": {**PF_TESTS, ("hw/csum.py", "enp1s0v0"): CSUM}}


def differences(expected: Rows, cases: dict[str, str]) -> list[str]:
    """One line for each case that came out otherwise or is not in the table, and for each row without a case."""
    found, used = [], set()
    for name, verdict in cases.items():
        row = next((row for row in expected if fnmatchcase(name, row[0])), None)
        used.add(row)
        if row is None:
            found.append(f"{name}: {verdict}, and the table does not know it")
        elif row[1] != verdict:
            found.append(f"{name}: {verdict}, and the table says {row[1]}")
    return [*found, *(f"{pattern}: the table has it, and no case is called so" for pattern, _v in set(expected) - used)]
