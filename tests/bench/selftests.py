"""The kernel's own selftests for NICs on the emulated 82599, before and after role provision, against a table.

They are judges that know nothing of this collection and of the model of the card: of Flow Director to the PF's queues,
of RSS, of checksums in both directions, of queues by netlink. What they say of an 82599 under the guest's kernel is in
`judges/expected.py`; every difference from it is an error, in either direction.

From the environment of the tests: ``PYTHONPATH=tests python tests/bench/selftests.py``. It is not part of scripts/test.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from judges import source
from judges.expected import TABLE, differences
from judges.guest import PACKAGES, PF, Guest
from judges.packages import Archive
from lab import paths
from lab.errors import LabError
from lab.joining import Join
from lab.spec import VmSpec
from lab.vm import Vm
from speed.runs import Runs

RELEASE = "trixie"
CPUS = 6  # ixgbe has as many queues; rss_ctx wants more than four
VARIABLES = {
    "provision_hosts": "all",
    "provision_pfs": {PF: {"num_vfs": 2, "vfs": [{"vf": "all", "mac": "auto", "driver": "default"}]}},
}


def main() -> int:
    options = arguments()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Archive(paths.cache_home() / f"archive-{RELEASE}", RELEASE)
            package = archive.download(source.PACKAGE, options.source)
            tree = source.unpack(package, Path(scratch) / "kernel")
            source.prepare(tree)
            spec = VmSpec(name=options.name, release=RELEASE, nics=("82599", "82599"), cpus=CPUS)
            vm = Vm.up(spec, owner=None if options.keep else os.getpid())
            try:
                wrong = judge(vm, archive, tree, Path(scratch), options)
            finally:
                if not options.keep:
                    vm.down(now=True)
    except LabError as error:
        print(f"selftests: {error}", file=sys.stderr)
        return 1
    print("all as in the table" if not wrong else f"{wrong} differ from the table")
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    description, _empty, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="selftests.py", description=description, epilog=" ".join(more.split()))
    parser.add_argument("--source", default=source.VERSION, help=f"version of {source.PACKAGE} ({source.VERSION})")
    parser.add_argument("--output", type=Path, metavar="DIRECTORY", help="write what each selftest prints there")
    parser.add_argument("--name", default="judges", help="of the VM (judges)")
    parser.add_argument("--keep", action="store_true", help="leave the VM up")
    return parser.parse_args()


def judge(vm: Vm, archive: Archive, tree: Path, scratch: Path, options: argparse.Namespace) -> int:
    """How many runs have not come out as in the table."""
    guest, runs = Guest(vm), Runs(vm, scratch)
    runs.install()
    missing = archive.missing(PACKAGES, vm.ssh("cat /var/lib/dpkg/status").stdout)
    guest.install([path.read_bytes() for path in missing], source.pack(tree))
    wrong = 0
    with Join(vm.wire_path(0), vm.wire_path(1)) as joined:
        guest.connect()
        print(f"kernel {guest.kernel()}, selftests of {options.source}")
        for stage, tests in TABLE.items():
            if stage == "after provision":
                runs.playbook("kernel_bypass.sriov.provision", VARIABLES)
            for (test, name), expected in tests.items():
                guest.use(name)
                found = differences(expected, trial(guest, joined, stage, test, name, options.output))
                if found:  # a busy machine makes a guest late for a test's own time limits; a fault is there again
                    told("once more, for", found)
                    found = differences(expected, trial(guest, joined, stage, test, name, options.output))
                told("not as in the table:", found)
                wrong += bool(found)
    return wrong


def trial(guest: Guest, joined: Join, stage: str, test: str, name: str, output: Path | None) -> dict[str, str]:
    """One run of a selftest, told in a line; the verdicts of its cases."""
    outcome = guest.run(test, name)
    joined.check()
    print(f"{stage}: {test} on {name}: {tally(outcome.cases)}, {outcome.seconds:.0f} s", flush=True)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        file = output / f"{stage} {test} {name}.txt".replace("/", "-").replace(" ", "-")
        file.write_text(outcome.text)
    return outcome.cases


def told(what: str, differing: list[str]) -> None:
    for line in differing:
        print(f"  {what} {line}", flush=True)


def tally(cases: dict[str, str]) -> str:
    """As in "12 pass, 2 skip"."""
    counts = {verdict: list(cases.values()).count(verdict) for verdict in ("pass", "fail", "skip", "xfail")}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)


if __name__ == "__main__":
    sys.exit(main())
