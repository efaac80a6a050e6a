# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module xsk_queue through main(), on a simulated kernel."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BPF
from ansible_collections.kernel_bypass.sriov.plugins.modules import flow_rule, host, info, xsk_queue
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.xdp import foreign_program
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
PINS = f"{BPF}/enp1s0"
GROUP = os.getgid() or 12345
PIN = f"pin a map of AF_XDP sockets of {LABEL} and its program in {PINS}"
ATTACH = f"attach the XDP program for AF_XDP sockets to {LABEL} (native)"
DETACH = f"detach the XDP program for AF_XDP sockets from {LABEL} (native)"
UNPIN = f"remove the map of AF_XDP sockets of {LABEL} and its program from {PINS}"
WITHOUT_1 = (0,) * 42 + (2,) * 43 + (3,) * 43
THEIRS = {"flow_type": "tcp4", "dst_ip": "192.0.2.30", "dst_port": 80, "queue": 2}
OURS = {"flow_type": "udp4", "dst_ip": "192.0.2.30", "dst_port": 4321, "queue": 1}


def start(root, nic=hosts.IXGBE, cpus=4, behaviour=None, **extra):
    return simulate(root, {**hosts.host(nic, cpus=cpus), **extra}, behaviour)


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def run(kernel, check=False, **options):
    return run_module(xsk_queue, kernel, check, **{"pf": "enp1s0", **options})


def table(kernel):
    return kernel.ethtool.rss("enp1s0").table


def rules(kernel):
    return [str(rule) for rule in kernel.ethtool.rules("enp1s0").rules]


def attached(kernel):
    entries = kernel.link.interfaces()
    return next(entry.get("xdp", {}).get("prog", {}).get("name") for entry in entries if entry["ifname"] == "enp1s0")


def mode(root, path):
    status = os.stat(root / path[1:])
    return oct(status.st_mode & 0o7777), status.st_gid


def test_a_queue_is_given_and_stays_given(tmp_path, kernel):
    before = snapshot(tmp_path)
    planned = run(kernel, check=True, queues=[1], group=str(GROUP))
    assert snapshot(tmp_path) == before
    first = run(kernel, queues=[1], group=str(GROUP))
    assert (
        first["steps"]
        == planned["steps"]
        == [
            f"{PIN}, for group {GROUP}",
            ATTACH,
            f"set the RSS table of {LABEL}: of 128 entries queue 0 has 42, queue 2 has 43, queue 3 has 43",
        ]
    )
    assert (attached(kernel), table(kernel)) == ("kernel_bypass", WITHOUT_1)
    assert first["pf"]["xsk"] == {
        **{"queues": [1], "mode": "native", "program": "kernel_bypass", "ours": True, "ready": True, "sockets": []},
        **{"program_id": first["pf"]["xsk"]["program_id"], "map": f"{PINS}/xsks_map", "group": GROUP},
        **{"napi_defer_hard_irqs": 0, "gro_flush_timeout": 0},
    }
    assert planned["diff"] == first["diff"]
    assert [mode(tmp_path, path) for path in (PINS, f"{PINS}/xsks_map", f"{PINS}/prog")] == [
        ("0o750", GROUP),
        ("0o660", GROUP),
        ("0o600", GROUP),
    ]
    writes = written(kernel)
    second = run(kernel, queues=[1], group=str(GROUP))
    assert (second["changed"], second["steps"], written(kernel)) == (False, [], writes)
    assert second["pf"] == first["pf"]


def test_without_a_group_root_alone_may(tmp_path, kernel):
    run(kernel, queues=[1])
    assert [mode(tmp_path, path)[0] for path in (PINS, f"{PINS}/xsks_map")] == ["0o700", "0o600"]
    done = run(kernel, queues=[1], group=str(GROUP))
    assert done["steps"] == [f"give the map of AF_XDP sockets of {LABEL} to group {GROUP} (was: root alone)"]
    assert mode(tmp_path, f"{PINS}/xsks_map") == ("0o660", GROUP)


def test_what_the_driver_drops_is_put_back_that_of_others_too(kernel):
    kernel.ethtool.set_rss("enp1s0", (0, 2) * 64)
    run_module(flow_rule, kernel, pf="enp1s0", rules=[THEIRS])
    kernel.ethtool.set_rss("enp1s0", (0, 2) * 64)
    before = rules(kernel)
    done = run(kernel, queues=[1])
    assert done["steps"][2:] == [
        f"put back the RSS table of {LABEL}: of 128 entries queue 0 has 64, queue 2 has 64",
        f"put back flow rule 2045 of {LABEL}: {before[0]}",
    ]
    assert (rules(kernel), table(kernel)) == (before, (0, 2) * 64)
    gone = run(kernel, state="absent")
    assert gone["steps"] == [DETACH, UNPIN, *done["steps"][2:]]
    assert (rules(kernel), table(kernel), attached(kernel)) == (before, (0, 2) * 64, None)


def test_a_table_that_somebody_has_set_keeps_its_other_entries(kernel):
    theirs = (0, 1, 2, 1) * 32
    kernel.ethtool.set_rss("enp1s0", theirs)
    run(kernel, queues=[1])
    assert table(kernel) == (0, 0, 2, 2) * 32
    run(kernel, state="absent")
    assert table(kernel) == theirs


def test_the_table_of_the_driver_comes_back(kernel):
    before = table(kernel)
    run(kernel, queues=[1, 3])
    assert table(kernel) == (0,) * 64 + (2,) * 64
    gone = run(kernel, state="absent")
    assert (gone["steps"], table(kernel), gone["pf"]["xsk"]) == ([DETACH, UNPIN], before, None)
    assert run(kernel, state="absent")["changed"] is False


def test_a_table_that_somebody_has_set_meanwhile_stays(kernel):
    run(kernel, queues=[1])
    kernel.ethtool.set_rss("enp1s0", (3,) * 128)
    run(kernel, state="absent")
    assert table(kernel) == (3,) * 128


def test_everything_in_one_plan(kernel):
    request = {"pf": "enp1s0", "xsk": {"queues": [1]}, "rules": [OURS]}
    done = run_module(host, kernel, pfs=[request])
    steps = [step.partition(" of ")[0] for step in done["steps"]]
    assert steps == [
        "pin a map",
        ATTACH,
        "turn ntuple filters",
        "set the RSS table",
        "add flow rule 2045",
    ]
    assert run_module(host, kernel, pfs=[request])["changed"] is False
    # Now without the rule in the request, as module xsk_queue is run again: it is known as one of ours.
    assert run(kernel, queues=[1])["changed"] is False


def test_after_another_program_has_come_and_gone_all_is_made_again(kernel):
    """What an application does that attaches its own: rules and table are lost at its start and at its end."""
    request = {"pf": "enp1s0", "xsk": {"queues": [1]}, "rules": [OURS]}
    first = run_module(host, kernel, pfs=[request])
    kernel.link.detach_xdp("enp1s0", generic=False)
    assert (rules(kernel), table(kernel)) == ([], (0, 1, 2, 3) * 32)
    again = run_module(host, kernel, pfs=[request])
    assert again["steps"][0] == ATTACH and PIN not in again["steps"], "what is pinned serves again"
    assert again["pfs"][0]["rules"] == first["pfs"][0]["rules"]
    assert table(kernel) == WITHOUT_1


def test_another_mode_goes_over_a_detached_program(kernel):
    run(kernel, queues=[1])
    done = run(kernel, queues=[1], mode="generic", allow=["generic_xdp"])
    assert done["steps"][:2] == [DETACH, ATTACH.replace("native", "generic")]
    assert done["pf"]["xsk"]["mode"] == "generic"
    assert table(kernel) == WITHOUT_1


def test_generic_mode_goes_beside_vfs_and_drops_nothing(kernel):
    kernel.sysfs.write(f"/{hosts.DEVICES}/{PF}/sriov_numvfs", "4")
    run_module(flow_rule, kernel, pf="enp1s0", rules=[THEIRS])
    before = rules(kernel)
    done = run(kernel, queues=[1], mode="generic", allow=["generic_xdp"])
    assert [step.split(" of ")[0] for step in done["steps"]] == [
        "pin a map",
        f"attach the XDP program for AF_XDP sockets to {LABEL} (generic)",
        "set the RSS table",
    ]
    assert rules(kernel) == before
    assert done["allowed"] == [
        f"generic_xdp for {LABEL}: the kernel builds a socket buffer for every frame first, and copies it: no faster "
        "than its own path"
    ]


def test_values_of_napi_are_set_and_go_back_where_they_are_as_named(kernel):
    values = {"napi_defer_hard_irqs": 2, "gro_flush_timeout": 200000}
    done = run(kernel, queues=[1], **values)
    assert [step for step in done["steps"] if "was 0" in step] == [
        f"set napi_defer_hard_irqs of {LABEL} to 2 (was 0)",
        f"set gro_flush_timeout of {LABEL} to 200000 (was 0)",
    ]
    kernel.sysfs.write("/sys/class/net/enp1s0/gro_flush_timeout", "5")  # somebody else's by now
    gone = run(kernel, state="absent", **values)
    assert f"set napi_defer_hard_irqs of {LABEL} to 0 (was 2)" in gone["steps"]
    assert kernel.sysfs.read_int("/sys/class/net/enp1s0/gro_flush_timeout") == 5


def test_a_program_of_somebody_else_stays(kernel):
    foreign_program_of(kernel)
    assert run(kernel, state="absent")["changed"] is False
    assert attached(kernel) == "xdp_dispatcher"


def foreign_program_of(kernel, **words):
    foreign_program(kernel.run.devices, "enp1s0", **words)


def test_info_tells_who_has_which_queue(tmp_path):
    more = {**hosts.sockets(hosts.xdp_socket(77, 3, 1)), **hosts.process(4711, "/usr/bin/reader", ["socket:[77]"])}
    kernel = start(tmp_path, **more)
    assert run_module(info, kernel, pf="enp1s0")["pfs"][0]["xsk"] is None
    run(kernel, queues=[1], allow=["in_use"])
    found = run_module(info, kernel, pf="enp1s0")["pfs"][0]["xsk"]
    assert (found["ready"], found["sockets"]) == (
        True,
        ["process 4711 (reader) has an AF_XDP socket on queue 1 of enp1s0"],
    )
    assert found["queues"] == [1]


def test_a_foreign_program_and_what_went_with_ours_are_differences(kernel):
    request = {"pf": "enp1s0", "xsk": {"queues": [1]}, "rules": [OURS]}
    run_module(host, kernel, pfs=[request])

    def differences():
        return run_module(info, kernel, compared_with={"pfs": [request]})["differences"]

    assert differences() == []
    kernel.link.detach_xdp("enp1s0", generic=False)
    assert differences() == [
        f"{LABEL}: rss_table: wanted 0*42 2*43 3*43, found equal 4",
        f"{LABEL}: xdp_program: wanted that of this collection (native), found none",
        f"{LABEL}: xsk_map: wanted attached, found none",
        f"{LABEL} rule udp4 dst-ip 192.0.2.30 dst-port 4321 to queue 1: is not there",
    ]
    foreign_program_of(kernel)
    assert differences() == [
        f"xsk: cannot attach an XDP program on {LABEL}: XDP program 97 (xdp_dispatcher, native) is attached. Remedy: "
        "end the program that has attached it, or detach it: ip link set dev enp1s0 xdp off"
    ]


def test_what_a_killed_run_has_left_is_made_anew(kernel, tmp_path):
    run(kernel, queues=[1])
    os.unlink(tmp_path / f"{PINS[1:]}/prog")
    kernel.link.detach_xdp("enp1s0", generic=False)
    done = run(kernel, queues=[1])
    assert done["steps"][:2] == [PIN, ATTACH]
    assert done["pf"]["xsk"]["ready"] is True


def test_a_program_of_ours_that_has_lost_its_pins_is_replaced(kernel, tmp_path):
    run(kernel, queues=[1])
    for name in ("prog", "xsks_map"):
        os.unlink(tmp_path / f"{PINS[1:]}/{name}")
    done = run(kernel, queues=[1])
    assert done["steps"][:3] == [DETACH, PIN, ATTACH]
    assert done["pf"]["xsk"]["ready"] is True


def test_after_a_boot_all_is_made_again(tmp_path, kernel):
    request = {"pf": "enp1s0", "xsk": {"queues": [1], "group": str(GROUP)}, "rules": [OURS]}
    first = run_module(host, kernel, pfs=[request])
    kernel = start(tmp_path / "rebooted")  # nothing is left of /run, of the kernel's memory, and of the driver's
    again = run_module(host, kernel, pfs=[request])
    assert again["steps"] == first["steps"]
    assert again["pfs"][0]["xsk"]["ready"] is True


def test_a_table_that_somebody_has_set_since_the_first_change_comes_back(kernel):
    run(kernel, queues=[1])
    run(kernel, state="absent")
    theirs = (0, 0, 0, 1) * 32
    kernel.ethtool.set_rss("enp1s0", theirs)
    run(kernel, queues=[1])
    assert 1 not in table(kernel)
    assert not run(kernel, state="absent")["failed"]
    assert table(kernel) == theirs
