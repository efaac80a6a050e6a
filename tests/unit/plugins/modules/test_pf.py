# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pf through main(), on a simulated kernel."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.modules import pf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IGB.address
LABEL = f"enp1s0 ({PF})"
NUM_VFS = f"/sys/bus/pci/devices/{PF}/sriov_numvfs"


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, hosts.host())


def run(kernel, check=False, **options):
    return run_module(pf, kernel, check, **{"pf": "enp1s0", **options})


def test_vfs_are_created_and_found_again(kernel):
    first = run(kernel, num_vfs=3, drivers_autoprobe=False, up=True)
    assert (first["failed"], first["changed"]) == (False, True)
    assert first["steps"] == [
        f"set sriov_drivers_autoprobe of {LABEL} to 0: new VFs stay without a driver",
        f"set sriov_numvfs of {LABEL} from 0 to 3",
        f"wait until all 3 VFs of {LABEL} are there",
    ]
    assert first["diff"] == {
        "before": {"num_vfs": 0, "drivers_autoprobe": True, "up": True},
        "after": {"num_vfs": 3, "drivers_autoprobe": False, "up": True},
    }
    assert [(vf["vf"], vf["pci_address"], vf["driver"]) for vf in first["pf"]["vfs"]] == [
        (0, "0000:01:10.0", None),
        (1, "0000:01:10.2", None),
        (2, "0000:01:10.4", None),
    ]
    before = written(kernel)
    second = run(kernel, num_vfs=3, drivers_autoprobe=False, up=True)
    assert (second["changed"], second["steps"], written(kernel)) == (False, [], before)
    assert second["diff"]["before"] == second["diff"]["after"]
    assert second["pf"] == first["pf"]


def test_the_result_has_all_that_is_documented(kernel):
    result = run(kernel, num_vfs=1)["pf"]
    assert result["rss"].pop("table") == [0] * 64 + [1] * 64
    assert {name: value for name, value in result.items() if name != "vfs"} == {
        "name": "enp1s0",
        "pci_address": PF,
        "driver": "igb",
        "mac": hosts.IGB.mac,
        "up": True,
        "carrier": True,
        "mtu": 1500,
        "num_vfs": 1,
        "total_vfs": 7,
        "drivers_autoprobe": True,
        "rss_queues": 2,
        "channels": {
            **{"max_rx": 0, "max_tx": 0, "max_combined": 2},
            **{"rx": 0, "tx": 0, "other": 1, "combined": 2},
        },
        "rss": {"rings": 2, "entries": {"0": 64, "1": 64}, "key": "", "hash_function": "toeplitz", "hash_fields": {}},
        "ring_sizes": {"max_rx": 4096, "max_tx": 4096, "rx": 256, "tx": 256},
        "ntuple": {"on": False, "changeable": False},
        "locations": 16,
        "rules": [],
        "xsk": None,
        "iommu_group": 1,
        "numa_node": -1,
        "holders": [],
    }
    assert result["vfs"][0] == {
        "pci_address": "0000:01:10.0",
        "pf": PF,
        "vf": 0,
        "driver": "igbvf",
        "driver_override": None,
        "default_driver": "igbvf",
        "interface": "here",
        "name": "enp1s0v0",
        "mac": "02:00:00:00:02:00",
        "up": False,
        "mtu": 1500,
        "iommu_group": 2,
        "numa_node": -1,
        "dev_node": None,
        "owner": None,
        "group": None,
        "mode": None,
        "cdev": None,
        "holders": [],
        "attributes": {
            **{"mac": "02:00:00:00:02:00", "vlan": 0, "qos": 0, "vlan_proto": "802.1Q", "spoofchk": True},
            **{"trust": False, "min_tx_rate": 0, "max_tx_rate": 0, "link_state": "auto", "query_rss": None},
        },
    }


def test_check_mode_tells_the_same_and_writes_nothing(tmp_path, kernel):
    before = snapshot(tmp_path)
    planned = run(kernel, check=True, num_vfs=4, drivers_autoprobe=False, min_rss_queues=2)
    assert snapshot(tmp_path) == before
    assert written(kernel) == []
    done = run(kernel, num_vfs=4, drivers_autoprobe=False, min_rss_queues=2)
    assert (planned["changed"], planned["steps"], planned["diff"]) == (
        done["changed"],
        done["steps"],
        done["diff"],
    )


def test_a_question_is_a_request_without_changes(kernel):
    result = run(kernel)
    assert (result["changed"], result["diff"]) == (False, {"before": {}, "after": {}})
    assert result["pf"]["num_vfs"] == 0


def test_the_pf_goes_down_with_its_vfs(kernel):
    run(kernel, num_vfs=2)
    result = run(kernel, num_vfs=0, up=False)
    assert [step.split(":")[0] for step in result["steps"]][-1] == "set enp1s0 down"
    assert result["diff"]["after"] == {"num_vfs": 0, "up": False}


def test_warnings_reach_the_operator(tmp_path):
    result = run(simulate(tmp_path, hosts.host(hosts.Nic(up=False))), num_vfs=1)
    # A text in some versions of ansible-core, an object in others.
    assert f"{LABEL} is down: its VFs have no link and no mailbox until it is up (up: true)" in str(result["warnings"])


def test_ixgbe_gives_its_queues_back(tmp_path):
    """Without VFs it reports flow director's queues too, more than RSS has: that is no failure."""
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=32))
    assert run(kernel, num_vfs=4, min_rss_queues=4)["pf"]["rss_queues"] == 4
    result = run(kernel, num_vfs=0, min_rss_queues=16)
    assert (result["failed"], result["pf"]["rss_queues"]) == (False, 16)


def held_vf(kernel, tmp_path):
    """VF 0 belongs to vfio-pci, and a process has it open."""
    run(kernel, num_vfs=1)
    base = f"/sys/bus/pci/devices/{hosts.IGB.vf(0)}"
    kernel.run(["modprobe", "vfio-pci"])
    kernel.sysfs.write(f"{base}/driver_override", "vfio-pci\n")
    kernel.sysfs.write(f"{base}/driver/unbind", hosts.IGB.vf(0))
    kernel.sysfs.write("/sys/bus/pci/drivers_probe", hosts.IGB.vf(0))
    simulate(tmp_path, hosts.process(4711, "dpdk-testpmd", ["/dev/vfio/2"]))


BAD_INPUT = [
    ({"num_vfs": 8}, "invalid", "num_vfs: cannot create 8 VFs", 0),
    ({"pf": "enp7s0"}, "not_found", "pf: nothing on this host is called 'enp7s0'", 0),
    ({"pf": "enp1s0v0"}, "invalid", "pf: 'enp1s0v0' is a VF, not a PF", 1),
    ({"num_vfs": 2}, "would_destroy", "num_vfs: cannot go from 1 to 2 VFs", 1),
    (
        {"num_vfs": 4, "min_rss_queues": 8},
        "invalid",
        "min_rss_queues: 4 VFs leave the PF an RSS group of 2, less than 8",
        0,
    ),
    ({"num_vfs": -1}, "invalid", "num_vfs: -1 is negative", 0),
]


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
@pytest.mark.parametrize(("options", "kind", "what", "num_vfs"), BAD_INPUT, ids=[str(row[0]) for row in BAD_INPUT])
def test_bad_input_is_refused_before_the_first_write(tmp_path, kernel, options, kind, what, num_vfs, check):
    run(kernel, num_vfs=num_vfs)
    before, writes = snapshot(tmp_path), written(kernel)
    result = run(kernel, check, **options)
    assert (result["failed"], result["changed"], result["done"]) == (True, False, [])
    assert (result["failure"]["kind"], result["failure"]["what"]) == (kind, what)
    assert result["failure"]["remedy"] and result["msg"].startswith(what)
    assert (snapshot(tmp_path), written(kernel)) == (before, writes)


@pytest.mark.parametrize("allow", [[], ["in_use"], list(CONSENTS)], ids=["nothing", "in_use", "all"])
@pytest.mark.parametrize("num_vfs", [0, 2])
def test_a_vf_held_open_is_kept_whatever_is_allowed(tmp_path, kernel, num_vfs, allow):
    """The write would wait for the program, and with it whoever changes a VF of the host."""
    held_vf(kernel, tmp_path)
    before, writes = snapshot(tmp_path), written(kernel)
    result = run(kernel, num_vfs=num_vfs, allow=allow)
    refused = result.get("failures", [result["failure"]])
    assert [each["kind"] for each in refused] == ["would_destroy", "in_use"][num_vfs == 0 or "destroy_vfs" in allow :]
    assert refused[-1]["holders"] == ["VF 0: process 4711 (dpdk-testpmd) has /dev/vfio/2 open"]
    assert refused[-1]["remedy"] == ("end the program first: nothing allows this while it has the device open")
    assert (snapshot(tmp_path), written(kernel)) == (before, writes)


def test_a_vf_in_use_goes_where_that_is_allowed(tmp_path, kernel):
    run(kernel, num_vfs=2)
    build(tmp_path, hosts.interface("enp1s0v1", 5, "02:00:00:00:02:01", addresses=["192.0.2.77"]))
    before = snapshot(tmp_path)
    result = run(kernel, num_vfs=0, allow=["destroy_vfs", "link_reset"])
    assert result["failure"]["holders"] == ["VF 1: enp1s0v1 has address 192.0.2.77/24"]
    assert result["failure"]["remedy"] == "release them, or accept that its user loses it: allow: [in_use]"
    assert snapshot(tmp_path) == before
    planned = run(kernel, num_vfs=0, allow=["in_use"], check=True)
    done = run(kernel, num_vfs=0, allow=["in_use"])
    assert done["changed"] and done["steps"] == planned["steps"]
    assert done["allowed"] == planned["allowed"] == [f"in_use for {LABEL}: VF 1: enp1s0v1 has address 192.0.2.77/24"]


def test_vfs_are_destroyed_for_others_where_that_is_allowed(kernel):
    run(kernel, num_vfs=1)
    told = run(kernel, num_vfs=3, allow=["in_use"])["failure"]
    assert (told["kind"], told["remedy"]) == ("would_destroy", "allow: [destroy_vfs] if that is what you want")
    result = run(kernel, num_vfs=3, allow=["destroy_vfs"])
    why = "the kernel does that only through 0: VF 0 (0000:01:10.0, igbvf, enp1s0v0) would be destroyed"
    assert (result["changed"], result["allowed"]) == (True, [f"destroy_vfs for {LABEL}: {why}"])
    assert run(kernel, num_vfs=3, allow=["destroy_vfs"])["allowed"] == []


def test_all_that_is_in_the_way_is_told_at_once(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.ssh_from("198.51.100.7", "enp1s0")})
    run(kernel, num_vfs=1, allow=["link_reset"])
    result = run(kernel, num_vfs=4, min_rss_queues=8)
    assert [(each["kind"], each["what"]) for each in result["failures"]] == [
        ("invalid", "min_rss_queues: 4 VFs leave the PF an RSS group of 2, less than 8"),
        ("would_destroy", "num_vfs: cannot go from 1 to 4 VFs"),
        ("in_use", "cannot create 4 VFs"),
    ]
    assert result["msg"].splitlines()[0] == "3 things are refused:"
    down = run(kernel, num_vfs=0, up=False, allow=list(CONSENTS))
    assert [each["what"] for each in down.get("failures", [down["failure"]])] == ["cannot set the PF down"]


@pytest.mark.parametrize(
    ("entry", "holder"),
    [
        ({"addresses": ["192.0.2.3"]}, "enp1s0 has address 192.0.2.3/24"),
        ({"master": "bond0", "linkinfo": {"info_slave_kind": "bond"}}, "enp1s0 is a port of bond bond0"),
    ],
)
def test_a_pf_in_use_is_set_down_only_if_that_is_allowed(tmp_path, entry, holder):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.interface("enp1s0", 3, hosts.IGB.mac, up=True, **entry)})
    result = run(kernel, num_vfs=0, up=False)
    assert result["msg"] == (
        f"cannot set the PF down on {LABEL}: {holder}. "
        "Remedy: release it, or accept that its user loses it: allow: [in_use]."
    )
    assert (result["failure"]["holders"], written(kernel)) == ([holder], [])
    done = run(kernel, num_vfs=0, up=False, allow=["in_use"])
    assert (done["steps"], done["allowed"]) == (["set enp1s0 down"], [f"in_use for {LABEL}: {holder}"])


def test_the_nic_that_carries_the_operator_is_left_alone(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.ssh_from("198.51.100.7", "enp1s0")})
    result = run(kernel, num_vfs=2)
    assert result["failure"]["holders"] == ["carries the SSH connection from 198.51.100.7"]
    assert written(kernel) == []
    done = run(kernel, num_vfs=2, allow=["link_reset"])
    assert done["changed"]
    assert done["allowed"] == [f"link_reset for {LABEL}: it carries the SSH connection from 198.51.100.7"]


def test_a_failure_on_the_way_tells_what_was_done(tmp_path):
    kernel = simulate(tmp_path, hosts.host(), Behaviour(refuses={5: errno.ENOMEM}))
    run(kernel, num_vfs=2)
    result = run(kernel, num_vfs=5, allow=["destroy_vfs"])
    assert (result["failed"], result["changed"]) == (True, True)
    assert [step.split(":")[0] for step in result["done"]] == ["set sriov_numvfs of enp1s0 (0000"]
    assert (result["failure"]["errno"], result["failure"]["step"]) == (
        "ENOMEM",
        f"set sriov_numvfs of {LABEL} from 0 to 5",
    )
    assert kernel.sysfs.read(NUM_VFS) == "2"


class OneQueue(SimEthtool):
    """A driver that keeps one queue beside VFs, fewer than its kind is known to."""

    def channels(self, name):
        channels = super().channels(name)
        beside_vfs = channels and channels.max_combined == 2
        return channels._replace(combined=1) if beside_vfs else channels


def test_a_state_that_is_not_reached_is_a_failure(tmp_path, kernel):
    kernel.ethtool = OneQueue(str(tmp_path))
    result = run(kernel, num_vfs=2, min_rss_queues=2)
    assert result["msg"] == (
        "the steps were done, but the host is not as planned: 0000:01:00.0.min_rss_queues: planned 2, found 1. "
        "Remedy: look at dmesg; something else (NetworkManager, a udev rule) may manage the device too."
    )
    assert (result["changed"], len(result["done"])) == (True, 2)


def test_a_libvirt_domain_that_will_want_a_vf_is_told_where_it_goes(tmp_path, kernel):
    address = "<address domain='0x0000' bus='0x01' slot='0x10' function='0x2'/>"
    device = f"<devices><hostdev type='pci'><source>{address}</source></hostdev></devices>"
    build(tmp_path, {"etc/libvirt/qemu/web1.xml": f"<domain><name>web1</name>{device}</domain>"})
    assert "warnings" not in run(kernel, num_vfs=2)
    (warning,) = run(kernel, num_vfs=0, check=True)["warnings"]
    assert "libvirt domain web1 wants VF 1 (0000:01:10.2, igbvf, enp1s0v1) when it starts, which goes" in str(warning)


@pytest.mark.parametrize("classes", [1, 4], ids=["no traffic classes", "four traffic classes"])
@pytest.mark.parametrize("cpus", [2, 3, 8, 40])
def test_channels_that_were_set_beside_vfs_are_no_limit_for_new_ones(tmp_path, cpus, classes):
    """ixgbe_sriov.c ixgbe_disable_sriov: the limit of RSS comes back, that of flow director stays."""
    queues = {f"sys/class/net/enp1s0/queues/tx-{n}/traffic_class": str(n) for n in range(classes if classes > 1 else 0)}
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE, cpus=cpus), **queues})
    run(kernel, num_vfs=2)
    channels = kernel.ethtool.channels("enp1s0")
    kernel.ethtool.set_channels("enp1s0", channels._replace(combined=min(2, channels.max_combined)))
    kernel.sysfs.write(NUM_VFS, "0")
    group = 1 if classes > 1 else min(4, 1 << (cpus.bit_length() - 1))
    refused = run(kernel, num_vfs=2, min_rss_queues=group + 1)
    assert refused["failure"]["what"] == (
        f"min_rss_queues: 2 VFs leave the PF an RSS group of {group}, less than {group + 1}"
    )
    result = run(kernel, num_vfs=2, min_rss_queues=group)
    assert (result["failed"], result["pf"]["rss_queues"], result.get("warnings", [])) == (False, group, [])
