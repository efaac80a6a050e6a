# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How a request is refused: the same result from the host, and from the controller before any host is asked."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from .._sriov.errors import InvalidRequest, SriovError
from .._sriov.model.check import check_desired
from .desired import desired_host
from .options import HOST, Params


def failed(error: SriovError) -> Params:
    """The result of a module that changes something and was refused or stopped."""
    return {"msg": str(error), "failure": error.details(), "done": error.done, "changed": bool(error.done)}


def check_timeout(timeout: int) -> None:
    """:raises InvalidRequest: no step could be done in it."""
    if timeout < 1:
        raise InvalidRequest(f"timeout: {timeout} is less than a second", remedy="give 1 or more")


def check_host_options(options: Params) -> None:
    """All of module host's options that can be judged without the host, in the order in which the module does it.

    :param options: as a task gives them, templates resolved.
    :raises SriovError: what the module would refuse as well.
    """
    params = _validated(options)
    check_timeout(params["timeout"])
    check_desired(desired_host(params))


def _validated(options: Params) -> Params:
    found = ArgumentSpecValidator(HOST).validate(options)
    if not found.errors.errors:
        return t.cast(Params, found.validated_parameters)
    text = found.errors.msg.rstrip(".")
    if isinstance(found.errors[0], UnsupportedError):
        text = f"Unsupported parameters for (kernel_bypass.sriov.host) module: {text}"
    raise InvalidRequest(text)
