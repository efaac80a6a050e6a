# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who would be cut off: users of a device, each by its kind, and what is none."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import holders as kinds
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.holders import interface_holders
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.not_seen import not_seen, unseen_users
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.observer import Observer
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link

PF = hosts.IGB.address
VF, OTHER_VF = hosts.IGB.vf(0), hosts.IGB.vf(1)
NAME, IFINDEX = "enp1s0v0", 12
MAC = "02:00:00:00:07:00"
SWITCH = {"phys_switch_id": "0102", "phys_port_name": "p0"}


def entry(name="enp1s0v0", **more):
    return {"ifname": name, "addr_info": [], **more}


@pytest.mark.parametrize(
    ("interface", "others", "holders"),
    [
        pytest.param(entry(), [entry("eth0")], [], id="nobody"),
        pytest.param(
            entry(master="bond0", linkinfo={"info_slave_kind": "bond"}),
            [],
            ["enp1s0v0 is a port of bond bond0"],
            id="bond",
        ),
        pytest.param(
            entry(master="br0", linkinfo={"info_slave_kind": "bridge"}),
            [],
            ["enp1s0v0 is a port of bridge br0"],
            id="bridge",
        ),
        pytest.param(entry(master="vrf0"), [], ["enp1s0v0 is a port of master vrf0"], id="a master of unknown kind"),
        pytest.param(
            entry(),
            [entry("enp1s0v0.7", link="enp1s0v0", linkinfo={"info_kind": "vlan"}), entry("veth0", link="veth1")],
            ["vlan enp1s0v0.7 is stacked on enp1s0v0"],
            id="VLAN",
        ),
        pytest.param(
            entry(addr_info=[hosts.address("192.0.2.7"), hosts.address("fd00::7"), hosts.address("fe80::1", "link")]),
            [],
            ["enp1s0v0 has address 192.0.2.7/24", "enp1s0v0 has address fd00::7/64"],
            id="addresses, link-local ones not counted",
        ),
        pytest.param(entry(xdp={"mode": 1, "prog": {"id": 3}}), [], ["enp1s0v0 has an XDP program attached"], id="XDP"),
        pytest.param(entry(xdp={"mode": 2}), [], ["enp1s0v0 has an XDP program attached"], id="XDP, generic"),
    ],
)
def test_users_of_an_interface_are_named(interface, others, holders):
    assert [holder.text for holder in interface_holders(interface, [interface, *others])] == holders


def qemu(*opened, **more):
    return hosts.process(4711, "/usr/bin/qemu-system-x86_64 -name secret=1", opened, **more)


def the_vf(driver="igbvf", name=NAME, **more):
    """A VF with an interface that is up, and nobody on it."""
    return {
        **hosts.function(VF, "8086", "10ca", driver=driver),
        f"{hosts.DEVICES}/{VF}/physfn": Link(f"../{PF}"),
        f"{hosts.DEVICES}/{PF}/virtfn0": Link(f"../{VF}"),
        f"{hosts.DEVICES}/{PF}/sriov_numvfs": "1",
        **hosts.behind(VF, name),
        **hosts.interface(name, IFINDEX, MAC, up=True, **more),
    }


def in_namespace(*links):
    return {"run/netns/pod": "pod", "sim/netns/run/netns/pod": json.dumps(links)}


def representor(port="pf0vf0", **more):
    words = {"phys_switch_id": "0102", "phys_port_name": port, **more}
    return {
        **hosts.interface("enp1s0", 3, hosts.IGB.mac, up=True, **SWITCH),
        **hosts.interface("rep0", 20, MAC, **words),
    }


def virtio_vf(**more):
    """The interface of a VF of a virtio PF: below a device of its own."""
    files = hosts.virtio(VF, "ens2", IFINDEX, MAC)
    return {
        **{name: value for name, value in the_vf("virtio-pci").items() if NAME not in name},
        **files,
        **hosts.interface("ens2", IFINDEX, MAC, up=True, **more),
    }


OVS = {"master": "ovs-system", "linkinfo": {"info_slave_kind": "openvswitch"}}
NODE = "process 4711 (qemu-system-x86) has {} open"
USERS = [
    pytest.param(
        {**hosts.vdpa(VF, node="vhost-vdpa-0"), **qemu("/dev/vhost-vdpa-0")},
        [(kinds.VDPA, NODE.format("/dev/vhost-vdpa-0"))],
        id="vDPA, by a program",
    ),
    pytest.param(
        {**hosts.vdpa(VF, node="vhost-vdpa-0", between="mlx5_core.sf.4/"), **qemu("/dev/vhost-vdpa-0")},
        [(kinds.VDPA, NODE.format("/dev/vhost-vdpa-0"))],
        id="vDPA, of a device between",
    ),
    pytest.param(
        {**hosts.vdpa(VF, net="eth7"), **hosts.interface("eth7", 30, MAC, addresses=["192.0.2.7"])},
        [(kinds.ADDRESS, "eth7 has address 192.0.2.7/24")],
        id="vDPA, by the kernel",
    ),
    pytest.param(
        {**hosts.rdma("mlx5_2", "uverbs1", [NAME], VF), **qemu("/dev/infiniband/uverbs1")},
        [(kinds.PROCESS, NODE.format("/dev/infiniband/uverbs1"))],
        id="RDMA of the function, told once",
    ),
    pytest.param(
        {**hosts.rdma("mlx5_2", "umad1", [], VF), **qemu("/dev/infiniband/umad1", "/dev/infiniband/rdma_cm")},
        [(kinds.PROCESS, NODE.format("/dev/infiniband/umad1"))],
        id="RDMA, by another node",
    ),
    pytest.param(
        {**hosts.rdma("rxe0", "uverbs0", [NAME]), **qemu("/dev/infiniband/uverbs0")},
        [(kinds.SOFT_RDMA, f"{NODE.format('/dev/infiniband/uverbs0')} (RDMA device rxe0 on {NAME})")],
        id="RDMA made of the interface",
    ),
    pytest.param(
        {
            **hosts.rdma("rxe0", "uverbs0", ["br9"]),
            **hosts.virtual("br9", 31, "bridge", [NAME]),
            **qemu("/dev/infiniband/uverbs0"),
        },
        [(kinds.SOFT_RDMA, f"{NODE.format('/dev/infiniband/uverbs0')} (RDMA device rxe0 on br9)")],
        id="RDMA made of what is above it",
    ),
    pytest.param(
        {
            **hosts.rdma("mlx5_bond_0", "uverbs0", ["bond0"], PF),
            **hosts.virtual("bond0", 31, "bond", [NAME]),
            **qemu("/dev/infiniband/uverbs0"),
        },
        [(kinds.PROCESS, f"{NODE.format('/dev/infiniband/uverbs0')} (RDMA device mlx5_bond_0 on bond0)")],
        id="RDMA of a bond, which another port's device has",
    ),
    pytest.param(
        {**hosts.sockets(hosts.xdp_socket(77, IFINDEX, 3)), **hosts.process(9, "xdpsock", ["socket:[77]"])},
        [(kinds.XSK, f"process 9 (xdpsock) has an AF_XDP socket on queue 3 of {NAME}")],
        id="AF_XDP",
    ),
    pytest.param(
        {
            **hosts.sockets(hosts.xdp_socket(78, IFINDEX, 1), hosts.xdp_socket(77, IFINDEX, 0)),
            **hosts.process(9, "xdpsock", ["socket:[77]", "socket:[78]"]),
        },
        [(kinds.XSK, f"process 9 (xdpsock) has AF_XDP sockets on queues 0, 1 of {NAME}")],
        id="AF_XDP on two queues",
    ),
    pytest.param(
        hosts.sockets(hosts.xdp_socket(77, IFINDEX)),
        [(kinds.XSK, f"a process that is not seen has an AF_XDP socket on queue 0 of {NAME}")],
        id="AF_XDP, on its way between processes",
    ),
    pytest.param(
        {**hosts.sockets(hosts.capture(77, IFINDEX)), **hosts.process(9, "suricata", ["socket:[77]"])},
        [(kinds.CAPTURE, f"process 9 (suricata) captures on {NAME} (AF_PACKET)")],
        id="capture with a ring",
    ),
    pytest.param(
        hosts.sockets(*(hosts.capture(70 + number, IFINDEX, [4]) for number in range(3))),
        [(kinds.CAPTURE, f"a process that is not seen captures on {NAME} (AF_PACKET)")],
        id="capture in a fanout group, told once",
    ),
    pytest.param(
        hosts.filters(**{NAME: "ingress"}), [(kinds.FILTER, f"{NAME} has filters of tc")], id="tc, what comes in"
    ),
    pytest.param(hosts.filters(**{NAME: "egress"}), [(kinds.FILTER, f"{NAME} has filters of tc")], id="tc, out"),
    pytest.param(
        in_namespace({"ifname": "mv0", "kind": "macvlan", "lower": IFINDEX}, {"ifname": "veth1", "kind": "veth"}),
        [(kinds.UPPER, f"macvlan mv0 in network namespace pod is stacked on {NAME}")],
        id="stacked in another namespace",
    ),
    pytest.param(
        {f"{hosts.DEVICES}/{VF}/ptp/ptp2": DIRECTORY, **hosts.process(5, "/usr/sbin/ptp4l -i x", ["/dev/ptp2"])},
        [(kinds.CLOCK, "process 5 (ptp4l) has /dev/ptp2 open")],
        id="its clock",
    ),
    pytest.param(
        qemu("/dev/vfio/7 (deleted)") | hosts.group_member(7, VF),
        [(kinds.VFIO, NODE.format("/dev/vfio/7"))],
        id="a node that was made anew since",
    ),
    pytest.param(
        representor(parentdev=PF, **OVS),
        [(kinds.REPRESENTOR, "its representor: rep0 is a port of openvswitch ovs-system")],
        id="representor in Open vSwitch, of the PF's device",
    ),
    pytest.param(
        {**representor(), **hosts.filters(rep0="ingress")},
        [(kinds.REPRESENTOR, "its representor: rep0 has filters of tc")],
        id="representor with filters, of the PF's switch",
    ),
]


@pytest.mark.parametrize(("files", "users"), USERS)
def test_whoever_uses_a_vf_is_named(tmp_path, files, users):
    kernel = simulate(tmp_path, {**hosts.host(), **the_vf(), **files})
    (vf,) = Observer(kernel).pf(PF).vfs
    assert [tuple(holder)[:2] for holder in vf.holders] == users
    assert (not_seen(kernel), unseen_users(kernel)) == ([], [])


RDMA_AWAY = hosts.rdma("mlx5_2", "uverbs1", (), OTHER_VF)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="nothing"),
        pytest.param(
            {**{n: v for n, v in RDMA_AWAY.items() if "class/infiniband/" not in n}, **qemu("/dev/infiniband/uverbs1")},
            id="an RDMA device of another VF, in another namespace",
        ),
        pytest.param(
            hosts.interface(NAME, IFINDEX, MAC, addr_info=[hosts.address("fe80::7", "link")]), id="link-local"
        ),
        pytest.param(hosts.vdpa(VF, node="vhost-vdpa-0"), id="a vDPA device that nobody has open"),
        pytest.param(
            {**hosts.vdpa(OTHER_VF, node="vhost-vdpa-0"), **qemu("/dev/vhost-vdpa-0")}, id="a vDPA device of another VF"
        ),
        pytest.param(hosts.rdma("mlx5_2", "uverbs1", [NAME], VF), id="an RDMA device that nobody has open"),
        pytest.param(hosts.rdma("rxe0", "uverbs0", [NAME]), id="one made of the interface that nobody has open"),
        pytest.param(
            {**hosts.rdma("rxe0", "uverbs0", ["eth0"]), **qemu("/dev/infiniband/uverbs0")},
            id="one of another interface",
        ),
        pytest.param(qemu("/dev/infiniband/rdma_cm", "/dev/vfio/vfio", "/dev/ptp9"), id="nodes that are of no VF"),
        pytest.param(
            {**hosts.process(300, "(udev-worker)", ["/dev/vfio/7"], path_only=[0]), **hosts.group_member(7, VF)},
            id="udev, which sets the mode of a node",
        ),
        pytest.param(hosts.sockets(hosts.xdp_socket(77, 2), hosts.capture(78, 2)), id="sockets of another interface"),
        pytest.param(hosts.sockets(hosts.capture(77, IFINDEX, [])), id="a DHCP client, lldpd"),
        pytest.param(hosts.sockets(hosts.capture(77, 0)), id="a capture on any interface"),
        pytest.param(hosts.filters(**{NAME: ""}), id="a clsact qdisc without filters"),
        pytest.param(in_namespace({"ifname": "lo"}, {"ifname": "mv0", "lower": 2}), id="stacked on another interface"),
        pytest.param(representor(), id="a representor that nobody uses"),
        pytest.param(representor("pf0vf1", **OVS), id="the representor of another VF"),
        pytest.param(representor("pf1vf0", **OVS), id="that of another PF on the switch"),
        pytest.param(representor("c1pf0vf0", **OVS), id="that of another host"),
        pytest.param(representor(parentdev="0000:02:00.0", **OVS), id="that of another device"),
        pytest.param(representor("pf0sf0", **OVS), id="that of a subfunction"),
    ],
)
def test_what_is_no_user_is_not_told_as_one(tmp_path, files):
    kernel = simulate(tmp_path, {**hosts.host(), **the_vf(), **files})
    assert Observer(kernel).device(VF).holders == ()
    assert unseen_users(kernel) == []


@pytest.mark.parametrize(
    ("more", "users"),
    [
        ({}, []),
        (
            {"master": "bond0", "linkinfo": {"info_slave_kind": "bond"}},
            [(kinds.MASTER, "ens2 is a port of bond bond0")],
        ),
    ],
)
def test_the_interface_of_a_virtio_vf_is_here_and_has_its_own_users(tmp_path, more, users):
    """It is below a device of virtio's, and was taken for one in another namespace."""
    observer = Observer(simulate(tmp_path, {**hosts.host(), **virtio_vf(**more)}))
    assert [tuple(holder)[:2] for holder in observer.device(VF).holders] == users


@pytest.mark.parametrize(
    ("files", "users"),
    [
        (hosts.vdpa(VF, node="vhost-vdpa-0"), []),
        (
            {**hosts.vdpa(VF, node="vhost-vdpa-0"), **qemu("/dev/vhost-vdpa-0")},
            [(kinds.VDPA, NODE.format("/dev/vhost-vdpa-0"))],
        ),
    ],
    ids=["nobody has it open", "in use"],
)
def test_a_driver_that_gives_a_vdpa_device_gives_no_interface(tmp_path, files, users):
    """vp_vdpa, ifcvf: there is none in another namespace either."""
    function = {name: value for name, value in the_vf("vp_vdpa").items() if NAME not in name}
    observer = Observer(simulate(tmp_path, {**hosts.host(), **function, **files}))
    assert [tuple(holder)[:2] for holder in observer.device(VF).holders] == users


def test_the_interface_of_a_virtio_vf_in_another_namespace_is_found(tmp_path):
    files = {name: value for name, value in virtio_vf().items() if "ens2" not in name}
    files.update(in_namespace({"ifname": "ens2", "parentdev": "virtio0"}))
    (holder,) = Observer(simulate(tmp_path, {**hosts.host(), **files})).device(VF).holders
    assert holder[:2] == (kinds.NETNS, "its interface ens2 is in network namespace pod")


@pytest.mark.parametrize(
    ("behaviour", "files", "told", "unseen"),
    [
        pytest.param(
            Behaviour(netlink_errors={20: errno.ENOENT}),
            hosts.sockets(hosts.xdp_socket(77, IFINDEX)),
            ["what each AF_XDP socket is on: netlink refused a question [ENOENT: No such file or directory]."],
            [],
            id="a kernel without xsk_diag",
        ),
        pytest.param(
            Behaviour(),
            hosts.sockets(hosts.xdp_socket(70, 2), hosts.xdp_socket(71, 0), hosts.xdp_socket(77, IFINDEX)),
            [
                "what each AF_XDP socket is on: the kernel tells 1 of 3: one that is not bound hides those behind it",
            ],
            [],
            id="AF_XDP sockets behind one that is not bound",
        ),
        pytest.param(
            Behaviour(netlink_errors={20: errno.EPERM}),
            hosts.sockets(hosts.capture(77, IFINDEX)),
            [
                "which interfaces programs capture on (AF_PACKET): netlink refused a question "
                "[EPERM: Operation not permitted]."
            ],
            None,
            id="packet sockets",
        ),
        pytest.param(
            Behaviour(netlink_errors={38: errno.EIO}),
            {},
            ["filters of tc: netlink refused a question [EIO: Input/output error]."],
            None,
            id="filters",
        ),
        pytest.param(
            Behaviour(),
            {"run/netns/pod": "pod"},
            ["the interfaces of network namespace /run/netns/pod: [EPERM: not permitted]"],
            None,
            id="another namespace",
        ),
        pytest.param(
            Behaviour(),
            qemu("/dev/infiniband/uverbs5"),
            ["which device /dev/infiniband/uverbs5 is of: process 4711 (qemu-system-x86) has "
             "/dev/infiniband/uverbs5 open"],
            None,
            id="an RDMA device in another namespace",
        ),
    ],
)  # fmt: skip
def test_what_could_not_be_looked_at_is_told(tmp_path, behaviour, files, told, unseen):
    """And is a reason to refuse, unless what matters is seen otherwise."""
    kernel = simulate(tmp_path, {**hosts.host(), **the_vf(), **files}, behaviour)
    assert Observer(kernel).device(VF).holders == ()
    assert not_seen(kernel) == told
    assert unseen_users(kernel) == (told if unseen is None else unseen)


def test_no_interface_and_no_node_costs_no_look(tmp_path):
    """Of a host where nothing is open and nothing is stacked, one list of qdiscs is asked."""
    kernel = simulate(tmp_path, {**hosts.host(), **the_vf(), **hosts.sockets()})
    asked = []
    kernel.netlink = kernel.netlink._replace(sockets=None, namespaces=None)
    kernel.namespace_interfaces = lambda: asked.append("namespaces") or []
    observer = Observer(kernel)
    assert asked == [], "nobody has asked for a device"
    assert observer.device(VF).holders == observer.device(PF).holders == ()
    assert asked == ["namespaces"]
