# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for module host on the remote side: the real main() on a simulated kernel of two PFs, whose tree stays.

WANT_JSON: it comes with a file of options, and as it is, so that it can import the tests.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

sys.path[:0] = os.environ["STAND_IN_PATH"].split(os.pathsep)

from ansible_collections.kernel_bypass.sriov.plugins.modules import host  # noqa: E402 - the path comes first
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts  # noqa: E402
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate  # noqa: E402
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module  # noqa: E402

TREE = os.environ["STAND_IN_TREE"]


def two_ports():
    other = replace(hosts.IXGBE, address="0000:03:00.0", name="enp3s0", mac="02:00:00:00:03:00")
    return {**hosts.host(hosts.IXGBE, cpus=16), **hosts.pf(other, group=3, ifindex=4)}


with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
options = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
kernel = simulate(TREE, {} if os.path.exists(f"{TREE}/sys") else two_ports())
print(json.dumps(run_module(host, kernel, given["_ansible_check_mode"], **options)))
