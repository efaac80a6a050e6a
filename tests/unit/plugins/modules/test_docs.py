# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's documentation says of its options is what its argument spec says."""

from __future__ import annotations

from importlib import import_module

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES as INTERFACES
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import desired_state
from ansible_collections.kernel_bypass.sriov.plugins.modules import (
    boot_state,
    dpdk,
    dpdk_proof,
    drop_cost,
    flow_rule,
    host,
    info,
    pci_driver,
    pf,
    platform,
    rss,
    rx_rate,
    vf,
    xsk_proof,
)

ALL = (
    *(boot_state, dpdk, dpdk_proof, drop_cost, flow_rule, host, info, pci_driver, pf, platform, rss, rx_rate, vf),
    xsk_proof,
)
MODULES = {module.__name__.rpartition(".")[2]: module for module in ALL}
FIELDS = {"type": "str", "required": False, "default": None, "elements": None, "choices": None}


def facts(options, nested):
    """Options as both sides can say them, and those inside of them, by name.

    :param nested: what the inner ones are called there: "options" in a spec, "suboptions" in documentation.
    """
    return {
        name: {
            **{field: option.get(field, default) for field, default in FIELDS.items()},
            "suboptions": facts(option.get(nested) or {}, nested),
        }
        for name, option in options.items()
    }


def documentation(module):
    """Options with those of the module's fragments, an option that both speak of merged: as Ansible does it."""
    found = yaml.safe_load(module.DOCUMENTATION)
    options = dict(found.get("options", {}))
    for name in found["extends_documentation_fragment"]:
        for option, said in fragment(*name.split(".")[2:])["options"].items():
            options[option] = {**said, **options.get(option, {})}
    return options


def fragment(file, attribute="documentation"):
    package = "ansible_collections.kernel_bypass.sriov.plugins.doc_fragments"
    return yaml.safe_load(getattr(import_module(f"{package}.{file}").ModuleDocFragment, attribute.upper()))


def documented(module):
    return facts(documentation(module), "suboptions")


def depth(options):
    return 1 + max((depth(option["suboptions"]) for option in options.values()), default=-1)


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_every_option_is_documented_as_it_is(module):
    assert facts(module.ARGUMENT_SPEC, "options") == documented(module)


def test_options_inside_of_options_are_compared_too():
    assert depth(documented(host)) == 4


def words(options):
    """Every description, however deep."""
    for name, option in options.items():
        yield name, option.get("description")
        yield from words(option.get("suboptions") or {})


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_every_option_is_described(module):
    assert [name for name, text in words(documentation(module)) if not text] == []


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_examples_are_what_the_module_takes(module):
    name = f"kernel_bypass.sriov.{yaml.safe_load(module.DOCUMENTATION)['module']}"
    for task in yaml.safe_load(module.EXAMPLES):
        assert {"name", name} <= set(task) <= {"name", name, "register"}
        assert ArgumentSpecValidator(module.ARGUMENT_SPEC).validate(task[name] or {}).error_messages == []
        interface = INTERFACES.get(name.rpartition(".")[2])
        assert interface is None or desired_state(interface, task[name])  # its values too, and that they go together


def returned(values):
    for name, value in values.items():
        yield name, value
        yield from returned(value.get("contains") or {})


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_return_values_are_described(module):
    values = dict(returned(yaml.safe_load(module.RETURN)))
    assert [name for name, value in values.items() if not ("description" in value and "type" in value)] == []
