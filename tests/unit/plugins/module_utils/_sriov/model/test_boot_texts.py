# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of unit, timer and command."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot.program import VERBS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.boot_texts import (
    AFTER_TIMEOUT,
    AT_BOOT,
    CHECK,
    CHECK_PATH,
    OURS,
    TIMER_PATH,
    UNIT_PATH,
    mode,
    texts,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import COMMAND

PYTHON = "/usr/bin/python3"
RUN = f"{PYTHON} -I /usr/local/lib/kernel-bypass-sriov/current/engine"


def test_without_a_timer_there_is_none():
    assert set(texts(PYTHON, 180, "")) == {UNIT_PATH, COMMAND}
    assert set(texts(PYTHON, 180, "1h")) == {UNIT_PATH, COMMAND, CHECK_PATH, TIMER_PATH}


def test_each_says_that_it_is_ours():
    assert all(OURS in text for text in texts(PYTHON, 180, "1h").values())


def test_the_program_knows_the_verbs():
    assert {(AT_BOOT, 0), (AFTER_TIMEOUT, 0), (CHECK, 0)} <= set(VERBS)


def test_the_command_hands_over_its_words():
    text = texts(PYTHON, 180, "")[COMMAND]
    assert text.splitlines()[0] == "#!/bin/sh" and text.splitlines()[-1] == f'exec {RUN} "$@"'
    assert (mode(COMMAND), mode(UNIT_PATH)) == (0o755, 0o644)


def section(text, name):
    lines = text.split(f"[{name}]\n")[1].split("\n\n")[0].splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_the_unit_orders_itself_before_the_network_and_pulls_that_in():
    text = texts(PYTHON, 180, "")[UNIT_PATH]
    unit, service = section(text, "Unit"), section(text, "Service")
    assert unit["Wants"] in unit["Before"].split() and unit["DefaultDependencies"] == "no"
    assert {"cloud-init-local.service", "dpdk.service", "netplan-configure.service"} <= {*unit["After"].split()}
    assert "udev-settle" not in text
    assert ".device" not in text, "a name may change, and a device that never comes would hold the boot"
    assert (service["TimeoutStartSec"], service["KillMode"]) == ("195", "process")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not there")
def test_systemd_understands_them(tmp_path):
    files = {path: text for path, text in texts("/bin/sh", 180, "1h 30min").items() if path != COMMAND}
    for path, text in files.items():
        (tmp_path / path.rpartition("/")[2]).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in ended.stderr.splitlines() if "kernel-bypass-sriov" in line]
    assert not ours
