# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a role."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

from .playbooks import ROOT

ROLES = ROOT / "roles"


class RoleFiles:
    """Of one role, as they are read anew each time."""

    def __init__(self, name: str) -> None:
        self.path: Path = ROLES / name

    def read(self, folder: str, file: str = "main") -> t.Any:
        """What a YAML file of a folder says."""
        return yaml.safe_load((self.path / folder / f"{file}.yml").read_text())

    def entries(self) -> t.Any:
        """Options by the names of the files in tasks/ that take them."""
        entries = self.read("meta", "argument_specs")["argument_specs"]
        return {name: entry["options"] for name, entry in entries.items()}

    def options(self) -> t.Any:
        return self.entries()["main"]
