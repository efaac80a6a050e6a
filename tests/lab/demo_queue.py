"""The second act of the demonstration: a queue of the PF goes past the kernel, without any VF."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from lab.delivery import INTERVAL, Delivery, Stream, send
from lab.receivers import KernelReceiver, XskReceiver
from lab.telling import heading, play, show, table
from lab.vm import Vm

PF, QUEUE, USER = "enp1s0", 1, "capture"
FRAMES = 1000
STEERED, OTHER = 4321, 4322  # UDP ports
VARIABLES = f"""\
queue_bypass_pf: {PF}
queue_bypass_queues: [{QUEUE}]
queue_bypass_rules:
  - {{flow_type: udp4, dst_ip: 10.0.0.2, dst_port: {STEERED}, queue: {QUEUE}}}
queue_bypass_user: {USER}
queue_bypass_create_user: true
"""
HEADS = ("act", "", "sent to", "UDP port", "sent", "received", "by", "ns a packet", "")
CARRIER = f'for try in $(seq 300); do [ "$(cat /sys/class/net/{PF}/carrier)" = 1 ] && exit; sleep 0.1; done; exit 1'


@dataclass(frozen=True)
class Line:
    """Who got the frames of a stream.

    :param act: of the demonstration, "1" or "2".
    :param function: "VF 0", or "PF, queue 1".
    :param enough: as many came as have to.
    :param cost: nanoseconds of CPU time a packet; None where nobody measured it.
    """

    act: str
    function: str
    sent_to: str
    dport: int
    delivery: Delivery
    by: str
    enough: bool
    cost: float | None = None

    def told(self) -> tuple[str, ...]:
        sent, received = str(self.delivery.sent), str(self.delivery.received)
        return self.sent_to, str(self.dport), sent, received, self.by, "ok" if self.enough else "MISSING"

    def cells(self) -> tuple[str, ...]:
        cost = "-" if self.cost is None else f"{self.cost:,.0f}"
        return (self.act, self.function, *self.told()[:-1], cost, self.told()[-1])


def second_act(vm: Vm, of_vfs: Sequence[Line], provisioned: str) -> int:
    """The exit status is 0 only if every proof of both acts held.

    :param of_vfs: what came of the first act.
    :param provisioned: the variables that it gave to playbook provision.
    """
    heading("Second act, 1/4  ansible-playbook kernel_bypass.sriov.teardown: the VFs go")
    print("  This NIC's driver has XDP or VFs, not both.")
    play(vm, "teardown", provisioned)
    heading("Second act, 2/4  ansible-playbook kernel_bypass.sriov.queue_bypass")
    print(VARIABLES)
    play(vm, "queue_bypass", VARIABLES)
    heading("                 … and once more: nothing may change")
    play(vm, "queue_bypass", VARIABLES, idempotent=True)
    heading("Second act, 3/4  What the PF has become")
    show(vm, f"ip -d link show {PF} | grep -o 'prog/xdp.*'")
    show(vm, f"ls -l /run/kernel-bypass-sriov/bpf/{PF}")
    show(vm, f"ethtool -x {PF} | head -4")
    show(vm, f"ethtool -n {PF} | grep -E 'Rule|Dest|Action'")
    print(f"  No share of the RSS table leads to queue {QUEUE}: the rule alone does.")
    heading(f"Second act, 4/4  {FRAMES} frames to the reader and {FRAMES} others, one every {INTERVAL * 1000:g} ms")
    return verdict([*of_vfs, *traffic(vm)])


def traffic(vm: Vm) -> list[Line]:
    """Both flows carry the PF's MAC address; the rule alone tells them apart."""
    vm.ssh(CARRIER)
    with contextlib.ExitStack() as stack:
        kernel = stack.enter_context(KernelReceiver(vm, PF, OTHER))
        reader = stack.enter_context(XskReceiver(vm, PF, QUEUE, USER, FRAMES))
        streams = [Stream(kernel, kernel.mac, OTHER), Stream(reader, kernel.mac, STEERED)]
        others, steered = send(vm, streams, FRAMES)
        mode, cost = reader.mode, reader.cost()
    return [
        Line("2", "PF, other queues", "PF's MAC", OTHER, others, "kernel", others.received == FRAMES),
        Line(
            "2",
            f"PF, queue {QUEUE}",
            "PF's MAC",
            STEERED,
            steered,
            f"{USER}, AF_XDP ({mode})",
            steered.received == FRAMES,
            cost,
        ),
    ]


def verdict(lines: Sequence[Line]) -> int:
    """The table of both acts, and whether all is as promised."""
    held = all(line.enough for line in lines)
    print(f"\n{table([HEADS, *(line.cells() for line in lines)])}")
    print(
        "\n  ns a packet: CPU time of the reader, an ordinary user's program in Python on an emulated CPU. That is no\n"
        "  measure of AF_XDP: playbook kernel_vs_bypass is (docs/kernel-vs-bypass.md)."
    )
    print(
        "\n  One NIC, the kernel's and programs' at once: by VFs, and by a queue without any."
        if held
        else "\n  Frames are missing: the proof does not hold."
    )
    return 0 if held else 1
