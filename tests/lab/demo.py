"""The demonstration: one NIC serves the kernel and DPDK at once. Run by scripts/demo."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from lab import demo_queue
from lab.delivery import INTERVAL, Delivery, Stream, send
from lab.demo_queue import Line
from lab.errors import LabError
from lab.receivers import DpdkReceiver, KernelReceiver
from lab.spec import VmSpec
from lab.telling import heading, play, show, table
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
    parser.add_argument(
        "--queue", action="store_true", help="a second act in the same VM: a queue of the PF for AF_XDP, without VFs"
    )
    options = parser.parse_args(arguments)
    try:
        spec = VmSpec(name="demo", release=options.release, nics=("82599",), cpus=CPUS)
        return run(spec, options.keep, options.queue)
    except LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return 130


def run(spec: VmSpec, keep: bool, queue: bool) -> int:
    """The whole story; the exit status is 0 only if every proof held."""
    heading("1/5  A machine with one Intel 82599, all of it the kernel's")
    vm = Vm.up(spec, owner=None if keep else os.getpid())
    try:
        lines = story(vm)
        if queue:
            return demo_queue.second_act(vm, lines, VARIABLES)
        return 0 if all(line.enough for line in lines) else 1
    finally:
        if keep:
            print(f"\nThe VM is still up: scripts/lab ssh --name {vm.name}; scripts/lab down --name {vm.name}")
        else:
            vm.down(now=True)


def story(vm: Vm) -> list[Line]:
    show(vm, "lspci -k -s 01: | grep -v Subsystem")
    queues = show(vm, "ethtool -l enp1s0 | tail -2")
    heading("2/5  ansible-playbook kernel_bypass.sriov.provision")
    print(VARIABLES)
    play(vm, "provision", VARIABLES)
    heading("     … and once more: nothing may change")
    play(vm, "provision", VARIABLES, idempotent=True)
    heading("3/5  What the machine has become")
    show(vm, "lspci -k -s 01: | grep -v Subsystem")
    show(vm, "ethtool -l enp1s0 | tail -2")
    print(f"  The price: with 1 to 31 VFs the PF's RSS group has at most 4 queues. Here it had {queues.split()[-1]}.")
    heading("4/5  The rule takes one flow out of the PF's traffic")
    show(vm, "ethtool -n enp1s0 | grep -E 'Rule|Dest|Action'")
    print(f"  It is the kernel's `ethtool -N enp1s0 {RULE}`: VF 0, queue 0 is 1 << 32.")
    heading(f"5/5  {FRAMES} frames each of three kinds into the NIC's cable, one every {INTERVAL * 1000:g} ms")
    return traffic(vm)


def traffic(vm: Vm) -> list[Line]:
    """The frames and the table. Both flows of the PF carry its MAC address; the rule alone tells them apart.

    VF 1's frames go to the other port: the rule holds in all pools and would take its frames as well.
    """
    vf = interface(vm, KERNEL_VF)
    vm.ssh(["ip", "link", "set", vf, "up"])
    with contextlib.ExitStack() as stack:
        stack.callback(vm.ssh, ["ip", "link", "set", vf, "down"])  # what is up is in use, and would not be taken away
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


def verdict(vm: Vm, functions: list[Function], streams: list[Stream], deliveries: list[Delivery]) -> list[Line]:
    """The table, from sysfs and the counters; it says whether all is as promised."""
    names = {function.mac: function.name for function in functions}
    rows = [("", "PCI address", "MAC", "driver", "IOMMU group", "sent to", "UDP port", "sent", "received", "by", "")]
    lines = []
    for function, stream, delivery in zip(functions, streams, deliveries, strict=True):
        dpdk = isinstance(stream.receiver, DpdkReceiver)
        enough = delivery.received >= delivery.sent * (DPDK_SHARE if dpdk else 1)
        base = f"/sys/bus/pci/devices/{function.address}"
        driver, group = vm.ssh(f"basename -a $(readlink {base}/driver {base}/iommu_group)").stdout.split()
        by = "DPDK" if dpdk else "kernel"
        line = Line("1", function.name, f"{names[stream.dst_mac]}'s MAC", stream.dport, delivery, by, enough)
        rows.append((function.name, function.address, function.mac, driver, group, *line.told()))
        lines.append(line)
    print(f"\n{table(rows)}")
    held = all(line.enough for line in lines)
    print(
        "\n  One NIC, the kernel's and DPDK's at once." if held else "\n  Frames are missing: the proof does not hold."
    )
    return lines


def interface(vm: Vm, address: str) -> str:
    return vm.ssh(["ls", f"/sys/bus/pci/devices/{address}/net"]).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
