# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Where the kernel shows things: names for sentences, and for the layer that opens them (kernel/)."""

from __future__ import annotations

PCI_DEVICES = "/sys/bus/pci/devices"
PCI_DRIVERS = "/sys/bus/pci/drivers"
PCI_PROBE = "/sys/bus/pci/drivers_probe"
VIRTIO_DEVICES = "/sys/bus/virtio/devices"
INTERFACES = "/sys/class/net"
IOMMU_GROUPS = "/sys/kernel/iommu_groups"
LOCKDOWN = "/sys/kernel/security/lockdown"
MODULES = "/sys/module"
NO_IOMMU_PARAMETER = f"{MODULES}/vfio/parameters/enable_unsafe_noiommu_mode"
NETMAP_HOLDERS = f"{MODULES}/netmap/holders"
VFIO_PCI_HOLDERS = f"{MODULES}/vfio_pci_core/holders"
CPUS_ONLINE = "/sys/devices/system/cpu/online"
NUMA_NODES = "/sys/devices/system/node"
HUGEPAGES = "/sys/kernel/mm/hugepages"
PROCESSES = "/proc"
LOCKS = f"{PROCESSES}/locks"
NETWORK_NAMESPACE = "net:["  # how a link to one begins, its inode behind it
SOCKET_FAMILIES = "/proc/net/protocols"
IPTABLES_TABLES = "/proc/net/ip_tables_names"  # those of iptables-legacy that are in use
PF_RING = "/proc/net/pf_ring/dev"
KERNEL_CONFIG = "/proc/config.gz"
DEVICE_NODES = "/dev"
VFIO_NODES = "/dev/vfio"
VFIO_CONTAINER = f"{VFIO_NODES}/vfio"  # every program that uses vfio has it open, whatever its device
INFINIBAND_NODES = "/dev/infiniband"
INFINIBAND = "/sys/class/infiniband"
INFINIBAND_VERBS = "/sys/class/infiniband_verbs"
INFINIBAND_MAD = "/sys/class/infiniband_mad"
VDPA_DEVICES = "/sys/bus/vdpa/devices"
VHOST_VDPA_NODES = "/dev/vhost-vdpa-"
PTP_NODES = "/dev/ptp"
LIBVIRT = "/etc/libvirt/qemu"
NAMED_NAMESPACES = "/run/netns"
SYSTEMD = "/run/systemd/system"  # there where it runs the host: sd_booted(3)
UDEV = "/run/udev"
UDEV_INTERFACES = f"{UDEV}/data/n"  # and the ifindex: what udev keeps of an interface, once it has worked it off
UPTIME = "/proc/uptime"
TCP_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
NOTHING = "/dev/null"  # a file that is a link to it says nothing, and masks those of its name in other folders
KERNEL_ARGUMENTS = "/proc/cmdline"
GENERATED_UNITS = ("/run/systemd/generator", "/run/systemd/generator.late", SYSTEMD)

# Where settings are: each program's folder below all of these, the first counting most (systemd.unit(5), udev(7),
# modprobe.d(5), NetworkManager.conf(5)). /lib is another directory than /usr/lib on hosts that were upgraded for long.
SETTINGS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


def settings_folders(name: str) -> tuple[str, ...]:
    """All that there are for "udev/rules.d"."""
    return tuple(f"{each}/{name}" for each in SETTINGS)


def udev_data(ifindex: int) -> str:
    """What udev has found out about an interface: lines like E:KEY=VALUE."""
    return f"/run/udev/data/n{ifindex}"


def networkd_state(ifindex: int) -> str:
    """What systemd-networkd says of an interface: lines like KEY=VALUE."""
    return f"/run/systemd/netif/links/{ifindex}"


KERNEL_LINE = f"{PROCESSES}/cmdline"
MOUNTS = f"{PROCESSES}/mounts"
ACPI_TABLES = "/sys/firmware/acpi/tables"
EFI_VARIABLES = "/sys/firmware/efi/efivars"
CPUS_ISOLATED = "/sys/devices/system/cpu/isolated"
CPUS_NOHZ_FULL = "/sys/devices/system/cpu/nohz_full"
DMA_ENTRY_LIMIT = f"{MODULES}/vfio_iommu_type1/parameters/dma_entry_limit"

# Of boot loaders.
BOOT = "/boot"
KERNEL_TREES = "/lib/modules"
GRUB_CONFIG = f"{BOOT}/grub/grub.cfg"
GRUB2_CONFIG = f"{BOOT}/grub2/grub.cfg"
GRUB2_VARIABLES = f"{BOOT}/grub2/grubenv"
ENTRIES = f"{BOOT}/loader/entries"
ENTRIES_OF_ESP = (ENTRIES, "/efi/loader/entries", f"{BOOT}/efi/loader/entries")
LOADER_SETTINGS = (f"{BOOT}/loader/loader.conf", "/efi/loader/loader.conf", f"{BOOT}/efi/loader/loader.conf")
UNIFIED_IMAGES = (f"{BOOT}/EFI/Linux", "/efi/EFI/Linux", f"{BOOT}/efi/EFI/Linux")
SYSCTL = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
OSTREE_BOOTED = "/run/ostree-booted"


def node_pages(node: int, size_kb: int) -> str:
    """The number of hugepages of a size on a node; -1 stands for a kernel that knows no nodes."""
    base = HUGEPAGES if node < 0 else f"{NUMA_NODES}/node{node}/hugepages"
    return f"{base}/hugepages-{size_kb}kB/nr_hugepages"


def boot_config(release: str) -> str:
    """The configuration that a distribution's kernel is built with."""
    return f"/boot/config-{release}"


def module_tree(release: str) -> str:
    """The modules of a kernel, and what is listed of them."""
    return f"/lib/modules/{release}"


def pf_ring_interface(name: str) -> str:
    """What the module pf_ring tells of an interface."""
    return f"{PF_RING}/{name}/info"


def vfio_node(group: int | str) -> str:
    """The node of an IOMMU group."""
    return f"{VFIO_NODES}/{group}"


def no_iommu_node(group: int | str) -> str:
    """The node of a group that vfio made up in its no-IOMMU mode."""
    return f"{VFIO_NODES}/noiommu-{group}"


def vfio_device_node(name: str) -> str:
    """The node of one device, beside that of its group (Linux 6.6 and later): "vfio0"."""
    return f"{VFIO_NODES}/devices/{name}"


def uio_node(name: str) -> str:
    return f"{DEVICE_NODES}/{name}"


def device_node(name: str) -> str:
    """ "ptp0", "vhost-vdpa-0"."""
    return f"{DEVICE_NODES}/{name}"


def infiniband_node(name: str) -> str:
    """ "uverbs0"."""
    return f"{INFINIBAND_NODES}/{name}"


TRANSIENT_UNITS = "/run/systemd/transient"

# Ours. What is below /run is of this boot alone.
RUN = "/run/kernel-bypass-sriov"
LOCK = f"{RUN}/lock"
JOURNALS = f"{RUN}/journal"
BLOCKED = f"{RUN}/blocked"
STOPPED_UNITS = f"{RUN}/units.json"
CONFIRM = f"{RUN}/confirm"
PENDING = f"{CONFIRM}/pending.json"
GOING_BACK = f"{CONFIRM}/going-back.json"
CONFIRM_PROGRAM = f"{CONFIRM}/program"
WENT_BACK = f"{RUN}/went-back.json"
DROP_COST = f"{RUN}/drop-cost.json"
BPF = f"{RUN}/bpf"  # a bpffs of our own: nobody but root can reach a map below /sys/fs/bpf
RUNTIME = "/run"  # where units have a directory of their own while they run: RuntimeDirectory=
LIBRARY = "/var/lib/kernel-bypass-sriov"
RECORD = f"{LIBRARY}/before.json"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


DROP_PROGRAM = f"{BPF}/drop"  # for the moment in which it is attached


def queue_pins(name: str) -> str:
    """The directory of what is pinned for the AF_XDP queues of an interface."""
    return f"{BPF}/{name}"


def queue_map(name: str) -> str:
    """The map into which sockets are put, by their queue: what a program needs that reads from one."""
    return f"{queue_pins(name)}/xsks_map"


def queue_program(name: str) -> str:
    return f"{queue_pins(name)}/prog"


# Of the boot unit. A generation is all that runs at boot, in a directory that is named by its content.
INSTALLED = "/usr/local/lib/kernel-bypass-sriov"
GENERATIONS = f"{INSTALLED}/generations"
CURRENT = f"{INSTALLED}/current"  # a link to one of them; the one before it is kept: `previous`
PREVIOUS = f"{INSTALLED}/previous"
ENGINE = "engine"  # below a generation: `python3 -I ENGINE`
BOOT_DESIRED = "desired.json"  # below a generation
BOOT_UNIT = "kernel-bypass-sriov.service"
UNIT_FILES = "/etc/systemd/system"
COMMAND = "/usr/local/sbin/kernel-bypass-sriov"
BOOT_RESULT = f"{RUN}/result.json"  # of this boot
LAST_RESULT = f"{LIBRARY}/last.json"  # the same, and outlives boots
BOOT_FILES = "files"  # below a generation: copies of its files elsewhere, by their whole path
BOOT_DUE = f"{RUN}/due.json"
BOOT_CHECK = "kernel-bypass-sriov-check"  # unit and timer
HOME = "/home"
UDEV_CONTROL = "/run/udev/control"
METRICS = ("/var/lib/prometheus/node-exporter", "/var/lib/node_exporter")
METRICS_FILE = "kernel-bypass-sriov.prom"  # in a directory of Prometheus' textfile collector

# The marks that keep network managers away from VFs.
MARK_RULES = "/etc/udev/rules.d/60-kernel-bypass-sriov.rules"
MARK_NETWORK = "/etc/systemd/network/05-kernel-bypass-sriov.network"
OURS = "kernel-bypass-sriov"  # in the name of every file of ours
CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
