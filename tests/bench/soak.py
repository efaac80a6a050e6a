"""Boots the emulated 82599 again and again and changes its number of VFs, looking for hangs and left-over processes.

``PYTHONPATH=tests python3 tests/bench/soak.py [--boots 20] [--changes 200] [--nic 82599]``: not part of scripts/test,
as it takes a quarter of an hour. Exit status 0 only if every boot and every change came out right.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time

from lab.errors import LabError
from lab.progress import Progress
from lab.spec import VmSpec
from lab.vm import Vm

PF = "/sys/bus/pci/devices/0000:01:00.0"
NAME = "soak"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boots", type=int, default=20)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--nic", default="82599")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    spec = VmSpec(name=NAME, nics=(options.nic,))
    try:
        boots = [boot(spec) for _boot in range(options.boots)]
        report("boot to the first command", boots)
        changes = change(spec, options.changes, random.Random(options.seed))
        report("change of sriov_numvfs", changes)
        left = leftovers()
    except LabError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    print(f"left-over processes: {left or 'none'}")
    return 1 if left else 0


def boot(spec: VmSpec) -> float:
    """Seconds of one boot; the VM is shut down in order."""
    start = time.monotonic()
    vm = Vm.up(spec, owner=os.getpid(), progress=Progress(quiet=True))
    seconds = time.monotonic() - start
    vm.down()
    print(f"boot {seconds:.1f} s", flush=True)
    return seconds


def change(spec: VmSpec, count: int, chance: random.Random) -> list[float]:
    """`count` writes of random numbers and 0 in turn, each read back; and no complaint in the kernel's log."""
    vm = Vm.up(spec, owner=os.getpid())
    try:
        vm.ssh(f"ip link set enp1s0 up; echo 0 > {PF}/sriov_drivers_autoprobe")
        total = int(vm.ssh(f"cat {PF}/sriov_totalvfs").stdout)
        seconds = []
        for number in range(count):
            wanted = 0 if number % 2 else chance.randint(1, total)
            start = time.monotonic()
            seen = vm.ssh(
                f"echo {wanted} > {PF}/sriov_numvfs; cat {PF}/sriov_numvfs; ls -d {PF}/virtfn* | wc -l"
            ).stdout
            seconds.append(time.monotonic() - start)
            if seen.split() != [str(wanted), str(wanted)]:
                raise LabError(
                    f"change {number}: {wanted} VFs wanted, sriov_numvfs and virtfn links say {seen.split()}"
                )
            print(f"change {number + 1}: {wanted} VFs, {seconds[-1]:.1f} s", flush=True)
        complaints = vm.ssh("dmesg --level=emerg,alert,crit,err | grep -v 'SR-IOV' || true").stdout
        if complaints:
            raise LabError(f"the kernel complained:\n{complaints}")
        return seconds
    finally:
        vm.down(now=True)


def leftovers() -> str:
    """Processes of this soak's VMs that still live."""
    listing = subprocess.run(["pgrep", "-af", f"lab-{NAME}|vm/{NAME}/"], stdout=subprocess.PIPE, text=True, check=False)
    return "\n".join(line for line in listing.stdout.splitlines() if "soak.py" not in line and "pgrep" not in line)


def report(what: str, seconds: list[float]) -> None:
    if seconds:
        middle = sorted(seconds)[len(seconds) // 2]
        print(f"{what}: {len(seconds)} times; {min(seconds):.1f} s, {middle:.1f} s (median), {max(seconds):.1f} s")


if __name__ == "__main__":
    sys.exit(main())
