"""What a boot has made of a guest's NICs, and in what order: by its own programs and systemd's clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.vm import Vm

# Text, to be compared whole. No counters, and no carrier, which comes when it comes.
_NICS = r"""
cd /sys/bus/pci/devices
grep -s . */driver_override */sriov_numvfs */sriov_drivers_autoprobe
ls -go --time-style=+ */driver */virtfn* | grep -v ^total
for pf in %s; do
    ip -d link show $pf | grep -o 'mtu [0-9]*\|vf [0-9].*\|link/ether [^ ]*'
    ethtool -n $pf 2>&1 | grep -v 'rings available'
    ethtool -x $pf 2>&1 | sed '/hash key/,$d' | grep -v 'indirection table'
    ethtool -k $pf | grep ntuple
    for vf in /sys/class/net/$pf/device/virtfn*/net/*; do cat $vf/address; done
done
ls -ln --time-style=+ /dev/vfio
"""
UNIT = "kernel-bypass-sriov.service"
BEFORE = "/var/tmp/nics-before.json"
_OF_A_BOOT = {"key", "carrier"}  # the RSS key is made up at each


def nics(vm: Vm, pfs: tuple[str, ...] = ("enp1s0", "enp2s0")) -> str:
    """PFs and VFs, drivers, attributes, rules and tables."""
    return vm.ssh(_NICS % " ".join(pfs), check=False).stdout


def of_info(info: Any) -> Any:
    """What module info says of PFs, but for what is of one boot."""
    return _lasting(info["pfs"])


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(each) for name, each in value.items() if name not in _OF_A_BOOT}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


def moment(vm: Vm, unit: str, of: str) -> int:
    """Microseconds of this boot: a property such as ActiveEnterTimestampMonotonic."""
    return int(vm.ssh(["systemctl", "show", "--value", f"--property={of}", unit]).stdout)


def unit(vm: Vm, name: str = UNIT) -> dict[str, str]:
    """How systemd sees it."""
    words = "ActiveState,Result,ExecMainStatus"
    lines = vm.ssh(["systemctl", "show", f"--property={words}", name]).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


def said(vm: Vm, name: str = UNIT) -> str:
    """What its program has printed in this boot, without systemd's own words."""
    return vm.ssh(["journalctl", "-b", "-o", "cat", "-u", name, "_TRANSPORT=stdout"]).stdout


def start(vm: Vm, name: str = UNIT) -> bool:
    """`systemctl restart`: whether it came up."""
    return vm.ssh(["systemctl", "restart", name], check=False).returncode == 0


def vf_interfaces(guest: Any) -> list[str]:
    """:param guest: a host of testinfra."""
    found = guest.check_output("ls -d /sys/class/net/enp*/device/virtfn*/net/*").split()
    return [path.rpartition("/")[2] for path in found]


def catch_all(guest: Any) -> Iterator[None]:
    """systemd-networkd as it is where it has all interfaces, and no word of the lab that it should not; a fixture."""
    lab, all_of_them = "/etc/systemd/network/90-lab-unmanaged.network", "/etc/systemd/network/89-all.network"
    text = "[Match]\\nType=ether\\n[Network]\\nDHCP=ipv4\\nLinkLocalAddressing=no\\n"
    guest.check_output(
        f"mv {lab} /var/tmp/ 2>/dev/null; printf '{text}' > {all_of_them} && networkctl reload && sleep 2"
    )
    yield
    guest.check_output(f"rm {all_of_them}; mv /var/tmp/90-lab-unmanaged.network {lab} 2>/dev/null; networkctl reload")


def managed(guest: Any, names: list[str]) -> list[str]:
    """Those that networkd has, or is about to."""
    lines = guest.check_output(f"networkctl list --no-legend {' '.join(names)}").splitlines()
    states = {line.split()[1]: line.split()[-1] for line in lines}
    return [name for name in names if states[name] != "unmanaged"]
