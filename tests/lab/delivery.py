"""The proof that the NIC is shared: frames into its cable, counted where they arrive."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from lab import frames
from lab.receivers import DpdkReceiver, KernelReceiver, XskReceiver
from lab.vm import Vm

INTERVAL = 0.002  # seconds between frames: a burst overflows the ring of a TCG guest
SETTLE = 15.0  # seconds after which what has not arrived is lost


@dataclass(frozen=True)
class Stream:
    """Frames to one MAC address and UDP port, and who shall get them."""

    receiver: KernelReceiver | DpdkReceiver | XskReceiver
    dst_mac: str
    dport: int = frames.TEST_PORT


@dataclass(frozen=True)
class Delivery:
    """What became of a stream."""

    dst_mac: str
    sent: int
    received: int


def deliver(vm: Vm, kernel_interfaces: list[str], dpdk_addresses: list[str], count: int = 1000) -> list[Delivery]:
    """Send `count` frames to the MAC of each receiver, DPDK's first, all in the same run, and count them.

    :param kernel_interfaces: interfaces that are up, whose frames the kernel shall get.
    :param dpdk_addresses: PCI addresses of functions bound to vfio-pci, whose frames dpdk-testpmd shall get.
    """
    with contextlib.ExitStack() as stack:
        receivers: list[KernelReceiver | DpdkReceiver] = [
            *(stack.enter_context(DpdkReceiver(vm, address)) for address in dpdk_addresses),
            *(stack.enter_context(KernelReceiver(vm, interface)) for interface in kernel_interfaces),
        ]
        return send(vm, [Stream(receiver, receiver.mac) for receiver in receivers], count)


def send(vm: Vm, streams: list[Stream], count: int) -> list[Delivery]:
    """Send `count` frames of each stream through wire 0, taking turns, and count them at their receivers."""
    with vm.wire(0) as wire:
        wire.send_many(_in_turns(streams, count), INTERVAL)
        counts = _settled(streams, count)
    return [Delivery(stream.dst_mac, count, got) for stream, got in zip(streams, counts, strict=True)]


def _in_turns(streams: list[Stream], count: int) -> Iterator[bytes]:
    for number in range(count):
        for stream in streams:
            yield frames.numbered(number, dst_mac=stream.dst_mac, dport=stream.dport)


def _settled(streams: list[Stream], expected: int) -> list[int]:
    """The counts once all have what is expected, or once the time is over."""
    end = time.monotonic() + SETTLE
    while True:
        counts = [stream.receiver.received() for stream in streams]
        if all(count >= expected for count in counts) or time.monotonic() > end:
            return counts
        time.sleep(1)
