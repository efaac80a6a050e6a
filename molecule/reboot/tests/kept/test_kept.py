"""What was refused, and what nobody has confirmed, is not what the next boot reaches."""

import pytest
from lab import boots
from lab.modules import GuestModules

WISH = {"pf": "enp1s0", "num_vfs": 3, "vfs": [{"vf": 2, "vlan": 200}]}


@pytest.fixture(scope="module")
def seen(vm, reboot):
    """Before: a request that was refused; a state that is not reached; one that waits for its confirmation."""
    before = boots.nics(vm)
    with GuestModules(vm) as modules:
        refused = modules.run("host", pfs=[{"pf": "enp1s0", "num_vfs": 2}])  # it would destroy VF 2
        assert boots.nics(vm) == before
        missed = modules.run("boot_state", pfs=[WISH])
        changed = modules.run("host", pfs=[WISH], confirm=3600)
        waits = modules.run("boot_state", pfs=[WISH])
    between = boots.nics(vm)
    reboot()
    return before, refused, missed, changed, waits, between


def test_what_is_not_so_does_not_become_what_boots(seen):
    _before, refused, missed, _changed, _waits, _between = seen
    assert refused["failed"] and not refused["changed"]
    assert refused["failure"]["kind"] == "would_destroy"
    assert missed["failed"] and not missed["changed"]
    assert "vlan 200" in missed["msg"]


def test_nor_does_what_waits_for_its_confirmation(seen):
    before, _refused, _missed, changed, waits, between = seen
    assert changed["changed"] and between != before and "vlan 200" in between
    assert waits["failed"] and not waits["changed"]
    assert "confirm" in waits["msg"]


def test_the_boot_has_reached_the_old_state(vm, guest, seen):
    assert boots.unit(vm)["Result"] == "success"
    assert boots.nics(vm) == seen[0]
    assert guest.run("systemctl is-active kernel-bypass-sriov-confirm.timer").rc != 0
    status = guest.check_output("kernel-bypass-sriov status")
    assert "no run is under way, and none has left anything" in status
