# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What `ip` (iproute2) knows, as JSON, and the little that is changed through it."""

from __future__ import annotations

import json
import re
import typing as t

from ..errors import KernelRefused
from ..model.attributes import VfAttributes, parse_vf


class Run(t.Protocol):
    def __call__(self, argv: t.Sequence[str], stdin: str = "") -> tuple[int, str, str]:
        """Runs an argument list with a standard input, gives exit status, standard output and standard error."""


class BatchFailed(KernelRefused):
    """A line of a batch failed.

    :param done: how many lines before it were done.
    """

    def __init__(self, what: str, done: int, why: str) -> None:
        super().__init__(what, why=why)
        self.lines_done = done


class Link:
    """Interfaces, addresses and routes of this network namespace.

    :param run: how a command is run; rc 127 means that there is no such command.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def interfaces(self) -> list[dict[str, t.Any]]:
        """Every interface with its addresses: `ip -j -d address show`."""
        return self._json("-d", "address", "show")

    def default_route_interfaces(self) -> set[str]:
        """Names of the interfaces of default routes: `ip route show table all default`, IPv4 and IPv6."""
        words = ("route", "show", "table", "all", "default")
        routes = self._json("-4", *words) + self._json("-6", *words)
        return {name for route in routes for name in _route_interfaces(route)}

    def interface_towards(self, address: str, source: str) -> str | None:
        """The interface that packets from one of our addresses leave through: `ip route get ADDRESS from SOURCE`.

        :returns: None where there is no route.
        """
        origin = ["from", source] if source else []
        code, out, _error = self._run(["ip", "-j", "route", "get", address, *origin])
        routes = json.loads(out) if code == 0 and out.strip() else []
        return routes[0].get("dev") if routes else None

    def vf_attributes(self, name: str) -> dict[int, VfAttributes]:
        """What the driver of a PF enforces on each of its VFs: `ip -j -d link show dev NAME`."""
        return vf_attributes(self._json("-d", "link", "show", "dev", name))

    def set_up(self, name: str, up: bool) -> None:
        """`ip link set dev NAME up` or `down`."""
        self._do("link", "set", "dev", name, "up" if up else "down")

    def set_mtu(self, name: str, mtu: int) -> None:
        """`ip link set dev NAME mtu N`."""
        self._do("link", "set", "dev", name, "mtu", str(mtu))

    def batch(self, lines: t.Sequence[t.Sequence[str]]) -> None:
        """`ip -batch -`: all lines in one process, up to the first that fails.

        :raises BatchFailed: with the number of lines done.
        """
        text = "".join(" ".join(words) + "\n" for words in lines)
        code, _out, error = self._run(["ip", "-batch", "-"], text)
        if code != 0:
            number = re.search(r"^Command failed -:(\d+)", error, re.MULTILINE)
            done = int(number.group(1)) - 1 if number else 0
            why = " ".join(line for line in error.splitlines() if not line.startswith("Command failed"))
            raise BatchFailed(f"`ip {' '.join(lines[done])}` failed", done, why.strip() or f"exit status {code}")

    def _json(self, *words: str) -> list[dict[str, t.Any]]:
        out = self._do("-j", *words)
        # iproute2 prints an empty object for what -d does not show, and nothing at all for an empty list.
        return [entry for entry in json.loads(out or "[]") if entry]

    def _do(self, *words: str) -> str:
        code, out, error = self._run(["ip", *words])
        if code != 0:
            raise KernelRefused(f"`ip {' '.join(words)}` failed", why=error.strip() or f"exit status {code}")
        return out


def _route_interfaces(route: dict[str, t.Any]) -> list[str]:
    hops = route.get("nexthops", [])
    return [hop["dev"] for hop in [route, *hops] if "dev" in hop]


def vf_attributes(entries: list[dict[str, t.Any]]) -> dict[int, VfAttributes]:
    """Of all VFs that interfaces in `ip`'s JSON have."""
    return {vf["vf"]: parse_vf(vf) for entry in entries for vf in entry.get("vfinfo_list", []) if "vf" in vf}
