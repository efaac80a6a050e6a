# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module's main() on a simulated kernel, and gives what it prints."""

from __future__ import annotations

import contextlib
import io
import json
from unittest import mock

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args


def run_module(module, kernel, check=False, **options):
    """The result of one run; failed is there in any case."""
    printed = io.StringIO()
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
    # A module is a process of its own: no warnings of others, and no controller, which tests of filters import.
    warnings._global_warnings.clear()
    alone = mock.patch.object(_internal, "is_controller", False)
    with alone, patch_module_args(arguments), contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
        module.main(kernel)
    result = json.loads(printed.getvalue())
    result.setdefault("failed", False)
    return result


def warned(result):
    """Its warnings, the sentences alone: in ansible-core 2.19 and later each is a record."""
    return [each if isinstance(each, str) else each["event"]["msg"] for each in result.get("warnings", [])]
