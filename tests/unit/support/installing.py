# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts for module boot_state, and what it leaves on them."""

from __future__ import annotations

import json
import os

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.boot import generation
from ansible_collections.kernel_bypass.sriov.plugins.modules import boot_state, host

from ..simulation.devices import Behaviour
from ..simulation.kernel import behaving
from ..simulation.tree import DIRECTORY, snapshot
from . import two_pfs
from .modules import run_module

INSTALLED = "usr/local/lib/kernel-bypass-sriov"
UNIT = "etc/systemd/system/kernel-bypass-sriov.service"
LINK = "etc/systemd/system/multi-user.target.wants/kernel-bypass-sriov.service"
COMMAND = "usr/local/sbin/kernel-bypass-sriov"
RULES = "etc/udev/rules.d/60-kernel-bypass-sriov.rules"
NETWORK = "etc/systemd/network/05-kernel-bypass-sriov.network"
PFS = [two_pfs.FIRST, two_pfs.SECOND]
OTHER = [{**two_pfs.FIRST, "rules": []}, two_pfs.SECOND]


def start(root, reached=True, **files):
    """A host that systemd runs; the PFs are as desired."""
    udev = {"run/udev/control": "", "run/udev/data/n3": "I:1", "run/udev/data/n4": "I:1"}
    kernel = two_pfs.start(root, **{"run/systemd/system": DIRECTORY, **udev, **files})
    if reached:
        assert not run_module(host, kernel, pfs=PFS)["failed"]
    return kernel


def again(root):
    """Another process."""
    return behaving(str(root), Behaviour())


def install(kernel, pfs=None, **options):
    return run_module(boot_state, kernel, pfs=PFS if pfs is None else pfs, **options)


def installed(root):
    """Everything that is not of the simulation, but what is compiled: path -> mode and content."""
    places = ("etc/", "usr/", "var/lib/kernel-bypass-sriov", "run/kernel-bypass-sriov")
    return {
        path: (state[0], state[3])
        for path, state in snapshot(root).items()
        if path.startswith(places) and "__pycache__" not in path and not path.endswith("/lock")
    }


def names(root, folder):
    path = os.path.join(root, INSTALLED, folder)
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def current(root, link="current"):
    """The name of the generation that a link leads to; None where there is no link."""
    path = os.path.join(root, INSTALLED, link)
    return os.path.basename(os.readlink(path)) if os.path.islink(path) else None


def files_of(root, name):
    """All files of a generation, without what is compiled."""
    base = os.path.join(root, INSTALLED, "generations", name)
    found = {}
    for folder, _folders, files in os.walk(base):
        for each in files if not folder.endswith("__pycache__") else ():
            path = os.path.join(folder, each)
            with open(path, encoding="utf-8") as file:
                found[os.path.relpath(path, base)] = file.read()
    return found


def is_whole(root, name):
    """Its name is the hash of what is in it."""
    return generation(files_of(root, name), {}).name == name


def desired(root, link="current"):
    with open(os.path.join(root, INSTALLED, link, "desired.json"), encoding="utf-8") as file:
        return json.load(file)


def to(root, pfs):
    """The host itself."""
    allow = ["destroy_vfs", "in_use"]
    assert not run_module(host, again(root), pfs=pfs, allow=allow)["failed"]
