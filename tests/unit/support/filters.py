# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that drop packets: iptables-legacy, nft, and `ip` with an XDP program; around a simulated kernel's."""

from __future__ import annotations

import os
import re

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bpf import DROP
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BPF


class Filters:
    """Commands.

    :param run: those of the simulated kernel, for all others.
    """

    def __init__(self, run, kernel):
        self.run, self.calls, self._kernel = run, run.calls, kernel
        self.rules, self.table, self.attached = [], "", None
        self.lists, self.without, self.refuses = {}, set(), ""
        self.virtual = "none"

    @classmethod
    def on(cls, kernel):
        """The kernel, which has them from now on."""
        filters = cls(kernel.run, kernel)
        for each in (kernel, kernel.link, kernel.bpffs, kernel.dropping, kernel.units):
            setattr(each, "run" if each is kernel else "_run", filters)
        return kernel

    def attach_anothers(self, name):
        with self._kernel.bpf.loaded(DROP, b"theirs") as program:
            self._kernel.bpffs.mount()
            self._kernel.bpf.pin(program, f"{BPF}/theirs")
        self.attached = self._kernel.bpf.pinned_program(f"{BPF}/theirs").number

    def __call__(self, argv, stdin=""):
        if argv[0] in self.without:
            return 127, "", f"there is no program {argv[0]!r}"
        if self.refuses and " ".join(argv).startswith(self.refuses):
            return 2, "", "Error: Operation not supported\n"
        own = {"iptables-legacy": self._iptables, "nft": self._nft, "systemd-detect-virt": self._virt}
        if argv[0] in own:
            self.calls.append(" ".join(argv))
            return own[argv[0]](argv[1:], stdin)
        if argv[:3] == ["ip", "link", "set"] and "xdpdrv" in argv:
            self.calls.append(" ".join(argv))
            return self._xdp(argv)
        if argv[:4] == ["ip", "-d", "link", "show"]:
            return 0, f"    prog/xdp id {self.attached} tag x\n" if self.attached else "", ""
        if argv[0] == "mount":
            with open(f"{self._kernel.root}/proc/mounts", "a", encoding="utf-8") as file:
                file.write(f"bpf {argv[-1]} bpf rw 0 0\n")
            return 0, "", ""
        if argv[:2] == ["modprobe", "-r"]:
            self.calls.append(" ".join(argv))
            return 0, "", ""
        return self.run(argv, stdin)

    def _virt(self, _words, _stdin):
        return int(self.virtual == "none"), f"{self.virtual}\n", ""

    def _iptables(self, words, _stdin):
        if words == ["--version"]:
            return 0, "iptables v1.8.11 (legacy)\n", ""
        if words[4] == "-nvxL":
            return 0, self.lists.get("iptables-legacy", ""), ""
        rule = words[5:]
        if words[4] == "-I":
            self.rules.append(rule)
            os.makedirs(f"{self._kernel.root}/proc/net", exist_ok=True)
            with open(f"{self._kernel.root}/proc/net/ip_tables_names", "w", encoding="utf-8") as file:
                file.write("raw\n")
        elif rule not in self.rules:
            return 1, "", "iptables: Bad rule (does a matching rule exist in that chain?).\n"
        elif words[4] == "-D":
            self.rules.remove(rule)
        return 0, "", ""

    def _nft(self, words, stdin):
        if words == ["-f", "-"]:
            self.table = stdin
        elif words[0] == "delete":
            self.table = ""
            self.lists.pop("nft", None)
        elif words[0] == "list":
            listed = self.lists.get("nft", self.table)
            return (0, listed, "") if listed else (1, "", "Error: No such file or directory\n")
        return 0, "nftables v1.1.3\n", ""

    def _xdp(self, argv):
        if argv[-1] == "off":
            self.attached = None
            return 0, "", ""
        path = re.sub(f"^{re.escape(self._kernel.root)}", "", argv[-1])
        self.attached = self._kernel.bpf.pinned_program(path if path.startswith("/") else f"/{path}").number
        return 0, "", ""
