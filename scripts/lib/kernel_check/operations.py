# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations and devices that a driver has in the kernel's source, and what our data says of each."""

from __future__ import annotations

import re
import typing as t

from .source import Release

_ASSIGNED = re.compile(r"(?<![\w\])])\.(\w+)\s*=\s*(?!NULL\b)&?[A-Za-z_]")
VF_RULES = "ethtool_get_flow_spec_ring_vf"
"""Not an operation but what a driver calls that looks for a VF in an ntuple rule."""


def operations(texts: t.Iterable[str]) -> set[str]:
    """Which of OPERATIONS the files of a driver have."""
    found = set()
    for text in texts:
        found |= {name for name in _ASSIGNED.findall(text) if name in OPERATIONS}
        if re.search(rf"\b{VF_RULES}\s*\(", text):
            found.add(VF_RULES)
    return found


def devices(texts: t.Sequence[str], driver: t.Any) -> set[str]:
    """Which of the devices that our data tells apart ("vendor:device") the files of a driver name."""
    numbers = {int(number, 16) for text in texts for number in re.findall(r"\b0[xX]([0-9a-fA-F]{4})\b", text)}
    return {device for device in driver.chips if int(device.partition(":")[2], 16) in numbers}


def says(driver: t.Any, operation: str, release: Release) -> bool | None:
    """Whether the driver has it by our data; None: the data does not tell.

    :param driver: a knowledge.driver.Driver.
    """
    return OPERATIONS[operation](driver, release)


_OF_A_VF = {"mac", "vlan", "max_tx_rate", "spoofchk", "trust", "link_state", "query_rss"}
_Claim = t.Callable[[t.Any, Release], t.Optional[bool]]


def _attribute(name: str) -> _Claim:
    """A VF attribute: what is known of none of them is not known of this one."""

    def claim(driver: t.Any, _release: Release) -> bool | None:
        support = driver.vf_support
        return None if support == type(support)() else name not in support.refuses

    return claim


def _where(rests: t.Callable[[t.Any], t.Any]) -> _Claim:
    """Facts that there are only with the operation; where there is none of them, nothing is said."""
    return lambda driver, _release: True if rests(driver) else None


def _unsaid(_driver: t.Any, _release: Release) -> None:
    """Our data has no column that rests on it."""


def _tells_attributes(driver: t.Any, _release: Release) -> bool | None:
    """Whether there is one that it tells."""
    support = driver.vf_support
    if support == type(support)():
        return None
    return bool(_OF_A_VF - {*support.refuses, *support.untold})


def _vf_rules(driver: t.Any, _release: Release) -> bool | None:
    steering = driver.steering
    return None if steering == type(steering)() else steering.vf


def _native_xdp(driver: t.Any, release: Release) -> bool | None:
    return True if driver.xdp and driver.xdp.native <= release else None


def _zero_copy(driver: t.Any, release: Release) -> bool | None:
    return bool(driver.xdp.zero_copy and driver.xdp.zero_copy <= release) if driver.xdp else None


def _makes_vfs(driver: t.Any, _release: Release) -> bool | None:
    """By sysfs, that is. The keys of `causes` are those of knowledge.driver."""
    if not driver.creates_vfs:
        return False
    known = driver.vf_limits or driver.vf_driver or driver.interface_with_vfs or driver.vf_change
    return True if known or "sriov_numvfs" in driver.causes else None


def _sets_channels(driver: t.Any) -> bool:
    return bool(driver.keeps_channels or driver.most_channels or "ethtool -L" in driver.causes)


def _takes_rules(driver: t.Any) -> bool:
    return bool(driver.steering.flow_types or driver.hash_fields or "ethtool -N" in driver.causes)


OPERATIONS: dict[str, _Claim] = {
    "sriov_configure": _makes_vfs,
    "ndo_get_vf_config": _tells_attributes,
    "ndo_set_vf_mac": _attribute("mac"),
    "ndo_set_vf_vlan": _attribute("vlan"),
    "ndo_set_vf_rate": _attribute("max_tx_rate"),
    "ndo_set_vf_spoofchk": _attribute("spoofchk"),
    "ndo_set_vf_trust": _attribute("trust"),
    "ndo_set_vf_link_state": _attribute("link_state"),
    "ndo_set_vf_rss_query_en": _attribute("query_rss"),
    "ndo_set_vf_guid": _unsaid,
    "ndo_set_vf_port": _unsaid,
    "set_channels": _where(_sets_channels),
    "set_rxfh": _where(lambda driver: driver.hash_functions is not None),
    "set_rxnfc": _where(_takes_rules),
    VF_RULES: _vf_rules,
    "ndo_bpf": _native_xdp,
    "ndo_xsk_wakeup": _zero_copy,
}
