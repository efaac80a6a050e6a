# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prometheus' text, and where it is written."""

from __future__ import annotations

import errno
import os
import re
import stat

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot.metrics import (
    HELP,
    Look,
    metrics,
    write_metrics,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import ONE, TWO, run, start, wish

DIRECTORY = "/var/lib/prometheus/node-exporter"
FILE = f"{DIRECTORY[1:]}/kernel-bypass-sriov.prom"
SAMPLE = re.compile(r'kernel_bypass_sriov_(\w+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+\})? (-?[0-9.]+)')
SEEN = {"vfs": [[0, "0000:01:10.0", "vfio-pci"], [1, "0000:01:10.2", None]], "rules": 1, "rss_queues": 4}
PF = {"name": "enp1s0", "drift": [["rules", "x"]], "seen": {**SEEN, "rss_queues_wanted": None}}
RESULT = {"outcome": "changed", "seconds": 1.2345, "completed": 1700000000.0, "steps": ["a", "b"]}


def look(**pfs):
    return Look(pfs, 1700000001.0, "0123456789ab", "1.2.3")


def samples(text):
    """By name and labels; and that each line is one, or is about one."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert (name, labels) not in found
            found[name, labels] = float(value)
    return found


def test_all_of_it():
    assert metrics(look(enp1s0=PF), RESULT).splitlines() == [
        "# HELP kernel_bypass_sriov_boot_success " + HELP["boot_success"],
        "# TYPE kernel_bypass_sriov_boot_success gauge",
        "kernel_bypass_sriov_boot_success 1",
        "# HELP kernel_bypass_sriov_boot_duration_seconds " + HELP["boot_duration_seconds"],
        "# TYPE kernel_bypass_sriov_boot_duration_seconds gauge",
        "kernel_bypass_sriov_boot_duration_seconds 1.234",
        "# HELP kernel_bypass_sriov_boot_completion_timestamp_seconds " + HELP["boot_completion_timestamp_seconds"],
        "# TYPE kernel_bypass_sriov_boot_completion_timestamp_seconds gauge",
        "kernel_bypass_sriov_boot_completion_timestamp_seconds 1700000000",
        "# HELP kernel_bypass_sriov_boot_changes " + HELP["boot_changes"],
        "# TYPE kernel_bypass_sriov_boot_changes gauge",
        "kernel_bypass_sriov_boot_changes 2",
        "# HELP kernel_bypass_sriov_engine_info " + HELP["engine_info"],
        "# TYPE kernel_bypass_sriov_engine_info gauge",
        'kernel_bypass_sriov_engine_info{version="1.2.3",generation="0123456789ab"} 1',
        "# HELP kernel_bypass_sriov_check_success " + HELP["check_success"],
        "# TYPE kernel_bypass_sriov_check_success gauge",
        "kernel_bypass_sriov_check_success 1",
        "# HELP kernel_bypass_sriov_check_timestamp_seconds " + HELP["check_timestamp_seconds"],
        "# TYPE kernel_bypass_sriov_check_timestamp_seconds gauge",
        "kernel_bypass_sriov_check_timestamp_seconds 1700000001",
        "# HELP kernel_bypass_sriov_drift " + HELP["drift"],
        "# TYPE kernel_bypass_sriov_drift gauge",
        'kernel_bypass_sriov_drift{pf="enp1s0",kind="vfs"} 0',
        'kernel_bypass_sriov_drift{pf="enp1s0",kind="attributes"} 0',
        'kernel_bypass_sriov_drift{pf="enp1s0",kind="drivers"} 0',
        'kernel_bypass_sriov_drift{pf="enp1s0",kind="rss"} 0',
        'kernel_bypass_sriov_drift{pf="enp1s0",kind="rules"} 1',
        'kernel_bypass_sriov_drift{pf="enp1s0",kind="xsk"} 0',
        "# HELP kernel_bypass_sriov_vf_driver_info " + HELP["vf_driver_info"],
        "# TYPE kernel_bypass_sriov_vf_driver_info gauge",
        'kernel_bypass_sriov_vf_driver_info{pf="enp1s0",vf="0",pci_address="0000:01:10.0",driver="vfio-pci"} 1',
        'kernel_bypass_sriov_vf_driver_info{pf="enp1s0",vf="1",pci_address="0000:01:10.2",driver="none"} 1',
        "# HELP kernel_bypass_sriov_rules " + HELP["rules"],
        "# TYPE kernel_bypass_sriov_rules gauge",
        'kernel_bypass_sriov_rules{pf="enp1s0"} 1',
        "# HELP kernel_bypass_sriov_rss_queues " + HELP["rss_queues"],
        "# TYPE kernel_bypass_sriov_rss_queues gauge",
        'kernel_bypass_sriov_rss_queues{pf="enp1s0"} 4',
    ]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a{b}", "ä"])
def test_labels_are_escaped(name):
    text = metrics(look(x={**PF, "name": name}), None)
    labels = [labels for (metric, labels) in samples(text) if metric == "rules"]
    (found,) = labels
    value = re.fullmatch(r'\{pf="(.*)"\}', found).group(1)
    assert re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match.group(1), match.group(1)), value) == name


def test_a_pf_that_could_not_be_looked_at_is_not_said_to_be_as_wanted():
    found = samples(metrics(look(a=PF, b={"name": "enp2s0", "failure": {}}), {**RESULT, "outcome": "partial"}))
    assert found["check_success", None] == 0 and found["boot_success", None] == 0
    assert not [labels for _name, labels in found if labels and "enp2s0" in labels]


def test_of_a_run_that_was_ended_no_time_is_known():
    found = samples(metrics(look(), {**RESULT, "outcome": "timeout", "seconds": None}))
    assert found["boot_success", None] == 0 and ("boot_duration_seconds", None) not in found


def test_of_no_run_in_this_boot_nothing_is_said():
    assert not [name for name, _labels in samples(metrics(look(), None)) if name.startswith("boot_")]


def test_runs_write_it_where_there_is_the_directory(tmp_path):
    kernel = start(tmp_path, wish(), wish(TWO, 1, ()), metrics=DIRECTORY)
    assert run(kernel, "boot")[0] == 0
    assert not (tmp_path / FILE).exists()
    os.makedirs(tmp_path / DIRECTORY[1:])
    assert run(kernel, "check")[0] == 0
    assert samples((tmp_path / FILE).read_text())["boot_changes", None] == 6
    assert run(kernel, "apply")[0] == 0
    found = samples((tmp_path / FILE).read_text())
    assert found["boot_changes", None] == 0
    assert found["vf_driver_info", f'{{pf="enp1s0",vf="0",pci_address="{ONE.vf(0)}",driver="vfio-pci"}}'] == 1
    assert stat.S_IMODE(os.stat(tmp_path / FILE).st_mode) == 0o644
    kernel.pci.set_num_vfs(TWO.address, 0, 5)
    assert run(kernel, "check")[0] == 2
    assert samples((tmp_path / FILE).read_text())["drift", '{pf="enp2s0",kind="vfs"}'] == 1
    assert os.listdir(tmp_path / DIRECTORY[1:]) == ["kernel-bypass-sriov.prom"]


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("words", [["boot"], ["record-timeout"]])
def test_a_boot_that_fails_does_not_leave_what_the_last_one_has_said(tmp_path, monkeypatch, damaged, words):
    kernel = start(tmp_path, wish(), metrics=DIRECTORY)
    os.makedirs(tmp_path / DIRECTORY[1:])
    assert run(kernel, "boot")[0] == 0
    assert samples((tmp_path / FILE).read_text())["boot_success", None] == 1
    build(tmp_path, {"proc/sys/kernel/random/boot_id": "another"})
    if damaged:
        build(tmp_path, {"usr/local/lib/kernel-bypass-sriov/generations/aaaaaaaaaaaa/desired.json": "{"})
    else:
        os.rename(tmp_path / f"sys/bus/pci/devices/{ONE.address}", tmp_path / "gone")
    monkeypatch.setenv("SERVICE_RESULT", "timeout")
    run(kernel, *words)
    found = samples((tmp_path / FILE).read_text())
    assert found["boot_success", None] == 0
    assert not [labels for name, labels in found if name == "drift"]


def test_what_cannot_be_written_is_told_and_is_no_failure_of_the_nics(tmp_path, monkeypatch, capfd):
    kernel = start(tmp_path, wish(), metrics=DIRECTORY)
    os.makedirs(tmp_path / DIRECTORY[1:])

    def refuse(*_words):
        raise KernelRefused("cannot write it", errno=errno.ENOSPC)

    monkeypatch.setattr(kernel.etc, "write", refuse)
    assert run(kernel, "boot")[0] == 0
    assert "warning: cannot write it [ENOSPC: " in capfd.readouterr().out


def test_no_directory_is_wanted(tmp_path):
    kernel = start(tmp_path)
    assert not write_metrics(kernel, "", "x") and not write_metrics(kernel, "/proc/uptime", "x")
