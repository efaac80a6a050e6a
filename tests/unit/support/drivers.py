# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drivers that no kernel has, put into the index for a test."""

from __future__ import annotations

import sys
import types
from contextlib import contextmanager

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import knowledge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge import index
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.driver import QUEUE, Driver, Steering

# It takes any rule, also for a VF, and each has its own mask.
LENIENT = Driver("lenient-nic", rss=(), steering=Steering(to_vf=QUEUE))


@contextmanager
def known(*drivers):
    """The index has them."""
    with pytest.MonkeyPatch.context() as patch:
        for driver in drivers:
            file = types.ModuleType(driver.name.replace("-", "_"))
            file.DRIVER = driver
            patch.setitem(sys.modules, f"{knowledge.__name__}.{file.__name__}", file)
        patch.setattr(index, "DRIVERS", (*index.DRIVERS, *(driver.name for driver in drivers)))
        index.driver.cache_clear()
        yield
    index.driver.cache_clear()
