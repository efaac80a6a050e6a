# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated bpf(2) on a tree made by hosts.host(): kernel/bpf/{syscall,inode,verifier}.c, as far as our programs go.

sim/bpf.json has what is loaded and pinned; it is gone after a reboot, as the tree's bpffs is. Descriptors are real
ones, so that a test sees those that nobody closes.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import struct

from .nics import refusal

STATE = "sim/bpf.json"
EXIT = 0x95
PSEUDO_MAP = (0x18, 1)  # an instruction that loads a map by its descriptor
SIZES = {17: (4, 4)}  # of key and value, by the type of the map


class SimBpf:
    """What syscall(2) is called with, and raises.

    :param devices: devices.Devices: the tree.
    :param refuses: command -> errno.
    """

    def __init__(self, devices, refuses=None):
        self._devices = devices
        self._refuses = refuses or {}
        self._open = {}  # descriptor -> number of the object
        self.machine_numbers = []

    def __call__(self, number, command, place, size):
        self.machine_numbers.append(number)
        if command in self._refuses:
            raise refusal(self._refuses[command])
        given = ctypes.string_at(place, size)
        does = {
            0: self._map_create,
            5: self._prog_load,
            6: self._obj_pin,
            7: self._obj_get,
            13: self._prog_by_id,
            15: self._info,
        }
        return does[command](given)

    # State.

    def state(self):
        return json.loads(self._devices.read(STATE) or '{"objects": {}, "pins": {}, "last": 0}')

    def _put(self, state):
        self._devices.put(STATE, json.dumps(state, sort_keys=True))

    def _new(self, **what):
        state = self.state()
        state["last"] += 1
        state["objects"][str(state["last"])] = what
        self._put(state)
        return self._descriptor(state["last"])

    def _descriptor(self, number):
        descriptor = os.open(os.devnull, os.O_RDONLY)
        self._open[descriptor] = number
        return descriptor

    def _object(self, descriptor):
        if descriptor not in self._open:
            raise refusal(errno.EBADF)
        number = self._open[descriptor]
        return number, self.state()["objects"][str(number)]

    # Commands.

    def _map_create(self, given):
        kind, key, value, entries, flags = struct.unpack_from("=IIIII", given)
        if SIZES.get(kind) != (key, value) or not entries or flags:
            raise refusal(errno.EINVAL)
        return self._new(kind="map", type=kind, entries=entries, name=name_of(given, 28))

    def _prog_load(self, given):
        kind, count, code, license_of_it, level, size, log = struct.unpack_from("=IIQQIIQ", given)
        if kind != 6 or not ctypes.string_at(license_of_it).startswith(b"GPL"):
            raise refusal(errno.EINVAL)
        data = ctypes.string_at(code, count * 8)
        instructions = [data[start : start + 8] for start in range(0, len(data), 8)]
        if instructions[-1][0] != EXIT:
            said = b"last insn is not an exit or jmp\n\0"
            ctypes.memmove(log, said, min(len(said), size if level else 0))
            raise refusal(errno.EINVAL)
        maps, hashed = [], b""
        for each in instructions:
            if (each[0], each[1] >> 4) == PSEUDO_MAP:
                number, found = self._object(struct.unpack("=i", each[4:])[0])
                if found["kind"] != "map":
                    raise refusal(errno.EINVAL)
                maps.append(number)
                each = each[:4] + bytes(4)
            hashed += each
        tag = hashlib.sha1(hashed).hexdigest()[:16]  # noqa: S324 (bpf_prog_calc_tag)
        return self._new(kind="prog", name=name_of(given, 48), tag=tag, maps=maps)

    def _obj_pin(self, given):
        place, descriptor = struct.unpack_from("=QI", given)
        path = self._below_root(place)
        number, _found = self._object(descriptor)
        if "." in os.path.basename(path):
            raise refusal(errno.EPERM)  # bpf_lookup()
        if not self._on_bpffs(path):
            raise refusal(errno.EPERM)  # bpf_obj_do_pin(): the directory is of another file system
        if os.path.exists(self._devices.at(path)):
            raise refusal(errno.EEXIST)
        self._devices.put(path, "")
        os.chmod(self._devices.at(path), 0o600)
        state = self.state()
        state["pins"][path] = number
        self._put(state)
        return 0

    def _obj_get(self, given):
        path = self._below_root(struct.unpack_from("=Q", given)[0])
        if not os.path.exists(self._devices.at(path)):
            raise refusal(errno.ENOENT)
        number = self.state()["pins"].get(path)
        if number is None:
            raise refusal(errno.EACCES)  # bpf_inode_type()
        return self._descriptor(number)

    def _prog_by_id(self, given):
        number = struct.unpack_from("=I", given)[0]
        if self.state()["objects"].get(str(number), {}).get("kind") != "prog":
            raise refusal(errno.ENOENT)
        return self._descriptor(number)

    def _info(self, given):
        descriptor, size, place = struct.unpack_from("=IIQ", given)
        number, found = self._object(descriptor)
        name = found["name"].encode().ljust(16, b"\0")
        if found["kind"] == "map":
            told = struct.pack("=IIIIII16s", found["type"], number, 4, 4, found["entries"], 0, name)
        else:
            room, maps = struct.unpack_from("=IQ", ctypes.string_at(place, size), 52)
            listed = struct.pack(f"={len(found['maps'])}I", *found["maps"])
            ctypes.memmove(maps, listed, min(len(listed), room * 4))
            told = struct.pack(
                "=II8sIIQQQIIQ16s",
                *(6, number, bytes.fromhex(found["tag"]), 0, 0, 0, 0, 0, 0, len(found["maps"]), maps, name),
            )
        ctypes.memmove(place, told, min(len(told), size))
        return 0

    # Paths.

    def _below_root(self, place):
        return os.path.relpath(ctypes.string_at(place).decode(), self._devices.root)

    def _on_bpffs(self, path):
        mounts = [line.split() for line in (self._devices.read("proc/mounts") or "").splitlines()]
        return any(words[2] == "bpf" and f"/{path}".startswith(f"{words[1]}/") for words in mounts)


def name_of(given, offset):
    return given[offset : offset + 16].partition(b"\0")[0].decode()
