"""All that a guest's own programs show of what the collection may change: nothing of it may differ after check mode.

Text, to be compared whole, by code that shares nothing with the collection's own. No counters of traffic are in it. The
carrier's changes are: a reset of a NIC shows there even when all else is as before.
"""

from __future__ import annotations

import time

from lab.errors import LabError
from lab.vm import Vm

# Modules of sock_diag are left out: the kernel loads them for whoever asks about sockets, and they change nothing.
_SHOW = r"""
cd /sys/bus/pci/devices
grep -s . */driver_override */sriov_numvfs */sriov_drivers_autoprobe
ls -go --time-style=+ */driver */virtfn* | grep -v ^total
cd /sys/class/net
grep -s . */carrier_changes
for interface in e*; do for option in -k -l -x -n -g; do ethtool $option $interface 2>&1; done; done
ip -d address | grep -v valid_lft
ip route
ls -lR --time-style=+ /dev/vfio 2>/dev/null
sort /proc/modules | cut -d' ' -f1 | grep -v _diag
cat /proc/sys/vm/nr_hugepages
find /etc/modprobe.d /etc/modules-load.d /etc/udev /etc/systemd -type f -printf '%p %T@\n'
"""
_TRIES = 20


def look(vm: Vm) -> str:
    """What is shown once it stands still: after a reset links come back one by one.

    :raises LabError: it does not.
    """
    before = _show(vm)
    for _try in range(_TRIES):
        time.sleep(0.5)
        seen = _show(vm)
        if seen == before:
            return seen
        before = seen
    raise LabError("What the guest's programs show does not stand still.")


def look_again(vm: Vm, expected: str) -> str:
    """What is shown now: `expected` at the first look, or else what comes of it."""
    return expected if _show(vm) == expected else look(vm)


def _show(vm: Vm) -> str:
    return vm.ssh(_SHOW, check=False).stdout
