# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is around all that is kept: by which version it was written, and in which boot."""

from __future__ import annotations

import typing as t

from ..kernel.sysfs import Sysfs
from ..kernel.system import System
from ..model.paths import BOOT_ID, PROCESSES
from .files import Unreadable

if t.TYPE_CHECKING:
    from .files import Files

SCHEMA = 1
Json = t.Dict[str, t.Any]
T = t.TypeVar("T")


class LaterSchema(ValueError):
    """A later version of this collection has written it: what it says is not known to this one."""


def check_schema(found: Json, known: int) -> None:
    """An earlier one is read: what it does not have yet is for whoever understands the rest.

    :param known: the schema that this version writes.
    :raises LaterSchema, ValueError, KeyError: it cannot be read.
    """
    schema = found["schema"]
    if not isinstance(schema, int) or isinstance(schema, bool):
        raise ValueError(f"its schema is {schema!r}")
    if schema > known:
        raise LaterSchema(
            "it was written by a later version of this collection: "
            f"its schema is {schema}, and this version knows {known} and earlier"
        )


class Envelope:
    """One file.

    :param of_boot: what is in it is of this boot alone.
    :param remedy: what to do about one that cannot be understood.
    """

    def __init__(self, files: Files, path: str, remedy: str, of_boot: bool = False) -> None:
        self._files = files
        self._path = path
        self._remedy = remedy
        self._of_boot = of_boot

    def read(self, understood: t.Callable[[Json], T]) -> T | None:
        """None where there is no such file, or it is of another boot.

        :param understood: what it says; may raise ValueError, TypeError, KeyError, AttributeError.
        :raises Unreadable: it cannot be understood.
        """
        found = self._files.read(self._path)
        if found is None or (self._of_boot and found.get("boot") != self._boot()):
            return None
        try:
            check_schema(found, SCHEMA)
            return understood(found)
        except LaterSchema as error:
            remedy = f"use that version, or: {self._remedy}"
            raise Unreadable(f"cannot read {self._path}", why=str(error), remedy=remedy) from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise not_of_this_version(self._path, error, self._remedy) from None

    def write(self, value: Json) -> None:
        """:raises KernelRefused: with the errno."""
        boot = {"boot": self._boot()} if self._of_boot else {}
        self._files.write(self._path, {"schema": SCHEMA, **boot, **value})

    def remove(self) -> None:
        """:raises KernelRefused: with the errno."""
        self._files.remove(self._path)

    def _boot(self) -> str:
        found = System(Sysfs(self._files.root)).boot_id()
        if found is None:
            raise Unreadable(
                f"cannot read {BOOT_ID}",
                why="of which boot the files of this collection are is not known",
                remedy=f"look how {PROCESSES} is mounted",
            )
        return found


def not_of_this_version(path: str, error: Exception, remedy: str) -> Unreadable:
    return Unreadable(
        f"cannot read {path}", why=f"it is not of this version of the collection ({error})", remedy=remedy
    )
