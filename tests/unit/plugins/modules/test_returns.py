# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module returns is what its RETURN block says: the same names and types, and null only where it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import program
from ansible_collections.kernel_bypass.sriov.plugins.modules import (
    boot_state,
    flow_rule,
    host,
    info,
    pci_driver,
    pf,
    platform,
    rss,
    rx_rate,
    vf,
    xsk_queue,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
MEMORY = ("MemTotal", "MemFree", "Active(file)", "Inactive(file)")
POOL = "sys/kernel/mm/hugepages/hugepages-2048kB"
# Ansible's own, of every module.
AMBIENT = {"changed", "failed", "msg", "warnings", "deprecations", "invocation", "exception"}
WITH_VFS = {
    "pf": "enp1s0",
    "num_vfs": 2,
    "vfs": [{"vf": 0, "driver": "vfio-pci"}, {"vf": 1, "driver": "default"}],
    "rules": [{"flow_type": "tcp4", "dst_port": 80, "vf": 0}, {"flow_type": "tcp4", "dst_port": 81, "drop": True}],
}
SEEN_ELSEWHERE = (
    "since_reset[]",
    "sockets",
)  # of rx_rate, by its own tests: counters go back, and programs have sockets
NO_BOOT_LOADER = {"boot_loader": "manual", "hugepages_keep": 0}
ABOVE_THE_DRIVER = {"mode": "generic", "allow": ["generic_xdp"]}
RULES = [{"flow_type": "tcp4", "dst_port": 82, "vf": 1}]
VALUES = Path(info.__file__).resolve().parents[2] / "scripts" / "lib" / "return_values.yml"
# Module, options, whether it is refused.
RUNS = {
    "boot_state": (boot_state, {"pfs": [WITH_VFS], "boot_timeout": 90}, False),
    "boot_state, absent": (boot_state, {"state": "absent"}, False),
    "boot_state, refused": (boot_state, {"pfs": [{**WITH_VFS, "num_vfs": 1, "vfs": [], "rules": []}]}, True),
    "host": (host, {"pfs": [WITH_VFS]}, False),
    "host, with VFs that it does not name": (host, {"pfs": [{"pf": "enp1s0", "num_vfs": 2}]}, False),
    "host, with a timer": (host, {"pfs": [{"pf": "enp1s0", "rules": RULES}], "confirm": 60}, False),
    "host, refused": (host, {"pfs": [{"pf": "enp1s0", "num_vfs": 3}]}, True),
    "pf": (pf, {"pf": "enp1s0", "num_vfs": 2}, False),
    "pf, refused": (pf, {"pf": "enp1s0", "num_vfs": 64}, True),
    "vf": (vf, {"pf": "enp1s0", "vfs": [{"vf": "all", "mac": "auto"}]}, False),
    "vf, refused": (vf, {"pf": "enp1s0", "vfs": [{"vf": "2"}]}, True),
    "pci_driver": (pci_driver, {"pf": "enp1s0", "vf": "all", "driver": "default"}, False),
    "pci_driver, for user space": (pci_driver, {"pf": "enp1s0", "vf": "0", "driver": "vfio-pci"}, False),
    "pci_driver, a PF": (pci_driver, {"devices": [PF], "driver": "ixgbe"}, False),
    "pci_driver, refused": (pci_driver, {"devices": [PF], "driver": "none"}, True),
    "flow_rule": (flow_rule, {"pf": "enp1s0"}, False),
    "flow_rule, refused": (flow_rule, {"pf": "enp1s0", "rules": [{"flow_type": "ip4"}]}, True),
    "rss": (rss, {"pf": "enp1s0", "exclude_queues": [3]}, False),
    "xsk_queue": (xsk_queue, {"pf": "enp1s0", "queues": [1, 2], **ABOVE_THE_DRIVER}, False),
    "xsk_queue, refused": (xsk_queue, {"pf": "enp1s0", "queues": [9], **ABOVE_THE_DRIVER}, True),
    "rss, refused": (rss, {"pf": "enp1s0", "min_queues": 16}, True),
    "info": (info, {}, False),
    "info, compared": (info, {"compared_with": {"pfs": [{"pf": "enp1s0", "num_vfs": 2}]}}, False),
    "info, refused": (info, {"pf": "enp9s0"}, True),
    "rx_rate": (rx_rate, {"pf": "enp1s0", "seconds": 0.02, "interval": 0.01, "idle": True}, False),
    "platform": (platform, {"hugepages": [{"size": "2M", "count": 8}], "override": True, **NO_BOOT_LOADER}, False),
    "platform, refused": (platform, {"isolated_cpus": "0-7", "modules": ["no_such"], **NO_BOOT_LOADER}, True),
    "rx_rate, refused": (rx_rate, {"pf": "enp1s0", "seconds": 0}, True),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Each run's result, on a host with a VF for DPDK, one for the kernel, rules, and a queue for AF_XDP."""
    found = {}
    for number, (name, (module, options, _refused)) in enumerate(RUNS.items()):
        files = {f"{POOL}/{word}_hugepages": "8" for word in ("nr", "free", "surplus")}
        files.update({"etc/sysctl.d/90-pages.conf": "vm.nr_hugepages = 8", "proc/cmdline": "root=/dev/vda1 ro"})
        files["proc/meminfo"] = "\n".join(f"{word}: 4194304 kB" for word in MEMORY)
        tree = tmp_path_factory.mktemp(str(number))
        files["run/systemd/system"] = DIRECTORY
        kernel = simulate(tree, {**hosts.host(hosts.IXGBE), **files}, Behaviour(cdevs=True))
        assert not run_module(host, kernel, pfs=[WITH_VFS])["failed"]
        assert not run_module(xsk_queue, kernel, pf="enp1s0", queues=[1], **ABOVE_THE_DRIVER)["failed"]
        if "boot" in name:
            assert not run_module(boot_state, kernel, pfs=[WITH_VFS])["failed"] and program.main(["boot"], kernel) == 0
        found[name] = run_module(module, kernel, **options)
    return found


def unlike(said, value, path, seen):
    """Where a value is not what is said of it.

    :param seen: paths of what was there; this adds to it.
    """
    seen.add(path)
    if value is None:
        return [] if "null" in str(said["description"]).lower() else [f"{path} is null"]
    if value.__class__.__name__ != said["type"]:  # True is no int here
        return [f"{path} is {value!r}"]
    if said["type"] == "list":
        element = {**said, "type": said["elements"]}
        return [line for each in value for line in unlike(element, each, f"{path}[]", seen)]
    return differing(said["contains"], value, f"{path}.", seen) if "contains" in said else []


def differing(said, values, path, seen):
    lines = [f"{path}{name} is not documented" for name in values.keys() - said.keys()]
    lines += [f"{path}{name} is missing" for name in said if name not in values and "returned" not in said[name]]
    return lines + [
        line for name in said if name in values for line in unlike(said[name], values[name], f"{path}{name}", seen)
    ]


def said_by(module):
    """What a module says that it returns; of PFs and devices it refers to module info, from whose source it comes."""
    parts = yaml.safe_load(VALUES.read_text())["parts"]
    said = yaml.safe_load(module.RETURN)
    for name, part in {"pf": "pf", "pfs": "pf", "devices": "device"}.items():
        if name in said and module is not info:
            assert "kernel_bypass.sriov.info#module:pfs" in str(said[name]["description"])
            said[name] = {**said[name], "contains": parts[part]}
    return said


def documented(said, path=""):
    for name, value in said.items():
        yield f"{path}{name}"
        inner = f"{path}{name}[]." if value["type"] == "list" else f"{path}{name}."
        yield from documented(value.get("contains", {}), inner)


def returned(result):
    return {name: value for name, value in result.items() if name not in AMBIENT}


@pytest.mark.parametrize("run", RUNS)
def test_all_that_is_returned_is_documented_as_it_is(results, run):
    module, _options, refused = RUNS[run]
    result = results[run]
    assert result["failed"] == refused
    said = said_by(module)
    assert differing(said, returned(result), "", set()) == []
    due = {name for name, value in said.items() if value["returned"] == ("failure" if refused else "success")}
    assert due <= result.keys()


def test_all_that_is_documented_is_returned(results):
    seen, said = set(), set()
    for run, (module, _options, _refused) in RUNS.items():
        values = said_by(module)
        differing(values, returned(results[run]), "", seen)
        said |= set(documented(values))
    elsewhere = {name for name in said if name.startswith(SEEN_ELSEWHERE)}
    assert said - seen - elsewhere == {"msg", "plan_file"}  # of host: its action plugin adds them


def test_a_pf_without_a_driver_is_documented_too(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/driver/unbind", PF)
    result = run_module(info, kernel)
    assert (result["failed"], result["pfs"][0]["name"]) == (False, None)
    assert differing(yaml.safe_load(info.RETURN), returned(result), "", set()) == []
