# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts on which somebody else sets VFs, and what is found there."""

from __future__ import annotations

import sys

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.owners import OwnedPf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.owners import second_owners

from .files import sysfs

IXGBE = OwnedPf(
    "0000:01:00.0",
    "enp1s0",
    ("lan0",),
    "52:54:00:12:34:56",
    "ixgbe",
    ("0000:01:10.0", "0000:01:10.2"),
)
IGB = OwnedPf("0000:02:00.0", "enp2s0", (), "52:54:00:12:34:60", "igb", ("0000:02:10.0",))


NM = "etc/NetworkManager"
PROFILE = f"{NM}/system-connections/lan.nmconnection"
CONF = f"{NM}/conf.d/30-sriov.conf"
IFCFG = "etc/sysconfig/network-scripts/ifcfg-lan"
NETPLAN = "etc/netplan/50-lan.yaml"
GENERATED = "run/systemd/generator/netplan-sriov-apply.service"
LINK = "etc/systemd/network/10-lan.link"
NETWORK = "etc/systemd/network/10-lan.network"
RULES = "etc/udev/rules.d/70-os-net-config-sriov.rules"
MODPROBE = "etc/modprobe.d/ixgbe.conf"
INTERFACES = "etc/network/interfaces"
SYSFS = "etc/sysfs.d/sriov.conf"
TMPFILES = "etc/tmpfiles.d/sriov.conf"
NEUTRON = "etc/neutron/plugins/ml2/sriov_agent.ini"
NUMVFS = "/sys/class/net/{}/device/sriov_numvfs"
BY_ADDRESS = "/sys/bus/pci/devices/{}/sriov_numvfs"
IFINDEX = {"sys/class/net/enp1s0/ifindex": "2"}
ONE, BOTH = "enp1s0", "enp1s0 enp2s0"


def profile(*lines, sriov=("[sriov]", "total-vfs=4")):
    return "\n".join(["[connection]", "id=lan", "type=ethernet", *lines, "", *sriov])


def device(match):
    return f"[device-lan]\n{match}\nsriov-num-vfs=4"


def ethernet(*lines, name="lan"):
    return "\n".join(["network:", "  version: 2", "  ethernets:", f"    {name}:", *(f"      {line}" for line in lines)])


def link(*match):
    return "\n".join(["[Match]", *match, "", "[Link]", "SR-IOVVirtualFunctions=4"])


def network(*match):
    return "\n".join(["[Match]", *match, "", "[SR-IOV]", "VirtualFunction=0", "Trust=yes"])


COUNT = "virtual-function-count: 4"


def kernel_at(root, *parts):
    """A kernel that runs nothing: whoever asks for a command fails."""
    return Kernel(run=None, sysfs=sysfs(root, *parts))


def owners_at(root, files, pfs=(IXGBE, IGB)):
    return second_owners(kernel_at(root, files), pfs)


def verdicts(owners):
    """Path, line, interfaces and whether it is proven."""
    return [
        (owner.path, owner.line, " ".join(label.split()[0] for label in owner.pfs), owner.proof) for owner in owners
    ]


class Counted:
    """Files that are opened and folders that are listed meanwhile, in this process."""

    def __init__(self):
        self.calls = []

    def __enter__(self):
        ACTIVE.append(self)
        return self

    def __exit__(self, *_error):
        ACTIVE.remove(self)


ACTIVE = []


def _audit(event, arguments):
    for counted in ACTIVE if event in ("open", "os.listdir") else ():
        counted.calls.append((event, str(arguments[0])))


sys.addaudithook(_audit)  # for good: there is no way to take one away
