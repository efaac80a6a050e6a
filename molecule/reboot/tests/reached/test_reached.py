"""After one more boot: all is as before it, before any network manager was started, and DPDK gets its frames."""

import time

import pytest
from lab import boots, frames
from lab.modules import GuestModules
from lab.receivers import DpdkReceiver


@pytest.fixture(scope="module")
def seen(vm, reboot):
    before = boots.nics(vm)
    booted = reboot()
    print(f"\nboot: {booted}")
    return before, boots.nics(vm)


def test_vfs_drivers_attributes_rules_and_tables_are_as_before(seen):
    before, after = seen
    assert "vf 2" in before and "Direct to VF 0 queue 0" in before
    assert after == before


def test_it_was_done_before_a_network_manager_was_started(vm, seen):
    done = boots.moment(vm, boots.UNIT, "ActiveEnterTimestampMonotonic")
    began = boots.moment(vm, boots.UNIT, "InactiveExitTimestampMonotonic")
    print(f"\nboot unit: {(done - began) / 1e6:.1f} s of the boot, from {began / 1e6:.1f} s on")
    assert 0 < began < done
    assert done <= boots.moment(vm, "systemd-networkd.service", "ExecMainStartTimestampMonotonic")
    assert boots.unit(vm) == {"ActiveState": "active", "Result": "success", "ExecMainStatus": "0"}


def test_networkd_leaves_the_vfs_alone(guest, seen, catch_all):
    vfs = boots.vf_interfaces(guest)
    assert len(vfs) == 3
    assert boots.managed(guest, ["enp3s0", *vfs]) == ["enp3s0"]


def test_an_ordinary_user_without_capabilities_gets_the_frames_of_a_vf(vm, nic, seen):
    nic.wait_for_carrier([nic.interface])
    pf = nic.mac(nic.interface)
    with vm.wire(0) as wire, DpdkReceiver(vm, "0000:01:10.0", user="capture") as testpmd:
        assert testpmd.mac in boots.nics(vm)
        wire.send_many((frames.numbered(number, dst_mac=pf) for number in range(1000)), 0.002)
        time.sleep(3)
        received = testpmd.received()
    print(f"\nreceived {received} of 1000")
    assert received >= 990


def test_so_says_the_module_and_it_leaves_nothing_running(vm, guest, seen):
    with GuestModules(vm) as modules:
        proof = modules.run("dpdk_proof", pf="enp1s0", vf=0, user="capture")
    assert not proof["failed"], proof
    assert proof["mac"] in boots.nics(vm)
    assert guest.run("pgrep testpmd").rc == 1
