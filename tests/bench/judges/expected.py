"""What the kernel's selftests say of an 82599 with ixgbe, in the guest's kernel; and how another outcome differs."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

Rows = Sequence[tuple[str, str]]
"""Patterns of names of cases, each with its verdict; the first one that fits counts."""

# ixgbe has no rules for IPv6: "Unrecognized flow type".
NTUPLE: Rows = (("queue.tcp4.*", "pass"), ("queue.udp4.*", "pass"), ("queue.tcp6.*", "fail"), ("queue.udp6.*", "fail"))
CSUM: Rows = (("ipv4_*", "pass"), ("ipv6_*", "pass"))
# ixgbe has no RSS contexts, and fills the table anew when the number of queues changes (ixgbe_setup_reta): a user's
# table does not outlive that, and one that names more queues than are left is not refused.
RSS_CTX: Rows = (
    ("test_rss_key_indir", "pass"),
    ("test_flow_add_context_missing", "pass"),
    ("test_rss_queue_reconfigure", "fail"),
    ("test_rss_resize", "fail"),
    ("test_hitless_key_update", "fail"),  # no key by netlink in 6.12
    ("test_rss_context4", "skip"),
    ("test_rss_context32", "skip"),
    ("test_rss_context_dump", "skip"),
    ("test_rss_context_out_of_order", "skip"),
    ("test_rss_context4_create_with_cfg", "skip"),
    ("test_rss_context_flow_hash", "skip"),
    ("test_rss_context_persist_*", "skip"),
    ("test_rss_context", "fail"),
    ("test_rss_context_queue_reconfigure", "fail"),
    ("test_rss_context_overlap*", "fail"),
    ("test_delete_rss_context_busy", "fail"),
    ("test_rss_ntuple_addition", "fail"),
    ("test_rss_default_context_rule", "fail"),
)
# Netlink of 6.12 does not tell that an AF_XDP socket is on a queue.
QUEUES: Rows = (("get_queues", "pass"), ("addremove_queues", "pass"), ("check_down", "pass"), ("check_xsk", "fail"))

# Beside VFs ixgbe has four queues, or two: not three (ixgbe_lib.c ixgbe_set_sriov_queues).
QUEUES_BESIDE_VFS: Rows = (*(row for row in QUEUES if row[0] != "addremove_queues"), ("addremove_queues", "fail"))

TABLE = {
    "before": {
        ("hw/ntuple.py", "enp1s0"): NTUPLE,
        ("hw/csum.py", "enp1s0"): CSUM,
        ("hw/rss_ctx.py", "enp1s0"): RSS_CTX,
        ("queues.py", "enp1s0"): QUEUES,
    },
    "after provision": {
        ("hw/ntuple.py", "enp1s0"): NTUPLE,
        ("hw/csum.py", "enp1s0"): CSUM,
        ("hw/rss_ctx.py", "enp1s0"): RSS_CTX,
        ("queues.py", "enp1s0"): QUEUES_BESIDE_VFS,
        ("hw/csum.py", "enp1s0v0"): CSUM,
    },
}


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
