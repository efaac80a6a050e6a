# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening unix sockets."""

import contextlib
import os
import socket


def listen(path: str, kind: int) -> socket.socket:
    """A fresh listening socket; what an earlier process left at the path is removed."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.bind(path)
    sock.listen(4)
    return sock
