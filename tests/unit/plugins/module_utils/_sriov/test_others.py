# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of other runs where it cannot be read."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.alone import in_time
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.lock import Lock
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.others import blocked_as_far_as_known, others


@pytest.fixture
def kernel(tmp_path):
    """Our files below a directory; the processes are the real ones."""
    (tmp_path / "run").mkdir()
    found = Kernel(sysfs=Sysfs(str(tmp_path)))
    found.processes = Processes(Sysfs())
    return found


NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_who_may_not_look_is_told_so_and_goes_on(kernel, tmp_path):
    with Lock(Files(kernel.root), kernel.processes).held(1):
        os.chmod(tmp_path, 0o755)

        def look(_deadline, _tell):
            os.seteuid(NOBODY)
            return [others(kernel), blocked_as_far_as_known(kernel)]

        for parent in tmp_path.parents[:2]:
            os.chmod(parent, 0o755)
        told, blocked = in_time(kernel, look, Deadline(5))
    assert told == [
        "whether another run changes this host, and what earlier ones have left, is not known: cannot read "
        "/run/kernel-bypass-sriov: Permission denied. Remedy: become: true."
    ]
    assert blocked == {}


@pytest.mark.parametrize("damaged", ["journal/0000:01:00.0.json", "blocked/70.json"])
def test_what_is_damaged_is_told_to_who_only_looks(kernel, tmp_path, damaged):
    file = tmp_path / "run/kernel-bypass-sriov" / damaged
    file.parent.mkdir(parents=True)
    file.write_text("{")
    (told,) = others(kernel)
    assert told.startswith(
        f"what earlier runs have left is not known: cannot read /run/kernel-bypass-sriov/{damaged}: it is no JSON"
    )
    assert blocked_as_far_as_known(kernel) == {}
