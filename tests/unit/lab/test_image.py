from __future__ import annotations

from pathlib import Path

import pytest
from lab import image
from lab.errors import LabError
from lab.recipe import recipe_for

LINES = ["deb http://m.example/debian trixie main"]


def command():
    return image.bootstrap_command(recipe_for("trixie"), Path("/w/lab-setup"), Path("/w/root.tar"), LINES)


def test_sources_and_release_end_the_command():
    assert command()[-3:] == ["trixie", "/w/root.tar", *LINES]


def test_packages_and_left_out_files_come_from_the_recipe():
    [include] = [word for word in command() if word.startswith("--include=")]
    assert set(recipe_for("trixie").packages) <= set(include.removeprefix("--include=").split(","))
    excluded = [word for word in command() if word.startswith("--dpkgopt=path-exclude=")]
    assert len(excluded) == len(recipe_for("trixie").excluded_paths)


def test_setup_runs_in_the_chroot_after_its_files_are_there():
    hooks = [word for word in command() if word.startswith("--customize-hook=")]
    copied = next(i for i, hook in enumerate(hooks) if "copy-in /w/lab-setup" in hook)
    run = next(i for i, hook in enumerate(hooks) if "chroot $1 sh /root/lab-setup/setup.sh" in hook)
    assert copied < run


@pytest.mark.parametrize("module", ["drivers/net/ethernet", "drivers/vfio", "drivers/net"])
def test_drivers_under_test_are_not_left_out(module):
    assert not any(f"/kernel/{module}/*" in path for path in recipe_for("trixie").excluded_paths)


def test_missing_programs_name_their_packages(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match="apt-get install mmdebstrap qemu-utils"):
        image.require_tools(("mmdebstrap", "qemu-img"))
