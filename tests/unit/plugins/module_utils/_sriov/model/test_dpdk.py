# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of accounts, and texts of files, as they are read and written for DPDK."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import dpdk


@pytest.mark.parametrize("name", ["dpdk", "a.b-c_d", "machine$", "_x", "A" * 32])
def test_a_name_is_taken(name):
    assert dpdk.account_name("group", "group", name) == name


@pytest.mark.parametrize("name", ["", "-x", "1000", "a b", "a:b", "a\n", "A" * 33, "ä", "a/b", "$(id)"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(InvalidRequest) as refused:
        dpdk.account_name("users[0]", "user", name)
    assert str(refused.value).startswith(f"users[0]: {name!r} is no name of a user.")


LIFTED = {
    "both": ("@dpdk - memlock unlimited\n", True),
    "each": ("@dpdk hard memlock unlimited\n@dpdk\tsoft\tmemlock\t-1\n", True),
    "as infinity, with a comment": ("@dpdk - memlock infinity # for testpmd\n", True),
    "hard alone": ("@dpdk hard memlock unlimited\n", False),
    "a number": ("@dpdk - memlock 8192\n", False),
    "another group": ("@other - memlock unlimited\n", False),
    "a user of that name": ("dpdk - memlock unlimited\n", False),
    "another limit": ("@dpdk - nofile unlimited\n", False),
    "a comment": ("# @dpdk - memlock unlimited\n", False),
    "nothing": ("", False),
}


@pytest.mark.parametrize(("text", "lifted"), LIFTED.values(), ids=LIFTED)
def test_a_file_of_limits_lifts_that_of_locked_memory(text, lifted):
    assert dpdk.gives_memlock(text, "dpdk") is lifted


def test_what_we_write_lifts_it():
    assert dpdk.gives_memlock(dpdk.limits("dpdk"), "dpdk")


CONFIGURED = {
    "a device": ("# comment\n\npci 0000:04:00.0 vfio-pci\n", ["F:3: pci 0000:04:00.0 vfio-pci"]),
    "hugepages": ("NR_2M_PAGES=64\nNR_1G_PAGES=0\n", ["F:1: NR_2M_PAGES=64"]),
    "as the package brings it": ('#\n# NR_1G_PAGES=16\n  # x\nNR_2M_PAGES=\nDROPCACHE="0" # no\n', []),
    "ten is not zero": ("NR_2M_PAGES=10", ["F:1: NR_2M_PAGES=10"]),
}


@pytest.mark.parametrize(("text", "lines"), CONFIGURED.values(), ids=CONFIGURED)
def test_lines_that_ask_for_something_are_told_with_their_place(text, lines):
    assert dpdk.active_lines("F", text) == lines


def test_who_reads_from_queues_has_the_capability_for_sockets_beside_memory_and_group():
    assert dpdk.queue_drop_in(dpdk.DesiredDpdk("readers")) == (
        f"{dpdk.QUEUE_WRITTEN}[Service]\nAmbientCapabilities=CAP_NET_RAW\n"
        "LimitMEMLOCK=infinity\nSupplementaryGroups=readers\n"
    )
    both = dpdk.DesiredDpdk("readers", units=("a.service",), queue_units=("a.service",), after_boot_unit=True)
    for_vfs, for_queues = dpdk.drop_ins(both).items()
    assert (for_vfs[0], for_queues[0]) == (
        "/etc/systemd/system/a.service.d/kernel-bypass-sriov.conf",
        "/etc/systemd/system/a.service.d/kernel-bypass-sriov-queue.conf",
    )
    assert all("After=kernel-bypass-sriov.service\n" in text for _path, text in (for_vfs, for_queues))


def test_a_drop_in_orders_only_where_there_is_a_boot_unit():
    first, _blank, rest = dpdk.drop_in(dpdk.DesiredDpdk("dpdk", after_boot_unit=True)).partition("[Unit]\n")
    assert first == dpdk.WRITTEN and rest == (
        "Requires=kernel-bypass-sriov.service\nAfter=kernel-bypass-sriov.service\n\n"
        "[Service]\nLimitMEMLOCK=infinity\nSupplementaryGroups=dpdk\n"
    )
    assert dpdk.drop_in(dpdk.DesiredDpdk("other")) == (
        f"{dpdk.WRITTEN}[Service]\nLimitMEMLOCK=infinity\nSupplementaryGroups=other\n"
    )
