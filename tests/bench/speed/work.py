"""The work that everyone is given: VFs with attributes and a driver, and flow rules, in each contender's own words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

PF, PF_ADDRESS = "enp1s0", "0000:01:00.0"
SYSFS = f"/sys/bus/pci/devices/{PF_ADDRESS}"
IP, FIRST_PORT = "10.0.0.2", 4000
# The host as it is after booting: also the modules that the kernel and udev have loaded since go.
RESET = f"""\
set -e
echo 0 > {SYSFS}/sriov_numvfs
echo 1 > {SYSFS}/sriov_drivers_autoprobe
ethtool -K {PF} ntuple off
ip link set {PF} down
udevadm settle
modprobe -r vfio-pci ixgbevf
udevadm settle
"""
# What has come of it, in words that do not depend on who did it: rules may be at other places.
STATE = f"""\
cat {SYSFS}/sriov_numvfs {SYSFS}/sriov_drivers_autoprobe /sys/class/net/{PF}/flags
ip link show {PF} | grep 'vf [0-9]'
for vf in {SYSFS}/virtfn*; do echo $(basename $vf $(readlink $vf/driver)); done
ethtool -n {PF} | grep -E 'Rule|Dest|VF|Action' | sort
"""


@dataclass(frozen=True)
class Work:
    """So many VFs, each with MAC, spoofchk, trust and driver vfio-pci; so many flow rules.

    All rules lead to VF 0: with two CPUs and fewer than 32 VFs, ixgbe reaches no other one by a rule.
    """

    vfs: int
    rules: int

    @property
    def options(self) -> dict[str, Any]:
        """For module host."""
        pf: dict[str, Any] = {
            "pf": PF,
            "num_vfs": self.vfs,
            "vfs": [
                {"vf": "all", "spoofchk": False, "trust": True, "driver": "vfio-pci"},
                *({"vf": vf, "mac": mac(vf)} for vf in range(self.vfs)),
            ],
        }
        if self.rules:
            pf["rules"] = [
                {"flow_type": "udp4", "dst_ip": IP, "dst_port": port, "vf": 0, "queue": 0} for port in self.ports
            ]
        return {"pfs": [pf]}

    @property
    def ports(self) -> range:
        return range(FIRST_PORT, FIRST_PORT + self.rules)

    def shell(self) -> str:
        """The same writes to the kernel by a shell that knows everything beforehand and asks nothing."""
        batch = [f"link set {PF} vf {vf} mac {mac(vf)} spoofchk off trust on" for vf in range(self.vfs)]
        lines = [
            "set -e",
            "modprobe vfio-pci",
            f"echo 0 > {SYSFS}/sriov_drivers_autoprobe",
            f"ip link set {PF} up",
            f"echo {self.vfs} > {SYSFS}/sriov_numvfs",
            "ip -batch - <<END",
            *batch,
            "END",
            f"for vf in {' '.join(map(vf_address, range(self.vfs)))}; do",
            "echo vfio-pci > /sys/bus/pci/devices/$vf/driver_override",
            "echo $vf > /sys/bus/pci/drivers_probe",
            "done",
        ]
        if self.rules:
            lines.append(f"ethtool -K {PF} ntuple on")
        return "\n".join([*lines, *(rule_command(number, port) for number, port in enumerate(self.ports))]) + "\n"

    def by_hand(self) -> str:
        """A playbook of Ansible's own modules, written with care: a task a kind of thing, loops over VFs and rules."""
        numbers = list(range(self.vfs))
        addresses = [vf_address(vf) for vf in numbers]
        link = f"ip link set {PF} vf {{{{ item }}}} mac 02:00:00:00:aa:{{{{ '%02x' % item }}}} spoofchk off trust on"
        bind = "echo vfio-pci > /sys/bus/pci/devices/{{ item }}/driver_override; echo {{ item }} > {{ probe }}"
        rule = rule_command("{{ item }}", f"{{{{ {FIRST_PORT} + item }}}}")
        tasks: list[dict[str, Any]] = [
            {"command": "modprobe vfio-pci"},
            {"shell": f"echo 0 > {SYSFS}/sriov_drivers_autoprobe"},
            {"command": f"ip link set {PF} up"},
            {"shell": {"cmd": f"echo {self.vfs} > {SYSFS}/sriov_numvfs", "creates": f"{SYSFS}/virtfn{self.vfs - 1}"}},
            {"command": link, "loop": numbers},
            {
                "shell": {"cmd": bind, "creates": "/sys/bus/pci/drivers/vfio-pci/{{ item }}"},
                "loop": addresses,
                "vars": {"probe": "/sys/bus/pci/drivers_probe"},
            },
            {"command": f"ethtool -K {PF} ntuple on"},
            {"command": rule, "loop": list(range(self.rules))},
        ]
        return play(*tasks)


def play(*tasks: dict[str, Any], **more: Any) -> str:
    """A playbook for all hosts with these tasks; JSON, which YAML reads as well."""
    return json.dumps([{"hosts": "all", "gather_facts": False, "become": True, "tasks": tasks, **more}])


def mac(vf: int) -> str:
    return f"02:00:00:00:aa:{vf:02x}"


def vf_address(vf: int) -> str:
    return f"0000:01:{0x10 + vf // 4:02x}.{vf % 4 * 2}"


def rule_command(location: int | str, port: int | str) -> str:
    return f"ethtool -N {PF} flow-type udp4 dst-ip {IP} dst-port {port} action {1 << 32} loc {location}"
