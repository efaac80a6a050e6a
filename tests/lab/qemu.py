"""Builds QEMU's command line: a pure function of what the VM is and where its files are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lab import nics
from lab.image import Image
from lab.recipe import KERNEL_ARGUMENTS
from lab.spec import VmSpec

PROGRAM = "qemu-system-x86_64"
MANAGEMENT_MAC = "52:54:00:00:00:01"

# Slots on the root bus. The firmware numbers the buses behind root ports in slot order: the test NICs come first, so
# that card 0 is on bus 01 whatever the management NIC is.
_SLOT_MANAGEMENT = 0x02
_SLOT_DISK = 0x03
_SLOT_RNG = 0x04
_SLOT_FIRST_NIC = 0x10
_SLOT_MANAGEMENT_PORT = 0x1C

# With a thread for each CPU, QEMU 10.0 loses interrupts of a CPU's timer now and then: seen with four CPUs, every few
# minutes. Where one was lost, a timer that the guest sets anew each time stands still for ever, and a periodic one goes
# on. Where one stays in service for ever ("info lapic": ISR 236, and the CPU waits in hlt), the guest hangs, whatever
# its timers are. So the CPUs of larger guests take turns in one thread.
MAX_THREADS = 2
_TIMERS = {"tcg": ["nohz=off highres=off"]}


@dataclass(frozen=True)
class VmFiles:
    """The files of one VM, all in its state directory, except sockets where that path would be too long."""

    directory: Path
    sockets: Path

    @property
    def overlay(self) -> Path:
        return self.directory / "overlay.qcow2"

    @property
    def serial(self) -> Path:
        return self.directory / "serial.log"

    @property
    def private_key(self) -> Path:
        return self.directory / "id_ed25519"

    @property
    def qmp(self) -> Path:
        return self.sockets / "qmp.sock"

    @property
    def ssh_control(self) -> Path:
        return self.sockets / "ssh.sock"

    def wire(self, index: int) -> Path:
        """The far end of the cable of test NIC `index`."""
        return self.sockets / f"wire{index}.sock"


@dataclass(frozen=True)
class Launch:
    """What the keeper starts: QEMU, and what the NICs want in its environment and as processes beside it."""

    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[list[str]] = field(default_factory=list)


def accelerator_arguments(accelerator: str, cpus: int = 1) -> list[str]:
    """``kvm``, ``tcg``, or ``icount``: TCG by turns, whose instructions take 2 ns each (2 to the power of shift).

    While no CPU of such a guest has work, its clock goes with this machine's (sleep); it never waits for that (align).
    Without svm the guest loads no kvm_amd; without la57 a page walk has one level less.
    """
    if accelerator == "kvm":
        return ["-accel", "kvm", "-cpu", "host"]
    model = ["-cpu", "max,la57=off,svm=off"]
    if accelerator == "icount":
        return ["-accel", "tcg,thread=single", "-icount", "shift=1,sleep=on,align=off", *model]
    return ["-accel", f"tcg,thread={'multi' if cpus <= MAX_THREADS else 'single'}", *model]


def machine_arguments(spec: VmSpec, accelerator: str) -> list[str]:
    """The board. Devices that every q35 has and no test uses are switched off: each costs boot time."""
    return [
        "-machine",
        "q35,kernel-irqchip=split,sata=off,smbus=off,vmport=off,i8042=off,hpet=off",
        *accelerator_arguments(accelerator, spec.cpus),
        "-smp",
        # A node is a socket: the kernel warns of nodes that share one's cache.
        str(spec.cpus) if spec.numa == 1 else f"{spec.cpus},sockets={spec.numa}",
        "-m",
        f"{spec.memory}M",
        *_numa_arguments(spec),
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
    ]


def _numa_arguments(spec: VmSpec) -> list[str]:
    """CPUs and memory in equal parts. PCI devices belong to no node."""
    if spec.numa == 1:
        return []
    cpus, memory = spec.cpus // spec.numa, spec.memory // spec.numa
    arguments: list[str] = []
    for node in range(spec.numa):
        first = node * cpus
        arguments += ["-object", f"memory-backend-ram,id=memory{node},size={memory}M"]
        arguments += ["-numa", f"node,nodeid={node},cpus={first}-{first + cpus - 1},memdev=memory{node}"]
    return arguments


def _boot_arguments(spec: VmSpec, image: Image, accelerator: str) -> list[str]:
    """The kernel with its line; or GRUB, which QEMU takes for a kernel, and which finds both on the guest's disk."""
    if spec.boot == "grub":
        return ["-kernel", str(image.grub)]
    iommu = f"iommu=pt intel_iommu={'on' if spec.iommu else 'off'}"
    cpus = ["maxcpus=1"] if spec.late_cpus else []
    line = " ".join(["root=/dev/vda", KERNEL_ARGUMENTS, iommu, *cpus, *_TIMERS.get(accelerator, [])])
    return ["-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", line]


def _management(spec: VmSpec) -> list[str]:
    """User networking without a way out. Port 0: the system picks a free one, and QMP tells which."""
    arguments = ["-netdev", "user,id=mgmt,restrict=on,hostfwd=tcp:127.0.0.1:0-10.0.2.15:22"]
    if spec.mgmt == "igb":
        port = f"pcie-root-port,id=mgmtport,chassis=100,slot=100,addr={_SLOT_MANAGEMENT_PORT:#x}"
        return [*arguments, "-device", port, "-device", f"igb,romfile=,bus=mgmtport,netdev=mgmt,mac={MANAGEMENT_MAC}"]
    device = f"virtio-net-pci,romfile=,netdev=mgmt,mac={MANAGEMENT_MAC},addr={_SLOT_MANAGEMENT:#x}"
    return [*arguments, "-device", device]


def _root_ports(spec: VmSpec) -> list[str]:
    arguments: list[str] = []
    for card in range(len(spec.nics)):
        slot = _SLOT_FIRST_NIC + card
        port = f"pcie-root-port,id=port{card},chassis={card + 1},slot={card + 1},addr={slot:#x}"
        arguments += ["-device", port]
    return arguments


def place(nic: nics.Nic, files: VmFiles) -> nics.Place:
    """Where a test NIC sits."""
    bus, wire = f"port{nic.card}", files.wire(nic.index)
    return nics.Place(nic.index, bus, nic.mac, wire, files.sockets, nic.function, nic.kind.ports)


def _test_nics(spec: VmSpec, files: VmFiles) -> list[nics.Parts]:
    """Kinds that are made the same way together, with all their cards: they may share a library."""
    makers = dict.fromkeys(nic.kind.parts for nic in spec.test_nics)
    return [make([place(nic, files) for nic in spec.test_nics if nic.kind.parts == make]) for make in makers]


def launch(spec: VmSpec, image: Image, files: VmFiles, accelerator: str) -> Launch:
    """The whole command line of a lab VM."""
    spec.check()
    argv = [PROGRAM, "-name", f"lab-{spec.name}", *machine_arguments(spec, accelerator)]
    # The IOMMU comes before the devices that it serves.
    argv += ["-device", "intel-iommu,intremap=on"]
    argv += _boot_arguments(spec, image, accelerator)
    # The overlay is thrown away: no need to wait for the disk.
    argv += ["-drive", f"file={files.overlay},format=qcow2,if=none,id=disk,cache=unsafe"]
    argv += ["-device", f"virtio-blk-pci,drive=disk,addr={_SLOT_DISK:#x}"]
    argv += ["-device", f"virtio-rng-pci,addr={_SLOT_RNG:#x}"]
    argv += ["-serial", f"file:{files.serial}", "-qmp", f"unix:{files.qmp},server=on,wait=off"]
    argv += _root_ports(spec)
    cards = _test_nics(spec, files)
    for parts in cards:
        argv += parts.arguments
    return Launch(
        argv + _management(spec),
        {name: value for parts in cards for name, value in parts.environment.items()},
        [process for parts in cards for process in parts.processes],
    )


def trial_arguments(image: Image, serial: Path, accelerator: str) -> list[str]:
    """A guest that prints a word and powers off, on the same board (see ``guest/initramfs-init.sh``)."""
    spec = VmSpec(memory=512)
    return [
        PROGRAM,
        *machine_arguments(spec, accelerator),
        *("-device", "intel-iommu,intremap=on"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *("-append", "console=ttyS0 intel_iommu=on iommu=pt panic=-1 lab.trial", "-no-reboot"),
        *("-serial", f"file:{serial}"),
    ]
