# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""udev's rules, and options of the PF's driver: modprobe.d and the kernel's arguments."""

from __future__ import annotations

import re
import typing as t

from ...model.owners import Place
from ...model.paths import KERNEL_ARGUMENTS, settings_folders
from .kind import Found, Kind, at_most_maybe, both, either, judged, unless
from .lines import logical, short
from .names import by_address, by_driver, by_mac, by_name, by_path, parts_of

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.owners import ConfigFile, OwnedPf
    from .kind import Verdict

RULES = (Place(settings_folders("udev/rules.d"), "*.rules"),)
MODPROBE = (Place(settings_folders("modprobe.d"), "*.conf"),)
PROC, CMDLINE = KERNEL_ARGUMENTS.rsplit("/", 1)
TOKEN = re.compile(
    r"(?<![A-Z_])([A-Z_]+)(?:\{([^{}\"]{0,99})\})?\s{0,9}(==|!=|\+=|-=|:=|=)\s{0,9}[ei]{0,2}\"((?:[^\"\\]|\\.)*)\""
)
PARAMETER = re.compile(r"\b(?:max_vfs|num_vfs)=([0-9,;:\-]+)")  # num_vfs: mlx4_core, be2net, bnx2x
ARGUMENT = re.compile(r"(?:^|\s)\"?([\w-]+)\.((?:max_vfs|num_vfs)=([0-9,;:\-]+))")
PCI_ADDRESS = re.compile(r"[0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]")
ASKS = ("==", "!=")
NUMVFS = "sriov_numvfs"
PROGRAMS = ("os-net-config-sriov", "allocate_vfs")  # os-net-config and TripleO: their rules run these


def _name_or_address(text: str, pf: OwnedPf) -> Verdict:
    """KERNEL== is an interface's name in a rule for interfaces, and an address in one for PCI functions."""
    return by_address(text, pf) if PCI_ADDRESS.fullmatch(text) else either((by_name(text, pf), by_address(text, pf)))


def _path_id(text: str, pf: OwnedPf) -> Verdict:
    return by_address(text[len("pci-") :], pf) if text.startswith("pci-") else None


# By key, or key and attribute. What is not here may hold.
CONDITIONS: dict[tuple[str, str], t.Callable[[str, OwnedPf], Verdict]] = {
    ("KERNEL", ""): _name_or_address,
    ("KERNELS", ""): _name_or_address,
    ("NAME", ""): by_name,
    ("ENV", "INTERFACE"): by_name,
    ("ENV", "ID_PATH"): _path_id,
    ("ENV", "PCI_SLOT_NAME"): by_address,
    ("ATTR", "address"): by_mac,
    ("ATTRS", "address"): by_mac,
    ("DRIVER", ""): by_driver,
    ("DRIVERS", ""): by_driver,
    ("ENV", "ID_NET_DRIVER"): by_driver,
}


def _rules(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in files:
        for line in logical(file.text):
            tokens = TOKEN.findall(line.text)
            if _sets(line.text, tokens):
                yield from judged(file.path, line.number, short(line.text), pfs, _of_rule, tokens)


def _sets(text: str, tokens: Sequence[tuple[str, str, str, str]]) -> bool:
    """ATTR{sriov_numvfs}=="0" only asks. What is outside of all tokens was not understood."""
    values = [value for _key, _attribute, sign, value in tokens if sign not in ASKS]
    attributes = [attribute for _key, attribute, sign, _value in tokens if sign not in ASKS]
    said = [*values, *attributes, TOKEN.sub("", text)] if NUMVFS in text else values
    return any(word in each for word in (NUMVFS, *PROGRAMS) for each in said)


def _of_rule(tokens: Sequence[tuple[str, str, str, str]], pf: OwnedPf) -> Verdict:
    return both([_token(each, pf) for each in tokens])


def _token(token: tuple[str, str, str, str], pf: OwnedPf) -> Verdict:
    key, attribute, sign, value = token
    if sign not in ASKS:
        return by_path(value, pf) if parts_of(value) else None
    judge = CONDITIONS.get((key, attribute))
    if judge is None:
        return None
    verdict = either(judge(each, pf) for each in value.split("|"))
    if sign == "!=":
        return unless(verdict)
    return at_most_maybe(verdict) if judge is by_driver else verdict


def _options(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """modprobe.d(5): `options MODULE PARAMETER=VALUE`, or the same in what `install` runs."""
    for file in files:
        for line in logical(file.text):
            words = line.text.split()
            value = PARAMETER.search(line.text)
            if len(words) > 2 and words[0] in ("options", "install") and value and _is_count(value.group(1)):
                yield from judged(file.path, line.number, short(line.text), pfs, by_driver, words[1])


def _arguments(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in files:
        for module, text, value in ARGUMENT.findall(file.text):
            if _is_count(value):
                yield from judged(file.path, 1, f"{module}.{text}", pfs, by_driver, module)


def _is_count(value: str) -> bool:
    """0 is the default: the driver makes none."""
    return any(digit in "123456789" for digit in value)


_NOT_FROM_SYSFS = "the driver makes these VFs when it is loaded, before anything else can, on all its ports"
KINDS = (
    Kind(
        "a rule of udev", RULES, _rules, "remove the rule, then `udevadm control --reload`", words=(NUMVFS, *PROGRAMS)
    ),
    Kind(
        "an option of the driver's module",
        MODPROBE,
        _options,
        f"remove it ({_NOT_FROM_SYSFS}), and make the initramfs anew, which has a copy: `update-initramfs -u` "
        "(Debian, Ubuntu) or `dracut --force`",
        words=("max_vfs", "num_vfs"),
    ),
    Kind(
        "an argument of the kernel",
        (Place((PROC,), CMDLINE),),
        _arguments,
        f"remove it from the boot loader's configuration ({_NOT_FROM_SYSFS}), and reboot",
        words=("max_vfs", "num_vfs"),
    ),
)
