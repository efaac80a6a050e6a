"""After the way back: the NICs and the files are as they were, and what others have done stays."""

import json

import pytest
from lab import boots
from lab.modules import GuestModules


@pytest.fixture(scope="module")
def before(guest):
    return json.loads(guest.check_output(f"cat {boots.BEFORE}"))


def test_the_pfs_have_no_vfs_rules_or_tables_of_ours(vm, guest):
    seen = boots.nics(vm)
    assert "Direct to" not in seen
    for pf in ("enp1s0", "enp2s0"):
        assert guest.check_output(f"cat /sys/class/net/{pf}/device/sriov_numvfs") == "0"
        assert guest.check_output(f"cat /sys/class/net/{pf}/device/sriov_drivers_autoprobe") == "1"
    assert not guest.file("/var/lib/kernel-bypass-sriov/before.json").exists


def test_every_file_is_as_before_the_first_run(guest):
    assert guest.run("diff /var/tmp/before /var/tmp/after").stdout == ""


def test_what_somebody_made_of_the_third_card_stays(guest):
    now = guest.check_output("ip -d link show enp3s0")
    assert "vf 0     link/ether 02:00:00:00:cc:00" in now
    assert now == guest.check_output("cat /run/third")


@pytest.fixture(scope="module")
def booted(reboot):
    """What the boot has set up would be there again."""
    return reboot()


def test_after_a_boot_the_guests_programs_show_what_they_have_shown_before_the_first_run(vm, before, booted):
    assert booted.system == "running"
    assert boots.nics(vm) == before[0]


def test_so_does_module_info(vm, before, booted):
    with GuestModules(vm) as modules:
        assert boots.of_info(modules.run("info")) == before[1]
