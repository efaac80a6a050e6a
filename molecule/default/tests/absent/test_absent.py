"""After num_vfs: 0 plain NICs are left, still up and with their kernel driver."""

PF = "/sys/bus/pci/devices/0000:01:00.0"


def test_no_vf_is_left(guest):
    assert guest.check_output("cat /sys/bus/pci/devices/*/sriov_numvfs").split() == ["0", "0"]
    assert guest.run(f"ls {PF}/virtfn0").failed
    assert "Virtual Function" not in guest.check_output("lspci")


def test_the_pf_is_up_with_its_kernel_driver(guest):
    assert guest.check_output(f"basename $(readlink {PF}/driver)") == "igb"
    assert "state UP" in guest.check_output("ip -d link show enp1s0")
