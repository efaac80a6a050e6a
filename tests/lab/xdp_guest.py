"""Binds an AF_XDP socket to a queue of an interface, in copy mode, and keeps it: `xdp_guest.py enp1s0 3`.

For a guest's own Python, which has nothing from pip; it prints `bound` once it is. No XDP program is attached.
"""

import ctypes
import mmap
import os
import signal
import socket
import struct
import sys

# <linux/if_xdp.h>
AF_XDP = 44
SOL_XDP = 283
XDP_RX_RING = 2
XDP_UMEM_REG = 4
XDP_UMEM_FILL_RING = 5
XDP_UMEM_COMPLETION_RING = 6
XDP_COPY = 2
CHUNK, CHUNKS = 4096, 64

if __name__ == "__main__":
    name, queue = sys.argv[1], int(sys.argv[2])
    memory = mmap.mmap(-1, CHUNK * CHUNKS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    xdp = socket.socket(AF_XDP, socket.SOCK_RAW)
    xdp.setsockopt(SOL_XDP, XDP_UMEM_REG, struct.pack("QQIIII", address, CHUNK * CHUNKS, CHUNK, 0, 0, 0))
    for ring in (XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING):
        xdp.setsockopt(SOL_XDP, ring, struct.pack("I", CHUNKS))
    # The socket module of Python does not know addresses of this family.
    where = struct.pack("HHIII", AF_XDP, XDP_COPY, socket.if_nametoindex(name), queue, 0)
    if ctypes.CDLL(None, use_errno=True).bind(xdp.fileno(), where, len(where)):
        raise SystemExit(f"bind: {os.strerror(ctypes.get_errno())}")
    print("bound", flush=True)
    signal.pause()
