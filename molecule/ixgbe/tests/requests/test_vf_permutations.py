"""All permutations of a VF's attributes, by module vf and read back by `ip`; and what anti-spoofing does to frames."""

import itertools

import pytest
from lab import frames, traffic
from lab.guest_programs import GuestPrograms

VFS = 4
SPOOFED = "02:00:00:00:5f:0f"
COUNT = 30
CHOICES = {"spoofchk": (True, False), "trust": (False, True), "vlan": (0, 100), "qos": (0, 5), "max_tx_rate": (0, 1000)}
PERMUTATIONS = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]
PLAIN = {name: first for name, (first, _other) in CHOICES.items()}


@pytest.fixture
def plain_afterwards(modules):
    yield
    modules.run("vf", pf="enp1s0", vfs=[{"vf": "all", **PLAIN}])


def in_groups(permutations):
    """Requests for all VFs at once, of as many permutations as there are VFs."""
    return [permutations[first : first + VFS] for first in range(0, len(permutations), VFS)]


def test_all_32_permutations_of_a_vfs_attributes_are_what_ip_shows(modules, vm, with_link, plain_afterwards):
    """But for those with a priority and no VLAN, whose tag would carry it: they are refused, and nothing is set."""
    with_tag = [each for each in PERMUTATIONS if each["vlan"] or not each["qos"]]
    without = [each for each in PERMUTATIONS if each not in with_tag]
    assert (len(with_tag), len(without)) == (24, 8)
    for wanted in in_groups(with_tag):
        result = modules.run("vf", pf="enp1s0", vfs=[{"vf": vf, **each} for vf, each in enumerate(wanted)])
        assert not result["failed"], result["msg"]
        shown = GuestPrograms(vm).attributes("enp1s0")
        assert [{name: shown[vf][name] for name in CHOICES} for vf in range(VFS)] == wanted
    for refused in in_groups(without):
        result = modules.run("vf", pf="enp1s0", vfs=[{"vf": vf, **each} for vf, each in enumerate(refused)])
        assert result["failed"]
        assert [f"vfs[{vf}].qos: 5 without a VLAN" in result["msg"] for vf in range(VFS)] == [True] * VFS
        assert GuestPrograms(vm).attributes("enp1s0") == shown


def dropped_by_the_card(vm):
    return vm.control(0, {"cmd": "stats"})["stats"].get("spoofed", 0)


def sent_from_guest(vm, name, src_mac=""):
    """The numbers of frames from a VF that come out of the wire."""
    with vm.wire(0) as wire:
        traffic.send_from_guest(vm, name, COUNT, dst_mac=frames.DEFAULT_SRC_MAC, src_mac=src_mac)
        return [frames.Frame.parse(data).number for data in wire.collect(1)]


def test_a_source_that_is_not_the_vfs_own_is_seen_at_the_peer_only_without_spoofchk(modules, vm, nic, plain_afterwards):
    name = nic.vf_interface(1)
    nic.set_up([nic.interface, name])
    everything, dropped = list(range(COUNT)), dropped_by_the_card(vm)
    for spoofchk in (True, False, True):
        result = modules.run("vf", pf="enp1s0", vfs=[{"vf": 1, "spoofchk": spoofchk}])
        assert not result["failed"], result["msg"]
        nic.wait_for_carrier([nic.interface, name])
        assert sent_from_guest(vm, name) == everything, "from its own address it may always send"
        assert sent_from_guest(vm, name, SPOOFED) == ([] if spoofchk else everything)
    assert dropped_by_the_card(vm) - dropped == 2 * COUNT
