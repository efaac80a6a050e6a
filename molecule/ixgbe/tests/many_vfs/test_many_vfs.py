"""Sixty-three VFs, none bound."""


def test_each_of_them_is_where_the_card_has_it(guest, nic):
    expected = [f"0000:01:{0x10 + index // 4:02x}.{index % 4 * 2}" for index in range(63)]
    assert nic.vf_addresses() == expected
    assert guest.check_output("lspci -d 8086:10ed | wc -l") == "63"
    assert guest.run("lspci -d 8086:10ed -k | grep 'driver in use'").failed


def test_they_leave_the_pf_two_queues(nic):
    assert nic.rss() == (2, {0, 1})
