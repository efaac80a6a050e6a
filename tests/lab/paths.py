"""Where the lab keeps its files, all of them outside the work tree."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_home(environment: Mapping[str, str] | None = None) -> Path:
    """``${XDG_CACHE_HOME:-~/.cache}/kernel-bypass-sriov``: images, running VMs and the outcome of the KVM trial."""
    environment = os.environ if environment is None else environment
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "kernel-bypass-sriov"


def images_home() -> Path:
    """One directory for each image: ``<release>-<key>``."""
    return cache_home() / "images"


def vms_home() -> Path:
    """One directory for each VM.

    Not below XDG_RUNTIME_DIR: that is a small RAM disk (a VM's overlay grows), and it is unset under sudo and CI, so
    that ``down`` would look in another place than ``up`` did.
    """
    return cache_home() / "vm"
