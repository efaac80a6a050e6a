# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts in any state and desired states of any kind, for the properties of module host."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.rules import RULE_OPTIONS, desired_rules
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import encode_action, flow_rule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_table import weights_table
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import expand, parse_vfs
from hypothesis import strategies as st

from ..simulation import hosts
from ..simulation.kernel import simulate
from ..simulation.tree import build

PLACES: tuple[dict[str, t.Any], ...] = (
    {"address": "0000:01:00.0", "name": "enp1s0", "mac": "02:00:00:00:01:00"},
    {"address": "0000:02:00.0", "name": "enp2s0", "mac": "02:00:00:00:01:01"},
)
KINDS: dict[str, dict[str, t.Any]] = {
    "82576": {},
    "i350": {"device": "1521"},
    "82599": {"driver": "ixgbe", "vf_driver": "ixgbevf", "device": "10fb", "vf_device": "10ed", "total_vfs": 63},
}
MOST_VFS = 3


class PfState(t.NamedTuple):
    """A PF and what somebody has done to it."""

    kind: str
    nic: hosts.Nic
    num_vfs: int = 0
    autoprobe: bool = True
    channels: int | None = None
    weights: tuple[int, ...] | None = None
    ntuple: bool = False
    rules: tuple[t.Any, ...] = ()
    attributes: tuple[tuple[int, str], ...] = ()
    vfio: bool = False  # VF 0 belongs to user space
    held: bool = False  # and a program has it open


class HostState(t.NamedTuple):
    pfs: tuple[PfState, ...]
    cpus: int
    iommu: bool
    ssh: str | None


# What is there


def a_rule(port, cookie, location):
    fields = {"dst_ip": (0xC0A8FE1E, 0xFFFFFFFF), "dst_port": (port, 0xFFFF)}
    return flow_rule("tcp4", fields, cookie, location)


cookies = st.sampled_from((encode_action(0), encode_action(1, 1), encode_action(2), 0, 1, 3, 2**64 - 1))
present_rules = st.lists(
    st.builds(a_rule, st.sampled_from((80, 81, 82)), cookies, st.sampled_from((3, 5, 2044, 2045))),
    max_size=3,
    unique_by=lambda rule: rule.location,
).map(tuple)
present_attributes = st.lists(
    st.tuples(
        st.integers(0, MOST_VFS - 1),
        st.sampled_from(("mac 02:00:00:00:aa:00", "vlan 7 qos 2", "trust on", "spoofchk off", "max_tx_rate 100")),
    ),
    max_size=3,
).map(tuple)
some_weights = st.none() | st.sampled_from(((1,), (1, 1), (3, 1), (0, 1)))
no = st.sampled_from((False, False, False, True))
yes = st.sampled_from((True, True, True, False))


@st.composite
def pf_states(draw, place):
    kind = draw(st.sampled_from(("82576", "i350", "82599", "82599")))
    num_vfs = draw(st.sampled_from((0, 1, 2, 3)))
    nic = hosts.Nic(**{**place, **KINDS[kind], "up": draw(yes)})
    # What an earlier `ethtool -L` leaves in ixgbe after VFs have come and gone cannot be read (see plan_mend).
    channels = draw(st.sampled_from((None, None, 1, 2))) if num_vfs == 0 or nic.driver == "igb" else None
    return PfState(
        kind,
        nic,
        num_vfs,
        draw(st.booleans()),
        channels,
        draw(some_weights) if nic.up else None,  # while it is down, nobody knows what comes of a table
        draw(st.booleans()),
        draw(present_rules),
        draw(present_attributes),
        vfio := draw(no),
        vfio and draw(st.booleans()),
    )


@st.composite
def hosts_with_state(draw, pfs=None):
    """:param pfs: how many PFs; one or two unless told."""
    number = pfs or draw(st.sampled_from((1, 2)))
    states = tuple(draw(pf_states(place)) for place in PLACES[:number])
    # A VF that is still to come carries nobody.
    carriers = ("enp1s0", "enp1s0v0") if states[0].num_vfs else ("enp1s0",)
    ssh = draw(st.sampled_from((None, None, None, *carriers)))
    return HostState(states, draw(st.sampled_from((1, 2, 4, 16, 40))), draw(yes), ssh)


def start(root, state):
    """A simulated kernel in this state; what it does not take is left out."""
    files = hosts.host(state.pfs[0].nic, cpus=state.cpus, iommu=state.iommu, loaded=(*hosts.LOADED, "vfio-pci"))
    for number, pf in enumerate(state.pfs):
        files.update(hosts.pf(pf.nic, group=number + 1 if state.iommu else None, ifindex=3 + number))
    if state.ssh:
        files.update(hosts.ssh_from("198.51.100.7", state.ssh))
    kernel = simulate(root, files)
    for number, pf in enumerate(state.pfs):
        _bring(root, kernel, pf, number)
    return kernel


def _bring(root, kernel, pf, number):
    name, base = pf.nic.name, f"/sys/bus/pci/devices/{pf.nic.address}"
    kernel.sysfs.write(f"{base}/sriov_drivers_autoprobe", str(int(pf.autoprobe)))
    if pf.num_vfs:
        kernel.sysfs.write(f"{base}/sriov_numvfs", str(pf.num_vfs))
    for index, words in pf.attributes:
        kernel.run(["ip", "link", "set", "dev", name, "vf", str(index), *words.split()])
    if pf.vfio and pf.num_vfs:
        _to_user_space(root, kernel, pf.nic.vf(0), pf.held, 4711 + number)
    channels, orders = kernel.ethtool.channels(name), []
    if pf.channels:
        orders.append(lambda: kernel.ethtool.set_channels(name, channels._replace(combined=pf.channels)))
    if pf.ntuple:
        orders.append(lambda: kernel.ethtool.set_feature(name, "rx-ntuple-filter", True))
    if pf.weights:
        size = len(kernel.ethtool.rss(name).table)
        orders.append(lambda: kernel.ethtool.set_rss(name, weights_table(size, pf.weights)))
    orders += [lambda rule=rule: kernel.ethtool.insert_rule(name, rule) for rule in pf.rules]
    for order in orders:
        with contextlib.suppress(KernelRefused):
            order()


def _to_user_space(root, kernel, vf, held, process):
    base = f"/sys/bus/pci/devices/{vf}"
    group = kernel.sysfs.link_name(f"{base}/iommu_group")
    if group is None:
        return
    if kernel.sysfs.exists(f"{base}/driver"):
        kernel.sysfs.write(f"{base}/driver/unbind", vf)
    kernel.sysfs.write(f"{base}/driver_override", "vfio-pci\n")
    kernel.sysfs.write("/sys/bus/pci/drivers/vfio-pci/bind", vf)
    kernel.sysfs.write(f"{base}/driver_override", "\n")
    if held:
        build(root, hosts.process(process, "testpmd", [f"/dev/vfio/{group}"]))


# What is desired: enough that most of it can be met, and some that cannot


@st.composite
def shares(draw, number):
    """VFs by selectors, each VF in one of them at most; several VFs as a range, and all by that word."""
    left = draw(st.sets(st.integers(0, number - 1))) if number else set()
    found = []
    while left:
        part = {index for index in left if draw(yes)} or left
        left = left - part
        found.append("all" if len(part) == number and draw(st.booleans()) else ",".join(map(str, sorted(part))))
    return found


@st.composite
def vf_entries(draw, selector, driver):
    one = selector.isdigit()
    macs = ("auto", f"02:00:00:00:bb:0{selector}", f"02:00:00:00:BB:1{selector}") if one else ("auto",)
    optional = {
        "mac": st.sampled_from(macs),
        "vlan": st.sampled_from((0, 7, 100)),
        "qos": st.sampled_from((0, 3)),
        "vlan_proto": st.just("802.1Q"),
        "spoofchk": st.booleans(),
        "trust": st.booleans(),
        "min_tx_rate": st.just(0),
        "max_tx_rate": st.sampled_from((0, 100, 500)),
        "link_state": st.sampled_from(("auto", "disable") if driver == "ixgbe" else ("auto",)),
        "query_rss": st.booleans() if driver == "ixgbe" else st.just(False),
        "mtu": st.sampled_from((1400, 1500)),
    }
    return {"vf": selector, **draw(st.fixed_dictionaries({}, optional=optional))}


@st.composite
def driver_entries(draw, selector):
    driver = draw(st.sampled_from(("vfio-pci", "vfio-pci", "default", "none")))
    node = st.fixed_dictionaries({}, optional={"mode": st.sampled_from(("0600", "0660"))})
    return {"vfs": selector, "driver": driver, **(draw(node) if driver == "vfio-pci" else {})}


def tables(rings):
    """Verbs, most of them for so many queues."""
    last = rings - 1
    return st.sampled_from(
        (
            {"default": True},
            {"equal": rings},
            {"equal": 1},
            {"queues": [last]},
            {"weights": [3, *[1] * last]},
            {"weights": [*[1] * rings, 0]},
            {"exclude_queues": [last] if last else [1]},
        )
    )


@st.composite
def rule_lists(draw, num_vfs, rings):
    ports = draw(st.sets(st.sampled_from((80, 81, 82, 83)), max_size=3))
    places = draw(st.permutations((None, None, None, 3, 5, 2045)))
    targets = [{"queue": rings - 1}, {"drop": True}, {"action": -1}]
    targets += [{"vf": index, "queue": min(index, rings - 1)} for index in range(num_vfs)] * 2
    flow = {"flow_type": "tcp4", "dst_ip": "192.168.254.30"}
    made = [{**flow, "dst_port": port, **draw(st.sampled_from(targets))} for port in sorted(ports)]
    return [{**rule, **({} if place is None else {"location": place})} for rule, place in zip(made, places)]


REFUSED_OPTIONS: tuple[dict[str, t.Any], ...] = (
    {"force": False},
    {"allow_link_reset": False},
    {"recreate": False},
    {"up": False},
    {"num_vfs": 8, "up": True},
    {"min_rss_queues": 64},
    {"rss": {"channels": 65}},
    {"rss": {"equal": 64}},
    {"vfs": [{"vf": "9", "trust": True}]},
    {"vfs": [{"vf": "0", "min_tx_rate": 5}]},
    {"vfs": [{"vf": "0", "mtu": 9000}]},
    {"drivers": [{"vfs": "0", "driver": "ixgbevf"}]},
    {"rules": [{"flow_type": "ip4", "dst_ip": "192.168.254.30", "vf": 0}]},
    {"rules": [{"flow_type": "tcp4", "dst_port": 80, "vf": 5}]},
    {"rules": [{"flow_type": "ether", "proto": 0x88F7, "queue": 0}]},
)


@st.composite
def entries(draw, pf, cpus, resizing):
    """What is desired of one PF."""
    entry: dict[str, t.Any] = {"pf": pf.nic.name, "allow": ["in_use", "link_reset", "destroy_vfs"]}
    ixgbe, num_vfs = pf.nic.driver == "ixgbe", pf.num_vfs
    if resizing and draw(st.booleans()):
        entry["num_vfs"] = num_vfs = draw(st.integers(0, MOST_VFS))
    if resizing and draw(st.booleans()):
        entry["up"] = True
    rings = min(cpus, {"i350": 1, "82576": 2}.get(pf.kind, 4) if num_vfs else 16 if ixgbe else 8)
    rings = 1 << (rings.bit_length() - 1)
    entry["vfs"] = [draw(vf_entries(part, pf.nic.driver)) for part in draw(shares(num_vfs))]
    entry["drivers"] = [draw(driver_entries(part)) for part in draw(shares(num_vfs))] if draw(st.booleans()) else []
    if draw(st.booleans()):
        entry["rss"] = draw(tables(rings if pf.channels is None else 1))
        if resizing and draw(st.booleans()):
            entry["rss"] = {"channels": rings, "min_queues": 1, **entry["rss"]}
    if ixgbe and draw(st.booleans()):
        entry["rules"] = draw(rule_lists(num_vfs, rings if pf.channels is None else 1))
        entry["exclusive_rules"] = draw(st.booleans())
    refused = [each for each in REFUSED_OPTIONS if resizing or not set(each) & {"num_vfs", "up"}]
    return {**entry, **(draw(st.sampled_from(refused)) if draw(no) else {})}


@st.composite
def scenes(draw, pfs=None, resizing=True):
    """A host in some state, and options of module host for some of its PFs.

    :param pfs: how many PFs there are; one or two unless told.
    :param resizing: the number of VFs and channels, and the link, may change.
    """
    state = draw(hosts_with_state(pfs))
    named = state.pfs[: draw(st.integers(1, len(state.pfs)))] if resizing else state.pfs[:1]
    return state, {"pfs": [draw(entries(pf, state.cpus, resizing)) for pf in named]}


def complete(module, options):
    """As AnsibleModule gives the options to the module."""
    return ArgumentSpecValidator(module.ARGUMENT_SPEC).validate(options).validated_parameters


# What the options name


def vfs_named(entry):
    named = [each["vf"] for each in entry.get("vfs", ())] + [each["vfs"] for each in entry.get("drivers", ())]
    found = set()
    for text in named:
        ranges = parse_vfs(text)
        found |= set(range(MOST_VFS)) if ranges is None else set(expand(ranges, MOST_VFS))
    return found


def flows_named(entry):
    options = [{**dict.fromkeys(RULE_OPTIONS), **each} for each in entry.get("rules", ())]
    try:
        return {rule.flow for rule in desired_rules(options).rules}
    except SriovError:
        return set()


def paths_beside(state, entry):
    """Where all is that belongs to other PFs."""
    found = []
    for pf in (pf for pf in state.pfs if pf.nic.name != entry["pf"]):
        devices = [pf.nic.address, *(pf.nic.vf(index) for index in range(MOST_VFS))]
        found += [f"sys/bus/pci/devices/{address}" for address in devices]
        found += [f"sim/vfs/{pf.nic.address}", f"sim/ethtool/{pf.nic.address}", f"sim/interfaces/{pf.nic.name}"]
    return tuple(found)
