# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""NetworkManager: profiles, defaults of devices, and profiles in the form of ifcfg files."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ...model.owners import Place
from ...model.paths import settings_folders
from .kind import Found, Kind, at_most_maybe, both, either, judged, unless
from .lines import settings, value_of
from .names import WILD, by_address, by_driver, by_mac, by_name

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.owners import ConfigFile, OwnedPf
    from .kind import Verdict
    from .lines import Setting

PROFILES = tuple(Place((folder,), "*") for folder in settings_folders("NetworkManager/system-connections"))
CONFIGURATION = (
    Place(("/etc/NetworkManager",), "NetworkManager.conf"),
    Place(settings_folders("NetworkManager/conf.d"), "*.conf"),
    Place(("/var/lib/NetworkManager",), "NetworkManager-intern.conf"),
)
IFCFG = (Place(("/etc/sysconfig/network-scripts",), "ifcfg-*"),)
FROM_PACKAGES = ("/usr/", "/lib/")  # profiles there are masked by their uuid
# A section [sriov] counts whatever is in it: total-vfs is 0 where it is left out, and 0 is written too (seen with
# NetworkManager 1.52).
SRIOV = "sriov"
TOMBSTONE = ".nmmeta"
ETHERNET = ("", "ethernet", "802-3-ethernet")
NOT_READ = re.compile(r".*(?:~|\.bak|\.orig|\.rej|\.rpm(?:new|orig|save)|\.augnew|\.augtmp)")


def _profiles(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """A profile of a package is masked by another with its uuid, or by UUID.nmmeta that is a link to /dev/null."""
    profiles = [(file, settings(file.text)) for file in files if not file.masks]
    uuids = {value_of(found, "connection", "uuid") for file, found in profiles if not _from_package(file)}
    masked = {posixpath.basename(file.path) for file in files if file.masks}
    for file, found in profiles:
        uuid = value_of(found, "connection", "uuid")
        hidden = _from_package(file) and uuid and (uuid in uuids or f"{uuid}{TOMBSTONE}" in masked)
        if not hidden and value_of(found, "connection", "type") in ETHERNET:
            yield from _profile(file, found, pfs)


def _profile(file: ConfigFile, found: Sequence[Setting], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    of_sriov = [each for each in found if each.section == SRIOV]
    header = _header(file.text)
    if not header:
        return
    total = next((each for each in of_sriov if each.key == "total-vfs"), None)
    line, what = (total.line, total.text) if total else (header, "[sriov]")
    yield from judged(file.path, line, what, pfs, _of_profile, found)


def _header(text: str) -> int:
    """The line of [sriov]; 0 for none."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.strip() == f"[{SRIOV}]"), 0)


def _of_profile(found: Sequence[Setting], pf: OwnedPf) -> Verdict:
    name = value_of(found, "connection", "interface-name")
    mac = next((value_of(found, each, "mac-address") for each in ("ethernet", "802-3-ethernet")), "")
    match = {key: value_of(found, "match", key) for key in ("interface-name", "path", "driver")}
    return both(
        [
            by_name(name, pf) if name else None,
            by_mac(mac, pf) if mac else None,
            _any(match["interface-name"], lambda word: by_name(word, pf)),
            _any(match["path"], lambda word: by_address(word.replace("pci-", ""), pf)),
            at_most_maybe(_any(match["driver"], lambda word: by_driver(word, pf))),
        ]
    )


def _any(words: str, judge: t.Callable[[str], Verdict]) -> Verdict:
    """[match] of nm-settings(5): a list; "|" and "&" before a word say how it is joined, "!" that it must not be so."""
    bare = [word.lstrip("|&") for word in re.split(r"[;,\s]+", words) if word]
    return either(unless(judge(word[1:])) if word.startswith("!") else judge(word) for word in bare)


def _from_package(file: ConfigFile) -> bool:
    return file.path.startswith(FROM_PACKAGES)


def _defaults(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in files:
        found = settings(file.text)
        for each in found:
            if each.key.rstrip("+-") == "sriov-num-vfs" and each.section.startswith("device"):
                match = value_of(found, each.section, "match-device")
                yield from judged(file.path, each.line, each.text, pfs, _matches, match)


def _matches(match: str, pf: OwnedPf) -> Verdict:
    """Device List Format of NetworkManager.conf(5)."""
    words = [word for word in re.split(r"[;,\s]+", match) if word]
    excepted = [_device(word[len("except:") :], pf) for word in words if word.startswith("except:")]
    wanted = [_device(word, pf) for word in words if not word.startswith("except:")]
    return False if True in excepted else either(wanted)


def _device(word: str, pf: OwnedPf) -> Verdict:
    kind, _colon, value = word.partition(":")
    if kind == "interface-name":
        return by_name(value.lstrip("=~"), pf)
    if kind == "mac":
        return by_mac(value, pf)
    if kind == "driver":
        return by_driver(value.partition("/")[0], pf)
    if kind == "type":
        return None if value in ("ethernet", "*") else False
    verdict = by_mac(word, pf) or by_name(word, pf)
    return None if verdict is False and WILD & set(word) else verdict


def _ifcfg(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in (file for file in files if not NOT_READ.fullmatch(file.path)):
        found = settings(file.text, "#")
        first = next((each for each in found if each.key.startswith("SRIOV_")), None)
        if first:
            yield from judged(file.path, first.line, first.text, pfs, _of_ifcfg, found)


def _of_ifcfg(found: Sequence[Setting], pf: OwnedPf) -> Verdict:
    return both((by_name(value_of(found, "", "DEVICE"), pf), by_mac(value_of(found, "", "HWADDR"), pf)))


KINDS = (
    Kind(
        "a profile of NetworkManager",
        PROFILES,
        _profiles,
        "remove section [sriov] from it (`nmcli connection modify ID remove sriov`); total-vfs=0 destroys VFs as well",
        words=("[sriov]", "uuid="),
        masks=True,
    ),
    Kind(
        "NetworkManager's configuration",
        CONFIGURATION,
        _defaults,
        "remove sriov-num-vfs from it, or except the PF (`match-device=except:interface-name:NAME`)",
        words=("sriov-num-vfs",),
    ),
    Kind(
        "an ifcfg file",
        IFCFG,
        _ifcfg,
        "remove its SRIOV_ variables",
        words=("SRIOV_",),
    ),
)
