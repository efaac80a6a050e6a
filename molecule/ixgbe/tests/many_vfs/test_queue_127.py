"""The PF's queue that the card has as number 127, which the driver programs as "drop"."""

import pytest

MESSAGE = (
    "rules[0]: cannot send to queue {queue} on enp1s0 (0000:01:00.0): beside {vfs} VFs it is queue 127 of the card, "
    "which driver ixgbe programs as drop: its frames would be lost. "
    "Remedy: name another queue, or have another number of VFs."
)


@pytest.mark.parametrize(("vfs", "queue"), [(63, 1), (31, 3)])
def test_a_rule_to_it_is_refused(modules, vfs, queue):
    modules.run("pf", pf="enp1s0", num_vfs=vfs, allow=["destroy_vfs"])
    rule = {"flow_type": "udp4", "dst_port": 9}
    refused = modules.run("flow_rule", pf="enp1s0", exclusive=True, rules=[{**rule, "queue": queue}], check=True)
    assert refused["msg"] == MESSAGE.format(vfs=vfs, queue=queue)
    other = modules.run("flow_rule", pf="enp1s0", exclusive=True, rules=[{**rule, "queue": 0}], check=True)
    assert not other["failed"], other["msg"]
