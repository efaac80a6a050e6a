# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README says against the files that it speaks of."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def read(name):
    return yaml.safe_load((ROOT / name).read_text())


def test_it_installs_the_file_that_is_built():
    galaxy = read("galaxy.yml")
    assert "install ./{namespace}-{name}-{version}.tar.gz\n".format(**galaxy) in README


def test_all_say_the_same_of_ansible_core():
    oldest = read("roles/provision/meta/main.yml")["galaxy_info"]["min_ansible_version"]
    assert f"needs ansible-core {oldest} or later" in README
    assert read("meta/runtime.yml")["requires_ansible"] == f">={oldest}.0"
