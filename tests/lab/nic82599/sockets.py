# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening unix sockets."""

import contextlib
import os
import socket


def listen(path: str, kind: int) -> socket.socket:
    """A fresh listening socket in place of what an earlier process left at the path.

    It gets its name once it listens: whoever waits for the name to appear may connect at once.
    """
    unnamed = f"{path}~"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(unnamed)
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.bind(unnamed)
    sock.listen(4)
    os.replace(unnamed, path)
    return sock
