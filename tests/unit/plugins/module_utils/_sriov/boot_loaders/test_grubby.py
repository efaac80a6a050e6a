# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grubby gets all of it in one call, and gives other entries nothing that they have otherwise."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import (
    entry,
    kernel_on,
    rhel,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.boot_loaders import done, run


def test_grubby_gets_all_of_it_in_one_call(tmp_path):
    theirs = "root=/dev/vda1 ro hugepagesz=2M hugepages=512 $tuned_params"
    kernel = kernel_on(tmp_path, rhel(theirs))
    result = run(kernel, hugepages=[{"size": "1G", "count": 4}], kernel_arguments=["a.b=c=d"])
    assert done(kernel) == [
        "grubby --update-kernel=ALL --remove-args=hugepagesz hugepages a.b "
        "--args=hugepagesz=2M hugepages=512 hugepagesz=1G hugepages=4 a.b=c=d"
    ]
    words = " ".join(result["next_boot"].split())
    assert "hugepagesz=2M hugepages=512 hugepagesz=1G hugepages=4" in words
    for path in (tmp_path / "boot/loader/entries").iterdir():
        assert "$tuned_params" in path.read_text() and "hugepages=512 hugepagesz=1G hugepages=4" in path.read_text()
    run(kernel, state="absent")
    assert all("hugepagesz=1G" not in path.read_text() for path in (tmp_path / "boot/loader/entries").iterdir())
    assert all(
        "hugepagesz=2M hugepages=512" in path.read_text() for path in (tmp_path / "boot/loader/entries").iterdir()
    )


def test_what_tuned_has_in_its_variable_stays_there_and_counts(tmp_path):
    kernel = kernel_on(tmp_path, rhel(iommu=False))
    result = run(kernel)
    assert not [call for call in kernel.run.calls if "mkconfig" in call]
    assert "$tuned_params skew_tick=1" in result["next_boot"]
    assert "$tuned_params" in (tmp_path / "boot/loader/entries/id-5.14.0-503.el9.x86_64.conf").read_text()
    again = run(kernel, kernel_arguments=["skew_tick=1"])
    assert again["changed"] is False


def test_an_argument_with_white_space_is_refused_where_a_program_would_part_it(tmp_path):
    result = run(kernel_on(tmp_path, rhel()), kernel_arguments=['dyndbg="file x +p"'])
    assert "grubby cannot set it: it parts arguments at white space" in result["msg"]


def test_a_grubby_that_fails_is_run_the_other_way(tmp_path):
    kernel = kernel_on(tmp_path, rhel(iommu=False))
    look = (0, 'args="ro"', "")
    kernel.run._answers["grubby --info=DEFAULT"] = look
    result = run(kernel)
    assert (result["failure"]["kind"], result["changed"]) == ("not_reached", False)
    assert done(kernel) == [
        "grubby --update-kernel=ALL --remove-args=intel_iommu --args=intel_iommu=on",
        "grubby --update-kernel=ALL --remove-args=intel_iommu",
    ]


def test_grubby_that_does_not_tell_is_no_reason_to_guess(tmp_path):
    kernel = kernel_on(
        tmp_path, rhel(iommu=False), {"grubby --info=DEFAULT": (1, "", "The param DEFAULT is incorrect")}
    )
    result = run(kernel)
    assert "grubby --info=DEFAULT: it does not tell what will boot: The param DEFAULT is incorrect" in result["msg"]
    assert done(kernel) == []


OLDER = "5.14.0-500.el9.x86_64"


@pytest.mark.parametrize(
    ("default", "older", "named"),
    [("ro", "ro console=ttyS1", "console=ttyS1"), ("ro console=tty0", "ro", "console=tty0")],
)
def test_grubby_is_not_given_what_another_entry_has_otherwise(tmp_path, default, older, named):
    kernel = kernel_on(tmp_path, {**rhel(default), **entry(OLDER, older)})
    before = snapshot(tmp_path)
    result = run(kernel, kernel_arguments=["console=ttyS0"])
    said = f"the entry of /boot/vmlinuz-{OLDER} is not like it in {named}"
    assert result["failed"] and said in result["msg"], result
    assert (snapshot(tmp_path), done(kernel)) == (before, [])
    assert not run(kernel, kernel_arguments=["a=1"])["failed"]  # in other names they may differ


@pytest.mark.parametrize("state", ["present", "absent"])
def test_grubby_goes_on_where_a_run_has_ended_between_two_entries(tmp_path, state):
    kernel = kernel_on(tmp_path, rhel("ro"))
    run(kernel, kernel_arguments=["a=1"])
    build(tmp_path, entry(OLDER, "ro"))
    assert not run(kernel, kernel_arguments=["b=1"])["failed"]
    build(tmp_path, entry("5.14.0-503.el9.x86_64", "ro"))
    result = run(kernel, kernel_arguments=["b=1"], state=state)
    assert (result["failed"], result["changed"]) == (False, True), result
    found = (tmp_path / f"boot/loader/entries/id-{OLDER}.conf").read_text()
    assert ("b=1" in found) == (state == "present")


def test_grubby_leaves_alone_what_another_entry_has_of_somebody(tmp_path):
    kernel = kernel_on(tmp_path, {**rhel("ro"), **entry(OLDER, "ro a=1")})
    assert "is not like it in a=1" in run(kernel, kernel_arguments=["a=1"])["msg"]


def test_what_grubby_does_not_tell_of_all_entries_is_refused(tmp_path):
    kernel = kernel_on(tmp_path, rhel(), answers={"grubby --info=ALL": (1, "", "no")})
    assert "grubby --info=ALL" in run(kernel, kernel_arguments=["a=1"])["msg"]
    assert not run(kernel)["failed"]
