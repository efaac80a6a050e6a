# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The text of what systemd and an operator start: unit, timer and command. Data only.

Why the unit says what it says: docs/boot.md.
"""

from __future__ import annotations

from .paths import BOOT_CHECK, BOOT_DESIRED, BOOT_UNIT, COMMAND, CURRENT, ENGINE, INSTALLED, UNIT_FILES

OURS = "kernel_bypass.sriov"  # every file of ours says so
MARGIN = 15  # seconds by which the unit's limit is more than the program's own: it shall tell what it was at
TO_END = 30  # seconds for what is told to end, and for the note that it was
UNIT_PATH = f"{UNIT_FILES}/{BOOT_UNIT}"
CHECK_PATH, TIMER_PATH = f"{UNIT_FILES}/{BOOT_CHECK}.service", f"{UNIT_FILES}/{BOOT_CHECK}.timer"
UNIT_LINK = f"{UNIT_FILES}/multi-user.target.wants/{BOOT_UNIT}"
TIMER_LINK = f"{UNIT_FILES}/timers.target.wants/{BOOT_CHECK}.timer"
UNITS = (UNIT_PATH, CHECK_PATH, TIMER_PATH)
LINKS = {UNIT_LINK: UNIT_PATH, TIMER_LINK: TIMER_PATH}
AT_BOOT, AFTER_TIMEOUT, CHECK = "boot", "record-timeout", "check"  # verbs of the program

# Before network-pre.target as well: what writes hugepages, drivers or the number of VFs, and what dies of VFs.
AFTER = (
    *("local-fs.target", "systemd-udevd.service", "systemd-udev-trigger.service", "systemd-modules-load.service"),
    *("systemd-sysctl.service", "systemd-sysusers.service", "cloud-init-local.service", "netplan-configure.service"),
    "dpdk.service",
)
WRITTEN = f"# Written by {OURS}, module boot_state. What is to be changed goes into a drop-in: systemctl edit {{0}}"
UNIT = """{written}
[Unit]
Description=SR-IOV virtual functions, drivers, queues and flow rules ({ours})
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
After={after}
RequiresMountsFor={installed} {python}
ConditionPathExists={current}/{desired}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={run} {at_boot}
ExecStopPost={run} {after_timeout}
TimeoutStartSec={timeout}
TimeoutStopSec={to_end}
KillMode=process
StandardOutput=journal+console

[Install]
WantedBy=multi-user.target
"""
CHECK_UNIT = """{written}
[Unit]
Description=Whether SR-IOV virtual functions, drivers, queues and flow rules are as desired ({ours})
ConditionPathExists={current}/{desired}

[Service]
Type=oneshot
ExecStart={run} {check}
TimeoutStartSec={timeout}
KillMode=process
"""
TIMER = """{written}
[Unit]
Description=Looks every {interval} whether SR-IOV is as desired ({ours})

[Timer]
OnBootSec={interval}
OnUnitActiveSec={interval}
RandomizedDelaySec=30s

[Install]
WantedBy=timers.target
"""
SCRIPT = """#!/bin/sh
# Written by {ours}, module boot_state.
exec {run} "$@"
"""


def texts(python: str, timeout: int, interval: str) -> dict[str, str]:
    """Every file, by its path.

    :param python: of the host, an absolute path.
    :param timeout: seconds that the program has.
    :param interval: of the timer, as systemd.time(7) writes it; "" for none.
    """
    words = {
        **{"ours": OURS, "after": " ".join(AFTER), "installed": INSTALLED, "python": python, "current": CURRENT},
        **{"desired": BOOT_DESIRED, "at_boot": AT_BOOT, "after_timeout": AFTER_TIMEOUT, "check": CHECK},
        **{"timeout": timeout + MARGIN, "to_end": TO_END, "interval": interval},
        # -I: nobody's packages and variables but Python's own.
        "run": f"{python} -I {CURRENT}/{ENGINE}",
    }
    named = {UNIT_PATH: (BOOT_UNIT, UNIT), COMMAND: ("", SCRIPT)}
    if interval:
        named.update({CHECK_PATH: (f"{BOOT_CHECK}.service", CHECK_UNIT), TIMER_PATH: (f"{BOOT_CHECK}.timer", TIMER)})
    return {path: text.format(written=WRITTEN.format(unit), **words) for path, (unit, text) in named.items()}


def mode(path: str) -> int:
    """Of a file of ours."""
    return 0o755 if path == COMMAND else 0o644
