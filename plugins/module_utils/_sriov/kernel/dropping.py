# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The kernel's ways to drop what comes to a UDP port of an interface: iptables-legacy, nft, an XDP program.

Each is by itself: a table, a rule, a program of ours, which can be told from others'.
"""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from ..errors import KernelRefused
from ..model.drop_cost import IPTABLES, NFTABLES, XDP_PROGRAM
from ..model.paths import DROP_PROGRAM, IPTABLES_TABLES
from .bpf import DROP
from .commands import NO_SUCH_COMMAND

if t.TYPE_CHECKING:
    from .bpf import Bpf
    from .bpffs import BpfFs
    from .link import Run
    from .sysfs import Sysfs

TABLE = "kernel_bypass_sriov_drop"
PROGRAM = "kbs_drop"
RAW_MODULE = "iptable_raw"
COUNTED = re.compile(r"counter packets (\d+)")
PLAIN = re.compile(r"[\w.:@+-]+")  # what nft takes between quotes, whatever else an interface may be called


class Dropping:
    """By interface and port.

    :param run: runs an argument list.
    """

    def __init__(self, run: Run, sysfs: Sysfs, bpf: Bpf, bpffs: BpfFs) -> None:
        self._run = run
        self._sysfs = sysfs
        self._bpf = bpf
        self._bpffs = bpffs

    def has(self, program: str) -> bool:
        """Whether there is such a program."""
        return self._run([program, "--version"])[0] != NO_SUCH_COMMAND

    def is_there(self, by: str, name: str, port: int) -> bool:
        if by == IPTABLES:  # which loads the table's module when it is asked for a rule
            tables = (self._sysfs.read(IPTABLES_TABLES) or "").split()
            return "raw" in tables and self._run(_rule("-C", name, port))[0] == 0
        if by == NFTABLES:
            return self._run(["nft", "list", "table", "ip", TABLE])[0] == 0
        return by == XDP_PROGRAM and self._attached(name) == PROGRAM

    def start(self, by: str, name: str, port: int) -> None:
        """:raises KernelRefused: with what was said."""
        if by == IPTABLES:
            self._do(_rule("-I", name, port))
        elif by == NFTABLES:
            self._do(["nft", "-f", "-"], nft_table(name, port))
        else:
            self._attach(name)

    def stop(self, by: str, name: str, port: int) -> None:
        """Nothing where it is not there.

        :raises KernelRefused: with what was said.
        """
        if not self.is_there(by, name, port):
            return
        if by == IPTABLES:
            self._do(_rule("-D", name, port))
        elif by == NFTABLES:
            self._do(["nft", "delete", "table", "ip", TABLE])
        else:
            self._do(["ip", "link", "set", "dev", name, "xdpdrv", "off"])

    def unload(self) -> None:
        """The module of iptables' table raw, whose hook costs each packet something: for who has had it loaded."""
        self._run(["modprobe", "-r", "--", RAW_MODULE])

    def count(self, by: str, name: str, port: int) -> int | None:
        """Packets that were dropped; None where nobody counts them."""
        if by == NFTABLES:
            found = COUNTED.search(self._do(["nft", "list", "table", "ip", TABLE]))
            return int(found.group(1)) if found else None
        if by != IPTABLES:
            return None
        lines = self._do(["iptables-legacy", "-w", "5", "-t", "raw", "-nvxL", "PREROUTING"]).splitlines()
        rules = (line.split() for line in lines)
        return sum(
            int(words[0])
            for words in rules
            if len(words) > 6 and words[2] == "DROP" and words[5] == name and words[-1] == f"dpt:{port}"
        )

    def _attach(self, name: str) -> None:
        """In the driver. A name in a bpffs is what `ip` takes; the program stays without it."""
        self._bpffs.mount()
        path = self._sysfs.path(DROP_PROGRAM)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with self._bpf.loaded(DROP, PROGRAM.encode()) as program:
            self._bpf.pin(program, DROP_PROGRAM)
        try:
            self._do(["ip", "link", "set", "dev", name, "xdpdrv", "pinned", path])
        finally:
            os.unlink(path)

    def _attached(self, name: str) -> str:
        """The name of the XDP program of an interface; "" where there is none, or it is not told."""
        code, out, _error = self._run(["ip", "-d", "link", "show", "dev", name])
        number = re.search(r"prog/xdp id (\d+)", out) if code == 0 else None
        program = self._bpf.program(int(number.group(1))) if number else None
        return program.name if program else ""

    def _do(self, argv: list[str], stdin: str = "") -> str:
        code, out, error = self._run(argv, stdin)
        if code != 0:
            said = " ".join(error.split()) or f"exit status {code}"
            raise KernelRefused(f"`{' '.join(argv)}` failed", why=said, remedy="look at dmesg too")
        return out


def nft_table(name: str, port: int) -> str:
    """Where iptables' table raw is: before connection tracking (netfilter_ipv4.h NF_IP_PRI_RAW)."""
    rule = f'iifname "{name}" udp dport {port} counter drop'
    return f"table ip {TABLE} {{ chain raw {{ type filter hook prerouting priority -300; {rule}; }}; }}\n"


def _rule(verb: str, name: str, port: int) -> list[str]:
    match = ["-i", name, "-p", "udp", "--dport", str(port), "-j", "DROP"]
    return ["iptables-legacy", "-w", "5", "-t", "raw", verb, "PREROUTING", *match]
