# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The few programs that are run: ip, modprobe, udevadm."""

from __future__ import annotations

import os
import subprocess
import typing as t

NO_SUCH_COMMAND = 127


def run(argv: t.Sequence[str], stdin: str = "") -> tuple[int, str, str]:
    """Exit status, output and errors of a command in the C locale; NO_SUCH_COMMAND where there is none of that name."""
    environment = {**os.environ, "LC_ALL": "C", "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"}
    try:
        done = subprocess.run(
            list(argv),
            check=False,
            close_fds=False,  # Python's own are closed anyway (PEP 446), and so the process need not be copied first
            input=stdin,
            capture_output=True,
            env=environment,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as missing:
        return NO_SUCH_COMMAND, "", str(missing)
    return done.returncode, done.stdout, done.stderr
