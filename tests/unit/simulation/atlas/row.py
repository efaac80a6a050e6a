# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of a driver's row. Errnos are those that the driver answers; 0: it refuses nothing."""

from __future__ import annotations

import errno
import typing as t
from dataclasses import dataclass, field

ENOTSUPP = 524  # include/linux/errno.h: not meant for user space, and yet told
ZERO = "00:00:00:00:00:00"
AS_SET = object()  # Attribute.told: what was set
FULL, FREE = "full", "free"
PER_TYPE, PER_PORT = "flow type", "port"
TCP_UDP = "tcp4 udp4 tcp6 udp6"
IP = "ip4 ip6"
SCTP = "sctp4 sctp6"


@dataclass(frozen=True)
class Attribute:
    """What becomes of a word of `ip link set dev PF vf N`.

    :param refuses: whatever is asked for.
    :param never: value -> errno.
    :param values: those that it takes; every other is answered with `otherwise`.
    :param least: numbers below are answered with `otherwise`, 0 excepted; `most` likewise.
    :param step: numbers that are no multiples of it are answered with `otherwise`; rounds: are rounded in silence.
    :param link_most: numbers above the link's speed are answered with `otherwise`.
    :param kept: False: accepted, and nothing comes of it.
    :param told: AS_SET, a constant, "speed" (of the link), "in a VLAN" (else 0),
        "administrator's" (what a VF's driver has made up is not told), or None: the driver does not tell.
    :param none: how it tells that there is none (0).
    :param starts: what a new VF has.
    :param needs: "up" or "link": else everything is answered with `lacking`; without_zero: but 0. "vlan" or "mac": of
        the VF, for anything but 0.
    """

    refuses: int = 0
    never: t.Mapping[t.Any, int] = field(default_factory=dict)
    values: tuple[t.Any, ...] | None = None
    otherwise: int = errno.EINVAL
    least: int = 0
    most: int | None = None
    step: int = 1
    rounds: int = 1
    link_most: bool = False
    kept: bool = True
    told: t.Any = AS_SET
    none: t.Any = None
    starts: t.Any = None
    needs: str = ""
    lacking: int = errno.EINVAL
    without_zero: bool = False


TAKEN = Attribute()
ABSENT = Attribute(errno.EOPNOTSUPP, told=None)  # no such operation, and nothing is told
DOT1Q = Attribute(values=("802.1Q",), otherwise=errno.EPROTONOSUPPORT)
NO_MIN = Attribute(values=(0,))
STATES = Attribute(values=("auto", "enable", "disable"))


def attributes(**differing):
    """All attributes of a driver: those that most have, with what differs in this one."""
    return {
        **{"mac": TAKEN, "vlan": Attribute(most=4095), "qos": Attribute(most=7), "vlan_proto": DOT1Q},
        **{"max_tx_rate": TAKEN, "min_tx_rate": NO_MIN, "spoofchk": TAKEN, "link_state": STATES},
        **{"query_rss": ABSENT, "trust": TAKEN},
        **differing,
    }


@dataclass(frozen=True)
class NumVfs:
    """What a write to sriov_numvfs does.

    :param most: more are answered with `above`; above=0: so many come, with success.
    :param down: while the PF is down; SILENT: success, and none come.
    :param silent: always success, and none come.
    :param sysfs: the driver has sriov_configure(); False: ENOENT.
    """

    most: int | None = None
    above: int = 0
    down: int | str = 0
    silent: bool = False
    sysfs: bool = True


SILENT = "success"


@dataclass(frozen=True)
class Channels:
    """`ethtool -L`, and the RSS table.

    :param kind: "combined", "apart" (rx and tx), or "none": no such operation.
    :param with_rules: errno while there is any rule.
    :param with_vfs: errno beside VFs.
    :param size: number of channels -> entries of the table.
    :param powers: the table must be 0, 1 … n - 1 again and again, n a power of two.
    :param fixed_size: a table that was set by hand may not change its size (EINVAL).
    """

    kind: str = "combined"
    most: int = 8
    with_rules: int = 0
    with_vfs: int = 0
    size: t.Callable[[int], int] = lambda _channels: 128
    powers: bool = False
    fixed_size: bool = False
    forgets_below: bool = False  # a table set by hand is gone when there are fewer queues than before


@dataclass(frozen=True)
class ToVf:
    """Where a rule with a VF in its action leads.

    :param leads: "queue", "rss" (of the VF), "own frames" (of what is that VF's already), "pf".
    :param exists: the VF must exist.
    :param queues: queues that a VF may have; more are EINVAL; None: not checked.
    :param types: flow types that may lead there; every other is answered with `otherwise`.
    :param told_queue: None: as asked.
    """

    leads: str
    exists: int = errno.EINVAL
    queues: int | None = None
    types: str = ""
    otherwise: int = errno.EOPNOTSUPP
    told_queue: int | None = None


@dataclass(frozen=True)
class Rules:
    """Flow rules.

    :param types: flow types; another is answered with `other_type`.
    :param refused: field -> errno.
    :param ignored: fields that nobody compares and nobody tells, by flow type.
    :param partly_ignored: fields that are ignored unless all their bits are compared.
    :param required: fields without which a flow type is EOPNOTSUPP.
    :param masks: FULL: of all bits or none, else `mask_error`.
    :param free_masks: fields that may have any mask all the same.
    :param one_mask: field -> the one mask that it may have, else `mask_error`.
    :param one_set: rules of one flow type, or of the port, compare the same fields: else `set_error`.
    :param shapes: sets of fields that there may be at all, else `set_error`.
    :param to_vf: ToVf, or the errno of every action with a VF.
    :param queue_beyond: a queue that the PF has not; 0: it is taken for another function's.
    :param beyond: a location past the end. any_only: the driver chooses places, a location is EINVAL.
    :param occupied: 0: the rule there is replaced.
    :param same: another rule for the same flow.
    :param ntuple: "on", "off" (changeable, and so it begins) or "none".
    :param needs_ntuple: errno while it is off.
    :param off_drops: switching it off drops the rules.
    :param told: "exact", "no masks", "ipv4 masks" or "absolute queue".
    :param dropped_by: "channels", "down", "mtu", "vfs".
    """

    types: str
    other_type: int = errno.EOPNOTSUPP
    refused: t.Mapping[str, int] = field(default_factory=dict)
    ignored: t.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    partly_ignored: tuple[str, ...] = ()
    required: t.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    masks: str = FREE
    free_masks: tuple[str, ...] = ()
    mask_error: int = errno.EOPNOTSUPP
    one_mask: t.Mapping[str, int] = field(default_factory=dict)
    one_set: str = ""
    set_error: int = errno.EOPNOTSUPP
    shapes: tuple[frozenset[str], ...] = ()
    to_vf: ToVf | int = errno.EINVAL
    queue_beyond: int = errno.EINVAL
    size: int = 1024
    beyond: int = errno.EINVAL
    any_only: bool = False
    lists_count: bool = False
    occupied: int = 0
    same: int = 0
    ntuple: str = "on"
    needs_ntuple: int = 0
    off_drops: bool = True
    needs_up: int = 0
    told: str = "exact"
    dropped_by: tuple[str, ...] = ()
    empty: int = 0  # a rule that compares nothing


@dataclass(frozen=True)
class Row:
    """A driver, with one of its cards.

    :param section: where the facts are from.
    :param attributes: None: there are none, and VFs are not listed.
    :param hides_vfs: VFs are not listed, and have attributes all the same.
    :param hidden_while_down: VFs are not listed while the PF is down.
    """

    name: str
    section: str
    driver: str
    vf_driver: str
    vendor: str
    device: str
    vf_device: str
    numvfs: NumVfs = NumVfs()
    attributes: t.Mapping[str, Attribute] | None = field(default_factory=attributes)
    channels: Channels = Channels()
    rules: Rules | None = None
    hidden_while_down: bool = False
    hides_vfs: bool = False
    total_vfs: int = 16
    speed: int = 25000
