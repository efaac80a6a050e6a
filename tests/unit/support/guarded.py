# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that a guard refuses: each is refused all the same where one look at the host fails.

What cannot be read is not absent: no single errno may take a guard away.
"""

from __future__ import annotations

import json
import os
import shutil
import typing as t

from ansible_collections.kernel_bypass.sriov.plugins.modules import host

from ..simulation import hosts
from ..simulation.faulty import Fault, faulty
from ..simulation.tree import build
from . import scenes
from .campaign import ERRNOS, nic, other, snapshot_of, somebodys
from .modules import run_module

if t.TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("read", "command", "ioctl")  # a guard writes nothing


class Guarded(t.NamedTuple):
    """A run that is refused.

    :param files: what is there beside two VFs of an 82599.
    :param wish: what it is refused.
    :param vfio: VF 0 belongs to user space.
    """

    files: dict[str, t.Any]
    wish: dict[str, t.Any]
    vfio: bool = False


GONE = {"num_vfs": 0, "allow": ["destroy_vfs"]}
RESET = {"num_vfs": 3, "allow": ["destroy_vfs", "in_use"]}
VF0, NAME = nic("82599").vf(0), "enp1s0v0"
AWAY = {"ifname": "net1", "ifindex": 9, "parentdev": VF0}
GUARDED = {
    "SSH over the PF": Guarded(hosts.ssh_from("198.51.100.7", "enp1s0"), RESET),
    "SSH over a bond of the PF": Guarded(
        {**hosts.virtual("bond0", 9, "bond", ["enp1s0"]), **hosts.ssh_from("198.51.100.7", "bond0")}, RESET
    ),
    "a default route over the PF": Guarded(hosts.routes({"dst": "default", "dev": "enp1s0", "flags": []}), RESET),
    "a program by vfio": Guarded(hosts.process(4711, "/usr/bin/testpmd", ["/dev/vfio/10"]), GONE, vfio=True),
    "a VLAN on a VF": Guarded(hosts.virtual("vlan7", 9, "vlan", [NAME]), GONE),
    "a VF in another namespace": Guarded({"run/netns/blue": "", "sim/netns/run/netns/blue": json.dumps([AWAY])}, GONE),
    "filters of tc on a VF": Guarded(hosts.filters(**{NAME: "ingress"}), GONE),
}


class Watch:
    """One guarded run, and every look that it takes.

    :param roots: gives a new directory, at each call.
    """

    def __init__(self, name: str, roots: t.Callable[[], str]) -> None:
        self._roots, self._guarded = roots, GUARDED[name]
        self._start = roots()
        pf = somebodys("82599", vfio=self._guarded.vfio)
        kernel = scenes.start(self._start, scenes.HostState((pf, other()), 8, True, None))
        _place(self._start, kernel, self._guarded.files)
        self.result, self.calls = self._run(self._copy(), None)

    def points(self) -> Iterator[Fault]:
        for number, call in enumerate(self.calls):
            kind = call.partition(" ")[0]
            if kind in KINDS:
                yield from (Fault(number, code) for code in ERRNOS[kind])

    def opened(self, fault: Fault) -> str:
        """What went through where it should be refused; "" for nothing."""
        root = self._copy()
        before = snapshot_of(root)
        try:
            result, _calls = self._run(root, fault)
        except Exception as error:
            return f"a traceback: {error!r}"
        finally:
            after = snapshot_of(root)
            shutil.rmtree(root)
        if not result["failed"]:
            return f"not refused: {result['steps']}"
        return "" if after == before and not result["changed"] else "something was written"

    def _run(self, root: str, fault: Fault | None) -> tuple[dict[str, t.Any], list[str]]:
        kernel, calls = faulty(root, fault)
        return run_module(host, kernel, pfs=[{"pf": "0000:01:00.0", **self._guarded.wish}]), calls.made()

    def _copy(self) -> str:
        root = self._roots()
        shutil.copytree(self._start, root, symlinks=True, dirs_exist_ok=True)
        return root


def _place(root: str, kernel: t.Any, files: dict[str, t.Any]) -> None:
    """In place of what is there; a vfio node is called as the VF's group is."""
    group = kernel.sysfs.link_name(f"/sys/bus/pci/devices/{VF0}/iommu_group")
    found = {}
    for path, value in files.items():
        if isinstance(value, hosts.Link) and value.target == "/dev/vfio/10":
            value = hosts.Link(f"/dev/vfio/{group}")
        found[path] = value
        if os.path.lexists(os.path.join(root, path)) and value is not None:
            os.unlink(os.path.join(root, path))
    build(root, found)
    if any(path.startswith("sim/netns") for path in files):
        os.rename(os.path.join(root, "sim/interfaces", NAME), os.path.join(root, "sim/gone"))
        shutil.rmtree(os.path.join(root, "sys/bus/pci/devices", VF0, "net"))
        shutil.rmtree(os.path.join(root, "sys/class/net", NAME))
