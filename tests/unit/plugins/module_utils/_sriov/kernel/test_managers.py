# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reads files of the host, and is told to read them again: the commands, and what comes of them."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.managers import Managers, UnitState
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

SHOWN = "UnitFileState=enabled\nActiveState=failed\nResult=timeout\nNeedDaemonReload=yes\n"


class Commands:
    def __init__(self, answer=(0, "", "")):
        self.answer = answer
        self.calls = []

    def __call__(self, argv, stdin=""):
        self.calls.append(" ".join(argv))
        return self.answer


def managers(root, run, **files):
    return Managers(run, sysfs(root, files))


def test_a_unit_as_systemd_tells_it(tmp_path):
    run = Commands((0, SHOWN, ""))
    assert managers(tmp_path, run).unit() == UnitState("enabled", "failed", "timeout", True)
    assert run.calls == [
        "systemctl show --property=UnitFileState,ActiveState,Result,NeedDaemonReload -- kernel-bypass-sriov.service"
    ]


@pytest.mark.parametrize(
    ("act", "commands"),
    [
        (lambda each: each.reload_units(), ["systemctl daemon-reload"]),
        (lambda each: each.reload_networkd(), ["networkctl reload"]),
        (lambda each: each.start_timer(), ["systemctl restart -- kernel-bypass-sriov-check.timer"]),
        (lambda each: each.stop_timer(), ["systemctl stop -- kernel-bypass-sriov-check.timer"]),
        (lambda each: each.reload_udev(()), ["udevadm control --reload"]),
        (
            lambda each: each.reload_udev(("there", "gone")),
            ["udevadm control --reload", "udevadm trigger --action=change --settle /sys/class/net/there"],
        ),
    ],
)
def test_commands(tmp_path, act, commands):
    run = Commands()
    act(managers(tmp_path, run, **{"sys/class/net/there/ifindex": "3"}))
    assert run.calls == commands


@pytest.mark.parametrize("said", ["Access denied", ""])
def test_a_command_that_fails_is_told(tmp_path, said):
    with pytest.raises(KernelRefused, match=said or "exit status 1"):
        managers(tmp_path, Commands((1, "", said))).reload_units()


@pytest.mark.parametrize("files", [{}, {"run/udev/control": ""}])
def test_udev(tmp_path, files):
    assert managers(tmp_path, Commands(), **files).has_udev() is bool(files)
