# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""XDP programs and maps by bpf(2): loaded, pinned, opened by their pin, and told by their number.

Numbers and layouts: include/uapi/linux/bpf.h. The programs are short enough to be written down as instructions, so that
a host needs neither a compiler nor libbpf. The same by hand: `bpftool prog show pinned PATH`, `bpftool prog show id N`.
"""

from __future__ import annotations

import array
import contextlib
import errno
import os
import struct
import sys
import typing as t

from ..errors import KernelRefused, NotSupported

if t.TYPE_CHECKING:
    from .sysfs import Sysfs

# arch/*/syscalls: __NR_bpf by what uname(2) calls the machine.
SYSCALLS = {"x86_64": 321, "aarch64": 280, "ppc64le": 361, "s390x": 351, "riscv64": 280}
MAP_CREATE, PROG_LOAD, OBJ_PIN, OBJ_GET, PROG_BY_ID, OBJECT_INFO = 0, 5, 6, 7, 13, 15
MAP_TYPE_XSKMAP, PROG_TYPE_XDP = 17, 6
SIZE = 128  # bytes of union bpf_attr that are given: what the kernel does not know of it must be zero, and is
MOST_MAPS = 8  # of a program, that are told
LOG_SIZE = 4096

CREATE = struct.Struct("=IIIIIII16s")  # type, sizes of key and value, entries, flags, inner map, NUMA node, name
LOAD = struct.Struct("=IIQQIIQII16s")  # type, instructions: number and place, license, log: level, size and place, ...
NAMED_FILE = struct.Struct("=QII")  # path, descriptor, flags
INFO = struct.Struct("=IIQ")  # descriptor, size, place
PROGRAM_INFO = struct.Struct("=II8sIIQQQIIQ16s")  # struct bpf_prog_info up to the name
MAP_INFO = struct.Struct("=IIIIII16s")  # struct bpf_map_info up to the name
INSTRUCTION = struct.Struct("=BBhi")

Call = t.Callable[[int, int, int, int], int]
"""syscall(2) with its number, the command, and where and how long its attributes are.

:raises OSError: as the kernel answers.
"""


class Instruction(t.NamedTuple):
    """struct bpf_insn; registers by number."""

    code: int
    to: int = 0
    source: int = 0
    offset: int = 0
    value: int = 0


LOAD_MAP = 0x18  # BPF_LD | BPF_DW | BPF_IMM; with source BPF_PSEUDO_MAP_FD its value is the descriptor of a map
XDP_DROP, XDP_PASS = 1, 2

# A frame goes to the socket that is in the map for its queue; where none is, it goes on to the kernel.
XSK = (
    Instruction(0x61, to=2, source=1, offset=16),  # r2 = ctx->rx_queue_index
    Instruction(LOAD_MAP, to=1, source=1),  # r1 = the map
    Instruction(0),  # its second half
    Instruction(0xB7, to=3, value=XDP_PASS),  # r3 = what is done where the map has none (Linux 5.3)
    Instruction(0x85, value=51),  # r0 = bpf_redirect_map(r1, r2, r3)
    Instruction(0x95),  # return r0
)
DROP = (Instruction(0xB7, to=0, value=XDP_DROP), Instruction(0x95))


class Program(t.NamedTuple):
    """One that is loaded.

    :param tag: a hash of its instructions, in which maps do not count.
    :param maps: the numbers of those that it uses.
    """

    number: int
    name: str
    tag: str
    maps: tuple[int, ...]


class Bpf:
    """Calls of bpf(2), for who has CAP_SYS_ADMIN.

    :param sysfs: below whose root pins are.
    :param call: the way to the kernel; the real one unless told.
    :param machine: what uname(2) says; asked unless told.
    """

    def __init__(self, sysfs: Sysfs, call: Call | None = None, machine: str = "") -> None:
        self._sysfs = sysfs
        self._call = call or system_call
        self.machine = machine or os.uname().machine

    def why_not(self) -> str:
        """Why bpf(2) cannot be called on this machine; "" where it can."""
        if self.machine not in SYSCALLS:
            known = ", ".join(sorted(SYSCALLS))
            return f"the number of bpf(2) on {self.machine} is not known to these modules, which know it on {known}"
        if struct.calcsize("P") != 8:
            return f"this Python has 32 bits on {self.machine}, where bpf(2) has another number for it"
        return ""

    def pin_queue_program(self, map_path: str, program_path: str, queues: int) -> None:
        """Make a map for the sockets of so many queues and the program XSK that looks into it, and pin both.

        :raises NotSupported: see why_not().
        :raises KernelRefused: with the errno; a pin that was made before it stays.
        """
        _unlimited_memory()
        with self._map(b"xsks_map", queues) as sockets, self.loaded(XSK, b"kernel_bypass", sockets) as program:
            self.pin(sockets, map_path)
            self.pin(program, program_path)

    @contextlib.contextmanager
    def loaded(self, program: t.Sequence[Instruction], name: bytes, map_descriptor: int = 0) -> t.Iterator[int]:
        """The descriptor of an XDP program, which is gone after it unless it is pinned or attached.

        :raises NotSupported, KernelRefused: as pin_queue_program(); with what the verifier says.
        """
        code = _memory(assembled(program, map_descriptor))
        log, license_of_it = _memory(bytes(LOG_SIZE)), _memory(b"GPL\0")
        attributes = LOAD.pack(
            PROG_TYPE_XDP, len(program), _place(code), _place(license_of_it), 1, LOG_SIZE, _place(log), 0, 0, name
        )
        try:
            descriptor = self._bpf(PROG_LOAD, attributes)
        except OSError as error:
            said = log.tobytes().partition(b"\0")[0].decode(errors="replace").strip()
            raise KernelRefused("the kernel does not load an XDP program", why=said, errno=error.errno) from None
        with _closed_after(descriptor):
            yield descriptor

    def pin(self, descriptor: int, path: str) -> None:
        """A name for it in a bpffs, by which it stays: `bpftool prog pin id N PATH`.

        :raises NotSupported, KernelRefused: as pin_queue_program().
        """
        name = _memory(os.fsencode(self._sysfs.path(path)) + b"\0")
        try:
            self._bpf(OBJ_PIN, NAMED_FILE.pack(_place(name), descriptor, 0))
        except OSError as error:
            raise KernelRefused(f"the kernel refused to pin {path}", errno=error.errno) from None

    @contextlib.contextmanager
    def pinned(self, path: str) -> t.Iterator[int | None]:
        """The descriptor of what is pinned there, which is closed after it; None where nothing is.

        :raises NotSupported, KernelRefused: as pin_queue_program(); EACCES where it is a file, but none of a bpffs.
        """
        name = _memory(os.fsencode(self._sysfs.path(path)) + b"\0")
        try:
            descriptor = self._bpf(OBJ_GET, NAMED_FILE.pack(_place(name), 0, 0))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise KernelRefused(f"the kernel refused to open {path}", errno=error.errno) from None
            yield None
            return
        with _closed_after(descriptor):
            yield descriptor

    def pinned_program(self, path: str) -> Program | None:
        """None where nothing is pinned there.

        :raises NotSupported, KernelRefused: as pinned().
        """
        with self.pinned(path) as descriptor:
            return None if descriptor is None else self._program(descriptor)

    def pinned_map(self, path: str) -> int | None:
        """The number of a map; None where nothing is pinned there.

        :raises NotSupported, KernelRefused: as pinned().
        """
        with self.pinned(path) as descriptor:
            return None if descriptor is None else MAP_INFO.unpack(self._info(descriptor, MAP_INFO.size))[1]

    def program(self, number: int) -> Program | None:
        """The one of that number (`ip -d link` shows it); None where it is gone.

        :raises NotSupported, KernelRefused: as pin_queue_program().
        """
        try:
            descriptor = self._bpf(PROG_BY_ID, struct.pack("=I", number))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise KernelRefused(f"the kernel does not show program {number}", errno=error.errno) from None
        with _closed_after(descriptor):
            return self._program(descriptor)

    @contextlib.contextmanager
    def _map(self, name: bytes, entries: int) -> t.Iterator[int]:
        try:
            descriptor = self._bpf(MAP_CREATE, CREATE.pack(MAP_TYPE_XSKMAP, 4, 4, entries, 0, 0, 0, name))
        except OSError as error:
            raise KernelRefused("the kernel makes no map of AF_XDP sockets", errno=error.errno) from None
        with _closed_after(descriptor):
            yield descriptor

    def _program(self, descriptor: int) -> Program:
        maps = array.array("I", [0] * MOST_MAPS)
        asked = PROGRAM_INFO.pack(0, 0, b"", 0, 0, 0, 0, 0, 0, MOST_MAPS, _place(maps), b"")
        told = PROGRAM_INFO.unpack(self._info(descriptor, len(asked), asked))
        return Program(told[1], _text(told[-1]), told[2].hex(), tuple(maps[: min(told[-3], MOST_MAPS)]))

    def _info(self, descriptor: int, size: int, asked: bytes = b"") -> bytes:
        room = _memory(asked or bytes(size))
        try:
            self._bpf(OBJECT_INFO, INFO.pack(descriptor, size, _place(room)))
        except OSError as error:
            raise KernelRefused("the kernel tells nothing of a program or a map", errno=error.errno) from None
        return room.tobytes()

    def _bpf(self, command: int, attributes: bytes) -> int:
        """:raises OSError: as the kernel answers."""
        why = self.why_not()
        if why:
            raise NotSupported("an XDP program can be neither loaded nor looked at", why=why)
        given = _memory(attributes.ljust(SIZE, b"\0"))
        return self._call(SYSCALLS[self.machine], command, _place(given), SIZE)


def assembled(program: t.Sequence[Instruction], map_descriptor: int = 0) -> bytes:
    """As the kernel takes it, with the map that it looks into."""
    return b"".join(
        _assembled(each._replace(value=map_descriptor) if each.code == LOAD_MAP else each) for each in program
    )


def _assembled(each: Instruction) -> bytes:
    # The two registers are bit fields of one byte, which compilers fill from the end that the machine begins with.
    registers = each.to | each.source << 4 if sys.byteorder == "little" else each.to << 4 | each.source
    return INSTRUCTION.pack(each.code, registers, each.offset, each.value)


def system_call(number: int, command: int, place: int, size: int) -> int:
    """The real one, which Python has not."""
    try:
        import ctypes  # only here: few runs need it, and reading it takes a while
    except ImportError:
        raise NotSupported("bpf(2) cannot be called", why="this Python was built without ctypes") from None
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(ctypes.c_long(number), ctypes.c_int(command), ctypes.c_void_p(place), ctypes.c_uint(size))
    if answer < 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return int(answer)


def _unlimited_memory() -> None:
    """Before Linux 5.11 maps and programs counted as locked memory, of which few bytes are allowed."""
    import resource  # only here, as ctypes is

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextlib.contextmanager
def _closed_after(descriptor: int) -> t.Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _memory(data: bytes) -> array.array[int]:
    """What stays where it is while the kernel reads and writes it."""
    return array.array("B", data)


def _place(memory: array.array[int]) -> int:
    return memory.buffer_info()[0]


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode(errors="replace")
