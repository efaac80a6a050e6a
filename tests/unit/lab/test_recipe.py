from __future__ import annotations

import subprocess
from dataclasses import fields, replace

import pytest
from lab.errors import LabError
from lab.recipe import GUEST_DIRECTORY, RECIPES, Recipe, recipe_for

FILES = {"setup.sh": b"echo", "sshd.conf": b"UseDNS no"}
OTHER_VALUES = {
    "release": "forky",
    "kernel": "7.0",
    "packages": ("linux-image-amd64",),
    "excluded_paths": (),
    "disk_size": "4G",
    "machine_id": "0" * 32,
    "format_version": 99,
    "variant": "boot",
    "kernel_arguments": "quiet",
    "disk_uuid": "6c616200-0000-4000-8000-000000000002",
}


def test_equal_recipes_have_equal_keys():
    assert Recipe("trixie", "6.12").key(FILES) == Recipe("trixie", "6.12").key(dict(reversed(FILES.items())))


@pytest.mark.parametrize("name", [field.name for field in fields(Recipe)])
def test_every_field_changes_the_key(name):
    recipe = Recipe("trixie", "6.12")
    assert replace(recipe, **{name: OTHER_VALUES[name]}).key(FILES) != recipe.key(FILES)


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "setup.sh": b"echo 1"},
        {**FILES, "more": b""},
        {"setup.sh": b"echo"},
        {"setup.sh": b"UseDNS no", "sshd.conf": b"echo"},
    ],
)
def test_guest_files_change_the_key(files):
    recipe = Recipe("trixie", "6.12")
    assert recipe.key(files) != recipe.key(FILES)


def test_fields_that_an_image_does_not_use_are_no_part_of_its_key():
    """The key of what there was before variants."""
    assert Recipe("trixie", "6.12", (), ()).key(FILES) == "1c2c61e746e6"


def test_a_variant_has_the_files_of_all_images_and_its_own():
    files = recipe_for("trixie-boot").guest_files()
    assert set(recipe_for("trixie").guest_files()) < set(files)
    assert "boot/setup.sh" in files
    assert not any("/" in name for name in recipe_for("trixie").guest_files())


def test_releases_have_images_of_their_own():
    assert len({recipe.key(FILES) for recipe in RECIPES.values()}) == len(RECIPES)
    assert recipe_for("bookworm").kernel == "6.1"


def test_unknown_release_names_the_known_ones():
    with pytest.raises(LabError, match="'buster'.*trixie, bookworm, trixie-boot"):
        recipe_for("buster")


def test_guest_files_are_what_setup_installs():
    files = recipe_for("trixie-boot").guest_files()
    scripts = [files.pop(name).decode() for name in ("setup.sh", "boot/setup.sh")]
    assert [name for name in files if not any(name in script for script in scripts)] == []


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("--target=device /", "/dev/vda"),
        ("--target=device /boot", "/dev/vda"),
        ("--device /dev/vda --target=fs_uuid", "UUID"),
        ("--device /dev/vda --target=fs", "ext2"),
        ("--device /dev/vda --target=partmap", ""),
        ("--device /dev/vda --target=abstraction", ""),
        ("--device /dev/vda --target=hints_string", ""),
        ("-t fs /usr/share/grub", ""),
    ],
)
def test_update_grub_hears_of_the_guest_s_disk(question, answer):
    script = str(GUEST_DIRECTORY / "boot" / "grub-probe.sh")
    done = subprocess.run(["sh", script, *question.split()], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == answer
