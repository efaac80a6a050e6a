"""The kernel's selftests for NICs, out of Debian's package with the kernel's source; with two helpers compiled."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.errors import LabError

PACKAGE = "linux-source-7.3"
VERSION = "7.3.4-1~bpo13+1"  # of trixie-backports
SELFTESTS = "tools/testing/selftests"
# What the tests import. They find each other by their places in the tree, so these are kept.
_PARTS = (
    f"{SELFTESTS}/drivers/net",
    f"{SELFTESTS}/net/lib",
    f"{SELFTESTS}/kselftest",
    f"{SELFTESTS}/kselftest.h",
    "tools/net/ynl/pyynl",
    "Documentation/netlink/specs",
)
# Static: the guest has another libc.
_COMPILED = ("csum", "xdp_helper")
_QSTATS = "from .lab_qstats import with_ethtool\nNetdevFamily = with_ethtool(NetdevFamily)\n"


def unpack(package: Path, directory: Path) -> Path:
    """The parts of the tree that are needed, below `directory`; returns its root, which is `directory`'s one entry."""
    directory.mkdir(parents=True)
    name = package.name.partition("_")[0]
    patterns = " ".join(f"'*/{part}'" for part in _PARTS)
    _run(
        f"dpkg-deb --fsys-tarfile '{package}' | tar -xO './usr/src/{name}.tar.xz' | xz -dc -T0"
        f" | tar -x -C '{directory}' --wildcards {patterns}"
    )
    (tree,) = directory.iterdir()
    return tree


def prepare(tree: Path) -> None:
    """Compiles the helpers, and has the tests read counters of queues where ixgbe has them (lab_qstats.py)."""
    lib = tree / SELFTESTS / "net/lib"
    for name in _COMPILED:
        _run(f"cd '{lib}' && gcc -O2 -static -I../.. -o {name} {name}.c")
    guest_side = Path(__file__).with_name("qstats_guest.py")
    (lib / "py/lab_qstats.py").write_text(guest_side.read_text(encoding="utf-8"))
    with (lib / "py/ynl.py").open("a", encoding="utf-8") as module:
        module.write(_QSTATS)


def pack(tree: Path) -> bytes:
    """The tree as a compressed archive."""
    return subprocess.run(["tar", "-C", str(tree), "-cz", "."], stdout=subprocess.PIPE, check=True).stdout


def _run(script: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise LabError(f"{script}\nfailed:\n{done.stderr[-3000:]}")
