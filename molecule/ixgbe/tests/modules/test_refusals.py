"""What the modules refuse on the real ixgbe, word for word; and the host is as before, byte for byte in info."""

import pytest

ON = " on enp1s0 (0000:01:00.0)"
DST = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": 4321}
THERE = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": 99, "vf": 0, "location": 7}
THERE_WORDS = "udp4 dst-ip 10.0.0.2 dst-port 99 to VF 0 queue 0"
POOLS = "ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2"

LINK_STATE = (
    f"link_state: cannot set enable for VF 0{ON}: driver ixgbe: it takes auto and disable only. "
    "Remedy: leave out link_state."
)
RATE = (
    f"max_tx_rate: cannot set 10 Mbit/s for VF 0{ON}: driver ixgbe takes 11 to 10000, or 0 for no limit. "
    "Remedy: give a rate that it takes."
)
MAC = f"mac: 02:00:00:00:01:00 for VF 0{ON}: the PF has it too. Remedy: give each function an address of its own."


def rule(message, **options):
    return pytest.param("flow_rule", {"rules": [{**DST, **options}]}, message, id=f"rule {options}")


def vf(message, **options):
    return pytest.param("vf", {"vfs": [{"vf": 0, **options}]}, message, id=f"vf {options}")


REFUSALS = [
    rule(
        f"rules[0]: cannot send to VF 4 queue 0{ON}: the PF has 4 VFs. "
        "Remedy: ask for more (num_vfs: 5), or name VFs 0 to 3.",
        vf=4,
    ),
    rule(
        f"rules[0]: cannot send to VF 1 queue 4{ON}: beside 4 VFs each pool has 4 queues, 0 to 3. "
        "Remedy: name one of them.",
        vf=1,
        queue=4,
    ),
    rule(
        f"rules[0]: cannot send to queue 4{ON}: the PF has 4 queues, 0 to 3. Remedy: name one of them.",
        queue=4,
    ),
    rule(
        "rules[0].vf: 255: VF 255 is not between 0 and 254. Remedy: give one that the action can carry.",
        vf=255,
    ),
    rule(
        f"rules[0].action: {1 << 40}: {1 << 40} sets bits above the VF's (39:32): no driver reads them. "
        "Remedy: give vf and queue, queue, or drop.",
        action=1 << 40,
    ),
    rule(
        f"rules[0]: location 2046 is out of range{ON}: the driver has locations 0 to 2045. "
        "Remedy: leave location out, or name one of these.",
        vf=0,
        location=2046,
    ),
    rule(
        f"rules[0]: location 7 is occupied{ON}: by {THERE_WORDS}. "
        "Remedy: name another location, remove that rule first, or set exclusive: true.",
        vf=0,
        location=7,
    ),
    rule(
        "rules[0]: udp4 dst-ip 10.0.0.0 m 0.0.0.255 dst-port 4321 to VF 0 queue 0 has another mask than "
        f"{THERE_WORDS}{ON}: driver ixgbe has one mask for all rules of a port: every rule must compare the same "
        "fields and bits. Remedy: write all rules with the same fields, or remove the others first (exclusive: true).",
        dst_ip="10.0.0.0/24",
        vf=0,
    ),
    pytest.param(
        "flow_rule",
        {"rules": [{"flow_type": "ip4", "dst_ip": "10.0.0.2", "vf": 0}]},
        f"rules[0]: ip4 dst-ip 10.0.0.2 to VF 0 queue 0 has another mask than {THERE_WORDS}{ON}: "
        "driver ixgbe has one mask for all rules of a port: every rule must compare the same fields and bits. "
        "ip4 does not look at the L4 protocol, tcp4, udp4 and sctp4 do. "
        "Remedy: write all rules with the same fields, or remove the others first (exclusive: true).",
        id="ip4 beside udp4",
    ),
    pytest.param(
        "flow_rule",
        {"rules": [{"flow_type": "tcp6", "dst_port": 80, "vf": 0}]},
        f"rules[0]: flow type tcp6{ON}: driver ixgbe takes tcp4, udp4, sctp4, ip4. Remedy: use one of these.",
        id="a flow type that the driver has not",
    ),
    pytest.param(
        "pf",
        {"min_rss_queues": 16},
        f"min_rss_queues: 4 VFs leave the PF an RSS group of 4, less than 16{ON}: {POOLS}; online CPUs: 4. "
        "Remedy: ask for fewer VFs, or accept the smaller group by a lower min_rss_queues.",
        id="min_rss_queues",
    ),
    pytest.param(
        "rss",
        {"min_queues": 16},
        f"min_queues: the RSS group has 4 queues, less than 16{ON}: {POOLS}; without VFs the PF would have 4; "
        "online CPUs: 4. Remedy: ask for fewer VFs, raise the channels, or accept the smaller group.",
        id="min_queues",
    ),
    pytest.param(
        "rss",
        {"equal": 8},
        f"equal: 8{ON}: the RSS group has 4 queues, 0 to 3, and queue 7 is not among them; beside 4 VFs ({POOLS}). "
        "Remedy: name queues of the group.",
        id="a table that names a queue outside the group",
    ),
    pytest.param(
        "rss",
        {"channels": 8},
        f"channels: cannot set 8 combined channels{ON}: the driver has 1 to 4 beside 4 VFs ({POOLS}). "
        "Remedy: ask for a number that it has.",
        id="more channels than a pool has",
    ),
    vf(LINK_STATE, link_state="enable"),
    vf(RATE, max_tx_rate=10),
    vf(MAC, mac="02:00:00:00:01:00"),
    vf(
        f"3 things are refused:\n- {MAC}\n- {LINK_STATE}\n- {RATE}",
        mac="0200.0000.0100",
        link_state="enable",
        max_tx_rate=10,
    ),
    vf(
        f"mtu: cannot set 9000 for VF 0{ON}: driver ixgbe stops a VF with jumbo frames while the PF has an MTU of "
        "1500. Remedy: raise the PF's first: `ip link set dev PF mtu 9000`.",
        mtu=9000,
    ),
]


@pytest.fixture(scope="module")
def a_rule(modules):
    modules.run("flow_rule", pf="enp1s0", rules=[THERE], exclusive=True)
    yield
    modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)


@pytest.fixture(scope="module")
def before(modules, a_rule):
    return modules.run("info")


@pytest.mark.parametrize(("module", "options", "message"), REFUSALS)
def test_it_is_refused_with_these_words(modules, before, module, options, message):
    result = modules.run(module, options, pf="enp1s0")
    assert result["failed"] and result["msg"] == message
    assert (result["changed"], result["done"]) == (False, [])


def test_after_all_of_them_the_host_is_as_before(modules, before):
    assert modules.run("info") == before


def test_the_driver_would_have_taken_some_of_them_and_done_otherwise(guest, modules, before):
    """vf 255 goes to the PF, in its own words; both are what the plan refuses."""
    guest.check_output("ethtool -N enp1s0 flow-type udp4 dst-ip 10.0.0.2 dst-port 98 vf 255 queue 1 loc 8")
    assert "Direct to queue 1" in guest.check_output("ethtool -n enp1s0 rule 8")
    guest.check_output("ethtool -N enp1s0 delete 8")


def test_a_pf_with_fewer_queues_than_a_pool_steers_to_vf_0_only(modules, before):
    modules.run("rss", pf="enp1s0", channels=2)
    refused = modules.run("flow_rule", pf="enp1s0", rules=[{**DST, "vf": 2, "queue": 0}])
    assert refused["msg"] == (
        f"rules[0]: cannot send to VF 2 queue 0{ON}: it would reach VF 1 queue 0: driver ixgbe counts 2 queues a VF, "
        "as many as the PF uses, and the card has 4 (queue 4 for 8). "
        "Remedy: give the PF 4 channels (ethtool -L; needs as many CPUs online), or send to VF 0."
    )
    assert not modules.run("flow_rule", pf="enp1s0", rules=[{**DST, "vf": 0, "queue": 1}])["failed"]
    modules.run("rss", pf="enp1s0", channels=4)
