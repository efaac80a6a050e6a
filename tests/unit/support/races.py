# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once, as processes of their own on one simulated host; and somebody else who changes it during a run."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import time
import typing as t
from unittest import mock

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module import run as running
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.modules import host

from ..simulation.devices import Behaviour
from ..simulation.faulty import faulty
from ..simulation.kernel import behaving
from . import scenes
from .campaign import CONSENT, RULES, RUNS, nic, seen
from .modules import run_module

if t.TYPE_CHECKING:
    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel

PF = nic("82599")
LONG = 120.0
SETS = tuple(f"ioctl enp1s0 {number}" for number in ("0x31", "0x32", "0x3b", "0x3d", "0x47", "0x11"))


def is_write(call: str) -> bool:
    """As simulation.faulty counts them: a write, a command or an ioctl that changes something."""
    return call.startswith(("write ", "command ip link set", "command ip -batch", *SETS))


def at_once(
    root: str, wishes: tuple[dict[str, t.Any], dict[str, t.Any]], number: int | None = None
) -> list[dict[str, t.Any]]:
    """What two runs of module host answer, with the lock, as on a real host.

    :param number: the call of the first at which the second begins; None: both begin together.
    """
    context = multiprocessing.get_context("fork")
    begin, pipes = context.Event(), [context.Pipe() for _wish in wishes]

    def second_begins() -> None:
        begin.set()
        time.sleep(0.1)  # it comes as far as the lock

    def first() -> Kernel:
        return faulty(root, somebody=None if number is None else (number, second_begins))[0]

    def second() -> Kernel:
        begin.wait(LONG)
        return behaving(root, Behaviour())

    if number is None:
        begin.set()
    processes = [
        context.Process(target=_run, args=(kernel, wish, pipe[1]))
        for kernel, wish, pipe in zip((first, second), wishes, pipes)
    ]
    for process in processes:
        process.start()
    answers = [pipe[0].recv() if pipe[0].poll(LONG) else {"traceback": "no answer"} for pipe in pipes]
    for process in processes:
        process.join()
    return answers


def one_by_one(root: str, wishes: t.Sequence[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    return [run_module(host, behaving(root, Behaviour()), **wish) for wish in wishes]


def _run(kernel: t.Callable[[], Kernel], wish: dict[str, t.Any], pipe: t.Any) -> None:
    try:
        with mock.patch.object(running, "Kernel", kernel):
            pipe.send(run_module(host, None, **wish))
    except BaseException as error:
        pipe.send({"traceback": repr(error)})
        raise


class Pair:
    """Two wishes for one host, and all that may come of them.

    :param roots: gives a new directory, at each call.
    """

    def __init__(self, state: scenes.HostState, one: t.Any, other: t.Any, roots: t.Callable[[], str]) -> None:
        self._wishes = (one, other)
        self._roots = roots
        self._start = roots()
        scenes.start(self._start, state)
        self._possible = []
        for order in (self._wishes, self._wishes[::-1]):
            root = self._copy()
            self._possible.append((_told(one_by_one(root, order)), seen(root)))
        root = self._copy()
        kernel, calls = faulty(root)
        run_module(host, kernel, **one)
        self.calls = calls.made()

    def _copy(self) -> str:
        return shutil.copytree(self._start, self._roots(), symlinks=True, dirs_exist_ok=True)

    def shortcoming(self, number: int | None) -> str:
        """What is wrong where the second begins at a call of the first; "" where all is well."""
        root = self._copy()
        found = at_once(root, self._wishes, number)
        if any("traceback" in each for each in found):
            return str(found)
        seen_now = _told(found), seen(root)
        shutil.rmtree(root)
        return "" if seen_now in self._possible else f"{seen_now} is none of {self._possible}"


def _told(results: t.Sequence[dict[str, t.Any]]) -> list[t.Any]:
    return sorted((result["failed"], result["changed"], result.get("msg", "")) for result in results)


EMPTY, STATE = RUNS["create"].state, RUNS["create again"].state


def wish(allow: t.Sequence[str] = tuple(CONSENT), **options: t.Any) -> dict[str, t.Any]:
    return {"pfs": [{"pf": "enp1s0", "allow": list(allow), **options}]}


_TWO = wish([], num_vfs=2, vfs=[{"vf": 0, "driver": "vfio-pci", "mac": "auto"}])
PAIRS = {
    "the same": (EMPTY, _TWO, _TWO),
    "another number": (EMPTY, _TWO, wish([], num_vfs=3)),
    "created again, and rebound": (STATE, wish(num_vfs=3), wish(vfs=[{"vf": "0-1", "driver": "vfio-pci"}])),
    "rules of both": (STATE, wish(rules=RULES), wish(rules=[{**RULES[0], "dst_port": 83}])),
    "removed, and made": (STATE, wish(num_vfs=0), wish(num_vfs=3, rules=RULES)),
}


class Somebody:
    """Whoever changes a host with his own hands."""

    def __init__(self, root: str) -> None:
        self._kernel = behaving(root, Behaviour())

    def binds_a_vf(self) -> None:
        kernel, vf = self._kernel, self._kernel.pci.virtual_function(PF.address, 1)
        if vf and kernel.pci.driver(vf) != "vfio-pci":
            base = f"/sys/bus/pci/devices/{vf}"
            if kernel.pci.driver(vf):
                kernel.sysfs.write(f"{base}/driver/unbind", vf)
            kernel.sysfs.write(f"{base}/driver_override", "vfio-pci\n")
            with contextlib.suppress(SriovError):
                kernel.sysfs.write("/sys/bus/pci/drivers/vfio-pci/bind", vf)
            kernel.sysfs.write(f"{base}/driver_override", "\n")

    def adds_a_rule(self) -> None:
        with contextlib.suppress(SriovError):
            self._kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(99, 1, 7))

    def sets_a_table(self) -> None:
        rss = self._kernel.ethtool.rss("enp1s0")
        if rss:
            self._kernel.ethtool.set_rss("enp1s0", tuple(int(n % 3 == 0) for n in range(len(rss.table))))

    def makes_one_vf(self) -> None:
        for number in ("0", "1"):
            self._kernel.sysfs.write(f"/sys/bus/pci/devices/{PF.address}/sriov_numvfs", number)


DEEDS = ("binds_a_vf", "adds_a_rule", "sets_a_table", "makes_one_vf")
