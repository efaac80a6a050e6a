"""Arguments of the lab's command line."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import commands
from lab.errors import LabError
from lab.frames import DEFAULT_SRC_MAC, TEST_PORT
from lab.nics import KINDS
from lab.recipe import DEFAULT_RELEASE, GRUB_RELEASE, RECIPES
from lab.spec import BOOTS, MANAGEMENT, MAX_MEMORY, MAX_NUMA_NODES, VmSpec

_DESCRIPTION = """\
Throw-away VMs with an emulated SR-IOV NIC, on real Debian kernels and drivers.

  scripts/lab up                                   boot a VM (the first time: build its image)
  scripts/lab ssh -- ip -br link                   run a command in it, as root
  scripts/lab send --dst 02:00:00:00:01:00 --count 10
                                                   put frames on the cable of test NIC 0
  scripts/lab read --seconds 5                     show the frames that the guest sends
  scripts/lab join lab:0 lab:1                     make one cable of those of test NICs 0 and 1
  scripts/lab down                                 end it
"""


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="lab", help="name of the VM (default: lab)")


def _add_nic(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument("--wire", type=int, default=0, metavar="N", help="cable of test NIC N (default: 0)")


def _add_wire(parser: argparse.ArgumentParser) -> None:
    _add_nic(parser)
    parser.add_argument("--pcap", type=Path, metavar="FILE", help="also write what passes to this capture file")


def _add_up(parser: argparse.ArgumentParser) -> None:
    defaults = VmSpec()
    _add_name(parser)
    parser.add_argument(
        "--release", choices=RECIPES, help=f"Debian (default: {DEFAULT_RELEASE}; with GRUB: {GRUB_RELEASE})"
    )
    parser.add_argument(
        "--boot",
        choices=BOOTS,
        default=defaults.boot,
        help="who starts the kernel: QEMU, or the guest's own GRUB by /boot/grub/grub.cfg, which update-grub writes "
        f"from /etc/default/grub (default: {defaults.boot})",
    )
    parser.add_argument(
        "--nic",
        action="append",
        choices=KINDS,
        help="a test NIC, or two by 82599-dual, a card with two ports; repeat for more "
        f"(default: one {defaults.nics[0]}, at 0000:01:00.0)",
    )
    parser.add_argument("--no-iommu", action="store_true", help="boot the guest's kernel with its IOMMU off")
    parser.add_argument(
        "--icount",
        action="store_true",
        help="let the guest's clock count instructions, 2 ns each: what takes CPU time takes the same in every run",
    )
    parser.add_argument("--mgmt", choices=MANAGEMENT, default=defaults.mgmt, help="the NIC that carries SSH")
    parser.add_argument("--cpus", type=_positive, default=defaults.cpus, help=f"default: {defaults.cpus}")
    parser.add_argument(
        "--memory",
        type=_positive,
        default=defaults.memory,
        help=f"MiB, up to {MAX_MEMORY} (default: {defaults.memory})",
    )
    parser.add_argument(
        "--numa",
        type=int,
        choices=range(1, MAX_NUMA_NODES + 1),
        default=defaults.numa,
        help=f"NUMA nodes that CPUs and memory are split into (default: {defaults.numa})",
    )
    parser.add_argument(
        "--owner", type=_positive, metavar="PID", help="end the VM when this process ends, however it does"
    )


def _add_send(parser: argparse.ArgumentParser) -> None:
    _add_wire(parser)
    parser.add_argument("--dst", required=True, metavar="MAC", help="destination")
    parser.add_argument("--src", default=DEFAULT_SRC_MAC, metavar="MAC", help=f"source (default: {DEFAULT_SRC_MAC})")
    parser.add_argument("--count", type=_positive, default=1, help="frames (default: 1)")
    parser.add_argument("--interval-us", type=int, default=1000, help="microseconds between frames (default: 1000)")
    parser.add_argument("--size", type=_positive, default=64, help="bytes of a frame (default: 64)")
    parser.add_argument("--vlan", type=int, metavar="ID", help="802.1Q tag")


def _add_load(parser: argparse.ArgumentParser) -> None:
    _add_nic(parser)
    parser.add_argument("--dst", required=True, metavar="MAC", help="destination")
    parser.add_argument("--port", type=_positive, default=TEST_PORT, help=f"UDP destination (default: {TEST_PORT})")
    parser.add_argument("--burst", type=_positive, default=32, help="frames that come together (default: 32)")
    parser.add_argument("--flows", type=_positive, default=1, help="senders, a burst each in turns (default: 1)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long (default: 10)")


def _add_read(parser: argparse.ArgumentParser) -> None:
    _add_wire(parser)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--count", type=_positive, help="stop after this many frames")
    parser.add_argument("--filter-dst", metavar="MAC", help="only frames to this destination")


def _end_of_join(text: str) -> tuple[str, int]:
    """``NAME:N`` as the name of a VM and the number of its wire; without ``:N`` wire 0."""
    name, colon, number = text.partition(":")
    if not name or (colon and not number.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not like lab:1, a VM and the number of its test NIC")
    return name, int(number or 0)


def _add_join(parser: argparse.ArgumentParser) -> None:
    for name, metavar in (("one", "A"), ("other", "B")):
        parser.add_argument(
            name, type=_end_of_join, metavar=metavar, help="the cable of a test NIC: VM:N, or VM for that of test NIC 0"
        )
    parser.add_argument("--seconds", type=float, help="how long (default: until a VM ends, or until interrupted)")


def build_parser() -> argparse.ArgumentParser:
    """All commands; each sets `run` to a function of `commands`."""
    parser = argparse.ArgumentParser(
        prog="scripts/lab", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=text, description=text)
        sub.set_defaults(run=commands.COMMANDS[name])
        return sub

    add("image", "build the image of a release, if it is not in the cache").add_argument(
        "--release", choices=RECIPES, default=DEFAULT_RELEASE
    )
    _add_up(add("up", "boot a VM and wait until commands can be run in it"))
    again = add("reboot", "boot a VM again, and wait until it has started everything")
    _add_name(again)
    again.add_argument("--hard", action="store_true", help="by the reset button: the guest writes nothing more")
    down = add("down", "shut a VM down and remove its files")
    _add_name(down)
    down.add_argument("--all", action="store_true", help="every VM")
    down.add_argument("--now", action="store_true", help="without a shutdown of the guest")
    add("status", "list the VMs").add_argument("--json", action="store_true", help="for programs")
    ssh = add("ssh", "run a command in a VM, or open a shell there; its exit status is passed on")
    _add_name(ssh)
    ssh.add_argument("remote", nargs="*", metavar="-- COMMAND", help="a shell when left out")
    _add_name(add("inventory", "print an Ansible inventory of a VM"))
    _add_send(add("send", "send numbered UDP frames to a test NIC"))
    _add_load(add("load", "send bursts of UDP frames to an emulated 82599, each when the guest has taken the last one"))
    _add_read(add("read", "print the frames that come out of a test NIC"))
    _add_join(add("join", "join the cables of two test NICs: each gets what the other one sends"))
    control = add("control", "send a request to an emulated 82599: link, faults, statistics")
    _add_nic(control)
    control.add_argument("request", metavar="JSON", help='such as \'{"cmd": "link", "up": false}\'')
    _add_name(add("log", "print the serial log of a VM"))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 1 with one clear message when it cannot be done."""
    if sys.hexversion < 0x030B0000:
        print("lab: Python 3.11 or newer is needed", file=sys.stderr)
        return 1
    # A terminated command cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        return status
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"lab: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (``scripts/lab log | head``).
        sys.stderr.close()
    return 1
