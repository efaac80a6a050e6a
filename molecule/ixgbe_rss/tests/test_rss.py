"""The channels (`ethtool -l`) and the indirection table (`ethtool -x`) of the PF as VFs come and go."""

import pytest


@pytest.mark.parametrize(("vfs", "queues"), [(0, 16), (2, 4), (0, 16), (32, 2), (0, 16)])
def test_vfs_leave_the_pf_so_many_queues_and_the_table_names_them_all(guest, nic, vfs, queues):
    nic.set_num_vfs(vfs)
    assert len(nic.vf_addresses()) == vfs
    assert nic.rss() == (queues, set(range(queues)))
