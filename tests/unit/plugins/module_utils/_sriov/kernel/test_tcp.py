# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections as the kernel prints them, on a machine of either order."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.tcp import Connection, Tcp
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 02:000A7214 00000000     0        0"


def line(local, remote, state="01", inode="7001"):
    return f"   0: {local} {remote} {state} {REST} {inode} 4 0000000000000000 20 4 30 10 -1\n"


@pytest.mark.parametrize(
    ("order", "table", "text", "ends"),
    [
        ("little", "tcp", line("027100CB:0016", "076433C6:C738"), ("203.0.113.2", 22, "198.51.100.7", 51000)),
        ("big", "tcp", line("CB007102:0016", "C6336407:C738"), ("203.0.113.2", 22, "198.51.100.7", 51000)),
        (
            "little",
            "tcp6",
            line("0000000000000000FFFF0000027100CB:0016", "0000000000000000FFFF0000076433C6:0005"),
            ("203.0.113.2", 22, "198.51.100.7", 5),
        ),
        (
            "little",
            "tcp6",
            line("B80D0120000000000000000002000000:0016", "B80D0120000000000000000007000000:0006"),
            ("2001:db8::2", 22, "2001:db8::7", 6),
        ),
    ],
)
def test_one(tmp_path, monkeypatch, order, table, text, ends):
    monkeypatch.setattr(sys, "byteorder", order)
    tree = sysfs(tmp_path, {f"proc/net/{table}": HEADER + text})
    assert Tcp(tree).established() == [Connection(*ends, 7001)]


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        line("00000000:0016", "00000000:0000", "0A"),
        line("0" * 24 + ":0016", "00000000:0016"),
        line("00000000:0016", "00000000:0016", inode="x"),
        "0: 1 2 01 4 5 6 7 8 9 10\n",
    ],
)
def test_what_is_no_established_connection(tmp_path, text):
    assert Tcp(sysfs(tmp_path, {"proc/net/tcp": HEADER + text})).established() == []


def test_a_table_that_is_not_there_has_none_and_one_that_cannot_be_read_is_told(tmp_path):
    class Guarded(Sysfs):
        def path(self, path):
            if path == "/proc/net/tcp":
                raise PermissionError(13, "denied", path)
            return super().path(path)

    tcp = Tcp(Guarded(build(tmp_path, {"proc": None})))
    assert (tcp.established(), tcp.unread()) == ([], ["/proc/net/tcp"])
