# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts on which something is installed for the boot, and runs of the engine on them."""

from __future__ import annotations

import json
import os

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import program
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.boot import BootHost, BootPf, from_boot
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredPf, DesiredVfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector

from ..simulation import hosts
from ..simulation.kernel import simulate
from ..simulation.tree import Link
from .two_pfs import ONE, TWO

INSTALLED = "usr/local/lib/kernel-bypass-sriov"
OURS = "run/kernel-bypass-sriov"
RESULT = f"{OURS}/result.json"
BOOT_ID = "3f0c9b1e-6a70-4c4e-9d5b-0d6a4a3ad6f1"  # of hosts.host()
LABEL, LABEL_2 = f"enp1s0 ({ONE.address})", f"enp2s0 ({TWO.address})"


def wish(nic=ONE, num_vfs=2, vfs=({"vf": 0, "driver": "vfio-pci"},), perm_mac=None, **more):
    """What is saved of a PF."""
    entries = tuple(
        DesiredVfs(parse_selector(each["vf"]), {k: v for k, v in each.items() if k != "vf"}, f"vfs[{number}]")
        for number, each in enumerate(vfs)
    )
    desired = DesiredPf(nic.address, num_vfs=num_vfs, vfs=entries, place="pfs[0].", **more)
    return BootPf(desired, perm_mac or nic.mac, nic.name, nic.driver)


def wished(*pfs, **more):
    words = {"collection": "0.1.0", "timeout": 60.0, "pf_timeout": 0.2, **more}
    return from_boot(BootHost(pfs, **words))


def generation(value, name="aaaaaaaaaaaa", link="current"):
    """Files of one that a link leads to.

    :param value: of its desired.json: a text, or what is to be JSON.
    """
    text = value if isinstance(value, str) else json.dumps(value)
    return {
        f"{INSTALLED}/generations/{name}/desired.json": text,
        f"{INSTALLED}/{link}": Link(f"generations/{name}"),
    }


def two_pfs(**extra):
    """Files of a host that was just booted, with udev."""
    udev = {f"run/udev/data/n{index}": "I:1" for index in (3, 4)}
    return {**hosts.host(ONE), **hosts.pf(TWO, group=2, ifindex=4), "proc/uptime": "12.50 20.00", **udev, **extra}


def start(root, *pfs, behaviour=None, files=None, **more):
    """A kernel on such a host, these PFs installed."""
    tree = {**two_pfs(), **generation(wished(*pfs, **more)), **(files or {})}
    return simulate(root, tree, behaviour)


def run(kernel, *words):
    """The exit status, and the result, where there is one."""
    code = program.main(words, kernel)
    return code, result_of(kernel)


def result_of(kernel):
    path = os.path.join(kernel.root, RESULT)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def num_vfs(kernel, nic=ONE):
    return kernel.pci.number(nic.address, "sriov_numvfs")


def outcomes(result):
    return {pf: told["outcome"] for pf, told in result["pfs"].items()}
