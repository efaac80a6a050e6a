# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a module that are killed, or meet one fault, at a call that is named by its words."""

from __future__ import annotations

import contextlib
import json
import os
import shutil

from ansible_collections.kernel_bypass.sriov.plugins.modules import host

from ..simulation.devices import Behaviour
from ..simulation.faulty import KILL, Fault, Killed, faulty
from ..simulation.kernel import behaving
from .modules import run_module

JOURNALS = "run/kernel-bypass-sriov/journal"


class Host:
    """A simulated host whose runs may go wrong.

    :param root: where scenes.start() has made it.
    """

    def __init__(self, root):
        self.root = str(root)
        self.kernel = behaving(self.root, Behaviour())

    def run(self, module=host, **options):
        return run_module(module, behaving(self.root, Behaviour()), **options)

    def killed(self, words, module=host, after=True, **options):
        """Killed at the first call with these words, right after its effect unless told."""
        with contextlib.suppress(Killed):
            raise AssertionError(self._with(words, KILL, after, module, options))
        os.unlink(os.path.join(self.root, "sim/killed"))

    def failing(self, words, number, module=host, after=False, **options):
        """The result of a run in which this call is answered with an errno."""
        return self._with(words, number, after, module, options)

    def _with(self, words, number, after, module, options):
        copy = f"{self.root}.copy"
        shutil.copytree(self.root, copy, symlinks=True)
        kernel, calls = faulty(copy)
        run_module(module, kernel, **options)
        found = next(place for place, call in enumerate(calls.made()) if words in call)
        shutil.rmtree(copy)
        kernel, _calls = faulty(self.root, Fault(found, number, after))
        return run_module(module, kernel, **options)

    def journal(self, pf="0000:01:00.0"):
        """What it has taken; None where there is none."""
        path = os.path.join(self.root, JOURNALS, f"{pf}.json")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return json.load(file)["taken"]

    def rules(self, name="enp1s0"):
        return sorted(rule.location for rule in self.kernel.ethtool.rules(name).rules)

    def vf(self, index, name="enp1s0"):
        return self.kernel.link.vf_attributes(name)[index]

    def driver(self, address):
        return self.kernel.sysfs.link_name(f"/sys/bus/pci/devices/{address}/driver")

    def override(self, address):
        text = self.kernel.sysfs.read(f"/sys/bus/pci/devices/{address}/driver_override")
        return None if text in ("(null)", "") else text
