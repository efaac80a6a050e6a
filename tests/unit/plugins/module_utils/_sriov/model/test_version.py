# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version is that of galaxy.yml."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import version


def test_it_is_that_of_the_collection():
    root = Path(version.__file__).resolve().parents[4]
    assert yaml.safe_load((root / "galaxy.yml").read_text())["version"] == version.VERSION
