# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hugepages by size and node: never more than there is room for, never one that is in use, never two owners."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import platform
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.platform import (
    GIB,
    NODES,
    boot,
    boot_line,
    debian,
    kernel_on,
    machine,
    memory,
    pool,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link, build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

TMPFILES = "etc/tmpfiles.d/kernel-bypass-sriov.conf"
STORED = "etc/kernel-bypass-sriov/platform.json"
M2, G1 = 2048, GIB


def run(kernel, pages=(), check=False, **options):
    return run_module(platform, kernel, check=check, modules=[], hugepages=list(pages), **options)


def m2(count=None, **words):
    return [{"size": "2M", **({"count": count} if count is not None else {}), **words}]


def numbers(root, size_kb, *nodes):
    base = f"hugepages/hugepages-{size_kb}kB/nr_hugepages"
    return [int((root / NODES / f"node{node}" / base).read_text()) for node in nodes or (0,)]


# --- Pages that are taken now and at each boot ---


def test_pages_are_taken_now_and_at_each_boot_and_kept_for_the_program_of_the_boot(tmp_path):
    kernel = kernel_on(tmp_path, debian(nodes=2))
    planned, result = run(kernel, m2(513), check=True), run(kernel, m2(513))
    assert result["steps"] == [
        "write /etc/kernel-bypass-sriov/platform.json (hugepages of ours, and what was there before)",
        "set hugepages of 2M of node 0 from 0 to 257",
        "set hugepages of 2M of node 1 from 0 to 256",
        "write /etc/tmpfiles.d/kernel-bypass-sriov.conf (hugepages at the boot)",
    ]
    assert (planned["steps"], planned["diff"]) == (result["steps"], result["diff"])
    assert planned["effects"]["hugepages"] == result["effects"]["hugepages"]
    assert numbers(tmp_path, M2, 0, 1) == [257, 256]
    assert (tmp_path / TMPFILES).read_text().splitlines()[1:] == [
        f"w /{NODES}/node{node}/hugepages/hugepages-2048kB/nr_hugepages - - - - {257 - node}" for node in (0, 1)
    ]
    stored = json.loads((tmp_path / STORED).read_text())
    assert [each["number"] for each in stored["pages"]] == [257, 256]
    assert [each["number"] for each in stored["before"]] == [0, 0]
    assert result["reboot"]["needed"] is False
    assert not run(kernel, m2(513))["changed"]


def test_by_node_alone_what_is_named_is_touched(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(nodes=2), **pool(0, M2, 7)})
    run(kernel, m2(nodes={"1": 64}))
    assert numbers(tmp_path, M2, 0, 1) == [7, 64]


def test_more_than_a_node_has_room_for_is_refused_since_the_kernel_would_not(tmp_path):
    small = {f"{NODES}/node0/meminfo": memory(total=1469 << 10, free=1200 << 10)}
    kernel = kernel_on(tmp_path, {**debian(), **small})
    before = snapshot(tmp_path)
    result = run(kernel, m2(900))
    assert result["msg"] == (
        "hugepages: 900 of 2M are too many for node 0: it has 1469 MiB, that is 331 MiB more than there is, and 2048 "
        "MiB have to stay; the kernel would not refuse. Remedy: ask for fewer, spread them over nodes, or lower "
        "hugepages_keep."
    )
    assert snapshot(tmp_path) == before
    assert "that leaves 669 MiB, and 2048 MiB" in run(kernel, m2(400))["msg"]
    assert not run(kernel, m2(400), hugepages_keep=256)["failed"]
    assert numbers(tmp_path, M2) == [400]


def test_memory_that_others_use_now_is_no_room(tmp_path):
    files = {**debian(), f"{NODES}/node0/meminfo": memory(total=64 * GIB, free=10 * GIB, file=4 * GIB)}
    kernel = kernel_on(tmp_path, files)
    assert "it has available 14336 MiB, that leaves 4096 MiB, and 6553 MiB have to stay" in run(kernel, m2(5120))["msg"]
    assert not run(kernel, m2(3584))["failed"]


@pytest.mark.parametrize("check", [False, True])
def test_pages_in_use_are_never_taken(tmp_path, check):
    kernel = kernel_on(tmp_path, {**debian(), **pool(0, M2, 64, free=24)})
    result = run(kernel, m2(16), check=check)
    assert (result["failure"]["kind"], result["failure"]["holders"]) == ("in_use", ["40 pages of running programs"])
    assert result["msg"].startswith("hugepages of 2M of node 0: 16 are fewer than are in use: 40 of 64 are in use. ")
    assert not run(kernel, m2(40), check=check)["failed"]


def test_fewer_than_asked_for_is_a_failure_with_the_numbers_and_all_is_as_before(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(nodes=2), "sim/most/node1-hugepages-2048kB": "5"})
    result = run(kernel, m2(64), timeout=11)
    assert result["msg"].startswith("hugepages: node 1: 5 of 32 pages of 2M, with 12278 MiB free: ")
    assert (result["changed"], result["failure"]["kind"]) == (False, "not_reached")
    assert (numbers(tmp_path, M2, 0, 1), (tmp_path / TMPFILES).exists()) == ([0, 0], False)
    assert not (tmp_path / STORED).exists()


def test_it_is_tried_again_while_there_is_time(tmp_path, monkeypatch):
    kernel = kernel_on(tmp_path, {**debian(), "sim/most/node0-hugepages-2048kB": "5"})
    ended = []

    def free(seconds):
        ended.append(seconds)
        build(tmp_path, {"sim/most/node0-hugepages-2048kB": "64"})

    monkeypatch.setattr("time.sleep", free)
    assert not run(kernel, m2(64))["failed"]
    assert (numbers(tmp_path, M2), ended) == ([64], [1.0])


def test_a_size_or_node_that_is_not_there_is_refused(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    result = run(kernel, [{"size": "16M", "count": 1}, {"size": "2M", "nodes": {"3": 1}}])
    assert [each["what"] for each in result["failures"]] == [
        "hugepages: this host has no pages of 16M",
        "hugepages: 2M: there is no node 3",
    ]


def test_a_cpu_without_pages_of_1g(tmp_path):
    files = {path: text for path, text in debian().items() if "1048576kB" not in path}
    assert "(1G needs pdpe1gb)" in run(kernel_on(tmp_path, files), [{"size": "1G", "count": 1}])["msg"]


def test_a_kernel_without_nodes(tmp_path):
    files = {path: text for path, text in machine().items() if not path.startswith(f"{NODES}/")}
    base = "sys/kernel/mm/hugepages/hugepages-2048kB"
    files.update({f"{base}/{word}_hugepages": "0" for word in ("nr", "free", "surplus")})
    files["proc/meminfo"] = memory().replace("Node 0 ", "")
    kernel = kernel_on(tmp_path, files)
    assert run(kernel, m2(8), check=True, boot_loader="manual")["steps"][1] == "set hugepages of 2M from 0 to 8"
    assert run(kernel, m2(nodes={"0": 8}), check=True, boot_loader="manual")["effects"]["hugepages"][0]["now"] == 8


def test_more_than_vfio_maps_is_told(tmp_path):
    huge = {f"{NODES}/node0/meminfo": memory(total=512 * GIB)}
    result = run(kernel_on(tmp_path, {**debian(), **huge}), m2(65536), check=True)
    assert "65536 hugepages of 2M are more than the 65535 mappings that vfio keeps" in str(result["warnings"])
    assert not run(kernel_on(tmp_path, huge), m2(65535), check=True).get("warnings")


# --- Pages of the boot ---


@pytest.mark.parametrize(
    ("nodes", "release", "words", "arguments"),
    [
        (1, "6.12.0-amd64", {"count": 4}, ["hugepagesz=1G", "hugepages=4"]),
        (1, "5.4.0", {"nodes": {"0": 4}}, ["hugepagesz=1G", "hugepages=4"]),
        (2, "5.16.0", {"nodes": {"0": 4, "1": 0}}, ["hugepagesz=1G", "hugepages=0:4"]),
        (2, "6.1.0", {"count": 4}, ["hugepagesz=1G", "hugepages=0:2,1:2"]),
        (2, "5.15.0", {"count": 4}, []),
    ],
)
def test_pages_of_1g_are_an_argument_where_it_can_say_the_node(tmp_path, nodes, release, words, arguments):
    kernel = kernel_on(tmp_path, debian(nodes=nodes), release=release)
    result = run(kernel, [{"size": "1G", **words}])
    assert boot_line(tmp_path)[3:] == arguments
    assert (tmp_path / TMPFILES).exists() == (not arguments)
    assert (sum(numbers(tmp_path, G1, *range(nodes))), result["reboot"]["needed"]) == (4, False)


def test_where_there_is_no_room_in_one_piece_the_boot_gives_them(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(), "sim/most/node0-hugepages-1048576kB": "1"})
    asked = [{"size": "1G", "count": 4}]
    result = run(kernel, asked)
    assert result["reboot"]["reasons"] == ["hugepagesz=1G hugepages=4: node 0 has 1 of 4 pages of 1G"]
    again = run(kernel, asked)
    assert (again["changed"], again["reboot"]["needed"]) == (False, True)
    boot(tmp_path, result["next_boot"])
    after = run(kernel, asked)
    assert (after["changed"], after["reboot"]["needed"], numbers(tmp_path, G1)) == (False, False, [4])


def test_where_there_is_too_little_memory_left_now_the_boot_alone_gives_them(tmp_path):
    files = {**debian(), f"{NODES}/node0/meminfo": memory(free=5 * GIB)}
    result = run(kernel_on(tmp_path, files), [{"size": "1G", "count": 4}])
    assert (numbers(tmp_path, G1), [step for step in result["steps"] if step.startswith("set ")]) == ([0], [])
    assert result["reboot"]["reasons"] == ["hugepagesz=1G hugepages=4: node 0 has 0 of 4 pages of 1G"]


def test_a_size_that_somebody_names_alone_is_in_the_way(tmp_path):
    kernel = kernel_on(tmp_path, debian(defaults='GRUB_CMDLINE_LINUX="hugepagesz=1G"'))
    assert "the line of the next boot has hugepagesz=1G" in run(kernel, [{"size": "1G", "count": 2}])["msg"]


def test_after_a_boot_that_gave_fewer_another_is_no_answer(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(), "sim/most/node0-hugepages-1048576kB": "1"})
    asked = [{"size": "1G", "count": 4}]
    boot(tmp_path, run(kernel, asked)["next_boot"])
    build(tmp_path, pool(0, G1, 1))
    result = run(kernel, asked, timeout=11)
    assert (result["failure"]["kind"], numbers(tmp_path, G1)) == ("not_reached", [1])


def test_both_sizes_at_once(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    asked = [*m2(512), {"size": "1G", "count": 2}]
    run(kernel, asked)
    assert (boot_line(tmp_path)[3:], numbers(tmp_path, M2)) == (["hugepagesz=1G", "hugepages=2"], [512])
    assert not run(kernel, asked)["changed"]


# --- Other owners ---

OWNERS = {
    "sysctl": ({"etc/sysctl.d/10-db.conf": "# pages\nvm.nr_hugepages = 64"}, "/etc/sysctl.d/10-db.conf:2"),
    "sysctl of a package": ({"usr/lib/sysctl.d/x.conf": "vm/nr_hugepages=64"}, "/usr/lib/sysctl.d/x.conf:1"),
    "dpdk.service": ({"etc/dpdk/dpdk.conf": "#NR_1G_PAGES=1\nNR_2M_PAGES=256"}, "/etc/dpdk/dpdk.conf:2"),
    "tuned": (
        {
            "etc/tuned/active_profile": "site\n",
            "etc/tuned/site/tuned.conf": "[main]\ninclude=base",
            "usr/lib/tuned/base/tuned.conf": "[sysctl]\nvm.nr_hugepages=8",
        },
        "/usr/lib/tuned/base/tuned.conf:2",
    ),
}


@pytest.mark.parametrize("name", OWNERS)
def test_two_owners_of_one_size_are_refused_with_file_and_line(tmp_path, name):
    files, place = OWNERS[name]
    kernel = kernel_on(tmp_path, {**debian(), **files})
    result = run(kernel, m2(32))
    assert result["msg"].startswith(f"hugepages of 2M: somebody else sets them: {place} has "), result
    assert numbers(tmp_path, M2) == [0]
    assert not run(kernel, [{"size": "1G", "count": 1}], check=True)["failed"]
    assert not run(kernel, m2(32), override=True)["failed"]
    again = run(kernel, m2(32))  # the consent was for one run, and what it wrote stays
    assert (again["failed"], again["changed"]) == (False, False)
    assert run(kernel, m2(33))["failed"]
    named = run(kernel)["owners"]
    assert [f"{each['file']}:{each['line']}" for each in named] == [place]


def test_one_on_the_kernels_line_is_an_owner_too(tmp_path):
    kernel = kernel_on(tmp_path, debian(defaults='GRUB_CMDLINE_LINUX="hugepages=16"'))
    assert "/etc/default/grub:2 has hugepages=16" in run(kernel, m2(32))["msg"]
    assert not run(kernel, m2(32), override=True)["failed"]


def test_pages_of_1g_that_somebody_has_on_the_line_cannot_be_given_a_second_time(tmp_path):
    kernel = kernel_on(tmp_path, debian(defaults='GRUB_CMDLINE_LINUX="hugepagesz=1G hugepages=2"'))
    result = run(kernel, [{"size": "1G", "count": 4}], override=True)
    assert result["failure"]["remedy"].startswith("take it out there by hand")
    same = run(kernel, [{"size": "1G", "count": 2}])
    assert (same["failed"], "kernel_arguments" in str(same["steps"])) == (False, False)


AS_PACKAGED = {
    "etc/dpdk/dpdk.conf": "#\n# NR_1G_PAGES=1\n# NR_2M_PAGES=256\n# DROPCACHE_BEFORE_HP_ALLOC=1",
    "etc/sysctl.d/99-sysctl.conf": "#vm.nr_hugepages=1\nvm.nr_hugepages_policy=1\nnet.ipv4.ip_forward=1",
    "etc/tuned/active_profile": "balanced",
    "usr/lib/tuned/balanced/tuned.conf": "[main]\nsummary=vm.nr_hugepages",
}


def test_files_as_packages_bring_them_set_nothing(tmp_path):
    result = run(kernel_on(tmp_path, {**debian(), **AS_PACKAGED}), m2(32))
    assert (result["failed"], result["owners"]) == (False, [])


def test_a_unit_that_is_masked_sets_nothing(tmp_path):
    files = {**OWNERS["dpdk.service"][0], "etc/systemd/system/dpdk.service": Link("../../../dev/null")}
    assert not run(kernel_on(tmp_path, {**debian(), **files}), m2(32))["failed"]


def test_an_owners_file_that_cannot_be_read_is_refused(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(), "etc/dpdk/dpdk.conf": b"\xff\xfe"})
    assert "cannot read /etc/dpdk/dpdk.conf" in run(kernel, m2(32))["msg"]
    assert numbers(tmp_path, M2) == [0]
    without = run(kernel)  # nothing rests on it
    assert not without["failed"] and "is not known: cannot read /etc/dpdk/dpdk.conf" in str(without["warnings"])


@pytest.mark.parametrize("token", ["hugepages=4", "hugepagesz=2M"])
def test_arguments_for_the_same_size_are_refused(tmp_path, token):
    more = [token] if token.startswith("hugepages=") else [token, "hugepages=4"]
    result = run(kernel_on(tmp_path, debian()), m2(32), kernel_arguments=more)
    assert "hugepages: 2M is in kernel_arguments too" in result["msg"]


def test_hugepages_as_arguments_of_the_user(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    words = ["hugepagesz=2M", "hugepages=20", "hugepagesz=1G", "hugepages=20"]
    result = run(kernel, kernel_arguments=words)
    assert (boot_line(tmp_path)[3:], result["reboot"]["needed"]) == (words, True)
    assert not run(kernel, kernel_arguments=words)["changed"]
    boot(tmp_path, result["next_boot"])
    assert not run(kernel, kernel_arguments=words)["reboot"]["needed"]


# --- The way back ---


def test_what_is_not_asked_for_any_more_goes_to_what_was_before(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(), **pool(0, M2, 8)})
    run(kernel, m2(64))
    run(kernel, m2(128))
    back = run(kernel, state="absent")
    assert back["steps"][0] == "set hugepages of 2M of node 0 from 128 to 8"
    assert not (tmp_path / STORED).exists() and not (tmp_path / TMPFILES).exists()
    assert not run(kernel, state="absent")["changed"]


def test_but_not_below_what_is_in_use_and_the_rest_follows(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    run(kernel, m2(64))
    build(tmp_path, pool(0, M2, 64, free=24))
    back = run(kernel, state="absent")
    assert numbers(tmp_path, M2) == [40]
    assert "40 hugepages of 2M of node 0 are in use and stay, where there were 0" in str(back["warnings"])
    assert not run(kernel, state="absent")["changed"]
    build(tmp_path, pool(0, M2, 40))
    assert run(kernel, state="absent")["changed"] and numbers(tmp_path, M2) == [0]
    assert not (tmp_path / STORED).exists()


def test_what_somebody_lowered_meanwhile_is_not_raised(tmp_path):
    kernel = kernel_on(tmp_path, {**debian(), **pool(0, M2, 8)})
    run(kernel, m2(64))
    build(tmp_path, pool(0, M2, 4))
    run(kernel, state="absent")
    assert numbers(tmp_path, M2) == [4]


def test_pages_that_others_have_added_stay_when_ours_go(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    run(kernel, [{"size": "2M", "count": 64}])
    build(tmp_path, pool(0, 2048, 100))
    back = run(kernel, state="absent")
    assert numbers(tmp_path, M2) == [36]
    assert "there are 100 hugepages of 2M of node 0, and 64 were set here: somebody else has" in str(back["warnings"])
    assert not run(kernel, state="absent")["changed"]


def test_pages_of_others_stay_as_well_where_some_of_ours_are_in_use_first(tmp_path):
    kernel = kernel_on(tmp_path, debian())
    run(kernel, [{"size": "2M", "count": 64}])
    build(tmp_path, pool(0, 2048, 64, free=24))
    run(kernel, state="absent")
    assert numbers(tmp_path, M2) == [40]
    build(tmp_path, pool(0, 2048, 100, free=100))
    run(kernel, state="absent")
    assert numbers(tmp_path, M2) == [60]
    assert not run(kernel, state="absent")["changed"]
