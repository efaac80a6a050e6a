# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of the plugins share."""

from __future__ import annotations

import os
import tempfile

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import kernel


class NoNetlink:
    """A kernel that has no netlink family "netdev"."""

    def xdp_features(self, _ifindex):
        return None


@pytest.fixture(scope="session", autouse=True)
def _no_netlink():
    """It would ask this machine about its own interfaces, by the numbers of simulated ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "NetdevGenl", NoNetlink)
        yield


@pytest.fixture
def roots():
    """Directories, one for each example; in memory where that can be, as they hold tens of thousands of files."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as parent:
        yield lambda: tempfile.mkdtemp(dir=parent)
