"""After num_vfs: 0 a plain NIC is left, still up and with its kernel driver."""

PF = "/sys/bus/pci/devices/0000:01:00.0"


def test_no_vf_is_left(guest):
    assert guest.check_output(f"cat {PF}/sriov_numvfs") == "0"
    assert guest.run(f"ls {PF}/virtfn0").failed
    assert "Virtual Function" not in guest.check_output("lspci")


def test_the_pf_is_as_before(guest):
    assert guest.check_output(f"cat {PF}/sriov_drivers_autoprobe") == "1"
    assert "state UP" in guest.check_output("ip -d link show enp1s0")
