# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role and playbook teardown by Ansible's own programs, on hosts that are simulated, after playbook provision."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.dpdk import DesiredDpdk, drop_in, limits
from ansible_collections.kernel_bypass.sriov.tests.unit.support import as_before, campaign, playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROLE = RoleFiles("teardown")
PROVISION, TEARDOWN = "kernel_bypass.sriov.provision", "kernel_bypass.sriov.teardown"
TELL, VISIT, SAY = "Tell which PFs", "Bring the PFs back", "Say what was done"
DPDK, BOOT, PREPARED = "Have no service", "Have nothing at the next boot", "Have the kernel's arguments"
MARKS = "Have no marks of VFs"
RULE = {"flow_type": "tcp4", "dst_ip": "192.0.2.30", "dst_port": 80}
WANTED = {
    "provision_pfs": {
        "fast": {
            "pf": "enp1s0",
            "num_vfs": 2,
            "vfs": [{"vf": 0, "mac": "auto", "driver": "vfio-pci"}],
            "rules": [{**RULE, "vf": 0}, {**RULE, "dst_port": 81, "queue": 1}],
        }
    },
    "provision_pfs_group": {"enp3s0": {"num_vfs": 1}},
}
NOT_SET = (
    "teardown_pfs: not set, nor provision_pfs, provision_pfs_group or provision_pfs_host: nothing would be done. "
    "Remedy: name the PFs that shall be as before: teardown_pfs: [enp1s0]."
)
POOL = {"node": 0, "size_kb": 2048}
# What role prepare leaves where the boot loader is none that is known.
PREPARED_FILES = {
    "etc/kernel-bypass-sriov/platform.json": json.dumps(
        {"schema": 1, "pages": [{**POOL, "number": 4}], "before": [{**POOL, "number": 0}]}
    ),
    "etc/modules-load.d/kernel-bypass-sriov.conf": "vfio-pci\n",
}
OURS = (
    "usr/local/lib/kernel-bypass-sriov",
    "usr/local/sbin/kernel-bypass-sriov",
    "etc/systemd/system/kernel-bypass-sriov.service",
    "etc/udev/rules.d/60-kernel-bypass-sriov.rules",
    "etc/systemd/network/05-kernel-bypass-sriov.network",
    "etc/kernel-bypass-sriov",
    "var/lib/kernel-bypass-sriov",
)
# What role dpdk leaves: the service could not start at the next boot.
DPDK_FILES = {
    "etc/systemd/system/app.service.d/kernel-bypass-sriov.conf": drop_in(DesiredDpdk("dpdk", after_boot_unit=True)),
    "etc/security/limits.d/kernel-bypass-sriov-dpdk.conf": limits("dpdk"),
}
RECORD = "var/lib/kernel-bypass-sriov/before.json"


def test_the_role_tells_all_faults_itself():
    assert {option["type"] for option in ROLE.options().values()} == {"raw"}


@pytest.fixture
def installed(tmp_path):
    playbooks.install(tmp_path)
    return tmp_path


def run(installed, playbook, *arguments, **variables):
    hosts = installed / "hosts.yml"
    hosts.write_text(json.dumps({"sriov": {"hosts": {"here": {**playbooks.STAND_IN_HOST, **variables}}}}))
    return playbooks.run(installed, "playbook", "-i", str(hosts), playbook, *arguments)


def test_a_host_that_was_provisioned_is_as_before(installed):
    tree = str(installed / "tree")
    assert run(installed, PROVISION, "--check", **WANTED).code == 0
    before = campaign.seen(tree)
    provisioned = run(installed, PROVISION, **WANTED)
    assert provisioned.code == 0, provisioned.output
    checked = run(installed, TEARDOWN, "--check", "--diff", **WANTED)
    assert checked.code == 0, checked.output
    done = run(installed, TEARDOWN, **WANTED)
    assert done.code == 0, done.output
    assert done.of(VISIT)["here"]["steps"] == checked.of(VISIT)["here"]["steps"]
    assert done.of(SAY)["here"]["msg"][-1] == "enp1s0: no VFs, RSS 16; enp3s0: no VFs, RSS 16; changed 4"
    assert as_before.changes(tree, before) == ""
    assert not (installed / "tree" / RECORD).exists()
    again = run(installed, TEARDOWN, **WANTED)
    assert again.of(SAY)["here"]["msg"] == ["enp1s0: no VFs, RSS 16; enp3s0: no VFs, RSS 16; unchanged"]
    assert "warnings" not in again.of(VISIT)["here"]


def test_only_pfs_that_are_named_go_back(installed):
    run(installed, PROVISION, **WANTED)
    done = run(installed, TEARDOWN, teardown_pfs=["enp3s0"])
    assert done.code == 0, done.output
    assert [pf["num_vfs"] for pf in campaign.seen(str(installed / "tree"))] == [2, 0]
    assert done.of(VISIT)["here"]["warnings"] == [
        "0000:01:00.0 is not as it was before this collection changed it first either: it is not named, and is left"
    ]
    by_label = run(installed, TEARDOWN, **WANTED, teardown_pfs=["fast"])
    assert [pf["name"] for pf in by_label.of(VISIT)["here"]["pfs"]] == ["enp1s0"]
    assert [pf["num_vfs"] for pf in campaign.seen(str(installed / "tree"))] == [0, 0]


def test_without_a_record_what_is_named_is_taken_away(installed):
    run(installed, PROVISION, **WANTED)
    (installed / "tree" / RECORD).unlink()
    done = run(installed, TEARDOWN, **WANTED)
    assert done.code == 0, done.output
    pfs = campaign.seen(str(installed / "tree"))
    assert [(pf["num_vfs"], pf["rules"]) for pf in pfs] == [(0, []), (0, [])]
    assert done.of(VISIT)["here"]["warnings"] == [
        f"what {pf} was before this collection changed it first is not known (/{RECORD} has nothing of it): what the "
        "request says of it is taken away, and nothing else"
        for pf in ("enp1s0 (0000:01:00.0)", "enp3s0 (0000:03:00.0)")
    ]


def test_what_comes_at_each_boot_goes_first_and_what_the_host_was_prepared_with_last(installed):
    tree = installed / "tree"
    assert run(installed, PROVISION, "--check", **WANTED).code == 0
    before = campaign.seen(str(tree))
    roles = [f"kernel_bypass.sriov.{name}" for name in ("provision", "persist")]
    (installed / "book.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "roles": roles}]))
    persisted = run(installed, "book.yml", **WANTED)
    assert persisted.code == 0, persisted.output
    for path, text in {**PREPARED_FILES, **DPDK_FILES}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    left = run(installed, TEARDOWN, "--check", **WANTED)
    assert [module for module, _asked in left.visits] == ["host"]
    checked = run(installed, TEARDOWN, "--check", "--diff", **WANTED, teardown_boot=True)
    assert checked.code == 0, checked.output
    done = run(installed, TEARDOWN, **WANTED, teardown_boot=True)
    assert done.code == 0, done.output
    assert [module for module, _asked in done.visits] == ["dpdk", "boot_state", "host", "boot_state", "platform"]
    for task in (DPDK, BOOT, VISIT, PREPARED):
        assert done.of(task)["here"]["steps"] == checked.of(task)["here"]["steps"] != []
    marks = [f"remove /{path}" for path in OURS if path.endswith((".rules", ".network"))]
    assert done.of(MARKS)["here"]["steps"][: len(marks)] == marks
    assert len([text for text in checked.of(MARKS)["here"]["warnings"] if text.startswith("marks that keep ")]) == 1
    assert done.of(SAY)["here"]["msg"] == [
        *done.of(DPDK)["here"]["steps"],
        *done.of(BOOT)["here"]["steps"],
        *done.of(MARKS)["here"]["steps"],
        *done.of(PREPARED)["here"]["steps"],
        *done.of(VISIT)["here"]["msg"].splitlines(),
    ]
    assert [path for path in (*OURS, *PREPARED_FILES, *DPDK_FILES) if (tree / path).exists()] == []
    assert as_before.changes(str(tree), before) == ""
    again = run(installed, TEARDOWN, **WANTED, teardown_boot="yes")
    assert [again.of(task)["here"]["changed"] for task in (DPDK, BOOT, VISIT, MARKS, PREPARED)] == [False] * 5


def test_that_a_boot_is_wanted_is_told_and_the_host_is_not_booted(tmp_path):
    reboot = {"needed": False, "wanted": True, "reasons": [], "wanted_reasons": ["intel_iommu=on: taken back"]}
    playbooks.install(tmp_path, {"platform": {"changed": True, "steps": ["run update-grub"], "reboot": reboot}})
    done = run(tmp_path, TEARDOWN, **WANTED, teardown_boot=True, prepare_boot_loader="manual")
    assert done.code == 0, done.output
    assert done.of(SAY)["here"]["msg"][:2] == ["run update-grub", "a boot is wanted: intel_iommu=on: taken back"]
    asked = dict(done.visits)["platform"]
    assert (asked["state"], asked["boot_loader"]) == ("absent", "manual")


def test_where_a_pf_is_refused_nothing_comes_back_at_the_boot(installed):
    done = run(installed, TEARDOWN, teardown_pfs=["enp9s9"], teardown_boot=True)
    assert done.code != 0
    assert [module for module, _asked in done.visits] == ["dpdk", "boot_state", "host"]


FAULTS = {
    "nothing is named": ({}, NOT_SET),
    "a name in the place of a list": (
        {"teardown_pfs": "enp1s0"},
        "teardown_pfs: 'enp1s0' (text), where a list of PFs is expected. "
        "Remedy: write it as in teardown_pfs: [enp1s0].",
    ),
    "a misspelt variable": (
        {"teardown_pfs": ["enp1s0"], "teardown_alow": ["in_use"]},
        "teardown_alow: unknown, did you mean teardown_allow?",
    ),
    "consent that is none, and a PF that is named twice": (
        {"teardown_pfs": ["enp1s0", "enp1s0"], "teardown_allow": ["in-use"]},
        "2 things are refused:\n"
        "- teardown_allow[0]: 'in-use' is none of destroy_vfs, in_use, link_reset, take_pf, bifurcated, "
        "generic_xdp; did you mean in_use?\n"
        "- teardown_pfs[1]: 'enp1s0' is also that of teardown_pfs[0]. Remedy: make one entry of the two.",
    ),
    "a word that is neither true nor false": (
        {"teardown_pfs": ["enp1s0"], "teardown_boot": "maybe"},
        "teardown_boot: 'maybe' is neither true nor false. Remedy: write true or false.",
    ),
    "what provision would refuse": (
        {"provision_pfs": {"enp1s0": {"num_vfs": "four"}}},
        "provision_pfs.enp1s0.num_vfs: 'four' is no whole number. Remedy: write it in digits, as in 4.",
    ),
}


@pytest.mark.parametrize(("variables", "told"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_told_before_the_host_is_asked(installed, variables, told):
    ended = run(installed, TEARDOWN, **variables)
    assert ended.told() == {"here": told}
    assert not ended.of(VISIT)


def test_a_pf_that_the_host_does_not_have_is_told_where_it_is_named(installed):
    ended = run(installed, TEARDOWN, teardown_pfs=["enp9s9"])
    assert ended.told()["here"].startswith("pf: nothing on this host is called 'enp9s9'")


def test_a_tag_that_the_role_does_not_have_is_an_error(installed):
    ended = run(installed, TEARDOWN, "--tags", "teardown_x", **WANTED)
    assert ended.code != 0 and "--tags teardown_x: no task is left" in ended.output
