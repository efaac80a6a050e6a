# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What blocks."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def fifo(tmp_path):
    """A file whose opening blocks; opened in the end, so that no child stays."""
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    yield path
    os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
