# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers, read from the source: who imports whom, who opens the kernel's files, and that tests mirror sources."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import paths

PLUGINS = Path(__file__).parents[4] / "plugins"
SRIOV = PLUGINS / "module_utils" / "_sriov"
# From the bottom up: what each layer imports, beside itself.
LAYERS = {
    "errors": set(),
    "faults": {"errors"},
    "model": {"errors", "faults"},
    "knowledge": {"model"},
    "steps": {"model"},
    "boot_loaders": {"errors", "model", "steps"},
    "kernel": {"errors", "model"},
    "kept": {"errors", "model", "kernel"},
    "late": {"errors", "model", "steps", "kernel", "kept"},
    "alone": {"errors", "model", "kernel", "kept", "late"},
    "others": {"model", "kernel", "kept"},
    "plan": {"errors", "faults", "model", "knowledge", "steps", "boot_loaders"},
    "observe": {"errors", "faults", "model", "knowledge", "boot_loaders", "kernel"},
    "apply": {"errors", "model", "knowledge", "steps", "kernel"},
    "bypass": {"model", "knowledge", "plan"},
    "results": {"model", "knowledge"},
    "compare": {"errors", "model", "knowledge", "results"},
    "saved_plan": {"errors", "model"},
    "memory": {"errors", "model", "steps", "kernel", "kept", "plan"},
    "owed": {"errors", "model", "steps", "kernel", "memory", "apply"},
    "vfs_again": {"model", "steps", "plan"},
    "change": {
        *("errors", "faults", "model", "steps", "kernel", "kept", "memory", "plan", "observe", "apply", "compare"),
        "vfs_again",
    },
    "copies": {"kept"},
    "platform": {"errors", "model", "kernel", "alone", "plan", "observe", "apply"},
    "confirm": {"errors", "faults", "model", "steps", "kernel", "kept", "plan", "copies"},
    "converge": {
        *("errors", "model", "steps", "kernel", "kept", "memory", "alone", "plan", "observe", "saved_plan", "owed"),
        *("change", "confirm", "others"),
    },
    "back": {"errors", "model", "steps", "kernel", "kept", "alone", "plan", "converge"},
    "dpdk": {"errors", "model", "steps", "kernel", "alone", "plan", "observe", "apply"},
    "drift": {"model", "compare"},
    "installing": {
        *("errors", "faults", "model", "steps", "kernel", "kept", "alone", "others", "plan", "observe", "apply"),
        *("copies", "converge"),
    },
    "at_boot": {
        *("errors", "faults", "model", "knowledge", "steps", "kernel", "kept", "alone", "others", "observe", "apply"),
        *("compare", "converge", "drift", "installing"),
    },
    "info": {"errors", "model", "knowledge", "kernel", "observe", "bypass", "results"},
    "transient": {"errors", "kernel"},
    "proof": {"errors", "model", "kernel", "alone", "others", "info", "transient"},
    "xsk_dpdk": {"errors", "model", "kernel", "transient"},
    "xsk_proof": {"errors", "model", "kernel", "alone", "observe", "copies", "transient", "xsk_dpdk"},
    "drop_cost": {
        *("errors", "faults", "model", "knowledge", "kernel", "kept", "observe"),
        *("alone", "others", "proof", "transient", "xsk_dpdk", "xsk_proof"),
    },
    "verify": {
        *("errors", "faults", "model", "kernel", "kept", "alone", "observe", "compare", "converge", "drift"),
    },
}
PURE = {
    "model",
    "knowledge",
    "steps",
    "boot_loaders",
    "plan",
    "bypass",
    "results",
    "compare",
    "saved_plan",
    "vfs_again",
}
OUTSIDE = {"os", "time", "datetime", "subprocess", "socket", "select", "fcntl", "pathlib", "io", "random"}
SHARED_BY_PLANNERS = ("stage", "guard", "hindrance", "after", "check_")  # module names begin so
KERNEL_FILE = re.compile(r"(?<![\w.])/(sys|proc|dev|run|boot|lib/modules)(?![\w.-])")


def source_files(*folders):
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(PLUGINS))) for path in paths])


def imports(path):
    """What a file imports, as dotted names below plugins/ or of other packages; in functions and for types too."""
    package = path.relative_to(PLUGINS).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = (*base, *filter(None, [node.module]))
            yield from (".".join((*module, alias.name)) for alias in node.names)


def layers_below(path):
    """Layers of _sriov that a file imports."""
    prefix = "module_utils._sriov."
    return {name[len(prefix) :].partition(".")[0] for name in imports(path) if name.startswith(prefix)}


def layer(path):
    return path.relative_to(SRIOV).parts[0].partition(".")[0]


def test_the_table_of_layers_has_no_circle():
    order = list(LAYERS)
    assert all(below <= set(order[: order.index(name)]) for name, below in LAYERS.items())


@source_files(SRIOV)
def test_arrows_point_down_only(path):
    if path.parent == SRIOV and path.name == "__init__.py":
        assert not list(imports(path))
        return
    assert layers_below(path) - {layer(path)} <= LAYERS[layer(path)]


@source_files(SRIOV)
def test_what_runs_at_boot_needs_python_alone(path):
    others = {name.partition(".")[0] for name in imports(path) if not name.startswith("module_utils._sriov.")}
    assert others <= sys.stdlib_module_names, "no Ansible, nothing from pip, and nothing above _sriov"
    assert layer(path) not in PURE or not others & OUTSIDE, "neither clock nor system"


def test_few_both_plan_and_apply():
    both = sorted(path.name for path in SRIOV.rglob("*.py") if {"plan", "apply"} <= layers_below(path))
    assert both == ["boot_state.py", "change.py", "dpdk.py", "platform.py"]


@source_files(SRIOV / "plan")
def test_planners_meet_in_plan_host_alone(path):
    prefix = "module_utils._sriov.plan."
    used = {name[len(prefix) :].partition(".")[0] for name in imports(path) if name.startswith(prefix)}
    # These plan the whole of it for other states, or look at a plan that is made.
    used -= {
        "release": {"host"},
        "way_back": {"taken"},
        "tried": {"release", "way_back"},
        "from_record": {"way_back"},
    }.get(path.stem, set())
    assert path.stem in ("host", "platform") or all(name.startswith(SHARED_BY_PLANNERS) for name in used)


@source_files(PLUGINS / "module_utils" / "_module")
def test_the_side_of_ansible_stands_above(path):
    ours = {name for name in imports(path) if name.startswith(("module_utils.", "modules."))}
    assert all(name.startswith(("module_utils._module.", "module_utils._sriov.")) for name in ours)


def reached(path, seen):
    """All files that importing one of ours reads."""
    for name in imports(path):
        parts = name.split(".")
        files = (PLUGINS.joinpath(*parts[:length]).with_suffix(".py") for length in (len(parts), len(parts) - 1))
        for file in files:
            if file.is_file() and file not in seen:
                seen.add(file)
                reached(file, seen)
    return seen


@source_files(PLUGINS / "action", PLUGINS / "filter")
def test_the_controller_s_part_never_comes_to_what_reads_or_changes_a_host(path):
    read = reached(path, set())
    layers = {layer(file) for file in read if file.is_relative_to(SRIOV)}
    assert layers and not layers & {"kernel", "observe", "apply", "converge", "plan"}


@source_files(PLUGINS / "modules")
def test_no_module_knows_another(path):
    assert not [name for name in imports(path) if name.startswith("modules.")]


def sentences(path):
    """Strings of a file, parts of f-strings too, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [node.value for node in strings if id(node) not in statements]


@source_files(PLUGINS / "module_utils")
def test_only_the_kernel_layer_knows_where_the_kernels_files_are(path):
    """And model/paths.py, which names them for sentences too."""
    name = str(path.relative_to(PLUGINS / "module_utils"))
    if name != "_sriov/model/paths.py":
        assert not list(filter(KERNEL_FILE.search, sentences(path)))
    if not name.startswith("_sriov/kernel/"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "sysfs"]


@source_files(SRIOV / "kept")
def test_what_is_kept_is_in_directories_of_our_own(path):
    """Sentences may name the kernel's files; what is opened comes from these names alone."""
    prefix = "module_utils._sriov.model.paths."
    named = {getattr(paths, name[len(prefix) :]) for name in imports(path) if name.startswith(prefix)}
    ours = {each for each in named if each.startswith((paths.RUN, paths.LIBRARY))}
    assert named - ours <= ({paths.BOOT_ID, paths.PROCESSES} if path.stem == "envelope" else set())
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert path.stem == "files" or not [
        each for each in ast.walk(tree) if isinstance(each, ast.Name) and each.id == "open"
    ]


TESTS = Path(__file__).parents[1]
OF_ALL = {
    "modules": ("docs", "returns", "users"),
    "filter": ("filter_docs", "without_netaddr"),
    "module_utils": ("layers",),
}


@pytest.mark.parametrize("path", sorted(TESTS.glob("*/**/test_*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_file_mirrors_a_source_file(path):
    """test_vfs_refusals.py is of vfs.py; those of no single file are listed here."""
    folder, words = path.parent.relative_to(TESTS), path.stem.split("_")[1:]
    mirrored = {"_".join(words[:number]) for number in range(1, len(words) + 1)}
    sources = {source.stem for source in (PLUGINS / folder).glob("*.py")}
    assert mirrored & (sources | set(OF_ALL.get(str(folder), ())))
