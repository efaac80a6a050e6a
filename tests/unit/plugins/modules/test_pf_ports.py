# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two ports that are one PCI function (ConnectX-3), and PFs that have no port (Chelsio), on a simulated kernel."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import (
    flow_rule,
    host,
    info,
    pci_driver,
    pf,
    rss,
    rx_rate,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link, build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

CX3 = hosts.Nic(
    "mystery", address="0000:03:00.0", name="enp3s0", mac="02:00:00:00:03:00", device="1003", vf_device="1004"
)
PORTS = ["enp3s0", "enp3s0d1"]
SECOND_MAC = "02:00:00:00:03:01"
SECOND = f"enp3s0d1 ({CX3.address})"
MAC = "02:00:00:00:aa:00"
RULE = {"flow_type": "tcp4", "dst_ip": "192.0.2.30", "dst_port": 80, "queue": 1}
WORDS = "tcp4 dst-ip 192.0.2.30 dst-port 80 to queue 1"


def start(root, num_vfs=2, **extra):
    """A PF whose two ports are one function; its second was found first."""
    files = {
        **hosts.host(CX3),
        **hosts.behind(CX3.address, "enp3s0d1"),
        **hosts.interface("enp3s0d1", 2, SECOND_MAC, up=True, altnames=["uplink2"]),
        **extra,
    }
    kernel = simulate(root, files)
    kernel.sysfs.write(f"/sys/bus/pci/devices/{CX3.address}/sriov_numvfs", str(num_vfs))
    return kernel


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def told(result):
    """What is said of a run that was refused."""
    assert result["failed"], result
    return result["msg"]


@pytest.mark.parametrize("name", ["enp3s0d1", "uplink2", SECOND_MAC])
def test_the_port_that_is_named_gets_the_rule_and_the_other_none(kernel, name):
    result = run_module(flow_rule, kernel, pf=name, rules=[RULE])
    assert result["steps"] == [f"add flow rule of {SECOND}: {WORDS}"]
    assert [len(kernel.ethtool.rules(port).rules) for port in PORTS] == [0, 1]
    assert (result["pf"]["name"], result["pf"]["mac"]) == ("enp3s0d1", SECOND_MAC)
    assert not run_module(flow_rule, kernel, pf=name, rules=[RULE])["changed"]
    assert run_module(flow_rule, kernel, pf="enp3s0", rules=[RULE])["changed"]


def test_so_do_its_table_its_link_and_what_is_set_of_the_vfs(kernel):
    assert run_module(rss, kernel, pf="enp3s0d1", queues=[0, 1], channels=4)["steps"] == [
        f"give {SECOND} its driver's default RSS table",
        f"set the combined channels of {SECOND} from 8 to 4",
        f"set the RSS table of {SECOND}: of 128 entries queue 0 has 64, queue 1 has 64",
    ]
    assert [kernel.ethtool.channels(port).combined for port in PORTS] == [8, 4]
    result = run_module(vf, kernel, pf="enp3s0d1", vfs=[{"vf": 0, "mac": MAC}])
    assert result["steps"] == [f"set VF 0 of {SECOND}: mac {MAC} (was 00:00:00:00:00:00)"]
    down = run_module(pf, kernel, pf="enp3s0d1", num_vfs=0, up=False)
    assert down["steps"][-1] == "set enp3s0d1 down"
    links = [call for call in written(kernel) if "link set" in call]
    assert links == [f"ip link set dev enp3s0d1 vf 0 mac {MAC}", "ip link set dev enp3s0d1 down"]


AMBIGUOUS = "means more than one interface: enp3s0, enp3s0d1. Remedy: name it by interface name."


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (flow_rule, {"rules": [RULE]}),
        (flow_rule, {"rules": [RULE], "state": "absent"}),
        (rss, {"channels": 4}),
        (rss, {"min_queues": 2}),
        (vf, {"vfs": [{"vf": 0, "mac": MAC}]}),
        (vf, {"vfs": [{"vf": 0, "mtu": 1400}]}),
        (pf, {"num_vfs": 2, "up": True}),
        (pf, {"num_vfs": 2, "min_rss_queues": 2}),
        (rx_rate, {}),
    ],
    ids=lambda each: each if isinstance(each, dict) else each.__name__.rpartition(".")[2],
)
@pytest.mark.parametrize("name", [CX3.address, "8086:1003"])
def test_an_address_of_two_ports_is_not_enough_where_a_port_is_meant(kernel, module, options, name):
    assert told(run_module(module, kernel, pf=name, **options)).startswith(f"pf: {name!r} {AMBIGUOUS}")
    assert written(kernel) == [f"/sys/bus/pci/devices/{CX3.address}/sriov_numvfs 2"]


def test_module_host_tells_where_it_stands(kernel):
    wanted = {"pf": CX3.address, "num_vfs": 2}  # a PF with VFs is to be up, and each port is up by itself
    assert told(run_module(host, kernel, pfs=[wanted])) == f"pf: {CX3.address!r} {AMBIGUOUS}"


def test_it_is_enough_for_what_the_function_has_once(kernel):
    result = run_module(pf, kernel, pf=CX3.address, num_vfs=3, allow=["destroy_vfs"], drivers_autoprobe=False)
    assert result["steps"][-1] == f"wait until all 3 VFs of {CX3.address} are there"
    assert result["pf"]["name"] is None
    bound = run_module(pci_driver, kernel, pf=CX3.address, vf="all", driver="vfio-pci")
    assert [each["driver"] for each in bound["devices"]] == ["vfio-pci"] * 3
    assert run_module(pci_driver, kernel, pf="enp3s0d1", vf=1, driver="none")["changed"]


@pytest.mark.parametrize("first", ["enp3s0", CX3.address])
def test_two_entries_for_ports_of_one_function_are_refused(kernel, first):
    wanted = [{"pf": first, "num_vfs": 2, "up": None}, {"pf": "enp3s0d1", "rules": [RULE]}]
    if first == CX3.address:
        wanted[0] = {"pf": first, "drivers_autoprobe": False}
    assert told(run_module(host, kernel, pfs=wanted)) == (
        f"pfs[1].pf: 'enp3s0d1' is a port of the PF of pfs[0] on {CX3.address}: enp3s0, enp3s0d1 are one PCI function, "
        "with one num_vfs and one set of VFs. Remedy: make one entry of the two; what else the other port shall have, "
        "modules vf, rss and flow_rule set."
    )


def test_info_has_an_entry_for_each_port(kernel):
    run_module(flow_rule, kernel, pf="enp3s0d1", rules=[RULE])
    for options in ({}, {"pf": CX3.address}):
        seen = run_module(info, kernel, **options)["pfs"]
        found = {each["name"]: (each["pci_address"], len(each["rules"]), each["num_vfs"]) for each in seen}
        assert found == {"enp3s0": (CX3.address, 0, 2), "enp3s0d1": (CX3.address, 1, 2)}
    (seen,) = run_module(info, kernel, pf="enp3s0d1")["pfs"]
    assert (seen["name"], seen["altnames"]) == ("enp3s0d1", ["uplink2"])


def test_a_bond_of_two_ports_of_one_function_is_no_name_for_one(tmp_path):
    """Both have the address of the bond; by their own they are told apart."""
    shared = "02:00:00:00:0b:0d"
    ports = {
        **hosts.interface("enp3s0", 3, shared, permaddr=CX3.mac, master="bond0"),
        **hosts.interface("enp3s0d1", 4, shared, permaddr=SECOND_MAC, master="bond0"),
        **hosts.virtual("bond0", 20, "bond", PORTS, mac=shared),
    }
    kernel = start(tmp_path, **ports)
    assert told(run_module(flow_rule, kernel, pf=shared, rules=[RULE])) == f"pf: {shared!r} {AMBIGUOUS}"
    assert run_module(flow_rule, kernel, pf=SECOND_MAC, rules=[RULE])["pf"]["name"] == "enp3s0d1"
    assert told(run_module(flow_rule, kernel, pf="bond0", rules=[RULE])) == (
        "pf: 'bond0' is a bond with ports enp3s0, enp3s0d1, not a NIC on PCI: the host's NICs are enp3s0, enp3s0d1 "
        f"({CX3.address}). Remedy: name one of its ports, or each in an entry of its own: enp3s0, enp3s0d1."
    )


PLAIN_PORT = {**hosts.interface("enp3s0d1", 4, SECOND_MAC), **hosts.behind(CX3.address, "enp3s0d1")}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        pytest.param({"phys_port_name": "pf0vf1"}, f"a representor (pf0vf1 of {CX3.address})", id="of a VF"),
        pytest.param({"phys_port_name": "c1pf0sf3"}, f"a representor (c1pf0sf3 of {CX3.address})", id="of an SF"),
        pytest.param(
            {"link": "enp3s0", "linkinfo": {"info_kind": "ipoib"}}, "an ipoib interface on enp3s0", id="an IPoIB child"
        ),
    ],
)
def test_what_is_on_the_function_beside_its_port_is_no_port(tmp_path, more, kind):
    other = hosts.interface("enp3s0d1", 4, SECOND_MAC, **more)
    kernel = start(tmp_path, **{**hosts.behind(CX3.address, "enp3s0d1"), **other})
    assert run_module(flow_rule, kernel, pf=CX3.address, rules=[RULE])["pf"]["name"] == "enp3s0"
    assert [each["name"] for each in run_module(info, kernel)["pfs"]] == ["enp3s0"]
    assert run_module(rx_rate, kernel, pf=CX3.address, seconds=0.01)["interface"] == "enp3s0"
    assert told(run_module(vf, kernel, pf="enp3s0d1", vfs=[{"vf": 0, "mac": MAC}])).startswith(
        f"pf: 'enp3s0d1' is {kind}, not a PF: the host's SR-IOV devices are enp3s0, enp3s0d1 ({CX3.address})."
    )


def with_two_ports(address, *names):
    """A VF with a kernel driver, and as many interfaces."""
    files = {f"{hosts.DEVICES}/{address}/driver": Link("../../drivers/mlx4_core")}
    for number, name in enumerate(names):
        files.update(hosts.behind(address, name))
        files.update(hosts.interface(name, 30 + number, f"02:00:00:00:bb:{number:02}", up=True))
    return files


def test_a_vf_with_two_ports_has_no_mtu_of_its_own_and_the_address_of_one(tmp_path):
    kernel = start(tmp_path)
    build(tmp_path, with_two_ports(CX3.vf(0), "vf0p1", "vf0p2"))
    assert told(run_module(vf, kernel, pf="enp3s0", vfs=[{"vf": 0, "mtu": 1400}])) == (
        f"mtu: cannot set 1400 for VF 0 on enp3s0 ({CX3.address}): it has more than one interface: vf0p1, vf0p2. "
        "Remedy: leave out mtu, and set each by `ip link set dev NAME mtu N`."
    )
    going = run_module(pf, kernel, pf="enp3s0", num_vfs=3)
    assert f"VF 0 ({CX3.vf(0)}, mlx4_core, vf0p1, vf0p2)" in going["msg"]
    for port, changes in (("02:00:00:00:bb:01", False), (MAC, True)):
        kernel.link.batch([["link", "set", "dev", "enp3s0", "vf", "0", "mac", port]])
        result = run_module(vf, kernel, check=True, pf="enp3s0", vfs=[{"vf": 0, "mac": port}])
        assert any("reload" in step for step in result["steps"]) == changes, result


@pytest.mark.parametrize(("port", "other"), [("enp3s0d1", "enp3s0"), ("enp3s0", "enp3s0d1")])
def test_the_operator_on_one_port_is_not_cut_off_by_what_happens_to_the_other(tmp_path, port, other):
    kernel = start(tmp_path, num_vfs=0, **hosts.ssh_from("203.0.113.9", through=port))
    assert told(run_module(pf, kernel, pf=port, up=False)).startswith(f"cannot set the PF down on {port} ")
    assert told(run_module(rss, kernel, pf=port, channels=4)).startswith("channels: cannot set 4 combined channels")
    assert run_module(rss, kernel, pf=other, channels=4)["changed"]
    assert run_module(pf, kernel, pf=other, up=False)["steps"] == [f"set {other} down"]
    for name in (port, other, CX3.address):  # of all ports the link goes
        assert "carries the SSH connection" in told(run_module(pf, kernel, pf=name, num_vfs=1))


# --- PFs that have no port -----------------------------------------------------------------------------------------

T5 = hosts.Nic("cxgb4", "cxgb4vf", "5410", "5810", 16, "0000:04:00.0", name="none0")
NUM_VFS = f"/sys/bus/pci/devices/{T5.address}/sriov_numvfs"


def chelsio(root, driver="cxgb4", **extra):
    """PF 0 without an interface, and PF 4, which has the port and no VFs."""
    files = {path: content for path, content in hosts.host(T5).items() if "none0" not in path}
    files[f"{hosts.DEVICES}/{T5.address}/driver"] = Link(f"../../drivers/{driver}")
    port = {**hosts.function("0000:04:00.4", "1425", "5410", "cxgb4"), **hosts.behind("0000:04:00.4", "enp4s0f4")}
    return simulate(root, {**files, **port, **hosts.interface("enp4s0f4", 5, "02:00:00:00:04:04", up=True), **extra})


@pytest.fixture
def t5(tmp_path):
    return chelsio(tmp_path)


def test_vfs_come_and_go_without_an_interface(t5):
    made = run_module(pf, t5, pf=T5.address, num_vfs=2)
    assert made["steps"] == [
        f"set sriov_numvfs of {T5.address} from 0 to 2",
        f"wait until all 2 VFs of {T5.address} are there",
    ]
    assert (made["pf"]["name"], made["pf"]["num_vfs"], made["pf"]["holders"]) == ("mgmtpf0,0", 2, [])
    assert not run_module(pf, t5, pf=T5.address, num_vfs=2)["changed"]
    gone = run_module(pf, t5, pf="mgmtpf0,0", num_vfs=0)
    assert gone["steps"][0].startswith(f"set sriov_numvfs of mgmtpf0,0 ({T5.address}) from 2 to 0")
    assert (gone["pf"]["name"], gone["pf"]["num_vfs"]) == (None, 0)


def test_attributes_go_through_the_interface_that_comes_with_the_vfs(t5):
    wanted = {"pf": T5.address, "num_vfs": 2, "vfs": [{"vf": 1, "mac": MAC, "driver": "vfio-pci"}]}
    foreseen = run_module(host, t5, check=True, pfs=[wanted])
    done = run_module(host, t5, pfs=[wanted])
    assert done["steps"] == foreseen["steps"]
    assert f"set VF 1 of {T5.address}: mac {MAC}" in done["steps"]
    assert f"ip link set dev mgmtpf0,0 vf 1 mac {MAC}" in written(t5)
    assert done["pfs"][0]["vfs"][1]["attributes"]["mac"] == MAC
    assert run_module(host, t5, pfs=[wanted])["steps"] == []
    named = {**wanted, "pf": "mgmtpf0,0", "num_vfs": 3, "allow": ["destroy_vfs"]}
    again = run_module(host, t5, pfs=[named])
    assert not again["failed"], again
    assert again["pfs"][0]["vfs"][1]["attributes"]["mac"] == MAC


def test_vfs_that_were_made_by_hand_are_shown_whole_and_removed(t5):
    t5.sysfs.write(NUM_VFS, "1")
    (seen,) = run_module(info, t5)["pfs"]
    assert seen["vfs"][0]["attributes"]["spoofchk"] is True
    assert run_module(host, t5, pfs=[{"pf": T5.address, "num_vfs": 0}])["changed"]
    assert t5.sysfs.read(NUM_VFS) == "0"


def test_rules_are_the_port_functions(t5):
    assert run_module(flow_rule, t5, pf="enp4s0f4", rules=[RULE])["pf"]["rules"][0]["queue"] == 1
    assert told(run_module(flow_rule, t5, pf=T5.address, rules=[RULE])) == (
        f"flow rules cannot be set on {T5.address}: driver cxgb4 has given it no interface in this network namespace. "
        "Remedy: see dmesg for the driver's messages; if the interface was moved to another namespace, bring it back."
    )


def test_a_pf_without_a_port_is_not_set_down(t5):
    assert told(run_module(pf, t5, pf=T5.address, num_vfs=0, up=False)) == (
        f"cannot set the PF down on {T5.address}: a PF of driver cxgb4 has no port. Remedy: leave out up."
    )


def test_so_are_vfs_of_pci_pf_stub(tmp_path):
    kernel = chelsio(tmp_path, "pci-pf-stub")
    result = run_module(host, kernel, pfs=[{"pf": T5.address, "num_vfs": 2, "vfs": [{"vf": 0, "driver": "vfio-pci"}]}])
    assert [each["driver"] for each in result["pfs"][0]["vfs"]] == ["vfio-pci", None]
    attributes = {"pf": T5.address, "vfs": [{"vf": 0, "mac": MAC}]}
    assert told(run_module(host, kernel, pfs=[attributes])).startswith(
        f"cannot set the attributes of its VFs on {T5.address}: driver pci-pf-stub has given it no interface"
    )


def test_a_pf_whose_interface_is_elsewhere_is_told_where(tmp_path):
    """Its link would go from whoever has it there."""
    moved = [{"ifname": "enp1s0", "parentdev": hosts.IGB.address, "address": hosts.IGB.mac, "altnames": ["uplink"]}]
    here = {path: content for path, content in hosts.host().items() if "enp1s0" not in path}
    blue = {"run/netns/blue": "net:[2]", "sim/netns/run/netns/blue": json.dumps(moved)}
    kernel = simulate(tmp_path, {**here, **blue})
    for name in ("enp1s0", "uplink", hosts.IGB.mac):
        assert told(run_module(pf, kernel, pf=name, num_vfs=2)) == (
            f"pf: {name!r} is not in this network namespace: interface enp1s0 of {hosts.IGB.address} is in network "
            "namespace blue. Remedy: bring it back, or name the PF by PCI address for what needs no interface."
        )
    away = f"on {hosts.IGB.address}: its interface enp1s0 is in network namespace blue. Remedy: bring it back"
    for module, options, what in (
        (pf, {"num_vfs": 2}, "cannot create 2 VFs"),
        (rss, {"queues": [0]}, "queues: cannot set an RSS table"),
        (rss, {"channels": 2}, "channels: cannot be set"),
        (pf, {"up": True}, "cannot set the PF up"),
    ):
        result = run_module(module, kernel, pf=hosts.IGB.address, **options)
        assert told(result).startswith(f"{what} {away} to this network namespace."), result
    assert told(run_module(rx_rate, kernel, pf=hosts.IGB.address)).startswith(
        f"pf: {hosts.IGB.address} has no interface in this network namespace: its interface enp1s0 is in network "
        "namespace blue."
    )
