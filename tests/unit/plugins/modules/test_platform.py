# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host needs, and whether it has it: the IOMMU by its groups, and arguments by what will boot."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import platform
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import (
    boot_line,
    boot_next,
    debian,
    kernel_on,
    owned,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module, warned

DROP_IN = "etc/default/grub.d/99-kernel-bypass-sriov.cfg"
CLOUD = {"50-cloudimg-settings.cfg": 'GRUB_CMDLINE_LINUX_DEFAULT="console=tty1 console=ttyS0"'}
PF = "enp1s0 (0000:01:00.0)"
NEEDED = [f"intel_iommu=on: {PF} is in no IOMMU group"]
BIOS = (
    f"iommu: it is in no IOMMU group on {PF}: the firmware describes no IOMMU (no DMAR, IVRS or IORT in "
    "/sys/firmware/acpi/tables), and no kernel argument helps. Remedy: turn VT-d, AMD-Vi or SMMU on in the BIOS, or "
    "give the virtual machine a vIOMMU; or iommu: ignored."
)


def run(kernel, check=False, **options):
    return run_module(platform, kernel, check=check, modules=options.pop("modules", []), **options)


# --- Observed first ---


@pytest.mark.parametrize("words", [{}, {"table": ""}, {"table": "IVRS"}, {"line": "intel_iommu=off"}])
def test_where_the_iommu_works_nothing_is_written_and_no_boot_is_asked_for_whatever_the_line_says(tmp_path, words):
    kernel = kernel_on(tmp_path, debian(**words))
    before = snapshot(tmp_path)
    result = run(kernel)
    assert (result["failed"], result["changed"], result["steps"]) == (False, False, []), result
    assert result["reboot"] == {"needed": False, "wanted": False, "reasons": [], "wanted_reasons": []}
    assert snapshot(tmp_path) == before
    assert [call for call in kernel.run.calls if "update-grub" in call] == []


def test_that_it_will_be_off_after_the_next_boot_is_told(tmp_path):
    kernel = kernel_on(tmp_path, debian(defaults='GRUB_CMDLINE_LINUX="intel_iommu=off"'))
    result = run(kernel)
    assert not result["changed"]
    said = "the IOMMU is on, and the line of the next boot has intel_iommu=off (/etc/default/grub:2): it is off then"
    assert said in str(warned(result))


@pytest.mark.parametrize("more", [{}, {"override": True}, {"boot_loader": "manual"}])
def test_where_the_firmware_describes_none_it_is_refused_before_the_boot_loader_is_touched(tmp_path, more):
    kernel = kernel_on(tmp_path, debian(iommu=False, table=""))
    before = snapshot(tmp_path)
    result = run(kernel, **more)
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, BIOS)
    assert snapshot(tmp_path) == before


def test_but_not_where_it_is_to_be_ignored(tmp_path):
    result = run(kernel_on(tmp_path, debian(iommu=False, table="")), iommu="ignored")
    assert (result["failed"], result["changed"], result["reboot"]["needed"]) == (False, False, False)


def test_amd_has_nothing_to_add_and_what_the_kernel_says_is_told(tmp_path):
    said = (0, "[    0.5] AMD-Vi: Disabled by BIOS\n[    0.6] pci: no part of it\n", "")
    result = run(kernel_on(tmp_path, debian(iommu=False, table="IVRS"), {"dmesg": said}))
    assert result["msg"] == (
        f"iommu: it is in no IOMMU group on {PF}: the kernel turns on by itself what IVRS describes, and no argument "
        "helps; the kernel says: [    0.5] AMD-Vi: Disabled by BIOS. Remedy: look at dmesg and the BIOS; "
        "or iommu: ignored."
    )


def test_what_turned_amds_off_is_named(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False, table="IVRS", defaults='GRUB_CMDLINE_LINUX="amd_iommu=off"'))
    result = run(kernel, override=True)
    assert (result["failure"]["why"], result["changed"]) == (
        "somebody has turned it off: amd_iommu=off in /etc/default/grub:2",
        False,
    )


def test_the_value_that_amd_does_not_know_is_refused(tmp_path):
    result = run(kernel_on(tmp_path, debian()), kernel_arguments=["amd_iommu=on"])
    assert result["msg"] == (
        "kernel_arguments[0]: amd_iommu=on is not known to the kernel: it turns AMD's IOMMU on by itself, and logs "
        "this as an unknown option. Remedy: leave it out; where the IOMMU is off all the same, the BIOS has it off."
    )


def test_each_pf_is_looked_at_and_not_whether_there_are_groups(tmp_path):
    files = {**debian(iommu=False), **hosts.group_member(0, "0000:00:00.0")}
    result = run(kernel_on(tmp_path, files))
    assert result["reboot"]["reasons"] == NEEDED


def test_an_argument_that_has_had_no_effect_is_not_written_again(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False, line="root=/dev/vda1 intel_iommu=on"))
    result = run(kernel)
    assert result["failed"] and "DMAR may not describe the slot of this PF" in result["msg"]


def test_a_group_that_vfio_has_made_up_is_none(tmp_path):
    files = {**debian(table=""), f"{hosts.GROUPS}/1/name": "vfio-noiommu"}
    assert run(kernel_on(tmp_path, files))["msg"] == BIOS


def test_what_cannot_be_read_is_not_absent(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False, table=""), unreadable="/sys/firmware/acpi/tables/IVRS")
    result = run(kernel)
    assert result["failure"]["kind"] == "not_known" and "cannot read /sys/firmware/acpi/tables/IVRS" in result["msg"]


# --- One argument, written and read back ---


@pytest.mark.parametrize("more", [{}, CLOUD], ids=["stock", "cloud image"])
def test_a_missing_argument_is_written_read_back_and_needs_one_boot(tmp_path, more):
    kernel = kernel_on(tmp_path, debian(more, iommu=False))
    planned, result = run(kernel, check=True), run(kernel)
    assert result["steps"] == [
        "write /etc/kernel-bypass-sriov/kernel-arguments.json (which kernel arguments are ours)",
        "write /etc/default/grub.d/99-kernel-bypass-sriov.cfg (kernel arguments)",
        "run update-grub (the menu of GRUB is made anew)",
    ]
    assert planned["steps"] == result["steps"] and planned["diff"] == result["diff"]
    assert boot_line(tmp_path)[-1] == "intel_iommu=on" and result["next_boot"].endswith(" intel_iommu=on")
    assert result["reboot"] == {"needed": True, "wanted": False, "reasons": NEEDED, "wanted_reasons": []}
    again = run(kernel)
    assert (again["changed"], again["reboot"]["reasons"]) == (False, NEEDED)
    boot_next(tmp_path, result)
    after = run(kernel)
    assert (after["changed"], after["reboot"]["needed"], owned(tmp_path)) == (False, False, [("intel_iommu=on", None)])


def test_the_recovery_entry_stays_without_it(tmp_path):
    run(kernel_on(tmp_path, debian(iommu=False)))
    recovery = (tmp_path / "boot/grub/grub.cfg").read_text().split("recovery mode")[1]
    assert "intel_iommu" not in recovery


@pytest.mark.parametrize("defaults", ["", "GRUB_TIMEOUT=0", 'GRUB_CMDLINE_LINUX_DEFAULT=""'])
def test_a_variable_that_nobody_has_set_puts_no_word_on_the_line(tmp_path, defaults):
    run(kernel_on(tmp_path, debian(iommu=False, defaults=defaults)))
    assert boot_line(tmp_path) == ["root=/dev/vda1", "ro", "intel_iommu=on"]


def test_what_somebody_has_written_already_is_not_written_again(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False, defaults='GRUB_CMDLINE_LINUX="intel_iommu=sm_on,on"'))
    result = run(kernel)
    assert (result["changed"], result["reboot"]["reasons"]) == (False, NEEDED)
    assert not (tmp_path / DROP_IN).exists()


@pytest.mark.parametrize("other", ["iommu=on", "xintel_iommu=on", "intel_iommu=only", "intel_iommu=on_or_off"])
def test_a_word_in_another_is_not_the_argument(tmp_path, other):
    kernel = kernel_on(tmp_path, debian(iommu=False, defaults=f'GRUB_CMDLINE_LINUX="{other}"'))
    assert run(kernel)["next_boot"].split()[-1] == "intel_iommu=on"


OFF = (
    "intel_iommu=on: the line of the next boot has intel_iommu=off: somebody has decided so: /etc/default/grub:3. "
    "Remedy: take it out there, or override: true."
)
BY_SOMEBODY = '# tried\nGRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=off"'


def test_somebodys_decision_is_refused_with_file_and_line(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False, defaults=BY_SOMEBODY, line="root=/dev/vda1 intel_iommu=off"))
    before = snapshot(tmp_path)
    assert run(kernel)["msg"] == OFF
    assert snapshot(tmp_path) == before


def test_and_overridden_by_what_comes_later_on_the_line(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False, defaults=BY_SOMEBODY, line="root=/dev/vda1 intel_iommu=off"))
    result = run(kernel, override=True)
    assert boot_line(tmp_path)[-3:] == ["quiet", "intel_iommu=off", "intel_iommu=on"]
    assert result["reboot"]["reasons"] == NEEDED
    assert not run(kernel)["changed"]  # the consent was for one run, and what it wrote stays
    boot_next(tmp_path, result)
    assert not run(kernel)["reboot"]["needed"]
    run(kernel, state="absent")
    assert boot_line(tmp_path)[-2:] == ["quiet", "intel_iommu=off"]


@pytest.mark.parametrize("override", [False, True])
def test_what_nothing_undoes_is_refused_in_any_case(tmp_path, override):
    kernel = kernel_on(tmp_path, debian(iommu=False, defaults='GRUB_CMDLINE_LINUX="iommu=off"'))
    result = run(kernel, override=override)
    assert (
        result["failure"]["remedy"].startswith("take it out there by hand") and "/etc/default/grub:2" in result["msg"]
    )


@pytest.mark.parametrize("name", ["hetzner.cfg", "a-site.cfg"])
def test_a_file_that_sets_the_variable_anew_after_the_digits_is_still_before_ours(tmp_path, name):
    kernel = kernel_on(tmp_path, debian({name: 'GRUB_CMDLINE_LINUX_DEFAULT="consoleblank=0"'}, iommu=False))
    result = run(kernel)
    assert boot_line(tmp_path)[2:] == ["consoleblank=0", "intel_iommu=on"], result
    assert not (tmp_path / DROP_IN).exists() and not run(kernel)["changed"]
    (tmp_path / "etc/default/grub.d" / name).unlink()
    run(kernel)
    assert (tmp_path / DROP_IN).exists() and boot_line(tmp_path)[2:] == ["quiet", "intel_iommu=on"]
    run(kernel, state="absent")
    assert list((tmp_path / "etc/default/grub.d").iterdir()) == []


def test_one_that_only_adds_leaves_ours_where_it_is(tmp_path):
    more = {"kdump-tools.cfg": 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=256M"'}
    run(kernel_on(tmp_path, debian(more, iommu=False)))
    assert (tmp_path / DROP_IN).exists() and boot_line(tmp_path)[-2:] == ["intel_iommu=on", "crashkernel=256M"]


LATER = {"zz-site.cfg": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"'}


def test_what_a_later_file_takes_away_again_is_a_failure_and_nothing_stays(tmp_path):
    kernel = kernel_on(tmp_path, debian(LATER, iommu=False))
    before = snapshot(tmp_path)
    result = run(kernel)
    assert (result["failed"], result["changed"], result["failure"]["kind"]) == (True, False, "not_reached")
    assert result["msg"].startswith(
        "the line of the next boot is not what was written: intel_iommu=on is not on it: root=/dev/vda1 ro quiet. "
    )
    after = {path: value for path, value in snapshot(tmp_path).items() if path != "etc/kernel-bypass-sriov"}
    assert {path: value for path, value in after.items() if path in before} == before
    assert {*after} - {*before} <= {"etc/default/grub.d"}
    assert kernel.run.calls.count("update-grub") == 2


def test_one_that_comes_after_ours_and_says_otherwise_is_seen_too(tmp_path):
    later = {"zz-site.cfg": 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=off"'}
    kernel = kernel_on(tmp_path, debian(later, iommu=False))
    assert run(kernel, override=True)["failure"]["kind"] == "not_reached"
    assert not (tmp_path / DROP_IN).exists()


def test_a_boot_loader_that_fails_leaves_the_host_as_it_was(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False), {"update-grub": (1, "", "no room left")})
    before = (tmp_path / "boot/grub/grub.cfg").read_text()
    result = run(kernel)
    assert "update-grub failed with exit status 1: no room left" in result["msg"]
    assert (tmp_path / "boot/grub/grub.cfg").read_text() == before
    assert not (tmp_path / DROP_IN).exists()


def test_a_menu_that_is_older_than_its_files_is_made_anew(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False))
    run(kernel)
    text = (tmp_path / "boot/grub/grub.cfg").read_text()
    (tmp_path / "boot/grub/grub.cfg").write_text(text.replace(" intel_iommu=on", ""))
    assert run(kernel)["steps"] == ["run update-grub (the menu of GRUB is made anew)"]
    assert boot_line(tmp_path)[-1] == "intel_iommu=on"


def test_a_file_of_ours_that_somebody_removed_comes_back(tmp_path):
    kernel = kernel_on(tmp_path, debian(iommu=False))
    run(kernel)
    (tmp_path / DROP_IN).unlink()
    assert run(kernel)["changed"] and (tmp_path / DROP_IN).exists()
