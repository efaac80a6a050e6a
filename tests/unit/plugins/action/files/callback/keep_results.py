# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback that keeps every result as a callback gets it, one JSON object a line."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "keep_results"

    def _keep(self, kind, result):
        entry = {
            "kind": kind,
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "result": result._result,
        }
        with open(os.environ["KEPT_RESULTS"], "a", encoding="utf-8") as file:
            print(json.dumps(entry), file=file)

    def v2_runner_on_ok(self, result):
        self._keep("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._keep("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._keep("unreachable", result)

    def v2_runner_item_on_ok(self, result):
        self._keep("item", result)

    def v2_runner_item_on_failed(self, result):
        self._keep("failed item", result)
