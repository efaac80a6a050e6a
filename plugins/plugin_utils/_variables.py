# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the roles, as the roles' own files have them, and those that only look like them."""

from __future__ import annotations

import typing as t
from functools import lru_cache
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

from ..module_utils._module.words import closest
from ..module_utils._sriov.errors import InvalidRequest

ROLES = Path(__file__).resolve().parents[2] / "roles"
# Playbooks have no argument spec. All of them take these, and so each looks at the variables of this role.
OF_PLAYBOOKS = ("provision_hosts", "provision_serial", "provision_max_fail_percentage")
WITH_PLAYBOOKS = "provision"
ALIKE = 0.9  # of difflib: one letter of a name is wrong, or two


class Role(t.NamedTuple):
    """
    :param to_set: variables that its users set, in the order of its argument spec.
    :param own: variables that it sets itself; also some that do not begin with its name.
    """

    name: str
    to_set: tuple[str, ...]
    own: frozenset[str]

    @property
    def prefix(self) -> str:
        return f"{self.name}_"


@lru_cache
def roles() -> tuple[Role, ...]:
    """All roles of this collection."""
    return tuple(_role(path) for path in sorted(ROLES.iterdir()) if (path / "meta" / "argument_specs.yml").is_file())


def misspelt(names: t.Iterable[str], of: t.Iterable[str]) -> list[InvalidRequest]:
    """A refusal for each name that is meant as a variable of one of some roles, and is none.

    :param of: names of the roles that run. What begins with the name of another may be anybody's.
    """
    known = {name for role in roles() for name in (*role.to_set, *role.own)}
    running = [role for role in roles() if role.name in {*of, WITH_PLAYBOOKS}]
    unknown = ((name, _meant(name, running)) for name in sorted({*names} - known))
    return [_unknown(name, role) for name, role in unknown if role]


def _meant(name: str, running: list[Role]) -> Role | None:
    for role in roles():
        if name.startswith(role.prefix):
            return role if role in running else None
    near = closest(name, [each for role in running for each in role.to_set], ALIKE)
    return next((role for role in running if near in role.to_set), None)


def _unknown(name: str, role: Role) -> InvalidRequest:
    # The prefix alone makes all of them alike. It may be what is misspelt.
    own = name[len(role.prefix) :] if name.startswith(role.prefix) else name[name.find("_") + 1 :]
    near = closest(own, [each[len(role.prefix) :] for each in role.to_set])
    if near:
        return InvalidRequest(f"{name}: unknown, did you mean {role.prefix}{near}?")
    return InvalidRequest(
        f"{name}: unknown",
        why=f"variables that begin with {role.prefix} are those of role {role.name}",
        remedy=f"use one of {', '.join(role.to_set)}, or another name",
    )


def _role(path: Path) -> Role:
    entries = _read(path / "meta" / "argument_specs.yml")["argument_specs"].values()
    to_set = dict.fromkeys(name for entry in entries for name in entry["options"])
    of_playbooks = OF_PLAYBOOKS if path.name == WITH_PLAYBOOKS else ()
    constants = [{"vars": _read(file)} for file in sorted(path.glob("vars/*.yml"))]
    tasks = [_read(file) for file in sorted(path.glob("tasks/*.yml"))]
    return Role(path.name, (*to_set, *of_playbooks), frozenset(_set_by([*constants, *tasks])))


def _set_by(part: t.Any) -> t.Iterator[str]:
    """The names of all variables that a part of a file of tasks sets."""
    for value in part if isinstance(part, list) else part.values() if isinstance(part, dict) else ():
        yield from _set_by(value)
    if isinstance(part, dict):
        yield from filter(None, [part.get("register"), part.get("loop_var")])
        yield from (name for word in ("vars", "ansible.builtin.set_fact") for name in part.get(word) or ())


def _read(path: Path) -> t.Any:
    return yaml_load(path.read_text(encoding="utf-8"))
