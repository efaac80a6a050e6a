# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names are variables of the roles, and which only look like them."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.modules import role_variables
from ansible_collections.kernel_bypass.sriov.plugins.plugin_utils import _variables
from ansible_collections.kernel_bypass.sriov.plugins.plugin_utils._variables import ROLES, misspelt, roles

ROLE = {role.name: role for role in roles()}
SITE = ("prepare", "persist", "dpdk", "provision", "verify")
# The roles that run, a name, and what is told of it.
TOLD = {
    "a letter is missing": (["prepare"], "prepare_hugepage", "did you mean prepare_hugepages?"),
    "a letter too many": (["persist"], "persist_manageds_vfs", "did you mean persist_managed_vfs?"),
    "two letters the other way round": (["dpdk"], "dpdk_usres", "did you mean dpdk_users?"),
    "less alike, behind the role's name": (["verify"], "verify_trafic_", "did you mean verify_traffic?"),
    "the role's name": (["prepare"], "prepair_hugepages", "did you mean prepare_hugepages?"),
    "the role's name, of several roles": (SITE, "persit_pfs", "did you mean persist_pfs?"),
    "of the playbooks, in any of them": (["verify"], "provision_host", "did you mean provision_hosts?"),
    "in a role that reads those of provision": (["persist"], "provision_pfs_grup", "did you mean provision_pfs_group?"),
    "nothing is near": (
        ["verify"],
        "verify_ssl",
        "variables that begin with verify_ are those of role verify. Remedy: use one of verify_pfs, verify_hugepages, "
        "verify_persisted, verify_only_owner, verify_traffic, verify_timeout, verify_always, or another name.",
    ),
}
NOT_TOLD = {
    "one that there is": (SITE, "prepare_hugepages"),
    "of the playbooks": (["teardown"], "provision_serial"),
    "of a role that does not run": (["provision"], "verify_ssl"),
    "near to one of a role that does not run": (["provision"], "dpdk_user"),
    "of another entry of the role alone": (["dpdk"], "dpdk_proof"),
    "that the role registers": (["prepare"], "prepare_result"),
    "that it registers in a block": (["prepare"], "prepare_effects"),
    "a constant of the role": (["verify"], "verify_earlier"),
    "of one of its tasks": (["dpdk"], "dpdk_packages_here"),
    "that several roles have in a task": (SITE, "provision_origins"),
    "somebody else's": (SITE, "interface_timeout"),
    "the name of a role alone": (SITE, "prepare"),
    "one that only has the role's name in it": (SITE, "my_prepare_hugepages_of_this_site"),
    "Ansible's": (SITE, "ansible_verify_mode"),
}


@pytest.mark.parametrize(("running", "name", "wanted"), TOLD.values(), ids=TOLD)
def test_a_misspelt_name_is_told_with_the_nearest(running, name, wanted):
    (told,) = misspelt([name, "ansible_host"], running)
    assert str(told) in (f"{name}: unknown, {wanted}", f"{name}: unknown: {wanted}")


@pytest.mark.parametrize(("running", "name"), NOT_TOLD.values(), ids=NOT_TOLD)
def test_other_names_are_not(running, name):
    assert misspelt([name], running) == []


@pytest.mark.parametrize("role", ROLE.values(), ids=ROLE)
def test_each_variable_of_a_role_with_a_letter_less_is_told_where_the_role_runs(role):
    known = {name for each in roles() for name in (*each.to_set, *each.own)}
    for name in role.to_set:
        told = misspelt([name[:-1]], [role.name])
        assert name[:-1] in known or [str(each) for each in told] == [f"{name[:-1]}: unknown, did you mean {name}?"]


@pytest.mark.parametrize("role", ROLE.values(), ids=ROLE)
def test_all_that_a_role_mentions_is_known(role):
    """So a run never refuses what the role itself has set."""
    files = [*(ROLES / role.name).glob("[tvd]*/*.yml"), *(ROLES.parent / "playbooks").glob("*.yml")]
    words = {word for file in files for word in re.findall(rf"\b{role.prefix}[a-z_]+\b", file.read_text())}
    words -= {f"{role.prefix}proof"} if role.name == "dpdk" else set()  # a module is called so too
    assert len(words) > len(role.own) and misspelt(words, ROLE) == []


def test_the_module_s_documentation_names_the_roles():
    assert yaml.safe_load(role_variables.DOCUMENTATION)["options"]["roles"]["choices"] == [*ROLE]


def test_all_roles_are_known_with_all_that_their_defaults_have():
    assert {*ROLE} == {path.name for path in ROLES.iterdir() if path.is_dir()}
    for role in roles():
        defaults = yaml.safe_load((ROLES / role.name / "defaults" / "main.yml").read_text())
        of_playbooks = _variables.OF_PLAYBOOKS if role.name == "provision" else ()
        assert [*role.to_set] == [*defaults, *of_playbooks]


def test_the_variables_of_playbooks_are_those_that_they_mention():
    hosts, *of_batches = _variables.OF_PLAYBOOKS
    for file in (ROLES.parent / "playbooks").glob("*.yml"):
        text = file.read_text()
        assert hosts in text and all((name in text) == ("serial:" in text) for name in of_batches), file.name
