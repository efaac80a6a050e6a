# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's documentation says of its options is what its argument spec says."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.doc_fragments.attributes import ModuleDocFragment
from ansible_collections.kernel_bypass.sriov.plugins.modules import pci_driver, pf

FIELDS = {"type": "str", "required": False, "default": None, "elements": None, "choices": None}


def facts(option, suboptions):
    """An option as both sides can say it; suboptions by name."""
    found = {name: option.get(name, default) for name, default in FIELDS.items()}
    found["suboptions"] = {name: facts(each, each.get("suboptions", {})) for name, each in suboptions.items()}
    return found


def documented(module):
    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    shared = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert not set(options) & set(shared)
    return {name: facts(option, option.get("suboptions", {})) for name, option in {**options, **shared}.items()}


def accepted(module):
    spec = module.ARGUMENT_SPEC
    return {name: facts(option, option.get("options", {})) for name, option in spec.items()}


@pytest.mark.parametrize("module", [pf, pci_driver], ids=["pf", "pci_driver"])
def test_every_option_is_documented_as_it_is(module):
    assert accepted(module) == documented(module)


@pytest.mark.parametrize("module", [pf, pci_driver], ids=["pf", "pci_driver"])
def test_examples_use_options_that_exist(module):
    name = f"kernel_bypass.sriov.{yaml.safe_load(module.DOCUMENTATION)['module']}"
    for task in yaml.safe_load(module.EXAMPLES):
        assert set(task) == {"name", name}
        assert set(task[name]) <= set(module.ARGUMENT_SPEC)


@pytest.mark.parametrize("module", [pf, pci_driver], ids=["pf", "pci_driver"])
def test_return_values_are_described(module):
    assert all("description" in value and "type" in value for value in yaml.safe_load(module.RETURN).values())
