# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ip link set dev NAME xdp…` and `mount -t bpf`: net/core/dev.c dev_xdp_attach(), iproute2's lib/bpf_legacy.c.

The program is in the object that `ip` prints for the interface, as the kernel tells it.
"""

from __future__ import annotations

import errno
import json
import os

from .bpf import SimBpf
from .nics import refusal

NATIVE, GENERIC = 1, 2  # XDP_ATTACHED_DRV, XDP_ATTACHED_SKB
MODES = {"xdpdrv": NATIVE, "xdpgeneric": GENERIC}
MOUNTS = "proc/mounts"


def set_program(devices, nic, words):
    """:param nic: ethtool.nic(): its driver."""
    name, mode = nic.name, MODES[words[0]]
    entry = json.loads(devices.read("sim/interfaces", name))
    there = entry.get("xdp")
    wanted = None if words[1] == "off" else _pinned(devices, words[2])
    if isinstance(wanted, str):
        return 1, "", wanted
    if wanted and there and there["mode"] != mode:
        return 2, "", "Error: Native and generic XDP can't be active at the same time.\n"
    if wanted and there:  # XDP_FLAGS_UPDATE_IF_NOEXIST
        return 2, "", "Error: XDP program already attached.\n"
    if not wanted and (not there or there["mode"] != mode):
        return 0, "", ""
    try:
        if mode == NATIVE:
            nic.set_xdp(bool(wanted))
    except OSError as error:
        return 2, "", f"RTNETLINK answers: {os.strerror(error.errno)}\n"
    entry.pop("xdp", None)
    if wanted:
        entry["xdp"] = {"mode": mode, "prog": wanted}
    devices.put(f"sim/interfaces/{name}", json.dumps(entry))
    return 0, "", ""


def _pinned(devices, path):
    """The program as `ip` shows it; a text where there is none."""
    state = SimBpf(devices).state()
    number = state["pins"].get(path.lstrip("/")) if os.path.exists(devices.at(path.lstrip("/"))) else None
    found = state["objects"].get(str(number), {})
    if found.get("kind") != "prog":
        return f"bpf_obj_get failed for '{path}': {os.strerror(errno.ENOENT)}\n"
    return {"id": number, "name": found["name"], "tag": found["tag"], "jited": 1}


def mount(devices, words):
    """`mount -t bpf -o OPTIONS bpf PATH`: an empty file system, whatever was there."""
    kind, options, path = words[1], words[3], words[-1]
    if not os.path.isdir(devices.at(path.lstrip("/"))):
        return 32, "", f"mount: {path}: mount point does not exist.\n"
    line = f"{kind} {path} {kind} rw,relatime,{options} 0 0"
    devices.put(MOUNTS, "\n".join([*(devices.read(MOUNTS) or "").splitlines(), line]))
    return 0, "", ""


def foreign_program(devices, name, number=97, program="xdp_dispatcher", mode=NATIVE):
    """Somebody attaches a program of his own, as libxdp does when an application starts."""
    entry = json.loads(devices.read("sim/interfaces", name))
    entry["xdp"] = {"mode": mode, "prog": {"id": number, "name": program, "tag": "0" * 16, "jited": 1}}
    devices.put(f"sim/interfaces/{name}", json.dumps(entry))


def takes_frames_of(entry, most):
    """Of what fits into a receive buffer, its header and a VLAN among it.

    :raises OSError: EINVAL.
    """
    if entry["mtu"] + 14 + 4 + 4 > most:
        raise refusal(errno.EINVAL)
