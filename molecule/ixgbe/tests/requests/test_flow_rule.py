"""Module flow_rule on the real ixgbe: what it sets is what `ethtool -n` shows."""

UDP = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": 4321}
WEB = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80}


def test_the_rule_of_an_encoded_action_is_shown_by_ethtool_as_it_is_meant(guest, rules):
    assert rules({**WEB, "action": 4294967296})["changed"]
    text = guest.check_output("ethtool -n enp1s0")
    for line in (
        "Rule Type: TCP over IPv4",
        "Dest IP addr: 192.168.254.30 mask: 0.0.0.0",
        "Dest port: 80 mask: 0x0",
        "Action: Direct to VF 0 queue 0",
    ):
        assert line in text
    assert not rules({**WEB, "vf": 0, "queue": 0})["changed"], "the same rule in other words"
    assert not rules({**WEB, "action": 4294967296})["changed"]


def test_a_rule_made_with_ethtool_is_known_again_and_keeps_its_place(guest, rules, shown_rules):
    guest.check_output("ethtool -N enp1s0 flow-type tcp4 dst-ip 192.168.254.30 dst-port 80 action 4294967296 loc 17")
    assert not rules({**WEB, "vf": 0})["changed"]
    rules({**WEB, "vf": 1, "queue": 1})
    assert shown_rules() == {"17": "Direct to VF 1 queue 1"}


def test_exclusive_removes_the_others_and_absent_what_is_named(rules, shown_rules):
    rules({**WEB, "vf": 0}, {**UDP, "queue": 2}, {**UDP, "dst_port": 53, "drop": True})
    assert shown_rules() == {"2045": "Direct to VF 0 queue 0", "2044": "Direct to queue 2", "2043": "Drop"}
    rules({**UDP, "queue": 2}, exclusive=True)
    assert shown_rules() == {"2044": "Direct to queue 2"}
    assert not rules({**UDP, "vf": 3}, state="absent")["changed"], "that flow goes elsewhere"
    assert rules(UDP, state="absent")["changed"]
    assert shown_rules() == {}


def test_another_mask_takes_the_place_of_the_old_one_when_nothing_else_is_wanted(rules, shown_rules):
    rules({**WEB, "vf": 0}, UDP | {"vf": 1})
    rules({"flow_type": "ip4", "dst_ip": "10.0.0.0/8", "vf": 2}, exclusive=True)
    assert list(shown_rules().values()) == ["Direct to VF 2 queue 0"]
