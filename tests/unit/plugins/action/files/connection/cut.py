# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection to this host that can be cut: a new one fails as often as file "failures" says, the old one does not.

Each new one is a line in file "resets".
"""

from __future__ import annotations

import os

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: cut
short_description: local, and can be cut
description: For tests.
options: {}
extends_documentation_fragment: [connection_pipelining]
"""
LINK = os.environ["STAND_IN_LINK"]


class Connection(Local):
    transport = "cut"
    new = False

    def reset(self):
        self.new = True
        with open(f"{LINK}/resets", "a", encoding="utf-8") as file:
            print("reset", file=file)

    def exec_command(self, cmd, in_data=None, sudoable=True):
        if self.new:
            with open(f"{LINK}/failures", encoding="utf-8") as file:
                left = int(file.read())
            with open(f"{LINK}/failures", "w", encoding="utf-8") as file:
                print(max(0, left - 1), file=file)
            if left:
                raise AnsibleConnectionFailure("Connection timed out")
        return super().exec_command(cmd, in_data, sudoable)
