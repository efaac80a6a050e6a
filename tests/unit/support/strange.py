# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that nobody means, and hosts that no kernel shows: what comes of a run is a result or a refusal in words.

Options are drawn from the modules' own specs: of the right shape mostly, with one value in it that is strange.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import time
import traceback
import typing as t

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.options import RECORD
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.modules import (
    boot_state,
    flow_rule,
    host,
    info,
    pci_driver,
    pf,
    rss,
    vf,
    xsk_queue,
)
from hypothesis import strategies as st

from ..simulation.devices import Behaviour
from ..simulation.kernel import behaving, written
from ..simulation.tree import snapshot
from . import scenes
from .campaign import somebodys
from .modules import run_module

MOST_SECONDS = 2.0
RUNNERS = {
    "host": host,
    "pf": pf,
    "vf": vf,
    "rss": rss,
    "flow_rule": flow_rule,
    "pci_driver": pci_driver,
    "info": info,
    "boot_state": boot_state,
    "xsk_queue": xsk_queue,
}

WORDS = ("", " ", "\0", "enp1s0\0", "٣", "²", "1_000", "0x10", "1e3", "-0", "--", "-c", "../..", "a/b", "\n", "\x1b[2J")
WORDS += ("\ud800", "x" * 5000, "9" * 400, "{{ x }}", "None", "yes", "0-99999999999", "0-", "all,0", "é", "%s", "1;2")
NUMBERS = (-1, 2**31, 2**32, 2**63, 2**64, 10**20, 10**10, 10**400, 0.5, 1e308, float("inf"), float("nan"))
OTHERS: tuple[t.Any, ...] = (True, False, None, [], {}, [[]], [None], {"": ""}, [{}], {"a": {"b": []}})
strange_values = st.sampled_from((*WORDS, *NUMBERS, *OTHERS)) | st.text(max_size=20) | st.integers()

USUAL = {
    "pf": st.sampled_from(("enp1s0", "0000:01:00.0", "enp2s0")),
    "vf": st.sampled_from((0, "all", "0-1")),
    "mac": st.sampled_from(("auto", "02:00:00:00:00:01")),
    "driver": st.sampled_from(("default", "vfio-pci", "none")),
    "mode": st.sampled_from(("0660", "0666", "0777")),
    "dst_ip": st.just("192.0.2.1"),
    "src_ip": st.just("192.0.2.2"),
    "timeout": st.just(10),
    "devices": st.just(["0000:01:10.0"]),
}
BY_TYPE = {
    "int": st.integers(0, 8),
    "float": st.just(0.1),
    "bool": st.booleans(),
    "str": st.sampled_from(("enp1s0", "1", "x")),
    "raw": st.integers(0, 3),
    "list": st.just([]),
    "dict": st.just({}),
}


def usual(name: str, option: dict[str, t.Any]) -> st.SearchStrategy[t.Any]:
    """A value that may be meant."""
    if option.get("choices"):
        one: st.SearchStrategy[t.Any] = st.sampled_from(option["choices"])
        return st.lists(one, max_size=2, unique=True) if option.get("type") == "list" else one
    if name in USUAL:
        return USUAL[name]
    if "options" in option:
        one = record(option["options"])
        return st.lists(one, min_size=1, max_size=2) if option.get("type") == "list" else one
    kind = option.get("type", "str")
    return (
        st.lists(BY_TYPE[option["elements"]], max_size=2) if kind == "list" and "elements" in option else BY_TYPE[kind]
    )


def record(spec: dict[str, t.Any]) -> st.SearchStrategy[dict[str, t.Any]]:
    needed = {name: usual(name, option) for name, option in spec.items() if option.get("required")}
    free = {name: usual(name, option) for name, option in spec.items() if not option.get("required")}

    @st.composite
    def some(draw: t.Any) -> dict[str, t.Any]:
        names = draw(st.lists(st.sampled_from(sorted(free)), max_size=4, unique=True)) if free else []
        return {name: draw(each) for name, each in {**needed, **{name: free[name] for name in names}}.items()}

    return some()


class Strange(t.NamedTuple):
    """Options, and where the strange value is.

    :param place: "vfs[0].mac".
    """

    module: str
    options: dict[str, t.Any]
    place: str
    value: t.Any


def _places(value: t.Any, path: str = "") -> list[tuple[t.Any, t.Any, str]]:
    """(container, key, place) of all that is in options."""
    found: list[tuple[t.Any, t.Any, str]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        place = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}" if path else str(key)
        found += [(value, key, place), *_places(each, place)]
    return found


@st.composite
def strange_options(draw: t.Any) -> Strange:
    name = draw(st.sampled_from(sorted(MODULES)))
    options = json.loads(json.dumps(draw(record(MODULES[name].spec))))
    options.setdefault("timeout", 10)
    container, key, place = draw(st.sampled_from(_places(options)))
    value = draw(strange_values)
    container[key] = value
    return Strange(name, options, place, value)


def told_by_the_controller(strange: Strange) -> SriovError | None:
    """What is refused before a host is asked."""
    try:
        desired_state(MODULES[strange.module], copy.deepcopy(strange.options))
    except SriovError as error:
        return error
    return None


def names_its_place(strange: Strange, told: SriovError) -> bool:
    """Whether a refusal says which option it is about: the strange one, or one that stands with it."""
    words = [word for word in re.split(r"[.\[\]]+", strange.place) if word and not word.isdigit()]
    spec = {name for name, _option in MODULES[strange.module].spec.items()}
    return any(word in each.what for each in told.each() for word in {*words, *spec, *RECORD})


def start(root: str) -> t.Any:
    """A host with a PF and two VFs."""
    return scenes.start(root, scenes.HostState((somebodys("82599"),), 8, True, None))


def shortcomings(kernel: t.Any, module: str, options: dict[str, t.Any]) -> list[str]:
    """What is wrong with a run."""
    before, begin = written(kernel), time.process_time()
    try:
        result = run_module(RUNNERS[module], kernel, **options)
    except Exception as error:
        return [] if _is_of_simulation(error) else [f"a traceback: {traceback.format_exc()[-800:]}"]
    found, took = [], time.process_time() - begin
    if took > MOST_SECONDS:
        found.append(f"it took {took:.1f} s")
    if result["failed"]:
        if "failure" not in result:
            found.append(f"failed in words that are not ours: {result.get('msg')}")
        elif not result["failure"].get("step") and not result.get("done") and written(kernel) != before:
            found.append("refused, and something was written")
    return found


def _is_of_simulation(error: BaseException) -> bool:
    """The simulated kernel cannot go on, not we: it would have to be there to be asked."""
    return any("/simulation/" in frame.filename for frame in traceback.extract_tb(error.__traceback__)[-4:])


# Hosts

GARBAGE = (
    b"",
    b"\n",
    b"garbage\n",
    b"-1\n",
    b"99999999999999999999\n",
    b"\xff\xfe\n",
    "٣\n".encode(),
    b"0x10\n",
    b"1 2\n",
)
GARBAGE += (b"\0\0\0\0", b"0-\n", b"5-3\n", b"0-99999999999\n", b"[]\n", b"\x1b[2J\n", b"65536\n", b"x" * 70000)
LINKS = ("../nowhere", "../../../kernel/iommu_groups/garbage", "../../../kernel/iommu_groups/٣", "/", "x", "../virtfn0")
PARTS = ("sys/bus/pci/devices/", "sys/class/net/", "proc/", "sys/devices/system/", "sys/kernel/", "sys/module/", "run/")


KERNELS_OWN = re.compile("sys/kernel/iommu_groups/")  # the simulated kernel writes there


class Damage(t.NamedTuple):
    """What has become of one path."""

    path: str
    how: t.Any  # bytes: the text of a file; a str: where a link points; None: it is missing


def paths_of(root: str) -> list[str]:
    """What a look at the host may meet, files, links and directories."""
    return sorted(path for path in snapshot(root) if path.startswith(PARTS) and not KERNELS_OWN.match(path))


@st.composite
def damages(draw: t.Any, paths: t.Sequence[str]) -> list[Damage]:
    how = st.sampled_from(GARBAGE) | st.sampled_from(LINKS) | st.none()
    chosen = draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3, unique=True))
    return [Damage(path, draw(how)) for path in chosen]


def damage(root: str, what: t.Sequence[Damage]) -> None:
    """Directories only go or become links; what is below another that has gone is gone."""
    for each in what:
        path = os.path.join(root, each.path)
        if not os.path.lexists(path) or (os.path.isdir(path) and not os.path.islink(path) and each.how == b""):
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
        if isinstance(each.how, bytes):
            with open(path, "wb") as file:
                file.write(each.how)
        elif each.how is not None:
            os.symlink(each.how, path)


WISHES: tuple[tuple[str, dict[str, t.Any]], ...] = (
    ("info", {}),
    ("host", {"pfs": [{"pf": "enp1s0", "num_vfs": 3, "vfs": [{"vf": "all", "mac": "auto"}]}], "allow": list(CONSENTS)}),
    ("host", {"pfs": [{"pf": "0000:01:00.0", "vfs": [{"vf": 0, "driver": "vfio-pci", "mode": "0660"}]}]}),
    ("pf", {"pf": "0000:01:00.0", "num_vfs": 0, "allow": list(CONSENTS)}),
    ("rss", {"pf": "enp1s0", "equal": 2}),
)


class Trial:
    """One host, of which each try has a copy.

    :param roots: gives a new directory, at each call.
    """

    def __init__(self, roots: t.Callable[[], str]) -> None:
        self._roots, self._start = roots, roots()
        start(self._start)
        self.paths = paths_of(self._start)

    def options(self, strange: Strange) -> list[str]:
        """What is wrong with what comes of strange options."""
        begin = time.process_time()
        told = told_by_the_controller(strange)
        if told is not None:
            late = time.process_time() - begin > MOST_SECONDS
            return [*(["it took too long"] if late else []), *([] if names_its_place(strange, told) else [str(told)])]
        return self._run((), strange.module, strange.options)

    def host(self, damages: t.Sequence[Damage], wish: tuple[str, dict[str, t.Any]]) -> list[str]:
        """What is wrong with what comes of a strange host."""
        return self._run(damages, *wish)

    def _run(self, damages: t.Sequence[Damage], module: str, options: dict[str, t.Any]) -> list[str]:
        root = self._roots()
        shutil.copytree(self._start, root, symlinks=True, dirs_exist_ok=True)
        damage(root, damages)
        try:
            return shortcomings(behaving(root, Behaviour()), module, options)
        finally:
            shutil.rmtree(root)
