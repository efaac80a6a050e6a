# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What programs that use DPDK without root need of a host: names of accounts, and texts of files. Data only."""

from __future__ import annotations

import re
import typing as t

from ..errors import InvalidRequest
from .paths import BOOT_UNIT, UNIT_FILES

LIMITS = "/etc/security/limits.d"  # of log-ins (pam_limits); services have their own
LIMITS_FILE = f"{LIMITS}/kernel-bypass-sriov-dpdk.conf"  # module platform has one of its own
LIMITS_OF_ALL = "/etc/security/limits.conf"
DROP_IN = "kernel-bypass-sriov.conf"
QUEUE_DROP_IN = "kernel-bypass-sriov-queue.conf"  # beside it: a service may have VFs and queues
DPDK_SERVICE = "dpdk.service"  # Debian's: binds devices and sets hugepages at boot
SERVICE_LINK = f"{UNIT_FILES}/{DPDK_SERVICE}"
SERVICE_SHIPPED = (f"/usr/lib/systemd/system/{DPDK_SERVICE}", f"/lib/systemd/system/{DPDK_SERVICE}")
SERVICE_PAGES = "/etc/dpdk/dpdk.conf"  # hugepages that it sets
SERVICE_SETTINGS = ("/etc/dpdk/interfaces", SERVICE_PAGES)
DEBIAN = "/etc/debian_version"
WRITTEN = "# Written by the Ansible collection kernel_bypass.sriov, role dpdk: what is changed here is lost.\n"
QUEUE_WRITTEN = WRITTEN.replace("role dpdk", "role queue_bypass")
ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?", re.ASCII)  # useradd(8), and what others allow
LONGEST = 32
NOTHING = re.compile(r"\s*\w+\s*=\s*[\"']?0*[\"']?\s*(#.*)?")  # NR_2M_PAGES=0


class DesiredDpdk(t.NamedTuple):
    """What is wanted.

    :param memlock: log-ins of the group may lock as much memory as they want.
    :param units: services of the user's own, by whole name.
    :param after_boot_unit: they start after the boot unit, and not where that failed.
    :param creates_users: those that are not there, as system users.
    :param masks: Debian's dpdk.service does not start.
    :param queue_units: services that read from queues by AF_XDP.
    """

    group: str
    users: tuple[str, ...] = ()
    memlock: bool = True
    units: tuple[str, ...] = ()
    after_boot_unit: bool = False
    masks: bool = True
    creates_users: bool = False
    queue_units: tuple[str, ...] = ()

    @property
    def every_unit(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.units, *self.queue_units)))


class DpdkService(t.NamedTuple):
    """Debian's dpdk.service.

    :param expected: it is there, or comes with the package of this distribution.
    :param link: what stands in its place in /etc is a link to this; None for none.
    :param own: what stands there is a file of somebody's own.
    :param configured: what it would do, "/etc/dpdk/interfaces:5: pci 0000:01:00.1 vfio-pci" each.
    """

    expected: bool = False
    link: str | None = None
    own: bool = False
    configured: tuple[str, ...] = ()


class FoundDpdk(t.NamedTuple):
    """What there is.

    :param has_group: the group is there.
    :param groups: of each user that was asked for, the names of its groups; None for no such user.
    :param limits: where the group's log-ins have their limit from already; None where they have none.
    :param drop_ins: the text of each drop-in that is wanted, by path; None for none.
    :param known_units: those that systemd knows.
    :param boot_unit: that of module boot_state is there.
    :param names_taken: users that are not there, and groups of their names are.
    """

    has_group: bool
    groups: t.Mapping[str, t.Sequence[str] | None]
    limits: str | None
    drop_ins: t.Mapping[str, str | None]
    known_units: t.Collection[str]
    service: DpdkService = DpdkService()
    boot_unit: bool = True
    names_taken: t.Collection[str] = ()


class LeftOfDpdk(t.NamedTuple):
    """What says that this collection has written it.

    :param files: path -> text.
    :param masked: dpdk.service is a link to nothing; by whom is not known.
    """

    files: t.Mapping[str, str]
    masked: bool = False


def account_name(place: str, kind: str, name: str) -> str:
    """:raises InvalidRequest: no account can be called so.

    :param place: the option, as users write it.
    :param kind: "group" or "user".
    """
    if not ACCOUNT.fullmatch(name) or len(name) > LONGEST:
        remedy = f"letters, digits, dot, dash and underscore, at most {LONGEST}; no digit or dash first"
        raise InvalidRequest(f"{place}: {name!r} is no name of a {kind}", remedy=remedy)
    return name


def drop_in_path(unit: str, name: str = DROP_IN) -> str:
    return f"{UNIT_FILES}/{unit}.d/{name}"


def drop_ins(desired: DesiredDpdk) -> dict[str, str]:
    """The text of each that is wanted, by path."""
    for_vfs = {drop_in_path(unit): drop_in(desired) for unit in desired.units}
    return {**for_vfs, **{drop_in_path(unit, QUEUE_DROP_IN): queue_drop_in(desired) for unit in desired.queue_units}}


def drop_in(desired: DesiredDpdk) -> str:
    """systemd.exec(5): limits of log-ins are not those of services."""
    return f"{WRITTEN}{_order(desired)}[Service]\n{_memory_and_group(desired)}"


def queue_drop_in(desired: DesiredDpdk) -> str:
    """A socket of AF_XDP needs CAP_NET_RAW, and counts its memory as locked."""
    return f"{QUEUE_WRITTEN}{_order(desired)}[Service]\nAmbientCapabilities=CAP_NET_RAW\n{_memory_and_group(desired)}"


def _order(desired: DesiredDpdk) -> str:
    return f"[Unit]\nRequires={BOOT_UNIT}\nAfter={BOOT_UNIT}\n\n" if desired.after_boot_unit else ""


def _memory_and_group(desired: DesiredDpdk) -> str:
    return f"LimitMEMLOCK=infinity\nSupplementaryGroups={desired.group}\n"


def limits(group: str) -> str:
    return WRITTEN + memlock_line(group)


def memlock_line(group: str) -> str:
    """limits.conf(5): both limits, for log-ins of a group."""
    return f"@{group} - memlock unlimited\n"


def gives_memlock(text: str, group: str) -> bool:
    """Whether a file of limits lifts that of the group: "hard" alone is not enough, as nobody raises the soft one."""
    found = [line.partition("#")[0].split() for line in text.splitlines()]
    lifted = {
        kind
        for who, kind, item, value in (words for words in found if len(words) == 4)
        if who == f"@{group}" and item == "memlock" and value in ("unlimited", "infinity", "-1")
    }
    return "-" in lifted or {"soft", "hard"} <= lifted


def active_lines(path: str, text: str) -> list[str]:
    """What a file of dpdk.service asks for, with where it stands."""
    return [
        f"{path}:{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#") and not NOTHING.fullmatch(line)
    ]
