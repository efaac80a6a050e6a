# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever host a boot finds and whatever was saved: it destroys nothing, and what it has reached it leaves alone."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import program
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.boot import BootHost, BootPf, from_boot
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.boot_result import EXIT
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.host import observe
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support import scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import generation, result_of
from hypothesis import event, given, settings


def saved(kernel, options):
    """What would be installed, consent and all; the names that mean something."""
    desired, _state, _unknown = observe(kernel, desired_state(MODULES["host"], options), 10)
    macs = {each["ifname"]: each.get("permaddr", each["address"]) for each in kernel.link.interfaces()}
    for pf in desired.pfs:
        name = next(iter(kernel.pci.interfaces(pf.pf)), "")
        yield BootPf(pf, macs.get(name), name, kernel.pci.driver(pf.pf) or "")


def held(kernel):
    """VFs that there are, and what drives those that are open."""
    found = {(pf, vf) for pf in kernel.pci.pfs() for vf in kernel.pci.virtual_functions(pf)}
    open_nodes = {node for process in kernel.processes.ids() for node in kernel.processes.open_files(process).nodes}
    driven = {
        (vf, kernel.pci.driver(vf))
        for _pf, vf in found
        if kernel.system.vfio_node(kernel.pci.iommu_group(vf)) in open_nodes
    }
    return found, driven


def test_whatever_is_there_and_was_saved(roots):
    @settings(max_examples=max(6, settings().max_examples // 3))
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        root = roots()
        kernel = scenes.start(root, state)
        try:
            pfs = tuple(saved(kernel, options))
        except SriovError:
            event("not to be saved")
            return
        build(root, generation(from_boot(BootHost(pfs, "0.1.0", 60.0, 0.0))))
        (vfs, driven), begun = held(kernel), written(kernel)

        looked = program.main(["check"], kernel)
        assert written(kernel) == begun and result_of(kernel) is None, "who only looks writes nothing"

        code = program.main(["boot"], kernel)
        result = result_of(kernel)
        event(result["outcome"])
        assert code == EXIT[result["outcome"]]
        vfs_now, driven_now = held(kernel)
        none_wanted = {pf.desired.pf for pf in pfs if pf.desired.num_vfs == 0}  # by their user's own word
        assert {(pf, vf) for pf, vf in vfs if pf not in none_wanted} <= vfs_now
        assert driven <= driven_now
        assert set(result["pfs"]) == {pf.desired.pf for pf in pfs}
        if result["outcome"] == "refused":
            assert written(kernel) == begun
        if looked != 1:
            assert (looked, result["outcome"]) in ((0, "ok"), (2, "changed"))

        outcomes = {pf: told["outcome"] for pf, told in result["pfs"].items()}
        settled = written(kernel)
        program.main(["boot"], kernel)
        again = {pf: told["outcome"] for pf, told in result_of(kernel)["pfs"].items()}
        assert again == {pf: {"changed": "ok"}.get(each, each) for pf, each in outcomes.items()}
        assert result["outcome"] not in ("ok", "changed", "partial", "refused") or written(kernel) == settled

    holds()
