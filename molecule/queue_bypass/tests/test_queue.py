"""Queue 1 is for AF_XDP: what is pinned and attached, who gets frames, and that nobody else has lost anything."""

from pathlib import Path

import pytest
from lab import frames, traffic, xdp_guest

PINS = "/run/kernel-bypass-sriov/bpf/enp1s0"
LABEL = "enp1s0 (0000:01:00.0)"
FLOW = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": 4321, "queue": 1}
PF = {"pf": "enp1s0", "xsk": {"queues": [1], "group": "dpdk"}, "rules": [FLOW]}
HOLDER = "systemctl stop holder; systemctl reset-failed holder"


@pytest.fixture
def given(modules):
    """The queue is given, whatever a test before has left; afterwards it is again."""

    def give():
        result = modules.run("host", pfs=[PF])
        assert not result["failed"], result["msg"]
        return result

    give()
    yield give
    give()


def rules(guest):
    """Their locations, with the queue that each leads to."""
    lines = guest.check_output("ethtool -n enp1s0 | grep -E '^Filter:|Action:'").split("\n")
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return {int(place.split()[1]): int(action.split()[-1]) for place, action in pairs}


def mode(guest, path):
    return guest.check_output(f"stat -c '%U:%G %a' {path}")


def test_program_map_rule_and_table_are_there(guest, nic, given):
    assert "prog/xdp id" in guest.check_output("ip -d link show enp1s0")
    assert mode(guest, PINS) == "root:dpdk 750"
    assert mode(guest, f"{PINS}/xsks_map") == "root:dpdk 660"
    assert mode(guest, f"{PINS}/prog").endswith(" 600")
    assert nic.rss() == (2, {0})
    assert sorted(rules(guest).values()) == [0, 1] and rules(guest)[7] == 0, "that of somebody else is at its place"


def test_who_is_in_the_group_comes_to_the_map_and_nobody_else(guest, given):
    test = f"test -w {PINS}/xsks_map"
    assert guest.run(f"setpriv --reuid=nobody --regid=dpdk --clear-groups {test}").rc == 0
    assert guest.run(f"setpriv --reuid=nobody --regid=nogroup --clear-groups {test}").rc != 0


def test_a_second_run_finds_nothing_to_do(given):
    assert given()["steps"] == []


def test_without_a_socket_the_kernel_gets_the_flow(vm, nic, given):
    before = nic.counters()
    with vm.wire(0) as wire, traffic.Reader(vm, ["enp1s0"]) as reader:
        mac = nic.mac("enp1s0")
        wire.send_many((frames.numbered(n, dst_mac=mac) for n in range(100)), 0.002)
        wire.send_many((frames.numbered(n, dst_mac=mac, dport=5000 + n) for n in range(100)), 0.002)
        seen = reader.stop()
    now = nic.counters()
    assert now["fdir_match"] - before["fdir_match"] == 100
    assert [now[f"rx_queue_{queue}_packets"] - before[f"rx_queue_{queue}_packets"] for queue in (0, 1)] == [100, 100]
    assert len(seen["enp1s0"]) >= 100


def test_while_a_socket_is_bound_the_program_stays(vm, modules, given):
    vm.ssh(["tee", "/run/xdp_guest.py"], stdin=Path(xdp_guest.__file__).read_text(encoding="utf-8"))
    vm.ssh("systemd-run --quiet --unit=holder /usr/bin/python3 /run/xdp_guest.py enp1s0 1")
    vm.ssh("for try in $(seq 100); do ss --xdp | grep -q 'enp1s0:q1 ' && exit; sleep 0.1; done; exit 1")
    try:
        (seen,) = modules.run("info", pf="enp1s0")["pfs"][0]["xsk"]["sockets"]
        assert seen.endswith("(python3) has an AF_XDP socket on queue 1 of enp1s0")
        refused = modules.run("xsk_queue", pf="enp1s0", state="absent")
        assert refused["msg"] == (
            f"xsk: cannot detach the XDP program on {LABEL}: sockets get no frames any more: {seen}. Remedy: end the "
            "program first, or accept that its user loses it: allow: [in_use]."
        )
    finally:
        vm.ssh(HOLDER, check=False)


def test_a_program_that_somebody_takes_away_is_told_and_comes_back_with_all_that_went(guest, modules, nic, given):
    """As an application does that has attached its own: the driver drops all rules, and the table."""
    guest.check_output("ip link set enp1s0 xdpdrv off")
    assert (guest.run("ethtool -n enp1s0 | grep Filter:").stdout, nic.rss()) == ("", (2, {0, 1}))
    differs = modules.run("info", compared_with={"pfs": [PF]})["differences"]
    assert f"{LABEL}: xdp_program: wanted that of this collection (native), found none" in differs
    assert f"{LABEL} rule udp4 dst-ip 10.0.0.2 dst-port 4321 to queue 1: is not there" in differs
    given()
    assert nic.rss() == (2, {0}) and list(rules(guest).values()) == [1]
    guest.check_output("ethtool -N enp1s0 flow-type udp4 dst-ip 10.0.0.9 dst-port 9 action 0 loc 7")


def test_vfs_and_the_program_keep_each_other_away(guest, modules, nic, given):
    refused = modules.run("pf", pf="enp1s0", num_vfs=2)
    assert refused["msg"] == (
        f"cannot create 2 VFs on {LABEL}: an XDP program is attached, and ixgbe has XDP or VFs, not both. Remedy: take "
        "the queues for AF_XDP back first (module xsk_queue, state: absent)."
    )
    modules.run("xsk_queue", pf="enp1s0", state="absent")
    nic.set_num_vfs(2)
    try:
        refused = modules.run("xsk_queue", pf="enp1s0", queues=[1])
        assert "ixgbe refuses XDP while there are VFs, and there are 2" in refused["msg"]
    finally:
        nic.set_num_vfs(0)


def test_taken_back_everything_of_others_is_there(guest, modules, nic, given):
    guest.check_output("ethtool -N enp1s0 flow-type udp4 dst-ip 10.0.0.9 dst-port 9 action 0 loc 7")
    result = modules.run("host", pfs=[{"pf": "enp1s0", "as_before": True}], allow=["in_use"])
    assert not result["failed"], result["msg"]
    assert nic.rss() == (2, {0, 1})
    assert rules(guest) == {7: 0}
    assert "prog/xdp" not in guest.check_output("ip -d link show enp1s0")
    assert guest.run(f"test -e {PINS}").rc != 0
