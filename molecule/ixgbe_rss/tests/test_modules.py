"""What modules rss, pf and info say of a group that VFs have made smaller, where there were sixteen queues."""

POOLS = "ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2"
REMEDY = "Remedy: ask for fewer VFs, raise the channels, or accept the smaller group."


def test_sixteen_queues_and_a_table_of_sixteen_beside_no_vfs(modules, nic):
    nic.set_num_vfs(0)
    assert not modules.run("rss", pf="enp1s0", min_queues=16)["failed"]
    assert modules.run("rss", pf="enp1s0", weights=[1] * 12)["changed"]
    assert nic.rss()[1] == set(range(12))
    limit = modules.run("info", pf="enp1s0")["pfs"][0]["rss_limit"]
    assert (limit["queues"], limit["without_vfs"], limit["table_set_by_hand"]) == (16, 16, True)


def test_the_smaller_group_is_explained_with_what_there_was(modules, nic):
    """A table of twelve queues cannot come back on four, and that is said."""
    for vfs, queues in ((2, 4), (32, 2)):
        result = modules.run("pf", pf="enp1s0", num_vfs=vfs, allow=["destroy_vfs"], drivers_autoprobe=False)
        assert not result["failed"], result["msg"]
        assert result["pf"]["rss_queues"] == queues and nic.rss() == (queues, set(range(queues)))
        warned = any("was set by hand; it names queues that are gone" in text for text in result.get("warnings", []))
        assert warned == (vfs == 2)
        refused = modules.run("rss", pf="enp1s0", min_queues=16)
        assert refused["msg"] == (
            f"min_queues: the RSS group has {queues} queues, less than 16 on enp1s0 (0000:01:00.0): {POOLS}; "
            f"without VFs the PF would have 16; online CPUs: 16. {REMEDY}"
        )
        limit = modules.run("info", pf="enp1s0")["pfs"][0]["rss_limit"]
        assert (limit["queues"], limit["without_vfs"]) == (queues, 16)
        assert limit["cause"] == f"{POOLS}; online CPUs: 16"


def test_the_refusal_is_made_before_the_write(modules, nic):
    nic.set_num_vfs(0)
    refused = modules.run("host", pfs=[{"pf": "enp1s0", "num_vfs": 2, "min_rss_queues": 16}])
    assert refused["msg"].startswith("min_rss_queues: 2 VFs leave the PF an RSS group of 4, less than 16 on enp1s0")
    assert (nic.vf_addresses(), nic.rss()) == ([], (16, set(range(16))))
