"""Module rss on the real ixgbe: the table that `ethtool -x` shows is the one that `ethtool -X` would have made.

Hundreds of weights are compared with the ethtool program's in test_ethtool_rss_oracle.py of the unit tests.
"""

import re

import pytest

TABLES = [
    ({"equal": 3}, "equal 3"),
    ({"weights": [5, 3, 0, 1]}, "weight 5 3 0 1"),
    ({"queues": [1, 3]}, "weight 0 1 0 1"),
    ({"exclude_queues": [3]}, "weight 1 1 1 0"),
    ({"default": True}, "default"),
]


def table(guest):
    rows = re.findall(r"^\s+\d+:((?:\s+\d+)+)$", guest.check_output("ethtool -x enp1s0"), re.MULTILINE)
    return [int(queue) for row in rows for queue in row.split()]


@pytest.fixture(scope="module", autouse=True)
def plain(modules):
    yield
    modules.run("rss", pf="enp1s0", channels=4, default=True)


@pytest.mark.parametrize(("options", "words"), TABLES, ids=[words for _options, words in TABLES])
def test_the_table_is_that_of_ethtool_to_the_entry(guest, modules, options, words):
    guest.check_output(f"ethtool -X enp1s0 {words}")
    expected = table(guest)
    assert not modules.run("rss", options, pf="enp1s0")["changed"], "it is there already"
    guest.check_output("ethtool -X enp1s0 weight 1 2 3 4")
    assert modules.run("rss", options, pf="enp1s0")["changed"]
    assert table(guest) == expected


def test_beside_vfs_the_table_is_shared_and_that_is_said(modules):
    modules.run("rss", pf="enp1s0", default=True)
    (warning,) = modules.run("rss", pf="enp1s0", equal=2)["warnings"]
    assert "is shared: its 4 VFs spread their frames by the same entries" in warning


def test_channels_change_and_the_rules_are_there_again(guest, modules):
    modules.run("flow_rule", pf="enp1s0", rules=[{"flow_type": "udp4", "dst_port": 7, "queue": 1}])
    result = modules.run("rss", pf="enp1s0", channels=2)
    assert result["steps"][-1].startswith("put back flow rule 2045")
    assert guest.check_output("ethtool -l enp1s0").split("Combined:")[-1].strip() == "2"
    assert "Action: Direct to queue 1" in guest.check_output("ethtool -n enp1s0")
    modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)


def test_what_the_driver_leaves_broken_after_channels_vfs_and_no_vfs_is_mended(guest, modules):
    """It resets one of two limits (ixgbe_disable_sriov): the table names queues that are not open any more."""
    modules.run("rss", pf="enp1s0", channels=2)
    guest.check_output("echo 0 > /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs")
    said = guest.check_output("ethtool -x enp1s0")
    assert "with 2 RX ring(s)" in said and set(table(guest)) == {0, 1, 2, 3}
    result = modules.run("pf", pf="enp1s0", num_vfs=4, drivers_autoprobe=True)
    assert not result["failed"]
    modules.run("rss", pf="enp1s0", channels=2)
    result = modules.run("pf", pf="enp1s0", num_vfs=0)
    assert result["steps"][-1] == "set the combined channels of enp1s0 (0000:01:00.0) from 2 to 4"
    assert "with 4 RX ring(s)" in guest.check_output("ethtool -x enp1s0")
    modules.run("pf", pf="enp1s0", num_vfs=4)
