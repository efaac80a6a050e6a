# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What `ip` (iproute2) knows, as JSON, and the little that is changed through it."""

from __future__ import annotations

import re
import typing as t
from shlex import join

from ..errors import KernelRefused
from ..model.attributes import VfAttributes, parse_vf
from . import ip_json
from .interface_list import UNREAD, one_by_one

if t.TYPE_CHECKING:
    from .interfaces import Interfaces


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
    :param interfaces: what sysfs tells, where `ip` does not; nothing is asked of it unless told.
    """

    def __init__(self, run: Run, interfaces: Interfaces | None = None) -> None:
        self._run = run
        self._by_sysfs = interfaces
        self.unread: dict[str, str] = {}  # what could not be read up to now -> why

    def interfaces(self) -> list[dict[str, t.Any]]:
        """Every interface with its addresses: `ip -j -d address show`.

        Where that cannot be read, `ip` is asked for each, and what it does not tell sysfs tells in part
        (interface_list.UNREAD).

        :raises KernelRefused: it cannot be read, and sysfs has no interfaces.
        """
        try:
            found, why = self._interfaces("-d", "address", "show"), ""
        except KernelRefused as refused:
            found, why = [], str(refused)
        names = self._by_sysfs.names() if self._by_sysfs and not found else []
        if names and self._by_sysfs:
            found = one_by_one(self._interfaces, self._by_sysfs)
        elif why:
            raise KernelRefused(why.rstrip("."), remedy="look at what it prints; a newer iproute2 may tell")
        self.unread.update({f"interface {each['ifname']}": each[UNREAD] for each in found if UNREAD in each})
        return found

    def default_route_interfaces(self) -> set[str]:
        """Names of the interfaces of default routes: `ip route show table all default`, IPv4 and IPv6.

        :raises KernelRefused: they cannot be read.
        """
        words = ("route", "show", "table", "all", "default")
        routes = self._routes("-4", *words) + self._routes("-6", *words)
        return {name for route in routes for name in _route_interfaces(route)}

    def interface_towards(self, address: str, source: str) -> str | None:
        """The interface that packets from one of our addresses leave through: `ip route get ADDRESS from SOURCE`.

        :returns: None where there is no route.
        :raises KernelRefused: what `ip` prints cannot be read.
        """
        origin = ["from", source] if source else []
        words = ("-j", "route", "get", address, *origin)
        code, out, _error = self._run(["ip", *words])
        routes = _parsed(ip_json.routes, out, words) if code == 0 else []
        return routes[0].get("dev") if routes else None

    def vf_attributes(self, name: str) -> dict[int, VfAttributes]:
        """What the driver of a PF enforces on each of its VFs: `ip -j -d link show dev NAME`.

        :raises KernelRefused: it cannot be read.
        """
        return vf_attributes(self._interfaces("-d", "link", "show", "dev", name))

    def set_up(self, name: str, up: bool) -> None:
        """`ip link set dev NAME up` or `down`."""
        self._do("link", "set", "dev", name, "up" if up else "down")

    def set_mtu(self, name: str, mtu: int) -> None:
        """`ip link set dev NAME mtu N`."""
        self._do("link", "set", "dev", name, "mtu", str(mtu))

    def xdp_program(self, name: str) -> int | None:
        """The number of the XDP program that is attached; None for none.

        :raises KernelRefused: it cannot be read.
        """
        found = self._interfaces("-d", "link", "show", "dev", name)
        programs = [entry["xdp"].get("prog") or {} for entry in found if "xdp" in entry]
        return programs[0].get("id", 0) if programs else None

    def attach_xdp(self, name: str, pin: str, generic: bool) -> None:
        """`ip link set dev NAME xdpdrv pinned PIN`, or `xdpgeneric`; refused where another program is attached."""
        self._do("link", "set", "dev", name, "xdpgeneric" if generic else "xdpdrv", "pinned", pin)

    def detach_xdp(self, name: str, generic: bool) -> None:
        """`ip link set dev NAME xdpdrv off`, or `xdpgeneric`."""
        self._do("link", "set", "dev", name, "xdpgeneric" if generic else "xdpdrv", "off")

    def batch(self, lines: t.Sequence[t.Sequence[str]]) -> None:
        """`ip -batch -`: all lines in one process, up to the first that fails.

        :raises BatchFailed: with the number of lines done.
        """
        text = "".join(" ".join(words) + "\n" for words in lines)
        code, _out, error = self._run(["ip", "-batch", "-"], text)
        if code != 0:
            number = re.search(r"^Command failed -:(\d+)", error, re.MULTILINE)
            done = min(int(number.group(1)), len(lines)) - 1 if number else 0
            why = " ".join(line for line in error.splitlines() if not line.startswith("Command failed"))
            raise BatchFailed(f"`ip {join(lines[done])}` failed", done, why.strip() or f"exit status {code}")

    def _interfaces(self, *words: str) -> list[dict[str, t.Any]]:
        return _parsed(ip_json.interfaces, self._do("-j", *words), ("-j", *words))

    def _routes(self, *words: str) -> list[dict[str, t.Any]]:
        return _parsed(ip_json.routes, self._do("-j", *words), ("-j", *words))

    def _do(self, *words: str) -> str:
        code, out, error = self._run(["ip", *words])
        if code != 0:
            raise KernelRefused(f"`ip {join(words)}` failed", why=error.strip() or f"exit status {code}")
        return out


def _parsed(
    parse: t.Callable[[str], list[dict[str, t.Any]]], text: str, words: t.Sequence[str]
) -> list[dict[str, t.Any]]:
    """:raises KernelRefused: what `ip` prints is not what it should be."""
    try:
        return parse(text)
    except ip_json.Garbled as garbled:
        raise KernelRefused(f"`ip {join(words)}` prints no JSON that can be read", why=str(garbled)) from None


def _route_interfaces(route: dict[str, t.Any]) -> list[str]:
    hops = route.get("nexthops", [])
    return [hop["dev"] for hop in [route, *hops] if "dev" in hop]


def vf_attributes(entries: list[dict[str, t.Any]]) -> dict[int, VfAttributes]:
    """Of all VFs that interfaces in `ip`'s JSON have."""
    return {vf["vf"]: parse_vf(vf) for entry in entries for vf in entry.get("vfinfo_list", []) if "vf" in vf}
