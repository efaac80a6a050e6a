"""Further runs of module host, on several PFs, after the tests of what converge has left; `ip` and `ethtool` judge."""

import re

import pytest

PF0, PF1, IGB = "enp1s0f0", "enp1s0f1", "enp2s0"
AUTO = [{"vf": "all", "mac": "auto"}]


@pytest.fixture(scope="module")
def host(modules):
    return lambda *pfs: modules.run("host", pfs=pfs)


def look(guest):
    """All that the host's own programs say of the PFs, resets of the link included."""
    return guest.check_output(f"sh /run/show-pf {PF0} {PF1} {IGB}")


def macs(guest, pf):
    """Of its VFs, by index."""
    return re.findall(r"vf \d+ +link/ether (\S+)", guest.check_output(f"ip link show {pf}"))


# Alone it is done, below.
FINE = {"pf": PF0, "num_vfs": 3, "allow": ["destroy_vfs"], "vfs": AUTO}
REFUSED = {
    "a rule for a VF": (
        {"rules": [{"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": 4321, "vf": 0}]},
        "pfs[1].rules[0]: cannot send to VF 0 queue 0 on enp2s0 (0000:02:00.0): driver igb does not steer into VFs: "
        "its rules name queues of the PF only. Remedy: give the VF an address of its own, or use a NIC whose driver "
        "does: ixgbe, i40e (unproven), bnxt_en (BCM573xx and BCM574xx: by destination MAC only), rvu_nicpf, qede (to "
        "the RSS of the VF).",
    ),
    "an attribute that only the other driver has": (
        {"vfs": [{"vf": 1, "link_state": "disable"}]},
        "link_state: cannot set disable for VF 1 on enp2s0 (0000:02:00.0): driver igb: it leaves a VF's link to the "
        "PF's. Remedy: leave out link_state.",
    ),
    "the address of the other PF's VF": (
        {"vfs": [{"vf": 0, "mac": "06:0b:01:00:01:00"}]},
        "mac: 06:0b:01:00:01:00 for VF 1 of enp1s0f0 (0000:01:00.0) and VF 0 of enp2s0 (0000:02:00.0): two VFs with "
        "one address would share their frames. Remedy: give each its own, or auto.",
    ),
    "a driver that is not there": (
        {"vfs": [{"vf": 0, "driver": "vfio-pcii"}]},
        "driver: there is no driver 'vfio-pcii' on this host: it is not registered in /sys/bus/pci/drivers and no "
        "kernel module has the name. Remedy: install its module for the running kernel, or name another.",
    ),
    "a queue beyond its RSS group": (
        {"rss": {"weights": [1, 0, 1]}},
        "weights: 1, 0, 1 on enp2s0 (0000:02:00.0): the RSS group has 2 queues, 0 to 1, and queue 2 is not among them; "
        "beside 2 VFs (igb: 0 VFs: 8, from 1 VF on: 2). Remedy: name queues of the group.",
    ),
}
ALL_OF_IT = {
    "vfs": [entry for changes, _message in REFUSED.values() for entry in changes.get("vfs", [])],
    "rules": REFUSED["a rule for a VF"][0]["rules"],
    "rss": REFUSED["a queue beyond its RSS group"][0]["rss"],
}
AS_THE_PLAN_GOES = (
    "the address of the other PF's VF",
    "an attribute that only the other driver has",
    "a driver that is not there",
    "a queue beyond its RSS group",
    "a rule for a VF",
)


@pytest.fixture(scope="module")
def before_refusals(guest):
    return look(guest)


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_last_pf_cannot_have_refuses_the_whole_request(before_refusals, host, changes, message):
    refused = host(FINE, {"pf": IGB, **changes})
    assert (refused["failed"], refused["msg"], refused["done"]) == (True, message, [])


def test_all_of_that_together_is_told_together(before_refusals, host):
    refused = host(FINE, {"pf": IGB, **ALL_OF_IT})
    texts = {name: text for name, (_changes, text) in REFUSED.items()}
    assert refused["msg"] == "\n- ".join(["5 things are refused:", *(texts[name] for name in AS_THE_PLAN_GOES)])
    assert (len(refused["failures"]), refused["done"]) == (5, [])


def test_none_of_the_refused_requests_has_written_anything_to_any_pf(before_refusals, guest):
    assert look(guest) == before_refusals


def test_rules_and_a_table_set_by_hand_are_there_again_beside_another_number_of_vfs(guest, host, find_vfs):
    guest.check_output(
        f"ethtool -N {PF0} flow-type udp4 dst-ip 10.9.9.9 dst-port 9 loc 5 action 1 && ethtool -X {PF0} weight 1 3"
    )
    queues, addresses = f"ethtool -n {PF0}; ethtool -x {PF0}", macs(guest, PF0)
    before = guest.check_output(queues)
    result = host(FINE)
    assert not result["failed"], result
    assert result["allowed"] == [
        "destroy_vfs for enp1s0f0 (0000:01:00.0): the kernel does that only through 0: VF 0 (0000:01:10.0, ixgbevf, "
        "enp1s0f0v0), VF 1 (0000:01:10.2, vfio-pci) would be destroyed"
    ]
    assert guest.check_output(queues) == before
    label = f"{PF0} (0000:01:00.0)"
    again = [
        f"put back the RSS table of {label}: of 128 entries queue 0 has 32, queue 1 has 96",
        f"put back flow rule 5 of {label}: udp4 dst-ip 10.9.9.9 dst-port 9 to queue 1",
        f"put back flow rule 2045 of {label}: udp4 dst-ip 10.0.0.2 dst-port 4321 to VF 0 queue 0",
    ]
    assert [step for step in result["steps"] if "put back" in step] == again
    assert macs(guest, PF0)[:2] == addresses and len(macs(guest, PF0)) == 3
    drivers = [find_vfs()[f"0000:01:10.{index}"][1] for index in (0, 2, 4)]
    assert drivers == ["ixgbevf", "vfio-pci", None], "those that were there have theirs again"


def test_both_ports_in_one_call_get_their_own_vfs_although_these_take_turns(guest, host, find_vfs):
    before = macs(guest, PF0)[:2]
    drivers = {PF0: {"vf": 0, "driver": "vfio-pci"}, PF1: {"vf": 1, "driver": "default"}}
    common = {"num_vfs": 2, "allow": ["destroy_vfs"]}
    both = [{"pf": pf, **common, "vfs": [*AUTO, driver]} for pf, driver in drivers.items()]
    result = host(*both)
    assert not result["failed"], result
    assert {vf: found for vf, found in find_vfs().items() if vf.startswith("0000:01:")} == {
        "0000:01:10.0": ("0000:01:00.0", "vfio-pci"),
        "0000:01:10.1": ("0000:01:00.1", None),
        "0000:01:10.2": ("0000:01:00.0", "vfio-pci"),  # as it was
        "0000:01:10.3": ("0000:01:00.1", "ixgbevf"),
    }
    ours, others = macs(guest, PF0), macs(guest, PF1)
    assert guest.check_output("cat /sys/bus/pci/devices/0000:01:10.3/net/*/address") == others[1]
    assert ours == before
    assert len({*ours, *others, *macs(guest, IGB)}) == 6
    assert not host(*both)["changed"]


def test_the_other_owners_rule_and_table_outlive_that_too(guest):
    left = guest.check_output("sed -n '/RX rings/,$p' /run/port1")
    assert "Filter: 9" in left
    assert guest.check_output(f"ethtool -n {PF1}; ethtool -x {PF1}") == left


def test_the_kernel_has_nothing_to_complain_of(guest):
    words = ("Call Trace", "NETDEV WATCHDOG", "Detected Tx Unit Hang", r"DMAR: \[DMA")
    assert guest.run(f"dmesg | grep -A 3 -E '{'|'.join(words)}'").stdout == ""
