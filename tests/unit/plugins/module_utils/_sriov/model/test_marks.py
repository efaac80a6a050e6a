# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files by which network managers leave VFs alone."""

from __future__ import annotations

import configparser
import re
from fnmatch import fnmatchcase

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.marks import PATHS, marks
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import (
    MARK_NETWORK,
    MARK_RULES,
)

VFS = [f"0000:01:1{number >> 3}.{number & 7}" for number in range(40)]
TWO = ["0000:01:10.2", "0000:01:10.0"]


def marked(text):
    """The addresses of a rule file, read as udev does."""
    rules = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(len(rule) < 1024 for rule in rules)
    values = [re.search(r'KERNELS=="([^"]+)"', rule).group(1).split("|") for rule in rules]
    return [address for value in values for address in value]


def test_the_text_of_both():
    files = marks(TWO)
    assert list(files) == [MARK_RULES, MARK_NETWORK]
    assert files[MARK_RULES].splitlines()[1:] == [
        'ACTION=="add|change|move", SUBSYSTEM=="net", SUBSYSTEMS=="pci", KERNELS=="0000:01:10.0|0000:01:10.2", '
        'ENV{ID_NET_MANAGED_BY}="kernel-bypass-sriov", ENV{NM_UNMANAGED}="1"'
    ]
    assert files[MARK_NETWORK].splitlines()[1:] == [
        "[Match]",
        "Property=ID_NET_MANAGED_BY=kernel-bypass-sriov",
        "Path=*pci-0000:01:10.0* *pci-0000:01:10.2*",
        "",
        "[Link]",
        "Unmanaged=yes",
    ]


@pytest.mark.parametrize(
    ("vfs", "managed", "left"),
    [
        pytest.param(TWO, [], sorted(TWO), id="in order"),
        pytest.param([*TWO, *TWO], [], sorted(TWO), id="each once"),
        pytest.param(TWO, ["0000:01:10.2"], ["0000:01:10.0"], id="one managed"),
        pytest.param(TWO, ["0000:09:10.2"], sorted(TWO), id="another is managed"),
        pytest.param(VFS, [], VFS, id="more than a line"),
        pytest.param(["10000:01:00.1", "0000:ff:00.1"], [], ["0000:ff:00.1", "10000:01:00.1"], id="domains"),
    ],
)
def test_whom_they_mark(vfs, managed, left):
    assert marked(marks(vfs, managed)[MARK_RULES]) == left


@pytest.mark.parametrize(("vfs", "managed"), [([], []), (TWO, TWO)])
def test_nobody_to_mark_needs_no_file(vfs, managed):
    assert marks(vfs, managed) == {}


def test_a_version_of_networkd_that_does_not_know_property_takes_the_vfs_alone():
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(marks(TWO)[MARK_NETWORK])
    globs = parser["Match"]["Path"].split()
    paths = ["pci-0000:01:10.0", "acpi-PNP0A03:00-pci-0000:01:10.2", "pci-0000:01:00.0", "pci-0000:01:10.1", "usb-1"]
    assert [path for path in paths if any(fnmatchcase(path, glob) for glob in globs)] == paths[:2]


def test_they_are_the_files_that_are_looked_for():
    assert tuple(marks(TWO)) == PATHS


@pytest.mark.parametrize("address", ["01:10.0", "0000:01:10.0|*", "*", "", "0000:01:10.A", '0000:01:10.0"'])
def test_what_is_no_address_is_refused(address):
    for arguments in ([address], []), (TWO, [address]):
        with pytest.raises(InvalidRequest, match="no PCI address"):
            marks(*arguments)
