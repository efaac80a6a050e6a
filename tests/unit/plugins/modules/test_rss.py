# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module rss through main(), on a simulated kernel."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import rss
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
IN_TURN = tuple(range(4)) * 32
WITHOUT_3 = (0,) * 42 + (1,) * 43 + (2,) * 43


def start(root, nic=hosts.IXGBE, num_vfs=4, cpus=16, **extra):
    kernel = simulate(root, {**hosts.host(nic, cpus=cpus), **extra})
    if num_vfs:
        kernel.sysfs.write(f"/sys/bus/pci/devices/{nic.address}/sriov_numvfs", str(num_vfs))
    return kernel


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def run(kernel, check=False, **options):
    return run_module(rss, kernel, check, **{"pf": "enp1s0", **options})


def table(kernel):
    return kernel.ethtool.rss("enp1s0").table


def test_a_queue_leaves_rss_and_stays_out(kernel):
    first = run(kernel, exclude_queues=[3])
    assert first["steps"] == [
        f"set the RSS table of {LABEL}: of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43"
    ]
    assert first["diff"] == {"before": {"rss_table": "equal 4"}, "after": {"rss_table": "0*42 1*43 2*43"}}
    assert table(kernel) == WITHOUT_3
    assert first["pf"]["rss"]["entries"] == {"0": 42, "1": 43, "2": 43}
    writes = written(kernel)
    second = run(kernel, exclude_queues=[3])
    assert (second["changed"], second["steps"], written(kernel)) == (False, [], writes)
    assert second["diff"]["before"] == second["diff"]["after"]
    assert second["pf"] == first["pf"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param({"weights": [1, 1, 1, 0]}, WITHOUT_3, id="weights"),
        pytest.param({"queues": [0, 1, 2]}, WITHOUT_3, id="queues"),
        pytest.param({"equal": 2}, (0, 1) * 64, id="equal"),
        pytest.param({"equal": 4}, IN_TURN, id="equal over all"),
        pytest.param({"default": True}, IN_TURN, id="default"),
    ],
)
@pytest.mark.parametrize("before", [IN_TURN, WITHOUT_3, (2,) * 128], ids=["default", "without 3", "2 alone"])
def test_any_table_becomes_any_other(tmp_path, kernel, before, options, wanted):
    kernel.ethtool.set_rss("enp1s0", before)
    state = snapshot(tmp_path)
    planned = run(kernel, check=True, **options)
    assert snapshot(tmp_path) == state
    done = run(kernel, **options)
    assert table(kernel) == wanted
    assert done["changed"] == (before != wanted)
    assert (planned["changed"], planned["steps"], planned["diff"]) == (
        done["changed"],
        done["steps"],
        done["diff"],
    )
    assert not run(kernel, **options)["changed"]


SYMMETRIC = ":".join(["6d:5a"] * 20)
OWN_KEY = ":".join(f"{byte:02x}" for byte in range(1, 41))


def hashed(kernel):
    fields = [kernel.ethtool.hash_fields("enp1s0", flow_type) for flow_type in ("tcp4", "udp4", "udp6")]
    return kernel.ethtool.rss("enp1s0").key, fields


def test_the_hash_that_suricata_wants(tmp_path, kernel):
    options = {"hash_key": SYMMETRIC.upper(), "hash_fields": {"tcp4": "sdfn", "udp4": "sdfn", "udp6": "nfds"}}
    before = snapshot(tmp_path)
    planned = run(kernel, check=True, **options)
    assert snapshot(tmp_path) == before
    done = run(kernel, **options)
    assert done["steps"] == [
        f"set the RSS hash of {LABEL}: key {SYMMETRIC} (was {OWN_KEY}), fields of udp4 sdfn (was sd), fields of udp6 "
        "sdfn (was sd)"
    ]
    assert (planned["steps"], planned["diff"], planned["pf"]) == (done["steps"], done["diff"], done["pf"])
    assert done["diff"] == {
        "before": {"hash_key": OWN_KEY, "hash_fields": {"tcp4": "sdfn", "udp4": "sd", "udp6": "sd"}},
        "after": {"hash_key": SYMMETRIC, "hash_fields": {"tcp4": "sdfn", "udp4": "sdfn", "udp6": "sdfn"}},
    }
    assert done["pf"]["rss"]["hash_fields"] == {"tcp4": "sdfn", "udp4": "sdfn", "udp6": "sdfn"}
    assert hashed(kernel) == (SYMMETRIC, [0xF0, 0xF0, 0xF0])
    assert table(kernel) == IN_TURN
    for warning in (
        f"the RSS hash of {LABEL} is shared: its 4 VFs spread their frames by the same one",
        f"fragments of UDP packets have no ports: with the hash fields of udp4 and udp6 they come to another queue of "
        f"{LABEL} than whole packets of their flow, out of order",
    ):
        assert warning in str(done["warnings"])
    writes = written(kernel)
    assert (run(kernel, **options)["changed"], written(kernel)) == (False, writes)


def test_the_hash_stays_when_the_pf_is_closed_and_opened(tmp_path):
    """The driver keeps it (ixgbe_setup_mrqc); it is asked for beside channels and table."""
    kernel = start(tmp_path, num_vfs=0)
    options = {"hash_key": SYMMETRIC, "hash_fields": {"udp4": "sdfn"}, "channels": 4, "equal": 2}
    assert run(kernel, **options)["changed"]
    assert hashed(kernel) == (SYMMETRIC, [0xF0, 0xF0, 0x30])
    assert not run(kernel, **options)["changed"]


def test_a_hash_that_the_driver_refuses_in_part_is_taken_back(tmp_path, kernel):
    kernel.ethtool = SimEthtool(tmp_path, {"ethtool -N enp1s0 rx-flow-hash udp6 sdfn": errno.EINVAL})
    result = run(kernel, hash_key=SYMMETRIC, hash_fields={"udp4": "sdfn", "udp6": "sdfn"})
    assert (result["failed"], result["lost"]) == (True, [])
    assert result["done"] == [
        f"set the RSS hash of {LABEL}: fields of udp4 sd (was sdfn)",
        f"set the RSS hash of {LABEL}: key {OWN_KEY} (was {SYMMETRIC})",
    ]
    assert result["msg"] == (
        f"cannot set the hash fields of udp6 on {LABEL}: the driver refused `ethtool -N enp1s0 rx-flow-hash udp6 "
        f"sdfn`; the RSS hash of {LABEL} (fields of udp4) is back; the RSS hash of {LABEL} (key) is back [EINVAL: "
        "Invalid argument]. Remedy: the driver takes other fields for this flow type; what it takes differs from "
        "driver to driver."
    )
    assert hashed(kernel) == (OWN_KEY, [0xF0, 0x30, 0x30])


def test_a_hash_that_cannot_be_put_back_is_told_with_the_command(tmp_path, kernel):
    refuses = ("ethtool -N enp1s0 rx-flow-hash udp6 sdfn", f"ethtool -X enp1s0 hkey {OWN_KEY}")
    kernel.ethtool = SimEthtool(tmp_path, dict.fromkeys(refuses, errno.EINVAL))
    result = run(kernel, hash_key=SYMMETRIC, hash_fields={"udp6": "sdfn"})
    assert result["lost"] == [f"ethtool -X enp1s0 hkey {OWN_KEY}"]


@pytest.mark.parametrize(
    ("ioctl", "options", "what"),
    [
        (0x29, {"hash_fields": {"udp4": "sdfn"}}, "hash_fields.udp4: cannot tell which fields are hashed"),
        (0x46, {"hash_key": SYMMETRIC}, "hash_key: cannot tell the RSS hash"),
        (0x46, {"hash_function": "toeplitz"}, "hash_function: cannot tell the RSS hash"),
    ],
)
def test_a_hash_that_could_not_be_read_is_not_taken_for_none(tmp_path, kernel, ioctl, options, what):
    class Failing(SimEthtool):
        def _ioctl(self, name, buffer):
            if buffer[0] == ioctl:
                raise OSError(errno.EIO, "")
            super()._ioctl(name, buffer)

    kernel.ethtool = Failing(tmp_path)
    result = run(kernel, check=True, **options)
    assert (result["failure"]["kind"], result["failure"]["what"]) == ("not_known", what)


def test_a_function_of_a_driver_that_has_several(tmp_path):
    kernel = start(tmp_path, hosts.Nic("mystery", device="abcd"), num_vfs=0)
    result = run(kernel, hash_function="xor", hash_fields={"tcp4": "s"})
    assert result["steps"] == [f"set the RSS hash of {LABEL}: function xor (was toeplitz), fields of tcp4 s (was sd)"]
    assert result["pf"]["rss"]["hash_function"] == "xor"
    assert not run(kernel, hash_function="xor", hash_fields={"tcp4": "s"})["changed"]
    assert run(kernel, hash_function="toeplitz")["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"hash_key": "6d5a"},
            "hash_key: '6d5a' is no hash key: it is hexadecimal bytes with colons between them. Remedy: write it as in "
            '"6d:5a:6d:5a", in quotes.',
            id="no colons",
        ),
        pytest.param(
            {"hash_fields": {"udp4": "sdx"}},
            "hash_fields.udp4: 'sdx' names no fields: 'x' is none of m, v, t, s, d, f, n. Remedy: write them as in "
            "sdfn.",
            id="no letter",
        ),
        pytest.param(
            {"hash_fields": {"udp4": ""}},
            "hash_fields.udp4: '' names no fields: no field is named. Remedy: write them as in sdfn.",
            id="none",
        ),
        pytest.param(
            {"hash_fields": {"udp4": "r"}},
            "hash_fields.udp4: 'r' names no fields: 'r' is none of m, v, t, s, d, f, n. Remedy: write them as in sdfn.",
            id="discard",
        ),
    ],
)
def test_a_hash_that_is_none_is_refused(kernel, options, message):
    before = written(kernel)
    assert (run(kernel, **options)["msg"], written(kernel)) == (message, before)


def test_fewer_channels_come_with_the_table_and_the_rules(tmp_path):
    kernel = start(tmp_path, num_vfs=0)
    kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
    kernel.ethtool.insert_rule("enp1s0", rule(dst_port=9, cookie=1, location=7))
    kernel.ethtool.set_rss("enp1s0", (0,) * 64 + (1,) * 64)
    planned = run(kernel, check=True, channels=8)
    done = run(kernel, channels=8)
    assert done["steps"] == [
        f"set the combined channels of {LABEL} from 16 to 8",
        f"put back the RSS table of {LABEL}: of 128 entries queue 0 has 64, queue 1 has 64",
        f"put back flow rule 7 of {LABEL}: tcp4 dst-port 9 to queue 1",
    ]
    assert (planned["steps"], planned["diff"]) == (done["steps"], done["diff"])
    assert done["diff"]["after"] == {"channels": 8, "rss_table": "0*64 1*64", "rules": ["tcp4 dst-port 9 to queue 1"]}
    assert kernel.ethtool.rules("enp1s0").rules == (rule(dst_port=9, cookie=1, location=7),)
    assert not run(kernel, channels=8)["changed"]


def test_the_kernel_keeps_no_channels_for_a_table_that_was_set_by_hand(tmp_path):
    """It refuses fewer than such a table names, also when it is the default one again."""
    kernel = start(tmp_path, num_vfs=0)
    kernel.ethtool.set_rss("enp1s0", tuple(range(16)) * 8)
    result = run(kernel, channels=4)
    assert result["steps"] == [
        f"give {LABEL} its driver's default RSS table",
        f"set the combined channels of {LABEL} from 16 to 4",
    ]
    assert (result["failed"], table(kernel)) == (False, IN_TURN)


def test_a_table_stays_where_an_af_xdp_socket_keeps_the_channels(tmp_path):
    """The kernel wants the table out of the way first, and then refuses for the socket (net/ethtool/channels.c)."""
    kernel, by_hand = start(tmp_path, num_vfs=0), (0,) * 64 + (3,) * 64
    kernel.ethtool.set_rss("enp1s0", by_hand)
    kernel.ethtool = SimEthtool(tmp_path, {"ethtool -L enp1s0 combined 2": errno.EBUSY})
    result = run(kernel, channels=2)
    assert (result["failed"], result["failure"]["errno"], result["lost"]) == (True, "EBUSY", [])
    assert result["failure"]["why"].endswith(f"; the RSS table of {LABEL} is back")
    assert table(kernel) == by_hand


def test_more_channels_than_rss_uses(tmp_path):
    kernel = start(tmp_path, num_vfs=0, cpus=40)
    planned = run(kernel, check=True, channels=32, default=True)
    done = run(kernel, channels=32, default=True)
    assert (planned["steps"], planned["diff"]) == (done["steps"], done["diff"])
    assert done["diff"]["after"] == {"channels": 32, "rss_table": "equal 16"}
    assert not run(kernel, channels=32, default=True)["changed"]


def test_the_group_is_checked_and_explained(tmp_path, kernel):
    assert run(kernel, min_queues=4)["changed"] is False
    before = snapshot(tmp_path)
    result = run(kernel, min_queues=16)
    assert result["msg"] == (
        f"min_queues: the RSS group has 4 queues, less than 16 on {LABEL}: ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 "
        "VFs on: 2; without VFs the PF would have 16; online CPUs: 16. "
        "Remedy: ask for fewer VFs, raise the channels, or accept the smaller group."
    )
    assert snapshot(tmp_path) == before


REFUSALS = [
    ({"queues": [4]}, "invalid", "queues: 4"),
    ({"equal": 0}, "invalid", "equal: 0"),
    ({"equal": 5}, "invalid", "equal: 5"),
    ({"weights": [0, 0]}, "invalid", "weights: 0, 0"),
    ({"exclude_queues": [0, 1, 2, 3]}, "invalid", "exclude_queues: 0, 1, 2, 3"),
    ({"channels": 5}, "invalid", "channels: cannot set 5 combined channels"),
    ({"channels": 3}, "invalid", "channels: cannot set 3 combined channels"),
    ({"channels": 2, "min_queues": 4}, "invalid", "min_queues: the RSS group has 2 queues, less than 4"),
]


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
@pytest.mark.parametrize(("options", "kind", "what"), REFUSALS, ids=[str(row[0]) for row in REFUSALS])
def test_what_cannot_be_is_refused_before_the_first_write(tmp_path, kernel, options, kind, what, check):
    before, writes = snapshot(tmp_path), written(kernel)
    result = run(kernel, check, **options)
    assert (result["failed"], result["changed"], result["done"]) == (True, False, [])
    assert (result["failure"]["kind"], result["failure"]["what"]) == (kind, what)
    assert (snapshot(tmp_path), written(kernel)) == (before, writes)


def test_two_tables_at_once_are_refused(kernel):
    result = run(kernel, queues=[0], equal=2)
    assert result["msg"] == "parameters are mutually exclusive: queues|weights|equal|exclude_queues|default"


def test_the_operator_s_link_is_reset_only_where_that_is_accepted(tmp_path):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp1s0"))
    before = snapshot(tmp_path)
    result = run(kernel, channels=2)
    assert result["failure"]["holders"] == ["carries the SSH connection from 198.51.100.7"]
    assert snapshot(tmp_path) == before
    assert run(kernel, equal=2)["changed"], "a table resets nothing"
    assert result["failure"]["remedy"].endswith("allow: [link_reset]")
    assert run(kernel, channels=2, allow=["in_use", "destroy_vfs"])["failure"] == result["failure"]
    done = run(kernel, channels=2, allow=["link_reset"])
    why = "the PF is reset by it, and carries the SSH connection from 198.51.100.7"
    assert (done["changed"], done["allowed"]) == (True, [f"link_reset for {LABEL}: {why}"])
    assert run(kernel, channels=2, allow=["link_reset"])["allowed"] == []


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
def test_all_that_is_wrong_is_told_at_once(tmp_path, kernel, check):
    before = snapshot(tmp_path)
    result = run(kernel, check, queues=[0, 4], min_queues=5)
    assert [each["what"] for each in result["failures"]] == [
        "min_queues: the RSS group has 4 queues, less than 5",
        "queues: 0, 4",
    ]
    assert snapshot(tmp_path) == before


def test_a_failure_on_the_way_tells_what_was_done(tmp_path):
    kernel = start(tmp_path, num_vfs=0)
    kernel.ethtool = SimEthtool(tmp_path, {"ethtool -L": errno.EBUSY})
    result = run(kernel, channels=4)
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["done"] == [f"give {LABEL} its driver's default RSS table"]
    assert (result["failure"]["errno"], result["failure"]["step"]) == (
        "EBUSY",
        f"set the combined channels of {LABEL} from 16 to 4",
    )


def test_a_question_is_a_request_without_changes(kernel):
    result = run(kernel)
    assert (result["changed"], result["diff"]) == (False, {"before": {}, "after": {}})
    assert result["pf"]["rss"]["rings"] == 4


def test_queues_that_ixgbe_has_forgotten_are_opened_again(kernel):
    """After `ethtool -L` beside VFs, and without them, its table names queues that it has not opened."""
    run(kernel, channels=2)
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "0")
    assert (kernel.ethtool.channels("enp1s0").combined, max(table(kernel))) == (2, 15)
    planned = run(kernel, check=True, min_queues=16)
    done = run(kernel, min_queues=16)
    assert done["steps"] == [f"set the combined channels of {LABEL} from 2 to 16"]
    assert (planned["steps"], planned["diff"]) == (done["steps"], done["diff"])
    assert (kernel.ethtool.channels("enp1s0").combined, max(table(kernel))) == (16, 15)
    assert not run(kernel, min_queues=16)["changed"]
