# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts to be prepared: memory, CPUs, the firmware's tables and a boot loader, as data; its programs do what they do.

boot() is a reboot: the line of the next boot becomes that of this one, and has its effects.
"""

from __future__ import annotations

import json
import os
import re

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel

from . import boot_programs, hosts
from .devices import Behaviour, Devices
from .ethtool import SimEthtool
from .kernel import SimCommands, SimSysfs, SimSystem
from .netlink import netlink
from .tree import DIRECTORY, build

PF = hosts.IXGBE
ACPI = "sys/firmware/acpi/tables"
NODES = "sys/devices/system/node"
CPUS = "sys/devices/system/cpu"
GIB = 1 << 20  # kB


def memory(total=16 * GIB, free=None, file=0):
    """Of a node, in kB."""
    free = total * 3 // 4 if free is None else free
    rest = {"MemTotal": total, "MemFree": free, "Active(file)": file, "Inactive(file)": 0}
    return "\n".join(f"Node 0 {word}:    {number} kB" for word, number in rest.items())


def pool(node, size_kb, nr=0, free=None):
    base = f"{NODES}/node{node}/hugepages/hugepages-{size_kb}kB"
    numbers = {"nr": nr, "free": nr if free is None else free, "surplus": 0}
    return {f"{base}/{word}_hugepages": str(number) for word, number in numbers.items()}


def node(number, **words):
    """With empty pools of 2M and 1G."""
    return {f"{NODES}/node{number}/meminfo": memory(**words), **pool(number, 2048), **pool(number, GIB)}


def machine(iommu=True, table="DMAR", line="BOOT_IMAGE=/boot/vmlinuz-6.12.0 root=/dev/vda1 ro quiet", nodes=1, **words):
    """A host with one PF of 8 CPUs, without a boot loader."""
    files = {
        **hosts.host(PF, iommu=iommu, **words),
        "proc/cmdline": line,
        "proc/meminfo": "MemTotal: 16777216 kB\nHugepagesize:       2048 kB",
        "proc/mounts": "/dev/vda1 / ext4 rw,relatime 0 0",
        f"{ACPI}/APIC": b"",
        f"{CPUS}/isolated": "",
        f"{CPUS}/nohz_full": "(null)",
    }
    if table:
        files[f"{ACPI}/{table}"] = b""
    if iommu:
        files[f"{hosts.GROUPS}/1/type"] = "DMA-FQ"
    for number in range(nodes):
        files.update(node(number))
    return files


def debian(more=(), defaults='GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""', **words):
    """Debian with GRUB.

    :param more: files of /etc/default/grub.d by name.
    """
    return {
        **machine(**words),
        "usr/sbin/update-grub": b"",
        "etc/default/grub": f"# If you change this file, run 'update-grub' afterwards\n{defaults}",
        **{f"etc/default/grub.d/{name}": text for name, text in dict(more).items()},
        "boot/grub/grub.cfg": b"",
        "sim/fresh": "update-grub",
    }


EFI = "sys/firmware/efi/efivars"
VENDOR = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"


def variable(name, text):
    """Of the boot loader: attributes, and UTF-16."""
    return {f"{EFI}/{name}-{VENDOR}": b"\6\0\0\0" + f"{text}\0".encode("utf-16-le")}


def entry(version, options="root=/dev/vda1 ro", place="boot", more=""):
    """Of the Boot Loader Specification, type 1."""
    text = f"title Linux\nversion {version}\nlinux /vmlinuz-{version}\noptions {options}{more}"
    return {f"{place}/loader/entries/id-{version}.conf": text}


def rhel(options="root=/dev/vda1 ro crashkernel=1G-4G:192M $tuned_params", **words):
    """RHEL 9: grubby and its entries."""
    return {
        **machine(**words),
        "usr/sbin/grubby": b"",
        **entry("5.14.0-500.el9.x86_64", options),
        **entry("5.14.0-503.el9.x86_64", options),
        "boot/grub2/grubenv": "# GRUB Environment Block\nsaved_entry=id-5.14.0-503\ntuned_params=skew_tick=1",
        "etc/default/grub": 'GRUB_CMDLINE_LINUX="crashkernel=1G-4G:192M"\nGRUB_ENABLE_BLSCFG=true',
        "etc/kernel/cmdline": "root=/dev/vda1 ro crashkernel=1G-4G:192M",
    }


def suse(kind="grub2-efi", line="splash=silent quiet", **words):
    """SUSE with update-bootloader before GRUB 2."""
    return {
        **machine(**words),
        "usr/sbin/update-bootloader": b"",
        "etc/sysconfig/bootloader": f'## Type: string\nLOADER_TYPE="{kind}"\nSECURE_BOOT="yes"',
        "etc/default/grub": f'GRUB_DISTRIBUTOR=\nGRUB_CMDLINE_LINUX_DEFAULT="{line}"',
        "boot/grub2/grub.cfg": boot_programs.GRUB_CONFIG.format(line=line, always=""),
    }


def suse_bls(kind="grub2-bls", snapshot="rootflags=subvol=@/.snapshots/2/snapshot", **words):
    """SUSE with entries of its own and sdbootutil."""
    line = "root=/dev/vda2 splash=silent quiet"
    return {
        **machine(**words),
        "usr/sbin/update-bootloader": b"",
        "usr/bin/sdbootutil": b"",
        "etc/sysconfig/bootloader": f'LOADER_TYPE="{kind}"',
        "etc/kernel/cmdline": line,
        **entry("6.11.0-1-default", f"{line} {snapshot}", "boot/efi"),
        **entry("6.9.0-1-default", f"{line} {snapshot}", "boot/efi"),
    }


def systemd_boot(more=None, **words):
    """Debian's package systemd-boot."""
    return {
        **machine(line="initrd=\\\\initrd.img root=/dev/vda1 ro quiet debug", **words),
        **variable("LoaderInfo", "systemd-boot 257"),
        "usr/bin/kernel-install": b"",
        **entry("6.12.0-amd64", "root=/dev/vda1 ro quiet", "efi"),
        **entry("6.9.0-amd64", "root=/dev/vda1 ro quiet", "efi"),
        **{f"boot/{name}": b"" for name in ("vmlinuz-6.12.0-amd64", "initrd.img-6.12.0-amd64", "vmlinuz-6.9.0-amd64")},
        **(more or {}),
    }


class Commands(SimCommands):
    """With the programs of boot loaders, and those that prepare a host."""

    def __init__(self, root, behaviour, answers):
        super().__init__(root, behaviour)
        self._root, self._answers = root, answers

    def __call__(self, argv, stdin=""):
        words = " ".join(argv)
        if words in self._answers:
            self.calls.append(words)
            return self._answers[words]
        program = getattr(boot_programs, argv[0].replace("-", "_"), None)
        if program is not None:
            self.calls.append(words)
            return program(self._root, argv[1:])
        if argv[0] == "systemctl" and argv[1] in ("daemon-reload", "try-restart"):
            self.calls.append(words)
            return 0, "", ""
        if argv[0] == "dmesg":
            self.calls.append(words)
            return 0, "[    0.1] DMAR: IOMMU enabled\n", ""
        return super().__call__(argv, stdin)


def kernel_on(root, files=None, answers=None, release="6.12.0-amd64", arch="x86_64", **behaviour):
    """A kernel on a new tree, or on one that is there."""
    if files is not None:
        build(root, {"sim/writes": b"", "sys/bus/pci/drivers_probe": "", **files})
        if os.path.exists(os.path.join(root, "sim/fresh")):
            boot_programs.update_grub(str(root), [])
    behaves = Behaviour(**behaviour)
    sysfs = SimSysfs(str(root), behaves)
    system = SimSystem(sysfs, behaves.user)
    system.release = release
    commands = Commands(str(root), behaves, answers or {})
    kernel = Kernel(commands, sysfs, SimEthtool(str(root)), system, netlink(Devices(str(root), behaves), behaves))
    kernel.platform.machine = arch
    return kernel


def boot_line(root):
    """What the boot loader gives the kernel at the next boot, word by word."""
    with open(os.path.join(root, "boot/grub/grub.cfg"), encoding="utf-8") as file:
        return next(each.split()[2:] for each in file if each.strip().startswith("linux"))


def boot_next(root, result):
    """The next boot, as module platform has told its line."""
    boot(root, f"BOOT_IMAGE=/boot/vmlinuz-6.12.0 {result['next_boot']}")


def boot(root, line):
    """The next boot with this line: what it says comes about."""
    root = str(root)
    tokens = line.split()
    said = {token.partition("=")[0]: token.partition("=")[2] for token in tokens}
    build(root, {"proc/cmdline": line})
    if said.get("intel_iommu", "").startswith("on") and os.path.exists(f"{root}/{ACPI}/DMAR"):
        group = f"{root}/{hosts.DEVICES}/{PF.address}/iommu_group"
        if not os.path.lexists(group):
            build(root, hosts.group_member(1, PF.address))
    if os.path.isdir(f"{root}/{hosts.GROUPS}/1"):
        build(root, {f"{hosts.GROUPS}/1/type": "identity" if said.get("iommu") == "pt" else "DMA-FQ"})
    isolated = [part for part in said.get("isolcpus", "").split(",") if part[:1].isdigit()]
    build(root, {f"{CPUS}/isolated": ",".join(isolated), f"{CPUS}/nohz_full": said.get("nohz_full", "(null)")})
    build(root, {f"sys/module/{name}/parameters": DIRECTORY for name in modules_at_boot(root)})
    size, pages = "", re.compile(r"([0-9]+):([0-9]+)")
    for token in tokens:
        name, _sign, value = token.partition("=")
        if name == "hugepagesz":
            size = value
        elif name == "hugepages":
            kb = {"1G": GIB, "2M": 2048, "": 2048}[size]
            for number, count in pages.findall(value) or [("0", value)]:
                build(root, pool(number, kb, int(count)))


def modules_at_boot(root):
    path = f"{root}/etc/modules-load.d/kernel-bypass-sriov.conf"
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.strip().replace("-", "_") for line in file if line.strip() and not line.startswith("#")]


def owned(root):
    """Tokens that are noted as ours."""
    with open(f"{root}/etc/kernel-bypass-sriov/kernel-arguments.json", encoding="utf-8") as file:
        return [(each["token"], each["replaced"]) for each in json.load(file)["arguments"]]
