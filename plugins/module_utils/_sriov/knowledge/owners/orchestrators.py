# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Programs that give functions away or set them for others: driverctl, Debian's dpdk, Kubernetes, OpenStack, LXD."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ...model.owners import Place
from .kind import Found, Kind, at_most_maybe, either, judged, may_be
from .lines import logical, settings, short
from .names import ADDRESS, by_name, of_address, unquoted

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.owners import ConfigFile, OwnedPf
    from .kind import Verdict

DRIVERCTL = (Place(("/etc/driverctl.d",), "pci-*"),)
DPDK = (Place(("/etc/dpdk",), "interfaces"),)
SNO_PFS = (Place(("/etc/sriov-operator/pci",), "*"),)
SNO = (
    Place(("/etc/sriov-operator", "/var/lib/sriov"), "sriov-interface-config.yaml"),
    Place(("/etc/systemd/system",), "sriov-config.service"),
    Place(("/etc/systemd/system",), "sriov-config-post-network.service"),
)
OS_NET_CONFIG = (
    Place(("/var/lib/os-net-config",), "sriov_config.yaml"),
    Place(("/etc/systemd/system",), "sriov_config.service"),
)
NEUTRON = (Place(("/etc/neutron/plugins/ml2",), "sriov_agent.ini"),)
NAME = re.compile(r"\s*-?\s*[\"']?name[\"']?\s*:\s*(\S+)")
TYPE = re.compile(r"\s*-?\s*[\"']?device_type[\"']?\s*:\s*[\"']?(\w+)")


def _driverctl(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in files:
        address = posixpath.basename(file.path)[len("pci-") :]
        driver = short(file.text) or "no driver"
        yield from judged(file.path, 0, f"gives {address} {driver}", pfs, _function, address)


def _function(text: str, pf: OwnedPf) -> Verdict:
    """The PF or one of its VFs."""
    return of_address(text, (pf.address, *pf.vfs)) if ADDRESS.fullmatch(text.lower()) else False


def _dpdk(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """Lines `pci ADDRESS DRIVER`, of /lib/dpdk/dpdk-init."""
    for file in files:
        for line in logical(file.text):
            words = line.text.split()
            if len(words) > 1 and words[0] == "pci":
                yield from judged(file.path, line.number, short(line.text), pfs, _function, words[1])


def _sno_pfs(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """A file for each PF that it has set: pkg/host/store."""
    for file in files:
        address = posixpath.basename(file.path)
        yield from judged(file.path, 0, "is its record of it", pfs, _function, address)


def _sno(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """`pciAddress:` of its configuration; its units alone say that it is on this host, and not which PFs it has."""
    for file in files:
        if not file.path.endswith(".yaml"):
            yield from judged(file.path, 0, "is there: it is on this host", pfs, may_be)
            continue
        for line in logical(file.text):
            key, _colon, value = line.text.lstrip("- ").partition(":")
            if key.lower() == "pciaddress":
                yield from judged(file.path, line.number, short(line.text), pfs, _function, unquoted(value))


def _os_net_config(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """A list of mappings; a new one begins with "- "."""
    for file in files:
        if not file.path.endswith(".yaml"):
            yield from judged(file.path, 0, "is there: it is on this host", pfs, may_be)
            continue
        for entry in _entries(file.text):
            types = [match.group(1) for match in (TYPE.match(text) for _number, text in entry) if match]
            names = [(number, text, NAME.match(text)) for number, text in entry]
            for number, text, match in names if types != ["vf"] else ():
                if match:
                    yield from judged(file.path, number, short(text), pfs, by_name, match.group(1))


def _entries(text: str) -> list[list[tuple[int, str]]]:
    entries: list[list[tuple[int, str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        if line.startswith("-") or not entries:
            entries.append([])
        entries[-1].append((number, line))
    return entries


def _neutron(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """physical_device_mappings = NETWORK:PF,NETWORK:PF; whether the agent runs is not looked at: never a proof."""
    for file in files:
        for each in settings(file.text):
            if each.key == "physical_device_mappings" and each.value:
                names = [word.strip().rpartition(":")[2] for word in each.value.split(",")]
                yield from judged(file.path, each.line, each.text, pfs, _of_names, names)


def _of_names(names: Sequence[str], pf: OwnedPf) -> Verdict:
    return at_most_maybe(either(by_name(name, pf) for name in names))


KINDS = (
    Kind(
        "driverctl",
        DRIVERCTL,
        _driverctl,
        "`driverctl unset-override ADDRESS`, with --nosave where the device is in use",
        sets="drivers",
    ),
    Kind("Debian's dpdk.service", DPDK, _dpdk, "remove the line, or `systemctl disable dpdk`", sets="drivers"),
    Kind(
        "sriov-network-operator",
        SNO_PFS,
        _sno_pfs,
        "take the PF out of its SriovNetworkNodePolicy first: it sets it whenever that is another",
    ),
    Kind(
        "sriov-network-operator",
        SNO,
        _sno,
        "take the PF out of its SriovNetworkNodePolicy first: it sets it whenever that is another",
    ),
    Kind(
        "os-net-config",
        OS_NET_CONFIG,
        _os_net_config,
        "take the PF (`type: sriov_pf`) out of its configuration, and run it again",
    ),
    Kind(
        "the SR-IOV agent of OpenStack Neutron",
        NEUTRON,
        _neutron,
        "take the PF out of physical_device_mappings, or leave its VFs to the agent",
        sets="attributes of VFs",
        words=("physical_device_mappings",),
    ),
)
