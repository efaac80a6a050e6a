# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What Prometheus is told, as text for the textfile collector of its node_exporter.

Names and units: https://prometheus.io/docs/practices/naming/. The format, and what has to be escaped:
https://prometheus.io/docs/instrumenting/exposition_formats/. What node_exporter tells itself (its collector pcidevice:
numbers of VFs) is not repeated.
"""

from __future__ import annotations

import time
import typing as t

from ..drift import KINDS
from ..kept.boot import BootHost
from ..kept.boot_result import REACHED, boot_result
from ..kept.files import Files
from ..model.paths import CURRENT, METRICS, METRICS_FILE
from ..observe.generation import generation_name

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..kept.envelope import Json
    from ..kernel.kernel import Kernel

UNKNOWN = BootHost((), "", 0.0, 0.0)  # what is installed cannot be read
PREFIX = "kernel_bypass_sriov_"
HELP = {
    "boot_success": "Whether the last run of the boot unit, or by hand, reached all that was wanted.",
    "boot_duration_seconds": "How long that run took.",
    "boot_completion_timestamp_seconds": "When that run ended, in seconds since 1970.",
    "boot_changes": "Steps that run did.",
    "engine_info": "The version of the collection and the generation that is run at boot.",
    "check_success": "Whether the last look at the host could tell of every PF how it differs.",
    "check_timestamp_seconds": "When that look was, in seconds since 1970.",
    "drift": "Whether a PF differs from what is wanted of it, by kind.",
    "vf_driver_info": "The driver of a VF; none where it has none.",
    "rules": "Flow rules of a PF.",
    "rss_queues": "Queues that a PF spreads received flows over.",
    "rss_queues_wanted": "The least number of such queues that is wanted.",
}
"""All are gauges, in this order."""

Labels = t.Tuple[t.Tuple[str, str], ...]


class Sample(t.NamedTuple):
    name: str
    value: float
    labels: Labels = ()


class Look(t.NamedTuple):
    """What a run has seen.

    :param pfs: as run.Reached has them; none where nothing was looked at.
    :param time: when, in seconds since 1970.
    :param generation: its name.
    :param collection: the version that has written it.
    """

    pfs: Mapping[str, Json]
    time: float
    generation: str
    collection: str


def metrics(look: Look, result: Json | None) -> str:
    """The whole file.

    :param result: of the last run in this boot (boot_result.boot_result()).
    """
    samples = [*(_of_result(result) if result else ()), *_of_look(look)]
    lines = []
    for name, text in HELP.items():
        mine = [each for each in samples if each.name == name]
        head = [f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} gauge"] if mine else []
        lines += [*head, *map(_line, mine)]
    return "".join(f"{line}\n" for line in lines)


def write_metrics(kernel: Kernel, directory: str, text: str) -> bool:
    """:returns: False where there is no such directory, or none is wanted: nobody collects them.
    :raises KernelRefused: it cannot be written.
    """
    if not directory or kernel.etc.mode(f"{directory}/.") is None:
        return False
    kernel.etc.write(f"{directory}/{METRICS_FILE}", text)
    return True


def written_before(kernel: Kernel) -> list[str]:
    """Usual directories in which there is such a file."""
    return [path for path in METRICS if kernel.etc.mode(f"{path}/{METRICS_FILE}") is not None]


def _of_result(result: Json) -> Iterator[Sample]:
    yield Sample("boot_success", float(result["outcome"] in REACHED))
    if result["seconds"] is not None:
        yield Sample("boot_duration_seconds", result["seconds"])
    yield Sample("boot_completion_timestamp_seconds", result["completed"])
    yield Sample("boot_changes", len(result["steps"]))


def _of_look(look: Look) -> Iterator[Sample]:
    yield Sample("engine_info", 1, (("version", look.collection), ("generation", look.generation)))
    if look.pfs:
        yield Sample("check_success", float(all("drift" in each for each in look.pfs.values())))
        yield Sample("check_timestamp_seconds", look.time)
    for address, told in look.pfs.items():
        if "drift" in told:
            yield from _of_pf(told["name"] or address, told)


def _of_pf(name: str, told: Json) -> Iterator[Sample]:
    pf = ("pf", name)
    kinds = {kind for kind, _text in told["drift"]}
    yield from (Sample("drift", float(kind in kinds), (pf, ("kind", kind))) for kind in KINDS)
    for vf, address, driver in told["seen"]["vfs"]:
        labels = (pf, ("vf", str(vf)), ("pci_address", address), ("driver", driver or "none"))
        yield Sample("vf_driver_info", 1, labels)
    for name_ in ("rules", "rss_queues", "rss_queues_wanted"):
        if told["seen"][name_] is not None:
            yield Sample(name_, told["seen"][name_], (pf,))


def _line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels)
    return f"{PREFIX}{sample.name}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 3))


def tell_prometheus(kernel: Kernel, host: BootHost, pfs: Mapping[str, Json]) -> None:
    """:param host: where it is unknown, a file that an earlier run has written is not left to say that all is well.
    :param pfs: as Reached has them, with names.
    :raises SriovError: it cannot be written, or the result cannot be read.
    """
    result = boot_result(Files(kernel.root), kernel.system.boot_id() or "")
    look = Look(pfs, time.time(), generation_name(kernel, CURRENT) or "", host.collection)
    for directory in written_before(kernel) if host is UNKNOWN else [host.metrics]:
        write_metrics(kernel, directory, metrics(look, result))
