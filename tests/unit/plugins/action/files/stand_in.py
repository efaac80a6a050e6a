# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for a module on the remote side: the real main() on a simulated kernel of two PFs, whose tree stays.

WANT_JSON: it comes with a file of options, and as it is, so that it can import the tests.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from dataclasses import replace

sys.path[:0] = os.environ["STAND_IN_PATH"].split(os.pathsep)

from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts, platform  # noqa: E402 - the path comes first
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour  # noqa: E402
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate  # noqa: E402
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY  # noqa: E402
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module  # noqa: E402

MODULE = "host"  # support.playbooks.install() writes one file a module
TREE = os.environ["STAND_IN_TREE"]
PLAIN = "0000:00:02.0"


def two_ports():
    other = replace(hosts.IXGBE, address="0000:03:00.0", name="enp3s0", mac="02:00:00:00:03:00")
    plain = hosts.function(PLAIN, "8086", "10d3", driver="e1000e", group=5)
    more = {**hosts.behind(PLAIN, "enp0s2"), **hosts.interface("enp0s2", 5, "02:00:00:00:00:02")}
    bridge = hosts.virtual("br77", 6, "bridge", ["enp1s0"])
    return {
        **{**platform.machine(cpus=16), **hosts.pf(other, group=3, ifindex=4)},
        **{**plain, **more, **bridge, "run/systemd/system": DIRECTORY},
    }


with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
options = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
with open(os.environ["VISITS"], "a", encoding="utf-8") as file:
    file.write(json.dumps([MODULE, options]) + "\n")
as_user = Behaviour(user=int(os.environ["STAND_IN_USER"]))
kernel = simulate(TREE, {} if os.path.exists(f"{TREE}/sys") else two_ports(), as_user)
module = importlib.import_module(f"ansible_collections.kernel_bypass.sriov.plugins.modules.{MODULE}")
print(json.dumps(run_module(module, kernel, given["_ansible_check_mode"], **options)))
