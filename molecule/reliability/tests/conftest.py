"""A host where others have rules and a table, and what its own programs show of it."""

import os
import random

import pytest

DEVICE = "/sys/bus/pci/devices/0000:01:00.0"
# What somebody else has set, by the programs themselves: two flow rules, one of them into VF 0, and a table.
# (With two CPUs ixgbe counts two queues a VF, where the card has four: a rule for VF 1 would reach VF 0.)
OTHERS = """
ethtool -K enp1s0 ntuple on
ethtool -N enp1s0 flow-type tcp4 dst-ip 10.1.1.1 dst-port 7 action -1 loc 3
ethtool -N enp1s0 flow-type tcp4 dst-ip 10.1.1.2 dst-port 7 action 4294967296 loc 5
ethtool -X enp1s0 weight 3 1
"""
ANEW = f"""
set -e
echo 0 > {DEVICE}/sriov_numvfs
echo 1 > {DEVICE}/sriov_drivers_autoprobe
rm -rf /run/kernel-bypass-sriov /var/lib/kernel-bypass-sriov
for location in $(ethtool -n enp1s0 | sed -n 's/^Filter: //p'); do
    ethtool -N enp1s0 delete $location
done
echo 4 > {DEVICE}/sriov_numvfs
ip link set enp1s0 up
udevadm settle
modprobe vfio-pci
{OTHERS}
"""


def shown(guest):
    """The rules and the table, as ethtool prints them."""
    table = guest.check_output("ethtool -x enp1s0 | sed '/RSS hash key/,$d'")
    return guest.check_output("ethtool -n enp1s0"), table


@pytest.fixture
def others(guest):
    """Makes four VFs, rules and a table of others; each call does it again. Gives what ethtool shows."""

    def make():
        guest.check_output(ANEW)
        return shown(guest)

    yield make
    guest.check_output("ethtool -X enp1s0 default")
    guest.check_output(ANEW.replace(OTHERS, ""))


def times(number_in):
    """How often something is tried: a few times in each run, more often on request."""
    return int(os.environ.get(number_in, "5"))


def some(points, seed_in="KILLS_SEED", number_in="KILLS"):
    """Some of many points: another choice in each run, the same again with the printed seed."""
    seed = int(os.environ.get(seed_in, random.randrange(1 << 32)))
    print(f"{seed_in}={seed}")
    return random.Random(seed).sample(points, min(times(number_in), len(points)))
