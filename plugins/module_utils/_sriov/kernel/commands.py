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
NOT_STARTED = 126  # as a shell has it
TOO_MUCH = 1  # exit status of a command that was ended because of its output
DIRECTORIES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where programs are. Not where the caller looks: its PATH may begin with a directory that others write to, and this is
root. Nothing in /usr/local either: what a host's `ip` is, its distribution says."""
ENVIRONMENT = {"LC_ALL": "C", "PATH": ":".join(DIRECTORIES), "HOME": "/"}
"""All that a program gets: MODPROBE_OPTIONS, LD_PRELOAD or the LANG of a caller would make it another program."""
MOST_OUTPUT = 64 << 20  # bytes: `ip` prints about a kilobyte for an interface, and for ten VFs

TO_THE_END = ("update-grub", "grubby", "kernel-install", "update-bootloader", "sdbootutil")
"""Programs that make what boots: in the middle of their work it may be neither the old nor the new. They have a session
of their own, so that they are not killed with a run that takes too long, and files for what they print: a pipe that
nobody reads any more would end them too."""


def run(argv: t.Sequence[str], stdin: str = "") -> tuple[int, str, str]:
    """Exit status, output and errors of a command in the C locale.

    One that prints more than anybody would read is ended.

    :returns: NO_SUCH_COMMAND where there is none of that name in DIRECTORIES; NOT_STARTED where no process can be made.
    """
    program = _found(argv[0])
    if program is None:
        return NO_SUCH_COMMAND, "", f"there is no program {argv[0]!r} in {', '.join(DIRECTORIES)}"
    try:
        if os.path.basename(argv[0]) in TO_THE_END:
            return _to_the_end([program, *argv[1:]])
        with _input(stdin) as source, subprocess.Popen(
            [program, *argv[1:]],
            close_fds=False,  # Python's own are closed anyway (PEP 446), and so the process need not be copied first
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        ) as process:
            texts = _outputs(process)
    except (OSError, ValueError) as failure:  # no memory or no process for it; a zero byte in an argument
        return NOT_STARTED, "", f"{argv[0]} could not be started: {failure}"
    if texts is None:
        return TOO_MUCH, "", f"it printed more than {MOST_OUTPUT >> 20} MiB"
    output, errors = (text.decode("utf-8", "replace") for text in texts)
    return process.returncode, output, errors


def _to_the_end(argv: t.Sequence[str]) -> tuple[int, str, str]:
    with _input("") as source, _input("") as output, _input("") as errors:
        code = subprocess.call(
            argv,
            close_fds=False,
            stdin=source,
            stdout=output,
            stderr=errors,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        texts = [os.pread(file.fileno(), MOST_OUTPUT, 0).decode("utf-8", "replace") for file in (output, errors)]
    return code, texts[0], texts[1]


def _found(name: str) -> str | None:
    """The absolute path of a program."""
    paths = [name] if name.startswith("/") else [f"{directory}/{name}" for directory in DIRECTORIES]
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), None)


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
