# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, limits, drop-ins and Debian's dpdk.service, on hosts that are trees with commands' answers."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import dpdk
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module, warned

from .test_returns import differing, returned, said_by

LIMITS = "etc/security/limits.d/kernel-bypass-sriov-dpdk.conf"
SERVICE = "etc/systemd/system/dpdk.service"
DEBIAN = {"etc/debian_version": "13.1", "run/systemd/system": DIRECTORY}
WISH = {"users": ["capture"], "units": ["capture"]}
STEPS = [
    "create group dpdk",
    "put user capture into group dpdk",
    "write /etc/security/limits.d/kernel-bypass-sriov-dpdk.conf (log-ins of dpdk may lock memory)",
    "link /etc/systemd/system/dpdk.service to /dev/null",
    "write /etc/systemd/system/capture.service.d/kernel-bypass-sriov.conf (what capture.service needs for its VFs)",
    "have systemd read its units again",
]


class Accounts:
    """getent, id, groupadd and gpasswd on a host's accounts; systemctl for units; what fails is said.

    :param groups: group -> its users; each user is in the group of its own name too.
    :param only_groups: beside "dpdk", those that no user is called like.
    """

    def __init__(self, groups, fails=(), units=("capture.service",), only_groups=()):
        self.groups = groups
        self.users = {*groups} - {"dpdk", *only_groups}
        self.fails = dict(fails)
        self.units = units
        self.calls = []

    def __call__(self, argv, stdin=""):
        self.calls.append(" ".join(argv))
        if argv[0] in self.fails:
            return self.fails[argv[0]]
        return getattr(self, f"_{argv[0]}")(*argv[1:])

    def _getent(self, _database, group):
        return (0, f"{group}:x:990:\n", "") if group in self.groups else (2, "", "")

    def _id(self, *words):
        user = words[-1]
        if user not in self.users:
            return 1, "", f"id: '{user}': no such user\n"
        return 0, " ".join(name for name, users in self.groups.items() if user in (name, *users)) + "\n", ""

    def _groupadd(self, *words):
        self.groups[words[-1]] = []
        return 0, "", ""

    def _useradd(self, *words):
        user = words[-1]
        if "--user-group" in words and user in self.groups:
            text = f"useradd: group {user} exists - if you want to add this user to that group, use -g.\n"
            return 9, "", text
        if "--gid" in words and words[words.index("--gid") + 1] not in self.groups:
            return 6, "", f"useradd: group '{user}' does not exist\n"
        self.users.add(user)
        self.groups.setdefault(user, [])
        return 0, "", ""

    def _gpasswd(self, _add, user, group):
        self.groups[group].append(user)
        return 0, f"Adding user {user} to group {group}\n", ""

    def _systemctl(self, verb, *words):
        if verb == "show":
            return 0, f"LoadState={'loaded' if words[-1] in self.units else 'not-found'}\n", ""
        return 0, "", ""


def host(tmp_path, files=None, groups=None, behaviour=None, **accounts):
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **DEBIAN, **(files or {})}, behaviour)
    kernel.run = kernel.units._run = Accounts({"capture": []} if groups is None else groups, **accounts)
    return kernel


@pytest.mark.parametrize("check", [True, False])
def test_a_stock_host_gets_all_of_it_and_check_mode_says_the_same(tmp_path, check):
    kernel = host(tmp_path)
    before = snapshot(tmp_path)
    result = run_module(dpdk, kernel, check=check, **WISH)
    assert (result["failed"], result["changed"], result["steps"]) == (False, True, STEPS)
    assert result["diff"]["before"]["files"][f"/{SERVICE}"] is None
    assert result["diff"]["after"]["users"] == {"capture": ["capture", "dpdk"]}
    if check:
        assert snapshot(tmp_path) == before and kernel.run.groups == {"capture": []}
    else:
        assert kernel.run.groups == {"capture": [], "dpdk": ["capture"]}
        assert os.readlink(tmp_path / SERVICE) == "/dev/null"
        assert (tmp_path / LIMITS).read_text().endswith("\n@dpdk - memlock unlimited\n")
        assert kernel.run.calls.count("systemctl daemon-reload") == 1


def test_a_second_run_changes_nothing(tmp_path):
    kernel = host(tmp_path)
    first = run_module(dpdk, kernel, **WISH)
    again = run_module(dpdk, kernel, **WISH)
    assert (again["changed"], again["steps"]) == (False, [])
    assert again["diff"]["before"] == again["diff"]["after"] == first["diff"]["after"]
    assert kernel.run.calls.count("systemctl daemon-reload") == 1


@pytest.mark.parametrize("check", [True, False])
def test_a_user_that_is_not_there_is_created_where_that_was_asked_for(tmp_path, check):
    kernel = host(tmp_path, groups={"dpdk": []})
    wish = {"users": ["capture"], "create_users": True, "memlock": False, "mask_service": False}
    result = run_module(dpdk, kernel, check=check, **wish)
    assert result["steps"] == ["create user capture", "put user capture into group dpdk"]
    assert result["diff"]["after"]["users"] == {"capture": ["capture", "dpdk"]}
    assert ("useradd" in " ".join(kernel.run.calls)) is not check
    assert check or run_module(dpdk, kernel, **wish)["steps"] == []


@pytest.mark.parametrize(
    ("group", "user", "groups", "only", "steps"),
    [
        ("dpdk", "dpdk", [], [], ["create group dpdk", "create user dpdk"]),
        ("dpdk", "dpdk", ["dpdk"], [], ["create user dpdk"]),
        (
            "dpdk",
            "capture",
            ["dpdk", "capture"],
            ["capture"],
            ["create user capture", "put user capture into group dpdk"],
        ),
    ],
)
def test_a_user_whose_name_a_group_has_is_created_into_that(tmp_path, group, user, groups, only, steps):
    wish = {"users": [user], "group": group, "create_users": True, "memlock": False, "mask_service": False}
    kernel = host(tmp_path, groups={each: [] for each in groups}, only_groups=only)
    planned = run_module(dpdk, kernel, check=True, **wish)
    result = run_module(dpdk, kernel, **wish)
    assert not result["failed"], result["msg"]
    assert planned["steps"] == result["steps"] == steps and planned["diff"] == result["diff"]
    assert run_module(dpdk, kernel, **wish)["steps"] == []


def test_what_is_not_wanted_is_not_done(tmp_path):
    result = run_module(dpdk, host(tmp_path), memlock=False, mask_service=False)
    assert result["steps"] == ["create group dpdk"]


@pytest.mark.parametrize(
    ("files", "given"),
    [
        ({"etc/security/limits.d/90-mine.conf": "@dpdk - memlock unlimited"}, True),
        ({"etc/security/limits.conf": "@dpdk - memlock unlimited"}, True),
        ({"etc/security/limits.d/90-mine": "@dpdk - memlock unlimited"}, False),
    ],
)
def test_a_limit_that_is_given_elsewhere_is_enough(tmp_path, files, given):
    result = run_module(dpdk, host(tmp_path, files, {"dpdk": []}), mask_service=False)
    assert (result["steps"] == []) is given


CONFIGURED = {
    "etc/dpdk/interfaces": "# bus id driver\npci 0000:04:00.0 vfio-pci",
    "etc/dpdk/dpdk.conf": "NR_2M_PAGES=64",
}


def test_a_service_that_has_something_to_do_is_refused_with_file_and_line_and_nothing_is_done(tmp_path):
    kernel = host(tmp_path, CONFIGURED)
    before = snapshot(tmp_path)
    result = run_module(dpdk, kernel, users=["capture", "nobody2"])
    assert result["failure"]["kind"] == "invalid" and [each["kind"] for each in result["failures"]] == [
        "invalid",
        "owned",
    ]
    assert result["msg"] == (
        "2 things are refused:\n"
        "- users: there is no user 'nobody2' on this host. "
        "Remedy: create it first (create_users: true does), or name another.\n"
        "- cannot mask dpdk.service: it is set up to bind devices or to reserve hugepages: "
        "/etc/dpdk/interfaces:2: pci 0000:04:00.0 vfio-pci; /etc/dpdk/dpdk.conf:1: NR_2M_PAGES=64. "
        "Remedy: leave that to roles provision and prepare, and take it out there; or keep it (mask_service: false)."
    )
    assert snapshot(tmp_path) == before and kernel.run.groups == {"capture": []}


def test_one_that_is_masked_already_is_told_of(tmp_path):
    kernel = host(tmp_path, {**CONFIGURED, SERVICE: Link("/dev/null")}, {"dpdk": []})
    result = run_module(dpdk, kernel, memlock=False)
    assert result["steps"] == [] and warned(result) == [
        "dpdk.service is masked, so that nobody does what is asked for at /etc/dpdk/interfaces:2: pci 0000:04:00.0 "
        "vfio-pci"
    ]


def test_a_unit_of_that_name_of_the_user_s_own_stays(tmp_path):
    kernel = host(tmp_path, {SERVICE: "[Service]"}, {"dpdk": []})
    result = run_module(dpdk, kernel, memlock=False)
    assert result["steps"] == []
    assert warned(result) == ["/etc/systemd/system/dpdk.service is somebody's own, and stays as it is"]


def test_where_no_package_brings_it_nothing_is_masked(tmp_path):
    kernel = host(tmp_path, groups={"dpdk": []})
    (tmp_path / "etc/debian_version").unlink()
    assert run_module(dpdk, kernel, memlock=False)["steps"] == []


@pytest.mark.parametrize("path", ["etc/dpdk/interfaces", "etc/security/limits.conf"])
def test_what_cannot_be_read_is_not_absent(tmp_path, path):
    kernel = host(tmp_path, {path: b"\xff\xfe"})
    result = run_module(dpdk, kernel)
    assert (result["failed"], result["failure"]["what"]) == (True, f"cannot read /{path}")
    assert kernel.run.groups == {"capture": []}


def test_groups_that_cannot_be_asked_for_are_not_absent(tmp_path):
    result = run_module(dpdk, host(tmp_path, fails={"getent": (3, "", "no enumeration")}))
    assert result["failure"]["what"] == "cannot tell whether there is a group dpdk"


def test_files_are_as_they_were_when_systemd_does_not_take_them(tmp_path):
    kernel = host(tmp_path)

    def refuses(argv, stdin="", run=kernel.run):
        return (1, "", "Refusing to operate") if argv[1:] == ["daemon-reload"] else run(argv, stdin)

    kernel.run = refuses
    before = {path for path in snapshot(tmp_path) if (tmp_path / path).is_file()}
    result = run_module(dpdk, kernel, **WISH)
    assert result["msg"].startswith("cannot have systemd read its units again: Refusing to operate.")
    assert result["done"] == STEPS[:2] and result["lost"] == []
    assert {path for path in snapshot(tmp_path) if (tmp_path / path).is_file()} == before


def test_a_program_that_says_no_is_told(tmp_path):
    result = run_module(dpdk, host(tmp_path, fails={"groupadd": (10, "", "groupadd: cannot lock /etc/group\n")}))
    assert result["msg"] == (
        "cannot create group dpdk: groupadd: cannot lock /etc/group. Remedy: try `groupadd --system dpdk` by hand."
    )


def test_a_unit_that_is_not_there_is_told_of(tmp_path):
    result = run_module(dpdk, host(tmp_path, units=()), units=["captuer", "captuer.service"])
    assert warned(result) == ["captuer.service: systemd knows no such unit; its drop-in counts once it is there"]
    assert len([step for step in result["steps"] if "captuer" in step]) == 1


def test_all_that_is_wrong_with_names_is_told_at_once(tmp_path):
    result = run_module(dpdk, host(tmp_path), group="-x", users=["1000"], units=["a.socket"])
    assert [each["what"].partition(":")[0] for each in result["failures"]] == ["group", "users[0]", "units[0]"]


def test_it_needs_root(tmp_path):
    result = run_module(dpdk, host(tmp_path, behaviour=Behaviour(user=4294967290)), check=True)
    assert result["failure"]["kind"] == "not_permitted"


def test_an_image_that_is_not_to_be_written_to_is_told_as_that(tmp_path, monkeypatch):
    kernel = host(tmp_path)

    def read_only(path, target):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "symlink", read_only)
    result = run_module(dpdk, kernel)
    assert "an image or ostree makes it" in result["msg"]


@pytest.mark.parametrize("options", [WISH, {"users": ["nobody2"]}])
def test_all_that_is_returned_is_documented_as_it_is(tmp_path, options):
    result = run_module(dpdk, host(tmp_path), **options)
    assert differing(said_by(dpdk), returned(result), "", set()) == []


QUEUE = "etc/systemd/system/capture.service.d/kernel-bypass-sriov-queue.conf"


@pytest.mark.parametrize("check", [True, False])
def test_a_service_that_reads_from_queues_gets_a_drop_in_of_its_own(tmp_path, check):
    kernel = host(tmp_path)
    assert not run_module(dpdk, kernel, **WISH)["failed"]
    before = snapshot(tmp_path)
    result = run_module(dpdk, kernel, check=check, queue_units=["capture"], **WISH)
    assert result["steps"] == [
        f"write /{QUEUE} (what capture.service needs for its queues of AF_XDP)",
        "have systemd read its units again",
    ]
    assert (
        snapshot(tmp_path) == before if check else "AmbientCapabilities=CAP_NET_RAW\n" in (tmp_path / QUEUE).read_text()
    )
    assert run_module(dpdk, kernel, queue_units=["capture"], **WISH)["changed"] is check


@pytest.mark.parametrize("check", [True, False])
def test_what_a_service_has_for_queues_goes_alone(tmp_path, check):
    kernel = host(tmp_path)
    other = QUEUE.replace("capture", "other")
    assert not run_module(dpdk, kernel, queue_units=["capture", "other"], **WISH)["failed"]
    result = run_module(dpdk, kernel, check=check, state="absent", queue_units=["capture"])
    assert result["steps"] == [f"remove /{QUEUE}", "have systemd read its units again"]
    assert (tmp_path / QUEUE).exists() is check
    assert (tmp_path / other).exists() and (tmp_path / LIMITS).exists()
    assert run_module(dpdk, kernel, state="absent", queue_units=["capture"])["changed"] is check


def test_all_of_it_has_what_services_have_for_queues(tmp_path):
    kernel = host(tmp_path)
    assert not run_module(dpdk, kernel, queue_units=["capture"], **WISH)["failed"]
    assert f"remove /{QUEUE}" in run_module(dpdk, kernel, state="absent")["steps"]
    assert not (tmp_path / QUEUE).exists()


def test_somebody_elses_drop_in_of_that_name_stays(tmp_path):
    kernel = host(tmp_path, {QUEUE: "[Service]\nNice=5\n"})
    assert run_module(dpdk, kernel, state="absent", queue_units=["capture"])["steps"] == []


def test_a_run_without_units_takes_no_drop_in_away(tmp_path):
    kernel = host(tmp_path)
    run_module(dpdk, kernel, **WISH, after_boot_unit=True)
    before = snapshot(tmp_path)
    assert run_module(dpdk, kernel, users=["capture"], units=[])["steps"] == []
    assert snapshot(tmp_path) == before


OF_AN_APP = "etc/systemd/system/capture.service.d/kernel-bypass-sriov.conf"
NOT_OURS = {
    "etc/systemd/system/irqbalance.service.d/kernel-bypass-sriov.conf": "# of role prepare\n[Service]\n",
    "etc/systemd/system/capture.service.d/own.conf": "[Service]\n",
}


@pytest.mark.parametrize("check", [True, False])
def test_what_was_written_goes_also_where_nobody_names_it_any_more(tmp_path, check):
    kernel = host(tmp_path, NOT_OURS)
    run_module(dpdk, kernel, **WISH, after_boot_unit=True)
    before, calls = snapshot(tmp_path), len(kernel.run.calls)
    result = run_module(dpdk, kernel, check=check, state="absent")
    assert result["steps"] == [f"remove /{OF_AN_APP}", f"remove /{LIMITS}", "have systemd read its units again"]
    assert warned(result) == ["dpdk.service stays masked, as it is not known by whom: systemctl unmask dpdk.service"]
    assert result["diff"]["after"] == {"files": {f"/{OF_AN_APP}": None, f"/{LIMITS}": None}}
    if check:
        assert snapshot(tmp_path) == before and len(kernel.run.calls) == calls
        return
    gone = {path for path in before if path not in snapshot(tmp_path)}
    assert gone == {OF_AN_APP, LIMITS} and kernel.run.groups["dpdk"] == ["capture"]
    again = run_module(dpdk, kernel, state="absent")
    assert (again["changed"], again["steps"], warned(again)) == (False, [], [])


def test_a_drop_in_that_cannot_be_read_is_not_absent(tmp_path):
    kernel = host(tmp_path, {OF_AN_APP: b"\xff\xfe"})
    result = run_module(dpdk, kernel, state="absent")
    assert (result["failed"], result["failure"]["what"]) == (True, f"cannot read /{OF_AN_APP}")


def test_what_was_removed_is_back_where_systemd_does_not_take_it(tmp_path):
    kernel = host(tmp_path)
    run_module(dpdk, kernel, **WISH)
    before, run = snapshot(tmp_path), kernel.run
    kernel.run = lambda argv, stdin="": (1, "", "no") if argv[1:] == ["daemon-reload"] else run(argv, stdin)
    result = run_module(dpdk, kernel, state="absent")
    assert result["failed"] and result["lost"] == [] and snapshot(tmp_path) == before


@pytest.mark.parametrize("there", [True, False])
def test_units_that_wait_for_a_boot_unit_that_is_not_there_are_told_of(tmp_path, there):
    kernel = host(tmp_path, {"etc/systemd/system/kernel-bypass-sriov.service": "[Service]"} if there else {})
    result = run_module(dpdk, kernel, units=["capture"], after_boot_unit=True)
    said = "kernel-bypass-sriov.service is not there: until it is (role persist), capture.service cannot start"
    assert warned(result) == ([] if there else [said])
    assert warned(run_module(dpdk, kernel, units=["capture"])) == []
