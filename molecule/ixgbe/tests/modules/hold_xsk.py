"""Holds an AF_XDP socket on a queue of an interface, in copy mode, for ten minutes: hold_xsk.py NAME QUEUE."""

import ctypes
import mmap
import socket
import struct
import sys
import time

name, queue = sys.argv[1], int(sys.argv[2])
SOL_XDP, RX, TX, REG, FILL, COMPLETION = 283, 2, 3, 4, 5, 6
xsk = socket.socket(44, socket.SOCK_RAW, 0)
area = mmap.mmap(-1, 4096 * 64)
address = ctypes.addressof(ctypes.c_char.from_buffer(area))
xsk.setsockopt(SOL_XDP, REG, struct.pack("=QQIIII", address, len(area), 4096, 0, 0, 0))
for option in (FILL, COMPLETION, RX, TX):
    xsk.setsockopt(SOL_XDP, option, struct.pack("=I", 64))
where = struct.pack("=HHIII", 44, 2, socket.if_nametoindex(name), queue, 0)
libc = ctypes.CDLL(None, use_errno=True)
if libc.bind(xsk.fileno(), where, len(where)):
    sys.exit(f"bind: errno {ctypes.get_errno()}")
time.sleep(600)
