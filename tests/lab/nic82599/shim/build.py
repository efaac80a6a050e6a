# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile the shim when needed. The result is cached under a name that carries the hash of the source, so that a
changed source is never served by an old library."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

SOURCES = sorted(Path(__file__).parent.glob("*.[ch]"))
# Hidden: a preloaded library's names would take precedence over those of QEMU and every library it uses.
FLAGS = ["-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-fvisibility=hidden"]


def cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nic82599"


def build(cache: Path | None = None, compiler: str = "gcc") -> Path:
    """The path of the compiled shim, for LD_PRELOAD."""
    cache = cache or cache_dir()
    text = b"".join(source.read_bytes() for source in SOURCES)
    key = hashlib.sha256(text + " ".join([compiler, *FLAGS]).encode()).hexdigest()[:16]
    library = cache / f"pciefn-{key}.so"
    if library.exists():
        return library
    cache.mkdir(parents=True, exist_ok=True)
    # Two labs may start together: each compiles into a name of its own, the rename is atomic.
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fresh = Path(scratch) / library.name
        files = [str(source) for source in SOURCES if source.suffix == ".c"]
        subprocess.run([compiler, *FLAGS, *files, "-o", str(fresh), "-ldl"], check=True)
        fresh.rename(library)
    return library


if __name__ == "__main__":
    print(build())
