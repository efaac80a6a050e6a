# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Samples a driver's statistics; what they mean is worked out in rates.py."""

from __future__ import annotations

import typing as t

from ..errors import (
    DeviceNotFound,
    InvalidRequest,
    KernelRefused,
    NotPermitted,
    NotSupported,
    SriovError,
    TookTooLong,
)
from ..kernel.bounded import StillBlocked, bounded
from ..kernel.searching import CPU, TooMuch, found_in
from ..kernel.users import user_label
from .names import find_interface
from .not_seen import not_seen
from .rate_report import report, samples
from .rates import Reading, request, sample
from .socket_rates import socket_rates

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel


class Sampled(t.NamedTuple):
    """Return values of module rx_rate, and what the user should know beside them."""

    values: dict[str, t.Any]
    warnings: list[str]


class Chosen:
    """The counters that a pattern chooses, among those that were looked at; each is searched once."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.seen: set[str] = set()
        self.names: set[str] = set()

    def look_at(self, counters: t.Iterable[str]) -> None:
        """:raises InvalidRequest: that takes too long."""
        new = [name for name in counters if name not in self.seen]
        if not new:
            return
        try:
            self.names.update(found_in(self._pattern, new))
        except TooMuch:
            raise InvalidRequest(
                f"pattern: {self._pattern!r} takes more than {CPU} s to search",
                why="it matches one name in very many ways: a repetition within a repetition does",
                remedy="write it without",
            ) from None
        self.seen.update(new)


def _began_again(interface: str, queues: t.Sequence[int]) -> list[str]:
    if not queues:
        return []
    what = f"queue{'s' * (len(queues) > 1)} {', '.join(map(str, queues))} of {interface}"
    why = "a zero-copy AF_XDP socket was bound there or closed, or the driver has set up the card anew"
    return [f"the counters of {what} went back meanwhile, so that they and their sum have no rate: {why}"]


class Sampler:
    """Samples one interface.

    :param timeout: seconds for one reading.
    :param clock: seconds, monotonic and the same in all processes.
    """

    def __init__(
        self, kernel: Kernel, timeout: int, clock: t.Callable[[], float], sleep: t.Callable[[float], None]
    ) -> None:
        self._kernel = kernel
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep

    def sample(
        self,
        name: str,
        seconds: float,
        interval: float | None,
        pattern: str,
        idle: bool = False,
        sockets: bool = False,
    ) -> Sampled:
        """Read, wait, read again.

        :param name: interface name, altname, MAC or PCI address.
        :param seconds: how long.
        :param interval: seconds between readings that are reported too; None for none.
        :param pattern: which counters are reported.
        :param idle: report queues on which nothing moved as well.
        :param sockets: report what AF_XDP sockets lose.
        :raises SriovError: an option that cannot be meant, no such interface, no statistics.
        """
        wanted = request(seconds, interval, pattern)
        interface = find_interface(self._kernel, name)
        chosen = Chosen(wanted.pattern)

        def read() -> Reading:
            reading = self._read(interface)
            chosen.look_at(reading.counters)
            return reading._replace(sockets=self._sockets(interface)) if sockets else reading

        readings = sample(read, wanted.ends, self._clock, self._sleep)
        in_use, driver = self._kernel.interfaces.rx_queues(interface), self._kernel.interfaces.driver(interface) or ""
        each = {} if interval is None else {"samples": samples(readings, chosen.names, driver)}
        found = report(readings, chosen.names, in_use, driver, idle)
        lost = {"sockets": socket_rates(readings)} if sockets else {}
        unnamed = chosen.seen and not chosen.names
        warnings = [f"pattern: no counter of {interface} is named so: {pattern!r}"] if unnamed else []
        warnings += _began_again(interface, [each["queue"] for each in found["since_reset"]])
        seen = {"interface": interface, **found, **each, **lost, "not_seen": not_seen(self._kernel)}
        return Sampled(seen, warnings)

    def _read(self, interface: str) -> Reading:
        """In a child process: the kernel answers under the RTNL lock, which another change may hold for long."""
        ethtool, interfaces = self._kernel.ethtool, self._kernel.interfaces
        try:
            at, counters, kernel, refused, failed = bounded(
                lambda: [
                    self._clock(),
                    ethtool.statistics(interface),
                    interfaces.statistics(interface),
                    ethtool.refused,
                    ethtool.failed,
                ],
                self._timeout,
            )
        except StillBlocked:
            raise TookTooLong(
                f"the statistics of {interface} could not be read in {self._timeout} s",
                why="another change of a network interface holds the RTNL lock, or the card does not answer",
                remedy="see dmesg, and find the process that blocks",
            ) from None
        ethtool.refused.update(refused)
        ethtool.failed.update(failed)
        if not counters and (interface in ethtool.refused or not kernel):
            raise self._silent(interface)
        return Reading(at, counters, kernel)

    def _sockets(self, interface: str) -> dict[tuple[int, int], dict[str, int]]:
        """What is not told is noted."""
        number = self._kernel.interfaces.number(interface, "ifindex")
        try:
            told = self._kernel.netlink.sockets.xdp_losses()
        except (KernelRefused, TookTooLong) as error:
            self._kernel.note(f"what AF_XDP sockets of {interface} lose", str(error))
            return {}
        return {(each.queue, each.inode): each.counts for each in told if each.ifindex == number}

    def _silent(self, interface: str) -> SriovError:
        if not self._kernel.interfaces.exists(interface):
            return DeviceNotFound(
                f"{interface} went away while it was sampled",
                why="it was renamed, its driver was unbound, or its PF removed it",
                remedy="see dmesg, and run it again when the interface is there",
            )
        if interface in self._kernel.ethtool.refused:
            user = user_label(self._kernel.system.effective_user())
            return NotPermitted(
                f"pf: the statistics of {interface} may not be read",
                why=f"this runs as user {user}",
                remedy="become: true",
                errno=self._kernel.ethtool.refused[interface],
            )
        return NotSupported(
            f"pf: {interface} has no statistics",
            why=f"its driver ({self._kernel.interfaces.driver(interface) or 'none'}) gives nothing for `ethtool -S`, "
            "and the kernel has no counters of it",
            remedy="name another interface",
        )
