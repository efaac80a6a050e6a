# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queues for AF_XDP at boot: a bpffs, and what is pinned and attached, is gone with the boot before."""

from __future__ import annotations

import os

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BPF, queue_map
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.xsk import DesiredXsk
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.xdp import foreign_program
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import LABEL, ONE, run, start, wish

GROUP = os.getgid() or 12345
QUEUE_1 = DesiredXsk((1,), GROUP, napi={"gro_flush_timeout": 200000}, place="pfs[0].xsk.")


def test_they_are_made_again(tmp_path):
    kernel = start(tmp_path, wish(num_vfs=None, vfs=(), xsk=QUEUE_1))
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], result["steps"]) == (
        0,
        "changed",
        [
            f"pin a map of AF_XDP sockets of {LABEL} and its program in {BPF}/{ONE.name}, for group {GROUP}",
            f"attach the XDP program for AF_XDP sockets to {LABEL} (native)",
            f"set gro_flush_timeout of {LABEL} to 200000 (was 0)",
            result["steps"][3],
        ],
    )
    assert result["steps"][3].startswith(f"set the RSS table of {LABEL}: of 128 entries queue 0 has ")
    status = os.stat(os.path.join(kernel.root, queue_map(ONE.name)[1:]))
    assert (oct(status.st_mode & 0o7777), status.st_gid) == ("0o660", GROUP)
    assert run(kernel, "apply")[1]["steps"] == []


def test_a_program_of_somebody_else_is_told(tmp_path):
    kernel = start(tmp_path, wish(num_vfs=None, vfs=(), xsk=QUEUE_1))
    foreign_program(kernel.run.devices, ONE.name)
    code, result = run(kernel, "boot")
    assert code != 0
    assert result["pfs"][ONE.address]["failure"]["msg"] == (
        f"xsk: cannot attach an XDP program on {LABEL}: XDP program 97 (xdp_dispatcher, native) is attached. Remedy: "
        f"end the program that has attached it, or detach it: ip link set dev {ONE.name} xdp off."
    )
