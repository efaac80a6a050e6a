"""Option confirm: a timer of systemd takes a run back on the real driver, unless it is confirmed."""

import time

import pytest

UNIT = "kernel-bypass-sriov-confirm"
OURS = {"flow_type": "udp4", "dst_ip": "10.9.9.1", "dst_port": 9, "vf": 0, "location": 1}
OTHERS = {**OURS, "dst_ip": "10.9.9.2", "location": 2}


def state_of_timer(guest):
    return guest.run(f"systemctl is-active {UNIT}.timer").stdout.strip()


@pytest.fixture
def waiting(modules, rules, nic, guest):
    """A run that waits: a rule of ours beside one of others, and a rate for VF 1."""
    rules(OTHERS)
    nic.wait_for_carrier([nic.interface])  # the first rule may turn filters on, which resets the PF
    wanted = [{"pf": "enp1s0", "rules": [OURS], "vfs": [{"vf": 1, "max_tx_rate": 100}]}]
    result = modules.run("host", pfs=wanted, confirm=20)
    assert not result["failed"], result["msg"]
    assert (result["confirmed"], result["pending"]["unit"]) == (False, f"{UNIT}.timer")
    assert state_of_timer(guest) == "active"
    yield wanted, result["pending"]["name"]
    guest.run(f"systemctl stop {UNIT}.timer; rm -rf /run/kernel-bypass-sriov/confirm")
    modules.run("vf", pf="enp1s0", vfs=[{"vf": 1, "max_tx_rate": 0}])


def rate(guest):
    return guest.check_output("ip link show enp1s0 | sed -n 's/.*vf 1 .*tx rate \\([0-9]*\\).*/\\1/p'")


def test_without_a_confirmation_the_host_goes_back(modules, guest, waiting, shown_rules):
    assert set(shown_rules()) == {"1", "2"} and rate(guest) == "100"
    refused = modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)
    assert refused["failed"] and f"{UNIT}.timer" in refused["msg"]
    end = time.monotonic() + 90
    # Its files go last, and a slow machine may take its time until then.
    while guest.file("/run/kernel-bypass-sriov/confirm").exists and time.monotonic() < end:
        time.sleep(1)
    assert not guest.file("/run/kernel-bypass-sriov/confirm").exists
    assert set(shown_rules()) == {"2"} and rate(guest) == ""
    late = modules.run("host", pfs=waiting[0], _confirm=waiting[1])
    assert late["failed"] and "went back to the state before it" in late["msg"]


def test_confirmed_it_stays(modules, guest, waiting, shown_rules):
    pfs, name = waiting
    assert modules.run("host", pfs=pfs, _confirm=name)["confirmed"]
    assert state_of_timer(guest) == "inactive"
    time.sleep(25)
    assert set(shown_rules()) == {"1", "2"} and rate(guest) == "100"
