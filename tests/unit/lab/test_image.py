from __future__ import annotations

from pathlib import Path

import pytest
from lab import image
from lab.errors import LabError
from lab.recipe import recipe_for

LINES = ["deb http://m.example/debian trixie main"]


def command(release="trixie"):
    return image.bootstrap_command(recipe_for(release), Path("/w/lab-setup"), Path("/w/root.tar"), LINES)


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


def test_a_variant_is_set_up_after_what_all_images_have():
    assert command("trixie-boot")[-3:] == ["trixie", "/w/root.tar", *LINES]
    scripts = [word.rpartition("chroot $1 ")[2] for word in command("trixie-boot") if "chroot $1" in word]
    assert scripts == [
        "sh /root/lab-setup/setup.sh /root/lab-setup",
        "sh /root/lab-setup/boot/setup.sh /root/lab-setup",
    ]
    assert not any("boot/setup.sh" in word for word in command())


def test_a_new_image_replaces_older_ones_of_its_own_name_only(tmp_path):
    names = ["trixie-0123456789ab", "trixie-cdef01234567", "trixie-boot-0123456789ab", "bookworm-0123456789ab"]
    for name in names:
        (tmp_path / name).mkdir()
    image._remove_others(recipe_for("trixie"), tmp_path, tmp_path / names[1])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
    image._remove_others(recipe_for("trixie-boot"), tmp_path, tmp_path / "trixie-boot-cdef01234567")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bookworm-0123456789ab", "trixie-cdef01234567"]


@pytest.mark.parametrize("module", ["drivers/net/ethernet", "drivers/vfio", "drivers/net"])
def test_drivers_under_test_are_not_left_out(module):
    assert not any(f"/kernel/{module}/*" in path for path in recipe_for("trixie").excluded_paths)


def test_missing_programs_name_their_packages(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match="apt-get install mmdebstrap qemu-utils"):
        image.require_tools(("mmdebstrap", "qemu-img"))
