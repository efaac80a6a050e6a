# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of playbooks share."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fleet")
    playbooks.install(directory)
    return directory
