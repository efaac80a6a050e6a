"""The demonstration: one NIC serves the kernel and DPDK at once. Run by scripts/demo."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.delivery import INTERVAL, Delivery, Stream, send
from lab.errors import LabError
from lab.receivers import DpdkReceiver, KernelReceiver
from lab.spec import VmSpec
from lab.vm import Vm

PF, DPDK_VF, KERNEL_VF = "0000:01:00.0", "0000:01:10.0", "0000:01:10.2"
FRAMES = 1000
DPDK_SHARE = 0.99  # of the frames sent; the kernel must have them all
CPUS = 8
STEERED, OTHER = 4321, 4322  # UDP ports
RULE = f"flow-type udp4 dst-ip 10.0.0.2 dst-port {STEERED} action 4294967296"
VARIABLES = f"""\
provision_pfs:
  enp1s0:
    num_vfs: 2
    min_rss_queues: 4
    vfs:
      - {{vf: all, mac: auto}}
      - {{vf: 0, driver: vfio-pci}}
      - {{vf: 1, driver: default}}
    rules:
      - {{flow_type: udp4, dst_ip: 10.0.0.2, dst_port: {STEERED}, vf: 0, queue: 0}}
"""
SETTINGS = """\
[defaults]
display_skipped_hosts = false
callback_result_format = yaml
[connection]
pipelining = true
"""


@dataclass(frozen=True)
class Function:
    """A PCI function of the NIC."""

    name: str
    address: str
    mac: str


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="Boots a VM with an SR-IOV NIC and shares the NIC."
    )
    parser.add_argument("--keep", action="store_true", help="leave the VM up, to look around in it")
    parser.add_argument("--release", default="trixie", choices=["trixie", "bookworm"], help="Debian in the VM")
    options = parser.parse_args(arguments)
    try:
        return run(VmSpec(name="demo", release=options.release, nics=("82599",), cpus=CPUS), options.keep)
    except LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return 130


def run(spec: VmSpec, keep: bool) -> int:
    """The whole story; the exit status is 0 only if every proof held."""
    heading("1/5  A machine with one Intel 82599, all of it the kernel's")
    vm = Vm.up(spec, owner=None if keep else os.getpid())
    try:
        return story(vm)
    finally:
        if keep:
            print(f"\nThe VM is still up: scripts/lab ssh --name {vm.name}; scripts/lab down --name {vm.name}")
        else:
            vm.down(now=True)


def story(vm: Vm) -> int:
    show(vm, "lspci -k -s 01: | grep -v Subsystem")
    queues = show(vm, "ethtool -l enp1s0 | tail -2")
    with tempfile.TemporaryDirectory() as scratch:
        heading("2/5  ansible-playbook kernel_bypass.sriov.provision")
        print(VARIABLES)
        provision(vm, Path(scratch))
        heading("     … and once more: nothing may change")
        provision(vm, Path(scratch), idempotent=True)
    heading("3/5  What the machine has become")
    show(vm, "lspci -k -s 01: | grep -v Subsystem")
    show(vm, "ethtool -l enp1s0 | tail -2")
    print(f"  The price: with 1 to 31 VFs the PF's RSS group has at most 4 queues. Here it had {queues.split()[-1]}.")
    heading("4/5  The rule takes one flow out of the PF's traffic")
    show(vm, "ethtool -n enp1s0 | grep -E 'Rule|Dest|Action'")
    print(f"  It is the kernel's `ethtool -N enp1s0 {RULE}`: VF 0, queue 0 is 1 << 32.")
    heading(f"5/5  {FRAMES} frames each of three kinds into the NIC's cable, one every {INTERVAL * 1000:g} ms")
    return traffic(vm)


def provision(vm: Vm, scratch: Path, idempotent: bool = False) -> None:
    """``ansible-playbook -i VM -e @VARIABLES kernel_bypass.sriov.provision``, its output as it comes."""
    inventory, variables = scratch / "inventory.yml", scratch / "variables.yml"
    inventory.write_text(vm.inventory())
    variables.write_text(VARIABLES)
    command = ["ansible-playbook", "-i", str(inventory), "-e", "provision_hosts=all", "-e", f"@{variables}"]
    # In place of whatever ansible.cfg the user has.
    settings = scratch / "ansible.cfg"
    settings.write_text(SETTINGS)
    environment = {**os.environ, "ANSIBLE_CONFIG": str(settings)}
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


def traffic(vm: Vm) -> int:
    """The frames and the table. Both flows of the PF carry its MAC address; the rule alone tells them apart.

    VF 1's frames go to the other port: the rule holds in all pools and would take its frames as well.
    """
    vf = interface(vm, KERNEL_VF)
    vm.ssh(["ip", "link", "set", vf, "up"])
    with contextlib.ExitStack() as stack:
        dpdk = stack.enter_context(DpdkReceiver(vm, DPDK_VF))
        pf = stack.enter_context(KernelReceiver(vm, "enp1s0", OTHER))
        kernel_vf = stack.enter_context(KernelReceiver(vm, vf, OTHER))
        streams = [Stream(pf, pf.mac, OTHER), Stream(dpdk, pf.mac, STEERED), Stream(kernel_vf, kernel_vf.mac, OTHER)]
        deliveries = send(vm, streams, FRAMES)
    functions = [
        Function("PF", PF, pf.mac),
        Function("VF 0", DPDK_VF, dpdk.mac),
        Function("VF 1", KERNEL_VF, kernel_vf.mac),
    ]
    return verdict(vm, functions, streams, deliveries)


def verdict(vm: Vm, functions: list[Function], streams: list[Stream], deliveries: list[Delivery]) -> int:
    """The table, from sysfs and the counters, and whether all is as promised."""
    names = {function.mac: function.name for function in functions}
    rows = [("", "PCI address", "MAC", "driver", "IOMMU group", "sent to", "UDP port", "sent", "received", "by", "")]
    held = True
    for function, stream, delivery in zip(functions, streams, deliveries, strict=True):
        dpdk = isinstance(stream.receiver, DpdkReceiver)
        enough = delivery.received >= delivery.sent * (DPDK_SHARE if dpdk else 1)
        held = held and enough
        base = f"/sys/bus/pci/devices/{function.address}"
        driver, group = vm.ssh(f"basename -a $(readlink {base}/driver {base}/iommu_group)").stdout.split()
        to = f"{names[stream.dst_mac]}'s MAC", str(stream.dport), str(delivery.sent), str(delivery.received)
        by = "DPDK" if dpdk else "kernel", "ok" if enough else "MISSING"
        rows.append((function.name, function.address, function.mac, driver, group, *to, *by))
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


def show(vm: Vm, command: str) -> str:
    print(f"  # {command}")
    output = vm.ssh(command).stdout
    for line in output.splitlines():
        print(f"  {line}")
    return output


def heading(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
