"""The demonstration: one NIC serves the kernel and DPDK at once. Run by scripts/demo."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.delivery import INTERVAL, deliver
from lab.errors import LabError
from lab.receivers import Delivery
from lab.spec import VmSpec
from lab.vm import Vm

PF, DPDK_VF, KERNEL_VF = "0000:01:00.0", "0000:01:10.0", "0000:01:10.2"
FRAMES = 1000
DPDK_SHARE = 0.99  # of the frames sent; the kernel must have them all
VARIABLES = """\
provision_pfs:
  - pf: enp1s0
    num_vfs: 2
    drivers:
      - {vfs: "0", driver: vfio-pci}
      - {vfs: "1", driver: default}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="Boots a VM with an SR-IOV NIC and shares the NIC."
    )
    parser.add_argument("--keep", action="store_true", help="leave the VM up, to look around in it")
    parser.add_argument("--release", default="trixie", choices=["trixie", "bookworm"], help="Debian in the VM")
    options = parser.parse_args(arguments)
    try:
        return run(VmSpec(name="demo", release=options.release), options.keep)
    except LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def run(spec: VmSpec, keep: bool) -> int:
    """The whole story; the exit status is 0 only if every proof held."""
    heading("1/4  A machine with one SR-IOV NIC, all of it the kernel's")
    vm = Vm.up(spec, owner=None if keep else os.getpid())
    try:
        show(vm, "lspci -k -s 01: | grep -v Subsystem")
        return story(vm)
    finally:
        if keep:
            print(f"\nThe VM is still up: scripts/lab ssh --name {vm.name}; scripts/lab down --name {vm.name}")
        else:
            vm.down(now=True)


def story(vm: Vm) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        heading("2/4  ansible-playbook kernel_bypass.sriov.provision")
        print(VARIABLES)
        provision(vm, Path(scratch))
        heading("3/4  What the machine has become")
        show(vm, "lspci -k -s 01: | grep -v Subsystem")
        heading("    … and once more: nothing may change")
        provision(vm, Path(scratch), idempotent=True)
    vf = interface(vm, KERNEL_VF)
    vm.ssh(["ip", "link", "set", vf, "up"])
    heading(f"4/4  {FRAMES} frames to each of three MAC addresses, one every {INTERVAL * 1000:g} ms")
    deliveries = deliver(vm, [interface(vm, PF), vf], [DPDK_VF], FRAMES)
    return verdict(vm, dict(zip((DPDK_VF, PF, KERNEL_VF), deliveries, strict=True)))


def provision(vm: Vm, scratch: Path, idempotent: bool = False) -> None:
    """``ansible-playbook -i VM -e @VARIABLES kernel_bypass.sriov.provision``, its output as it comes."""
    inventory, variables = scratch / "inventory.yml", scratch / "variables.yml"
    inventory.write_text(vm.inventory())
    variables.write_text(VARIABLES)
    command = ["ansible-playbook", "-i", str(inventory), "-e", "provision_hosts=all", "-e", f"@{variables}"]
    settings = {"PIPELINING": "1", "DISPLAY_SKIPPED_HOSTS": "0", "CALLBACK_RESULT_FORMAT": "yaml", "CONFIG": os.devnull}
    environment = {**os.environ, **{f"ANSIBLE_{name}": value for name, value in settings.items()}}
    printed = []
    with subprocess.Popen(
        [*command, "kernel_bypass.sriov.provision"], env=environment, stdout=subprocess.PIPE, text=True
    ) as playbook:
        for line in playbook.stdout or ():
            printed.append(line)
            if line.strip():
                print(f"  {line}", end="", flush=True)
    if playbook.returncode != 0:
        raise LabError("the playbook failed")
    if idempotent and "changed=0 " not in printed[-1] + printed[-2]:
        raise LabError("the second run changed something")


def verdict(vm: Vm, deliveries: dict[str, Delivery]) -> int:
    """The table, from sysfs and the two counters, and whether all is as promised."""
    rows = [("", "PCI address", "MAC", "driver", "IOMMU group", "received by", "sent", "received", "")]
    held = True
    for name, address in (("PF", PF), ("VF 0", DPDK_VF), ("VF 1", KERNEL_VF)):
        delivery = deliveries[address]
        by = "DPDK" if address == DPDK_VF else "kernel"
        enough = delivery.received >= delivery.sent * (DPDK_SHARE if by == "DPDK" else 1)
        held = held and enough
        base = f"/sys/bus/pci/devices/{address}"
        driver, group = vm.ssh(f"basename -a $(readlink {base}/driver {base}/iommu_group)").stdout.split()
        counts = str(delivery.sent), str(delivery.received)
        rows.append((name, address, delivery.mac, driver, group, by, *counts, "ok" if enough else "MISSING"))
    print()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(
        "\n  One NIC, the kernel's and DPDK's at once." if held else "\n  Frames are missing: the proof does not hold."
    )
    return 0 if held else 1


def interface(vm: Vm, address: str) -> str:
    return vm.ssh(["ls", f"/sys/bus/pci/devices/{address}/net"]).stdout.strip()


def show(vm: Vm, command: str) -> None:
    print(f"  # {command}")
    for line in vm.ssh(command).stdout.splitlines():
        print(f"  {line}")


def heading(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
