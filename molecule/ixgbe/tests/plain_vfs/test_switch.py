"""TCP inside the card, between its functions."""

import pytest
from lab import traffic

SIZE = 4 << 20


@pytest.fixture(scope="module")
def namespaces(guest, nic):
    """VF 0 in namespace blue, VF 1 in namespace red, the PF where it is: one subnet."""
    names = dict(zip(("blue", "red"), [nic.vf_interface(0), nic.vf_interface(1)], strict=True))
    for number, (namespace, name) in enumerate(names.items(), 1):
        guest.check_output(
            f"ip netns add {namespace} && ip link set {name} netns {namespace} && ip -n {namespace} link set {name} up"
            f" && ip -n {namespace} address add 192.0.2.{number}/24 dev {name}"
        )
    guest.check_output("ip address add 192.0.2.3/24 dev enp1s0 && ip link set enp1s0 up")
    nic.wait_for_carrier([nic.interface])
    for namespace, name in names.items():
        look = f"ip -n {namespace} link show {name} | grep -q LOWER_UP"
        guest.check_output(f"for try in $(seq 60); do {look} && exit 0; sleep 0.5; done; exit 1")
    yield
    guest.check_output("ip address flush dev enp1s0")
    for namespace, name in names.items():
        guest.check_output(f"ip -n {namespace} link set {name} netns 1 && ip netns delete {namespace}")
    nic.set_up(names.values())


@pytest.mark.parametrize(
    ("sender", "receiver", "address"),
    [("blue", "red", "192.0.2.2"), ("", "red", "192.0.2.2"), ("blue", "", "192.0.2.3")],
    ids=["VF to VF", "PF to VF", "VF to PF"],
)
def test_four_mebibytes_of_tcp_arrive_unchanged_and_stay_off_the_wire(vm, nic, namespaces, sender, receiver, address):
    before = nic.counters()
    sent, received = traffic.transfer(vm, SIZE, sender, receiver, address)
    assert sent == received
    after = nic.counters()
    assert after["tx_bytes_nic"] - before["tx_bytes_nic"] < 10_000
    if not sender:
        assert after["tx_bytes"] - before["tx_bytes"] > SIZE
    if not receiver:
        assert after["rx_bytes"] - before["rx_bytes"] > SIZE
