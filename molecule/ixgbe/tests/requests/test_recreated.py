"""VFs that are made again because another number is wanted: what they had is there again, by `ip` and sysfs."""

import pytest

PFDEV = "/sys/bus/pci/devices/0000:01:00.0"


pytestmark = pytest.mark.usefixtures("four_new_vfs_afterwards", "with_link")


def test_attributes_driver_and_node_of_a_vf_that_stays_are_there_again(modules, guest):
    vf = {"vf": 0, "mac": "02:00:00:00:ab:00", "vlan": 7, "trust": True, "max_tx_rate": 500}
    driver = {"driver": "vfio-pci", "mode": "0660"}
    done = modules.run("host", pfs=[{"pf": "enp1s0", "vfs": [{**vf, **driver}]}])
    assert not done["failed"], done["msg"]
    row = guest.check_output("ip link show enp1s0 | grep 'vf 0'")
    assert "vlan 7" in row and "trust on" in row
    wish = {"pf": "enp1s0", "num_vfs": 3, "allow": ["destroy_vfs"]}
    check = modules.run("pf", wish, check=True)
    result = modules.run("pf", wish)
    assert not result["failed"], result["msg"]
    assert result["steps"] == check["steps"]
    assert guest.check_output("ip link show enp1s0 | grep 'vf 0'") == row
    assert guest.check_output(f"basename $(readlink {PFDEV}/virtfn0/driver)") == "vfio-pci"
    group = guest.check_output(f"basename $(readlink {PFDEV}/virtfn0/iommu_group)")
    assert guest.check_output(f"stat -c %a /dev/vfio/{group}") == "660"


def test_the_queues_beside_vfs_are_predicted_after_channels_and_vfs_gone_by_hand(modules, guest, nic):
    guest.check_output(f"ethtool -X enp1s0 default; ethtool -L enp1s0 combined 2; echo 0 > {PFDEV}/sriov_numvfs")
    wish = {"pf": "enp1s0", "num_vfs": 2, "min_rss_queues": 4}
    check = modules.run("pf", wish, check=True)
    assert not check["failed"], check["msg"]
    result = modules.run("pf", wish)
    assert not result["failed"], result["msg"]
    assert (check["pf"]["rss_queues"], result["pf"]["rss_queues"]) == (4, 4)
    assert nic.rss() == (4, {0, 1, 2, 3})
