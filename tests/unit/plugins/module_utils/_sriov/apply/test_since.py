# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody comes between the look at the host and the step that would take something from him."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.since import Since
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import (
    Bind,
    SetAutoprobe,
    SetNumVfs,
    Unbind,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support import predictions, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.campaign import CONSENT, nic, somebodys

PF = nic("82599")
VF, VF1 = PF.vf(0), PF.vf(1)
BASE = f"/sys/bus/pci/devices/{VF}"
LABEL = f"enp1s0 ({PF.address})"
VF_LABEL = f"{VF} (VF 0 of {PF.address})"
REBIND = {"vfs": [{"vf": 0, "driver": "vfio-pci"}]}
DEFAULT = {"vfs": [{"vf": 0, "driver": "default"}]}
NONE = {"vfs": [{"vf": 0, "driver": "none"}]}
RELOAD = {"vfs": [{"vf": 1, "mac": "auto"}]}
REMOVE = {"num_vfs": 0}
AGAIN = {"num_vfs": 3}
CHANNELS = {"num_vfs": 0, "rss": {"channels": 2}}
RULE = {"rules": [{"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 82, "vf": 0}]}
TABLE = {"rss": {"equal": 2}}
SOMEBODYS = "somebody else changes it: since the host was looked at, "
WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 90"


def looked_at(root, wish, vfio=False, num_vfs=2):
    """The host as it was seen, and what it takes to have the wish."""
    pf = somebodys("82599", vfio=vfio, num_vfs=num_vfs)
    kernel = scenes.start(root, scenes.HostState((pf,), 8, True, None))
    options = {"pfs": [{"pf": "enp1s0", "allow": CONSENT, **wish}]}
    desired, before = predictions.look(kernel, "host", options)
    plan = plan_host(before, desired)
    steps = tuple(step for step in plan.steps if not isinstance(step, SetAutoprobe))  # it takes nothing from anybody
    return kernel, predictions.seen(kernel, desired, before), plan._replace(steps=steps, purposes=())


def refusal(kernel, before, plan):
    root = kernel.root
    told = []
    tree = snapshot(root)
    with pytest.raises(InUse) as refused:
        apply_steps(kernel, plan.steps, Deadline(30), plan.purposes, told.append, seen=before)
    assert (told, refused.value.done, refused.value.step) == ([], [], str(plan.steps[0]))
    assert snapshot(root) == tree, "nothing was written, and nothing of somebody else's put back"
    return refused.value


def opens(kernel, node, process=4711):
    build(kernel.root, hosts.process(process, "testpmd", [node]))


def to_driver(kernel, vf, driver):
    base = f"/sys/bus/pci/devices/{vf}"
    if kernel.sysfs.exists(f"{base}/driver"):
        kernel.sysfs.write(f"{base}/driver/unbind", vf)
    kernel.sysfs.write(f"{base}/driver_override", f"{driver}\n")
    kernel.sysfs.write(f"/sys/bus/pci/drivers/{driver}/bind", vf)
    kernel.sysfs.write(f"{base}/driver_override", "\n")


@pytest.mark.parametrize("wish", (REMOVE, AGAIN, DEFAULT, NONE), ids=str)
def test_a_program_opens_the_node_of_a_vf_that_is_about_to_go(tmp_path, wish):
    kernel, before, plan = looked_at(tmp_path, wish, vfio=True)
    node = f"/dev/vfio/{kernel.pci.iommu_group(VF)}"
    opens(kernel, node)
    refused = refusal(kernel, before, plan)
    assert refused.what == f"not done: {plan.steps[0]}"
    assert refused.holders == [f"process 4711 (testpmd) has {node} open"]
    assert refused.why == f"since the host was looked at: process 4711 (testpmd) has {node} open"
    assert refused.remedy == "end the program first, and run again"


def test_a_program_that_was_there_and_may_lose_it_is_not_told_again(tmp_path):
    kernel, _before, _plan = looked_at(tmp_path, REMOVE)
    build(kernel.root, hosts.rdma("igb_1", "uverbs0", (), VF))
    opens(kernel, "/dev/infiniband/uverbs0")
    allow = [*CONSENT, "in_use"]
    desired, before = predictions.look(kernel, "host", {"pfs": [{"pf": "enp1s0", "allow": allow, **REMOVE}]})
    plan = plan_host(before, desired)
    assert plan.allowed, "with consent"
    apply_steps(kernel, plan.steps, Deadline(30), plan.purposes, seen=predictions.seen(kernel, desired, before))
    assert kernel.pci.virtual_functions(PF.address) == {}


@pytest.mark.parametrize("wish", (REBIND, REMOVE), ids=str)
def test_a_program_opens_the_rdma_device(tmp_path, wish):
    kernel, before, plan = looked_at(tmp_path, wish)
    build(kernel.root, hosts.rdma("igb_1", "uverbs0", (), VF))
    opens(kernel, "/dev/infiniband/uverbs0")
    assert refusal(kernel, before, plan).holders == ["process 4711 (testpmd) has /dev/infiniband/uverbs0 open"]


def test_what_programs_have_open_cannot_be_read_any_more(tmp_path):
    kernel, before, plan = looked_at(tmp_path, REMOVE)
    path = "/proc/4711/fd"
    build(kernel.root, hosts.process(4711, "testpmd"))
    names = kernel.sysfs.names

    def failing(directory):
        if directory != path:
            return names(directory)
        kernel.sysfs.refused[path] = 5
        return []

    kernel.sysfs.names = failing
    refused = refusal(kernel, before, plan)
    unseen = "it cannot be seen whether it is in use: what process 4711 (testpmd) has open"
    assert refused.why == f"since the host was looked at: {unseen}: holders of VFs for user space may be missing"
    assert refused.remedy == "run again, and see dmesg"


def change(kernel, name, **values):
    path = f"/sim/interfaces/{name}"
    entry = {**json.loads(kernel.sysfs.read(path)), **values}
    build(kernel.root, {path.lstrip("/"): json.dumps(entry)})


def address(kernel, name):
    change(kernel, name, addr_info=[hosts.address("192.0.2.9")])


def port(kernel, name):
    change(kernel, name, master="br0", linkinfo={"info_slave_kind": "bridge"})


def program(kernel, name):
    change(kernel, name, xdp={"mode": 1})


def filters(kernel, name):
    build(kernel.root, hosts.filters(**{name: "ingress"}))


def frames(kernel, name):
    ifindex = json.loads(kernel.sysfs.read(f"/sim/interfaces/{name}"))["ifindex"]
    socket = hosts.sockets(hosts.xdp_socket(77, ifindex, 0))
    build(kernel.root, {**socket, **hosts.process(9, "xdpsock", ["socket:[77]"])})


def stacked(kernel, name):
    build(kernel.root, hosts.interface("vlan7", 77, "52:54:00:00:00:77", link=name, linkinfo={"info_kind": "vlan"}))


COME = {
    "an address": (address, "{} has address 192.0.2.9/24"),
    "a bridge": (port, "{} is a port of bridge br0"),
    "XDP": (program, "{} has an XDP program attached"),
    "tc": (filters, "{} has filters of tc"),
    "AF_XDP": (frames, "process 9 (xdpsock) has an AF_XDP socket on queue 0 of {}"),
    "a VLAN": (stacked, "vlan vlan7 is stacked on {}"),
}


@pytest.mark.parametrize("wish", (REMOVE, REBIND), ids=str)
@pytest.mark.parametrize(("come", "words"), COME.values(), ids=COME)
def test_a_vf_has_come_into_use(tmp_path, come, words, wish):
    kernel, before, plan = looked_at(tmp_path, wish)
    name = kernel.pci.interfaces(VF)[0]
    come(kernel, name)
    steps = [step for step in plan.steps if isinstance(step, (Bind, SetNumVfs))]
    assert refusal(kernel, before, plan._replace(steps=steps)).holders == [words.format(name)]


def test_its_interface_has_gone_to_another_namespace(tmp_path):
    kernel, before, plan = looked_at(tmp_path, REMOVE)
    name = kernel.pci.interfaces(VF)[0]
    os.rmdir(kernel.sysfs.path(f"{BASE}/net/{name}"))
    link = {"ifname": "eth0", "ifindex": 2, "parentdev": VF}
    build(kernel.root, {"run/netns/pod": "pod", "sim/netns/run/netns/pod": json.dumps([link])})
    assert refusal(kernel, before, plan).holders == ["its interface eth0 is in network namespace pod"]


@pytest.mark.parametrize(("come", "words"), COME.values(), ids=COME)
def test_what_consent_covers_may_come(tmp_path, come, words):
    kernel, _before, _plan = looked_at(tmp_path, REMOVE)
    options = {"pfs": [{"pf": "enp1s0", "allow": [*CONSENT, "in_use"], **REMOVE}]}
    desired, before = predictions.look(kernel, "host", options)
    come(kernel, kernel.pci.interfaces(VF)[0])
    plan = plan_host(before, desired)
    apply_steps(kernel, plan.steps, Deadline(30), plan.purposes, seen=predictions.seen(kernel, desired, before))
    assert kernel.pci.virtual_functions(PF.address) == {}


def test_an_address_comes_to_the_pf_that_is_set_down(tmp_path):
    kernel, before, plan = looked_at(tmp_path, {"num_vfs": 0, "up": False}, num_vfs=0)
    address(kernel, "enp1s0")
    assert refusal(kernel, before, plan).holders == ["enp1s0 has address 192.0.2.9/24"]


def test_what_comes_of_itself_to_vfs_that_the_run_has_made_is_no_newcomer(tmp_path):
    kernel, before, _plan = looked_at(tmp_path, NONE)
    since, step = Since(kernel, before), Unbind(VF, VF_LABEL, "ixgbevf", PF.address, 0)
    since.did([SetNumVfs(PF.address, LABEL, 0, 2)])
    address(kernel, kernel.pci.interfaces(VF)[0])
    since.check([step])
    opens(kernel, f"/dev/vfio/{kernel.pci.iommu_group(VF)}")
    with pytest.raises(InUse, match="testpmd"):
        since.check([step])


def test_it_is_looked_once_for_a_step(tmp_path):
    kernel, before, plan = looked_at(tmp_path, REMOVE)
    looks = []

    def look(functions):
        looks.append(functions)
        return before.look(functions)

    apply_steps(kernel, plan.steps, Deadline(30), plan.purposes, seen=before._replace(look=look))
    assert looks == [[VF, VF1]]


FAILING = {
    "the list of VFs": (REMOVE, "names", f"/sys/bus/pci/devices/{PF.address}"),
    "where a VF is": (AGAIN, "link_target", f"/sys/bus/pci/devices/{PF.address}/virtfn0"),
    "whether it is there": (REMOVE, "status", BASE),
    "its driver": (REBIND, "link_target", f"{BASE}/driver"),
    "the driver of one of many": (REMOVE, "link_target", f"{BASE}/driver"),
}


@pytest.mark.parametrize(("wish", "read", "path"), FAILING.values(), ids=FAILING)
def test_what_there_is_cannot_be_read_any_more(tmp_path, wish, read, path):
    kernel, before, plan = looked_at(tmp_path, wish)
    steps = [step for step in plan.steps if isinstance(step, (Bind, SetNumVfs))]
    real, nothing = getattr(kernel.sysfs, read), [] if read == "names" else None

    def failing(asked):
        if asked != path:
            return real(asked)
        kernel.sysfs.refused[path] = 5
        return nothing

    setattr(kernel.sysfs, read, failing)
    assert f"{path} [EIO: Input/output error]" in refusal(kernel, before, plan._replace(steps=steps)).why


@pytest.mark.parametrize("wish", (REMOVE, AGAIN), ids=str)
def test_somebody_binds_a_vf_that_is_about_to_go(tmp_path, wish):
    kernel, before, plan = looked_at(tmp_path, wish)
    to_driver(kernel, VF1, "vfio-pci")
    assert refusal(kernel, before, plan).why == f"{SOMEBODYS}{VF1} has vfio-pci, and had ixgbevf"


def test_somebody_makes_another_number_of_vfs(tmp_path):
    kernel, before, plan = looked_at(tmp_path, REMOVE)
    for number in ("0", "3"):
        kernel.sysfs.write(f"/sys/bus/pci/devices/{PF.address}/sriov_numvfs", number)
    assert refusal(kernel, before, plan).why == f"{SOMEBODYS}VFs have come ({PF.vf(2)})"


@pytest.mark.parametrize(("wish", "had"), ((NONE, "ixgbevf"), (RELOAD, "ixgbevf")), ids=str)
def test_somebody_binds_a_vf_that_is_about_to_be_bound(tmp_path, wish, had):
    kernel, before, plan = looked_at(tmp_path, wish)
    vf = VF1 if wish is RELOAD else VF
    steps = tuple(step for step in plan.steps if getattr(step, "address", "") == vf)
    to_driver(kernel, vf, "vfio-pci")
    assert refusal(kernel, before, plan._replace(steps=steps, purposes=())).why == (
        f"{SOMEBODYS}{vf} has vfio-pci, and had {had}"
    )


@pytest.mark.parametrize("wish", (REMOVE, AGAIN, RULE), ids=str)
def test_somebody_adds_a_rule(tmp_path, wish):
    kernel, before, plan = looked_at(tmp_path, wish)
    kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(90, 1, 2045))
    assert refusal(kernel, before, plan).why == f"{SOMEBODYS}flow rule 2045 has come ({WORDS} to queue 1)"


@pytest.mark.parametrize("wish", (REMOVE, AGAIN, TABLE, CHANNELS), ids=str)
def test_somebody_sets_a_table(tmp_path, wish):
    kernel, before, plan = looked_at(tmp_path, wish)
    size = len(kernel.ethtool.rss("enp1s0").table)
    kernel.ethtool.set_rss("enp1s0", (1,) * size)
    assert refusal(kernel, before, plan).why == f"{SOMEBODYS}the RSS table is another one"


@pytest.mark.parametrize(("part", "words"), (("rules", "flow rules"), ("rss", "RSS table")))
def test_rules_or_table_cannot_be_read_any_more(tmp_path, part, words):
    kernel, before, plan = looked_at(tmp_path, REMOVE)
    setattr(kernel.ethtool, part, lambda *_words: None)
    with pytest.raises(InUse) as refused:
        apply_steps(kernel, plan.steps, Deadline(30), plan.purposes, seen=before)
    assert refused.value.why.startswith(f"{SOMEBODYS}its {words} cannot be read any more")


def test_what_the_run_itself_has_done_is_no_newcomer(tmp_path):
    wish = {"num_vfs": 3, "vfs": [{"vf": "all", "mac": "auto", "driver": "vfio-pci"}], **TABLE, **RULE}
    kernel, before, plan = looked_at(tmp_path, wish)
    assert len(apply_steps(kernel, plan.steps, Deadline(30), plan.purposes, seen=before)) == len(plan.steps)
    entry = json.loads(kernel.sysfs.read("/sim/interfaces/enp1s0"))
    assert "UP" in entry["flags"]
