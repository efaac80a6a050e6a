# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a playbook of this collection: a run that would reach none is refused, where Ansible would end well."""

from __future__ import annotations

DOCUMENTATION = """
name: targets
author: kernel_bypass.sriov maintainers (!UNKNOWN)
version_added: 0.1.0
short_description: The hosts of a playbook, of which there must be some
description:
  - Gives back the pattern of hosts, for C(hosts) of a play. It is there for the playbooks of this collection.
  - Fails where the pattern matches no host of the inventory, and where a variable of the play or the command line
    is misspelt, as its name begins with that of a role of the playbook, or C(provision_), and is none of the role's.
    Ansible itself would skip the play, or do without the variable, and end well.
  - Fails where C(--limit) leaves none of the hosts, and where C(--tags) or C(--skip-tags) leave none of the tasks, if
    the playbook is the one that was asked for. In a playbook that imports it, other plays may be meant.
options:
  _terms:
    description: A pattern of hosts, or several, in one list or not.
    type: list
    elements: raw
    required: true
  playbook:
    description: The playbook, by its name in this collection.
    type: str
    required: true
  tags:
    description: The tags that all its tasks have. Each is the name of a role that the playbook runs.
    type: list
    elements: str
    required: true
"""

EXAMPLES = """
- name: Virtual functions beside the kernel
  hosts: "{{ lookup('kernel_bypass.sriov.targets', 'packet_hosts', playbook='provision', tags=['provision']) }}"
  roles:
    - role: kernel_bypass.sriov.provision
"""

RETURN = """
_raw:
  description: The pattern, in one piece.
  type: list
  elements: str
"""

import typing as t
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase

from ..module_utils._sriov.errors import InvalidRequest, SriovError
from ..module_utils._sriov.faults import Faults
from ..plugin_utils._variables import misspelt

ROOT = Path(__file__).resolve().parents[2]
ONLY_LOOKS = ("syntax", "listhosts", "listtags", "listtasks")
INVENTORY = "name the inventory file or its folder: -i inventory/"

Values = t.Dict[str, t.Any]


class LookupModule(LookupBase):
    """Lookup plugin targets."""

    def run(self, terms: list[t.Any], variables: Values | None = None, **options: t.Any) -> list[str]:
        self.set_options(var_options=variables, direct=options)
        known = variables or {}
        pattern = ",".join(str(each) for term in terms for each in (term if isinstance(term, list) else [term]))
        if not any(context.CLIARGS.get(word) for word in ONLY_LOOKS):
            faults = Faults()
            faults.add(*misspelt(known, self.get_option("tags")))
            with faults.gathered():
                self._check_hosts(pattern, known)
            if _asked_for(self.get_option("playbook")):
                with faults.gathered():
                    _check_tags(self.get_option("tags"), known)
            try:
                faults.tell()
            except SriovError as error:
                raise AnsibleLookupError(str(error)) from None
        return [pattern]

    def _check_hosts(self, pattern: str, known: Values) -> None:
        groups = known["groups"]
        if not any(groups.values()) and pattern not in ("localhost", "127.0.0.1"):
            raise InvalidRequest("the inventory has no hosts", why="nothing would be done", remedy=INVENTORY)
        inventory = InventoryManager(self._loader, parse=False)
        for group, hosts in groups.items():
            inventory.add_group(group)
            for host in hosts:
                inventory.add_host(host, group=group)
        reached = len(inventory.get_hosts(pattern)) if pattern else 0
        if not reached:
            said = "" if "provision_hosts" in known else "not set, and its default "
            names = ", ".join(sorted({*groups} - {"all", "ungrouped"})) or "none"
            raise InvalidRequest(
                f"provision_hosts: {said}{pattern!r} matches no host of the inventory",
                why=f"nothing would be done; its groups are: {names}",
                remedy="name a group or hosts of the inventory: -e provision_hosts=GROUP",
            )
        limit = context.CLIARGS.get("subset")
        inventory.subset(limit)
        if _asked_for(self.get_option("playbook")) and not inventory.get_hosts(pattern):
            raise InvalidRequest(
                f"--limit {limit}: none of the {reached} hosts of provision_hosts, {pattern!r}, is left",
                why="nothing would be done",
                remedy="leave it out, or name hosts that are among them",
            )


def _asked_for(playbook: str) -> bool:
    """Whether it is the playbook on the command line, rather than one that such a playbook imports."""
    own = ROOT / "playbooks" / f"{playbook}.yml"
    names = context.CLIARGS.get("args") or ()
    return any(name == f"kernel_bypass.sriov.{playbook}" or Path(name).resolve() == own for name in names)


def _check_tags(tags: list[str], known: Values) -> None:
    """:raises InvalidRequest: no task would be left."""
    meant = {"all", "tagged", *tags}
    only, skipped = (sorted(known.get(name) or ()) for name in ("ansible_run_tags", "ansible_skip_tags"))
    if not only or meant & set(only):
        if not meant & set(skipped):
            return
        what, remedy = f"--skip-tags {','.join(skipped)}", "leave it out"
    else:
        what, remedy = f"--tags {','.join(only)}", f"leave it out; the tags here are: {', '.join(tags)}"
    raise InvalidRequest(f"{what}: no task is left", why="nothing would be done", remedy=remedy)
