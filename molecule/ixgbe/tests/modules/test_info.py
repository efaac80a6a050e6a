"""Module info says what lspci, ip, ethtool and sysfs say, field by field."""

import pytest
from lab.guest_programs import GuestPrograms

PF = "0000:01:00.0"
# Judgements of ours, tested for themselves below.
JUDGED = {"before", "bypass", "vf_bypass", "rss_limit", "rss_queues", "locations", "holders", "pcie"}


@pytest.fixture(scope="module")
def info(modules):
    found = modules.run("info")
    assert not found["failed"], found
    return found


@pytest.fixture(scope="module")
def shown(vm, info):
    return GuestPrograms(vm).pf(PF)


def test_every_field_of_the_pf_is_as_the_hosts_own_programs_show_it(info, shown):
    pf = info["pfs"][0]
    assert set(pf) == set(shown) | JUDGED
    rules = [(rule["location"], rule["flow_type"]) for rule in pf["rules"]]
    assert rules == [(location, flow_type) for location, flow_type, _action in shown["rules"]]
    features = {name: pf["features"][name] for name in shown["features"]}
    assert len(features) > 40 and features == shown["features"]
    for field in sorted(set(shown) - {"rules", "features", "vfs"}):
        assert (field, pf[field]) == (field, shown[field])


def test_what_the_pf_was_before_the_first_run_is_told(info):
    before = info["pfs"][0]["before"]
    assert (before["num_vfs"], before["drivers_autoprobe"], before["rules"]) == (0, True, [])


def test_every_field_of_the_vfs_is_as_the_hosts_own_programs_show_it(info, shown):
    assert len(shown["vfs"]) == 4
    for vf, expected in zip(info["pfs"][0]["vfs"], shown["vfs"], strict=True):
        assert set(vf) == set(expected) | {"holders"}
        for field in expected:
            assert (vf["vf"], field, vf[field]) == (expected["vf"], field, expected[field])


def test_every_field_of_the_host_is_as_its_own_programs_show_it(info, vm):
    host, shown = info["host"], GuestPrograms(vm).host()
    assert {field: host[field] for field in shown if field != "vfio_pci"} == {
        field: value for field, value in shown.items() if field != "vfio_pci"
    }
    assert host["vfio"]["pci_driver"] == shown["vfio_pci"]
    assert (host["iommu_active"], host["lockdown"]) == (True, "none")


def test_rules_are_decoded_to_the_vf_and_the_queue_that_ethtool_names(modules, guest):
    rule = "ethtool -N enp1s0 flow-type udp4 dst-ip 10.9.9.{0} dst-port 9 loc {0} action {1}"
    modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)
    actions = {1: 1 << 32, 2: 3 << 32 | 1, 3: 2, 4: -1}
    guest.check_output(" && ".join(rule.format(location, action) for location, action in actions.items()))
    rules = modules.run("info", pf="enp1s0")["pfs"][0]["rules"]
    assert [(rule["vf"], rule["queue"], rule["drop"]) for rule in rules] == [
        (0, 0, False),
        (2, 1, False),
        (None, 2, False),
        (None, None, True),
    ]
    shown = guest.check_output("ethtool -n enp1s0 | sed -n 's/.*Action: //p'").splitlines()
    assert shown == ["Direct to VF 0 queue 0", "Direct to VF 2 queue 1", "Direct to queue 2", "Drop"]
    modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)


def test_the_holders_of_a_vf_are_named(modules, guest, nic):
    name = nic.vf_interface(2)
    nic.set_up([nic.interface, name])  # after a reset of its PF a VF that is down is refused the bridge's VLAN (EACCES)
    guest.check_output(
        f"ip link add br9 type bridge && ip link set {name} master br9 && ip addr add 192.0.2.9/24 dev {name}"
    )
    try:
        holders = modules.run("info", pf="enp1s0")["pfs"][0]["vfs"][2]["holders"]
    finally:
        guest.check_output(f"ip link del br9 && ip addr flush dev {name} && ip link set {name} down")
    assert holders == [f"{name} is a port of bridge br9", f"{name} has address 192.0.2.9/24"]


def test_the_rss_limit_and_its_cause_are_explained(info):
    limit = info["pfs"][0]["rss_limit"]
    assert (limit["queues"], limit["without_vfs"]) == (4, 4)
    assert limit["cause"] == "ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2; online CPUs: 4"
    assert limit["table_shared_with_vfs"]


def test_the_techniques_rest_on_what_is_there(info, guest):
    rows = {row["name"]: row for row in info["pfs"][0]["bypass"]}
    assert {name for name, row in rows.items() if row["available"]} == {
        *("packet_mmap", "AF_XDP generic", "VF"),
        *("DPDK on the PF", "Snabb"),
    }
    assert "its 4 VFs go with its driver" in rows["DPDK on the PF"]["price"]
    assert "ixgbe refuses XDP while there are VFs, and there are 4" in rows["AF_XDP native"]["why"]
    assert guest.run("modprobe -n netmap || modprobe -n pf_ring").failed
    assert "neither loaded nor installed" in rows["netmap"]["why"]
    losing = {name for name, row in rows.items() if row["kernel_loses_nic"]}
    assert losing == {"DPDK on the PF", "Snabb", "netmap", "PF_RING ZC"}


def test_the_techniques_of_a_vf_rest_on_its_driver_and_its_ids(info, nic):
    rows = {row["name"]: row for row in info["pfs"][0]["vf_bypass"]}
    available = {name for name, row in rows.items() if row["available"]}
    assert available == {"packet_mmap", "DPDK", "AF_XDP generic", "vfio-pci"}
    assert f"ixgbevf drives {nic.vf_interface(0)}" in rows["packet_mmap"]["why"]
    assert "redirect" in rows["AF_XDP native"]["why"]  # which ixgbevf has not; kernel 6.1 does not tell, the table does
    assert "Snabb does not list 8086:10ed" in rows["Snabb"]["why"]
    assert {name for name, row in rows.items() if not row["kernel_loses_vf"]} == {
        *("packet_mmap", "EF_VI", "AF_XDP zero-copy", "AF_XDP native", "AF_XDP generic")
    }
