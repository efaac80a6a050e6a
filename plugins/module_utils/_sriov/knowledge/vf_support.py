# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What can be known of how a PF's driver treats the attributes of its VFs: Driver.vf_support."""

from __future__ import annotations

import typing as t

# When a driver takes a rate of a VF only while the PF has a link.
A_LIMIT, ANY_RATE = "a limit", "any"  # ANY_RATE: also 0, which takes a limit away
LINK_SPEED = -1


class Rates(t.NamedTuple):
    """What a driver takes as max_tx_rate of a VF, in Mbit/s; 0, no limit, aside.

    :param least: the least.
    :param most: the greatest; None: not known, or that of the link (within_link).
    :param step: there are multiples of it only, whatever the driver tells afterwards.
    :param needs_link: "", A_LIMIT or ANY_RATE.
    :param speed: it takes any rate, 0 too, only while the link has this speed; None: it does not look at that.
    :param within_link: it takes none above the speed of the link.
    :param needs_vlan: a limit is in force, and told, only for a VF that has a VLAN.
    """

    least: int = 1
    most: int | None = None
    step: int = 1
    needs_link: str = ""
    speed: int | None = None
    within_link: bool = False
    needs_vlan: bool = False


class VfSupport(t.NamedTuple):
    """What a driver enforces on its VFs.

    :param refuses: attribute -> why a value other than the default is refused.
    :param values: attribute -> the values it takes.
    :param rates: None: not known.
    :param absent: attribute -> the value, above 0, by which the driver tells that there is none; LINK_SPEED: that.
    :param untold: attributes that it takes, and never tells.
    :param starts: attribute -> what a new VF has of it; those that are the same with every driver aside.
    :param jumbo_after_pf: a VF gets an MTU above 1500 only while the PF has one.
    """

    refuses: t.Mapping[str, str] = {}
    values: t.Mapping[str, tuple[str, ...]] = {}
    rates: Rates | None = None
    absent: t.Mapping[str, int] = {}
    untold: tuple[str, ...] = ()
    starts: t.Mapping[str, t.Any] = {}
    jumbo_after_pf: bool = False


# Reasons of VfSupport.refuses that many drivers share.
NO_LEAST = {"min_tx_rate": "it has no least rate"}
NO_RATES = {**NO_LEAST, "max_tx_rate": "it limits no rates"}
NO_TABLE = {"query_rss": "it tells VFs no RSS table"}
NO_TRUST = {"trust": "it trusts all VFs alike"}
NO_CHECK = {"spoofchk": "it has no such check"}
NO_PRIORITY = {"qos": "it gives VLANs no priority"}
NO_LINK_STATE = {"link_state": "it leaves a VF's link to the PF's"}
# Of drivers without any ndo_set_vf_*.
NOTHING = dict.fromkeys(
    (
        *("mac", "vlan", "qos", "vlan_proto", "spoofchk", "trust", "min_tx_rate", "max_tx_rate", "link_state"),
        "query_rss",
    ),
    "it has no attributes of VFs",
)
ONLY_8021Q = {"vlan_proto": ("802.1Q",)}
