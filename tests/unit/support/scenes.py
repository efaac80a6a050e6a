# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts in any state and desired states of any kind, for the properties of module host."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.rules import desired_rules
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.xsk import attach, pin_program
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import encode_action, flow_rule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_table import weights_table
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.xsk import NATIVE
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.xsk import AttachXdp, PinProgram
from hypothesis import strategies as st

from ..simulation import hosts
from ..simulation.kernel import simulate
from ..simulation.tree import build
from ..simulation.xdp import foreign_program

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
    xdp: str = ""  # whose XDP program is attached: "ours", "another's", or "" for none


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
        draw(st.sampled_from(("", "", "", "", "ours", "another's"))),
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
    _attach(kernel, name, pf.xdp)
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


def _attach(kernel, name, whose):
    """Before the rest: what a driver drops for it is not there yet."""
    if whose == "another's":
        foreign_program(kernel.run.devices, name)
    elif whose:
        address = kernel.interfaces.function(name)
        pin_program(PinProgram(address, name, name, 64), kernel, 5.0)
        try:
            attach(AttachXdp(address, name, name, NATIVE), kernel, 5.0)
        except KernelRefused:  # VFs are in the way
            kernel.bpffs.remove(name)


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


def notations(vfs, num_vfs):
    """The same VFs in each way to write them."""
    numbers = sorted(vfs)
    first, last = numbers[0], numbers[-1]
    ways = [numbers, ",".join(map(str, numbers)), list(map(str, reversed(numbers)))]
    if len(numbers) == num_vfs:
        ways += ["all"] * len(ways)
    if first == last:
        ways += [first, str(first)]
    elif numbers == [*range(first, last + 1)]:
        ways += [f"{first}-{last}", [f"{first}-{last - 1}", last]]
    return st.sampled_from(ways)


@st.composite
def parts(draw, vfs):
    """Disjoint sets of VFs, not of all of them where there are several."""
    left = set(vfs)
    if len(left) > 1:
        left.remove(draw(st.sampled_from(sorted(left))))
    found = []
    while left and draw(yes):
        part = draw(st.sets(st.sampled_from(sorted(left)), min_size=1))
        found.append(part)
        left -= part
    return found


DRIVERS = (
    *({}, {}, {"driver": "vfio-pci"}, {"driver": "vfio-pci", "mode": "0660"}, {"driver": "vfio-pci", "mode": "0600"}),
    *({"driver": "default"}, {"driver": "none"}),
)
VLANS = ({}, {"vlan": 0, "qos": 0}, {"vlan": 7}, {"vlan": 100, "qos": 3}, {"vlan": 7, "qos": 0, "vlan_proto": "802.1Q"})
TOGETHER = {"vlan": ("qos", "vlan_proto"), "driver": ("mode",)}


@st.composite
def words_of(draw, vfs, driver):
    """What an entry says of some VFs."""
    macs = ("auto",)
    if len(vfs) == 1:
        (one,) = vfs
        macs += (f"02:00:00:00:bb:0{one}", f"02-00-00-00-BB-1{one}", f"0200.0000.cc0{one}")
    optional = {
        "mac": st.sampled_from(macs),
        "spoofchk": st.booleans(),
        "trust": st.booleans(),
        "min_tx_rate": st.just(0),
        "max_tx_rate": st.sampled_from((0, 100, 500)),
        "link_state": st.sampled_from(("auto", "disable") if driver == "ixgbe" else ("auto",)),
        "query_rss": st.booleans() if driver == "ixgbe" else st.just(False),
        "mtu": st.sampled_from((1400, 1500)),
    }
    words = draw(st.fixed_dictionaries({}, optional=optional))
    words.update(draw(st.sampled_from(VLANS)))
    words.update(draw(st.sampled_from(DRIVERS)))
    if draw(yes) and ("driver" in words or draw(st.booleans())):
        words.pop("mtu", None)  # most of the time there would be no interface
    return words


@st.composite
def nulls(draw, above):
    """Some of what wider entries say taken back; what goes with it too."""
    heads = draw(st.sets(st.sampled_from(sorted(above)), min_size=1, max_size=2)) if above else set()
    return dict.fromkeys(word for head in sorted(heads) for word in (head, *TOGETHER.get(head, ())))


@st.composite
def record_lists(draw, num_vfs, driver):
    """Entries that refine each other: all first or not, exceptions after, and exceptions from these."""
    if not num_vfs:
        return []
    everyone = set(range(num_vfs))
    waiting = [(part, {}) for part in ([everyone] if draw(st.booleans()) else draw(parts(everyone)))]
    found = []
    while waiting:
        vfs, above = waiting.pop(0)
        words = {**draw(words_of(vfs, driver)), **(draw(nulls(above)) if draw(st.booleans()) else {})}
        found.append((vfs, words))
        if len(vfs) > 1 and draw(yes):
            waiting += [(part, {**above, **words}) for part in draw(parts(vfs))]
    if draw(no):
        found += draw(overlapping(found, everyone))
    return [{"vf": draw(notations(vfs, num_vfs)), **words} for vfs, words in found]


@st.composite
def overlapping(draw, found, everyone):
    """One more entry that says again, also of other VFs, what one other alone says."""
    said = [(vfs, word, words[word]) for vfs, words in found for word in ("trust", "spoofchk") if word in words]
    once = [each for each in said if each[2] is not None and [word for _vfs, word, _value in said].count(each[1]) == 1]
    if not once:
        return []
    vfs, word, value = draw(st.sampled_from(once))
    others = draw(st.sets(st.sampled_from(sorted(everyone))))
    return [({draw(st.sampled_from(sorted(vfs))), *others}, {word: value})]


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
def hashes(draw, has_key):
    """:param has_key: the driver lets it be set."""
    found: dict[str, t.Any] = {}
    if draw(st.booleans()):
        found["hash_fields"] = draw(
            st.sampled_from(({"udp4": "sdfn"}, {"udp4": "ds", "udp6": "nfds"}, {"tcp4": "sdfn"}))
        )
    if has_key and draw(st.booleans()):
        found["hash_key"] = ":".join([draw(st.sampled_from(("6d:5a", "00:01")))] * 20)
    return found


@st.composite
def rule_lists(draw, num_vfs, rings):
    ports = draw(st.sets(st.sampled_from((80, 81, 82, 83)), max_size=3))
    places = draw(st.permutations((None, None, None, 3, 5, 2045)))
    targets = [{"queue": rings - 1}, {"drop": True}, {"action": -1}]
    targets += [{"vf": index, "queue": min(index, rings - 1)} for index in range(num_vfs)] * 2
    flow = {"flow_type": "tcp4", "dst_ip": "192.168.254.30"}
    made = [{**flow, "dst_port": port, **draw(st.sampled_from(targets))} for port in sorted(ports)]
    return [{**rule, **({} if place is None else {"location": place})} for rule, place in zip(made, places)]


XSK_OPTIONS: tuple[dict[str, t.Any], ...] = (
    *({"queues": [1]}, {"queues": [1], "napi_defer_hard_irqs": 2}, {"queues": [1, 2]}, {"queues": [0]}),
    *({"queues": [1], "mode": "generic"}, {"state": "absent"}, {"state": "absent", "napi_defer_hard_irqs": 2}),
)
REFUSED_OPTIONS: tuple[dict[str, t.Any], ...] = (
    *({"allow": [word for word in CONSENTS if word != without]} for without in ("in_use", "link_reset", "destroy_vfs")),
    {"allow": []},
    {"up": False},
    {"num_vfs": 8, "up": True},
    {"min_rss_queues": 64},
    {"rss": {"channels": 65}},
    {"rss": {"equal": 64, "min_queues": 65}},
    {"rss": {"hash_fields": {"tcp4": "sd", "udp4": "sf"}, "hash_function": "xor", "hash_key": "6d:5a"}},
    {"vfs": [{"vf": [9], "trust": True}]},
    {"vfs": [{"vf": 0, "min_tx_rate": 5}]},
    {"vfs": [{"vf": "0", "mtu": 9000}]},
    {"vfs": [{"vf": "0", "driver": "ixgbevf"}]},
    {"vfs": [{"vf": "0", "qos": 3}]},
    {"vfs": [{"vf": "all", "vlan": 7, "qos": 3}, {"vf": 0, "vlan": None}]},
    {"vfs": [{"vf": 0, "trust": True}, {"vf": [0], "trust": False}]},
    {"vfs": [{"vf": 0, "trust": True}, {"vf": "all", "trust": None, "vlan": 4095}]},
    {"vfs": [{"vf": "all", "link_state": "enable", "mtu": 9000, "min_tx_rate": 5}], "min_rss_queues": 64},
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
    spoken_of = num_vfs or (MOST_VFS if "num_vfs" in entry and draw(st.booleans()) else 0)  # or left over
    entry["vfs"] = draw(record_lists(spoken_of, pf.nic.driver))
    if draw(st.booleans()):
        entry["rss"] = draw(tables(rings if pf.channels is None else 1))
        if resizing and draw(st.booleans()):
            entry["rss"] = {"channels": rings, "min_queues": 1, **entry["rss"]}
        entry["rss"].update(draw(hashes(ixgbe)))
    if draw(no):
        entry["xsk"] = draw(st.sampled_from(XSK_OPTIONS))
        entry["allow"] = [*entry["allow"], "generic_xdp"]
    if ixgbe and draw(st.booleans()):
        entry["rules"] = draw(rule_lists(spoken_of, rings if pf.channels is None else 1))
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


# What the options name


def vfs_named(entry):
    return {index for each in entry.get("vfs", ()) for index in parse_selector(each["vf"]).indices(MOST_VFS)}


def words_said(entry, index):
    """What is wanted of one VF in the end: of entries that name it the last one that says a word counts.

    The mode is of the driver beside it: another driver takes it back.
    """
    found: dict[str, t.Any] = {}
    for each in entry.get("vfs", ()):
        if index in parse_selector(each["vf"]).indices(MOST_VFS):
            if each.get("driver") not in (None, found.get("driver")):
                found.pop("mode", None)
            found.update(each)
    return {word: value for word, value in found.items() if value is not None and word != "vf"}


def flows_named(entry):
    return {rule.flow for rule in desired_rules(entry.get("rules", []), "", Faults()).rules}


def paths_beside(state, entry):
    """Where all is that belongs to other PFs."""
    found = []
    for pf in (pf for pf in state.pfs if pf.nic.name != entry["pf"]):
        devices = [pf.nic.address, *(pf.nic.vf(index) for index in range(MOST_VFS))]
        found += [f"sys/bus/pci/devices/{address}" for address in devices]
        found += [f"sim/vfs/{pf.nic.address}", f"sim/ethtool/{pf.nic.address}", f"sim/interfaces/{pf.nic.name}"]
    return tuple(found)
