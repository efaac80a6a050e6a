# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role provision takes what module host takes. How it says so is generated, see tests/unit/scripts."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.kernel_bypass.sriov.plugins.modules import host

ROLE = Path(host.__file__).resolve().parents[2] / "roles" / "provision"
FIELDS = ("type", "elements", "required", "choices", "default")


def facts(options):
    return {
        name: {**{field: option.get(field) for field in FIELDS}, "options": facts(option.get("options", {}))}
        for name, option in options.items()
    }


def specs():
    return yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]


def test_a_pf_of_the_role_is_a_pf_of_the_module():
    assert facts(specs()["provision_pfs"]["options"]) == facts(host.ARGUMENT_SPEC["pfs"]["options"])


def test_the_defaults_of_the_role_are_those_that_its_argument_spec_names():
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    assert defaults == {name: option["default"] for name, option in specs().items()}
