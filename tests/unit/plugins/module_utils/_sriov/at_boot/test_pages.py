# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hugepages of a boot on simulated kernels: taken before the PFs, and what is short costs the PFs nothing."""

from __future__ import annotations

import json
import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import pages as boot_pages
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot.status import status
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.compared import Wanted
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.platform import Pages, Stored
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.platform_kept import platform_text
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.verify import compare_host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import GIB, node, pool
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import num_vfs, outcomes, run, start, wish
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import ONE, TWO

PFS = (wish(),)
KEPT = "etc/kernel-bypass-sriov/platform.json"
WANTED = (Pages(0, 2048, 64), Pages(0, GIB, 2))
SHORT = (
    "hugepages: node 0: 1 of 2 pages of 1G, with 11136 MiB free: what is free lies in pieces that are too small, or is "
    "held. Remedy: boot, since memory is in one piece then; or ask for fewer."
)
TAKEN = ["set hugepages of 2M of node 0 from 0 to 64", "set hugepages of 1G of node 0 from 0 to 2"]


def prepared(tmp_path, *pages, more=None, text=None, pfs=PFS, **words):
    kept = {KEPT: platform_text(Stored(pages)) if text is None else text}
    return start(tmp_path, *pfs, files={**node(0), **kept, **(more or {})}, **words)


def pages_of(kernel):
    return {each.size_kb: each.nr for each in kernel.platform.pools()}


@pytest.fixture
def one_try(monkeypatch):
    """What is short is not tried again: these hosts have no memory that comes together in the background."""
    monkeypatch.setattr(boot_pages, "TRIES_FOR", 0.0)


def test_pages_are_taken_before_the_pfs_and_a_second_run_does_nothing(tmp_path, capfd):
    kernel = prepared(tmp_path, *WANTED)
    assert run(kernel, "check")[0] == 2
    would = [line for line in capfd.readouterr().out.splitlines() if line.startswith("apply would: ")]
    assert would[:2] == [f"apply would: {step}" for step in TAKEN] and pages_of(kernel) == {2048: 0, GIB: 0}
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], result["failure"], num_vfs(kernel)) == (0, "changed", None, 2)
    assert pages_of(kernel) == {2048: 64, GIB: 2}
    assert result["steps"][:2] == TAKEN
    assert capfd.readouterr().out.splitlines()[:2] == TAKEN
    code, result = run(kernel, "apply")
    assert (code, result["outcome"], result["steps"]) == (0, "ok", [])
    assert run(kernel, "check")[0] == 0


def test_more_than_is_wanted_stays(tmp_path):
    kernel = prepared(tmp_path, Pages(0, 2048, 8), more=pool(0, 2048, 64))
    assert (run(kernel, "boot")[0], pages_of(kernel)[2048]) == (0, 64)


def test_what_is_short_is_a_failure_and_the_pfs_are_reached_all_the_same(tmp_path, capfd, one_try):
    kernel = prepared(tmp_path, *WANTED, more={"sim/most/node0-hugepages-1048576kB": "1"})
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], outcomes(result)) == (1, "partial", {ONE.address: "changed"})
    assert (result["failure"]["msg"], num_vfs(kernel)) == (SHORT, 2)
    assert result["steps"][:2] == [TAKEN[0], "set hugepages of 1G of node 0 from 0 to 1"]
    assert SHORT in capfd.readouterr().out.splitlines()
    assert f"  {SHORT}" in status(kernel)
    told = compare_host(kernel, Wanted(None, (), True), 60.0, lambda _seconds: None).differences
    assert told == [f"kernel-bypass-sriov.service: its last run in this boot: partial: {SHORT.rstrip('.')}"]
    again = run(kernel, "boot")[1]
    assert (again["outcome"], again["steps"], again["failure"]["msg"]) == ("partial", [], SHORT)


def test_a_node_that_is_gone_does_not_cost_the_others_theirs(tmp_path, one_try):
    kernel = prepared(tmp_path, Pages(7, 2048, 1), Pages(0, 2048, 64))
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], pages_of(kernel)[2048], num_vfs(kernel)) == (1, "partial", 64, 2)
    assert result["failure"]["msg"] == (
        "hugepages: node 7: none of 1 pages of 2M: there is no such node in this boot, or it has none of that size. "
        "Remedy: look at the host's memory, and run module platform for what is there now."
    )
    assert result["steps"][0] == TAKEN[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is not of this version of the collection ("),
        (json.dumps({"schema": 9}), "it is not of this version of the collection (its schema is 9"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_pfs_are_reached(tmp_path, capfd, text, why):
    kernel = prepared(tmp_path, text=text)
    assert run(kernel, "check")[0] == 1
    assert f"cannot read /{KEPT}: {why}" in capfd.readouterr().out
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], num_vfs(kernel)) == (1, "partial", 2)
    assert result["failure"]["msg"].startswith(f"cannot read /{KEPT}: {why}")


def test_where_no_pf_is_reached_either_it_has_failed(tmp_path, one_try):
    kernel = prepared(tmp_path, Pages(0, GIB, 99), pfs=(wish(TWO, 8, ()),))
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], outcomes(result)) == (1, "failed", {TWO.address: "refused"})


def test_pages_have_a_third_of_the_time(tmp_path):
    """Of 36 s 12 are theirs; of these 10 are kept for the rest, and so it is tried again for 2."""
    kernel = prepared(tmp_path, Pages(0, GIB, 99), timeout=36.0)
    begin = time.monotonic()
    assert run(kernel, "boot")[1]["outcome"] == "partial"
    assert 1 < time.monotonic() - begin < 10


def test_a_host_that_was_not_prepared_has_nothing_to_take(tmp_path):
    kernel = start(tmp_path, wish(), files=node(0))
    assert (run(kernel, "boot")[1]["failure"], pages_of(kernel)) == (None, {2048: 0, GIB: 0})
