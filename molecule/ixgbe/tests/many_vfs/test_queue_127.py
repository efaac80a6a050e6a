"""The PF's queue that the card has as number 127, which the driver programs as "drop": a rule to it is refused.

That it would lose its frames is shown with a rule by the ethtool program: by what the card has been given, and by the
frames. The driver tells ethtool that all is well.
"""

import pytest
from lab import frames, traffic

MESSAGE = (
    "rules[0]: cannot send to queue {queue} on enp1s0 (0000:01:00.0): beside {vfs} VFs it is queue 127 of the card, "
    "which driver ixgbe programs as drop: its frames would be lost. "
    "Remedy: name another queue, or have another number of VFs."
)
COUNT = 30


@pytest.fixture
def received(guest, vm, nic):
    """What becomes of frames under a rule of ethtool's: its action as shown, the card's, and how many the PF gets."""

    def send(queue):
        guest.check_output(f"ethtool -N enp1s0 flow-type udp4 dst-port {frames.TEST_PORT} action {queue} loc 1")
        shown = guest.check_output("ethtool -n enp1s0 | sed -n 's/.*Action: //p'")
        (rule,) = vm.control(0, {"cmd": "state"})["state"]["flow_rules"]
        nic.wait_for_carrier([nic.interface])
        mac = nic.mac(nic.interface)
        with vm.wire(0) as wire, traffic.Reader(vm, [nic.interface]) as reader:
            wire.send_many((frames.numbered(number, dst_mac=mac) for number in range(COUNT)), 0.002)
            seen = reader.stop()[nic.interface]
        guest.check_output("ethtool -N enp1s0 delete 1")
        return shown, rule["drop"], len(seen)

    return send


@pytest.mark.parametrize(("vfs", "queue"), [(63, 1), (31, 3)])
def test_a_rule_to_it_is_refused_and_would_lose_its_frames(modules, guest, nic, received, vfs, queue):
    modules.run("pf", pf="enp1s0", num_vfs=vfs, allow=["destroy_vfs"], up=True)
    rule = {"flow_type": "udp4", "dst_port": frames.TEST_PORT}
    refused = modules.run("flow_rule", pf="enp1s0", exclusive=True, rules=[{**rule, "queue": queue}])
    assert refused["msg"] == MESSAGE.format(vfs=vfs, queue=queue)
    assert "Total 0 rules" in guest.check_output("ethtool -n enp1s0")
    guest.check_output("ethtool -K enp1s0 ntuple on")
    nic.set_up([nic.interface])
    assert received(queue) == (f"Direct to queue {queue}", True, 0)
    other = queue - 1
    assert received(other) == (f"Direct to queue {other}", False, COUNT)
    taken = modules.run("flow_rule", pf="enp1s0", exclusive=True, rules=[{**rule, "queue": other}])
    assert not taken["failed"], taken["msg"]
    assert f"Action: Direct to queue {other}" in guest.check_output("ethtool -n enp1s0")
    modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)
