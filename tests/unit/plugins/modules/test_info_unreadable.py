# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each read fails once with EIO: info goes on and says so, and VFs are removed unless a guard rests on the read."""

from __future__ import annotations

import ctypes
import errno
import os
import re

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.modules import flow_rule, info, pf, rss, vf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import (
    SimCommands,
    SimSysfs,
    SimSystem,
    simulate,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
BASE = f"/sys/bus/pci/devices/{PF}"
VF0, VF1 = (f"/sys/bus/pci/devices/{hosts.IXGBE.vf(index)}" for index in (0, 1))
HOST = {
    **hosts.host(hosts.IXGBE, loaded=(*hosts.LOADED, "vfio-pci")),
    **hosts.ssh_from("198.51.100.7", "eth0"),
    **hosts.process(7, "/usr/bin/other", ["/dev/null"]),
    f"{BASE[1:]}/numa_node": "0",
}
# Whoever removes VFs must know what these tell: the number of VFs, who uses each, what carries the operator, and, as
# ixgbe drops rules and table, what there is of them.
GUARDS = (
    r"/run/netns(/.*)?",  # whose interface may be there
    r"/proc/(self|1)/mountinfo",
    r"/proc/\d+/fdinfo/\d+",
    "/sys/devices/system/cpu/online",
    rf"{BASE}/(config|vendor|sriov_\w+)",
    rf"{BASE}|{BASE}/sriov_numvfs|{BASE}/virtfn\d|{BASE}/(class|net|driver|iommu_group|physfn|sriov_totalvfs)",
    rf"({VF0}|{VF1})(|/driver|/net|/iommu_group|/physfn|/class|/uio|/vfio-dev|/infiniband_verbs)",
    r"/dev/vfio/\d+",
    r"/proc|/proc/\d+/fd(/\d+)?|/proc/(self|\d+)/(environ|stat|ns/net)",
    "/sys/class/net/.*",
    "/sys/devices/system/cpu/online",
)
RULES, RSS_TABLE = (0x2E, 0x30), (0x2D, 0x46)  # ETHTOOL_GRXCLSRLCNT, _GRXCLSRLALL; _GRXRINGS, _GRSSH


class Failing:
    """Fails the first time that it is asked for one thing, and keeps all that it is asked for.

    :param at: a path, a command line, or the number of an ioctl.
    """

    def __init__(self, at=None, number=errno.EIO):
        self.at = at
        self.number = number
        self.asked = {}
        self.left = 1

    def __call__(self, what):
        self.asked.setdefault(what)
        if what == self.at and self.left:
            self.left -= 1
            raise OSError(self.number, os.strerror(self.number))


class Files(SimSysfs):
    def path(self, path):
        if not path.startswith("sim/"):
            self.fail(path)
        return super().path(path)


class Drivers(SimEthtool):
    def _ioctl(self, name, buffer):
        self.fail((name, ctypes.c_uint32.from_buffer(buffer).value))
        super()._ioctl(name, buffer)


class Commands(SimCommands):
    def __call__(self, argv, stdin=""):
        try:
            self.fail(" ".join(argv))
        except OSError as error:
            return 1, "", f"{error.strerror}\n"
        return super().__call__(argv, stdin)


def failing(root, fail):
    """A kernel on a tree that is there."""
    behaviour = Behaviour()
    sysfs = Files(str(root), behaviour)
    ethtool, commands = Drivers(root), Commands(str(root), behaviour)
    sysfs.fail = ethtool.fail = commands.fail = fail
    return Kernel(commands, sysfs, ethtool, SimSystem(sysfs, 0))


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """VF 0 is on vfio-pci, VF 1 on its kernel driver."""
    root = tmp_path_factory.mktemp("host")
    kernel = simulate(root, HOST)
    kernel.pci.set_num_vfs(PF, 2, 5)
    kernel.pci.rebind(hosts.IXGBE.vf(0), "vfio-pci", 5)
    return root


def read_all(host, module, **options):
    """Everything that a run asks for."""
    fail = Failing()
    run_module(module, failing(host, fail), check=True, **options)
    return [what for what in fail.asked if "sim/" not in str(what)]


def test_info_goes_on_whichever_read_fails(host):
    whole = run_module(info, failing(host, Failing()))
    assert whole["not_seen"] == []
    for what in read_all(host, info):
        result = run_module(info, failing(host, Failing(what)))
        assert not result["failed"], (what, result)
        seen = {key: result[key] for key in ("pfs", "host")}
        assert (
            result["not_seen"]
            or seen == {key: whole[key] for key in seen}
            or "modprobe" in what
            or "may carry" in str(seen)
        ), what


def test_vfs_are_removed_whichever_read_fails_unless_a_guard_rests_on_it(host):
    options = {"pf": "enp1s0", "num_vfs": 0}
    assert run_module(pf, failing(host, Failing()), check=True, **options)["changed"]
    refused = set()
    for what in read_all(host, pf, **options):
        result = run_module(pf, failing(host, Failing(what)), check=True, **options)
        assert result["failed"] or result["changed"], what
        if result["failed"]:
            assert result["failure"]["kind"] in ("in_use", "not_known", "not_found", "unsupported"), (
                what,
                result["msg"],
            )
            refused.add(what)
        elif isinstance(what, str):
            assert not re.fullmatch(rf"{BASE}/virtfn\d|{BASE}/sriov_numvfs|({VF0}|{VF1})/(driver|net)", what), what
    for what in refused:
        if isinstance(what, str) and what.startswith("/"):
            assert any(re.fullmatch(guard, what) for guard in GUARDS), what
    assert {number for name, number in (each for each in refused if isinstance(each, tuple))} == {*RULES, *RSS_TABLE}


def test_rules_that_could_not_be_read_are_not_lost_in_silence(host):
    fail = Failing(("enp1s0", 0x2E), errno.ENOMEM)
    options = {"pf": "enp1s0", "num_vfs": 3, "allow": ["destroy_vfs"]}
    result = run_module(pf, failing(host, fail), **options)
    assert result["failure"]["kind"] == "not_known"
    assert result["msg"] == (
        f"cannot create 3 VFs on {LABEL}: ixgbe drops flow rules and RSS table by it, and what there is is not "
        "known: the driver of enp1s0 did not tell its flow rules [ENOMEM: Cannot allocate memory]. Remedy: run it "
        "again, and see dmesg; or accept that they are lost: allow: [in_use]."
    )
    options["allow"] = ["destroy_vfs", "in_use"]
    result = run_module(pf, failing(host, Failing(("enp1s0", 0x2E), errno.ENOMEM)), check=True, **options)
    assert (result["failed"], result["changed"]) == (False, True)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, 524, errno.EINVAL])
def test_a_driver_that_has_no_rules_says_so(host, number):
    fail = Failing(("enp1s0", 0x2E), number)
    result = run_module(pf, failing(host, fail), check=True, pf="enp1s0", num_vfs=0)
    assert (result["failed"], result["changed"]) == (False, True)


@pytest.mark.parametrize(
    ("module", "options", "at", "message"),
    [
        (
            flow_rule,
            {"rules": [{"flow_type": "tcp4", "dst_port": 80, "queue": 0}]},
            0x2E,
            f"rules: cannot tell which there are on {LABEL}: the driver of enp1s0 did not tell its flow rules [EIO: "
            "Input/output error]. Remedy: run it again, and see dmesg.",
        ),
        (
            rss,
            {"channels": 2},
            0x3C,
            f"channels: cannot set 2 combined channels on {LABEL}: the driver of enp1s0 did not tell its channels "
            "[EIO: Input/output error]. Remedy: run it again, and see dmesg.",
        ),
        (
            rss,
            {"equal": 2},
            0x46,
            f"equal: cannot tell the RSS table on {LABEL}: the driver of enp1s0 did not tell its RSS table [EIO: "
            "Input/output error]. Remedy: run it again, and see dmesg.",
        ),
        (
            rss,
            {"min_queues": 2},
            0x3C,
            f"min_queues: cannot tell the size of the RSS group on {LABEL}: the driver of enp1s0 did not tell its "
            "channels [EIO: Input/output error]. Remedy: run it again, and see dmesg.",
        ),
        (
            vf,
            {"vfs": [{"vf": 0, "mac": "auto"}]},
            0x20,
            f"mac: auto needs the PF's permanent address on {LABEL}: the driver of enp1s0 did not tell its "
            "permanent address [EIO: Input/output error]. Remedy: run it again, and see dmesg.",
        ),
    ],
    ids=["rules", "channels", "RSS table", "group", "permanent address"],
)
def test_what_rests_on_an_answer_is_refused_without_it(host, module, options, at, message):
    result = run_module(module, failing(host, Failing(("enp1s0", at))), check=True, pf="enp1s0", **options)
    assert (result["failure"]["kind"], result["msg"]) == ("not_known", message)


def test_vfs_whose_number_cannot_be_read_are_not_zero(host):
    path = f"{BASE}/sriov_numvfs"
    result = run_module(pf, failing(host, Failing(path)), check=True, pf="enp1s0", num_vfs=0)
    assert result["msg"] == (
        f"num_vfs: cannot tell how many VFs there are on {LABEL}: {path} [EIO: Input/output error]. Remedy: run it "
        "again, and see dmesg."
    )


def test_who_may_have_a_vf_open_and_cannot_be_looked_at_is_a_user(host):
    result = run_module(pf, failing(host, Failing("/proc/7/fd")), check=True, pf="enp1s0", num_vfs=0)
    seen = "it cannot be seen whether it is in use: what process 7 (other) has open: holders of VFs for user space may"
    assert result["msg"] == (
        f"num_vfs: cannot remove VFs 0 to 1 on {LABEL}: VF 0: {seen} be missing; VF 1: {seen} be missing. Remedy: "
        "release them, or accept that its user loses it: allow: [in_use]."
    )
