"""The proof that the NIC is shared: frames to each function's MAC, counted where they arrive."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from lab import frames
from lab.receivers import Delivery, DpdkReceiver, KernelReceiver, settled
from lab.vm import Vm

INTERVAL = 0.002  # seconds between frames: a burst overflows the ring of a TCG guest


def deliver(vm: Vm, kernel_interfaces: list[str], dpdk_addresses: list[str], count: int = 1000) -> list[Delivery]:
    """Send `count` frames to each receiver through wire 0, all in the same run, and count them in the guest.

    :param kernel_interfaces: interfaces that are up, whose frames the kernel shall get.
    :param dpdk_addresses: PCI addresses of functions bound to vfio-pci, whose frames dpdk-testpmd shall get.
    """
    with contextlib.ExitStack() as stack:
        receivers: dict[str, KernelReceiver | DpdkReceiver] = {}
        for address in dpdk_addresses:
            receivers[f"DPDK on {address}"] = stack.enter_context(DpdkReceiver(vm, address))
        for interface in kernel_interfaces:
            receivers[f"kernel on {interface}"] = stack.enter_context(KernelReceiver(vm, interface))
        wire = stack.enter_context(vm.wire(0))
        wire.send_many(_interleaved([receiver.mac for receiver in receivers.values()], count), INTERVAL)
        counts = settled(receivers, count)
    return [Delivery(name, receiver.mac, count, counts[name]) for name, receiver in receivers.items()]


def _interleaved(macs: list[str], count: int) -> Iterator[bytes]:
    for number in range(count):
        for mac in macs:
            yield frames.numbered(number, dst_mac=mac)
