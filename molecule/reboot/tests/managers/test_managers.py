"""A boot on which the unit hangs, with NetworkManager: SSH comes all the same, and no VF is taken, then or later."""

import pytest
from lab import boots
from lab.modules import GuestModules

DROP_IN = "/etc/systemd/system/kernel-bypass-sriov.service.d/hangs.conf"
PROFILE = "/etc/NetworkManager/system-connections/somebody.nmconnection"
TEXT = """[connection]
id=somebody
type=ethernet
interface-name=enp1s0
[sriov]
total-vfs=1
"""


@pytest.fixture(scope="module")
def hung(vm, guest, reboot):
    """What systemd tells of the unit."""
    was = boots.nics(vm)
    lines = "[Service]\\nTimeoutStartSec=15\\nExecStart=\\nExecStart=/bin/sleep infinity\\n"
    guest.check_output(f"mkdir -p $(dirname {DROP_IN}) && printf '{lines}' > {DROP_IN}")
    guest.check_output("systemctl enable NetworkManager")
    print(f"\nboot: {reboot()}")
    seen = boots.unit(vm)
    managers = ("systemd-networkd.service", "NetworkManager.service")
    begun = [boots.moment(vm, manager, "ExecMainStartTimestampMonotonic") for manager in managers]
    said = boots.said(vm) + guest.check_output("kernel-bypass-sriov status")
    ended = boots.moment(vm, boots.UNIT, "InactiveEnterTimestampMonotonic")
    guest.check_output(f"rm -r $(dirname {DROP_IN}) && systemctl daemon-reload")
    return was, seen, begun, ended, said


@pytest.fixture(scope="module")
def started(vm, hung):
    """The VFs come while NetworkManager runs."""
    assert boots.start(vm), boots.said(vm)
    return hung


def test_the_host_has_booted_without_it(hung):
    _was, seen, begun, ended, said = hung
    assert (seen["ActiveState"], seen["Result"]) == ("failed", "timeout")
    assert min(begun) >= ended > 0
    assert "boot: timeout" in said and "did not end in its time" in said


def test_started_by_hand_it_reaches_all(vm, started):
    assert boots.nics(vm) == started[0]


def vfs(guest):
    found = guest.check_output("ls -d /sys/class/net/enp[12]s0/device/virtfn*/net/*").split()
    return [path.rpartition("/")[2] for path in found]


def unmanaged(guest, vf):
    assert guest.run("systemctl is-active NetworkManager").rc == 0
    return f"{vf}:unmanaged" in guest.check_output("nmcli -t -f DEVICE,STATE device").splitlines()


def test_network_manager_leaves_vfs_alone_also_after_a_trip_through_a_namespace(guest, started):
    there = vfs(guest)
    assert len(there) == 3
    assert not unmanaged(guest, "enp3s0")  # it has all others
    profiles = guest.check_output("nmcli -t -f NAME connection")
    assert all(unmanaged(guest, vf) for vf in there)
    away, back = f"ip link set {there[0]} netns trip", f"ip -n trip link set {there[0]} netns 1"
    guest.check_output(f"ip netns add trip && {away} && sleep 1 && {back} && udevadm settle && sleep 3")
    assert unmanaged(guest, there[0])
    assert guest.check_output("nmcli -t -f NAME connection") == profiles
    assert "dynamic" not in guest.check_output(f"ip address show {there[0]}")


def test_a_profile_that_sets_the_number_of_vfs_is_found_and_named(guest, vm, started):
    guest.check_output(f"umask 077 && cat > {PROFILE} <<'EOF'\n{TEXT}EOF")
    wish = {"pf": "enp1s0", "num_vfs": 3}
    with GuestModules(vm) as modules:
        refused = modules.run("boot_state", pfs=[wish], check=True)
    guest.check_output(f"rm {PROFILE} && systemctl disable --now NetworkManager")
    assert refused["failed"]
    assert f"{PROFILE}, line 6" in refused["msg"]
