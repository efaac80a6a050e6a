from __future__ import annotations

from dataclasses import fields, replace

import pytest
from lab.errors import LabError
from lab.recipe import RECIPES, Recipe, read_guest_files, recipe_for

FILES = {"setup.sh": b"echo", "sshd.conf": b"UseDNS no"}
OTHER_VALUES = {
    "release": "forky",
    "kernel": "7.0",
    "packages": ("linux-image-amd64",),
    "excluded_paths": (),
    "disk_size": "4G",
    "machine_id": "0" * 32,
    "format_version": 99,
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


def test_releases_have_images_of_their_own():
    assert len({recipe.key(FILES) for recipe in RECIPES.values()}) == len(RECIPES)
    assert recipe_for("bookworm").kernel == "6.1"


def test_unknown_release_names_the_known_ones():
    with pytest.raises(LabError, match="'buster'.*trixie, bookworm"):
        recipe_for("buster")


def test_guest_files_are_what_setup_installs():
    files = read_guest_files()
    script = files.pop("setup.sh").decode()
    assert [name for name in files if name not in script] == []
