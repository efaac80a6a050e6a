"""What each command of the lab's command line does; each returns its exit status."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from lab import frames, image, vm
from lab.errors import LabError
from lab.joining import Join
from lab.load import Burst, Load
from lab.progress import Progress
from lab.recipe import DEFAULT_RELEASE, GRUB_RELEASE, recipe_for
from lab.spec import VmSpec
from lab.state import StateDirectory, all_names
from lab.vm import Vm


def image_(options: argparse.Namespace) -> int:
    """``lab image``"""
    print(image.ensure(recipe_for(options.release), Progress()).directory)
    return 0


def asked_for(options: argparse.Namespace) -> VmSpec:
    """The VM that ``lab up`` is asked for."""
    return VmSpec(
        name=options.name,
        release=options.release or (GRUB_RELEASE if options.boot == "grub" else DEFAULT_RELEASE),
        nics=tuple(options.nic or VmSpec.nics),
        mgmt=options.mgmt,
        cpus=options.cpus,
        memory=options.memory,
        iommu=not options.no_iommu,
        icount=options.icount,
        boot=options.boot,
        numa=options.numa,
    )


def up(options: argparse.Namespace) -> int:
    """``lab up``"""
    Vm.up(asked_for(options), owner=options.owner)
    return 0


def reboot(options: argparse.Namespace) -> int:
    """``lab reboot``"""
    progress = Progress()
    done = Vm.attach(options.name).reboot(options.hard, progress)
    progress.say(f"VM {options.name!r} has booted again in {done.seconds:.1f} s; its systemd says: {done.system}")
    return 0


def down(options: argparse.Namespace) -> int:
    """``lab down``"""
    progress = Progress()
    for name in all_names() if options.all else [options.name]:
        was_up = vm.down(name, now=options.now)
        progress.say(f"VM {name!r} {'is down' if was_up else 'was not running'}")
    return 0


def running() -> list[Vm]:
    """All VMs that run now."""
    states = ((directory, directory.load()) for directory in map(StateDirectory, all_names()))
    return [Vm(directory, state) for directory, state in states if state is not None]


def status(options: argparse.Namespace) -> int:
    """``lab status``"""
    facts = [machine.facts() for machine in running()]
    if options.json:
        print(json.dumps(facts, indent=2))
        return 0
    if not facts:
        print("no lab VM is running")
    for fact in facts:
        print(
            f"{fact['name']}: {fact['phase']}, {fact['release']}, {fact['accelerator']}, pid {fact['pid']}, "
            f"ssh 127.0.0.1:{fact['ssh_port']}, up {fact['uptime']} s"
        )
        for nic in fact["nics"]:
            print(f"  nic {nic['index']}: {nic['kind']} {nic['pci_address']} {nic['mac']} wire {nic['wire']}")
    return 0


def ssh(options: argparse.Namespace) -> int:
    """``lab ssh``: several words are quoted for the guest's shell; a single one is given to it as it is."""
    remote = options.remote[0] if len(options.remote) == 1 else options.remote
    tty = not remote and sys.stdin.isatty()
    return subprocess.run(Vm.attach(options.name).ssh_command(remote, tty), check=False).returncode


def inventory(options: argparse.Namespace) -> int:
    """``lab inventory``"""
    print(Vm.attach(options.name).inventory(), end="")
    return 0


def send(options: argparse.Namespace) -> int:
    """``lab send``"""
    numbered = (
        frames.numbered(number, dst_mac=options.dst, src_mac=options.src, size=options.size, vlan=options.vlan)
        for number in range(options.count)
    )
    with Vm.attach(options.name).wire(options.wire, options.pcap) as wire:
        started = time.monotonic()
        count = wire.send_many(numbered, options.interval_us / 1_000_000)
    print(f"{count} frames sent in {time.monotonic() - started:.2f} s")
    return 0


def load(options: argparse.Namespace) -> int:
    """``lab load``"""
    flows = range(options.flows)
    bursts = [Burst.of_flow(flow, options.burst, options.dst, options.port) for flow in flows]
    machine = Vm.attach(options.name)
    started = time.monotonic()
    with machine.wire(options.wire) as wire:
        load_ = Load(wire, lambda request: machine.control(options.wire, request))
        count = load_.run(bursts, lambda: time.monotonic() < started + options.seconds)
    print(f"{count} frames sent in {time.monotonic() - started:.2f} s")
    return 0


def read(options: argparse.Namespace) -> int:
    """``lab read``"""
    wanted = frames.format_mac(frames.parse_mac(options.filter_dst)) if options.filter_dst else None
    end = time.monotonic() + options.seconds
    count = 0
    with Vm.attach(options.name).wire(options.wire, options.pcap) as wire:
        while options.count is None or count < options.count:
            data = wire.receive(max(0.0, end - time.monotonic()))
            if data is None:
                break
            frame = frames.Frame.parse(data)
            if wanted in (None, frame.dst_mac):
                count += 1
                print(frame, flush=True)
    print(f"{count} frames")
    return 0


def join(options: argparse.Namespace) -> int:
    """``lab join``"""
    paths = [Vm.attach(name).wire_path(index) for name, index in (options.one, options.other)]
    joined = Join(*paths)
    try:
        gone = joined.run(options.seconds)
        if gone:
            print(f"the VM of {gone} has ended")
    except KeyboardInterrupt:  # the usual end
        pass
    back, there = joined.passed
    print(f"{there} frames there, {back} back, {joined.lost} lost")
    return 0


def control(options: argparse.Namespace) -> int:
    """``lab control``"""
    try:
        request = json.loads(options.request)
    except ValueError as error:
        raise LabError(f"{options.request!r} is no JSON: {error}.") from error
    print(json.dumps(Vm.attach(options.name).control(options.wire, request), indent=2))
    return 0


def log(options: argparse.Namespace) -> int:
    """``lab log``"""
    directory = StateDirectory(options.name)
    logs = sorted(directory.path.glob("serial*.log"))
    if not logs:
        raise LabError(f"There is no serial log of a VM {options.name!r}.")
    for path in logs:
        if len(logs) > 1:
            print(f"==> {path} <==")
        print(path.read_text(encoding="utf-8", errors="replace"), end="")
    return 0


COMMANDS = {
    "image": image_,
    "up": up,
    "reboot": reboot,
    "down": down,
    "status": status,
    "ssh": ssh,
    "inventory": inventory,
    "send": send,
    "load": load,
    "read": read,
    "join": join,
    "control": control,
    "log": log,
}
