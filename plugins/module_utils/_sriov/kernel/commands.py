# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The few programs that are run: ip, modprobe, udevadm."""

from __future__ import annotations

import os
import selectors
import subprocess
import typing as t

NO_SUCH_COMMAND = 127
TOO_MUCH = 1  # exit status of a command that was ended because of its output
MOST_OUTPUT = 64 << 20  # bytes: `ip` prints about a kilobyte for an interface, and for ten VFs


def run(argv: t.Sequence[str], stdin: str = "") -> tuple[int, str, str]:
    """Exit status, output and errors of a command in the C locale; NO_SUCH_COMMAND where there is none of that name.

    One that prints more than anybody would read is ended.
    """
    environment = {**os.environ, "LC_ALL": "C", "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"}
    try:
        with _input(stdin) as source, subprocess.Popen(
            list(argv),
            close_fds=False,  # Python's own are closed anyway (PEP 446), and so the process need not be copied first
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        ) as process:
            texts = _outputs(process)
    except OSError as missing:
        return NO_SUCH_COMMAND, "", str(missing)
    if texts is None:
        return TOO_MUCH, "", f"it printed more than {MOST_OUTPUT >> 20} MiB"
    output, errors = (text.decode("utf-8", "replace") for text in texts)
    return process.returncode, output, errors


def _input(text: str) -> t.IO[bytes]:
    """A file in memory, not a pipe: a command may print before it has read all."""
    file = os.fdopen(os.memfd_create("stdin"), "w+b")
    file.write(text.encode("utf-8", "replace"))
    file.seek(0)
    return file


def _outputs(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes] | None:
    """Output and errors; None, and the process is killed, where they are too much."""
    pipes = [t.cast("t.IO[bytes]", process.stdout), t.cast("t.IO[bytes]", process.stderr)]
    found = {pipe.fileno(): bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _events in selector.select():
                more = os.read(key.fd, 1 << 16)
                found[key.fd] += more
                if not more:
                    selector.unregister(key.fileobj)
                if len(found[key.fd]) > MOST_OUTPUT:
                    process.kill()
                    return None
    output, errors = (bytes(found[pipe.fileno()]) for pipe in pipes)
    return output, errors
