"""A rule that names neither address nor port takes all TCP of the port, whoever it is for; and so it is said."""

import json

import pytest
from lab import frames

LABEL = "enp1s0 (0000:01:00.0)"
WIDE = {"flow_type": "tcp4", "vf": 1}
# A process of its own, since it is the environment that a process was started with that counts.
PROGRAM = """
import os, subprocess, sys
main = "from ansible_collections.kernel_bypass.sriov.plugins.modules.flow_rule import main; main()"
more = {"PYTHONPATH": ":".join(sys.path), "SSH_CONNECTION": "192.0.2.9 40000 192.0.2.1 22"}
subprocess.run([sys.executable, "-c", main], env={**os.environ, **more})
"""


def received(guest, names):
    shown = guest.check_output(" && ".join(f"cat /sys/class/net/{name}/statistics/rx_packets" for name in names))
    return [int(count) for count in shown.split()]


def test_tcp4_alone_into_a_vf_is_warned_of_and_takes_all_tcp_of_the_pf(modules, vm, guest, nic, rules):
    names = [nic.interface, nic.vf_interface(1)]
    nic.set_up(names)
    (warning,) = rules(WIDE)["warnings"]
    assert warning == (
        f"tcp4 to VF 1 queue 0: it names neither address nor port, and {LABEL} itself gets no such frames any more"
    )
    nic.wait_for_carrier(names)
    mac, before = nic.mac(nic.interface), received(guest, names)
    with vm.wire(0) as wire:
        wire.send_many(
            (frames.tcp(dst_mac=mac, dst_ip=f"10.0.0.{n}", dport=22 + n, payload=b"x" * 20) for n in range(40)), 0.002
        )
        wire.send_many((frames.numbered(number, dst_mac=mac) for number in range(30)), 0.002)
    guest.check_output("sleep 2")  # ixgbevf adds up its counters on its own time
    after = received(guest, names)
    assert [end - start for start, end in zip(before, after, strict=True)] == [30, 40]


@pytest.fixture
def as_operator(modules, guest, nic):
    """Runs module flow_rule for an operator who has come over the PF, by his SSH_CONNECTION."""
    guest.check_output(f"ip address add 192.0.2.1/24 dev {nic.interface}")

    def run(*rules):
        arguments = {"pf": "enp1s0", "rules": rules}
        return json.loads(modules.python(PROGRAM, json.dumps({"ANSIBLE_MODULE_ARGS": arguments})))

    yield run
    guest.check_output(f"ip address flush dev {nic.interface}")


def test_it_is_refused_where_the_operator_has_come_by_tcp(as_operator, guest, rules):
    refused = as_operator(WIDE)
    assert refused["msg"] == (
        f"rules[0]: tcp4 to VF 1 queue 0 would cut the SSH connection from 192.0.2.9 on {LABEL}: the frames of the "
        "connection match it, and would not reach the kernel any more. "
        "Remedy: match less, or reach the host over another NIC."
    )
    assert "Filter:" not in guest.check_output("ethtool -n enp1s0")
    narrow = as_operator({**WIDE, "dst_port": 80})
    assert narrow["changed"], narrow
