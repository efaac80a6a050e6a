# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may run a module: those that change something need root, before anything is read, in check mode too.

Those that look run without, and list what they could not see."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.system import System
from ansible_collections.kernel_bypass.sriov.plugins.modules import (
    boot_state,
    flow_rule,
    host,
    info,
    pci_driver,
    pf,
    platform,
    rss,
    rx_rate,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

NOBODY = 4294967290  # has no name anywhere
WRITERS = {
    "boot_state": (boot_state, {"pfs": [{"pf": "enp1s0", "num_vfs": 2}]}),
    "host": (host, {"pfs": [{"pf": "enp1s0", "num_vfs": 2}]}),
    "pf": (pf, {"pf": "enp1s0", "num_vfs": 2}),
    "vf": (vf, {"pf": "enp1s0", "vfs": [{"vf": "all", "mac": "auto"}]}),
    "pci_driver": (pci_driver, {"devices": ["0000:01:10.0"], "driver": "none"}),
    "flow_rule": (flow_rule, {"pf": "enp1s0", "rules": [{"flow_type": "tcp4", "drop": True}]}),
    "rss": (rss, {"pf": "enp1s0", "exclude_queues": [3]}),
    "platform": (platform, {}),
}


class Untouched:
    """Stands for files, commands and ioctls; whatever is asked of it is a failure of the test."""

    root = "/nowhere"  # a name, not a look

    def __getattr__(self, name):
        raise AssertionError(f"{name} before the user is known to be root")

    def __call__(self, *words):
        raise AssertionError(f"{words} before the user is known to be root")


class RunBy(System):
    def __init__(self, user):
        super().__init__(Untouched())
        self.effective_user = lambda: user


@pytest.mark.parametrize("check", [False, True], ids=["for real", "in check mode"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_module_that_changes_something_needs_root_before_it_reads_anything(name, check):
    module, options = WRITERS[name]
    untouched = Untouched()
    result = run_module(module, Kernel(untouched, untouched, untouched, RunBy(NOBODY)), check=check, **options)
    assert (result["failed"], result["changed"], result["done"]) == (True, False, [])
    assert result["failure"]["kind"] == "not_permitted"
    assert result["msg"] == (
        f"this runs as user {NOBODY}, and needs root: what others' processes have open is hidden from it, and nothing "
        "may be written. Remedy: become: true."
    )


HIDDEN = {
    **hosts.host(hosts.IXGBE),
    **hosts.process(7, "/usr/bin/testpmd", ["/dev/vfio/12"]),
}


@pytest.mark.parametrize("user", [0, NOBODY])
def test_info_lists_what_could_not_be_seen_whoever_runs_it(tmp_path, user):
    kernel = simulate(tmp_path, HIDDEN, Behaviour(user=user, unreadable="/proc/7/fd" if user else "(?!)"))
    result = run_module(info, kernel)
    assert (result["failed"], [each["name"] for each in result["pfs"]]) == (False, ["enp1s0"])
    assert result["not_seen"] == (
        ["what process 7 (testpmd) has open: holders of VFs for user space may be missing"] if user else []
    )


@pytest.mark.parametrize(
    ("files", "behaviour", "hidden"),
    [
        pytest.param(
            {},
            Behaviour(unreadable="/proc/7/fd"),
            "what process 7 (testpmd) has open: holders of VFs for user space may be missing",
            id="what a process has open",
        ),
        pytest.param(
            {"run/netns/pod": "pod"},
            Behaviour(),
            "the interfaces of network namespace /run/netns/pod: [EPERM: not permitted]",
            id="another namespace",
        ),
        pytest.param(
            {},
            Behaviour(netlink_errors={38: errno.EIO}),
            "filters of tc: netlink refused a question [EIO: Input/output error].",
            id="filters",
        ),
    ],
)
def test_where_users_cannot_be_seen_a_vf_is_kept_until_that_is_accepted(tmp_path, files, behaviour, hidden):
    """Unreadable is not absent. What harms no user of a VF goes on."""
    kernel = simulate(tmp_path, {**HIDDEN, **files}, behaviour)
    assert not run_module(pf, kernel, pf="enp1s0", num_vfs=2)["failed"]
    told = f"it cannot be seen whether it is in use: {hidden}"
    refused = run_module(pf, kernel, pf="enp1s0", num_vfs=0, allow=["destroy_vfs", "link_reset"])
    assert refused["failure"]["holders"] == [f"VF 0: {told}", f"VF 1: {told}"]
    assert refused["failure"]["remedy"] == "release them, or accept that its user loses it: allow: [in_use]"
    assert run_module(pf, kernel, pf="enp1s0", num_vfs=0, allow=["in_use"])["changed"]


SAMPLE = {"pf": "enp1s0", "seconds": 0.02}


def test_rx_rate_needs_no_root_and_sees_all_that_it_asks(tmp_path):
    behaviour = Behaviour(user=NOBODY, unreadable=r"/proc/\d+/(fd|ns|environ).*")
    result = run_module(rx_rate, simulate(tmp_path, HIDDEN, behaviour), **SAMPLE)
    assert (result["failed"], result["not_seen"]) == (False, [])


class Mute(SimEthtool):
    def _ioctl(self, name, buffer):
        raise OSError(errno.EPERM, "not you")


def test_statistics_that_may_not_be_read_are_not_missing(tmp_path):
    kernel = simulate(tmp_path, HIDDEN, Behaviour(user=NOBODY))
    kernel.ethtool = Mute(tmp_path)
    result = run_module(rx_rate, kernel, **SAMPLE)
    assert (result["failed"], result["failure"]["kind"]) == (True, "not_permitted")
    assert result["msg"] == (
        f"pf: the statistics of enp1s0 may not be read: this runs as user {NOBODY} [EPERM: Operation not permitted]. "
        "Remedy: become: true."
    )
