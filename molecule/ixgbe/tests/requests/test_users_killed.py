"""dpdk-testpmd on a VF is killed, in three ways, and a new one gets the VF's frames.

A killed process says nothing to the card: its queues are as it has left them until vfio-pci or the PF resets the VF.
"""

import pytest
from lab import frames
from lab.delivery import Stream, send
from lab.receivers import DpdkReceiver

VF, MAC, COUNT = 3, "02:00:00:00:dd:03", 200


@pytest.fixture(scope="module")
def address(modules, nic):
    nic.set_up([nic.interface])
    set_up = modules.run("vf", pf="enp1s0", vfs=[{"vf": VF, "mac": MAC}])
    assert not set_up["failed"], set_up["msg"]
    bind(modules, "vfio-pci")
    yield nic.vf_addresses()[VF]
    bind(modules, "default")


def bind(modules, driver):
    result = modules.run("pci_driver", pf="enp1s0", vf=VF, driver=driver)
    assert not result["failed"], result["msg"]
    return result["changed"]


def bind_anew(modules, guest):
    assert bind(modules, "default") and bind(modules, "vfio-pci")


def reset_pf(modules, guest):
    guest.check_output("ip link set enp1s0 down && ip link set enp1s0 up")


def nothing(modules, guest):
    pass


def test_traffic_resumes_after_each_way_of_dying(vm, nic, guest, modules, address):
    for happens in (nothing, bind_anew, reset_pf, None):
        nic.wait_for_carrier([nic.interface])
        with DpdkReceiver(vm, address) as testpmd:
            assert testpmd.mac == MAC
            (delivered,) = send(vm, [Stream(testpmd, MAC)], COUNT)
            assert delivered.received == COUNT, happens
            if happens is None:
                return
            testpmd.kill()
            # Frames for a process that is dead are lost, and do no harm to the next one.
            with vm.wire(0) as wire:
                wire.send_many((frames.numbered(number, dst_mac=MAC) for number in range(50)), 0.001)
            happens(modules, guest)
