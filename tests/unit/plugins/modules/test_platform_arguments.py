# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Further arguments of the user, passthrough, files of ours, and the way back from all of it."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import platform
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import (
    boot_line,
    boot_next,
    debian,
    kernel_on,
    machine,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module, warned

DROP_IN = "etc/default/grub.d/99-kernel-bypass-sriov.cfg"
PF = "enp1s0 (0000:01:00.0)"


def run(kernel, check=False, **options):
    return run_module(platform, kernel, check=check, modules=options.pop("modules", []), **options)


# --- Arguments, and the way back ---


def test_arguments_of_the_user_are_ours_and_go_away_with_us(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    before = snapshot(tmp_path)
    words = ["mitigations=off", 'dyndbg="file vfio.c +p"', "console=ttyS1"]
    result = run(kernel, kernel_arguments=words)
    assert boot_line(tmp_path)[3:] == ["mitigations=off", 'dyndbg="file', "vfio.c", '+p"', "console=ttyS1"]
    assert result["reboot"]["reasons"][0] == "mitigations=off: the line of this boot has it not"
    assert not run(kernel, kernel_arguments=words)["changed"]
    boot_next(tmp_path, result)
    assert not run(kernel, kernel_arguments=words)["reboot"]["needed"]
    fewer = run(kernel, kernel_arguments=words[:1])
    assert (boot_line(tmp_path)[3:], fewer["reboot"]["needed"]) == (["mitigations=off"], False)
    assert fewer["reboot"]["wanted_reasons"][0] == f"{words[1]}: taken back, and this boot still has it"
    gone = run(kernel, state="absent")
    assert (gone["reboot"]["needed"], gone["reboot"]["wanted"]) == (False, True)
    left = {path: value for path, value in snapshot(tmp_path).items() if path in before and path != "proc/cmdline"}
    assert left == {path: value for path, value in before.items() if path != "proc/cmdline"}
    assert not run(kernel, state="absent")["changed"]


def test_taking_it_back_looks_at_nothing_else(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False))
    run(kernel, passthrough=True)
    (tmp_path / "sys/firmware/acpi/tables/DMAR").unlink()
    words = {"pfs": ["no_such"], "isolated_cpus": "900", "hugepages": [{"size": "3M", "count": 1}], "modules": ["x y"]}
    result = run(kernel, state="absent", **words)
    assert (result["failed"], boot_line(tmp_path)[2:]) == (False, ["quiet"])


def test_an_argument_of_another_value_is_somebodys(tmp_path):
    kernel = kernel_on(tmp_path, debian(defaults='GRUB_CMDLINE_LINUX="mitigations=auto"'))
    result = run(kernel, kernel_arguments=["mitigations=off"])
    assert (
        "the line of the next boot has mitigations=auto: somebody has decided so: /etc/default/grub:2" in result["msg"]
    )
    assert boot_line(tmp_path)[2:] == ["mitigations=auto"]


@pytest.mark.parametrize("words", ["a b", "", 'x="y', "=1", "a\nb", "x=$1", "a;b", "x=`id`", "x='y'", "a\\b"])
def test_what_is_not_one_argument_is_refused(tmp_path, words):
    result = run(kernel_on(tmp_path, debian()), kernel_arguments=[words])
    assert result["failed"] and result["msg"].startswith("kernel_arguments[0]: ")


def test_all_refusals_are_told_at_once(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False, table=""))
    words = {"hugepages": [{"size": "2M", "count": 9000}], "isolated_cpus": "0-7", "modules": ["no_such"]}
    result = run(kernel, **words)
    assert [each["what"] for each in result["failures"]] == [
        "hugepages: 9000 of 2M are too many for node 0",
        "iommu: it is in no IOMMU group",
        "isolated_cpus: 0-7 are all CPUs of this host",
        "modules: this kernel has no module no_such",
    ]
    assert not result["changed"]


def test_passthrough_is_wanted_and_never_needed(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    result = run(kernel, passthrough=True)
    assert result["reboot"] == {
        "needed": False,
        "wanted": True,
        "reasons": [],
        "wanted_reasons": [f"iommu=pt: IOMMU group 1 of {PF} is of type DMA-FQ"],
    }
    assert boot_line(tmp_path)[-1] == "iommu=pt"
    boot_next(tmp_path, result)
    assert run(kernel, passthrough=True)["reboot"]["wanted"] is False
    assert not run(kernel)["changed"]  # left out: as it is
    back = run(kernel, passthrough=False)
    assert (back["changed"], "iommu=pt" in back["next_boot"]) == (True, False)


def test_on_arm_it_has_another_name(tmp_path):
    kernel = kernel_on(tmp_path, debian(table="IORT"), arch="aarch64")
    assert run(kernel, passthrough=True)["next_boot"].endswith(" iommu.passthrough=1")


def test_somebodys_passthrough_is_taken_away_by_a_later_word_alone(tmp_path):
    kernel = kernel_on(tmp_path, debian(defaults='GRUB_CMDLINE_LINUX="iommu=pt"'))
    assert "somebody has decided so: /etc/default/grub:2" in run(kernel, passthrough=False)["msg"]
    assert run(kernel, passthrough=False, override=True)["next_boot"].endswith(" iommu=nopt")


# --- Files of ours ---


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema": 9, "arguments": []}', '{"schema": 1, "arguments": [{}]}', "\0"]
)
def test_a_damaged_note_of_what_is_ours_is_refused(tmp_path, text):
    build(tmp_path, {"etc/kernel-bypass-sriov/kernel-arguments.json": text})
    result = run(kernel_on(tmp_path, debian(iommu=False)))
    assert (result["failure"]["kind"], result["changed"]) == ("unreadable", False)


def test_modules_are_loaded_now_and_at_each_boot(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    result = run_module(platform, kernel)
    assert result["steps"] == [
        "load kernel module vfio-pci",
        "write /etc/modules-load.d/kernel-bypass-sriov.conf (modules at the boot)",
    ]
    assert (tmp_path / "etc/modules-load.d/kernel-bypass-sriov.conf").read_text().splitlines()[1:] == ["vfio-pci"]
    build(tmp_path, {"sys/module/vfio_pci/version": ""})
    assert not run_module(platform, kernel)["changed"]


def test_locked_memory_is_for_those_who_log_in_and_units_are_told_apart(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    run(kernel, memlock_group="dpdk")
    text = (tmp_path / "etc/security/limits.d/kernel-bypass-sriov.conf").read_text()
    assert text.splitlines()[1:] == [
        "# For log-ins. Units of systemd need LimitMEMLOCK=infinity.",
        "@dpdk - memlock unlimited",
    ]
    assert not run(kernel, memlock_group="dpdk")["changed"]
    assert run(kernel)["steps"] == ["remove /etc/security/limits.d/kernel-bypass-sriov.conf"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("modules", ["a b"]),
        ("memlock_group", "@dpdk"),
        ("isolated_cpus", "2-"),
        ("isolated_cpus", "7-2"),
        ("hugepages", [{"size": "3X", "count": 1}]),
        ("hugepages", [{"size": "2M"}]),
        ("hugepages", [{"size": "2M", "count": -1}]),
        ("hugepages", [{"size": "2M", "nodes": {"a": 1}}]),
        ("hugepages", [{"size": "2M", "count": 1}, {"size": "2M", "count": 2}]),
        ("hugepages_keep", "much"),
        ("kernel_arguments", ["intel_iommu=off"]),
    ],
)
def test_bad_values_are_refused_by_name(tmp_path, option, value):
    kernel = kernel_on(tmp_path, debian())
    before = snapshot(tmp_path)
    result = run(kernel, **{option: value})
    assert result["failure"]["kind"] == "invalid" and result["msg"].startswith(option), result
    assert snapshot(tmp_path) == before


def test_a_host_without_a_pf_is_told(tmp_path):
    files = {path: text for path, text in machine().items() if not path.endswith("sriov_numvfs")}
    result = run(kernel_on(tmp_path, files), boot_loader="manual")
    assert "there is no SR-IOV PF on this host: whether the IOMMU works for one is not known" in str(warned(result))
