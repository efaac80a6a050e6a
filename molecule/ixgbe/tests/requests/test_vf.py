"""Module vf on the real ixgbe: what it writes is what the kernel tells `ip` and pyroute2."""

import json
import random

import pytest
from lab import frames, traffic
from lab.guest_programs import GuestPrograms
from lab.modules import GuestModules

PF = "0000:01:00.0"
# Another decoder of the kernel's answer (IFLA_VFINFO_LIST) than iproute2's, and than ours of iproute2's.
ORACLE = """\
import json, sys
from pyroute2 import IPRoute
with IPRoute() as kernel:
    index = kernel.link_lookup(ifname="enp1s0")[0]
    (link,) = kernel.link("get", index=index, ext_mask=1)
found = {}
for vf in link.get_attr("IFLA_VFINFO_LIST")["attrs"]:
    vf = vf[1]
    get = vf.get_attr
    found[get("IFLA_VF_MAC")["vf"]] = {
        "mac": get("IFLA_VF_MAC")["mac"],
        "vlan": get("IFLA_VF_VLAN")["vlan"],
        "qos": get("IFLA_VF_VLAN")["qos"],
        "spoofchk": bool(get("IFLA_VF_SPOOFCHK")["spoofchk"]),
        "trust": bool(get("IFLA_VF_TRUST")["trust"]),
        "max_tx_rate": get("IFLA_VF_RATE")["max_tx_rate"],
        "min_tx_rate": get("IFLA_VF_RATE")["min_tx_rate"],
        "link_state": ("auto", "enable", "disable")[get("IFLA_VF_LINK_STATE")["link_state"]],
        "query_rss": bool(get("IFLA_VF_RSS_QUERY_EN")["rss_query_en"]),
    }
json.dump(found, sys.stdout)
"""
ROUNDS = 4  # each sets the attributes of 63 VFs anew


def generated(dice, index):
    vlan = dice.choice((0, 1, 2, 100, 4094))
    return {
        "vf": index,
        "mac": f"02:{dice.randrange(256):02x}:{dice.randrange(256):02x}:00:aa:{index:02x}",
        "vlan": vlan,
        "qos": dice.randrange(8) if vlan else 0,
        "spoofchk": dice.random() < 0.5,
        "trust": dice.random() < 0.5,
        "max_tx_rate": dice.choice((0, 11, 100, 10000)),
        "link_state": dice.choice(("auto", "disable")),
        "query_rss": dice.random() < 0.5,
    }


@pytest.fixture
def pyroute2(vm):
    """Runs a program that has pyroute2, which is large: beside the modules, not among them."""
    with GuestModules(vm, extra=("pyroute2",), directory="/run/lab-pyroute2") as guest:
        yield guest.python


@pytest.fixture
def sixty_three(modules, nic):
    modules.run("pf", pf="enp1s0", num_vfs=63, drivers_autoprobe=False, allow=["destroy_vfs"])
    yield
    modules.run("pf", pf="enp1s0", num_vfs=0)  # else the four would have what those have had
    modules.run("pf", pf="enp1s0", num_vfs=4, drivers_autoprobe=True)


def test_hundreds_of_requests_read_back_the_same_by_three_decoders(modules, vm, nic, pyroute2, sixty_three):
    """Ours through the module, pyroute2's of the kernel's bytes, and ip's own text."""
    nic.wait_for_carrier([nic.interface])
    dice = random.Random(2026)
    for _round in range(ROUNDS):
        requests = [generated(dice, index) for index in range(63)]
        result = modules.run("vf", pf="enp1s0", vfs=requests)
        assert not result["failed"], result["msg"]
        ours = {vf["vf"]: vf["attributes"] for vf in result["pf"]["vfs"]}
        theirs = {int(index): vf for index, vf in json.loads(pyroute2(ORACLE)).items()}
        ip = GuestPrograms(vm).attributes("enp1s0")
        assert sorted(theirs) == sorted(ours) == sorted(ip) == list(range(63))
        for request in requests:
            index = request.pop("vf")
            assert request.items() <= ours[index].items()
            assert theirs[index].items() <= ours[index].items()
            assert ip[index] == ours[index]


def test_a_new_address_reloads_the_driver_which_gets_its_frames_under_it(modules, vm, nic):
    name, mac = nic.vf_interface(2), "02:00:00:00:aa:02"
    nic.set_up([nic.interface, name])
    vm.ssh(f"ip link set {name} mtu 1400")
    result = modules.run("vf", pf="enp1s0", vfs=[{"vf": 2, "mac": mac}])
    assert [step.partition(" of ")[0] for step in result["steps"]] == ["set VF 2", "reload ixgbevf"]
    name = nic.vf_interface(2)
    assert (nic.mac(name), vm.ssh(f"cat /sys/class/net/{name}/mtu").stdout.strip()) == (mac, "1400")
    nic.wait_for_carrier([nic.interface, name])  # it is up again, as it was
    with vm.wire(0) as wire, traffic.Reader(vm, [name]) as reader:
        wire.send_many((frames.numbered(number, dst_mac=mac) for number in range(50)), 0.002)
        seen = reader.stop()
    assert [frame.number for frame in seen[name]] == list(range(50))


def test_a_vf_in_use_keeps_its_address_and_its_user_unless_that_is_allowed(modules, guest, nic):
    name = nic.vf_interface(3)
    guest.check_output(f"ip addr add 192.0.2.3/24 dev {name}")
    request = {"pf": "enp1s0", "vfs": [{"vf": 3, "mac": "02:00:00:00:aa:03"}]}
    before = nic.mac(name)
    refused = modules.run("vf", request)
    assert refused["msg"] == (
        "mac: cannot give VF 3 02:00:00:00:aa:03 on enp1s0 (0000:01:00.0): it is in use, and ixgbevf takes it only "
        f"when it is loaded anew: {name} has address 192.0.2.3/24. "
        "Remedy: release it, or accept that its user loses it: allow: [in_use]."
    )
    assert nic.mac(name) == before
    result = modules.run("vf", request, allow=["destroy_vfs", "in_use"])
    assert not result["failed"], result["msg"]
    assert result["allowed"] == [
        "in_use for VF 3 of enp1s0 (0000:01:00.0): it is in use, and ixgbevf takes it only when it is loaded anew: "
        f"{name} has address 192.0.2.3/24"
    ]
    assert nic.mac(nic.vf_interface(3)) == "02:00:00:00:aa:03"


def test_the_mtu_is_that_of_the_vfs_own_interface(modules, guest, nic):
    result = modules.run("vf", pf="enp1s0", vfs=[{"vf": 1, "mtu": 1300}])
    assert result["steps"] == ["set the MTU of 0000:01:10.2 (VF 1 of 0000:01:00.0) to 1300 (was 1500)"]
    assert guest.check_output(f"cat /sys/class/net/{nic.vf_interface(1)}/mtu") == "1300"


def test_a_rate_right_after_a_reset_waits_for_the_link(modules, guest, nic):
    nic.wait_for_carrier([nic.interface])
    reset = "ethtool -K enp1s0 ntuple off && ethtool -K enp1s0 ntuple on && cat /sys/class/net/enp1s0/carrier"
    assert guest.check_output(reset) == "0"
    result = modules.run("vf", pf="enp1s0", vfs=[{"vf": 1, "max_tx_rate": 200}])
    assert not result["failed"], result["msg"]
    assert "tx rate 200 (Mbps)" in guest.check_output("ip link show enp1s0 | grep 'vf 1 '")
    assert not modules.run("vf", pf="enp1s0", vfs=[{"vf": 1, "max_tx_rate": 0}])["failed"]


def test_a_change_to_vf_1_costs_vf_0_no_frame(modules, vm, nic):
    """Address, VLAN, rate, trust, driver and rule of VF 1, while paced traffic runs to VF 0."""
    modules.run("flow_rule", pf="enp1s0", rules=[{"flow_type": "udp4", "dst_ip": "10.9.9.9", "dst_port": 9, "vf": 0}])
    name = nic.vf_interface(0)
    nic.set_up([nic.interface, name])
    mac = nic.mac(name)
    changes = [
        ("vf", {"vfs": [{"vf": 1, "mac": "02:00:00:00:bb:01", "vlan": 9, "max_tx_rate": 500, "trust": True}]}),
        ("pci_driver", {"vf": 1, "driver": "vfio-pci"}),
        ("flow_rule", {"rules": [{"flow_type": "udp4", "dst_ip": "10.9.9.9", "dst_port": 10, "vf": 1}]}),
        ("vf", {"vfs": [{"vf": 1, "vlan": 0, "spoofchk": False}]}),
        ("pci_driver", {"vf": 1, "driver": "default"}),
    ]
    with vm.wire(0) as wire, traffic.Reader(vm, [name]) as reader, traffic.Paced(wire, mac, 0.003) as sender:
        results = [modules.run(module, options, pf="enp1s0") for module, options in changes]
        count = sender.finish()
        seen = reader.stop()
    assert [(result["failed"], result["changed"]) for result in results] == [(False, True)] * len(changes)
    modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)
    assert count > 500 and [frame.number for frame in seen[name]] == list(range(count))
