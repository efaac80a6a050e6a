"""The card fails while a run is under way: it comes back in its time, and says what is true."""

import time

import pytest
from conftest import shown

SPARE = 5.0  # seconds that a module may be late: docs/reliability.md promises it
WISH = {"pfs": [{"pf": "enp1s0", "num_vfs": 3, "allow": ["destroy_vfs"], "vfs": [{"vf": 0, "driver": "vfio-pci"}]}]}


@pytest.fixture
def faulty(vm):
    def set_fault(**fault):
        vm.control(0, {"cmd": "link", "up": False} if fault == {"link": False} else {"cmd": "fault", **fault})

    yield set_fault
    vm.control(0, {"cmd": "heal"})
    vm.control(0, {"cmd": "link", "up": True})


# None of them is refused by the card: the drivers wait, or find out by themselves.
FAULTS = {
    "slow registers": {"stall_ms": 2},
    "silent mailboxes": {"silent_vfs": [0, 1, 2]},
    "no answers to VFs": {"mailbox_timeout": True},
    "no link": {"link": False},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_it_ends_in_its_time_and_the_next_run_reaches_the_wish(modules, guest, vm, others, faulty, fault):
    had = others()
    faulty(**fault)
    begin = time.monotonic()
    first = modules.run("host", {**WISH, "timeout": 20})
    took = time.monotonic() - begin
    print(f"{took:.1f} s")
    assert took < 20 + SPARE
    now = guest.check_output("cat /sys/class/net/enp1s0/device/sriov_numvfs")
    assert first["changed"] or now == "4"
    vm.control(0, {"cmd": "heal"})
    vm.control(0, {"cmd": "link", "up": True})
    second = modules.run("host", WISH)
    assert not second["failed"], second["msg"]
    assert shown(guest) == had
    assert not modules.run("host", WISH)["changed"]


REBIND = """
cd /sys/bus/pci/drivers/ixgbe && echo 0000:01:00.0 > unbind; echo 0000:01:00.0 > bind
udevadm settle; ip link set enp1s0 up; ethtool -K enp1s0 ntuple on
"""


def test_what_was_lost_with_a_card_that_fell_off_is_told_and_comes_back(modules, guest, others, faulty, vm):
    had = others()
    wish = {"pf": "enp1s0", "num_vfs": 2, "allow": ["destroy_vfs", "link_reset"]}
    faulty(removed=True)
    try:
        first = modules.run("pf", {**wish, "timeout": 30})
    finally:
        vm.control(0, {"cmd": "heal"})
        guest.check_output(REBIND)
    assert (first["failed"], first["changed"]) == (True, True)
    for location in (3, 5):
        assert f"flow rule {location} of enp1s0 (0000:01:00.0) is lost" in first["msg"]
        assert any(command.endswith(f"loc {location}") for command in first["lost"])
    second = modules.run("pf", wish)
    assert not second["failed"], second["msg"]
    # The rules. The driver took the table, though there was no card: it was back when its PF was loaded anew.
    assert shown(guest)[0] == had[0]
