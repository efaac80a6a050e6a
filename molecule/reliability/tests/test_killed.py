"""A run is killed at one of its writes: the next one reaches the wish, and what others had is there in the end.

`KILLS=30` tries more of the points, `KILLS_SEED` those of another run.
"""

import threading
import time

import pytest
from conftest import DEVICE, shown, some
from lab import frames, traffic

VFIO = {"vf": 0, "driver": "vfio-pci", "mode": "0660", "mac": "02:00:00:00:ab:00", "vlan": 7}
RULE = {"flow_type": "udp4", "dst_ip": "10.9.9.1", "dst_port": 9, "vf": 0, "location": 1}
CREATED_AGAIN = {"num_vfs": 3, "allow": ["destroy_vfs"], "vfs": [VFIO]}
GIVEN_AWAY = {"vfs": [VFIO, {"vf": 1, "mac": "02:00:00:00:ab:01"}], "rules": [RULE]}


def wish(options):
    return {"pfs": [{"pf": "enp1s0", **options}]}


def check_vf_0(guest):
    row = guest.check_output("ip link show enp1s0 | grep 'vf 0'")
    assert VFIO["mac"] in row and "vlan 7" in row
    assert guest.check_output(f"basename $(readlink {DEVICE}/virtfn0/driver)") == "vfio-pci"
    group = guest.check_output(f"basename $(readlink {DEVICE}/virtfn0/iommu_group)")
    assert guest.check_output(f"stat -c %a /dev/vfio/{group}") == "660"


def check_nothing_is_left(modules, guest, options):
    """Neither to do nor to put back."""
    again = modules.run("host", wish(options))
    assert (again["failed"], again["changed"], again.get("warnings", [])) == (False, False, [])
    assert guest.check_output("ls -A /run/kernel-bypass-sriov/journal") == ""
    assert guest.check_output(f"cat {DEVICE}/virtfn*/driver_override | sort -u") in ("(null)", "(null)\nvfio-pci")


def test_a_new_number_of_vfs(modules, guest, others):
    others()
    writes = modules.run_killed("host", wish(CREATED_AGAIN), at=None)
    assert f"{DEVICE}/sriov_numvfs 0" in writes and f"{DEVICE}/sriov_numvfs 3" in writes
    for number, after in some([(number, after) for number in range(len(writes)) for after in (False, True)]):
        had = others()
        made = modules.run_killed("host", wish(CREATED_AGAIN), number, after)
        print(f"killed {'after' if after else 'at'} write {number}: {made[-1]}")
        assert made == writes[: number + 1]
        told = modules.run("info", pf="enp1s0")
        assert not told["failed"]
        result = modules.run("host", wish(CREATED_AGAIN))
        assert not result["failed"], result["msg"]
        assert shown(guest) == had
        check_vf_0(guest)
        check_nothing_is_left(modules, guest, CREATED_AGAIN)


class Stream:
    """Numbered frames to one interface, a few a second, until they are asked for."""

    def __init__(self, vm, nic, name):
        self._vm, self._name, self._mac = vm, name, nic.mac(name)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._sent = 0

    def _send(self):
        with self._vm.wire(0) as wire:
            while not self._stop.is_set():
                wire.send(frames.numbered(self._sent, dst_mac=self._mac))
                self._sent += 1
                time.sleep(0.1)

    def __enter__(self):
        self._reader = traffic.Reader(self._vm, [self._name]).__enter__()
        self._thread.start()
        return self

    def __exit__(self, *details):
        self._stop.set()
        self._thread.join()
        self._reader.__exit__(*details)

    def counted(self):
        """How many were sent, and the numbers that have come."""
        self._stop.set()
        self._thread.join()
        return self._sent, [frame.number for frame in self._reader.stop()[self._name]]


BACK = f"""
ethtool -N enp1s0 delete 1 2>/dev/null
echo 1 > {DEVICE}/sriov_drivers_autoprobe
for number in 0 1; do
    ip link set enp1s0 vf $number mac 00:00:00:00:00:00 vlan 0
    vf=$(basename $(readlink {DEVICE}/virtfn$number))
    cd /sys/bus/pci/devices/$vf
    echo > driver_override
    test -e driver && echo $vf > driver/unbind
    echo $vf > /sys/bus/pci/drivers/ixgbevf/bind
done
rm -rf /run/kernel-bypass-sriov /var/lib/kernel-bypass-sriov
udevadm settle
"""


@pytest.fixture
def back_to_the_kernel(guest):
    """VF 0 and 1 by the kernel's own means, without a reset of the PF: the traffic of VF 3 goes on."""

    def give():
        guest.check_output(BACK)

    return give


def test_a_vf_that_goes_to_dpdk_beside_one_with_traffic(modules, guest, vm, nic, others, back_to_the_kernel):
    had = others()
    untouched = nic.vf_interface(3)
    nic.set_up(["enp1s0", untouched])
    back_to_the_kernel()
    writes = modules.run_killed("host", wish(GIVEN_AWAY), at=None)
    with Stream(vm, nic, untouched) as stream:
        for number, after in some([(number, after) for number in range(len(writes)) for after in (False, True)]):
            back_to_the_kernel()
            made = modules.run_killed("host", wish(GIVEN_AWAY), number, after)
            print(f"killed {'after' if after else 'at'} write {number}: {made[-1]}")
            assert made == writes[: number + 1]
            result = modules.run("host", wish(GIVEN_AWAY))
            assert not result["failed"], result["msg"]
            check_vf_0(guest)
            guest.check_output("ethtool -n enp1s0 rule 1")
            guest.check_output("ethtool -N enp1s0 delete 1")
            assert shown(guest) == had
            result = modules.run("host", wish(GIVEN_AWAY))
            assert result["changed"], result["msg"]
            check_nothing_is_left(modules, guest, GIVEN_AWAY)
        sent, came = stream.counted()
    assert came == list(range(sent))
