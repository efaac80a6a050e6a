"""A boot with systemd 252: the unit comes before networkd, which does not know the mark of udev, and has a file."""

import pytest
from lab import boots
from lab.modules import GuestModules

WISH = {
    "pf": "enp1s0",
    "num_vfs": 3,
    "vfs": [{"vf": "all", "mac": "auto", "driver": "default"}, {"vf": 1, "vlan": 7}, {"vf": 2, "driver": "vfio-pci"}],
}


@pytest.fixture(scope="module")
def seen(vm, reboot):
    """The NICs before a boot and after it."""
    with GuestModules(vm) as modules:
        for module in ("host", "boot_state"):
            result = modules.run(module, pfs=[WISH])
            assert result["changed"], result
        again = modules.run("boot_state", pfs=[WISH])
    assert not again["changed"] and again["unit"]["enabled"]
    before = boots.nics(vm, ("enp1s0",))
    print(f"\nboot: {reboot()}")
    return before, boots.nics(vm, ("enp1s0",))


def test_all_is_as_before(seen):
    before, after = seen
    assert "vf 2" in before and "vlan 7" in before
    assert after == before


def test_it_was_done_before_networkd_was_started(vm, seen):
    done = boots.moment(vm, boots.UNIT, "ActiveEnterTimestampMonotonic")
    assert 0 < done <= boots.moment(vm, "systemd-networkd.service", "ExecMainStartTimestampMonotonic")
    assert boots.unit(vm) == {"ActiveState": "active", "Result": "success", "ExecMainStatus": "0"}


def test_networkd_takes_others_and_leaves_the_vfs_alone(guest, seen, catch_all):
    vfs = boots.vf_interfaces(guest)
    assert len(vfs) == 2
    assert boots.managed(guest, ["enp1s0", *vfs]) == ["enp1s0"]
