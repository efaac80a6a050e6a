# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a saved plan, on the controller: one for each host, which is named in it."""

from __future__ import annotations

import json
import os
import tempfile
import typing as t
from contextlib import suppress

from ..module_utils._module.plan_file import as_text, parsed
from ..module_utils._sriov.errors import InvalidRequest, KernelRefused
from ..module_utils._sriov.saved_plan import AGAIN

ONE_EACH = "give each host a file of its own, as in plan_file: plans/{{ inventory_hostname }}.json"


class PlanFile:
    """Of one host.

    :param path: relative to the working directory, or with "~".
    :param host: its name in the inventory.
    """

    def __init__(self, path: str, host: str) -> None:
        self.path = os.path.abspath(os.path.expanduser(path))
        self._host = host

    def read(self) -> str:
        """The text of the plan.

        :raises InvalidRequest: it is not there, is damaged, of another schema, or of another host.
        """
        text = self._text()
        if text is None:
            raise InvalidRequest(f"plan_file: there is no file {self.path}", remedy=AGAIN)
        plan = parsed(text, self.path)
        self._check_host(plan.get("host"))
        return text

    def check_free(self) -> None:
        """:raises InvalidRequest: what is there is no plan of this host: it would be overwritten."""
        text = self._text()
        if text is None:
            return
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or "schema" not in value:
            raise InvalidRequest(
                f"plan_file: {self.path} is no plan of this collection",
                why="it would be overwritten",
                remedy="name another file, or remove it",
            )
        self._check_host(value.get("host"))

    def write(self, text: str) -> None:
        """A plan as the module tells it, readable by its user alone; whole, or not at all.

        :raises InvalidRequest: see check_free().
        :raises KernelRefused: with the errno.
        """
        text = as_text({**parsed(text), "host": self._host})
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            # With mode 0600.
            descriptor, unfinished = tempfile.mkstemp(prefix=".plan", dir=os.path.dirname(self.path))
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                self._put(unfinished)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(unfinished)
        except OSError as error:
            raise KernelRefused(f"plan_file: cannot write {self.path}", errno=error.errno) from None

    def _put(self, unfinished: str) -> None:
        """Hosts are served at the same time: of two that mean one new file one is told so."""
        try:
            os.link(unfinished, self.path)
        except FileExistsError:
            self.check_free()
            os.replace(unfinished, self.path)

    def _text(self) -> str | None:
        try:
            with open(self.path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "it is no text"
            raise InvalidRequest(f"plan_file: cannot read {self.path}", why=why, remedy="name another file") from None

    def _check_host(self, host: t.Any) -> None:
        if host != self._host:
            raise InvalidRequest(
                f"plan_file: {self.path} is the plan of another host", why=f"of {host}", remedy=ONE_EACH
            )
