# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which boot loader a host has, from trees as distributions make them; and what each of them is given to do."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.platform import Performer
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.platform import DesiredPlatform
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.platform import observe_platform
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.platform import plan_platform
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import (
    boot,
    debian,
    entry,
    kernel_on,
    machine,
    owned,
    rhel,
    suse,
    suse_bls,
    systemd_boot,
    variable,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.boot_loaders import done, run

EXTLINUX = {"boot/extlinux/extlinux.conf": "label linux\n  append root=/dev/vda1 ro"}
UKI = {**variable("StubInfo", "systemd-stub 257"), "etc/kernel/cmdline": "root=/dev/vda1 ro"}
HOSTS = {
    "grub": debian,
    "grubby": rhel,
    "pbl": suse,
    "sdbootutil": suse_bls,
    "systemd_boot": systemd_boot,
}


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("grub", debian()),
        ("grubby", rhel()),
        ("pbl", suse()),
        ("pbl", suse("grub2")),
        ("sdbootutil", suse_bls()),
        ("sdbootutil", suse_bls("systemd-boot")),
        ("systemd_boot", systemd_boot()),
        ("ostree", {**rhel(), "run/ostree-booted": ""}),
        ("uki", {**systemd_boot(), **UKI}),
        ("grub", {**debian(), **variable("LoaderInfo", "GRUB 2.12")}),
        ("grub", {**debian(), "usr/bin/kernel-install": b""}),
        ("systemd_boot", {**debian(), **systemd_boot()}),
        (None, {**machine(), **EXTLINUX}),
        (None, machine()),
    ],
)
def test_it_is_found_by_what_is_there(tmp_path, name, files):
    result = run(kernel_on(tmp_path, files))
    assert (result["failed"], result["boot_loader"], result["changed"]) == (False, name, False), result
    assert (result["next_boot"] is None) == (name is None)


@pytest.mark.parametrize("name", HOSTS)
def test_one_argument_one_boot_and_all_as_it_was(tmp_path, name):
    kernel = kernel_on(tmp_path, HOSTS[name](iommu=False))
    first = run(kernel, iommu="ignored")["next_boot"]
    result = run(kernel)
    assert (result["failed"], result["boot_loader"]) == (False, name), result
    assert "intel_iommu=on" in result["next_boot"].split() and result["reboot"]["needed"]
    assert owned(tmp_path) == [("intel_iommu=on", None)]
    assert not run(kernel)["changed"]
    boot(tmp_path, result["next_boot"])
    after = run(kernel)
    assert (after["changed"], after["reboot"]["needed"]) == (False, False)
    assert run(kernel, state="absent")["next_boot"] == first
    assert not run(kernel, state="absent")["changed"]


@pytest.mark.parametrize("name", HOSTS)
def test_check_mode_says_the_same_and_writes_nothing(tmp_path, name):
    kernel = kernel_on(tmp_path, HOSTS[name](iommu=False))
    before = snapshot(tmp_path)
    planned = run(kernel, check=True)
    assert (snapshot(tmp_path), done(kernel)) == (before, [])
    result = run(kernel)
    assert (planned["steps"], planned["reboot"]) == (result["steps"], result["reboot"])
    assert sorted(planned["next_boot"].split()) == sorted(result["next_boot"].split())


@pytest.mark.parametrize("name", HOSTS)
def test_somebodys_decision_is_refused_and_where_it_can_be_replaced_put_back(tmp_path, name):
    kernel = kernel_on(tmp_path, with_argument(HOSTS[name](iommu=False), "intel_iommu=off"))
    result = run(kernel)
    assert "the line of the next boot has intel_iommu=off: somebody has decided so: /" in result["msg"], result
    assert done(kernel) == []
    changed = run(kernel, override=True)
    words = changed["next_boot"].split()
    assert (changed["failed"], words[-1] if name == "grub" else words.count("intel_iommu=off")) == (
        False,
        "intel_iommu=on" if name == "grub" else 0,
    )
    assert not run(kernel)["changed"]
    assert "intel_iommu=off" in run(kernel, state="absent")["next_boot"].split()


def with_argument(files, token):
    """A tree in which somebody has set an argument, wherever that distribution has its line."""
    found = {}
    for path, text in files.items():
        if path.startswith(("etc/default/grub", "etc/kernel", "boot/", "efi/")) and isinstance(text, str):
            text = text.replace("quiet", f"quiet {token}").replace(" ro crash", f" ro {token} crash")
        found[path] = text
    return found


# --- Each of them ---


def test_update_bootloader_gets_one_call_an_argument(tmp_path):
    kernel = kernel_on(tmp_path, suse(iommu=False))
    run(kernel, kernel_arguments=["x=1"])
    assert done(kernel) == [
        "update-bootloader --add-option intel_iommu=on",
        "update-bootloader --add-option x=1",
        "update-bootloader --config",
    ]
    kernel.run.calls.clear()
    run(kernel, kernel_arguments=[])
    assert done(kernel) == ["update-bootloader --del-option x", "update-bootloader --config"]


def test_it_cannot_hold_two_sizes_of_hugepages(tmp_path):
    kernel = kernel_on(tmp_path, suse(line="quiet hugepagesz=2M hugepages=512"))
    result = run(kernel, hugepages=[{"size": "1G", "count": 2}])
    assert [each["what"] for each in result["failures"]] == [
        "hugepagesz=2M hugepagesz=1G: update-bootloader cannot set them",
        "hugepages=512 hugepages=2: update-bootloader cannot set them",
    ]
    assert done(kernel) == []
    one = kernel_on(tmp_path / "one", suse())
    assert run(one, hugepages=[{"size": "1G", "count": 2}])["next_boot"].endswith("hugepagesz=1G hugepages=2")


def test_entries_of_suse_keep_what_is_their_own(tmp_path):
    kernel = kernel_on(tmp_path, suse_bls(iommu=False))
    result = run(kernel)
    assert done(kernel) == ["sdbootutil update-all-entries"]
    assert (tmp_path / "etc/kernel/cmdline").read_text().split()[-2:] == ["quiet", "intel_iommu=on"]
    assert "snapshot" not in (tmp_path / "etc/kernel/cmdline").read_text()
    assert "rootflags=subvol=@/.snapshots/2/snapshot" in result["next_boot"]


@pytest.mark.parametrize("files", [suse, suse_bls])
def test_a_transactional_system_is_refused(tmp_path, files):
    tree = {**files(iommu=False), "proc/mounts": "/dev/vda2 / btrfs ro,relatime 0 0\n/dev/vda2 /etc btrfs rw 0 0"}
    kernel = kernel_on(tmp_path, tree)
    result = run(kernel)
    assert "transactional-update shell" in result["msg"] and done(kernel) == []


def test_without_sdbootutil_the_entries_would_stay(tmp_path):
    files = {path: text for path, text in suse_bls(iommu=False).items() if not path.endswith("sdbootutil")}
    assert "there is no sdbootutil" in run(kernel_on(tmp_path, files))["msg"]


def test_without_the_line_of_the_entries_nothing_is_guessed(tmp_path):
    files = {path: text for path, text in suse_bls(iommu=False).items() if path != "etc/kernel/cmdline"}
    kernel = kernel_on(tmp_path, files)
    assert "there is no /etc/kernel/cmdline" in run(kernel)["msg"] and done(kernel) == []


def test_systemd_boot_gets_its_file_made_before_the_next_kernel_takes_this_boots_line(tmp_path):
    kernel = kernel_on(tmp_path, systemd_boot(iommu=False))
    run(kernel)
    assert done(kernel) == [
        "kernel-install add 6.12.0-amd64 /boot/vmlinuz-6.12.0-amd64 /boot/initrd.img-6.12.0-amd64",
        "kernel-install add 6.9.0-amd64 /boot/vmlinuz-6.9.0-amd64",
    ]
    assert (tmp_path / "etc/kernel/cmdline").read_text().split()[-1] == "intel_iommu=on"
    assert "debug" not in (tmp_path / "etc/kernel/cmdline").read_text()  # of this boot alone


def test_the_entry_that_is_chosen_counts_else_the_newest(tmp_path):
    chosen = {"efi/loader/loader.conf": "timeout 3\ndefault id-6.9*", **entry("6.9.0-amd64", "old=1", "efi")}
    assert run(kernel_on(tmp_path, systemd_boot(chosen)))["next_boot"] == "old=1"
    assert run(kernel_on(tmp_path / "other", systemd_boot()))["next_boot"] == "root=/dev/vda1 ro quiet"


@pytest.mark.parametrize(
    ("files", "remedy"),
    [
        (
            {**rhel(iommu=False), "run/ostree-booted": ""},
            "run `rpm-ostree kargs --append-if-missing=intel_iommu=on`, boot, and run this again",
        ),
        ({**systemd_boot(iommu=False), **UKI}, "write it into /etc/kernel/cmdline: intel_iommu=on; then"),
        ({**machine(iommu=False), **EXTLINUX}, "boot_loader: manual, change the line by hand, and boot"),
    ],
)
def test_those_that_nobody_writes_for_are_refused_with_what_to_type(tmp_path, files, remedy):
    kernel = kernel_on(tmp_path, files)
    before = snapshot(tmp_path)
    result = run(kernel)
    assert (result["failed"], result["failure"]["kind"]) == (True, "unsupported")
    assert result["failure"]["what"] == "the line of the next boot: add intel_iommu=on"
    assert result["failure"]["remedy"].startswith(remedy)
    assert (snapshot(tmp_path), done(kernel)) == (before, [])


def test_by_hand_it_is_told_and_all_is_well_once_this_boot_has_it(tmp_path):
    kernel = kernel_on(tmp_path, {**machine(), **EXTLINUX})
    words = {"boot_loader": "manual", "kernel_arguments": ["mitigations=off"]}
    result = run(kernel, **words)
    assert result["failure"]["what"] == "the line of the next boot: add mitigations=off"
    boot(tmp_path, "root=/dev/vda1 ro mitigations=off")
    after = run(kernel, **words)
    assert (after["failed"], after["changed"], after["reboot"]["needed"]) == (False, False, False)


@pytest.mark.parametrize("option", ["grubby", "update-bootloader", "kernel-install"])
def test_what_the_user_says_is_not_believed_where_it_is_not_so(tmp_path, option):
    result = run(kernel_on(tmp_path, debian(iommu=False)), boot_loader=option)
    assert result["msg"] == (
        f"boot_loader: {option} is not what this host has: it has GRUB (update-grub). Remedy: leave it out, "
        "or give manual."
    )


def test_a_grub_without_an_entry(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(iommu=False), "sim/fresh": "", "boot/grub/grub.cfg": "set timeout=5"})
    (tmp_path / "boot/grub/grub.cfg").write_text("set timeout=5\n")
    result = run(kernel)
    assert "/boot/grub/grub.cfg: no entry with a kernel in it" in result["msg"] and done(kernel) == []


PAGES = [{"size": "1G", "count": 2}]
CHANGES = {
    "other CPUs, and pages": {"isolated_cpus": "2-3", "hugepages": PAGES},
    "passthrough": {"isolated_cpus": "2-3", "passthrough": True},
    "an argument less": {"kernel_arguments": ["a=1"]},
    "another value": {"isolated_cpus": "4-5", "kernel_arguments": ["a=1", "b=1"]},
}


@pytest.mark.parametrize("words", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", HOSTS)
def test_after_changed_options_a_second_run_changes_nothing(tmp_path, name, words):
    kernel = kernel_on(tmp_path, HOSTS[name]())
    assert not run(kernel, isolated_cpus="2-3", kernel_arguments=["b=1", "a=1"])["failed"]
    changed = run(kernel, **words)
    assert (changed["failed"], changed["changed"]) == (False, True), changed
    boot(tmp_path, f"BOOT_IMAGE=/boot/vmlinuz-6.12.0 {changed['next_boot']}")
    assert run(kernel, **words)["steps"] == []


@pytest.mark.parametrize("name", ["grub", "grubby", "sdbootutil", "systemd_boot"])
def test_a_number_of_one_size_changes_and_the_other_size_keeps_its_own(tmp_path, name):
    kernel = kernel_on(tmp_path, HOSTS[name]())
    words = ["hugepagesz=1G", "hugepages=1", "hugepagesz=2M", "hugepages=4"]
    run(kernel, kernel_arguments=words)
    result = run(kernel, kernel_arguments=[*words[:3], "hugepages=8"])
    pages = [each for each in result["next_boot"].split() if each.startswith("hugepages")]
    assert (result["failed"], pages) == (False, [*words[:3], "hugepages=8"])


def test_update_bootloader_does_not_change_a_name_that_stands_there_twice(tmp_path):
    kernel = kernel_on(tmp_path, suse(line="quiet a=1 a=2"))
    before = snapshot(tmp_path)
    result = run(kernel, kernel_arguments=["a=3"], override=True)
    assert "a=1 a=2: update-bootloader cannot set them" in result["msg"]
    assert snapshot(tmp_path) == before


CMDLINE = "etc/kernel/cmdline"


@pytest.mark.parametrize("files", [systemd_boot, suse_bls])
def test_comments_of_somebody_in_the_file_of_the_line_stay(tmp_path, files):
    text = "# console for the BMC\nroot=/dev/vda1 quiet\n"
    kernel = kernel_on(tmp_path, {**files(), CMDLINE: text})
    assert not run(kernel, kernel_arguments=["a=1"])["failed"]
    assert (tmp_path / CMDLINE).read_text() == text.replace("quiet", "quiet a=1")
    assert not run(kernel, state="absent")["failed"]
    assert (tmp_path / CMDLINE).read_text() == text


@pytest.mark.parametrize("vendor", [{}, {"usr/lib/kernel/cmdline": "root=/dev/vda1 quiet"}])
def test_the_file_of_the_line_goes_with_the_last_argument_where_it_was_made_here(tmp_path, vendor):
    kernel = kernel_on(tmp_path, systemd_boot(vendor))
    run(kernel, kernel_arguments=["a=1", "b=1"])
    run(kernel, kernel_arguments=["b=1"])
    assert (tmp_path / CMDLINE).exists()
    back = run(kernel, state="absent")
    assert (back["failed"], (tmp_path / CMDLINE).exists()) == (False, False)
    assert "b=1" not in back["next_boot"]
    assert not run(kernel, state="absent")["changed"]


@pytest.mark.parametrize("more", [" c=1", "\n# mine"])
def test_it_stays_where_somebody_has_written_into_it(tmp_path, more):
    kernel = kernel_on(tmp_path, systemd_boot())
    run(kernel, kernel_arguments=["a=1"])
    path = tmp_path / CMDLINE
    path.write_text(path.read_text().strip() + more + "\n")
    run(kernel, state="absent")
    assert more.strip() in path.read_text() and "a=1" not in path.read_text()


def test_an_entry_with_an_initrd_that_is_not_found_is_not_made_anew(tmp_path):
    initrd = "\ninitrd /id/6.9.0-amd64/initrd"
    kernel = kernel_on(tmp_path, systemd_boot(entry("6.9.0-amd64", "root=/dev/vda1 ro quiet", "efi", initrd)))
    before = snapshot(tmp_path)
    result = run(kernel, kernel_arguments=["a=1"])
    assert "the line of the next boot: no initrd is found for kernel 6.9.0-amd64" in result["msg"]
    assert (snapshot(tmp_path), done(kernel)) == (before, [])
    (tmp_path / "boot/initrd.img-6.9.0-amd64").write_bytes(b"")
    assert not run(kernel, kernel_arguments=["a=1"])["failed"]


NOW = DesiredPlatform(iommu=False, isolated_cpus=(2, 3), arguments=("a=1", "hugepagesz=1G", "hugepages=1"))
LATER = {
    "absent": DesiredPlatform(iommu=False, keeps_passthrough=False),
    "less": NOW._replace(isolated_cpus=()),
    "other": NOW._replace(isolated_cpus=(4, 5), arguments=("a=1", "b=1")),
    "other pages": NOW._replace(arguments=("hugepagesz=1G", "hugepages=2")),
}


def first_steps(kernel, desired, number=None):
    """As a run does that is killed after so many of its steps; how many it would have done."""
    observed = observe_platform(kernel, desired)
    steps = plan_platform(desired, observed).steps
    performer = Performer(kernel, Deadline(300))
    for step in steps[:number]:
        performer.perform(step)
    return len(steps)


@pytest.mark.parametrize("desired", LATER.values(), ids=LATER)
@pytest.mark.parametrize("name", HOSTS)
def test_a_run_that_is_killed_after_any_step_is_finished_by_the_next(tmp_path, name, desired):
    number, count = 0, 1
    while number < count:
        root = tmp_path / str(number)
        root.mkdir()
        kernel = kernel_on(root, HOSTS[name]())
        theirs = observe_platform(kernel, NOW).boot.line
        first_steps(kernel, NOW)
        number, count = number + 1, first_steps(kernel, desired, number)
        first_steps(kernel, desired)
        found = observe_platform(kernel, desired)
        ours = [each.token for each in found.owned]
        assert (found.foreign, first_steps(kernel, desired)) == (theirs, 0), (number, found.boot.line)
        assert set(ours) == set(found.boot.line) - set(theirs)
