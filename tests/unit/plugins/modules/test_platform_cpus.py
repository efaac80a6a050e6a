# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPUs that are left to the application: checked by what the running kernel does, and tuned keeps those it has."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import platform
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import CPUS, boot, debian, kernel_on
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

ARGUMENTS = ["isolcpus=managed_irq,domain,2-7", "nohz_full=2-7", "rcu_nocbs=2-7", "irqaffinity=0-1"]
DROP_IN = "etc/systemd/system/irqbalance.service.d/kernel-bypass-sriov.conf"


def run(kernel, cpus="2-7", **options):
    return run_module(platform, kernel, modules=[], isolated_cpus=cpus, **options)


def test_four_arguments_one_boot_and_the_effects_are_looked_at(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    result = run(kernel)
    assert result["next_boot"].split()[3:] == ARGUMENTS
    assert result["reboot"]["reasons"] == [
        f"{ARGUMENTS[0]}: isolated are none",
        f"{ARGUMENTS[1]}: without the timer tick are none",
        f"{ARGUMENTS[2]}: this boot has none",
        f"{ARGUMENTS[3]}: this boot has none",
    ]
    boot(tmp_path, result["next_boot"])
    after = run(kernel)
    assert (after["changed"], after["reboot"]["needed"]) == (False, False)
    assert after["effects"]["isolation"] == {"wanted": "2-7", "isolated": "2-7", "nohz_full": "2-7"}


def test_an_argument_on_the_line_is_no_effect(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    boot(tmp_path, run(kernel)["next_boot"])
    build(tmp_path, {f"{CPUS}/isolated": "2-5", f"{CPUS}/nohz_full": "2-7"})
    assert run(kernel)["reboot"]["reasons"] == [f"{ARGUMENTS[0]}: isolated are 2-5"]


def test_other_cpus_take_the_place_of_ours(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    run(kernel)
    assert run(kernel, "4-7")["next_boot"].split()[3:] == [
        *("isolcpus=managed_irq,domain,4-7", "nohz_full=4-7", "rcu_nocbs=4-7", "irqaffinity=0-3")
    ]


@pytest.mark.parametrize("profile", ["cpu-partitioning", "throughput-performance cpu-partitioning", "realtime"])
def test_tuned_keeps_what_it_has(tmp_path, profile):
    kernel = kernel_on(tmp_path, {**debian(), "etc/tuned/active_profile": profile})
    before = snapshot(tmp_path)
    result = run(kernel)
    assert result["msg"] == (
        f"isolated_cpus: 2-7: tuned isolates CPUs on this host: its profile {profile} is active, and two owners undo "
        "each other. Remedy: say the CPUs in tuned's isolated_cores, and leave isolated_cpus out."
    )
    assert snapshot(tmp_path) == before
    assert not run(kernel, "")["failed"]


@pytest.mark.parametrize(
    ("cpus", "said"),
    [
        ("6-9", "isolated_cpus: 6-9: CPU 8-9 is not there: online are 0-7. "),
        ("0-7", "isolated_cpus: 0-7 are all CPUs of this host: "),
    ],
)
def test_cpus_that_are_not_there_or_all_of_them_are_refused(tmp_path, cpus, said):
    assert run(kernel_on(tmp_path, debian()), cpus)["msg"].startswith(said)


def test_a_kernel_that_cannot(tmp_path):
    files = {path: text for path, text in debian().items() if not path.endswith("nohz_full")}
    assert "CONFIG_NO_HZ_FULL" in run(kernel_on(tmp_path, files))["msg"]


def test_what_somebody_has_isolated_is_theirs_and_the_first_of_two_counts(tmp_path):
    kernel = kernel_on(tmp_path, debian(defaults='GRUB_CMDLINE_LINUX="isolcpus=6-7"'))
    for override in (False, True):
        result = run(kernel, override=override)
        assert "the line of the next boot has isolcpus=6-7" in result["msg"]
        assert "take it out there by hand" in result["msg"]


# --- irqbalance ---


def test_irqbalance_leaves_them_alone_where_it_is_installed(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(), "usr/sbin/irqbalance": b""})
    result = run(kernel)
    assert (tmp_path / DROP_IN).read_text().splitlines()[1:] == [
        "[Service]",
        "Environment=IRQBALANCE_BANNED_CPULIST=2-7",
    ]
    assert result["steps"][:3] == [
        f"write /{DROP_IN} (interrupts stay off the isolated CPUs)",
        "run systemctl daemon-reload",
        "run systemctl try-restart irqbalance.service (it reads its unit again)",
    ]
    assert not run(kernel)["changed"]
    gone = run(kernel, "")
    assert gone["steps"][:2] == [f"remove /{DROP_IN}", "run systemctl daemon-reload"]


def test_what_its_own_file_says_would_count_before_ours(tmp_path):
    files = {
        "usr/sbin/irqbalance": b"",
        "etc/default/irqbalance": "#IRQBALANCE_BANNED_CPULIST=\nIRQBALANCE_BANNED_CPUS=ff",
    }
    result = run(kernel_on(tmp_path, {**debian(), **files}))
    assert "/etc/default/irqbalance:2 has IRQBALANCE_BANNED_CPUS=ff" in result["msg"]


def test_where_it_is_not_installed_nothing_is_written_for_it(tmp_path):
    run(kernel_on(tmp_path, debian()))
    assert not (tmp_path / DROP_IN).exists()


def test_the_cpu_that_boots_the_host_cannot_be_isolated(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    result = run(kernel, "0-1")
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"].startswith("isolated_cpus: 0-1: CPU 0 boots the host: ")
