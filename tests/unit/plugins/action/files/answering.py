# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for a module on the remote side: gives one answer, and notes that it was asked.

WANT_JSON: it comes with a file of options, and as it is.
"""

from __future__ import annotations

import json
import os
import sys

MODULE = ""  # support.playbooks.install() writes one file a module

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
asked = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
with open(os.environ["ANSWERS"], encoding="utf-8") as file:
    answer = json.load(file)[MODULE]
with open(os.environ["VISITS"], "a", encoding="utf-8") as file:
    file.write(json.dumps([MODULE, asked]) + "\n")
print(json.dumps({**answer, "asked": asked}))
