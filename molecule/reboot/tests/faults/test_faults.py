"""What the boot unit makes of hosts that are not as they were: a clear sentence, and the others have theirs."""

import json

import pytest
from lab import boots
from lab.modules import GuestModules

CURRENT = "/usr/local/lib/kernel-bypass-sriov/current/desired.json"
OTHERWISE = "ip link set enp1s0 vf 1 vlan 7"
SECOND = "/sys/bus/pci/devices/0000:02:00.0"


@pytest.fixture
def desired(guest):
    """The file of the current generation, which is as it was afterwards, to the byte."""
    guest.check_output(f"cp --preserve {CURRENT} /run/desired.json")
    yield lambda changed: guest.check_output(f"cat > {CURRENT} <<'EOF'\n{changed}\nEOF")
    guest.check_output(f"cp --preserve /run/desired.json {CURRENT}")


def last(vm):
    """The sentence before the line that sums it up."""
    return boots.said(vm).splitlines()[-2]


def again(vm, was):
    """All is well once what was wrong is not any more."""
    assert boots.start(vm)
    assert boots.nics(vm) == was


@pytest.fixture(scope="module")
def was(vm):
    return boots.nics(vm)


def test_a_state_file_that_is_damaged(vm, desired, was):
    desired('{"schema": 1, "pfs": [')
    assert not boots.start(vm)
    assert f"cannot read {CURRENT}" in last(vm)
    assert boots.nics(vm) == was


def test_one_of_a_later_version(vm, desired, was, guest):
    value = json.loads(guest.check_output(f"cat {CURRENT}"))
    desired(json.dumps({**value, "schema": 99}))
    assert not boots.start(vm)
    assert f"cannot read {CURRENT}: it was written by a later version" in last(vm)
    assert "its schema is 99" in last(vm)
    assert boots.nics(vm) == was


def test_another_card_at_the_address(vm, desired, was, guest):
    value = json.loads(guest.check_output(f"cat {CURRENT}"))
    value["pfs"][1]["perm_mac"] = "02:00:00:00:99:99"
    desired(json.dumps(value))
    assert not boots.start(vm)
    said = boots.said(vm)
    assert "02:00:00:00:99:99" in said and "0000:02:00.0" in said
    assert boots.nics(vm) == was


def test_a_pf_that_is_gone_costs_the_other_nothing(vm, guest, was):
    guest.check_output(f"echo 1 > {SECOND}/remove")
    guest.check_output(OTHERWISE)  # the other one is not as desired either
    started, said = boots.start(vm), boots.said(vm)
    link = guest.check_output("ip link show enp1s0 | grep 'vf 1 '")
    guest.check_output("echo 1 > /sys/bus/pci/rescan && udevadm settle")
    assert not started
    assert "enp2s0 (0000:02:00.0) is not there" in said
    assert "vlan 100" in link
    again(vm, was)


def test_the_command_tells_the_same(guest):
    assert guest.run("kernel-bypass-sriov check").rc == 0
    guest.check_output(OTHERWISE)
    differs = guest.run("kernel-bypass-sriov check")
    assert differs.rc == 2 and "VF 1 vlan: wanted 100, found 7" in differs.stdout
    assert guest.run("kernel-bypass-sriov apply").rc == 0
    assert guest.run("kernel-bypass-sriov check").rc == 0
    assert "changed" in guest.check_output("kernel-bypass-sriov status")


def test_the_generation_before_comes_back_with_its_files(vm, guest, was):
    first = guest.check_output("readlink /usr/local/lib/kernel-bypass-sriov/current")
    wish = [{"pf": "enp2s0", "num_vfs": 2}]
    with GuestModules(vm) as modules:
        result = modules.run("boot_state", pfs=wish, boot_timeout=90)
    assert result["changed"] and f"generations/{result['generation']}" != first
    unit = "systemctl cat kernel-bypass-sriov | grep TimeoutStartSec"
    assert guest.check_output(unit) == "TimeoutStartSec=105"
    guest.check_output("kernel-bypass-sriov rollback")
    assert guest.check_output("readlink /usr/local/lib/kernel-bypass-sriov/current") == first
    assert guest.check_output(unit) == "TimeoutStartSec=195"
    again(vm, was)
