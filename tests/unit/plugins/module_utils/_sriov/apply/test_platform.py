# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that prepare a host: what is not to be interrupted is not begun too late."""

from __future__ import annotations

import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.platform import Performer
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.files import WriteFile
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.platform import RunCommand
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import debian, kernel_on
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot

UPDATE_GRUB, RELOAD = RunCommand(("update-grub",)), RunCommand(("systemctl", "daemon-reload"))
DROP_IN = WriteFile("/etc/default/grub.d/99-kernel-bypass-sriov.cfg", "# ours", "")


def test_the_menu_is_not_made_when_most_of_the_time_is_over_and_all_is_as_before(tmp_path):
    kernel, deadline = kernel_on(tmp_path, debian({"50-cloud.cfg": ""})), Deadline(0.6)
    before = snapshot(tmp_path)
    performer = Performer(kernel, deadline)
    performer.perform(DROP_IN)
    time.sleep(0.45)
    performer.perform(RELOAD)
    with pytest.raises(TookTooLong, match="update-grub was not begun: of the run's 0.6 s 0 are left"):
        performer.perform(UPDATE_GRUB)
    assert performer.go_back([UPDATE_GRUB]) == []
    assert (snapshot(tmp_path), "update-grub" in kernel.run.calls) == (before, False)


@pytest.mark.parametrize("seconds", [60, 121, 3600])
def test_it_is_made_when_there_is_time(tmp_path, seconds):
    kernel = kernel_on(tmp_path, debian())
    Performer(kernel, Deadline(seconds)).perform(UPDATE_GRUB)
    assert "update-grub" in kernel.run.calls
